"""The one way events get into the store: `StoreWriter` turns arrivals into rows, one transaction for many.

`StoreWriter` is synchronous and used by one thread at a time: the capture process drives it from the group-commit thread
(`inspector.store.commit`), `import` drives it directly. Its caches are dropped whenever another process has committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inspector.core.collapse import Collapse, collapse_each, find_collapses
from inspector.core.events import Attempt, Event, InspectorError, Request
from inspector.core.identify import Identified, header_map, identify, is_quick
from inspector.core.payload import show_path
from inspector.core.senders import NOBODY, Identity
from inspector.core.shapes import Shape, from_json, shape_hash, to_json
from inspector.store import rows
from inspector.store.place import beside, open_writing

PIECE = 1024 * 1024
"""Bytes of body in one row; what is larger is stored in pieces of this size."""

_MAX_TYPES = 2000
_MAX_IDS = 20_000
_MAX_INTERNED = 500
_MAX_VARIANTS = 2000
"""Bounds of what is kept in memory, so that a sender of ever new types or shapes costs disk only."""


class StoreFailed(Exception):
    """An event could not be stored; the text says why in words."""


@dataclass(slots=True)
class Arrival:
    """A request on its way into the store, with all that is known before it is identified."""

    request: Request | None
    """None for a rejected request of which nothing could be read."""
    remote: str
    received_us: int
    monotonic_ns: int
    status: int | None = 200
    incomplete: str | None = None
    rejected: str | None = None
    raw: bytes | None = None
    """The raw head of a rejected request, at most 64 KiB."""
    upload: int | None = None
    """Number under which the body's pieces were stored; `request.body` is empty then."""
    size: int = 0
    """Bytes of body in pieces (with `upload`)."""
    sha256: bytes = b""
    """Digest over the pieces (with `upload`)."""
    count: int = 1


@dataclass(slots=True)
class _Tally:
    """What one transaction adds to a variant."""

    count: int
    first: tuple[int, int]
    """Id and time of the first event."""
    last: tuple[int, int]


@dataclass(slots=True)
class _TypeKnowledge:
    """What is kept in memory of one (sender, type): its collapses, and the shapes it has shown."""

    collapses: list[Collapse]
    shapes: dict[int, Shape] = field(default_factory=dict)
    """Variants by their id; complete below `_MAX_VARIANTS` of them."""
    interned: dict[Shape, tuple[int, str]] = field(default_factory=dict)
    """Raw shape, as computed, to the id and the hash of the collapsed shape it is stored under."""


