"""The one way events get into the store: `StoreWriter` turns arrivals into rows, one transaction for many.

`StoreWriter` is synchronous and used by one thread at a time: the process behind `inspector.store.commit`
drives it for the listener, `import` and short edits drive it directly. What it keeps in memory is dropped
whenever another process has committed.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector.core.events import Attempt, Event, InspectorError
from inspector.core.identify import Identified, header_map, identify_request
from inspector.core.senders import NOBODY, Identity
from inspector.core.signatures import Secrets, verdict_words
from inspector.store import order, rows
from inspector.store.arrival import Arrival, look_at
from inspector.store.place import beside, imports_lock, open_writing, seems_cut_short
from inspector.store.shape_rows import Ends, ShapeRows

PIECE = 1024 * 1024
"""Bytes of body in one row; what is larger is stored in pieces of this size."""

_PIECES_AT_ONCE = 2
"""Pieces deleted in one transaction; each takes a few milliseconds."""
_FILES = ("", "-wal", "-shm")
_NOT_RARE = (None,) * 5, (None,) * 2
Stored = tuple[int, bool]
"""Id of a stored event, and whether it waits to be identified in the background."""


class StoreFailed(Exception):
    """An event could not be stored; the text says why in words."""


@dataclass(slots=True)
class _Batch:
    """The rows of the events that one call of `store` inserts."""

    last: int
    """Highest id given out."""
    size: int = 0
    """Bytes of the bodies."""
    stored: list[Stored] = field(default_factory=list)
    events: list[list[Any]] = field(default_factory=list)
    requests: list[tuple[Any, ...]] = field(default_factory=list)
    rare: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = field(default_factory=list)
    """More values of each event and of each request; hardly any event has one."""
    is_common: bool = True
    """None has."""


class StoreWriter:
    """Writes to one store. Not thread-safe: one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open (or create) the store at `path`; raises InspectorError."""
        self.path = path
        self.secrets: Secrets = {}
        """What signatures are checked with. Never written anywhere."""
        self._open()

    def _open(self) -> None:
        self.db = open_writing(self.path)
        self._shapes = ShapeRows(self.db)
        self._paths = {ending: beside(self.path, ending) for ending in _FILES}
        self._files = {ending: self._identity(ending) for ending in _FILES}
        self._size = self.path.stat().st_size
        self._data_version = -1
        self._next_upload: int | None = None

    def close(self) -> None:
        """Close the connection; SQLite folds the WAL back into the file when it was the last one."""
        self.db.close()

    def reopen(self) -> None:
        """Open the file at the path again after a failure, or make it if it is gone; StoreFailed or
        InspectorError.

        A file that lacks its end is left as it is: to open it would fold the WAL into what remains of it.
        """
        self._check_end()
        self._clear_away()
        try:
            self.db.close()
        except sqlite3.Error:
            pass
        self._open()

    def _identity(self, ending: str) -> tuple[int, int] | None:
        """Device and inode of the store, or of the file beside it; None when there is none."""
        try:
            status = self._paths[ending].stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _clear_away(self) -> None:
        """When the store was moved or deleted: fold the WAL into it, wherever it is, and remove what stood
        beside it.

        Readers of that file may still have these open, and a new store must not take them for its own.
        """
        if self.path.exists():
            return
        try:
            busy, frames, folded = self.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            whole = not busy and frames == folded
        except sqlite3.Error:
            whole = False
        for ending in ("-wal", "-shm"):
            path = beside(self.path, ending)
            if self._identity(ending) != self._files[ending]:
                continue
            if whole or ending == "-shm":
                path.unlink(missing_ok=True)
            else:
                path.replace(beside(self.path, f"{ending}.left"))

    def _check_end(self) -> None:
        try:
            size = self._paths[""].stat().st_size
        except OSError:
            return
        if size < self._size and self._identity("") == self._files[""] and seems_cut_short(self.path):
            raise StoreFailed("the store was cut short while it was open. Move what is left of it away")
        self._size = size

    def check_files(self) -> None:
        """Raise StoreFailed if the file at the path is no longer the one that is open, or lacks its end."""
        if any(self._identity(ending) != self._files[ending] for ending in ("", "-wal")):
            raise StoreFailed("the store was deleted or replaced while it was open")
        self._check_end()

    def begin(self) -> None:
        """Start a transaction; what is in memory is dropped if another process has written since the last
        one."""
        self.db.execute("BEGIN IMMEDIATE")
        version = self.db.execute("PRAGMA data_version").fetchone()[0]
        if version != self._data_version:
            self._forget()
            self._data_version = version

    def commit(self) -> None:
        """Make everything since `begin` durable."""
        self.db.execute("COMMIT")

    def rollback(self) -> None:
        """Undo everything since `begin`."""
        self._forget()
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def _forget(self) -> None:
        self._shapes.forget()
        self._next_upload = None

    # -- events

    def add(self, arrivals: Sequence[Arrival], *, identify_all: bool = False) -> list[Event]:
        """Insert events (inside a transaction), identifying the small ones; returns them in the same order.

        With `identify_all` large and compressed bodies are identified at once too, as `import` wants it.
        """
        return self.events([number for number, _ in self.store(arrivals, identify_all=identify_all)])

    def events(self, numbers: Sequence[int]) -> list[Event]:
        """Stored events as they are by now, in the order asked."""
        return rows.events(self.db, numbers)

    def store(self, arrivals: Sequence[Arrival], *, identify_all: bool = False) -> list[Stored]:
        """The same as `add` for who needs no more than ids."""
        batch = _Batch(self.db.execute("SELECT last_id FROM total").fetchone()[0])
        for arrival in arrivals:
            self._place(arrival, batch, identify_all)
        if batch.is_common:
            self.db.executemany(rows.INSERT_COMMON_EVENT, batch.events)
            self.db.executemany(rows.INSERT_COMMON_REQUEST, batch.requests)
        else:
            every = list(zip(batch.events, batch.requests, batch.rare, strict=True))
            self.db.executemany(rows.INSERT_EVENT, [(*event, *more) for event, _, (more, _) in every])
            self.db.executemany(rows.INSERT_REQUEST, [(*request, *more) for _, request, (_, more) in every])
        times = [arrival.received_us for arrival in arrivals] or [0]
        self.db.execute(
            f"UPDATE total SET events = events + ?3, bytes = bytes + ?4, last_id = ?5, {order.NOTE}",
            (max(times), min(times), len(batch.events), batch.size, batch.last),
        )
        self._shapes.flush()
        if identify_all:
            for number, pending in batch.stored:
                if pending:
                    self.identify(number)
        return batch.stored

    def _place(self, arrival: Arrival, batch: _Batch, identify_all: bool) -> None:
        """Work out the rows of one arrival."""
        batch.last = number = batch.last + 1
        request, whole = arrival.request, arrival.incomplete is None and arrival.rejected is None
        known = arrival.known or look_at(arrival, self.secrets, identify_all=identify_all)
        if arrival.upload is not None:
            self._check_pieces(arrival.upload, known.size)
        body = None if request is None or arrival.upload is not None else request.body
        found = known.found
        identity, shape, new = NOBODY, None, False
        if found is not None:
            identity = found.identity
            shape, new = self._shape(found, batch)
            self._shapes.count(shape, number, arrival.received_us)
        batch.size += known.size
        batch.stored.append((number, known.pending))
        # Numbers for what is true or not, and bytes as arrays: sqlite3 looks for an adapter of anything else.
        batch.events.append(
            [
                number,
                arrival.received_us,
                arrival.monotonic_ns,
                None if request is None else request.method,
                None if request is None else bytearray(request.target),
                arrival.remote,
                known.size,
                int(whole),
                *identity,
                shape,
                int(known.pending),
                arrival.status,
                arrival.count,
                int(new),
            ]
        )
        batch.requests.append(
            (
                number,
                "" if request is None else request.version,
                b"" if request is None else bytearray(rows.pack_lines(request)),
                None if body is None else bytearray(body),
                bytearray(known.sha256),
            )
        )
        rare = (
            (arrival.incomplete, arrival.rejected, known.signature, arrival.labels, arrival.forwarded_for),
            (arrival.upload, arrival.raw),
        )
        batch.rare.append(rare)
        if batch.is_common and rare != _NOT_RARE:
            batch.is_common = False

    def _shape(self, found: Identified, batch: _Batch | None = None) -> tuple[int, bool]:
        """The row that counts an event of this identity and shape, and whether its shape is new to its
        type."""
        key = found.identity.sender or "", found.identity.type or ""
        if found.shape is None:
            return self._shapes.bare(key), False
        learnt = self._shapes.collapsed
        row, new = self._shapes.intern(key, found.shape, found.payload)
        if batch is not None and self._shapes.collapsed != learnt:
            # Those of the batch that looked new before the type's keys were found to be data.
            for values in batch.events:
                if (values[8] or "", values[9] or "") == key:
                    values[-1] = 0
        return row, new

    def _first_delivery(self, identity: Identity, number: int) -> int | None:
        """The earlier event with the same delivery id, sender and type, if there is one."""
        if identity.delivery_id is None:
            return None
        delivery = identity.delivery_id, identity.sender, identity.type
        row = self.db.execute(rows.FIRST_DELIVERY, delivery).fetchone()
        return None if row is None or row[0] > number else int(row[0])

    # -- large bodies

    def new_upload(self) -> int:
        """A number for the pieces of one large body; taken as soon as its first piece is stored."""
        if self._next_upload is None:
            top = self.db.execute("SELECT max(id) >> 16 FROM piece").fetchone()[0] or 0
            used = (
                self.db.execute("SELECT max(upload) FROM request WHERE upload IS NOT NULL").fetchone()[0] or 0
            )
            self._next_upload = max(top, used) + 1
        number = self._next_upload
        self._next_upload += 1
        return number

    def add_piece(self, upload: int, number: int, data: bytes) -> None:
        """Store the `number`-th piece (from 0) of a large body, inside a transaction."""
        self.db.execute("INSERT INTO piece (id, bytes) VALUES (?, ?)", (upload << 16 | number, data))

    def _check_pieces(self, upload: int, size: int) -> None:
        """A killed capture process may leave a batch behind whose pieces the next one has swept away."""
        found = self.db.execute(
            "SELECT coalesce(sum(length(bytes)), 0) FROM piece WHERE id >= ? AND id < ?",
            (upload << 16, (upload + 1) << 16),
        ).fetchone()[0]
        if found != size:
            raise LookupError(f"of its body's {size:,} bytes {found:,} are stored")

    def sweep(self) -> int:
        """Delete the pieces of bodies whose event was never stored (left by a kill); returns how many
        bodies.

        While an import runs nothing is deleted, because the events of its pieces are yet to come; one that
        starts later has to wait for this transaction.
        """
        importing = imports_lock(self.path)
        if importing.path.exists():
            if not importing.acquire():
                return 0
            importing.release()
        orphans = self.db.execute(
            "WITH RECURSIVE upload (number) AS (SELECT min(id) >> 16 FROM piece UNION ALL "
            "SELECT (SELECT min(id) >> 16 FROM piece WHERE id >= (upload.number + 1) << 16) "
            "FROM upload WHERE upload.number IS NOT NULL) "
            "SELECT number FROM upload WHERE number IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM request WHERE request.upload = upload.number)"
        ).fetchall()
        for (upload,) in orphans:
            self.drop_upload(upload)
        return len(orphans)

    def drop_upload(self, upload: int) -> None:
        """Delete all pieces of one upload."""
        self.db.execute("DELETE FROM piece WHERE id >= ? AND id < ?", (upload << 16, (upload + 1) << 16))

    def abandon(self, upload: int) -> bool:
        """Delete a few pieces of an upload that no event has; True while there are more."""
        gone = self.db.execute(
            "DELETE FROM piece WHERE id IN (SELECT id FROM piece WHERE id >= ? AND id < ? LIMIT ?) "
            "AND NOT EXISTS (SELECT 1 FROM request WHERE request.upload = ?)",
            (upload << 16, (upload + 1) << 16, _PIECES_AT_ONCE, upload),
        ).rowcount
        return gone == _PIECES_AT_ONCE

    # -- identification in the background

    def pending(self) -> list[int]:
        """Ids of the events that wait to be identified, oldest first."""
        return [row[0] for row in self.db.execute("SELECT id FROM event WHERE pending ORDER BY id")]

    def identify(self, number: int) -> Event | None:
        """Identify a pending event and record it; None if it is gone or was not pending.

        Outside a transaction it reads and decodes first and writes in a short one of its own.
        """
        row = self.db.execute(
            "SELECT received_us, incomplete IS NULL FROM event WHERE id = ? AND pending", (number,)
        ).fetchone()
        if row is None:
            return None
        request = rows.request(self.db, number)
        found, signature = Identified(NOBODY, None), None
        if request is not None:
            found = identify_request(request)
            headers, sender = header_map(request.headers), found.identity.sender
            signature = verdict_words(headers, request.body, self.secrets, row[0], bool(row[1]), sender)
        return rows.event(self.db, number) if self._settle(number, found, signature) else None

    def give_up(self, number: int) -> None:
        """Leave a pending event unidentified for good: it is shown as it is, without a type."""
        self._settle(number, Identified(NOBODY, None))

    def _settle(self, number: int, found: Identified, signature: str | None = None) -> bool:
        """Record what a pending event is, in a transaction of its own unless there is one; False if it was
        not pending."""
        own = not self.db.in_transaction
        if own:
            self.begin()
        try:
            row = self.db.execute(
                "SELECT received_us FROM event WHERE id = ? AND pending", (number,)
            ).fetchone()
            if row is not None:
                identity = found.identity
                shape, new = self._shape(found)
                duplicate = self._first_delivery(identity, number)
                self.db.execute(
                    "UPDATE event SET sender = ?, type = ?, level = ?, message = ?, resource_type = ?, "
                    "resource_id = ?, "
                    "account = ?, delivery_id = ?, shape = ?, new = ?, duplicate_of = ?, "
                    "signature = coalesce(signature, ?), pending = 0 "
                    "WHERE id = ?",
                    (
                        identity.sender,
                        identity.type,
                        identity.level,
                        identity.message,
                        identity.resource_type,
                        identity.resource_id,
                        identity.account,
                        identity.delivery_id,
                        shape,
                        new,
                        duplicate,
                        signature,
                        number,
                    ),
                )
                self._shapes.count(shape, number, row[0])
                self._shapes.flush()
            if own:
                self.commit()
        except BaseException:
            if own:
                self.rollback()
            raise
        return row is not None

    # -- deletion

    def ends_without(self, numbers: Sequence[int]) -> Ends:
        """What `delete` has to look for in the store, looked for outside its transaction."""
        return self._shapes.ends_without(numbers)

    def delete(self, numbers: Sequence[int], ends: Ends | None = None) -> int:
        """Delete events with everything that belongs to them (inside a transaction); counts are subtracted.

        Returns how many there were.
        """
        deleted = size = 0
        uncounted: Counter[int] = Counter()
        for number in numbers:
            row = self.db.execute(
                "DELETE FROM event WHERE id = ? RETURNING shape, size", (number,)
            ).fetchone()
            if row is None:
                continue
            deleted += 1
            size += row[1]
            if row[0] is not None:
                uncounted[row[0]] += 1
            upload = self.db.execute(
                "DELETE FROM request WHERE event = ? RETURNING upload", (number,)
            ).fetchone()
            if upload is not None and upload[0] is not None:
                self.drop_upload(upload[0])
            self.db.execute("DELETE FROM attempt WHERE event = ?", (number,))
            self.db.execute("DELETE FROM note WHERE event = ?", (number,))
        self.db.execute("UPDATE total SET events = events - ?, bytes = bytes - ?", (deleted, size))
        for shape, events in uncounted.items():
            self._shapes.subtract(shape, events, ends)
        if deleted:
            self._forget()
        return deleted

    # -- attempts

    def add_attempt(self, attempt: Attempt) -> int:
        """Keep a replay or forward attempt, and its status with the event (inside a transaction); returns
        its id."""
        cursor = self.db.execute(rows.INSERT_ATTEMPT, rows.attempt_row(attempt))
        self.db.execute("UPDATE event SET sent = ? WHERE id = ?", (attempt.status or 0, attempt.event))
        assert cursor.lastrowid is not None
        return cursor.lastrowid


def write_once(path: Path, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
    """Run a few statements in one short transaction of their own, from any process; raises InspectorError."""
    db = open_writing(path)
    try:
        db.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            db.execute(statement, values)
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise InspectorError(f"could not write to {path}: {error}") from None
    finally:
        db.close()


def now() -> tuple[int, int]:
    """Both clocks: wall clock in microseconds since 1970 (UTC), and the monotonic clock in nanoseconds."""
    return time.time_ns() // 1000, time.monotonic_ns()
