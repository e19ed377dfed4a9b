"""``replay`` and ``send``: which events go out, what is printed of each, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspector.store.reader import Reader
from tests.cli.conftest import SAMPLES, Fill, Run, arrival, rejected
from tests.cli.receiver import receiving
from tests.e2e.terminal import Terminal

MEMBERS = {"event", "target", "status", "error", "ms"}


def test_results_come_in_the_order_of_the_ids_and_are_kept(run: Run, fill: Fill, store: Path) -> None:
    fill(b'{"n":1}', b'{"n":2}', b'{"n":3}', b'{"n":4}')
    with receiving(200, 500, 204) as receiver:
        done = run("replay", "4", "#1", "2-3", "--to", receiver.url, "--json")
        assert done.code == 1
        assert [line["event"] for line in done.lines] == [1, 2, 3, 4]
        assert [line["status"] for line in done.lines] == [200, 500, 204, 204]
        assert all(set(line) == MEMBERS and line["target"] == receiver.url for line in done.lines)
        assert all(line["error"] is None and line["ms"] > 0 for line in done.lines)
        assert [body.rpartition(b"\r\n\r\n")[2] for body in receiver.received] == [
            b'{"n":%d}' % n for n in (1, 2, 3, 4)
        ]
        assert done.err == ""
        assert run("replay", "1", "--to", receiver.url).code == 0
    with Reader(store) as reader:
        assert [attempt.status for attempt in reader.attempts(2)] == [500]
        assert [attempt.status for attempt in reader.attempts(1)] == [204, 200]
    assert [line["id"] for line in run("events", "--json", "is:failed").lines] == [2]
    assert ">500" in run("events").out


def test_the_bytes_are_those_that_were_received(run: Run, fill: Fill) -> None:
    headers = ((b"hOST", b"old"), (b"X-A", b"1"), (b"x-a", b"\xff"), (b"Content-Length", b"4"))
    fill(arrival(b"\x00\xff\r\n", method="PUT", target=b"/deep/path?a=%20&b", headers=headers))
    with receiving() as receiver:
        assert run("replay", "1", "--to", receiver.url).code == 0
        assert run("replay", "1", "--to", receiver.url + "/hooks?x=1").code == 0
        host = receiver.url.removeprefix("http://").encode()
    rest = b"hOST: " + host + b"\r\nX-A: 1\r\nx-a: \xff\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n"
    assert receiver.received[0] == b"PUT /deep/path?a=%20&b HTTP/1.1\r\n" + rest
    assert receiver.received[1] == b"PUT /hooks?x=1&a=%20&b HTTP/1.1\r\n" + rest


def test_what_cannot_be_sent_is_told_and_is_a_no(run: Run, fill: Fill, store: Path) -> None:
    fill(rejected(), arrival(b"abc", incomplete="the sender hung up"), b"{}")
    with receiving() as receiver:
        done = run("replay", "1", "2", "3", "99", "--to", receiver.url, "--json")
        assert done.code == 1
        assert [(line["event"], line["status"]) for line in done.lines] == [
            (1, None),
            (2, None),
            (3, 200),
            (99, None),
        ]
        assert "was rejected" in done.lines[0]["error"]
        assert "--incomplete sends what came" in done.lines[1]["error"]
        assert done.lines[3]["error"] == "there is no event 99."
        done = run("replay", "2", "--incomplete", "--to", receiver.url)
        assert done.code == 0
        assert len(receiver.received) == 2
    with Reader(store) as reader:
        assert reader.attempts(1) == []


def test_a_target_that_is_not_there(run: Run, fill: Fill, store: Path) -> None:
    fill(b"{}")
    done = run("replay", "1", "--to", "http://127.0.0.1:1", "--json")
    assert (done.code, done.lines[0]["status"]) == (1, None)
    assert "refused the connection" in done.lines[0]["error"]
    with Reader(store) as reader:
        assert reader.attempts(1)[0].error == done.lines[0]["error"]
    done = run("replay", "1", "--to", "http://127.0.0.1:1")
    assert done.out.startswith("failed  #1  127.0.0.1:1 refused the connection.")


def test_by_filter_and_one_of_every_shape(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}', b'{"type":"a"}', b'{"type":"a","x":1}', b'{"type":"b"}', b"text", rejected())
    with receiving() as receiver:

        def sent(*words: str) -> list[int]:
            return [line["event"] for line in run("replay", *words, "--to", receiver.url, "--json").lines]

        assert sent("--filter", "type:a") == [1, 2, 3]
        assert sent("--filter", "-type:a", "1") == [1, 4, 5, 6]
        assert sent("--one-per-shape") == [1, 3, 4]
        assert sent("--one-per-shape", "--filter", "type:a") == [1, 3]
        assert sent("--one-per-shape", "2-3") == [2, 3]
        done = run("replay", "--filter", "type:none", "--to", receiver.url)
        assert (done.code, done.out, done.err) == (1, "", "inspector: no event to replay: none matches.\n")
        assert run("replay", "--filter", "", "--to", receiver.url).code == 2
        assert run("replay", "1-3", "--to", receiver.url).err == "3 sent: 3 passed, 0 failed.\n"


def test_an_interrupted_replay_is_no_success(store: Path, fill: Fill) -> None:
    import socket

    fill(b"{}", b"{}")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        words = [sys.executable, "-m", "inspector", "--store", str(store), "replay", "1-2", "--to", url]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        connection.close()
    assert (process.returncode, out) == (1, "")
    assert "Interrupted after 0 of 2." in err


# -- to another machine

FAR = "http://192.0.2.1:9"
"""An address for documentation: nobody's."""


