"""How many cells each row of a source takes, known before it is drawn.

For rows of printable ASCII that is their length. All are measured once, when the document is built; long ones in
windows, so that the middle of a row of megabytes is found without looking at all of it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from rich.cells import cell_len

from inspector.core.lines import HexLines, Lines
from inspector.core.text import visible

WINDOW: Final = 4096
"""Characters of a row that are coloured at a time."""

_CONTROLS: Final = bytes([*range(0x0A), *range(0x0B, 0x20), 0x7F])


class Tall(NamedTuple):
    """The rows that take more than one line when they are wrapped."""

    rows: Sequence[int] = ()
    """Ascending."""
    more: Sequence[int] = ()
    """For each, how many lines it and those before it take beyond one a row."""


class Measure:
    """Cells of the rows of a source. Takes a moment for megabytes."""

    __slots__ = ("_cells", "_exact", "_tall", "_windows", "lines", "widest")

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self._cells: array[int] | None = None
        """None for a hex dump, of which every row counts as a whole one."""
        self._exact: bytearray | None = None
        """Whether each row is one cell a character; None when all are."""
        self._windows: dict[int, list[int]] = {}
        self._tall = (0, Tall())
        self.widest = lines.longest()
        """Cells of the widest row."""
        if isinstance(lines, HexLines):
            return
        if _is_plain(lines):
            self._cells = array("q", lines.lengths())
            return
        self._cells, self._exact = array("q"), bytearray()
        for row in range(len(lines)):
            cells, exact = self._measured(row)
            self._cells.append(cells)
            self._exact.append(exact)
        self.widest = max(self._cells, default=0)

    def cells(self, row: int) -> int:
        """Cells of a row once it is made visible."""
        return self.widest if self._cells is None else self._cells[row]

    def one_to_one(self, row: int) -> bool:
        """Whether every character of a row is one cell wide and shown as it is."""
        return self._exact is None or bool(self._exact[row])

    def window(self, row: int, cell: int) -> tuple[int, int]:
        """The window that holds a cell of a row: its first character and its first cell."""
        windows = self._windows.get(row)
        if windows is not None:
            number = min(bisect_right(windows, cell), len(windows)) - 1
            return number * WINDOW, windows[number]
        if self._exact is not None and self.lines.length(row) <= WINDOW:
            return 0, 0
        return cell // WINDOW * WINDOW, cell // WINDOW * WINDOW

    def stride(self, row: int, width: int) -> int:
        """Cells of a wrapped row that go on a line of `width`: one less where a character may be two."""
        return max(1, width if self.one_to_one(row) else width - 1)

    def tall(self, width: int) -> Tall:
        """The rows that take more than one line when they are wrapped at `width` cells."""
        if self.widest < width:
            return Tall()
        if self._tall[0] != width:
            self._tall = width, self._taller(width)
        return self._tall[1]

    def _taller(self, width: int) -> Tall:
        cells, exact = self._cells, self._exact
        if cells is None:
            more = self.height(0, width) - 1
            count = len(self.lines) if more else 0
            return Tall(range(count), range(more, more * count + 1, max(1, more)))
        # Comprehensions alone: there may be hundreds of thousands of rows, and the screen waits.
        if exact is None:
            rows = [row for row, wide in enumerate(cells) if wide > width]
            beyond = [(cells[row] - 1) // width for row in rows]
        else:
            strides = max(1, width - 1), width
            rows = [row for row, wide in enumerate(cells) if wide >= width]
            rows = [row for row in rows if cells[row] > strides[exact[row]]]
            beyond = [(cells[row] - 1) // strides[exact[row]] for row in rows]
        return Tall(array("q", rows), array("q", accumulate(beyond)))

    def height(self, row: int, width: int) -> int:
        """How many lines a row takes when it is wrapped at `width` cells."""
        return max(1, -(-self.cells(row) // self.stride(row, width)))

    def _measured(self, row: int) -> tuple[int, bool]:
        """Cells of a row, and whether each is one character as it came."""
        length = self.lines.length(row)
        if length <= WINDOW:
            return _cells_of(self.lines.line(row))
        starts = [0]
        all_exact = True
        for start in range(0, length, WINDOW):
            cells, exact = _cells_of(self.lines.slice(row, start, start + WINDOW))
            starts.append(starts[-1] + cells)
            all_exact = all_exact and exact
        total = starts.pop()
        if not all_exact:
            self._windows[row] = starts
        return total, all_exact


def _cells_of(text: str) -> tuple[int, bool]:
    if text.isascii() and text.isprintable():
        return len(text), True
    return cell_len(visible(text)), False


def _is_plain(lines: Lines) -> bool:
    """Whether all rows are printable ASCII."""
    text = lines.text()
    if not text.isascii():
        return False
    raw = text.encode("ascii")
    return len(raw) == len(raw.translate(None, _CONTROLS))
