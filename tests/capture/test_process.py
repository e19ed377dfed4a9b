"""The capture process as a screen has it: started, joined, left, and never outliving who started it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inspector.capture import asking, child, narrate
from inspector.capture.address import bind, is_loopback, port_holder, url_of
from inspector.capture.asking import ask_answers, ask_pause
from inspector.capture.child import Capture, open_log, running
from inspector.capture.narrate import Narrator
from inspector.core.events import InspectorError
from inspector.store.deleted import delete, undo, waiting
from inspector.store.edits import Edits
from inspector.store.place import capture_lock, screens_lock
from inspector.store.reader import Reader
from tests.processes import is_running, until


def post(url: str, body: bytes = b'{"type":"a"}') -> int:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request("POST", "/", body)
        return connection.getresponse().status


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "events.db"


@contextmanager
def started(store: Path, *options: str) -> Iterator[Capture]:
    capture = Capture(store, ["--port", "0", *options])
    capture.start()
    try:
        yield capture
    finally:
        if capture.pid is not None and is_running(capture.pid):
            os.kill(capture.pid, signal.SIGKILL)
        capture.stop()
        if capture._process is not None:
            capture._process.wait(30)


def test_one_that_does_not_start_in_time_is_ended_and_said_so(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "START_S", 0.01)
    with pytest.raises(InspectorError, match=r"did not start within 0\.01 s\. Once the machine is less busy"):
        Capture(store, ["--port", "0"]).start()


def test_what_a_screen_started_is_gone_within_three_seconds(store: Path) -> None:
    with started(store) as capture:
        assert not capture.joined
        assert capture.ended() is None
        assert post(capture.url) == 200
        assert running(store) == {**(running(store) or {}), "url": capture.url, "pid": capture.pid}
        with socket.create_connection((urlsplit(capture.url).hostname, urlsplit(capture.url).port)) as idle:
            idle.sendall(b"POST / HTTP/1.1\r\n")
            began = time.monotonic()
            assert capture.stop()
            assert time.monotonic() - began < 8
        assert not is_running(capture.pid)
        assert running(store) is None
    with Reader(store) as reader:
        assert "a" in [event.type for event in reader.events(reader.ids())]


def test_a_second_screen_joins_and_stops_nothing(store: Path) -> None:
    with started(store) as first:
        second = Capture(store, ["--port", "0"])
        second.start()
        assert second.joined
        assert (second.pid, second.url) == (first.pid, first.url)
        assert second.stop()
        assert first.ended() is None
        assert post(first.url) == 200


def test_the_child_stays_while_another_screen_is_attached(store: Path) -> None:
    with started(store) as capture:
        other = screens_lock(store)
        assert other.acquire(shared=True)
        assert not capture.stop(timeout=1.2)
        assert capture.ended() is None
        assert post(capture.url) == 200
        other.release()
        assert until(lambda: capture.ended() is not None)
        assert capture.stop()


def test_a_child_that_is_left_goes_on(store: Path) -> None:
    with started(store) as capture:
        capture.leave()
        assert not capture.stop()
        time.sleep(0.8)
        assert post(capture.url) == 200
        joining = Capture(store)
        joining.start()
        assert joining.joined


def test_the_child_ends_when_the_screen_is_killed(store: Path) -> None:
    """The screen has no time for anything: the end of its pipe is all that the child hears."""
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom inspector.capture.child import Capture\n"
        f"capture = Capture(Path({str(store)!r}), ['--port', '0'])\n"
        "capture.start()\nprint(capture.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as screen:
        assert screen.stdout is not None
        pid = int(screen.stdout.readline())
        assert is_running(pid)
        screen.kill()
        assert until(lambda: not is_running(pid))
    assert running(store) is None


def test_a_killed_child_says_how_it_ended_and_can_be_started_again(store: Path) -> None:
    with started(store) as capture:
        assert capture.pid is not None
        os.kill(capture.pid, signal.SIGKILL)
        assert until(capture.ended)
        assert capture.ended() == "signal 9"
        capture.start()
        assert capture.ended() is None
        assert post(capture.url) == 200


def test_the_words_of_a_killed_one_do_not_hold_for_the_next(store: Path) -> None:
    with started(store) as capture:
        assert capture.pid is not None
        os.kill(capture.pid, signal.SIGKILL)
        assert until(capture.ended)
        lock = capture_lock(store)
        assert lock.acquire(content="1")  # one that is starting, and has said nothing yet
        assert running(store) is None
        lock.release()


def test_a_child_that_cannot_start_says_why_in_its_own_words(store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InspectorError, match=f"^port {port} is taken by process {os.getpid()} "):
            Capture(store, ["--port", str(port)]).start()
    store.write_bytes(b"no database " * 1000)
    with pytest.raises(InspectorError, match="is no store"):
        Capture(store, ["--port", "0"]).start()


def test_a_log_that_has_grown_is_set_aside(store: Path) -> None:
    store.parent.mkdir()
    log = store.with_name("events.db.log")
    log.write_bytes(b"x" * 1_000_001)
    os.close(open_log(store))
    assert log.read_bytes() == b""
    assert store.with_name("events.db.log.1").stat().st_size == 1_000_001


def test_settings_from_another_process_are_taken_at_once(store: Path) -> None:
    with started(store) as capture, Edits(store) as edits, Reader(store) as reader:
        edits.set_setting("answers", {"rules": [{"status": 418}]})
        assert until(lambda: post(capture.url) == 418)
        edits.set_setting("paused", True)
        assert until(lambda: post(capture.url) == 503)
        assert until(lambda: (reader.state("answers") or {}).get("text") == "paused: 503")
        assert (reader.state("answers") or {})["then"] == "answers 418"
        before = reader.last_id()
        assert post(capture.url) == 503
        assert [event.status for event in reader.events(reader.ids(after=before))] == [503]
        edits.set_setting("paused", False)
        assert until(lambda: post(capture.url) == 418)
        edits.set_setting("answers", [{"status": 5}])  # refused, and told in the log
        assert until(lambda: any("not taken" in line for line in capture.log_tail()))
        assert stat.S_IMODE(store.with_name("events.db.log").stat().st_mode) == 0o600
        assert post(capture.url) == 418
        assert (reader.state("answers") or {})["rules"] == {"rules": [{"status": 418}]}
        capture.stop()
        with started(store) as again:
            assert post(again.url) == 200


def test_of_two_who_ask_at_once_the_first_is_told_that_the_other_holds(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_TAKEN_S", 30.0)

    def ask_too() -> None:
        with closing(Reader(store)) as reader:
            assert until(lambda: reader.setting("answers") is not None)
        ask_answers(store, [{"status": 417}])

    with started(store) as capture:
        assert capture.pid is not None
        other = threading.Thread(target=ask_too)
        os.kill(capture.pid, signal.SIGSTOP)
        try:
            other.start()
            with pytest.raises(
                InspectorError, match="somebody else asked for something else at the same time"
            ):
                ask_answers(store, [{"status": 416}])
        finally:
            os.kill(capture.pid, signal.SIGCONT)
            other.join()
        assert post(capture.url) == 417


def test_what_was_asked_holds_after_a_crash_and_not_in_a_new_run(store: Path) -> None:
    """The first request after the crash is answered as asked, and a new run as it was started."""
    with started(store) as capture:
        assert ask_answers(store, [{"status": 418}])["text"] == "answers 418"
        said = ask_pause(store, True)
        assert (said["text"], said["then"]) == ("paused: 503", "answers 418")
        assert capture.pid is not None
        os.kill(capture.pid, signal.SIGKILL)
        assert until(lambda: capture.ended() is not None)
        capture.stop()
        capture.start(again=True)
        assert post(capture.url) == 503
        assert ask_pause(store, False)["text"] == "answers 418"
        assert post(capture.url) == 418
    with pytest.raises(InspectorError, match="no listener runs"):
        ask_pause(store, True)
    with started(store) as fresh:
        assert post(fresh.url) == 200


def test_a_store_made_anew_is_told_everything_and_listened_to(store: Path) -> None:
    """Without waiting for an event: whoever looks finds the listener, its answers hold, wishes reach it."""
    with started(store) as capture:
        assert post(capture.url, b'{"type":"a","x":"%s"}' % (b"x" * 70_000)) == 200
        ask_answers(store, [{"status": 201}])
        for ending in ("", "-wal", "-shm"):
            store.with_name(f"events.db{ending}").unlink()
        assert until(lambda: running(store) is not None)
        with Reader(store) as reader:
            assert until(lambda: (reader.state("answers") or {}).get("text") == "answers 201")
            assert ask_pause(store, True)["then"] == "answers 201"
            assert post(capture.url, b'{"type":"a","x":"%s"}' % (b"x" * 70_000)) == 503
            assert until(lambda: [event.type for event in reader.events(reader.ids())] == ["a"])


# -- addresses


def test_the_default_host_takes_ipv6_too() -> None:
    sockets = bind("127.0.0.1", 0)
    try:
        ports = {opened.getsockname()[1] for opened in sockets}
        assert len(ports) == 1
        assert url_of(sockets[0]) == f"http://127.0.0.1:{ports.pop()}"
        if len(sockets) == 2:
            assert url_of(sockets[1]).startswith("http://[::1]:")
    finally:
        for opened in sockets:
            opened.close()


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "no address of this machine"),
        ("no.such.host.invalid", "cannot listen on 'no.such.host.invalid': it is no address, and no name"),
        ("a" * 300, "cannot listen"),
    ],
)
def test_a_host_that_cannot_be_listened_on(host: str, words: str) -> None:
    with pytest.raises(InspectorError, match=words):
        bind(host, 0)


def test_the_holder_of_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert (port_holder(taken.getsockname()[1]) or "").startswith(f"process {os.getpid()} (")


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("0x7f000001", True),
        ("0", False),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_who_can_reach_it_is_told_by_the_sockets_not_by_the_name(host: str, near: bool) -> None:
    try:
        sockets = bind(host, 0)
    except InspectorError:
        pytest.skip("no IPv6 here")
    try:
        assert is_loopback(sockets) is near
    finally:
        for opened in sockets:
            opened.close()


# -- narration


def test_lines_are_printed_in_order_and_nothing_is_lost() -> None:
    reading, writing = os.pipe()
    narrator = Narrator(writing)
    for number in range(3000):
        narrator.say(f"{number} ü\ud800")
    received = bytearray()
    thread = threading.Thread(target=lambda: _read_all(reading, received))
    thread.start()
    narrator.close(5)
    os.close(writing)
    thread.join(20)
    os.close(reading)
    assert narrator.lost == 0
    assert received.decode().splitlines() == [f"{number} ü\\ud800" for number in range(3000)]


def _read_all(descriptor: int, into: bytearray) -> None:
    while data := os.read(descriptor, 65536):
        into += data


def test_a_reader_that_stalls_costs_lines_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrate, "WAITING", 100)
    reading, writing = os.pipe()
    narrator = Narrator(writing)
    began = time.monotonic()
    for _ in range(2000):
        narrator.say("x" * 1000)
    assert time.monotonic() - began < 5
    narrator.close(0.2)
    assert time.monotonic() - began < 6
    told = narrator.lost
    received = bytearray()
    thread = threading.Thread(target=lambda: _read_all(reading, received))
    thread.start()
    narrator._thread.join(20)
    os.close(writing)
    thread.join(20)
    os.close(reading)
    assert narrator.lost == told
    assert 0 <= received.count(b"\n") + told - 2000 <= 4  # what was in hand when it was given up
    assert told > 1900 - 100


def test_a_reader_that_is_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    narrator = Narrator(writing)
    for _ in range(10):
        narrator.say("x")
        time.sleep(0.005)
    narrator.close()
    os.close(writing)
    assert narrator.lost == 10


def test_a_starting_listener_lets_go_what_was_deleted(store: Path) -> None:
    """What is deleted while it runs can be brought back, until the next one starts."""
    with started(store) as capture:
        assert all(post(capture.url) == 200 for _ in range(4))
        assert delete(store, [1, 2]) == 2
        with Reader(store) as reader:
            assert waiting(reader).events == 2
    with Reader(store) as reader:
        assert waiting(reader).events == 2
        with started(store) as capture:
            assert until(lambda: waiting(reader).events == 0)
            assert list(undo(store)) == []
            assert list(reader.ids()) == [3, 4]
            assert delete(store, [3]) == 1
            assert list(undo(store)) == [3]


def test_a_child_is_not_started_twice_by_two_screens_at_once(store: Path) -> None:
    captures = [Capture(store, ["--port", "0"]) for _ in range(3)]
    threads = [threading.Thread(target=capture.start) for capture in captures]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    try:
        assert sorted(capture.joined for capture in captures) == [False, True, True]
        assert len({capture.pid for capture in captures}) == 1
        assert len({json.dumps(capture.url) for capture in captures}) == 1
    finally:
        for capture in captures:
            capture.stop()
