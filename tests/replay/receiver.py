"""Receivers on 127.0.0.1: one that records exactly the bytes that come, others that misbehave by a script."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from inspector.core.events import Attempt, Request
from inspector.replay.send import replay, verdict
from inspector.replay.target import parse_target

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOTAL = 0.6
"""Seconds that `attempt_at` allows."""


def request(
    method: str = "POST",
    target: bytes = b"/hooks?x=1",
    headers: tuple[tuple[bytes, bytes], ...] = ((b"Host", b"hooks.example.com"), (b"Content-Length", b"2")),
    body: bytes = b"{}",
    version: str = "1.1",
) -> Request:
    return Request(method, target, headers, body, version)


@asynccontextmanager
async def serve(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run `script` for every connection; yields the port. Connections still open at the end are cut."""
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await script(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The raw bytes of one request: head, and as much body as it declares."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


@asynccontextmanager
async def recorder(
    answer: bytes = OK, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Record every request and answer each with `answer`; yields the port and the list that fills."""
    received: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await read_request(reader))
        writer.write(answer)
        await writer.drain()
        # What comes after the declared body must not go unnoticed.
        if rest := await reader.read():
            received.append(rest)

    async with serve(script, context) as port:
        yield port, received


def answering(answer: bytes) -> Script:
    """A script that reads the head, answers, and closes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    return script


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def attempt_at(
    port: int, scheme: str = "http", host: str = "127.0.0.1", verify: bool = True, total: float = TOTAL
) -> Attempt:
    """Make one attempt with short limits, and hold it to them."""
    target = parse_target(f"{scheme}://{host}:{port}")
    begun = time.monotonic()
    attempt = await replay(
        request(), 1, target, connect_timeout=TOTAL / 2, total_timeout=total, drain=300_000, ssl_verify=verify
    )
    assert time.monotonic() - begun < total + 10
    assert not attempt.passed or attempt.error is None
    assert verdict(attempt).isprintable()
    return attempt
