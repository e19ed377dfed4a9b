"""The types seen as a tree: by sender, Anchore's by its taxonomy, documented ones not yet seen among them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len

from inspector.anchore.catalogue import documented_types, grouped, sender_order
from inspector.core import units
from inspector.core.shorten import event_type
from inspector.core.text import visible
from inspector.store.lately import BARS
from inspector.store.reader import EventType
from inspector.tui.widgets.rows import Fold, Piece, Row, Rows, fitted, outside

PINNED = "="
"""Stands where a type has a baseline, and has not departed from it."""
TypeKey = tuple[str | None, str]
"""Sender and type."""


@dataclass(frozen=True, slots=True)
class TypeNode:
    """A type, or several below one heading."""

    label: str
    """How it reads below its heading; raw."""
    name: str
    """How it reads by itself: the type, or a pattern for the types below; raw."""
    sender: str | None
    types: tuple[EventType, ...]
    """Those seen; none for a documented type not yet seen."""
    is_type: bool
    new: bool = False
    """One of its events showed a shape never seen before, or it has departed from its baseline."""

    @property
    def keys(self) -> tuple[TypeKey, ...]:
        """The types as (sender, type) pairs."""
        return tuple((entry.sender, entry.type) for entry in self.types)

    @property
    def count(self) -> int:
        """Events of all of them."""
        return sum(entry.count for entry in self.types)

    @property
    def first_seen(self) -> str:
        """When the first of their events came, in words and local time; empty for what was not seen."""
        if not self.types:
            return ""
        then = time.localtime(min(entry.first_us for entry in self.types) / 1e6)
        return time.strftime("first seen %Y-%m-%d %H:%M ", then)


def unseen_types(types: Iterable[EventType]) -> list[str]:
    """Anchore's documented types of which no event is stored, those of the legacy webhook left out."""
    seen = {entry.type for entry in types if entry.sender == "anchore"}
    return [entry.type for entry in documented_types() if not entry.legacy and entry.type not in seen]


def type_rows(
    types: Sequence[EventType], unseen: Sequence[str] = (), new: Collection[TypeKey] = ()
) -> list[Row]:
    """The tree of types: Anchore first, other senders by name, types without a sender last."""
    senders = {entry.sender for entry in types} | ({"anchore"} if unseen else set())
    rows: list[Row] = []
    for sender in sorted(senders, key=sender_order):
        own = [entry for entry in types if entry.sender == sender]
        rows.append(Row(("sender", sender), TypeNode(sender or "no sender", "*", sender, tuple(own), False)))
        if sender == "anchore":
            rows += _taxonomy(own, unseen, new)
        else:
            rows += [_type_row(sender, entry.type, entry.type, (entry,), new, 1) for entry in own]
    return rows


def _taxonomy(types: Sequence[EventType], unseen: Sequence[str], new: Collection[TypeKey]) -> list[Row]:
    """Anchore's types below ``category.subcategory``; one that is alone there stands by itself."""
    seen = {entry.type: entry for entry in types}
    rows: list[Row] = []
    for group, names in grouped({*seen, *unseen}):
        below = {name: (seen[name],) if name in seen else () for name in names}
        if not group:
            rows += [_type_row("anchore", name, name, entries, new, 1) for name, entries in below.items()]
            continue
        every = tuple(entry for entries in below.values() for entry in entries)
        group = _common(names)
        rows.append(Row(("group", group), TypeNode(group, f"{group}.*", "anchore", every, False), 1))
        rows += [
            _type_row("anchore", name, name.removeprefix(f"{group}."), entries, new, 2)
            for name, entries in below.items()
        ]
    return rows


def _common(names: Sequence[str]) -> str:
    """The leading segments that all names share, their last segments apart."""
    split = [name.split(".")[:-1] for name in names]
    shared = 0
    while all(len(segments) > shared and segments[shared] == split[0][shared] for segments in split):
        shared += 1
    return ".".join(split[0][:shared])


def _type_row(
    sender: str | None,
    name: str,
    label: str,
    entries: tuple[EventType, ...],
    new: Collection[TypeKey],
    depth: int,
) -> Row:
    node = TypeNode(label, name, sender, entries, True, (sender, name) in new)
    return Row(("type", sender, name), node, depth)


