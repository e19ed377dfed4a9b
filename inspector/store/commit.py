"""Group commit: one thread writes what many connections bring, many events to a transaction, and answers after COMMIT.

An awaited `put` returns once the event is on disk (WAL, ``synchronous=FULL``) or raises `StoreFailed`. What went wrong is
kept in `trouble` until a commit succeeds again; after an I/O error the file is opened anew before it is trusted.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspector.core.events import Event, InspectorError
from inspector.store.writer import Arrival, StoreFailed, StoreWriter

MAX_BATCH = 256
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_QUEUE = 2000
"""Events that may wait for the disk; beyond, senders are told 503 at once."""
MIN_FREE = 200_000_000
"""Bytes that must stay free on the disk; below, nothing more is stored."""


@dataclass(slots=True)
class _Piece:
    """A piece of a large body: `upload` None asks for a number first."""

    upload: int | None
    number: int
    data: bytes


_Job = Arrival | _Piece | Callable[[StoreWriter], object]
_Queued = tuple[_Job, "asyncio.Future[object]"]


class GroupCommit:
    """Owns the writing thread of one store. Made and used in one event loop; `close` ends the thread."""

    def __init__(
        self,
        path: Path,
        *,
        min_free: int = MIN_FREE,
        on_events: Callable[[list[Event]], None] | None = None,
        on_trouble: Callable[[str | None], None] | None = None,
    ) -> None:
        """Open the store (InspectorError if that fails). `on_events` is called in the writing thread with what has just
        become durable; `on_trouble` in the event loop when storing starts to fail (with the reason) or works again."""
        self.path = path
        self.min_free = min_free
        self.trouble: str | None = None
        self.stored = 0
        self._on_events = on_events
        self._on_trouble = on_trouble
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._waiting = 0
        self._writer = StoreWriter(path)
        self._broken = False
        self._free_checked = 0.0
        self._full: str | None = None
        self._thread = self._start()

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        thread.start()
        return thread

    # -- in the event loop

    async def put(self, arrival: Arrival) -> Event:
        """Store one event; returns it once it is durable, raises StoreFailed with the reason otherwise."""
        return await self._enqueue(arrival)  # type: ignore[return-value]

    async def put_piece(self, upload: int | None, number: int, data: bytes) -> int:
        """Store one piece of a large body durably; returns the upload's number (a new one for `upload` None)."""
        return await self._enqueue(_Piece(upload, number, data))  # type: ignore[return-value]

    async def run(self, job: Callable[[StoreWriter], object]) -> object:
        """Run `job` with the writer inside a transaction of its group, and return its result once that is durable."""
        return await self._enqueue(job)

    async def _enqueue(self, job: _Job) -> object:
        if self._waiting >= MAX_QUEUE:
            raise StoreFailed("the disk cannot keep up")
        if not self._thread.is_alive():
            self._thread = self._start()
        future: asyncio.Future[object] = self._loop.create_future()
        self._waiting += 1
        try:
            self._queue.put((job, future))
            return await future
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Write what is queued, end the thread and close the store."""
        self._queue.put(None)
        while self._thread.is_alive():
            await asyncio.sleep(0.005)
        self._writer.close()

    # -- in the thread

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            size = _bytes_of(first[0])
            last = False
            while len(batch) < MAX_BATCH and size < MAX_BATCH_BYTES:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                batch.append(more)
                size += _bytes_of(more[0])
            self._write(batch)
            if last:
                return

    def _write(self, batch: list[_Queued]) -> None:
        try:
            self._ready()
            results = self._transaction([job for job, _ in batch])
        except (StoreFailed, InspectorError, sqlite3.Error, OSError, MemoryError) as error:
            reason = _reason(error)
            self._broken = True
            self._deliver([(future, StoreFailed(reason)) for _, future in batch], reason)
        except Exception as error:
            # Not the disk's fault: one of the jobs is. Each gets its own transaction, so that only that one fails.
            self._undo()
            if len(batch) == 1:
                reason = f"it could not be written ({type(error).__name__})"
                self._deliver([(batch[0][1], StoreFailed(reason))], self.trouble)
            else:
                for one in batch:
                    self._write([one])
        else:
            self._deliver(list(zip([future for _, future in batch], results, strict=True)), None)

    def _ready(self) -> None:
        if self._broken:
            self._writer.reopen()
            self._broken = False
        self._writer.check_files()
        now = time.monotonic()
        if now - self._free_checked > 0.25:
            self._free_checked = now
            self._full = disk_full(self.path, self.min_free)
        if self._full is not None:
            raise StoreFailed(self._full)

    def _transaction(self, jobs: list[_Job]) -> list[object]:
        writer = self._writer
        writer.begin()
        try:
            arrivals = [job for job in jobs if isinstance(job, Arrival)]
            events = writer.add(arrivals) if arrivals else []
            results: list[object] = []
            stored = iter(events)
            for job in jobs:
                if isinstance(job, Arrival):
                    results.append(next(stored))
                elif isinstance(job, _Piece):
                    upload = writer.new_upload() if job.upload is None else job.upload
                    writer.add_piece(upload, job.number, job.data)
                    results.append(upload)
                else:
                    results.append(job(writer))
            writer.commit()
        except BaseException:
            self._undo()
            raise
        self.stored += len(events)
        if events and self._on_events is not None:
            self._on_events(events)
        return results

    def _undo(self) -> None:
        try:
            self._writer.rollback()
        except sqlite3.Error:
            self._broken = True

    def _deliver(self, results: list[tuple[asyncio.Future[object], object]], trouble: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, results, trouble)
        except RuntimeError:
            pass  # the loop is closed: nobody waits for the answer any more

    def _resolve(self, results: list[tuple[asyncio.Future[object], object]], trouble: str | None) -> None:
        for future, result in results:
            if future.done():
                continue
            if isinstance(result, StoreFailed):
                future.set_exception(result)
            else:
                future.set_result(result)
        if trouble != self.trouble:
            self.trouble = trouble
            if self._on_trouble is not None:
                self._on_trouble(trouble)


def _bytes_of(job: _Job) -> int:
    if isinstance(job, Arrival):
        return 0 if job.request is None else len(job.request.body)
    return len(job.data) if isinstance(job, _Piece) else 0


def _reason(error: BaseException) -> str:
    if isinstance(error, StoreFailed | InspectorError):
        return str(error)
    text = str(error)
    if "disk is full" in text or "No space" in text:
        return "the disk is full"
    if "locked" in text:
        return "another program holds the store's write lock"
    if "readonly" in text:
        return "the store is read-only"
    return f"writing to the store failed: {text}"


def disk_full(path: Path, min_free: int = MIN_FREE) -> str | None:
    """A sentence when the disk of `path` has less than `min_free` bytes left, else None."""
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return None
    free = status.f_bavail * status.f_frsize
    if free >= min_free:
        return None
    return f"the disk is full: {free / 1e6:,.0f} MB free, {min_free / 1e6:,.0f} MB must stay free"
