"""Keys that are data or names because the user says so, whatever they look like.

Told data, the shapes of a type are rewritten; told names, they are learnt anew from the stored bodies, since a
shape has forgotten the keys it once had. Both go in short transactions beside a capture process, and both may
be told again when they were interrupted.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as File

from inspector.core.collapse import Collapse, collapse_each, moved_below
from inspector.core.data_keys import keys_reason
from inspector.core.events import InspectorError
from inspector.core.identify import Identified, identify_request
from inspector.core.payload import KEYS, Path, show_path
from inspector.core.places import place_at
from inspector.core.shapes import Shape, from_json
from inspector.core.text import visible
from inspector.core.told_names import LOOKS, TOO_MANY
from inspector.store import rows
from inspector.store.place import open_writing
from inspector.store.rows import names_setting, names_told
from inspector.store.shape_rows import ShapeRows, TypeKey

Progress = Callable[[int, int], None]
"""How many are done, of how many."""
TOLD = "you said so"
_ROWS_AT_ONCE = 16
_EVENTS_AT_ONCE = 16
_BYTES_AT_ONCE = 256 * 1024
_IDS_AT_ONCE = 5_000
_PAUSE_S = 0.002
"""Between two transactions, seconds: the capture process gets its turn."""


def keys_are_data(store: File, key: TypeKey, path: Path, progress: Progress = lambda done, of: None) -> int:
    """Take the keys at a path of a type for data from now on; returns how many shapes that changed.

    InspectorError (exit code 1) when no object with named keys stands there.
    """
    rule = Collapse(path, TOLD)
    with _Writing(store) as writing:
        shapes = writing.shapes_of(key)
        if not any(_has_names(shape, path) for shape in shapes.values()):
            raise InspectorError(
                f"{visible(key[1])} has no object with named keys at {visible(show_path(path))}.", code=1
            )
        with writing.transaction() as learning:
            told = names_told(writing.db, key) - {path}
            # What was said of the objects under single keys holds for those under all of them.
            told = frozenset(_below_any_key(each, path) for each in told)
            writing.db.execute(_SET, (names_setting(key), _as_text(told)))
            known = rows.collapses(writing.db, key)
            new = [rule, *(below for each in known if (below := moved_below(rule, each)) is not None)]
            for each in new:
                if each.path not in [earlier.path for earlier in known]:
                    learning.keep_rule(key, each)
            learning.forget()
        changed = [
            (old, told_shape)
            for old, shape in shapes.items()
            if (told_shape := collapse_each(shape, new)) is not shape
        ]
        for start in range(0, len(changed), _ROWS_AT_ONCE):
            with writing.transaction() as learning:
                for digest, shape in changed[start : start + _ROWS_AT_ONCE]:
                    learning.restate(key, digest, shape)
                learning.forget()
            progress(min(start + _ROWS_AT_ONCE, len(changed)), len(changed))
    return len(changed)


def keys_are_names(store: File, key: TypeKey, path: Path, progress: Progress = lambda done, of: None) -> int:
    """Take the keys at a path of a type for names from now on, and learn them from the stored events.

    Returns how many events have another shape now. InspectorError (exit code 1) when there is no object, or
    when it has so many keys that they stay data whatever is said.
    """
    with _Writing(store) as writing:
        shapes = writing.shapes_of(key)
        places = [place for shape in shapes.values() if (place := place_at(shape, path)) is not None]
        late = any(rule.path == path for rule in rows.collapses(writing.db, key))
        if not late and path not in names_told(writing.db, key):
            mask = 0
            for place in places:
                mask |= place[0]
            if mask & TOO_MANY:
                raise InspectorError(
                    f"{visible(show_path(path))}: {keys_reason(mask & TOO_MANY)}; so many always are data.",
                    code=1,
                )
            if not mask & LOOKS and not any(_has_names(shape, path) for shape in shapes.values()):
                raise InspectorError(
                    f"{visible(key[1])} has no object at {visible(show_path(path))}.", code=1
                )
        with writing.transaction() as learning:
            told = names_told(writing.db, key) | {path}
            writing.db.execute(_SET, (names_setting(key), _as_text(told)))
            rules = rows.collapses(writing.db, key)
            writing.db.execute("DELETE FROM collapse WHERE sender = ? AND type = ?", key)
            for rule in rules:
                # What collapsed below has stood under {*}; under names it is found again if it is so.
                if rule.path[: len(path) + 1] != (*path, KEYS) and rule.path != path:
                    learning.keep_rule(key, rule)
            learning.forget()
        return _learn_anew(writing, key, path, progress)


def _below_any_key(told: Path, data: Path) -> Path:
    """A path below an object whose keys have become data."""
    depth = len(data)
    return (*data, KEYS, *told[depth + 1 :]) if told[:depth] == data and len(told) > depth else told


_SET = "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


def _as_text(paths: frozenset[Path]) -> str:
    return json.dumps(sorted(map(show_path, paths)))


def _has_names(shape: Shape, path: Path) -> bool:
    place = place_at(shape, path)
    return place is not None and bool(place[3])


def _learn_anew(writing: _Writing, key: TypeKey, path: Path, progress: Progress) -> int:
    """Give the events whose shape has ``{*}`` at the path the shape that their body has now."""
    db = writing.db
    affected: dict[int, int] = {}
    low, high = 2**62, 0
    for row, text, count, first, last in db.execute(
        "SELECT id, json, count, first_event, last_event FROM shape JOIN structure USING (hash) "
        "WHERE sender = ? AND type = ? AND count > 0",
        key,
    ):
        place = place_at(from_json(text), path)
        if place is not None and place[2] is not None:
            affected[row] = count
            low, high = min(low, first), max(high, last)
    total, done, changed = sum(affected.values()), 0, 0
    for start in range(low, high + 1, _IDS_AT_ONCE):
        events: Sequence[_Found] = [
            found
            for found in db.execute(
                "SELECT id, shape, received_us FROM event WHERE id >= ? AND id < ? AND shape IS NOT NULL",
                (start, start + _IDS_AT_ONCE),
            ).fetchall()
            if found[1] in affected
        ]
        while events:
            some, events = _take(db, events)
            changed += _move(writing, key, some)
            done += len(some)
            progress(done, total)
            time.sleep(_PAUSE_S)
    return changed


_Found = tuple[int, int, int]
"""An event's id, its row of `shape`, and when it arrived."""


