"""Rows and values: how events, requests and attempts are written into their columns and read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from inspector.core.events import Attempt, Event, Request

if TYPE_CHECKING:
    from inspector.core.collapse import Collapse
    from inspector.core.payload import Path

_COMMON = (
    "id, received_us, monotonic_ns, method, target, remote, size, complete, sender, type, level, message, "
    "resource_type, resource_id, account, delivery_id, shape, pending, status, count, new"
)
_RARE = "incomplete, rejected, signature, labels, forwarded_for"


def _insert_event(columns: str) -> str:
    """Finds the first delivery by itself; `FIRST_DELIVERY` does so for an event that is stored already."""
    names = columns.split(", ")
    delivery, sender, type_ = (f"?{names.index(name) + 1}" for name in ("delivery_id", "sender", "type"))
    return (
        f"INSERT INTO event ({columns}, duplicate_of) VALUES "
        f"({', '.join(f'?{number}' for number in range(1, len(names) + 1))}, "
        f"(SELECT id FROM event INDEXED BY event_delivery WHERE delivery_id = {delivery} AND sender IS {sender} "
        f"AND type IS {type_} ORDER BY id LIMIT 1))"
    )


INSERT_EVENT = _insert_event(f"{_COMMON}, {_RARE}")
INSERT_COMMON_EVENT = _insert_event(_COMMON)
"""The same for events that have no more than most: each value takes its time, also one that is NULL."""
INSERT_REQUEST = (
    "INSERT INTO request (event, version, headers, body, sha256, upload, raw) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
INSERT_COMMON_REQUEST = "INSERT INTO request (event, version, headers, body, sha256) VALUES (?, ?, ?, ?, ?)"
"""The same for requests with their body in one piece."""
FIRST_DELIVERY = (
    "SELECT id FROM event INDEXED BY event_delivery WHERE delivery_id = ? AND sender IS ? AND type IS ? "
    "ORDER BY id LIMIT 1"
)
"""Stops at the first match: a sender that repeats one id a million times costs no more than one that never
does."""
INSERT_ATTEMPT = (
    "INSERT INTO attempt (event, sent_us, target, kind, status, reason, error, ms, connect_ms, "
    "first_byte_ms, "
    "headers, body, body_size, changes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT_EVENT = (
    "SELECT event.id, event.received_us, event.method, event.target, event.remote, event.size, "
    "event.complete, "
    "event.incomplete, event.rejected, event.sender, event.type, event.level, event.message, "
    "event.resource_type, "
    "event.resource_id, event.account, event.delivery_id, shape.hash, event.pending, event.new, "
    "event.status, "
    "event.duplicate_of, event.count, event.sent, coalesce(note.starred, 0), note.mark, note.comment, "
    "event.signature, event.labels, event.forwarded_for "
    "FROM event LEFT JOIN shape ON shape.id = event.shape LEFT JOIN note ON note.event = event.id "
)
SELECT_COLLAPSES = "SELECT path, reason, keep FROM collapse WHERE sender = ? AND type = ? ORDER BY number"
SELECT_ATTEMPT = (
    "SELECT event, target, sent_us, ms, kind, status, reason, error, headers, body, body_size, changes, "
    "connect_ms, "
    "first_byte_ms, id FROM attempt "
)


_BLANK = b"\r\n\r\n"


def pack_headers(lines: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Header lines as one value: ``name: value`` with CRLF between, every byte of names and values as
    received."""
    return b"\r\n".join([name + b": " + value for name, value in lines])


