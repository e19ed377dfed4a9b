"""The process that writes the store, and the listener's side of it: batches, failures, restarts, the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from inspector.core.events import InspectorError
from inspector.store.arrival import Arrival
from inspector.store.commit import MAX_QUEUE, WAIT_S, GroupCommit
from inspector.store.commit_process import LOCKED
from inspector.store.reader import Reader
from inspector.store.writer import StoreFailed, StoreWriter
from tests.processes import is_running, soon
from tests.store.arrivals import anchore, arrival, check_counts


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[GroupCommit]:
    """A group commit that is closed at the end."""
    commit = GroupCommit(path, **options)
    await commit.open()
    try:
        yield commit
    finally:
        await commit.close()


async def test_what_is_put_is_durable_and_told(path: Path) -> None:
    told: list[tuple[int, bool]] = []
    lines: list[str] = []
    async with opened(path, narrate="json", on_stored=told.extend, on_lines=lines.extend) as commit:
        stored = await asyncio.gather(*[commit.put(anchore("e", {"n": n})) for n in range(300)])
        pid = commit.pid
        with Reader(path) as reader:
            assert reader.last_id() == 300
        assert stored == told == [(n, False) for n in range(1, 301)]
        assert commit.stored == 300
        assert len(lines) == 300
        assert '"kind": "event"' in lines[0]
    assert pid is not None
    assert not is_running(pid)
    writer = StoreWriter(path)
    check_counts(writer)
    writer.close()


async def test_a_large_body_goes_in_pieces(path: Path) -> None:
    async with opened(path) as commit:
        upload = await commit.put_piece(None, 0, b"a" * 1_000_000)
        assert await commit.put_piece(upload, 1, b"b" * 10) == upload
        whole = arrival(body=b"", upload=upload, size=1_000_010, sha256=b"s" * 32)
        number, pending = await commit.put(whole)
        assert pending
        assert await commit.run("pending") == [number]
        other = await commit.put_piece(None, 0, b"left")
        assert other != upload
        assert await commit.run("sweep") == 1
    with Reader(path) as reader:
        request = reader.request(number)
        assert request is not None
        assert request.body == b"a" * 1_000_000 + b"b" * 10


async def test_one_job_that_cannot_be_written_costs_no_other(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with opened(path) as commit:
        bad = arrival(body=b"", upload=77, size=5, sha256=b"s" * 32)
        too_large = Arrival(None, "x", 2**70, 0, rejected="no such time")
        results = await asyncio.gather(
            *[commit.put(one) for one in (arrival({}), bad, arrival({}), too_large, arrival({}))],
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [tuple, StoreFailed, tuple, StoreFailed, tuple]
        assert commit.trouble is None
    with Reader(path) as reader:
        assert len(reader.ids()) == 3
    assert "a job could not be written" in capfd.readouterr().err


async def test_a_full_disk_stops_events_and_nothing_else(path: Path) -> None:
    troubles: list[str | None] = []
    async with opened(path, min_free=10**18, on_trouble=troubles.append) as commit:
        results = await asyncio.gather(
            commit.put(arrival({})),
            commit.run("state", "trouble", '"full"'),
            commit.put_piece(None, 0, b"x"),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [StoreFailed, type(None), StoreFailed]
        assert "must stay free" in str(results[0])
    assert len(troubles) == 1
    with Reader(path) as reader:
        assert reader.state("trouble") == "full"
        assert reader.last_id() == 0


async def test_the_end_of_a_trouble_is_noticed_without_an_event(path: Path) -> None:
    troubles: list[str | None] = []
    async with opened(path, on_trouble=troubles.append) as commit:
        await commit.put(arrival({}))
        path.rename(path.with_name("moved.db"))
        with pytest.raises(StoreFailed, match="deleted or replaced"):
            await commit.put(arrival({}))
        await soon(lambda: troubles and troubles[-1] is None)
        assert await commit.put(arrival({})) == (1, False)
    assert [text is None for text in troubles] == [False, True]


async def test_a_writing_process_that_dies_is_replaced(path: Path) -> None:
    async with opened(path) as commit:
        await commit.put(arrival({}))
        first = commit.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        waiting = [asyncio.ensure_future(commit.put(arrival({}))) for _ in range(600)]
        await asyncio.sleep(0.05)
        os.kill(first, signal.SIGKILL)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in results} == {StoreFailed}
        with pytest.raises(StoreFailed, match="started again"):
            await commit.put(arrival({}))
        await soon(lambda: commit.trouble is None)
        number, _ = await commit.put(arrival({}))
        assert commit.pid != first
    with Reader(path) as reader:
        assert list(reader.ids()) == [*range(1, number + 1)]


async def test_a_disk_that_cannot_keep_up_is_told_at_once(path: Path) -> None:
    async with opened(path) as commit:
        assert commit.pid is not None
        os.kill(commit.pid, signal.SIGSTOP)
        waiting = [asyncio.ensure_future(commit.run("pending")) for _ in range(600)]
        await asyncio.sleep(0.05)  # two batches are with the process now, the rest is queued
        waiting += [asyncio.ensure_future(commit.run("pending")) for _ in range(MAX_QUEUE)]
        await asyncio.sleep(0)
        with pytest.raises(StoreFailed, match="cannot keep up"):
            await commit.put(arrival({}))
        os.kill(commit.pid, signal.SIGCONT)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert sum(result == [] for result in results) >= MAX_QUEUE
        await commit.put(arrival({}))


async def test_a_disk_that_hangs_is_told_in_time_and_what_it_wrote_says_so(path: Path) -> None:
    troubles: list[str | None] = []
    async with opened(path, on_trouble=troubles.append) as commit:
        await commit.put(arrival({}))
        assert commit.pid is not None
        os.kill(commit.pid, signal.SIGSTOP)
        commit._patience = 0.3
        waiting = [asyncio.ensure_future(commit.put(arrival({"n": n}))) for n in range(600)]
        waiting.append(asyncio.ensure_future(commit.put_piece(None, 0, b"x" * 100_000)))
        async with asyncio.timeout(2):
            results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {str(result) for result in results} == {"the disk does not answer"}
        with pytest.raises(StoreFailed, match="does not answer"):
            await commit.put(arrival({}))
        os.kill(commit.pid, signal.SIGCONT)
        await soon(lambda: commit.trouble is None and not commit._sent)
        assert commit.held == 0
        assert await commit.run("sweep") == 0  # of the body that was given up nothing is left
        last, _ = await commit.put(arrival({}))
    assert troubles == ["the disk does not answer", None]
    with Reader(path) as reader:
        stored = reader.events(reader.ids())
        assert [event.status for event in stored] == [200, *[503] * (last - 2), 200]
        assert 0 < last - 2 <= 600


async def test_its_end_is_in_time_and_says_whether_all_was_written(path: Path) -> None:
    for hangs in (False, True):
        commit = GroupCommit(path)
        await commit.open()
        pid = commit.pid
        assert pid is not None
        if hangs:
            os.kill(pid, signal.SIGSTOP)
        waiting = asyncio.ensure_future(commit.put(arrival({})))
        await asyncio.sleep(0)
        async with asyncio.timeout(2):
            assert await commit.close(0.2) is not hangs
        assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], StoreFailed) is hangs
        assert not is_running(pid)


async def test_a_lock_of_another_program_costs_no_more_than_what_it_holds_up(path: Path) -> None:
    """Who comes while it is held waits for his own time only, and not for that of those before him."""
    async with opened(path) as commit:
        await commit.put(arrival({}))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = asyncio.get_running_loop().time()
            waiting = []
            for _ in range(8):
                waiting.append(asyncio.ensure_future(commit.put(arrival({}))))
                await asyncio.sleep(0.05)
            results = await asyncio.gather(*waiting, return_exceptions=True)
            took = asyncio.get_running_loop().time() - began
            assert {str(result) for result in results} == {LOCKED}
            assert WAIT_S <= took < WAIT_S + 1
            other.execute("ROLLBACK")
        assert (await commit.put(arrival({})))[0] == 2


async def test_a_store_that_cannot_be_opened_is_told_in_words(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    commit = GroupCommit(path)
    with pytest.raises(InspectorError, match="is no store"):
        await commit.open()
    assert commit.pid is None
    assert path.read_bytes() == b"no database at all" * 100


async def test_it_ends_with_the_process_that_started_it(path: Path) -> None:
    async with opened(path) as commit:
        pid = commit.pid
        assert pid is not None
        assert commit._link is not None
        commit._closing = True
        commit._link.close()
        await soon(
            lambda: not is_running(pid) or commit._process is None or commit._process.poll() is not None
        )