class _Columns(NamedTuple):
    name: int
    hour: int
    last: int


def _last(us: int, cells: int) -> str:
    """When something was seen, in eight cells or five: ``09:42:10``, ``09:42``, ``11-17``."""
    now_us = time.time_ns() // 1000
    full = units.clock(us, now_us)
    if cells > len(full):
        return full
    return full[:5] if full[2] == ":" else time.strftime("%m-%d", time.localtime(us / 1e6))


class TypeRows(Rows):
    """Draws the tree of types."""

    marks: tuple[object, ...] = ()
    """Keys of the rows marked a and b."""
    lately: Mapping[TypeKey, tuple[int, ...]] = {}
    """Events in each part of the last hour."""
    pinned: Collection[TypeKey] = ()
    """Types with a baseline."""
    events = 6
    """Cells of the column of counts."""

    def columns(self, width: int) -> _Columns:
        """Cells of each column; what there is no room for has none."""
        last = 9 if width >= 60 else 6 if width >= 50 else 9 if width >= 46 else 0
        hour = BARS + 1 if width >= 50 else 0
        return _Columns(max(4, width - 4 - self.events - 6 - hour - last), hour, last)

    def pieces(self, row: Row, width: int, fold: Fold, cursor: bool) -> list[Piece]:
        """One type: name, events, variants, last seen."""
        node: TypeNode = row.value
        glyphs = self.glyphs
        name, hour, last = self.columns(width)
        letter = dict(zip(self.marks, "ab", strict=False)).get(row.key, "")
        mark = glyphs.opened if fold == "open" else glyphs.folded if fold else " "
        indent = "  " * row.depth
        style = "" if node.is_type and node.types else "muted" if node.is_type else "strong"
        found: list[Piece] = [
            (letter or (glyphs.cursor if cursor else " "), "accent"),
            (f"{mark}", "muted"),
            *fitted([(indent, ""), *self._label(node.label, name - len(indent), style)], name + 1),
        ]
        if not node.types:
            return [*found, *fitted([("unseen", "muted")], self.events + hour + 6 + last, right=True)]
        variants = sum(entry.variants for entry in node.types)
        found += fitted([(units.count(node.count), "")], self.events, right=True)
        if hour:
            found += fitted([(self._bars(node), "muted")], hour, right=True)
        shown = units.count(variants) if node.is_type else ""
        found += fitted([(shown, "muted")], 5, right=True)
        pinned = node.is_type and node.keys[0] in self.pinned
        found.append((glyphs.new if node.new else PINNED if pinned else " ", "new" if node.new else "muted"))
        if last:
            seen = max(entry.last_us for entry in node.types)
            found += fitted([(_last(seen, last), "muted")], last, right=True)
        return found

    def _bars(self, node: TypeNode) -> str:
        """The last hour as a sparkline, the highest bar as high as can be."""
        parts = [self.lately[key] for key in node.keys if key in self.lately]
        if not parts:
            return ""
        counts = [sum(each) for each in zip(*parts, strict=True)]
        # One event alone is no peak.
        bars, most = self.glyphs.bars, max(*counts, 4)
        return "".join(bars[1 + count * (len(bars) - 2) // most] for count in counts)

    def _label(self, label: str, cells: int, style: str) -> list[Piece]:
        shown = visible(label)
        if cell_len(shown) > cells:
            return [(event_type(shown, cells, cell_len, self.glyphs.ellipsis), style)]
        return outside(label, style)

    def heading(self, width: int) -> list[Piece]:
        """The line above."""
        name, hour, last = self.columns(width)
        found = [
            *fitted([("   type", "muted")], name + 3),
            *fitted([("events", "muted")], self.events, right=True),
        ]
        found += fitted([("hour", "muted"), ("  ", "")], hour, right=True) if hour else []
        found += fitted([("var ", "muted")], 6, right=True)
        return found + (fitted([("last", "muted")], last, right=True) if last else [])

    def fold_column(self, row: Row) -> int | None:
        """The fold sign comes after the cursor."""
        return 1
