"""The process that writes the store: takes batches of jobs from the capture process, one transaction each.

The WAL is folded into the store while nobody waits (`inspector.store.fold`).

Started by `inspector.store.commit.GroupCommit` as ``python -m inspector.store.commit_process FD STORE
MIN_FREE NARRATE``; it ends when its socket does, so it never outlives a killed capture process, and leaves
signals to that one. After an I/O error the file is opened anew before it is trusted again, and a file that
was deleted or replaced is never written to.
"""

from __future__ import annotations

import gc
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspector.core.events import InspectorError
from inspector.store import narration
from inspector.store.arrival import Arrival
from inspector.store.arrival_codec import ArrivalDecoder
from inspector.store.fold import OVERHEAD, Fold
from inspector.store.frames import Frames, frame
from inspector.store.place import disk_full
from inspector.store.writer import Stored, StoreFailed, StoreWriter

Job = tuple[Any, ...]
"""``event`` and its arrival, or a name in `JOBS` and its values."""
Batch = tuple[float, list[Job]]
"""Jobs, and the moment on the monotonic clock until which they may wait for a lock of another program."""
Result = tuple[bool | None, Any]
"""(True, value), (False, reason it could not be stored) or, at the start, (None, words for the user)."""


def _set_state(writer: StoreWriter, name: str, value: str) -> None:
    writer.db.execute(
        "INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, value),
    )


def _forget_settings(writer: StoreWriter, names: tuple[str, ...]) -> None:
    writer.db.executemany("DELETE FROM setting WHERE name = ?", [(name,) for name in names])


def _set_count(writer: StoreWriter, event: int, count: int) -> None:
    writer.db.execute("UPDATE event SET count = ? WHERE id = ?", (count, event))


def _put_piece(writer: StoreWriter, upload: int | None, number: int, data: bytes) -> int:
    chosen = writer.new_upload() if upload is None else upload
    writer.add_piece(chosen, number, data)
    return chosen


def _note_refused(writer: StoreWriter, events: list[int]) -> None:
    """Note that the senders of events waited too long for them, and were told 503."""
    writer.db.executemany(
        "UPDATE event SET status = 503 WHERE id = ? AND status NOT NULL", [(number,) for number in events]
    )


def _probe(writer: StoreWriter) -> None:
    _set_state(writer, "probe", str(time.time_ns()))


JOBS: dict[str, Callable[..., object]] = {
    "piece": _put_piece,
    "state": _set_state,
    "forget": _forget_settings,
    "count": _set_count,
    "refused": _note_refused,
    "sweep": StoreWriter.sweep,
    "abandon": StoreWriter.abandon,
    "pending": StoreWriter.pending,
    "probe": _probe,
}
"""What may be asked for besides ``event``, by name; each gets the writer and the values, inside the
transaction."""


_BUSY_MS = 100
"""How long SQLite waits for a lock before it is asked again."""
LOCKED = "another program holds the store's write lock"
_TAKES_SPACE = {"event", "piece", "probe"}
_NOT_THE_DISK = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Locked(Exception):
    """Another program holds a lock for longer than the batch may wait; the store itself is sound."""


