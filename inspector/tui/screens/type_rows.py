"""The types seen as a tree: by sender, Anchore's by its taxonomy, documented ones not yet seen among them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from inspector.anchore.catalogue import documented_types, parts
from inspector.core import units
from inspector.core.shorten import event_type
from inspector.core.text import visible
from inspector.store.reader import EventType
from inspector.tui.widgets.rows import Fold, Piece, Row, Rows, fitted, outside

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
    """One of its events showed a shape never seen before."""

    @property
    def keys(self) -> tuple[TypeKey, ...]:
        """The types as (sender, type) pairs."""
        return tuple((entry.sender, entry.type) for entry in self.types)

    @property
    def count(self) -> int:
        """Events of all of them."""
        return sum(entry.count for entry in self.types)


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
    for sender in sorted(senders, key=lambda name: (name != "anchore", name is None, name or "")):
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
    groups: dict[str, list[str]] = {}
    for name in sorted({*seen, *unseen}):
        category, subcategory, _ = parts(name)
        groups.setdefault(f"{category}.{subcategory}" if subcategory else "", []).append(name)
    rows: list[Row] = []
    for group in sorted(groups, key=lambda name: (not name, name)):
        names = groups[group]
        below = {name: (seen[name],) if name in seen else () for name in names}
        if not group or len(names) == 1:
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


class TypeRows(Rows):
    """Draws the tree of types."""

    marks: tuple[object, ...] = ()
    """Keys of the rows marked a and b."""

    def pieces(self, row: Row, width: int, fold: Fold, cursor: bool) -> list[Piece]:
        """One type: name, events, variants, last seen."""
        node: TypeNode = row.value
        glyphs = self.glyphs
        last = 9 if width >= 46 else 0
        name = max(4, width - 3 - 8 - 6 - last)
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
            return [*found, *fitted([("unseen", "muted")], 8 + 6 + last, right=True)]
        variants = sum(entry.variants for entry in node.types)
        found += fitted([(units.count(node.count), "")], 8, right=True)
        shown = units.count(variants) if node.is_type else ""
        found += fitted([(shown, "muted")], 5, right=True)
        found.append((glyphs.new if node.new else " ", "new"))
        if last:
            seen = max(entry.last_us for entry in node.types)
            found += fitted([(units.clock(seen, time.time_ns() // 1000), "muted")], last, right=True)
        return found

    def _label(self, label: str, cells: int, style: str) -> list[Piece]:
        shown = visible(label)
        if cell_len(shown) > cells:
            return [(event_type(shown, cells, cell_len, self.glyphs.ellipsis), style)]
        return outside(label, style)

    def heading(self, width: int) -> list[Piece]:
        """The line above."""
        last = 9 if width >= 46 else 0
        name = max(4, width - 3 - 8 - 6 - last)
        found = [*fitted([("   type", "muted")], name + 3), *fitted([("events", "muted")], 8, right=True)]
        found += fitted([("var ", "muted")], 6, right=True)
        return found + (fitted([("last", "muted")], last, right=True) if last else [])

    def fold_column(self, row: Row) -> int | None:
        """The fold sign comes after the cursor."""
        return 1
