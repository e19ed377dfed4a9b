"""Requests that come whole are handed over without a task: in order, answered late, and at the end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from pathlib import Path

from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader

from inspector.capture.stand_ins import Cut, end_early
from tests.capture.conftest import captured

RULES = [
    {"path": "/late", "delay": 0.4},
    {"path": "/later", "status": 202, "delay": "10m"},
    {"path": "/dropped", "drop": True},
    {"status": 201},
]


def post(path: str, body: bytes = b"{}") -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (
        path.encode(),
        len(body),
        body,
    )


def opened(port: int) -> socket.socket:
    """A connection whose task waits for its first request."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.settimeout(5)
    connection.sendall(post("/first"))
    assert connection.recv(999).startswith(b"HTTP/1.1 201 ")
    return connection


def until_closed(connection: socket.socket, count: int = 0) -> bytes:
    """What is read until the other side closes, or until so many answers."""
    received = b""
    while not count or received.count(b"HTTP/1.1 ") < count:
        data = connection.recv(65536)
        if not data:
            break
        received += data
    return received


def test_what_follows_a_late_answer_waits_and_keeps_its_order(tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(RULES))
    with captured(tmp_path, "--answers", str(answers)) as capture:
        with opened(capture.port) as late, opened(capture.port) as dropped, opened(capture.port) as last:
            began = time.monotonic()
            large = b"x" * 400_000  # more than waits in memory while an answer is late
            late.sendall(post("/late") + post("/after", large))
            dropped.sendall(post("/dropped") + post("/never"))
            received = until_closed(late, 2)
            assert received.index(b"HTTP/1.1 200 ") < received.index(b"HTTP/1.1 201 ")
            assert time.monotonic() - began > 0.35
            assert until_closed(dropped) == b""
            last.sendall(post("/later"))
            with (
                socket.create_connection(("127.0.0.1", capture.port)) as in_pieces,
                opened(capture.port) as left,
            ):
                in_pieces.settimeout(5)
                for piece in (post("/later")[:-1], post("/later")[-1:]):
                    in_pieces.sendall(piece)
                    time.sleep(0.1)
                left.sendall(post("/later"))
                while [event.target for event in capture.events()].count(b"/later") < 3:
                    time.sleep(0.01)
                left.close()
                capture.process.send_signal(signal.SIGTERM)
                for connection in (last, in_pieces):
                    assert until_closed(connection).startswith(b"HTTP/1.1 202 ")
        assert capture.process.wait(5) == 0
        assert capture.errors() == ""
        events = capture.events()
        found = [(event.target, event.status) for event in events if event.target != b"/first"]
        assert sorted(found, key=lambda one: one[0] or b"") == [
            (b"/after", 201),
            (b"/dropped", None),
            (b"/late", 200),
            (b"/later", 202),
            (b"/later", 202),
            (b"/later", 202),
            (b"/never", None),
        ]
        assert {event.complete for event in events} == {True}


async def test_a_reader_that_was_just_woken_hears_that_its_body_ended_early() -> None:
    """The end of a chunk wakes it without a byte; it waited for ever when its body broke in that moment."""
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.transport = asyncio.Transport()
    payload = StreamReader(protocol, 2**16, loop=loop)
    payload.begin_http_chunk_receiving()
    payload.feed_data(b"x")
    assert await payload.readany() == b"x"
    reading = asyncio.create_task(payload.readany())
    await asyncio.sleep(0)
    payload.end_http_chunk_receiving()
    end_early(payload, Cut("broken", 400))
    assert await asyncio.wait_for(reading, 2) == b""
    assert isinstance(payload.exception(), Cut)


def test_a_late_answer_is_given_before_it_ends_by_itself(tmp_path: Path) -> None:
    with captured(tmp_path, "--exit-after", "1", "--respond", "200 after 700ms") as capture:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", capture.port)) as connection:
            connection.settimeout(10)
            connection.sendall(post("/"))
            assert until_closed(connection).startswith(b"HTTP/1.1 200 ")
            assert time.monotonic() - began > 0.65
        assert capture.process.wait(10) == 0


def test_under_nohup_it_goes_on_when_the_terminal_goes(tmp_path: Path) -> None:
    with captured(tmp_path, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as capture:
        capture.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        with socket.create_connection(("127.0.0.1", capture.port)) as connection:
            connection.settimeout(10)
            connection.sendall(post("/"))
            assert connection.recv(999).startswith(b"HTTP/1.1 200 ")
        assert capture.stop() == 0
