"""Events in groups: by type, and the deliveries that came more than once.

Without a filter the groups by type are read from the counts of the shapes, whatever the number of events.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspector.store.reader import Reader

TypeKey = tuple[str, str | None]
"""Sender and type, empty texts for none; the type is None for events that have not been identified, or never
will be: rejected ones."""
UNIDENTIFIED: TypeKey = ("", None)
_IDS_AT_ONCE = 20_000
_NAMED_AT_ONCE = 500


@dataclass(slots=True)
class TypeGroup:
    """The events of one type."""

    key: TypeKey
    count: int = 0
    newest: int = 0
    """Id of the newest event."""
    newest_us: int = 0
    failed: int = 0
    """Events whose last replay was not answered 2xx."""
    new: int = 0
    """Events of a shape that was new to the type."""
    rows: set[int] = field(default_factory=set)
    """Its rows of `shape`; none for unidentified events."""
    ids: array[int] | None = None
    """Its events, ascending, where they were asked for or are known anyway."""

    def add(self, number: int, received_us: int, sent: int | None, new: int) -> None:
        """Count one event, in order of arrival."""
        assert self.ids is not None
        self.ids.append(number)
        self.count += 1
        self.newest, self.newest_us = number, received_us
        self.failed += sent is not None and not 200 <= sent <= 299
        self.new += new


def type_groups(reader: Reader) -> dict[TypeKey, TypeGroup]:
    """All events by type."""
    groups: dict[TypeKey, TypeGroup] = {}
    by_row: dict[int | None, TypeGroup] = {}
    counted = 0
    with reader.one_moment():  # what is not counted by a shape has none
        for row, sender, name, count, last, last_us in reader.db.execute(
            "SELECT id, sender, type, count, last_event, last_us FROM shape WHERE count > 0"
        ):
            group = groups.setdefault((sender, name), TypeGroup((sender, name)))
            by_row[row] = group
            group.rows.add(row)
            group.count += count
            counted += count
            if last > group.newest:
                group.newest, group.newest_us = last, last_us
        rest = reader.total()[0] - counted
        if rest > 0:
            found = reader.db.execute(
                "SELECT id, received_us FROM event WHERE shape IS NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
            if found is not None:
                by_row[None] = groups[UNIDENTIFIED] = TypeGroup(UNIDENTIFIED, rest, *found)
    for row, failed in reader.db.execute(
        "SELECT shape, count(*) FROM event WHERE id IN (SELECT event FROM attempt) "
        "AND sent NOT BETWEEN 200 AND 299 GROUP BY shape"
    ):
        if row in by_row:
            by_row[row].failed += failed
    # The first event of a variant is the one that was marked as new.
    for row, new in reader.db.execute(
        "SELECT shape.id, count(*) FROM shape JOIN event ON event.id = first_event WHERE event.new GROUP BY 1"
    ):
        if row in by_row:
            by_row[row].new += new
    return groups


def type_groups_of(reader: Reader, numbers: Sequence[int]) -> dict[TypeKey, TypeGroup]:
    """These events (ids ascending) by type, each group with its ids."""
    names: dict[int | None, TypeKey] = {
        row: (sender, name)
        for row, sender, name in reader.db.execute("SELECT id, sender, type FROM shape WHERE count > 0")
    }
    groups: dict[TypeKey, TypeGroup] = {}
    for start in range(0, len(numbers), _NAMED_AT_ONCE):
        some = [*numbers[start : start + _NAMED_AT_ONCE]]
        for number, row, received_us, sent, new in reader.db.execute(
            "SELECT id, shape, received_us, sent, new FROM event WHERE id IN "
            f"({','.join('?' * len(some))}) ORDER BY id",
            some,
        ).fetchall():
            key = names.get(row, UNIDENTIFIED)
            group = groups.get(key)
            if group is None:
                group = groups[key] = TypeGroup(key, ids=array("q"))
            group.add(number, received_us, sent, new)
    return groups


def read_members(reader: Reader, groups: Collection[TypeGroup], after: int, upto: int) -> None:
    """Append the ids with ``after < id <= upto`` to the `ids` of these groups."""
    by_row: dict[int | None, array[int]] = {}
    for group in groups:
        assert group.ids is not None
        by_row.update(dict.fromkeys(group.rows or (None,), group.ids))
    rows = [row for row in by_row if row is not None]
    few = len(rows) < _NAMED_AT_ONCE
    where = f"shape IN ({','.join('?' * len(rows))})" if few else "1"
    values: list[Any] = rows if few else []
    if None in by_row:
        where = f"({where} OR shape IS NULL)"
    for start in range(after, upto, _IDS_AT_ONCE):
        for number, row in reader.db.execute(
            f"SELECT id, shape FROM event WHERE id > ? AND id <= ? AND {where} ORDER BY id",
            (start, min(upto, start + _IDS_AT_ONCE), *values),
        ).fetchall():
            if row in by_row:
                by_row[row].append(number)


def redelivered(reader: Reader, after: int, upto: int) -> list[tuple[int, int]]:
    """Events that were delivered before, as (id, id of the first delivery), ascending; the first may be gone."""
    sql = (
        "SELECT id, duplicate_of FROM event {} WHERE duplicate_of NOT NULL AND id > ? AND id <= ? ORDER BY id"
    )
    hint = "INDEXED BY event_duplicate" if upto - after > _IDS_AT_ONCE else "NOT INDEXED"
    return reader.db.execute(sql.format(hint), (after, upto)).fetchall()
