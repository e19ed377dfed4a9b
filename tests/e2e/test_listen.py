"""``inspector listen`` as scripts use it: what it prints, how it ends; and no reader holds up a sender."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest

from inspector.cli import main
from inspector.store.reader import Reader

WORDS = [sys.executable, "-m", "inspector"]


class Listening:
    """A running ``inspector listen --json`` whose stdout is a pipe that the test reads when it likes."""

    def __init__(self, store: Path, *options: str, **rest: Any) -> None:
        self.store = store
        self.process = subprocess.Popen(
            [*WORDS, "--store", str(store), "listen", "--port", "0", "--json", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **rest,
        )
        self.first = self.line()
        self.port = int(self.first["port"])

    def line(self, seconds: float = 30.0) -> dict[str, Any]:
        """The next line of stdout."""
        assert self.process.stdout is not None
        data = b""
        deadline = time.monotonic() + seconds
        while not data.endswith(b"\n"):
            ready = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, "no line came"
            piece = os.read(self.process.stdout.fileno(), 1)
            assert piece, self.process.communicate()[1].decode()
            data += piece
        found: dict[str, Any] = json.loads(data)
        return found

    def post(self, path: str = "/", body: bytes = b'{"type":"a"}', **headers: str) -> int:
        """Send one request; returns the status."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(
                "POST", path, body, {name.replace("_", "-"): text for name, text in headers.items()}
            )
            return connection.getresponse().status

    def end(self, number: int = signal.SIGTERM, within: float = 20) -> tuple[int, str]:
        """Tell it to end; exit code and stderr, `within` seconds."""
        self.process.send_signal(number)
        code = self.process.wait(within)
        assert self.process.stderr is not None
        return code, self.process.stderr.read().decode()


@contextmanager
def listening(folder: Path, *options: str, **rest: Any) -> Iterator[Listening]:
    listener = Listening(folder / "events.db", *options, **rest)
    try:
        yield listener
    finally:
        listener.process.kill()
        listener.process.communicate()


def stored(store: Path) -> int:
    with Reader(store) as reader:
        return reader.total()[0]


def test_first_where_it_listens_then_every_event_once_it_is_durable(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        assert listener.first["kind"] == "listening"
        assert listener.first["url"] == f"http://127.0.0.1:{listener.port}"
        assert listener.first["store"] == str(listener.store)
        for number in range(1, 4):
            assert listener.post(f"/hooks?n={number}", b'{"type":"a.b"}') == 200
            line = listener.line()
            assert (line["kind"], line["id"], line["target"]) == ("event", number, f"/hooks?n={number}")
            assert (line["type"], line["pending"], line["complete"]) == ("a.b", False, True)
            with Reader(listener.store) as reader:
                event = reader.event(number)
                assert event is not None
                assert {"kind": "event", **event.as_json()} == line
        code, errors = listener.end()
        assert (code, errors) == (0, "")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps({"type": "large", "x": "y" * 100_000}).encode(), {}),
        (json.dumps({"type": "large", "x": "y" * 3_000_000}).encode(), {}),
        (gzip.compress(b'{"type":"large"}'), {"Content_Encoding": "gzip"}),
    ],
    ids=["over 64 KiB", "in pieces", "gzip"],
)
def test_what_is_identified_later_is_told_twice(tmp_path: Path, body: bytes, headers: dict[str, str]) -> None:
    with listening(tmp_path) as listener:
        assert listener.post("/", body, **headers) == 200
        line = listener.line()
        assert (line["kind"], line["type"], line["pending"], line["size"]) == ("event", None, True, len(body))
        line = listener.line()
        assert (line["kind"], line["id"], line["type"], line["pending"]) == ("identified", 1, "large", False)
        assert line["shape"]


def test_what_is_new_in_a_shape_is_told_in_words(tmp_path: Path) -> None:
    large = "y" * 100_000
    with listening(tmp_path) as listener:
        for payload in ({"x": {}}, {"x": {}}, {"x": [], "\x1b[2J": 1}):
            assert listener.post("/", json.dumps({"type": "a.b", **payload}).encode()) == 200
        lines = [listener.line() for _ in range(4)]
        assert [line["kind"] for line in lines] == ["event", "event", "event", "news"]
        assert (lines[3]["id"], lines[3]["new"][1]) == (3, "x is now an array, was object in 2 events")
        assert listener.post("/", json.dumps({"type": "a.b", "x": large}).encode()) == 200
        kinds = [listener.line() for _ in range(3)]
        assert [line["kind"] for line in kinds] == ["event", "identified", "news"]
        assert kinds[-1]["new"] == ["x is now a string, was array or object in 3 events"]


