"""A flood of stalled senders, with few descriptors: honest ones are served again, and all comes back."""

from __future__ import annotations

import asyncio
import resource
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
