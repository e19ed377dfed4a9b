"""A new store from what can still be read of a damaged one.

The damaged file is read page by page (`inspector.store.pages`), so one destroyed page costs the rows on it
and no others. Only what was received is taken over: events with their ids, requests, bodies, attempts, notes,
and nothing that was deleted.
Everything that follows from it (sender, type, shape, counts) is worked out anew, in the order of arrival.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inspector.core.events import InspectorError
from inspector.core.text import storable
from inspector.store import order
from inspector.store.digests import body_digest
from inspector.store.pages import Pages, Row, Value
from inspector.store.place import beside, capture_lock, open_reading
from inspector.store.writer import StoreWriter

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

BODY_LOST = "damaged on disk: the body is not what arrived"
HEAD_LOST = "damaged on disk: method, target and time of arrival are lost"
REQUEST_LOST = "damaged on disk: header lines and body are lost"

_KINDS = {
    "event": "nii[tn][bn]tii[tn]{10}[in]ii[in][in]i[in].*",
    "deleted": "niii[tn][bn]tii[tn]{10}[in]ii[in][in]i[in].*",
    "request": "ntb[bn][in]b[bn]",
    "piece": "nb",
    "attempt": "niitt[in]t[tn][fi][fin][fin]bbit",
    "note": "ni[tn][tn]",
    "total": "niii(?:ii)?",
}
"""What the rows of each table look like; no two are alike, and the other tables are like none of them."""
_WANTED = re.compile("|".join(_KINDS.values()))
_TABLES = {name: re.compile(kinds) for name, kinds in _KINDS.items()}
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What came of it."""

    events: int
    """How many events the new store has."""
    whole: int
    """How many of them are byte for byte what they were; the others say what is missing."""
    of: int | None
    """How many the damaged store had, by its own count; None if that is lost too."""
    attempts: int
    settings: bool
    """Whether the settings could be read."""
    free_known: bool
    """False when it could not be told which pages were in use: deleted events may be among those found."""


def salvage(damaged: Path, path: Path, progress: Progress = lambda what, done, of: None) -> Salvaged:
    """Make a new store at `path` from the damaged one, which is only read; InspectorError if it cannot."""
    if capture_lock(damaged).is_held_elsewhere():
        raise InspectorError(f"{damaged} is being captured into. Stop the listener first.")
    if path.exists():
        raise InspectorError(f"{path} exists already; salvage writes a new store. Name another file.")
    try:
        pages = Pages(damaged, beside(damaged, "-wal"))
    except OSError as error:
        raise InspectorError(f"cannot read {damaged}: {(error.strerror or str(error)).lower()}.") from None
    with pages:
        writer = StoreWriter(path)
        try:
            return _Salvage(pages, writer, progress).run(_settings(damaged))
        except sqlite3.Error as error:
            raise InspectorError(f"could not write to {path}: {error}.") from None
        finally:
            writer.close()


def _settings(damaged: Path) -> list[tuple[str, str]] | None:
    try:
        with closing(open_reading(damaged)) as db:
            found = db.execute("SELECT name, value FROM setting").fetchall()
        for _, value in found:
            json.loads(value)
    except (InspectorError, sqlite3.Error, ValueError):
        return None
    return found