def _take(
    db: sqlite3.Connection, events: Sequence[_Found]
) -> tuple[list[tuple[_Found, Identified | None]], Sequence[_Found]]:
    """The first events with the shapes of their bodies, as many as one transaction may have; and the rest."""
    taken: list[tuple[_Found, Identified | None]] = []
    size = 0
    for event in events:
        if len(taken) == _EVENTS_AT_ONCE or size > _BYTES_AT_ONCE:
            break
        request = rows.request(db, event[0])
        size += 0 if request is None else len(request.body)
        taken.append((event, None if request is None else identify_request(request)))
    return taken, events[len(taken) :]


def _move(writing: _Writing, key: TypeKey, events: Sequence[tuple[_Found, Identified | None]]) -> int:
    """Put events to the rows of their shapes; returns how many have another one now."""
    left: Counter[int] = Counter()
    with writing.transaction() as learning:
        for (number, old, received), found in events:
            if found is None or found.shape is None:
                continue
            row, _ = learning.intern(key, found.shape, found.payload)
            moved = row != old and writing.db.execute(
                "UPDATE event SET shape = ? WHERE id = ? AND shape = ?", (row, number, old)
            )
            if moved and moved.rowcount:
                learning.count(row, number, received)
                left[old] += 1
        learning.flush()
        for row, count in left.items():
            learning.subtract(row, count)
    return sum(left.values())


class _Writing:
    """A writing connection of its own, with what it knows of the types."""

    def __init__(self, store: File) -> None:
        self.store = store
        self.db = open_writing(store)
        self._rows = ShapeRows(self.db)
        self._version = -1

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *exception: object) -> None:
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[ShapeRows]:
        """One transaction; InspectorError when the store cannot be written."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                version = self.db.execute("PRAGMA data_version").fetchone()[0]
                if version != self._version:
                    # Another process has written since.
                    self._rows.forget()
                    self._version = version
                yield self._rows
                self.db.execute("COMMIT")
            except BaseException:
                self._rows.forget()
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise InspectorError(f"could not write to {self.store}: {error}. Try again.") from None

    def shapes_of(self, key: TypeKey) -> dict[str, Shape]:
        """Every shape of a type by its hash, as its collapses leave it."""
        rules = rows.collapses(self.db, key)
        return {
            digest: collapse_each(from_json(text), rules)
            for digest, text in self.db.execute(
                "SELECT DISTINCT hash, json FROM shape JOIN structure USING (hash) "
                "WHERE sender = ? AND type = ? AND count > 0",
                key,
            )
        }
