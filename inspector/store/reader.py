"""What is in the store: every question the screen and the command line ask. Reads only; never holds a
writer up.

One `Reader` is used by one thread at a time; make one for each worker. New events are noticed by `last_id`
(``PRAGMA data_version`` also moves on checkpoints and on changes of rows).
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.core.events import Attempt, Event, InspectorError, Request, rfc3339
from inspector.store import order, rows
from inspector.store.place import beside, open_reading

if TYPE_CHECKING:
    # What deals with shapes and filters is imported where it is used, so that listing events starts at once.
    from inspector.core.collapse import Collapse
    from inspector.core.conditions import SqlValue
    from inspector.core.filters import Filter
    from inspector.core.payload import Path as ValuePath
    from inspector.core.type_shape import TypeShape, Variant

_AT_ONCE = 500
_NO_ID = 2**62
_NEWEST = 10_000
"""Events that are looked at where not all have to be."""
_SOME_IDS = (
    "SELECT count(*), min(id), max(id), iif(max(id) - min(id) + 1 > count(*), group_concat(id), '') FROM "
    "(SELECT id FROM event WHERE id > ? AND id < ? ORDER BY id LIMIT 20000)"
)
MAX_VARIANTS = 500
"""Variants of one type that are merged for its type shape at most; the rest is only counted."""
_VARIANTS = (
    "SELECT hash, events, first, last, json FROM ({} ORDER BY 2 DESC, 3 LIMIT ?) JOIN structure USING (hash)"
)
"""Counts and structures in one statement: between two, keys that turn out to be data change both."""
_BY_TYPE = (
    "SELECT hash, sum(count) AS events, min(first_event) AS first, max(last_event) AS last FROM shape "
    "WHERE sender = ? AND type = ? AND hash IS NOT NULL AND count > 0 GROUP BY hash"
)
_BY_ROW = (
    "SELECT hash, sum(json_extract(value, '$[1]')) AS events, min(json_extract(value, '$[2]')) AS first, "
    "max(json_extract(value, '$[3]')) AS last FROM json_each(?) JOIN shape ON shape.id = json_extract(value, '$[0]') "
    "WHERE hash IS NOT NULL GROUP BY hash"
)


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type as the store has seen it."""

    type: str
    sender: str | None
    count: int
    variants: int
    """Distinct shapes; events without a JSON body are no variant."""
    first_us: int
    last_us: int
    first_event: int
    last_event: int

    def as_json(self) -> dict[str, Any]:
        """A line of `inspector types --json`."""
        return {
            "type": self.type,
            "sender": self.sender,
            "count": self.count,
            "variants": self.variants,
            "first_seen": rfc3339(self.first_us),
            "last_seen": rfc3339(self.last_us),
        }