class _Server:
    def __init__(self, link: socket.socket, path: Path, min_free: int, narrate: str) -> None:
        self._link = link
        self._path = path
        self._min_free = min_free
        self._narrate = narration.LINES.get(narrate)
        self._writer = StoreWriter(path)
        self._due = 0.0
        self._fold = self._opened()
        self._broken = False
        self._full: str | None = None
        self._checked = 0.0
        self._trouble: str | None = None
        self._frames = Frames(link)
        self._decoder = ArrivalDecoder()

    def serve(self) -> None:
        """Take the secrets for signatures, then work until the other side closes."""
        self.send(([(True, None)], [], None, [], []))
        self._writer.secrets = self._frames.next() or {}
        while (batch := self._frames.next()) is not None:
            self._due, jobs = batch
            results, stored = self._write([self._heard(job) for job in jobs])
            lines, fresh = self._lines(stored)
            self.send((results, lines, self._trouble, stored, fresh))
            self._fold.rest()
        self._fold.close()
        self._writer.close()

    def _heard(self, job: Job) -> Job:
        return ("event", self._decoder.decode(job[1])) if job[0] == "event" else job

    def _opened(self) -> Fold:
        """What folds the WAL of the store that was opened; waiting for locks is done here, in short steps."""
        self._writer.db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        return Fold(self._path, self._writer.db)

    def send(self, message: Any) -> None:
        """Send one frame."""
        self._link.sendall(frame(message))

    def _lines(self, stored: list[Stored]) -> tuple[list[str], list[int]]:
        """A line for each event, and the ids of those whose shape is new; none where nobody reads them."""
        if self._narrate is None or not stored:
            return [], []
        try:
            events = self._writer.events([number for number, _ in stored])
        except sqlite3.Error:
            return [], []
        return [self._narrate(event) for event in events], [event.id for event in events if event.new]

    def _write(self, jobs: list[Job]) -> tuple[list[Result], list[Stored]]:
        """Do the jobs in one transaction; each has a result, those of the events are also returned apart."""
        try:
            self._ready()
            done = self._transaction(jobs) if self._full is None else self._without_space(jobs, self._full)
        except _NOT_THE_DISK as error:
            # One of the jobs is to blame. Each gets its own transaction, so that only that one fails.
            if len(jobs) == 1:
                print(
                    f"a job could not be written ({type(error).__name__}: {error})",
                    file=sys.stderr,
                    flush=True,
                )
                return [(False, f"it could not be written ({type(error).__name__})")], []
            results: list[Result] = []
            stored: list[Stored] = []
            for job in jobs:
                one, events = self._write([job])
                results += one
                stored += events
            return results, stored
        except _Locked:
            self._trouble = LOCKED
            return [(False, LOCKED)] * len(jobs), []
        except (StoreFailed, InspectorError, sqlite3.Error, OSError, MemoryError) as error:
            self._broken = True
            self._trouble = _reason(error)
            return [(False, self._trouble)] * len(jobs), []
        self._trouble = self._full
        return done

    def _begin(self) -> None:
        """Begin a transaction, once no other program holds a lock any more: an import, or a user's own."""
        while True:
            try:
                self._writer.begin()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                if time.monotonic() > self._due:
                    raise _Locked from None
            else:
                return

    def _ready(self) -> None:
        if self._broken:
            self._fold.close()
            self._writer.reopen()
            self._fold = self._opened()
            self._broken = False
        self._writer.check_files()
        moment = time.monotonic()
        if moment - self._checked > 0.25:
            self._checked = moment
            self._full = disk_full(self._path, self._min_free)

    def _without_space(self, jobs: list[Job], reason: str) -> tuple[list[Result], list[Stored]]:
        """Do only what takes no room; the reserve on the disk is there so that this still works."""
        done, _ = self._transaction([job for job in jobs if job[0] not in _TAKES_SPACE])
        small = iter(done)
        return [(False, reason) if job[0] in _TAKES_SPACE else next(small) for job in jobs], []

    def _transaction(self, jobs: list[Job]) -> tuple[list[Result], list[Stored]]:
        writer = self._writer
        try:
            self._begin()
            arrivals: list[Arrival] = [job[1] for job in jobs if job[0] == "event"]
            size = sum(
                [OVERHEAD if one.request is None else OVERHEAD + len(one.request.body) for one in arrivals]
            )
            size += sum([len(job[3]) if job[0] == "piece" else OVERHEAD for job in jobs if job[0] != "event"])
            stored = writer.store(arrivals) if arrivals else []
            events = iter(stored)
            results: list[Result] = [
                (True, next(events) if job[0] == "event" else JOBS[job[0]](writer, *job[1:])) for job in jobs
            ]
            writer.commit()
            # What was written into a file that had just been deleted is not stored.
            writer.check_files()
        except BaseException:
            try:
                writer.rollback()
            except sqlite3.Error:
                self._broken = True
            raise
        self._fold.wrote(size)
        return results, stored


def _reason(error: BaseException) -> str:
    if isinstance(error, StoreFailed | InspectorError):
        return str(error)
    text = str(error)
    if "disk is full" in text or "No space" in text:
        return "the disk is full"
    if "locked" in text:
        return LOCKED
    if "readonly" in text:
        return "the store is read-only"
    return f"writing to the store failed: {text}"


def main() -> int:
    """Serve the socket whose descriptor is the first word."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    descriptor, path, min_free, narrate = sys.argv[1:5]
    link = socket.socket(fileno=int(descriptor))
    try:
        server = _Server(link, Path(path), int(min_free), narrate)
    except InspectorError as error:
        link.sendall(frame(([(None, str(error))], [], None, [], [])))
        return 2
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        server.serve()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the capture process is gone, and nobody waits for the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
