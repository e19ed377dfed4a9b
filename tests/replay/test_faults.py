"""Targets that fail in every way: each attempt ends in time, says why, and holds what came before."""

from __future__ import annotations

import asyncio
import socket
import struct
import time

import pytest

from inspector.replay.send import replay
from inspector.replay.target import parse_target
from tests.replay.receiver import TOTAL, Script, answering, attempt_at, read_request, request, serve, silent


def repeating(first: bytes, again: bytes, pause: float = 0) -> Script:
    """Answer with `first`, then `again` for ever."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(first)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return script


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def then_silent(answer: bytes) -> Script:
    return repeating(answer, b"", pause=60)


LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "status", "says"),
    [
        pytest.param(silent, None, "No answer within 0.6 s.", id="silent"),
        pytest.param(reset, None, "The target reset the connection without an answer.", id="reset"),
        pytest.param(
            answering(b""), None, "The target closed the connection without an answer.", id="closed"
        ),
        pytest.param(answering(b"SSH-2.0-OpenSSH_9\r\n"), None, "It begins: SSH-2.0-OpenSSH_9", id="ssh"),
        pytest.param(answering(b"\x1b]0;x\x07" * 999), None, "It begins: \\x1b]0;x\\x07", id="escapes"),
        pytest.param(
            then_silent(b"+OK without newline"), None, "It begins: +OK without newline", id="no newline"
        ),
        pytest.param(
            answering(b"HTTP/1.1 2xx OK\r\n\r\n"), None, "The answer is not HTTP/1.1.", id="bad status"
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nA: b"), None, "The answer broke off in its head.", id="half head"
        ),
        pytest.param(
            then_silent(b"HTTP/1.1 200 OK\r\nA"), None, "only the beginning of one", id="half head, silent"
        ),
        pytest.param(answering(b"\x15\x03\x01\x00\x02\x02\x16"), None, "use https:// for it", id="TLS alert"),
        pytest.param(
            repeating(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 500),
            None,
            "longer than 65.5 kB",
            id="endless head",
        ),
        pytest.param(
            repeating(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 9999), None, "longer than 65.5 kB", id="endless line"
        ),
        pytest.param(
            repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), None, "more than 100 interim", id="1xx flood"
        ),
        pytest.param(
            repeating(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05),
            None,
            "No whole answer within",
            id="dripping head",
        ),
        pytest.param(
            repeating(LONG, b"x", 0.05), 200, "The answer did not end within 0.6 s", id="dripping body"
        ),
        pytest.param(
            repeating(LONG, b"x" * 65536), 200, "longer than 300 kB; the rest was not read", id="endless body"
        ),
        pytest.param(
            repeating(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
            200,
            "longer than 300 kB",
            id="endless until close",
        ),
        pytest.param(
            repeating(CHUNKED, b"4\r\nabcd\r\n" * 999), 200, "longer than 300 kB", id="endless chunks"
        ),
        pytest.param(
            repeating(CHUNKED, b"1;" + b"x" * 60_000 + b"\r\na\r\n"),
            200,
            "did not end within",
            id="chunk extensions",
        ),
        pytest.param(repeating(CHUNKED, b"x" * 9999), 200, "longer than 65.5 kB", id="endless chunk size"),
        pytest.param(answering(CHUNKED + b"hello\r\n"), 200, "no size, but hello", id="no chunk size"),
        pytest.param(answering(CHUNKED + b"f" * 16 + b"\r\n"), 200, "no size, but ffff", id="enormous chunk"),
        pytest.param(
            answering(CHUNKED + b"5\r\nab"), 200, "broke off after 2 bytes, before its last", id="short chunk"
        ),
        pytest.param(
            answering(CHUNKED + b"2\r\nabc\r\n0\r\n\r\n"), 200, "before its last chunk", id="long chunk"
        ),
        pytest.param(answering(CHUNKED + b"2\r\nab\r\n"), 200, "before its last chunk", id="no last chunk"),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
            200,
            "broke off after 3 of 10",
            id="short body",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: x\x1b\r\n\r\n"),
            0,
            "no one number: x\\x1b",
            id="length",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            0,
            "one number",
            id="two lengths",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"),
            0,
            "one number",
            id="long length",
        ),
    ],
)
async def test_a_target_at_fault_ends_in_time_with_the_reason(
    script: Script, status: int | None, says: str
) -> None:
    async with serve(script) as port:
        # What does not end by its deadline has all the time it may need on a busy machine.
        by_deadline = "within" in says or "beginning" in says or "It begins" in says
        attempt = await attempt_at(port, total=TOTAL if by_deadline else 40)
    assert attempt.error is not None
    assert says in attempt.error
    assert attempt.status == (200 if status == 0 else status)


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        attempt = await attempt_at(port)
    assert attempt.error == f"127.0.0.1:{port} refused the connection. Is the receiver running?"
    assert (attempt.status, attempt.connect_ms, attempt.passed) == (None, None, False)


async def test_a_target_that_does_not_accept() -> None:
    """A full backlog: the system answers no further connection."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        await asyncio.sleep(0.05)
        attempt = await attempt_at(port)
        for sock in waiting:
            sock.close()
    assert attempt.error == f"127.0.0.1:{port} did not accept the connection within 0.3 s."


async def test_a_target_that_takes_no_body() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(60)

    async with serve(script) as port:
        target = parse_target(f"http://127.0.0.1:{port}")
        attempt = await replay(request(body=bytes(30_000_000)), 1, target, total_timeout=TOTAL)
    assert attempt.error == "No answer within 0.6 s; it did not take the whole request."


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "x"),
            "There is no host called nowhere.example. Is the name right?",
        ),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "No name server answered for nowhere.example."),
        (UnicodeError("x"), "The name nowhere.example cannot be looked up"),
    ],
)
async def test_a_name_that_is_not_found(
    problem: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*_: object, **__: object) -> object:
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    attempt = await attempt_at(80, host="nowhere.example")
    assert attempt.error is not None
    assert attempt.error.startswith(says)


async def test_a_name_server_that_stays_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2) or [])
    attempt = await attempt_at(80, host="slow.example")
    assert attempt.error == "The name slow.example was not found within 0.3 s."


async def test_what_cannot_be_sent_is_an_attempt_too() -> None:
    attempt = await replay(request("CONNECT"), 1, parse_target("http://127.0.0.1:1"))
    assert attempt.error == "CONNECT asks a proxy for a tunnel; there is nothing to replay."


async def test_an_upgrade_does_not_hang() -> None:
    upgrade = request(
        "GET",
        b"/",
        (
            (b"Host", b"a"),
            (b"Connection", b"Upgrade"),
            (b"Upgrade", b"websocket"),
            (b"Expect", b"100-continue"),
        ),
        b"",
    )
    async with serve(then_silent(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")) as port:
        attempt = await replay(upgrade, 1, parse_target(f"http://127.0.0.1:{port}"), total_timeout=TOTAL)
    assert (attempt.status, attempt.error) == (101, None)


async def test_a_cancelled_attempt_leaves_nothing_open() -> None:
    async with serve(silent) as port:
        task = asyncio.create_task(replay(request(), 1, parse_target(f"http://127.0.0.1:{port}")))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(asyncio.all_tasks()) == 1
