"""The whole tool at work: the real command in a terminal, events over a real socket, a real receiver."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import requests

from tests.e2e.receiver import Receiver
from tests.e2e.terminal import ROOT, Terminal

SAMPLES = ROOT / "sample_payloads/anchore"
ALTERNATE_SCREEN_OFF = b"\x1b[?1049l"


def address(terminal: Terminal) -> str:
    """Where the screen says that it listens."""
    text = terminal.wait_for(r"http://127\.0\.0\.1:\d+")
    found = re.search(r"http://127\.0\.0\.1:\d+", text)
    assert found is not None
    return found[0]


def command(store: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inspector", "--store", str(store), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=30,
    )


def test_main_job_end_to_end(tmp_path: Path) -> None:
    """Events arrive and are read, two are compared, one is replayed byte for byte, and all is there afterwards."""
    store = tmp_path / "store" / "events.db"
    processing = (SAMPLES / "user.image.analysis.processing.json").read_bytes()
    completed = (SAMPLES / "user.image.analysis.completed.json").read_bytes()
    with Terminal("--store", str(store), "--port", "0") as terminal, Receiver() as receiver:
        terminal.wait_for("Nothing has arrived yet")
        url = address(terminal)
        assert "curl " in terminal.text
        requests.post(
            f"{url}/anchore", data=processing, headers={"Content-Type": "application/json"}, timeout=5
        )
        terminal.wait_for(r"analysis\.processing", timeout=30)
        requests.post(
            f"{url}/anchore", data=completed, headers={"Content-Type": "application/json"}, timeout=5
        )
        text = terminal.wait_for(r"analysis\.completed", timeout=30)
        assert re.search("Events 2", text)
        terminal.wait_for('"curr_eval"')

        # Mark both and compare their shapes.
        terminal.press("m", r"(?m)^.?a ")
        terminal.press("jm", r"(?m)^.?b ")
        terminal.press("d", r"\d changes")
        terminal.wait_for(r"image_digest")
        terminal.wait_for("breaking")
        terminal.press("\x1b", "Events 2")

        # Replay the selected event: R asks for the target, then r is enough.
        terminal.press("R", "Target")
        terminal.press(f"{receiver.url}/hooks", r"POST /hooks HTTP/1\.1")
        terminal.send("\x12")
        terminal.wait_for(r"→200|answered 200")
        deadline = time.monotonic() + 30
        while not receiver.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        head, body = receiver.requests[0]
        assert head.startswith(b"POST /hooks HTTP/1.1")
        assert body in (processing, completed)
        terminal.press("6", r"200")

        terminal.send("q")
        assert terminal.wait() == 0
    assert ALTERNATE_SCREEN_OFF in terminal.bytes
    listed = command(store, "events", "--json").stdout.splitlines()
    assert [json.loads(line)["type"] for line in listed] == [
        "user.image.analysis.processing",
        "user.image.analysis.completed",
    ]
    assert 200 in [json.loads(line)["sent"] for line in listed]
    with Terminal("--store", str(store), "--port", "0") as again:
        again.wait_for("Events 2")


def test_the_curl_line_of_the_empty_screen_works_when_pasted(tmp_path: Path) -> None:
    """Also on a terminal that is narrower than the line: its rows are what a mouse selects."""
    with Terminal("--store", str(tmp_path / "events.db"), "--port", "0", columns=80) as terminal:
        text = terminal.wait_for("curl http")
        lines = re.search(r"curl http.*\n.*", text)
        assert lines is not None
        pasted = re.sub(r"[ │┃]+$", "", lines[0], flags=re.MULTILINE)
        done = subprocess.run(["bash", "-c", pasted], capture_output=True, text=True, timeout=10)
        assert done.stdout == '{"status":"received"}'
        terminal.wait_for(r"hello")


def test_enter_on_the_empty_screen_sends_a_sample(tmp_path: Path) -> None:
    with Terminal("--store", str(tmp_path / "events.db"), "--port", "0") as terminal:
        terminal.wait_for("Nothing has arrived yet")
        terminal.press("\r", "Events 1")


def test_a_killed_listener_is_shown_and_started_again(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    with Terminal("--store", str(store), "--port", "0") as terminal:
        terminal.wait_for("Nothing has arrived yet")
        pid = int((tmp_path / "events.db.lock").read_text())
        assert takes_turns(terminal.process.pid, pid), "senders wait for the one, nobody for the other"
        os.kill(pid, signal.SIGKILL)
        terminal.wait_for(r"signal 9|started again", timeout=30)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            text = (tmp_path / "events.db.lock").read_text()
            if text and int(text) != pid:
                break
            time.sleep(0.05)
        terminal.wait_for(r"● http://127\.0\.0\.1:\d+")
        urllib.request.urlopen(
            urllib.request.Request(address(terminal), data=b'{"type":"after"}'), timeout=5
        ).close()
        terminal.wait_for("after")
        assert takes_turns(terminal.process.pid, int(text)), "also what is started from a screen that paints"


def takes_turns(screen: int, listener: int) -> bool:
    """Whether the listener is woken before the screen, where the system has a class for that."""
    if sys.platform != "linux":
        return True
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return True  # it is not allowed here
    classes = os.sched_getscheduler(screen), os.sched_getscheduler(listener)
    return classes == (os.SCHED_BATCH, os.SCHED_OTHER)


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_screen_and_what_it_started(tmp_path: Path, number: int) -> None:
    store = tmp_path / "events.db"
    with Terminal("--store", str(store), "--port", "0") as terminal:
        terminal.wait_for("Nothing has arrived yet")
        pid = int((tmp_path / "events.db.lock").read_text())
        terminal.process.send_signal(number)
        assert terminal.wait(5) == 0
        assert ALTERNATE_SCREEN_OFF in terminal.bytes
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
            time.sleep(0.05)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_screen_that_was_killed_takes_its_listener_along(tmp_path: Path) -> None:
    with Terminal("--store", str(tmp_path / "events.db"), "--port", "0") as terminal:
        terminal.wait_for("Nothing has arrived yet")
        pid = int((tmp_path / "events.db.lock").read_text())
        terminal.process.kill()
        terminal.process.wait()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
    raise AssertionError("the listener outlived its screen")


def test_a_screen_joins_a_running_listener_and_leaves_it_running(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    listener = subprocess.Popen(
        [sys.executable, "-m", "inspector", "--store", str(store), "listen", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert listener.stdout is not None
        url = json.loads(listener.stdout.readline())["url"]
        with Terminal("--store", str(store)) as terminal:
            terminal.wait_for(re.escape(url))
            terminal.send("q")
            assert terminal.wait() == 0
        assert listener.poll() is None
        with urllib.request.urlopen(url, data=b"{}", timeout=30) as answer:
            assert answer.status == 200
    finally:
        listener.terminate()
        assert listener.wait(20) == 0
        listener.stdout.close()


def test_demo_fills_a_throw_away_store(tmp_path: Path) -> None:
    with Terminal("--demo", environment={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for(r"Events \d\d", timeout=30)
        terminal.send("q")
        assert terminal.wait() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        ([], {"TERM": "dumb"}, "this terminal cannot show a screen"),
        (["--port", "{taken}"], {}, "port {taken} is taken by process"),
        (["--store", "/proc/nowhere/events.db"], {}, "/proc/nowhere/events.db"),
    ],
)
def test_what_cannot_start_says_so_in_one_line(
    tmp_path: Path, words: list[str], environment: dict[str, str], said: str
) -> None:
    with Receiver() as holder:
        given = [word.format(taken=holder.port) for word in words]
        if "--store" not in given:
            given = ["--store", str(tmp_path / "events.db"), *given]
        with Terminal(*given, environment=environment, columns=200) as terminal:
            assert terminal.wait() == 2
            text = terminal.text.strip()
        assert said.format(taken=holder.port) in text
        assert len(text.splitlines()) == 1
        assert text.startswith("inspector: ")


def test_a_foreign_file_is_not_touched(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    store.write_bytes(b"this is a letter to my aunt, no database" * 100)
    before = store.read_bytes()
    with Terminal("--store", str(store), "--port", "0", columns=200) as terminal:
        assert terminal.wait() == 2
        assert "is no store" in terminal.text
    assert store.read_bytes() == before


def test_the_screen_passes_options_on_to_its_listener(tmp_path: Path) -> None:
    """TLS, a secret from the environment, and the verdict on the screen."""
    store = tmp_path / "store" / "events.db"
    environment = {"INSPECTOR_SECRET_GITHUB": "acme-sample-secret"}
    words = ("--store", str(store), "--port", "0", "--listen-with", "--tls-self-signed --max-body 1MiB")
    with Terminal(*words, environment=environment) as terminal:
        terminal.wait_for(r"curl -k https://127\.0\.0\.1:\d+")
        assert command(store, "send", str(ROOT / "sample_payloads/github/ping.http")).returncode == 0
        terminal.wait_for("signature verified: github")
    refused = command(store, "--listen-with", "--quiet", "events")
    assert (refused.returncode, refused.stderr) == (
        2,
        "inspector: --listen-with is for the screen; it goes with no command.\n",
    )