def unpack_headers(packed: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The header lines that `pack_headers` packed."""
    if not packed:
        return ()
    return tuple(
        (name, value) for name, _, value in (line.partition(b": ") for line in packed.split(b"\r\n"))
    )


def pack_lines(request: Request) -> bytes:
    """The header lines of a request as one value, with a blank line before those that came after its body."""
    packed = pack_headers(request.headers)
    return packed + _BLANK + pack_headers(request.trailers) if request.trailers else packed


def event_from_row(row: tuple[Any, ...]) -> Event:
    """An event from a row of `SELECT_EVENT`."""
    return Event(
        id=row[0],
        received_us=row[1],
        method=row[2],
        target=row[3],
        remote=row[4],
        size=row[5],
        complete=bool(row[6]),
        incomplete=row[7],
        rejected=row[8],
        sender=row[9],
        type=row[10],
        level=row[11],
        message=row[12],
        resource_type=row[13],
        resource_id=row[14],
        account=row[15],
        delivery_id=row[16],
        shape=row[17],
        pending=bool(row[18]),
        new=bool(row[19]),
        status=row[20],
        duplicate_of=row[21],
        count=row[22],
        sent=row[23],
        starred=bool(row[24]),
        mark=row[25],
        comment=row[26],
        signature=row[27],
        labels=tuple(row[28].split()) if row[28] else (),
        forwarded_for=row[29],
    )


def event(db: sqlite3.Connection, number: int) -> Event | None:
    """One event by its id, or None."""
    row = db.execute(SELECT_EVENT + "WHERE event.id = ?", (number,)).fetchone()
    return None if row is None else event_from_row(row)


def events(db: sqlite3.Connection, numbers: Sequence[int]) -> list[Event]:
    """The events with these ids, in the order asked; missing ones are left out."""
    found: dict[int, Event] = {}
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        marks = ",".join("?" * len(some))
        for row in db.execute(SELECT_EVENT + f"WHERE event.id IN ({marks})", list(some)):
            found[row[0]] = event_from_row(row)
    return [found[number] for number in numbers if number in found]


def request(db: sqlite3.Connection, number: int, upto: int | None = None) -> Request | None:
    """The whole request of one event; None when there is none or nothing of it could be read.

    With `upto` the body is cut after that many bytes, and no more of it is read than is needed.
    """
    row = db.execute(
        "SELECT method, target, version, headers, body, upload FROM event JOIN request ON request.event "
        "= event.id "
        "WHERE event.id = ?",
        (number,),
    ).fetchone()
    if row is None or row[0] is None:
        return None
    method, target, version, headers, body, upload = row
    if upload is not None:
        pieces = db.execute(
            "SELECT bytes FROM piece WHERE id >= ? AND id < ? ORDER BY id", (upload << 16, (upload + 1) << 16)
        )
        some: list[bytes] = []
        read = 0
        while (upto is None or read < upto) and (piece := pieces.fetchone()) is not None:
            some.append(piece[0])
            read += len(piece[0])
        pieces.close()
        body = b"".join(some)
    headers, _, trailers = headers.partition(_BLANK)
    lines = unpack_headers(headers), unpack_headers(trailers)
    return Request(method, target, lines[0], (body or b"")[:upto], version, lines[1])


def raw_head(db: sqlite3.Connection, number: int) -> bytes | None:
    """The raw head of a rejected request, as far as it was read; None for other events."""
    row = db.execute(
        "SELECT raw FROM event JOIN request ON request.event = event.id WHERE event.id = ?", (number,)
    ).fetchone()
    return None if row is None else row[0]


def collapses(db: sqlite3.Connection, key: tuple[str, str]) -> list[Collapse]:
    """The collapses of one (sender, type), in the order in which they were found and apply."""
    from inspector.core.collapse import Collapse
    from inspector.core.payload import read_path

    return [
        Collapse(read_path(path), reason, tuple(json.loads(keep)))
        for path, reason, keep in db.execute(SELECT_COLLAPSES, key)
    ]


def names_setting(key: tuple[str, str]) -> str:
    """The name of the setting that lists, as texts, where keys of a (sender, type) are names whatever they look
    like."""
    return "names " + json.dumps(key)


def names_told(db: sqlite3.Connection, key: tuple[str, str]) -> frozenset[Path]:
    """Where the user said that keys of a (sender, type) are names."""
    row = db.execute("SELECT value FROM setting WHERE name = ?", (names_setting(key),)).fetchone()
    if row is None:
        return frozenset()
    from inspector.core.payload import read_path

    return frozenset(map(read_path, json.loads(row[0])))


def attempt_row(attempt: Attempt) -> tuple[object, ...]:
    """The values of `INSERT_ATTEMPT`."""
    return (
        attempt.event,
        attempt.sent_us,
        attempt.target,
        attempt.kind,
        attempt.status,
        attempt.reason,
        attempt.error,
        attempt.ms,
        attempt.connect_ms,
        attempt.first_byte_ms,
        pack_headers(attempt.headers),
        attempt.body,
        attempt.body_size,
        json.dumps(attempt.changes),
    )


def attempt_from_row(row: tuple[Any, ...]) -> Attempt:
    """An attempt from a row of `SELECT_ATTEMPT`."""
    return Attempt(
        event=row[0],
        target=row[1],
        sent_us=row[2],
        ms=row[3],
        kind=row[4],
        status=row[5],
        reason=row[6],
        error=row[7],
        headers=unpack_headers(row[8]),
        body=row[9],
        body_size=row[10],
        changes=tuple(json.loads(row[11])),
        connect_ms=row[12],
        first_byte_ms=row[13],
        id=row[14],
    )
