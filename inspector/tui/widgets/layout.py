"""Which row stands on which line: sections below each other, some closed, rows folded away, long rows
wrapped.

A `Layout` never changes; folding or turning the pane makes a new one. Its cost is that of the folds, and of
the rows only while they are wrapped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from inspector.core.jsontext import JsonText
from inspector.core.nested import NestedText
from inspector.tui.widgets.document import Document, Section
from inspector.tui.widgets.measure import Measure

HEADING: Final = -1
"""Stands for a row where the heading of a section is meant."""


class Spot(NamedTuple):
    """A line: section, row of its source (or `HEADING`), and which line of a wrapped row."""

    section: int
    row: int
    line: int = 0


class _Block:
    """The lines of one section without its heading."""

    __slots__ = ("_ends", "_hidden", "_openers", "_visible", "count", "rows")

    def __init__(self, section: Section, measure: Measure, folded: set[int], width: int | None) -> None:
        self._openers: list[int] = []
        self._visible: list[int] = []
        self._hidden: list[int] = []
        hidden = 0
        if section.tree is not None:
            hidden = self._fold(section.tree, folded)
        nested = section.nested
        self.rows = len(section.lines) - hidden
        self._ends: list[int] | None = None
        self.count = self.rows
        heights = None if width is None else measure.heights(width)
        if heights is not None:
            if self._openers:
                heights = [heights[self._row(number)] for number in range(self.rows)]
                for row, at in zip(self._openers, self._visible, strict=True):
                    if nested is None or not nested.holds(row):  # a string stays in sight as it is
                        heights[at] = 1
            self._ends = list(accumulate(heights))
            self.count = self._ends[-1] if self._ends else 0

    def _fold(self, tree: JsonText | NestedText, folded: set[int]) -> int:
        hidden, last = 0, -1
        for opener in sorted(folded):
            if opener > last and tree.opens(opener):
                last = tree.closing(opener)
                self._openers.append(opener)
                self._visible.append(opener - hidden)
                hidden += last - opener
                self._hidden.append(hidden)
        return hidden

    def _row(self, number: int) -> int:
        """The row that is `number`-th of those not folded away."""
        before = bisect_left(self._visible, number)
        return number + (self._hidden[before - 1] if before else 0)

    def spot(self, line: int) -> tuple[int, int]:
        """The row on a line of the block, and which of its own lines that is."""
        if self._ends is None:
            return self._row(line), 0
        number = bisect_right(self._ends, line)
        return self._row(number), line - (self._ends[number - 1] if number else 0)

    def line_of(self, row: int) -> int:
        """The line on which a row begins, or the folded row it is hidden in."""
        before = bisect_left(self._openers, row)
        number = row - (self._hidden[before - 1] if before else 0)
        if before:
            number = max(number, self._visible[before - 1])
        if self._ends is None:
            return number
        return self._ends[number - 1] if number else 0


class Layout:
    """The lines of a document as it is folded; `width` is that of a line when rows are wrapped, else None."""

    __slots__ = ("_blocks", "_starts", "document", "total")

    def __init__(
        self,
        document: Document,
        measures: Sequence[Measure],
        folded: Mapping[int, set[int]],
        closed: set[int],
        width: int | None = None,
    ) -> None:
        """`folded`: opening rows folded in each section; `closed`: sections that show their heading alone."""
        self.document = document
        self._blocks: list[_Block | None] = []
        self._starts: list[int] = []
        self.total = 0
        for number, section in enumerate(document.sections):
            block = None
            if number not in closed:
                block = _Block(section, measures[number], folded.get(number, set()), width)
            self._blocks.append(block)
            self._starts.append(self.total)
            self.total += (section.title is not None) + (0 if block is None else block.count)

    def spot(self, line: int) -> Spot | None:
        """What stands on a line; None below the last."""
        if not 0 <= line < self.total:
            return None
        number = bisect_right(self._starts, line) - 1
        line -= self._starts[number]
        if self.document.sections[number].title is not None:
            if line == 0:
                return Spot(number, HEADING)
            line -= 1
        block = self._blocks[number]
        return None if block is None else Spot(number, *block.spot(line))

    def line_of(self, section: int, row: int) -> int:
        """The first line of a row; of what is folded or closed away, the line that stands for it."""
        if not self._blocks:
            return 0
        block = self._blocks[section]
        start = self._starts[section]
        if row == HEADING or block is None:
            return start
        return start + (self.document.sections[section].title is not None) + block.line_of(row)