def test_rejected_requests_are_events_too(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        with socket.create_connection(("127.0.0.1", listener.port)) as connection:
            connection.sendall(b"\x16\x03\x01 no http\r\n\r\n")
            connection.recv(1000)
        line = listener.line()
        assert (line["kind"], line["method"], line["target"], line["type"]) == ("event", None, None, None)
        assert line["rejected"]


@pytest.mark.alone
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_signal_ends_it_with_0_whatever_is_open(tmp_path: Path, number: signal.Signals) -> None:
    with listening(tmp_path) as listener:
        address = ("127.0.0.1", listener.port)
        with socket.create_connection(address) as idle, socket.create_connection(address) as half:
            idle.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            idle.recv(1000)
            if number is signal.SIGTERM:
                half.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
                time.sleep(0.1)
            assert listener.end(number, within=3)[0] == 0
        assert stored(listener.store) >= 1


@pytest.mark.alone
def test_a_stalled_reader_delays_no_sender_and_lost_lines_are_counted(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        slowest = 0.0
        with closing(HTTPConnection("127.0.0.1", listener.port, timeout=30)) as connection:
            for _ in range(150):
                began = time.monotonic()
                connection.request("POST", "/", b'{"type":"a"}')
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1
        code, errors = listener.end()
        assert code == 0
        lost = int(errors.split()[1].replace(",", ""))
        assert errors == (
            f"inspector: {lost} lines not printed: the reader was too slow or gone. "
            "The events are in the store.\n"
        )
        assert listener.process.stdout is not None
        printed = listener.process.stdout.read().splitlines()
        assert [json.loads(line)["id"] for line in printed] == list(range(1, 151 - lost))
        assert stored(listener.store) == 150


def test_a_reader_that_goes_away_does_not_end_it(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        assert listener.process.stdout is not None
        listener.process.stdout.close()
        assert [listener.post() for _ in range(5)] == [200] * 5
        code, errors = listener.end()
        assert code == 0
        assert "5 lines not printed" in errors
        assert stored(listener.store) == 5


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_hole_in_the_store(tmp_path: Path, closed: str) -> None:
    """A descriptor 1 that is free would be given to the store, and what is printed would stand in it."""
    store = tmp_path / "events.db"
    command = f'exec "$0" -m inspector --store "$1" listen --port 0 --json --exit-after 1 {closed}'
    process = subprocess.Popen(
        ["sh", "-c", command, sys.executable, str(store)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        url: Any = None
        while url is None and time.monotonic() < deadline:
            time.sleep(0.05)
            if store.exists():
                try:
                    with Reader(store) as reader:
                        url = (reader.state("listener") or {}).get("url")
                except Exception:
                    continue
        with closing(HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
            connection.request("POST", "/", b"{}")
            assert connection.getresponse().status == 200
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    with Reader(store) as reader:
        assert reader.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert reader.total()[0] == 1


def test_it_ends_after_n_events(tmp_path: Path) -> None:
    with listening(tmp_path, "--exit-after", "3") as listener:
        assert [listener.post() for _ in range(3)] == [200] * 3
        assert listener.process.wait(20) == 0
        assert [listener.line()["id"] for _ in range(3)] == [1, 2, 3]
        assert stored(listener.store) == 3


def test_people_get_a_line_an_event(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        listener.post("/", b'{"type":"a\\u001b]0;x\\u0007"}')
        listener.line()
    with subprocess.Popen(
        [*WORDS, "--store", str(tmp_path / "events.db"), "listen", "--port", "0", "--exit-after", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("Listening on http://127.0.0.1:")
        port = int(first.split()[2].rpartition(":")[2])
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("POST", "/a", b'{"type":"a\\u001b]0;x\\u0007"}')
            connection.getresponse().read()
        assert process.wait(20) == 0
        assert "#2" in (line := process.stdout.read())
        assert "a\\x1b]0;x\\x07" in line
        assert (
            process.stderr.read() == "Press ctrl+c to stop.\nStopped listening. 1 event stored in this run.\n"
        )


# -- answers


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("500,429,200", [500, 429, 200, 200]), ("by-url", [200])],
)
def test_respond(tmp_path: Path, answer: str, expected: list[int]) -> None:
    with listening(tmp_path, "--respond", answer) as listener:
        assert [listener.post() for _ in expected] == expected
        if answer == "by-url":
            assert [listener.post(f"/x/{status}?a=1") for status in (404, 503)] == [404, 503]
        with Reader(listener.store) as reader:
            events = reader.events(reader.ids())
        assert [event.status for event in events][: len(expected)] == expected


def test_dropped_connections_are_events_all_the_same(tmp_path: Path) -> None:
    with listening(tmp_path, "--respond", "drop") as listener:
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            listener.post()
        line = listener.line()
        assert (line["type"], line["status"], line["complete"]) == ("a", None, True)


def test_respond_from_another_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('[{"path": "/a", "sequence": [500, 200]}, {"status": 202, "body": "later"}]')
    with listening(tmp_path) as listener:

        def respond(*words: str) -> tuple[int, str, str]:
            code = main(["--store", str(listener.store), "respond", *words])
            return code, *capsys.readouterr()

        assert respond("503") == (0, "", "The listener answers 503.\n")
        assert listener.post() == 503
        assert respond("--show") == (0, "The listener answers 503.\n", "")
        for _ in range(2):  # asked for again, a sequence begins again
            assert respond("--file", str(rules))[0] == 0
            assert [listener.post("/a"), listener.post("/a"), listener.post("/b")] == [500, 200, 202]
        out = respond("--show", "--json")[1]
        assert json.loads(out) == {
            "text": "answers by 2 rules",
            "rules": {"rules": json.loads(rules.read_text())},
            "paused": False,
        }
        assert respond("--pause") == (
            0,
            "",
            "The listener is paused, senders get 503. When it goes on, it answers by 2 rules.\n",
        )
        assert listener.post("/b") == 503
        assert respond("--resume")[0] == 0
        assert listener.post("/b") == 202
        assert respond("200")[0] == 0
        assert listener.post("/a") == 200
        assert respond("abc")[0] == 2
        assert respond()[0] == 2
        assert respond("200", "--show")[0] == respond("--pause", "--resume")[0] == 2
        rules.write_text("{")
        assert "is no JSON" in respond("--file", str(rules))[2]
        assert listener.post("/a") == 200
    assert respond("503") == (
        2,
        "",
        f"inspector: no listener runs for {tmp_path}/events.db. Start inspector, or inspector listen.\n",
    )


# -- one at a time


def refused(store: Path, *options: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [*WORDS, "--store", str(store), "listen", *options], capture_output=True, text=True, timeout=30
    )
    return done.returncode, done.stdout, done.stderr


def test_a_second_listener_for_a_store_is_refused_in_one_line(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        code, out, errors = refused(listener.store, "--port", "0", "--json")
        assert (code, out) == (2, "")
        assert errors == (
            f"inspector: this store is being captured into already by process {listener.process.pid} on "
            f"http://127.0.0.1:{listener.port}. Stop that one, or use --store PATH for another.\n"
        )
        assert listener.post() == 200


def test_a_port_that_is_taken_names_its_holder(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        code, out, errors = refused(tmp_path / "other.db", "--port", str(listener.port))
        assert (code, out) == (2, "")
        assert errors == (
            f"inspector: port {listener.port} is taken by process {listener.process.pid} (python3.11). "
            "Use --port N, or --port 0 for a free one.\n"
        ).replace("python3.11", Path(f"/proc/{listener.process.pid}/comm").read_text().strip())


def test_of_two_that_start_at_once_exactly_one_wins(tmp_path: Path) -> None:
    words = [*WORDS, "--store", str(tmp_path / "events.db"), "listen", "--port", "0", "--json"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    try:
        deadline = time.monotonic() + 30
        while all(process.poll() is None for process in both) and time.monotonic() < deadline:
            time.sleep(0.02)
        ended = [process for process in both if process.poll() is not None]
        assert [process.returncode for process in ended] == [2]
        assert b"captured into already" in ended[0].communicate()[1]
        (winner,) = (process for process in both if process not in ended)
        assert winner.stdout is not None
        assert json.loads(winner.stdout.readline())["kind"] == "listening"
    finally:
        for process in both:
            process.kill()
            process.communicate()


def test_the_screen_needs_a_terminal(tmp_path: Path) -> None:
    def bare(**environment: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [*WORDS, "--store", str(tmp_path / "events.db")],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        return done.returncode, done.stdout, done.stderr

    assert bare(TERM="xterm") == (
        2,
        "",
        "inspector: there is no terminal to show a screen on. Try: inspector listen\n",
    )
    dumb = "inspector: this terminal cannot show a screen (TERM=dumb). Try: inspector listen\n"
    assert bare(TERM="dumb") == (2, "", dumb)
    assert not (tmp_path / "events.db").exists()


def test_events_are_followed_and_waited_for(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        listener.post("/", b'{"type":"old"}')
        store = ["--store", str(listener.store)]
        follow = subprocess.Popen(
            [*WORDS, *store, "events", "--follow", "--json", "type:*", "-type:no"],
            stdout=subprocess.PIPE,
            text=True,
        )
        wait = subprocess.Popen(
            [*WORDS, *store, "wait", "type:big", "--timeout", "20"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert follow.stdout is not None
            assert json.loads(follow.stdout.readline())["type"] == "old"
            listener.post("/", b'{"type":"no"}')
            listener.post("/", json.dumps({"type": "big", "x": "y" * 100_000}).encode())
            listener.post("/", b'{"type":"last"}')
            followed = [json.loads(follow.stdout.readline())["type"] for _ in range(2)]
            assert sorted(followed) == ["big", "last"]
            assert wait.wait(20) == 0
            assert wait.stdout is not None
            assert "big" in wait.stdout.read()
            follow.send_signal(signal.SIGTERM)
            assert follow.wait(20) == 0
        finally:
            for process in (follow, wait):
                process.kill()
                process.communicate()
