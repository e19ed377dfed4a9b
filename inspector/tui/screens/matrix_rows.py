"""The rows of the matrix: a field down, all types of one sender across, a sign for how it stands in each."""

from __future__ import annotations

import string
from typing import ClassVar

from textual.binding import BindingType

from inspector.core.payload import ITEMS, KEYS, show_path
from inspector.store.matrix import Column, FieldLine, Stand
from inspector.tui.keys import bind
from inspector.tui.widgets.rows import Fold, Piece, Row, Rows, fitted, outside

_NAME_CELLS = 44
"""Most cells of the field column: beyond it the eye loses the row on its way to the signs."""
LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits


class MatrixRows(Rows):
    """Draws a sign for each field and type; the column of the cursor is lit."""

    column = 0
    marked: int | None = None
    columns: tuple[Column, ...] = ()
    _first = 0

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("cell-left", "column(-1)", "Column to the left"),
        bind("cell-right", "column(1)", "Column to the right"),
    ]

    def name_width(self, width: int) -> int:
        """Cells of the field column."""
        return max(14, min(_NAME_CELLS, width * 44 // 100, max(26, width - 4 - 2 * len(self.columns))))

    def visible_columns(self, width: int) -> range:
        """Which columns there is room for; the one of the cursor is among them."""
        room, count = max(1, (width - self.name_width(width) - 4) // 2), len(self.columns)
        fewer = max(1, room - 2)  # where some after them are left out: cells for how many
        first, last = max(min(self._first, self.column), self.column - fewer + 1), max(0, count - room)
        if first < last:
            room = fewer
        self._first = first = min(first, last)
        return range(first, min(count, first + room))

    def heading(self, width: int) -> list[Piece]:
        """The letters of the columns."""
        shown = self.visible_columns(width)
        before = f"+{shown.start} " if shown.start else ""
        name = self.name_width(width) + 3 - len(before)
        found: list[Piece] = [*fitted([("   field", "muted")], name), (before, "muted")]
        for index in shown:
            style = "accent" if index in (self.column, self.marked) else "muted"
            found.append((f" {letter(index)}", style))
        if after := len(self.columns) - shown.stop:
            found.append((f" +{after}", "muted"))
        return found

    def sign(self, line: FieldLine, at: int) -> Piece:
        """How a field stands in one type."""
        glyphs = self.glyphs
        signs: dict[Stand, Piece] = {
            "never": (glyphs.never, "muted"),
            "mixed": (glyphs.mixed, "care"),
            "sometimes": (glyphs.sometimes, "number"),
            "always": (glyphs.always, "passed"),
        }
        return signs[line.stands(at)]

    def pieces(self, row: Row, width: int, fold: Fold, cursor: bool) -> list[Piece]:
        """One field."""
        line: FieldLine = row.value
        name = self.name_width(width)
        indent = "  " * min(row.depth, name // 4)
        step = line.path[-1] if line.path else "the payload"
        label = step.sign if step is ITEMS or step is KEYS else show_path((step,))
        mark = self.glyphs.opened if fold == "open" else self.glyphs.folded if fold else " "
        found: list[Piece] = [
            (self.glyphs.cursor if cursor else " ", "accent"),
            (mark, "muted"),
            (" ", ""),
            *fitted([(indent, ""), *outside(label, "key")], name, self.glyphs.ellipsis),
        ]
        lit = False
        for index in self.visible_columns(width):
            found.append(("]" if lit else " ", "accent"))
            lit = cursor and index == self.column
            if lit:
                found[-1] = ("[", "accent")
            found.append(self.sign(line, index))
        return [*found, ("]", "accent")] if lit else found

    def open_column(self, index: int) -> None:
        """Go to a column, with those on both sides of it in view, and there to the first field it has."""
        room = len(self.visible_columns(self.scrollable_content_region.width or self.app.size.width))
        self.column, self._first = index, max(0, index - room // 2)
        if self.row is None or self.row.value.fields[index] is None:
            self.go_to(lambda row: row.value.fields[index] is not None, 1)
        self.call_after_refresh(self.scroll_to_cursor, centre=True)
        self.action_column(0)

    def action_column(self, step: int) -> None:
        """Move to the column beside."""
        self.column = max(0, min(len(self.columns) - 1, self.column + step))
        self.refresh()
        self.post_message(self.Highlighted(self, self.row))

    def fold_column(self, row: Row) -> int | None:
        """The fold sign comes after the cursor."""
        return 1


def letter(index: int) -> str:
    """The letter of a column; beyond 62 columns it is ``+``, and the path bar tells which."""
    return LETTERS[index] if index < len(LETTERS) else "+"
