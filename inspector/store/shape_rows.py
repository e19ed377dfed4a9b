"""Which shapes each event type has shown: rows of `shape` with exact counts, and keys that turn out to be
data.

Used by `StoreWriter` inside its transactions. What was seen of a type is kept in memory, so an event of a
known shape costs no statement; counts are gathered and written once for a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from inspector.core.collapse import Collapse, collapse_each, find_collapses
from inspector.core.payload import Path, show_path
from inspector.core.shapes import Shape, from_json, hash_of_json, size, to_json
from inspector.core.told_names import with_names
from inspector.store.rows import collapses, names_told

MAX_TYPES = 2000
MAX_INTERNED = 500
MAX_VARIANTS = 512
"""A type with more variants is only counted: its shapes are looked up in the store, and no keys collapse
any more."""
MAX_PLACES = 50_000
"""The same bound for the places of all variants together; looking for data keys takes about 5 µs a place."""

TypeKey = tuple[str, str]
"""Sender and type, empty texts for none."""
Ends = dict[tuple[int, str], tuple[int, int]]
"""By row and ``first`` or ``last``: id and time of the event that will be it."""


@dataclass(slots=True)
class _Type:
    """What is kept in memory of one type."""

    collapses: list[Collapse]
    names: frozenset[Path]
    """Where the user said that keys are names."""
    variants: dict[Shape, int]
    """Row of each variant, at most `MAX_VARIANTS`."""
    places: int
    """Places of the variants together."""
    look_at: int
    """With how many variants to look for data keys again."""
    interned: dict[Shape, int] = field(default_factory=dict)
    """Row by the shape as computed, before collapses."""
    latest: tuple[Shape, int] | None = None
    """The one that was asked for last: to compare it takes nothing, to look it up its hash."""
    bare: int | None = None
    """Row that counts the events without a JSON body."""

    @property
    def is_learning(self) -> bool:
        return len(self.variants) < MAX_VARIANTS and self.places < MAX_PLACES

    def drop(self, row: int) -> None:
        """Forget a row that is there no more."""
        if self.bare == row:
            self.bare = None
        for shape in [shape for shape, number in self.variants.items() if number == row]:
            del self.variants[shape]
            self.places -= size(shape)
        for shape in [shape for shape, number in self.interned.items() if number == row]:
            del self.interned[shape]
        self.latest = None


@dataclass(slots=True)
class _Tally:
    """What one transaction adds to a row."""

    count: int
    first: tuple[int, int]
    """Id and time of the first event."""
    last: tuple[int, int]


class ShapeRows:
    """The rows of `shape`, through the writer's connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._types: dict[TypeKey, _Type] = {}
        self._tallies: dict[int, _Tally] = {}
        self.collapsed = 0
        """How many times keys of some type have turned out to be data."""

    def forget(self) -> None:
        """Drop what is in memory: the transaction was undone, or another process has written."""
        self._types.clear()
        self._tallies.clear()

    def bare(self, key: TypeKey) -> int:
        """The row that counts a type's events without a JSON body."""
        known = self._known(key)
        if known.bare is None:
            row = self._db.execute(
                "SELECT id FROM shape WHERE sender = ? AND type = ? AND hash IS NULL", key
            ).fetchone()
            known.bare = self._insert(key, None) if row is None else int(row[0])
        return known.bare

    def intern(self, key: TypeKey, shape: Shape, payload: Callable[[], Any]) -> tuple[int, bool]:
        """The row of the shape of a payload of this type, and whether the shape is new to a type that has
        shown others."""
        known = self._known(key)
        if known.names:
            shape = with_names(shape, payload(), known.names)
        if known.latest is not None and known.latest[0] is shape:
            return known.latest[1], False
        row = known.interned.get(shape)
        if row is not None:
            known.latest = shape, row
            return row, False
        row, new = self._row(key, known, collapse_each(shape, known.collapses))
        if (
            new
            and len(known.variants) >= known.look_at
            and known.is_learning
            and self._collapse_late(key, known)
        ):
            # What looked new differs in data only, and mostly falls together with another variant.
            fresh, new = row, False
            row, _ = self._row(key, known, collapse_each(shape, known.collapses))
            if row != fresh:
                self._db.execute("DELETE FROM shape WHERE id = ?", (fresh,))
        if len(known.interned) >= MAX_INTERNED:
            known.interned.clear()
        known.interned[shape] = row
        return row, new

    def count(self, row: int, event: int, received_us: int) -> None:
        """Count one event of a row; written by `flush`."""
        tally = self._tallies.get(row)
        if tally is None:
            self._tallies[row] = _Tally(1, (event, received_us), (event, received_us))
            return
        tally.count += 1
        if event > tally.last[0]:
            tally.last = event, received_us
        elif event < tally.first[0]:
            tally.first = event, received_us

    def flush(self) -> None:
        """Write the counts."""
        for row, tally in self._tallies.items():
            self._add(row, tally)
        self._tallies.clear()

    def _add(self, row: int, tally: _Tally) -> None:
        """Add to the counts of a row; one without events has its ends from these alone."""
        self._db.execute(
            "UPDATE shape SET count = count + :count, "
            "first_us = iif(count = 0 OR :first < first_event, :first_us, first_us), "
            "last_us = iif(count = 0 OR :last > last_event, :last_us, last_us), "
            "first_event = iif(count = 0, :first, min(first_event, :first)), "
            "last_event = iif(count = 0, :last, max(last_event, :last)) WHERE id = :row",
            {
                "count": tally.count,
                "first": tally.first[0],
                "first_us": tally.first[1],
                "last": tally.last[0],
                "last_us": tally.last[1],
                "row": row,
            },
        )

    def _known(self, key: TypeKey) -> _Type:
        known = self._types.get(key)
        if known is None:
            if len(self._types) >= MAX_TYPES:
                self._types.clear()
            variants = {
                from_json(text): row
                for row, text in self._db.execute(
                    "SELECT min(shape.id), structure.json FROM shape JOIN structure USING (hash) "
                    "WHERE sender = ? AND type = ? AND (count > 0 OR NOT EXISTS "
                    "(SELECT 1 FROM deleted WHERE deleted.shape = shape.id)) "
                    "GROUP BY hash ORDER BY 1 LIMIT ?",
                    (*key, MAX_VARIANTS),
                )
            }
            rules, names = collapses(self._db, key), names_told(self._db, key)
            known = _Type(rules, names, variants, sum(map(size, variants)), len(variants) + 1)
            self._types[key] = known
        return known

    def _row(self, key: TypeKey, known: _Type, shape: Shape) -> tuple[int, bool]:
        """The row of a shape that has been through the type's collapses; made, and then new, if there is
        none."""
        row = known.variants.get(shape)
        if row is not None:
            return row, False
        text = to_json(shape)
        digest = hash_of_json(text)
        if not known.is_learning:
            found = self._db.execute(
                "SELECT min(id) FROM shape WHERE sender = ? AND type = ? AND hash = ?", (*key, digest)
            ).fetchone()[0]
            if found is not None:
                return int(found), False
        self._keep_structure(digest, text)
        row = self._insert(key, digest)
        others = bool(known.variants)
        if known.is_learning:
            known.variants[shape] = row
            known.places += size(shape)
        return row, others and key[1] != ""

    def _insert(self, key: TypeKey, digest: str | None) -> int:
        row = self._db.execute(
            "INSERT INTO shape (sender, type, hash, count, first_event, last_event, first_us, last_us) "
            "VALUES (?, ?, ?, 0, 0, 0, 0, 0)",
            (*key, digest),
        ).lastrowid
        assert row is not None
        return row

    def _keep_structure(self, digest: str, text: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO structure (hash, json) VALUES (?, ?)", (digest, text))

    # -- late collapse

    def _collapse_late(self, key: TypeKey, known: _Type) -> bool:
        """Look for keys that have turned out to be data; if there are any, give the type's rows their new
        shapes.

        Each new variant is looked at among the first few, then every ninth part more, so that learning
        stays linear.
        """
        known.look_at = len(known.variants) + 1 + len(known.variants) // 9
        self.flush()
        digests: dict[int, str] = {}
        counts: Counter[str] = Counter()
        for row, digest, count in self._db.execute(
            "SELECT id, hash, count FROM shape WHERE sender = ? AND type = ? AND hash IS NOT NULL", key
        ):
            digests[row] = digest
            counts[digest] += count
        found = find_collapses(
            [(shape, max(1, counts[digests[row]])) for shape, row in known.variants.items()],
            known.names,
            known.collapses,
        )
        if not found:
            return False
        for rule in found:
            known.collapses.append(rule)
            self.keep_rule(key, rule)
        variants: dict[Shape, int] = {}
        for shape, row in known.variants.items():
            collapsed = collapse_each(shape, found)
            variants.setdefault(collapsed, row)
            if collapsed is not shape:
                self.restate(key, digests[row], collapsed)
        known.variants = variants
        known.places = sum(map(size, variants))
        known.look_at = len(variants) + 1
        known.interned.clear()
        known.latest = None
        self.collapsed += 1
        return True

    def keep_rule(self, key: TypeKey, rule: Collapse) -> None:
        """Write down a collapse of a type, as the last to apply."""
        self._db.execute(
            "INSERT INTO collapse (sender, type, number, path, reason, keep) VALUES (?1, ?2, "
            "(SELECT coalesce(max(number), 0) + 1 FROM collapse WHERE sender = ?1 AND type = ?2), ?3, ?4, ?5)",
            (*key, show_path(rule.path), rule.reason, json.dumps(rule.keep)),
        )

    def restate(self, key: TypeKey, old: str, shape: Shape) -> None:
        """Give the rows of one variant another shape; their events were never of a new one."""
        text = to_json(shape)
        digest = hash_of_json(text)
        self._keep_structure(digest, text)
        rows = self._db.execute(
            "UPDATE shape SET hash = ? WHERE sender = ? AND type = ? AND hash = ? RETURNING first_event",
            (digest, *key, old),
        ).fetchall()
        self._db.executemany("UPDATE event SET new = 0 WHERE id = ?", rows)
        self._drop_structure(old)

    def _drop_structure(self, digest: str) -> None:
        self._db.execute(
            "DELETE FROM structure WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM shape WHERE shape.hash = "
            "structure.hash)",
            (digest,),
        )

    # -- deletion

    def ends_without(self, events: Collection[int]) -> Ends:
        """Where the rows of these events would begin and end without them, for `subtract`: looking for it
        may take long, and holds nobody up outside a transaction."""
        going = frozenset(events)
        marks = ",".join("?" * len(going))
        ends: Ends = {}
        for row, first, last in self._db.execute(
            "SELECT id, first_event, last_event FROM shape WHERE id IN "
            f"(SELECT shape FROM event WHERE id IN ({marks}))",
            [*going],
        ).fetchall():
            for end, column, sign, order in _ends(first, last):
                if end not in going:
                    continue
                found = self._db.execute(
                    f"SELECT id, received_us FROM event WHERE id {sign} ? AND shape = ? ORDER BY id {order}",
                    (end, row),
                )
                left = next((each for each in found if each[0] not in going), None)
                found.close()
                if left is not None:
                    ends[row, column] = left
        return ends

    def subtract(self, row: int, events: int, ends: Ends | None = None) -> None:
        """After `events` events of a row were deleted, or given another row: subtract them, find its first
        and last again, or drop it."""
        count, first, last = self._db.execute(
            "UPDATE shape SET count = count - ? WHERE id = ? RETURNING count, first_event, last_event",
            (events, row),
        ).fetchone()
        if count <= 0:
            for known in self._types.values():
                known.drop(row)
            self.drop_unused(row)
            return
        for end, column, sign, order in _ends(first, last):
            if self._time_of(end, row) is not None:
                continue
            found = (ends or {}).get((row, column))
            if found is None or self._time_of(found[0], row) is None:
                found = self._db.execute(
                    f"SELECT id, received_us FROM event WHERE id {sign} ? AND shape = ? ORDER BY id {order} "
                    f"LIMIT 1",
                    (end, row),
                ).fetchone()
            if found:
                self._db.execute(
                    f"UPDATE shape SET {column}_event = ?, {column}_us = ? WHERE id = ?", (*found, row)
                )

    def _time_of(self, event: int, row: int) -> int | None:
        """When an event of a row arrived; None when it is not there."""
        found = self._db.execute(
            "SELECT received_us FROM event WHERE id = ? AND shape = ?", (event, row)
        ).fetchone()
        return None if found is None else int(found[0])

    def drop_unused(self, row: int) -> None:
        """Drop a row without events, unless one that is deleted and may come back refers to it."""
        for (digest,) in self._db.execute(
            "DELETE FROM shape WHERE id = ? AND count <= 0 AND NOT EXISTS "
            "(SELECT 1 FROM deleted WHERE deleted.shape = shape.id) RETURNING hash",
            (row,),
        ).fetchall():
            if digest is not None:
                self._drop_structure(digest)

    def add_back(self, row: int, count: int, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Count events of a row that were deleted and are there again: how many, and id and time of the
        first and the last of them. Keys that were found to be data meanwhile are so in them, too."""
        empty = self._db.execute("SELECT count = 0 FROM shape WHERE id = ?", (row,)).fetchone()[0]
        self._add(row, _Tally(count, first, last))
        found = self._db.execute(
            "SELECT sender, type, hash, json FROM shape JOIN structure USING (hash) WHERE id = ?", (row,)
        ).fetchone()
        if empty and found is not None:
            key, shape = (found[0], found[1]), from_json(found[3])
            collapsed = collapse_each(shape, collapses(self._db, key))
            if collapsed != shape:
                self.restate(key, found[2], collapsed)


def _ends(first: int, last: int) -> tuple[tuple[int, str, str, str], ...]:
    return (first, "first", ">", "ASC"), (last, "last", "<", "DESC")
