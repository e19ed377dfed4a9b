"""A flood of stalled senders, with few descriptors: honest ones are served again, and all comes back."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.capture.conftest import CaptureProcess, captured

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="descriptors are counted in /proc")

DESCRIPTORS = 200
SENDERS = 400
DEADLINE_S = 3.0
GRACE_S = 3.0
"""How long after the deadline everything must be well again."""
HONEST = b"POST /honest HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
HALF_OPEN = b"POST /half HTTP/1.1\r\nHost: a\r\nX-Sl"
SLOW_BODY = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"


def few_descriptors() -> None:
    """Run in the capture process before it starts."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[CaptureProcess]:
    """A capture process with few descriptors and short deadlines."""
    deadline = f"{DEADLINE_S:g}s"
    options = ("--head-deadline", deadline, "--body-deadline", deadline)
    with captured(tmp_path, *options, before=few_descriptors) as started:
        yield started


def descriptors(capture: CaptureProcess) -> int:
    """How many descriptors the capture process has open."""
    return len(list(Path(f"/proc/{capture.process.pid}/fd").iterdir()))


async def honest(port: int) -> int | None:
    """The status an honest sender gets on a connection of its own; None when it gets no answer."""
    try:
        async with asyncio.timeout(DEADLINE_S + GRACE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(HONEST)
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    return int(answer[9:12]) if answer else None


async def hostile(port: int, data: bytes) -> tuple[bytes, asyncio.StreamWriter | None]:
    """Send the beginning of a request and wait for the connection to be closed from the other side."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return b"", None
    try:
        writer.write(data)
        return await reader.read(), writer
    except OSError:
        return b"", writer
    finally:
        writer.close()


@pytest.mark.alone
async def test_honest_senders_are_served_again(narrow: CaptureProcess) -> None:
    """800 stalled connections cost honest senders no more than the deadline, and leave nothing behind."""
    assert await honest(narrow.port) == 200
    await asyncio.sleep(0.2)
    baseline = descriptors(narrow)
    flood = [
        asyncio.create_task(hostile(narrow.port, data))
        for data in (HALF_OPEN, SLOW_BODY)
        for _ in range(SENDERS)
    ]
    await asyncio.sleep(DEADLINE_S / 2)
    began = time.monotonic()
    statuses = []
    while time.monotonic() - began < DEADLINE_S + GRACE_S:
        statuses.append((time.monotonic() - began, await honest(narrow.port)))
        await asyncio.sleep(0.1)
    served = [moment for moment, status in statuses if status == 200]
    assert served
    assert served[0] < DEADLINE_S
    assert {status for moment, status in statuses if moment > served[0] + GRACE_S} <= {200}

    async with asyncio.timeout(15):
        answers = [answer for answer, _ in await asyncio.gather(*flood)]
        while descriptors(narrow) > baseline:  # noqa: ASYNC110 - nothing tells of another process's descriptors
            await asyncio.sleep(0.1)
    assert len(narrow.errors().splitlines()) <= 100

    assert any(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    narrow.stop()
    events = narrow.events()
    rejected = [event for event in events if event.rejected is not None]
    slow = [event for event in events if event.target == b"/slow" and event.rejected is None]
    assert all(event.incomplete is not None and event.status == 408 and event.size == 1 for event in slow)
    assert len(rejected) == 20, "19 of an address in a minute, and one that counts the rest"
    assert sum(event.count for event in rejected) + len(slow) >= 2 * SENDERS
    assert "counts all further ones" in (rejected[-1].rejected or "")


async def test_one_too_many_is_told_and_recorded(tmp_path: Path) -> None:
    """A connection over the cap is answered 503 and leaves a rejected event; a freed place is taken again."""
    with captured(tmp_path, "--max-connections", "1") as capture:
        _, writer = await asyncio.open_connection("127.0.0.1", capture.port)
        await asyncio.sleep(0.1)
        reader, second = await asyncio.open_connection("127.0.0.1", capture.port)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        second.close()
        writer.close()
        await asyncio.sleep(0.1)
        assert await honest(capture.port) == 200
        events = capture.wait_for(2)
    assert [event.rejected for event in events] == ["too many connections at once", None]


async def test_senders_that_never_read_their_answers_lose_their_places(tmp_path: Path) -> None:
    """Every place taken by one that does not read: after the deadline an honest sender is served."""
    answer = f"200 body {'x' * 40_000}"
    with captured(
        tmp_path, "--max-connections", "4", "--body-deadline", "500ms", "--respond", answer
    ) as capture:
        taken = []
        for words in (b"close", b"close", b"keep-alive", b"keep-alive"):
            request = b"GET /deaf HTTP/1.1\r\nHost: a\r\nConnection: " + words + b"\r\n\r\n"
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.connect(("127.0.0.1", capture.port))
            deaf.sendall(b"GET /deaf HTTP/1.1\r\nHost: a\r\n\r\n" * 300 + request)
            taken.append(deaf)
        assert await honest(capture.port) != 200
        began = time.monotonic()
        while await honest(capture.port) != 200:
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.1)
        for deaf in taken:
            deaf.close()


async def test_many_requests_of_a_sender_that_hangs_up_hold_nobody_up(tmp_path: Path) -> None:
    """The first in line are kept one by one, the others as one rejected event."""
    with captured(tmp_path) as capture:
        line = b"GET /in-line HTTP/1.1\r\nHost: a\r\n\r\n"
        with socket.create_connection(("127.0.0.1", capture.port)) as hasty:
            hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            hasty.sendall(line * 1900)
        events = capture.wait_for(18)
        assert await honest(capture.port) == 200
        rejected = [event for event in capture.events() if event.rejected is not None]
        assert [event.rejected for event in rejected] == [
            "the sender hung up before the turn of these requests"
        ]
        raw = capture.raw_head(rejected[0])
        assert raw is not None
        assert raw.startswith(line * 1000)
        assert {event.target for event in events} == {b"/in-line"}
        assert capture.errors() == ""


async def test_senders_that_go_the_moment_their_request_is_there_leave_no_error(tmp_path: Path) -> None:
    """The connection's end and its next request come in one turn of the loop, whichever is first."""
    with captured(tmp_path) as capture:
        first = b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n"
        last = b"GET /gone HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        for number in range(120):
            with socket.create_connection(("127.0.0.1", capture.port)) as gone:
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                gone.sendall(first + last)
                await asyncio.sleep(number % 8 * 0.0005)
        capture.wait_for(240)
        assert capture.errors() == ""
