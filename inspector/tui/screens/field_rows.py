"""The fields of one type shape as a tree: which types, in how many events, and what the values look like."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from inspector.core import units
from inspector.core.payload import ITEMS, KEYS, Path, show_path
from inspector.core.type_shape import Field, TypeShape
from inspector.tui.widgets.rows import Fold, Piece, Row, Rows, fitted, outside

ENVELOPE = "envelope"
"""Key of the row that holds what stands around Anchore's details."""


@dataclass(frozen=True, slots=True)
class FieldNode:
    """A field, or the heading of the envelope (without a field)."""

    label: str
    """The last step of the path; raw."""
    field: Field | None
    new: bool = False
    """It came with the newest variant, or is not so in the baseline."""
    fields: int = 0
    """For the envelope: how many fields it has."""


def field_rows(shape: TypeShape, sender: str | None, drifted: Collection[Path] | None = None) -> list[Row]:
    """The tree of a type shape; of an Anchore type `details` comes first, all else folded as its envelope.

    `drifted` are the places that are not as in the type's baseline, if it has one.
    """
    newest = max(shape.variants, key=lambda variant: variant.first_event, default=None)
    since = newest.first_event if newest is not None and len(shape.variants) > 1 else None
    new_paths = {field.path for field in shape.fields if field.first_event == since}
    if drifted is not None:
        new_paths = set(drifted)
    # What stands inside a new object is as new as that; one badge for all of it is enough.
    fields = [
        (_label(field.path), field, field.path in new_paths and field.path[:-1] not in new_paths)
        for field in shape.fields
    ]
    if sender != "anchore" or shape.field(("details",)) is None:
        return [
            Row(field.path, FieldNode(label, field, new), len(field.path) - 1) for label, field, new in fields
        ]
    inside = [each for each in fields if each[1].path[0] == "details"]
    around = [each for each in fields if each[1].path[0] != "details"]
    rows = [
        Row(field.path, FieldNode(label, field, new), len(field.path) - 1) for label, field, new in inside
    ]
    rows.append(Row(ENVELOPE, FieldNode(ENVELOPE, None, fields=len(around)), 0, folded=True))
    rows += [Row(field.path, FieldNode(label, field, new), len(field.path)) for label, field, new in around]
    return rows


def _label(path: Path) -> str:
    if not path:
        return "the payload"
    step = path[-1]
    return step.sign if step is ITEMS or step is KEYS else show_path((step,))


def presence(field: Field) -> str:
    """``all``, or ``1 of 301``."""
    return "all" if field.present == field.of else f"{field.present:,} of {field.of:,}"


class FieldRows(Rows):
    """Draws the fields of a type."""

    values: Mapping[Path, str] = {}
    """What the values look like, in words (raw); comes after the fields."""
    present = 3
    """Cells of the longest ``1 of 301`` there can be."""

    def columns(self, width: int) -> tuple[int, int, int, int]:
        """Cells of name, types, presence and values."""
        room = max(12, width - 4)
        present = self.present + 1
        if room < 50:
            name = room * 54 // 100
            return name, max(4, room - name - present - 1), present, 0
        name = room * 36 // 100
        types = max(10, min(18, room * 16 // 100))
        return name, types, present, room - name - types - present - 2

    def heading(self, width: int) -> list[Piece]:
        """The line above."""
        name, types, present, values = self.columns(width)
        found: list[Piece] = [("   ", ""), *fitted([("field", "muted")], name), (" ", "")]
        found += [*fitted([("type", "muted")], types), *fitted([(" in", "muted")], present)]
        return found + ([(" values", "muted")] if values else [])

    def pieces(self, row: Row, width: int, fold: Fold, cursor: bool) -> list[Piece]:
        """One field."""
        node: FieldNode = row.value
        glyphs = self.glyphs
        name, types, present, values = self.columns(width)
        indent = "  " * min(row.depth, name // 4)
        mark = glyphs.opened if fold == "open" else glyphs.folded if fold else " "
        label = outside(node.label, "muted" if node.field is None else "key")
        found: list[Piece] = [
            (glyphs.cursor if cursor else " ", "accent"),
            (glyphs.new if node.new else " ", "new"),
            (mark, "muted"),
            *fitted([(indent, ""), *label], name, glyphs.ellipsis),
            (" ", ""),
        ]
        if node.field is None:
            return [*found, (units.count(node.fields, "field"), "muted")]
        words = presence(node.field)
        found += fitted(outside(self._types(node.field)), types, glyphs.ellipsis)
        found += fitted([(" ", ""), (words, "muted" if words == "all" else "care")], present)
        if values:
            found += [(" ", ""), *fitted(outside(self.told(node.field), "muted"), values, glyphs.ellipsis)]
        return found

    @staticmethod
    def _types(field: Field) -> str:
        """The types; how many fields an object has is seen below it."""
        return " or ".join(field.types) if field.types != ("array",) else field.words

    def told(self, field: Field) -> str:
        """What the values look like, and what else there is to say of a field; raw."""
        said: list[str] = []
        if field.empty:
            said.append("empty" if field.empty == field.present else f"empty in {field.empty:,}")
        if field.duplicated:
            said.append("stood twice in one object")
        if words := self.values.get(field.path):
            said.append(words)
        return "; ".join(each for each in (field.keys_words, ", ".join(said)) if each)

    def fold_column(self, row: Row) -> int | None:
        """The fold sign comes after the badge."""
        return 2