class _Salvage:
    def __init__(self, pages: Pages, writer: StoreWriter, progress: Progress) -> None:
        self._pages = pages
        self._writer = writer
        self._db = writer.db
        self._progress = progress
        self._told: tuple[int, int] | None = None
        """Events and last id, as the damaged store counted them."""
        self._deleted: list[int] = []
        """Events that were deleted; their requests are still there."""

    def run(self, settings: list[tuple[str, str]] | None) -> Salvaged:
        # Nothing waits for a new store to be durable before it is finished.
        self._db.execute("PRAGMA synchronous = OFF")
        self._copy()
        self._writer.begin()
        self._join()
        self._db.executemany("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", settings or ())
        self._writer.commit()
        whole = self._settle()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        events, attempts = self._db.execute(
            "SELECT events, (SELECT count(*) FROM attempt) FROM total"
        ).fetchone()
        return Salvaged(
            events,
            whole,
            None if self._told is None else self._told[0],
            attempts,
            settings is not None,
            self._pages.has_header,
        )

    # -- rows as they are found

    def _copy(self) -> None:
        """Copy the rows of every readable page, page after page."""
        self._writer.begin()
        held = 0
        for page, row in self._pages.rows(lambda kinds: _WANTED.fullmatch(kinds) is not None):
            table = next(name for name, kinds in _TABLES.items() if kinds.fullmatch(row.kinds))
            getattr(self, f"_copy_{table}")(row)
            held += 1 + sum(len(value) for value in row.values if isinstance(value, bytes)) // 4096
            if held > 2000:
                self._writer.commit()
                self._writer.begin()
                held = 0
                self._progress("pages read", page, self._pages.count)
        self._writer.commit()

    def _insert(self, table: str, values: Sequence[object]) -> None:
        """Insert a row unless its number is taken, or something in it that must be there is lost."""
        self._db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(values))})", values)

    def _copy_event(self, row: Row) -> None:
        columns = (
            "received_us",
            "monotonic_ns",
            "method",
            "target",
            "remote",
            "size",
            "complete",
            "incomplete",
        )
        names = (
            *("id", *columns, "rejected", "pending", "status", "count", "sent"),
            *("signature", "labels", "forwarded_for"),
        )
        # Rows from before the last three columns end without them.
        values = [*_values(row), None, None, None]
        self._db.execute(
            f"INSERT OR IGNORE INTO event ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            (*values[:10], values[9] is None, values[21], values[23], values[24], *values[25:28]),
        )

    def _copy_deleted(self, row: Row) -> None:
        self._deleted.append(row.number)

    def _copy_request(self, row: Row) -> None:
        number, version, headers, body, upload, digest, raw = _values(row)
        self._insert("request", (number, version or "1.1", headers or b"", body, upload, digest or b"", raw))

    def _copy_piece(self, row: Row) -> None:
        self._insert("piece", _values(row))

    def _copy_attempt(self, row: Row) -> None:
        self._insert("attempt", _values(row))

    def _copy_note(self, row: Row) -> None:
        self._insert("note", _values(row))

    def _copy_total(self, row: Row) -> None:
        _, events, _, last = row.values[:4]
        if row.number == 1 and isinstance(events, int) and isinstance(last, int):
            self._told = events, last

    # -- rows that belong together

    def _join(self) -> None:
        """Make good what has lost its other half, and count."""
        self._db.executemany(
            "DELETE FROM request WHERE event = ? AND event NOT IN (SELECT id FROM event)",
            [(number,) for number in self._deleted],
        )
        lost = self._db.execute(
            "SELECT event, raw IS NULL FROM request WHERE event NOT IN (SELECT id FROM event) ORDER BY event"
        ).fetchall()
        for number, ordinary in lost:
            before = self._db.execute(
                "SELECT received_us FROM event WHERE id < ? ORDER BY id DESC LIMIT 1", (number,)
            ).fetchone()
            self._db.execute(
                "INSERT INTO event (id, received_us, monotonic_ns, method, target, remote, size, complete, "
                "incomplete, rejected, pending) VALUES (?, ?, 0, ?, ?, '', 0, 0, ?, ?, ?)",
                (
                    number,
                    before[0] if before else 0,
                    *(("POST", b"/", HEAD_LOST, None, 1) if ordinary else (None, None, None, HEAD_LOST, 0)),
                ),
            )
        self._db.execute(
            "INSERT INTO request (event, version, headers, body, sha256) "
            "SELECT id, '1.1', x'', x'', x'' FROM event WHERE id NOT IN (SELECT event FROM request)"
        )
        for table in ("attempt", "note"):
            self._db.execute(f"DELETE FROM {table} WHERE event NOT IN (SELECT id FROM event)")
        self._writer.sweep()
        last = 0 if self._told is None else self._told[1]
        self._db.execute(
            "UPDATE total SET events = (SELECT count(*) FROM event), "
            "last_id = max(?, (SELECT coalesce(max(id), 0) FROM event))",
            (last,),
        )

    def _settle(self) -> int:
        """Hold every body against its digest and identify every event; returns how many are whole."""
        numbers = [row[0] for row in self._db.execute("SELECT id FROM event ORDER BY id")]
        whole = 0
        for start in range(0, len(numbers), _AT_ONCE):
            self._writer.begin()
            for number in numbers[start : start + _AT_ONCE]:
                whole += self._check_body(number)
            self._writer.commit()
            for number in numbers[start : start + _AT_ONCE]:
                self._identify(number)
            self._progress("events identified", min(start + _AT_ONCE, len(numbers)), len(numbers))
        self._db.execute("UPDATE total SET bytes = (SELECT coalesce(sum(size), 0) FROM event)")
        self._db.execute(order.MEASURE)
        return whole

    def _check_body(self, number: int) -> bool:
        """True when the event is what it was; otherwise it says what is missing."""
        body, upload, digest, size, incomplete, rejected, bare = self._db.execute(
            "SELECT body, upload, sha256, size, incomplete, rejected, length(headers) = 0 FROM event "
            "JOIN request ON request.event = event.id WHERE event.id = ?",
            (number,),
        ).fetchone()
        found, length = body_digest(self._db, body, upload)
        if found == digest and length == size:
            return True
        if HEAD_LOST in (incomplete, rejected):
            reason = HEAD_LOST if found == digest else f"{HEAD_LOST}, and the body is not what arrived"
        else:
            reason = REQUEST_LOST if bare and not length else BODY_LOST
        self._db.execute("UPDATE request SET sha256 = ? WHERE event = ?", (found, number))
        self._db.execute(
            "UPDATE event SET size = ?, complete = 0, incomplete = iif(rejected IS NULL, ?, incomplete) "
            "WHERE id = ?",
            (length, reason, number),
        )
        return False

    def _identify(self, number: int) -> None:
        try:
            self._writer.identify(number)
        except sqlite3.Error:
            raise
        except Exception:
            # Whatever a damaged body does to the decoders, its event stays, without type and shape.
            self._writer.give_up(number)


def _values(row: Row) -> list[Value | str]:
    """The values of a row with its number in the first column, and texts as text."""
    found: list[Value | str] = [
        storable(value.decode("utf-8", "replace")) if kind == "t" and isinstance(value, bytes) else value
        for kind, value in zip(row.kinds, row.values, strict=True)
    ]
    found[0] = row.number
    return found
