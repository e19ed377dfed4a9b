"""How many cells each row of a source takes, known before it is drawn.

For rows of printable ASCII that is their length. Others are measured once, when the document is built; long
ones in windows, so that the middle of a row of megabytes is found without looking at all of it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final

from rich.cells import cell_len

from inspector.core.lines import HexLines, Lines
from inspector.core.text import visible

WINDOW: Final = 4096
"""Characters of a row that are coloured at a time."""

_CONTROLS: Final = bytes([*range(0x0A), *range(0x0B, 0x20), 0x7F])


class Measure:
    """Cells of the rows of a source. Takes a moment for megabytes that are not ASCII."""

    __slots__ = ("_cells", "_exact", "_lines", "_windows", "widest")

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._cells: array[int] | None = None
        self._exact = bytearray()
        self._windows: dict[int, list[int]] = {}
        if not _is_plain(lines):
            self._cells = array("q")
            for row in range(len(lines)):
                cells, exact = self._measured(row)
                self._cells.append(cells)
                self._exact.append(exact)
        self.widest = max(self._cells, default=0) if self._cells is not None else lines.longest()
        """Cells of the widest row."""

    def cells(self, row: int) -> int:
        """Cells of a row once it is made visible."""
        return self._lines.length(row) if self._cells is None else self._cells[row]

    def one_to_one(self, row: int) -> bool:
        """Whether every character of a row is one cell wide and shown as it is."""
        return self._cells is None or bool(self._exact[row])

    def window(self, row: int, cell: int) -> tuple[int, int]:
        """The window that holds a cell of a row: its first character and its first cell."""
        windows = self._windows.get(row)
        if windows is not None:
            number = min(bisect_right(windows, cell), len(windows)) - 1
            return number * WINDOW, windows[number]
        if self._cells is not None and self._lines.length(row) <= WINDOW:
            return 0, 0
        return cell // WINDOW * WINDOW, cell // WINDOW * WINDOW

    def stride(self, row: int, width: int) -> int:
        """Cells of a wrapped row that go on a line of `width`: one less where a character may be two."""
        return max(1, width if self.one_to_one(row) else width - 1)

    def heights(self, width: int) -> list[int] | None:
        """How many lines each row takes when it is wrapped at `width` cells; None when all take one."""
        if self.widest < width:
            return None
        if self._cells is not None:
            narrow = max(1, width - 1)
            return [
                -(-cells // (width if exact else narrow)) or 1
                for cells, exact in zip(self._cells, self._exact, strict=True)
            ]
        return [(length + width - 1) // width or 1 for length in self._lines.lengths()]

    def height(self, row: int, width: int) -> int:
        """How many lines a row takes when it is wrapped at `width` cells."""
        return max(1, -(-self.cells(row) // self.stride(row, width)))

    def _measured(self, row: int) -> tuple[int, bool]:
        """Cells of a row, and whether each is one character as it came."""
        length = self._lines.length(row)
        if length <= WINDOW:
            return _cells_of(self._lines.line(row))
        starts = [0]
        all_exact = True
        for start in range(0, length, WINDOW):
            cells, exact = _cells_of(self._lines.slice(row, start, start + WINDOW))
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
    if isinstance(lines, HexLines):
        return True
    text = lines.text()
    if not text.isascii():
        return False
    raw = text.encode("ascii")
    return len(raw) == len(raw.translate(None, _CONTROLS))
