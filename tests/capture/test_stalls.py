"""Nothing a sender sends keeps the others waiting, and many large bodies at once keep the memory small."""

from __future__ import annotations

import asyncio
import gzip
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.capture.conftest import CaptureProcess

WORST_S = 0.25
LEAST = 40
"""Honest senders that there are at least."""
HONEST = b"POST /honest HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
UPLOADS = 60
UPLOAD_BYTES = int(os.environ.get("INSPECTOR_TEST_UPLOAD_MB", "5")) * 1_000_000
"""Bytes of each of the uploads; 20 MB each is the full size of the test."""
PEAK_MB = 200


async def post(port: int, *pieces: bytes, headers: bytes = b"") -> bytes:
    """Send one request with a body of these pieces; returns the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = (
        b"" if headers.startswith(b"Transfer-Encoding") else b"Content-Length: %d\r\n" % sum(map(len, pieces))
    )
    writer.write(b"POST /hostile HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + length + headers + b"\r\n")
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def without_a_core(processes: list[int]) -> list[float]:
    """For each of these processes, the seconds in which it wanted to run and the system had given every core to
    others; nothing where it does not tell.

    Of its main thread, which is the one that senders wait for.
    """
    try:
        told = [Path(f"/proc/{process}/schedstat").read_text().split() for process in processes]
    except OSError:
        return []
    return [int(waited) / 1e9 for _, waited, _ in told]


async def honest(port: int, seconds: list[float], needed: list[int]) -> None:
    """One honest sender on a connection of its own; how long it waited goes to `seconds`.

    Less the longest time that one of those who are `needed` for its answer, the sender among them, was without a
    core meanwhile: on a machine with other work that is not the listener's doing.
    """
    before = without_a_core(needed)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HONEST)
    answer = await reader.read()
    waited = time.perf_counter() - began
    after = without_a_core(needed)
    seconds.append(waited - max((end - start for start, end in zip(before, after, strict=True)), default=0))
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")


async def honest_senders(capture: CaptureProcess, seconds: list[float], stop: asyncio.Event) -> None:
    """An honest sender every 10 ms, whether or not the one before is done."""
    needed = [os.getpid(), *capture.writing()]
    sent = 0
    async with asyncio.TaskGroup() as senders:
        while sent < LEAST or not stop.is_set():
            senders.create_task(honest(capture.port, seconds, needed))
            sent += 1
            await asyncio.sleep(0.01)


JSON = b"Content-Type: application/json\r\n"
GZIP = b"Content-Encoding: gzip\r\n" + JSON


def gzip_bomb() -> tuple[list[bytes], bytes]:
    """1 GiB of zeros in 1 MB."""
    return [gzip.compress(bytes(32 * 1024 * 1024), mtime=0) * 32], GZIP


def empty_members() -> tuple[list[bytes], bytes]:
    """60,000 gzip members that hold nothing."""
    return [gzip.compress(b"", mtime=0) * 60_000], GZIP


def one_byte_chunks() -> tuple[list[bytes], bytes]:
    """250,000 chunks of one byte."""
    return [b"1\r\nx\r\n" * 250_000 + b"0\r\n\r\n"], b"Transfer-Encoding: chunked\r\n"


def large_body() -> tuple[list[bytes], bytes]:
    """25 MB of JSON."""
    return [b"[" + b'"%s",' % (b"x" * 94) * 249_999 + b"1]"], JSON


def deep_json() -> tuple[list[bytes], bytes]:
    """Arrays 100,000 deep."""
    return [b"[" * 100_000 + b"]" * 100_000], JSON


def many_keys() -> tuple[list[bytes], bytes]:
    """An object of 1,000,000 keys."""
    return [b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}"], JSON


def long_head() -> tuple[list[bytes], bytes]:
    """No body, and as many header lines as are allowed."""
    return [b""], b"".join(b"X-%d: %s\r\n" % (number, b"x" * 200) for number in range(990))


HOSTILE = [gzip_bomb, empty_members, one_byte_chunks, large_body, deep_json, many_keys, long_head]


@pytest.mark.alone
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.__name__)
async def test_honest_senders_do_not_wait(
    capture: CaptureProcess, hostile: Callable[[], tuple[list[bytes], bytes]]
) -> None:
    """Honest senders hardly wait while a hostile body arrives and is identified."""
    pieces, headers = hostile()
    seconds: list[float] = []
    stop = asyncio.Event()
    await honest(capture.port, [], [])
    senders = asyncio.create_task(honest_senders(capture, seconds, stop))
    await asyncio.sleep(0.1)
    answer = await post(capture.port, *pieces, headers=headers)
    await asyncio.sleep(0.5)
    stop.set()
    await senders
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert max(seconds) < WORST_S
    assert capture.errors() == ""
    hostile_events = [event for event in capture.events() if event.target == b"/hostile"]
    assert [event.complete for event in hostile_events] == [True]


async def test_many_uploads_at_once_stay_small(capture: CaptureProcess) -> None:
    """60 large bodies at once are stored whole, in little memory, while honest senders go on."""
    body = b"x" * 1_000_000
    seconds: list[float] = []
    stop = asyncio.Event()
    senders = asyncio.create_task(honest_senders(capture, seconds, stop))
    pieces = [body] * (UPLOAD_BYTES // len(body))
    answers = await asyncio.gather(*[post(capture.port, *pieces) for _ in range(UPLOADS)])
    stop.set()
    await senders
    assert {answer[:13] for answer in answers} == {b"HTTP/1.1 200 "}
    uploads = [event for event in capture.events() if event.target == b"/hostile"]
    assert [(event.size, event.complete) for event in uploads] == [(UPLOAD_BYTES, True)] * UPLOADS
    peaks = [peak_mb(process) for process in capture.writing()]
    assert sum(peaks) < PEAK_MB


async def test_bodies_that_wait_for_a_disk_that_hangs_stay_small(capture: CaptureProcess) -> None:
    """What has come whole and waits to be stored counts, and so does what aiohttp holds for its reader."""
    listener, writer = capture.writing()
    await post(capture.port, b"{}")
    before = peak_mb(listener)
    os.kill(writer, signal.SIGSTOP)
    try:
        body = [b"x" * 900_000]
        uploads = [asyncio.create_task(post(capture.port, *body)) for _ in range(250)]
        await asyncio.sleep(2.5)
        grown = peak_mb(listener) - before
    finally:
        os.kill(writer, signal.SIGKILL)
    answers = await asyncio.gather(*uploads)
    assert {answer[9:12] for answer in answers} <= {b"200", b"503"}
    assert 24 < grown < 24 + 250 * 0.25


async def test_long_heads_that_wait_for_the_disk_stay_small(capture: CaptureProcess) -> None:
    """They count as bodies do, and are let go of once they are stored, though their connections stay open."""
    listener, writer = capture.writing()
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(240))
    os.kill(writer, signal.SIGSTOP)
    try:
        requests = [asyncio.create_task(post(capture.port, b"{}", headers=lines)) for _ in range(200)]
        await asyncio.sleep(1)
    finally:
        os.kill(writer, signal.SIGCONT)
    answers = await asyncio.gather(*requests)
    assert {answer[9:12] for answer in answers} <= {b"200", b"503"}
    assert peak_mb(listener) < 150
    assert peak_mb(writer) < 100


def peak_mb(process: int) -> float:
    """Largest resident memory a process has had, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6