class StoreWriter:
    """Writes to one store. Not thread-safe: one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open (or create) the store at `path`; raises InspectorError."""
        self.path = path
        self.db = open_writing(path)
        self._files = self._identity()
        self._types: dict[tuple[str, str], _TypeKnowledge] = {}
        self._ids: dict[str, int] = {}
        self._tallies: dict[tuple[str, str, int], _Tally] = {}
        self._data_version = -1
        self._next_upload: int | None = None

    def close(self) -> None:
        """Close the connection; SQLite folds the WAL back into the file when it was the last one."""
        self.db.close()

    def reopen(self) -> None:
        """Open the file at the path again: after an I/O error, or when it was replaced."""
        try:
            self.db.close()
        except sqlite3.Error:
            pass
        self.db = open_writing(self.path)
        self._files = self._identity()
        self._forget()
        self._next_upload = None

    def _identity(self) -> tuple[tuple[int, int], ...]:
        """Device and inode of the store and its WAL."""
        found = []
        for path in (self.path, beside(self.path, "-wal")):
            status = os.stat(path)
            found.append((status.st_dev, status.st_ino))
        return tuple(found)

    def check_files(self) -> None:
        """Raise StoreFailed if the file at the path is no longer the one that is open."""
        try:
            same = self._identity() == self._files
        except OSError:
            same = False
        if not same:
            raise StoreFailed("the store was deleted or replaced while it was open")

    def begin(self) -> None:
        """Start a transaction; caches are dropped if another process has written since the last one."""
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
        self._tallies.clear()
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def _forget(self) -> None:
        self._types.clear()
        self._ids.clear()

    # -- events

    def add(self, arrivals: Sequence[Arrival], *, identify_all: bool = False) -> list[Event]:
        """Insert events (inside a transaction), identifying the small ones; returns them in the same order.

        With `identify_all` large and compressed bodies are identified at once too, as `import` wants it.
        """
        events = [self._add_one(arrival, identify_all) for arrival in arrivals]
        self.db.execute(
            "UPDATE total SET events = events + ?, bytes = bytes + ?", (len(events), sum(event.size for event in events))
        )
        self._flush_tallies()
        return events

    def _add_one(self, arrival: Arrival, identify_all: bool) -> Event:
        request = arrival.request
        found = Identified(NOBODY, None)
        pending = False
        size = arrival.size
        if request is not None and arrival.rejected is None:
            if arrival.upload is None:
                size = len(request.body)
            headers = header_map(request.headers)
            if arrival.upload is None and is_quick(headers, size):
                found = identify(headers, request.body)
            else:
                pending = True
        identity = found.identity
        duplicate = self._first_delivery(identity)
        shape, new, digest = self._intern(identity, found.shape) if found.shape is not None else (None, False, None)
        cursor = self.db.execute(
            rows.INSERT_EVENT,
            (
                arrival.received_us,
                arrival.monotonic_ns,
                None if request is None else request.method,
                None if request is None else request.target,
                arrival.remote,
                size,
                arrival.incomplete is None and arrival.rejected is None,
                arrival.incomplete,
                arrival.rejected,
                identity.sender,
                identity.type,
                identity.level,
                identity.message,
                identity.resource_type,
                identity.resource_id,
                identity.account,
                identity.delivery_id,
                shape,
                pending,
                new,
                arrival.status,
                duplicate,
                arrival.count,
            ),
        )
        number = cursor.lastrowid
        assert number is not None
        body = None if request is None or arrival.upload is not None else request.body
        self.db.execute(
            rows.INSERT_REQUEST,
            (
                number,
                "" if request is None else request.version,
                b"" if request is None else rows.pack_headers(request.headers),
                body,
                arrival.upload,
                arrival.sha256 if arrival.upload is not None else hashlib.sha256(body or b"").digest(),
                arrival.raw,
            ),
        )
        if not pending and arrival.rejected is None:
            self._tally(identity, shape, number, arrival.received_us)
        event = Event(
            id=number,
            received_us=arrival.received_us,
            method=None if request is None else request.method,
            target=None if request is None else request.target,
            remote=arrival.remote,
            size=size,
            complete=arrival.incomplete is None and arrival.rejected is None,
            incomplete=arrival.incomplete,
            rejected=arrival.rejected,
            sender=identity.sender,
            type=identity.type,
            level=identity.level,
            message=identity.message,
            resource_type=identity.resource_type,
            resource_id=identity.resource_id,
            account=identity.account,
            delivery_id=identity.delivery_id,
            shape=digest,
            pending=pending,
            new=new,
            status=arrival.status,
            duplicate_of=duplicate,
            count=arrival.count,
        )
        if pending and identify_all:
            return self.identify(number) or event
        return event

    def _first_delivery(self, identity: Identity) -> int | None:
        if identity.delivery_id is None:
            return None
        row = self.db.execute(
            "SELECT min(id) FROM event WHERE delivery_id = ? AND sender IS ? AND type IS ?",
            (identity.delivery_id, identity.sender, identity.type),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    # -- large bodies

    def new_upload(self) -> int:
        """A number for the pieces of one large body."""
        if self._next_upload is None:
            top = self.db.execute("SELECT max(id) >> 16 FROM piece").fetchone()[0] or 0
            used = self.db.execute("SELECT max(upload) FROM request").fetchone()[0] or 0
            self._next_upload = max(top, used) + 1
        number = self._next_upload
        self._next_upload += 1
        return number

    def add_piece(self, upload: int, number: int, data: bytes) -> None:
        """Store the `number`-th piece (from 0) of a large body, inside a transaction."""
        self.db.execute("INSERT INTO piece (id, bytes) VALUES (?, ?)", (upload << 16 | number, data))

    def sweep(self) -> int:
        """Delete the pieces of bodies whose event was never stored (left by a kill); returns how many uploads."""
        orphans = self.db.execute(
            "SELECT DISTINCT id >> 16 FROM piece WHERE (id >> 16) NOT IN "
            "(SELECT upload FROM request WHERE upload IS NOT NULL)"
        ).fetchall()
        for (upload,) in orphans:
            self.drop_upload(upload)
        return len(orphans)

    def drop_upload(self, upload: int) -> None:
        """Delete all pieces of one upload, a transaction each so that no one waits."""
        while True:
            done = self.db.execute(
                "DELETE FROM piece WHERE id IN (SELECT id FROM piece WHERE id >= ? AND id < ? LIMIT 8)",
                (upload << 16, (upload + 1) << 16),
            ).rowcount
            if done < 8:
                return

    # -- identification in the background

    def pending(self) -> list[int]:
        """Ids of the events that wait to be identified, oldest first."""
        return [row[0] for row in self.db.execute("SELECT id FROM event WHERE pending ORDER BY id")]

    def identify(self, number: int) -> Event | None:
        """Identify a pending event and record it; None if it is gone or was not pending.

        Outside a transaction it reads and decodes first and writes in a short one of its own.
        """
        from inspector.core.identify import identify_request

        row = self.db.execute(
            "SELECT received_us FROM event WHERE id = ? AND pending", (number,)
        ).fetchone()
        request = rows.request(self.db, number) if row else None
        if request is None:
            return None
        found = identify_request(request)
        own = not self.db.in_transaction
        if own:
            self.begin()
        try:
            identity = found.identity
            duplicate = self._first_delivery(identity)
            shape, new, _ = self._intern(identity, found.shape) if found.shape is not None else (None, False, None)
            updated = self.db.execute(
                "UPDATE event SET sender=?, type=?, level=?, message=?, resource_type=?, resource_id=?, account=?, "
                "delivery_id=?, shape=?, new=?, duplicate_of=?, pending=0 WHERE id = ? AND pending",
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
                    None if duplicate is None or duplicate > number else duplicate,
                    number,
                ),
            ).rowcount
            if updated:
                self._tally(identity, shape, number, row[0])
                self._flush_tallies()
            if own:
                self.commit()
        except BaseException:
            if own:
                self.rollback()
            raise
        return rows.event(self.db, number)

    def give_up(self, number: int) -> None:
        """Leave a pending event unidentified for good: it is shown as it is, without a type."""
        self.begin()
        try:
            if self.db.execute("UPDATE event SET pending = 0 WHERE id = ? AND pending", (number,)).rowcount:
                row = self.db.execute("SELECT received_us FROM event WHERE id = ?", (number,)).fetchone()
                self._tally(NOBODY, None, number, row[0])
                self._flush_tallies()
            self.commit()
        except BaseException:
            self.rollback()
            raise

    # -- shapes

    def _knowledge(self, key: tuple[str, str]) -> _TypeKnowledge:
        known = self._types.get(key)
        if known is None:
            if len(self._types) >= _MAX_TYPES:
                self._types.clear()
            known = self._types[key] = _TypeKnowledge(rows.collapses(self.db, key))
            for number, text in self.db.execute(
                "SELECT shape.id, shape.json FROM variant JOIN shape ON shape.id = variant.shape "
                "WHERE sender = ? AND type = ? LIMIT ?",
                (*key, _MAX_VARIANTS),
            ):
                known.shapes[number] = from_json(text)
        return known

    def _intern(self, identity: Identity, raw: Shape) -> tuple[int, bool, str]:
        """The id of a shape as this type stores it, whether it is new to a type that was known, and its hash."""
        key = (identity.sender or "", identity.type or "")
        known = self._knowledge(key)
        found = known.interned.get(raw)
        if found is not None:
            return found[0], False, found[1]
        stored = collapse_each(raw, known.collapses)
        digest = shape_hash(stored)
        number = self._shape_id(stored, digest)
        new = False
        if identity.type and not self._is_known(key, known, number):
            new = bool(known.shapes)
            if len(known.shapes) < _MAX_VARIANTS:
                known.shapes[number] = stored
                if new and self._collapse_late(key, known):
                    new = False
                    stored = collapse_each(raw, known.collapses)
                    digest = shape_hash(stored)
                    number = self._shape_id(stored, digest)
                    known.shapes[number] = stored
        if len(known.interned) >= _MAX_INTERNED:
            known.interned.clear()
        known.interned[raw] = (number, digest)
        return number, new, digest

    def _is_known(self, key: tuple[str, str], known: _TypeKnowledge, number: int) -> bool:
        if number in known.shapes:
            return True
        if len(known.shapes) < _MAX_VARIANTS:
            return False
        self._flush_tallies()
        return (
            self.db.execute(
                "SELECT 1 FROM variant WHERE sender = ? AND type = ? AND shape = ?", (*key, number)
            ).fetchone()
            is not None
        )

    def _shape_id(self, shape: Shape, digest: str) -> int:
        number = self._ids.get(digest)
        if number is None:
            row = self.db.execute("SELECT id FROM shape WHERE hash = ?", (digest,)).fetchone()
            if row is None:
                cursor = self.db.execute(
                    "INSERT INTO shape (hash, json) VALUES (?, ?)", (digest, to_json(shape))
                )
                number = cursor.lastrowid
                assert number is not None
            else:
                number = int(row[0])
            if len(self._ids) >= _MAX_IDS:
                self._ids.clear()
            self._ids[digest] = number
        return number

    def _collapse_late(self, key: tuple[str, str], known: _TypeKnowledge) -> bool:
        """Look for keys that turn out to be data, and rewrite the type's variants if there are any.

        Called when a type shows a new shape. With many variants it looks at every 32nd only, so that learning stays
        linear. Events of rewritten variants follow in the same transaction; nothing is announced as new.
        """
        if len(known.shapes) > 128 and len(known.shapes) % 32:
            return False
        self._flush_tallies()
        counts = dict(
            self.db.execute("SELECT shape, count FROM variant WHERE sender = ? AND type = ?", key).fetchall()
        )
        fresh = find_collapses(
            [(shape, max(1, counts.get(number, 0))) for number, shape in known.shapes.items()], known=known.collapses
        )
        if not fresh:
            return False
        for rule in fresh:
            known.collapses.append(rule)
            self.db.execute(
                "INSERT INTO collapse (sender, type, number, path, reason, keep) VALUES (?, ?, ?, ?, ?, ?)",
                (*key, len(known.collapses), show_path(rule.path), rule.reason, json.dumps(rule.keep)),
            )
        self._rewrite(key, known, fresh)
        return True

    def _rewrite(self, key: tuple[str, str], known: _TypeKnowledge, fresh: list[Collapse]) -> None:
        moved: dict[int, int] = {}
        shapes: dict[int, Shape] = {}
        for old, shape in known.shapes.items():
            shape = collapse_each(shape, fresh)
            new = self._shape_id(shape, shape_hash(shape))
            shapes[new] = shape
            if new != old:
                moved[old] = new
        known.shapes = shapes
        known.interned.clear()
        for old, new in moved.items():
            self.db.execute(
                "UPDATE event SET shape = ?, new = 0 WHERE shape = ? AND coalesce(sender, '') = ? AND type = ?",
                (new, old, *key),
            )
            row = self.db.execute(
                "DELETE FROM variant WHERE sender = ? AND type = ? AND shape = ? "
                "RETURNING count, first_event, last_event, first_us, last_us",
                (*key, old),
            ).fetchone()
            if row is not None:
                self.db.execute(rows.ADD_VARIANT, (*key, new, *row))
            self.db.execute(
                "DELETE FROM shape WHERE id = ? AND NOT EXISTS (SELECT 1 FROM variant WHERE shape = ?)", (old, old)
            )
        self._ids.clear()

    def _tally(self, identity: Identity, shape: int | None, number: int, received_us: int) -> None:
        key = (identity.sender or "", identity.type or "", shape or 0)
        tally = self._tallies.get(key)
        if tally is None:
            self._tallies[key] = _Tally(1, (number, received_us), (number, received_us))
        else:
            tally.count += 1
            tally.last = (number, received_us)

    def _flush_tallies(self) -> None:
        for (sender, name, shape), tally in self._tallies.items():
            self.db.execute(
                rows.ADD_VARIANT,
                (sender, name, shape, tally.count, tally.first[0], tally.last[0], tally.first[1], tally.last[1]),
            )
        self._tallies.clear()

    # -- deletion

    def delete(self, numbers: Sequence[int]) -> int:
        """Delete events with everything that belongs to them (inside a transaction); counts are subtracted.

        Returns how many there were.
        """
        deleted = 0
        touched: set[tuple[str, str, int]] = set()
        for number in numbers:
            row = self.db.execute(
                "DELETE FROM event WHERE id = ? RETURNING coalesce(sender, ''), coalesce(type, ''), coalesce(shape, 0), "
                "size, pending OR rejected IS NOT NULL",
                (number,),
            ).fetchone()
            if row is None:
                continue
            deleted += 1
            sender, name, shape, size, uncounted = row
            upload = self.db.execute("DELETE FROM request WHERE event = ? RETURNING upload", (number,)).fetchone()
            if upload is not None and upload[0] is not None:
                self.db.execute(
                    "DELETE FROM piece WHERE id >= ? AND id < ?", (upload[0] << 16, (upload[0] + 1) << 16)
                )
            self.db.execute("DELETE FROM attempt WHERE event = ?", (number,))
            self.db.execute("DELETE FROM note WHERE event = ?", (number,))
            self.db.execute("UPDATE total SET events = events - 1, bytes = bytes - ?", (size,))
            if not uncounted:
                touched.add((sender, name, shape))
                self.db.execute(
                    "UPDATE variant SET count = count - 1 WHERE sender = ? AND type = ? AND shape = ?",
                    (sender, name, shape),
                )
        for key in touched:
            self._settle(key)
        if deleted:
            self._forget()
        return deleted

    def _settle(self, key: tuple[str, str, int]) -> None:
        """After a deletion: drop a variant without events, or find its first and last event again."""
        self.db.execute("DELETE FROM variant WHERE sender = ? AND type = ? AND shape = ? AND count <= 0", key)
        row = self.db.execute(
            "SELECT first_event, last_event FROM variant WHERE sender = ? AND type = ? AND shape = ?", key
        ).fetchone()
        if row is None:
            self.db.execute(
                "DELETE FROM shape WHERE id = ? AND NOT EXISTS (SELECT 1 FROM variant WHERE shape = ?)",
                (key[2], key[2]),
            )
            return
        for end, column, order in ((row[0], "first", "ASC"), (row[1], "last", "DESC")):
            if self.db.execute("SELECT 1 FROM event WHERE id = ?", (end,)).fetchone():
                continue
            found = self.db.execute(
                "SELECT id, received_us FROM event WHERE coalesce(sender, '') = ? AND coalesce(type, '') = ? "
                f"AND coalesce(shape, 0) = ? AND NOT pending AND rejected IS NULL ORDER BY id {order} LIMIT 1",
                key,
            ).fetchone()
            if found:
                self.db.execute(
                    f"UPDATE variant SET {column}_event = ?, {column}_us = ? WHERE sender = ? AND type = ? AND shape = ?",
                    (*found, *key),
                )

    # -- attempts

    def add_attempt(self, attempt: Attempt) -> int:
        """Keep a replay or forward attempt, and its status with the event (inside a transaction); returns its id."""
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
