"""What fails inside the capture process is told and begun again; no sender gets a 2xx or a traceback for it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from inspector.capture.background import Background
from inspector.capture.limits import Limits
from inspector.capture.listener import Listener
from inspector.capture.supervise import supervised
from inspector.store.commit import GroupCommit
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.processes import soon
from tests.store.arrivals import arrival


async def test_work_that_fails_is_begun_again_and_told() -> None:
    told: list[str] = []
    begun: list[float] = []

    async def work() -> None:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) < 4:
            raise ZeroDivisionError(f"number {len(begun)}")

    await asyncio.wait_for(supervised("counting", work, told.append, pause=0.01), 20)
    assert told == [
        "counting failed (ZeroDivisionError: number 1); begun again in 0.01 s",
        "counting failed (ZeroDivisionError: number 2); begun again in 0.02 s",
        "counting failed (ZeroDivisionError: number 3); begun again in 0.04 s",
    ]
    assert begun[3] - begun[0] > 0.06


async def test_supervised_work_can_be_ended() -> None:
    task = asyncio.create_task(supervised("waiting", asyncio.Event().wait, print))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def ask(port: int) -> bytes:
    """Post something and read the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_handler_that_fails_answers_503_and_the_next_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    commit = GroupCommit(tmp_path / "events.db")
    await commit.open()
    listener = Listener(commit, Limits(), told.append)
    listener.start()
    runner = web.ServerRunner(listener.server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        with monkeypatch.context() as patch:

            def fail(*given: object) -> None:
                raise RuntimeError("no such thing\x1b[31m")

            patch.setattr(commit, "put", fail)
            assert (await ask(port)).startswith(b"HTTP/1.1 503 ")
            assert len(told) == 1
            assert told[0].startswith("a request could not be handled (RuntimeError: no such thing")
        assert (await ask(port)).startswith(b"HTTP/1.1 200 ")
    finally:
        await listener.stop(1)
        await runner.cleanup()
        await commit.close()


async def test_the_watch_over_deadlines_goes_on_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    commit = GroupCommit(tmp_path / "events.db")
    await commit.open()
    listener = Listener(commit, Limits(head_deadline=0.1), told.append)
    calls: list[float] = []

    def flush(moment: float) -> None:
        calls.append(moment)
        if len(calls) == 1:
            raise KeyError("gone")

    monkeypatch.setattr(listener.refused, "flush", flush)
    listener.start()
    try:
        await soon(lambda: len(calls) > 2)
        assert len(told) == 1
        assert told[0].startswith("the watch over deadlines failed (KeyError: 'gone')")
    finally:
        monkeypatch.undo()
        await listener.stop(1)
        await commit.close()


async def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without descriptors nothing can be identified; the event is not forgotten."""
    path = tmp_path / "events.db"
    commit = GroupCommit(path)
    await commit.open()
    number, pending = await commit.put(arrival(body=b'{"type":"large","x":"' + b"y" * 100_000 + b'"}'))
    assert pending
    told: list[str] = []
    identified: list[dict[str, object]] = []
    background = Background(path, identified.append, told.append)
    start = Background._start
    failures = 1

    async def fail_once(self: Background) -> asyncio.subprocess.Process:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(24, "too many open files")
        return await start(self)

    monkeypatch.setattr(Background, "_start", fail_once)
    try:
        background.add(number)
        await soon(lambda: identified, 20)
        assert identified[0]["type"] == "large"
        assert len(told) == 1
        assert "too many open files" in told[0]
    finally:
        await background.close()
        await commit.close()
    with Reader(path) as reader:
        event = reader.event(number)
        assert event is not None
        assert event.type == "large"


def test_a_process_that_identifies_ends_quietly_when_nobody_waits_for_its_answer(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    with closing(StoreWriter(store)):
        pass
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "inspector.capture.background", str(store)],
            input=b"{}\n1\n2\n",
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=30,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")