class Reader:
    """An open store, read-only."""

    def __init__(self, path: Path) -> None:
        """Open the store; InspectorError if there is none or it cannot be read."""
        self.path = path
        self.db = open_reading(path)

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def interrupt(self) -> None:
        """End what another thread is reading with this; there it raises sqlite3.OperationalError."""
        self.db.interrupt()

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """What is read within is of one moment. For short reads: meanwhile the WAL is not folded in."""
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("COMMIT")

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- events

    def data_version(self) -> int:
        """A number that changes when another connection has written."""
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    def last_id(self) -> int:
        """Highest event id there is; 0 in an empty store."""
        return int(self.db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0])

    def total(self) -> tuple[int, int]:
        """How many events are stored, and how many bytes of bodies."""
        row = self.db.execute("SELECT events, bytes FROM total").fetchone()
        return int(row[0]), int(row[1])

    def file_size(self) -> int:
        """Bytes on disk: the store and its WAL."""
        size = 0
        for path in (self.path, beside(self.path, "-wal")):
            try:
                size += path.stat().st_size
            except OSError:
                pass
        return size

    def ids(self, after: int = 0, before: int | None = None) -> array[int]:
        """Ids of all events with ``after < id`` (and ``id < before``), ascending."""
        found = array("q")
        high = _NO_ID if before is None else before
        # Many in one step each, in which the interpreter is free for another thread; they have few holes.
        while True:
            number, first, last, some = self.db.execute(_SOME_IDS, (after, high)).fetchone()
            if not number:
                return found
            holes = last - first + 1 - number
            found.extend(map(int, some.split(",")) if holes else range(first, last + 1))
            after = last

    def newest_ids(self, limit: int) -> array[int]:
        """Ids of the newest `limit` events, ascending."""
        found = array(
            "q",
            [row[0] for row in self.db.execute("SELECT id FROM event ORDER BY id DESC LIMIT ?", (limit,))],
        )
        found.reverse()
        return found

    def count_new(self, first: int, last: int) -> int:
        """How many events from one id to another, both included, have a shape never seen before."""
        sql = "SELECT count(*) FROM event WHERE id >= ? AND id <= ? AND new"
        return int(self.db.execute(sql, (first, last)).fetchone()[0])

    def matching(
        self, wanted: Filter, *, after: int = 0, before: int | None = None, newest_first: bool = True
    ) -> Iterator[int]:
        """Ids of the events that match a filter, as they are found; bodies are read only where the filter
        needs them."""
        sql, more, values = _search(wanted, "event.id > ? AND event.id < ?")
        sql += f"ORDER BY event.id {'DESC' if newest_first else 'ASC'} LIMIT {_AT_ONCE}"
        after_time, before_time = order.ids_between(self.db, *wanted.received_between)
        low = max(after, after_time)
        high = min(_NO_ID if before is None else before, _NO_ID if before_time is None else before_time)
        # Some at a time, each fetched whole: a read left open between two of them would keep the WAL from
        # being folded in.
        while True:
            some = self.db.execute(sql, (*more, low, high, *values)).fetchall()
            for number, certain in some:
                if certain or self._body_matches(wanted, number):
                    yield number
            if len(some) < _AT_ONCE:
                return
            if newest_first:
                high = some[-1][0]
            else:
                low = some[-1][0]

    def matching_of(self, wanted: Filter, rows: Sequence[int]) -> Iterator[int]:
        """Ids of the events among some that match a filter, as they are found; negative are ids of uploads."""
        sql, more, values = _search(
            wanted,
            "event.id IN (SELECT row FROM found UNION "
            "SELECT request.event FROM found CROSS JOIN request ON request.upload = -found.row)",
        )
        sql = f"WITH found(row) AS (SELECT value FROM json_each(?)) {sql}"
        for number, certain in self.db.execute(sql, (json.dumps(list(rows)), *more, *values)).fetchall():
            if certain or self._body_matches(wanted, number):
                yield number

    def _body_matches(self, wanted: Filter, number: int) -> bool:
        from inspector.core.identify import decoded_body, header_map, payload_of
        from inspector.core.payload import NotJson

        event = rows.event(self.db, number)
        request = rows.request(self.db, number)
        if request is None:
            return wanted.matches_body(Request("", b""), None, event)
        headers = header_map(request.headers)
        body = decoded_body(headers, request)
        payload = None
        if wanted.needs_payload or _may_read_otherwise(body):
            try:
                payload = payload_of(headers, body)
            except NotJson:
                pass
        return wanted.matches_body(
            Request(request.method, request.target, request.headers, body, trailers=request.trailers),
            payload,
            event,
        )

    def event(self, number: int) -> Event | None:
        """One event, or None."""
        return rows.event(self.db, number)

    def events(self, numbers: Sequence[int]) -> list[Event]:
        """The events with these ids, in the order asked; missing ones are left out."""
        return rows.events(self.db, numbers)

    def request(self, number: int, upto: int | None = None) -> Request | None:
        """The whole request of an event, body included; None for a rejected one. `upto` cuts the body."""
        return rows.request(self.db, number, upto)

    def raw_head(self, number: int) -> bytes | None:
        """The raw head of a rejected request, as far as it was read."""
        return rows.raw_head(self.db, number)

    def neighbour(self, number: int) -> int | None:
        """The last event before this one with the same sender and type."""
        event = self.event(number)
        if event is None or event.type is None:
            return None
        first, last = self.db.execute(
            "SELECT min(first_event), max(last_event) FROM shape WHERE sender = ? AND type = ?",
            (event.sender or "", event.type),
        ).fetchone()
        row = self.db.execute(
            "SELECT id FROM event WHERE id >= ? AND id <= ? AND id < ? AND type = ? AND sender IS ? "
            "ORDER BY id DESC LIMIT 1",
            (first or 0, last or 0, number, event.type, event.sender),
        ).fetchone()
        return None if row is None else int(row[0])

    def arrivals_since(self, us: int) -> list[int]:
        """Arrival times (microseconds) of the events since `us`, for the rate; at most the last 100,000."""
        found: list[int] = []
        for (received,) in self.db.execute("SELECT received_us FROM event ORDER BY id DESC LIMIT 100000"):
            if received < us:
                break
            found.append(received)
        return found

    # -- attempts

    def attempts(self, number: int) -> list[Attempt]:
        """Attempts at sending an event, newest first."""
        found = self.db.execute(
            rows.SELECT_ATTEMPT + "WHERE event = (SELECT id FROM event WHERE id = ?) ORDER BY id DESC",
            (number,),
        )
        return [rows.attempt_from_row(row) for row in found]

    # -- types and shapes

    def types(self, wanted: Filter | None = None) -> list[EventType]:
        """The event types seen, by sender (those without one last) and name.

        With a filter, counts are of the matching events only.
        """
        if wanted is None or wanted.is_empty:
            found = self.db.execute(
                "SELECT type, sender, sum(count), count(DISTINCT hash), min(first_us), max(last_us), "
                "min(first_event), "
                "max(last_event) FROM shape WHERE type <> '' AND count > 0 GROUP BY sender, type "
                "ORDER BY sender = '', sender, type"
            )
            return [EventType(row[0], row[1] or None, *row[2:]) for row in found]
        counted: dict[tuple[str, str], list[Any]] = {}
        numbers = list(self.matching(wanted, newest_first=False))
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            for number, received, sender, name, shape in self.db.execute(
                "SELECT event.id, received_us, coalesce(event.sender, ''), event.type, hash FROM event "
                "LEFT JOIN shape ON shape.id = event.shape WHERE event.type IS NOT NULL "
                f"AND event.id IN ({','.join('?' * len(some))}) ORDER BY event.id",
                some,
            ):
                entry = counted.setdefault((sender, name), [0, set(), received, received, number, number])
                entry[0] += 1
                if shape is not None:
                    entry[1].add(shape)
                entry[2], entry[3] = min(entry[2], received), max(entry[3], received)
                entry[5] = number
        return [
            EventType(name, sender or None, entry[0], len(entry[1]), *entry[2:])
            for (sender, name), entry in sorted(counted.items(), key=lambda item: (not item[0][0], item[0]))
        ]

    def levels(self) -> list[str]:
        """The levels that the newest events have, as their senders spell them."""
        found = self.db.execute(
            f"SELECT DISTINCT level FROM (SELECT level FROM event ORDER BY id DESC LIMIT {_NEWEST}) "
            "WHERE level IS NOT NULL ORDER BY level LIMIT 100"
        )
        return [str(level) for (level,) in found]

    def variants(self, keys: Sequence[tuple[str | None, str]]) -> list[Variant]:
        """All variants of some (sender, type) pairs, equal shapes added up, the most frequent first."""
        found = [each for sender, name in keys for each in self._variants(_BY_TYPE, sender or "", name)]
        if len(keys) > 1:
            from inspector.core.type_shape import collapse_variants

            found = collapse_variants(found, ())
            found.sort(key=_rank)
        return found

    def _variants(self, counts: str, *values: str) -> list[Variant]:
        """What a query of counts finds, the most frequent first."""
        from inspector.core.shapes import from_json
        from inspector.core.type_shape import Variant

        found = [
            Variant(from_json(text), count, first, last, digest)
            for digest, count, first, last, text in self.db.execute(
                _VARIANTS.format(counts), (*values, MAX_VARIANTS)
            ).fetchall()
        ]
        return sorted(found, key=_rank)

    def shape_of_types(
        self,
        keys: Sequence[tuple[str | None, str]],
        counted: Mapping[int, Sequence[int]] | None = None,
    ) -> TypeShape:
        """The type shape of one type, or of several taken together (then what is data in one is data in
        all).

        With `counted` it is that of some of their events: for rows of `shape` how many, the first and the last.
        """
        from inspector.core.type_shape import collapse_variants, type_shape

        collapses = [rule for key in keys for rule in self.collapses(*key)]
        names = {path for key in keys for path in self.names_told(*key)}
        if counted is None:
            variants = self.variants(keys)
        else:
            variants = self._variants(
                _BY_ROW, json.dumps([[row, *counts] for row, counts in counted.items()])
            )
        if len(keys) > 1 and collapses:
            variants = collapse_variants(variants, collapses)
        return type_shape(variants, collapses, names)

    def shape_of_event(self, number: int) -> TypeShape | None:
        """The shape of one event as a type shape of one; None when its body is not JSON or not yet
        identified."""
        from inspector.core.shapes import from_json
        from inspector.core.type_shape import Variant, type_shape

        row = self.db.execute(
            "SELECT json, hash FROM event JOIN shape ON shape.id = event.shape JOIN structure USING (hash) "
            "WHERE event.id = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None
        event = self.event(number)
        rules = self.collapses(event.sender, event.type) if event is not None and event.type else []
        return type_shape([Variant(from_json(row[0]), 1, number, number, row[1])], rules)

    def collapses(self, sender: str | None, name: str) -> list[Collapse]:
        """Places of a type whose keys were found to be data, in the order they were found."""
        return rows.collapses(self.db, (sender or "", name))

    def names_told(self, sender: str | None, name: str) -> frozenset[ValuePath]:
        """Places of a type whose keys are names because the user said so."""
        return rows.names_told(self.db, (sender or "", name))

    def resolve_type(self, text: str) -> list[EventType]:
        """The types an argument means: exact, ``sender:type``, or with ``*`` (which crosses dots).

        InspectorError (exit code 1) when there is none; exit code 2 when an exact name belongs to two
        senders.
        """
        every = self.types()
        sender, _, rest = text.partition(":")
        if rest and any((entry.sender or "") == sender for entry in every):
            every = [entry for entry in every if (entry.sender or "") == sender]
            name = rest
        else:
            name = text
        if "*" in name:
            import re

            pattern = re.compile(".*".join(re.escape(part) for part in name.split("*")), re.DOTALL)
            found = [entry for entry in every if pattern.fullmatch(entry.type)]
        else:
            found = [entry for entry in every if entry.type == name]
            if len(found) > 1:
                senders = ", ".join(f"{entry.sender or ''}:{entry.type}" for entry in found)
                raise InspectorError(f"the type {name} has more than one sender; name one: {senders}")
        if not found:
            import difflib

            close = difflib.get_close_matches(name, [entry.type for entry in every], 1, 0.6)
            hint = f"; did you mean {close[0]}?" if close else "; inspector types lists those seen"
            raise InspectorError(f"no event of type {text} is stored{hint}", code=1)
        return found

    # -- settings and state

    def setting(self, name: str) -> Any:
        """What the user has set under this name, or None."""
        return self._value("setting", name)

    def state(self, name: str) -> Any:
        """What the capture process last said of itself under this name (``listener``, ``tunnel``,
        ``trouble``), or None."""
        return self._value("state", name)

    def _value(self, table: str, name: str) -> Any:
        try:
            row = self.db.execute(f"SELECT value FROM {table} WHERE name = ?", (name,)).fetchone()
        except sqlite3.OperationalError:
            return None
        return None if row is None else json.loads(row[0])


def _search(wanted: Filter, among: str) -> tuple[str, list[SqlValue], list[SqlValue]]:
    """A query for the ids of events that match, and whether that is certain (else the body must be asked).

    `among` is a condition; the values of its ``?`` stand between the two lists.
    """
    where, values = wanted.sql()
    open_words, more = wanted.body_sql()
    request = "LEFT JOIN request ON request.event = event.id " if wanted.needs_body else ""
    sql = (
        f"SELECT event.id, {open_words} FROM event LEFT JOIN note ON note.event = event.id {request}"
        f"WHERE {among} AND ({where}) AND ({open_words}) IS NOT 0 "
    )
    return sql, more, [*values, *more]


def _rank(variant: Variant) -> tuple[int, int]:
    return -variant.count, variant.first_event


def _may_read_otherwise(body: bytes) -> bool:
    """Whether plain letters may be written other than they read: escaped, in UTF-16, in a form."""
    return (
        b"\\u" in body
        or b"\x00" in body[:4]
        or body[:2] in (b"\xfe\xff", b"\xff\xfe")
        or body[:8] == b"payload="
    )