def test_several_events_go_to_another_machine_only_when_that_is_said(
    run: Run, fill: Fill, store: Path
) -> None:
    fill(b"{}", b"{}")
    done = run("replay", "1-2", "--to", FAR)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"inspector: 2 events would go to {FAR}, which is not this machine, and nobody can be asked here. "
        "Say --yes.\n"
    )
    with Reader(store) as reader:
        assert reader.attempts(1) == reader.attempts(2) == []


@pytest.mark.parametrize("typed", [b"192.0.2.2\n", b"y\n", b"\n", b"\x04", b"\x03"])
def test_without_its_name_nothing_is_sent(typed: bytes, fill: Fill, store: Path) -> None:
    fill(b"{}", b"{}", arrival(b"", method="GET"))
    with Terminal("--store", str(store), "replay", "1-3", "--to", FAR, columns=100) as terminal:
        terminal.wait_for(r"Type 192\.0\.2\.1 to send them:")
        assert (
            "3 events would go to http://192.0.2.1:9, which is not this machine: 2 POST, 1 GET."
            in terminal.text
        )
        terminal.send(typed)
        assert terminal.wait() == 1
        assert ("nothing was sent." in terminal.text) is (typed != b"\x03")
    with Reader(store) as reader:
        assert [attempt for number in (1, 2, 3) for attempt in reader.attempts(number)] == []


@pytest.mark.parametrize("words", [("--yes",), ()])
def test_they_go_there_ten_a_second(
    words: tuple[str, ...], run: Run, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> bool:
        return False

    class Typed(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("inspector.replay.address.is_near", never)
    monkeypatch.setattr(sys, "stdin", Typed("127.0.0.1\n"))
    fill(*[b"{}"] * 6)
    with receiving() as receiver:
        began = time.monotonic()
        done = run("replay", "1-6", "--to", receiver.url, "--json", *words)
        took = time.monotonic() - began
        assert (done.code, len(receiver.received)) == (0, 6)
        assert took >= 0.5
        assert ("Type 127.0.0.1" in done.err) is (not words)
        assert run("replay", "1", "--to", receiver.url).err == "", "one event needs no asking"


# -- send


def test_files_are_sent_as_what_they_stand_for(run: Run, store: Path) -> None:
    anchore, github = SAMPLES / "anchore/tag_update.json", SAMPLES / "github/ping.http"
    with receiving(200, 503) as receiver:
        done = run("send", anchore, github, "--to", receiver.url, "--json")
    assert done.code == 1
    assert [(line["file"], line["status"]) for line in done.lines] == [
        (str(anchore), 200),
        (str(github), 503),
    ]
    assert set(done.lines[0]) == {"file", "target", "status", "error", "ms"}
    first, second = receiver.received
    assert first.startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Type: application/json\r\n" in first
    assert b"User-Agent: inspector/" in first
    assert first.endswith(b"\r\n\r\n" + anchore.read_bytes())
    assert b"X-GitHub-Event: ping\r\n" in second
    assert not store.parent.exists()


def test_a_broken_file_stops_the_rest_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    with receiving() as receiver:
        done = run("send", SAMPLES / "anchore/tag_update.json", tmp_path / "bad.json", "--to", receiver.url)
        assert (done.code, receiver.received) == (2, [])
    assert "bad.json is no payload." in done.err


def test_send_goes_to_the_listener_of_this_store_and_replay_never_does(run: Run, store: Path) -> None:
    words = [sys.executable, "-m", "inspector", "--store", str(store), "listen", "--port", "0", "--json"]
    listener = subprocess.Popen(words, stdout=subprocess.PIPE, env=os.environ)
    try:
        assert listener.stdout is not None
        url = json.loads(listener.stdout.readline())["url"]
        done = run("send", SAMPLES / "anchore/tag_update.json", SAMPLES / "github/ping.http")
        assert (done.code, done.out.count("answered 200")) == (0, 2)
        assert {line["type"] for line in run("events", "--json").lines} == {"tag_update", "ping"}
        for target in (url, url.replace("127.0.0.1", "localhost")):
            done = run("replay", "1", "--to", target, "--json")
            assert (done.code, done.lines[0]["status"]) == (1, None)
            assert "this listener itself" in done.lines[0]["error"]
        assert len(run("events", "--json").lines) == 2
    finally:
        listener.terminate()
        assert listener.wait(20) == 0
        listener.stdout.close()
