"""Which row stands on which line: sections below each other, some closed, rows folded away, long rows
wrapped.

A `Layout` never changes; folding or turning the pane makes a new one. Its cost is that of the folds, and of
the rows that take several lines while they are wrapped.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from inspector.core.jsontext import JsonText
from inspector.core.nested import NestedText
from inspector.tui.widgets.document import Document, Section
from inspector.tui.widgets.measure import Measure, Tall

HEADING: Final = -1
"""Stands for a row where the heading of a section is meant."""


class Spot(NamedTuple):
    """A line: section, row of its source (or `HEADING`), and which line of a wrapped row."""

    section: int
    row: int
    line: int = 0


class _Block:
    """The lines of one section without its heading."""

    __slots__ = ("_hidden", "_more", "_openers", "_tall", "_visible", "count", "rows")

    def __init__(self, section: Section, measure: Measure, folded: set[int], width: int | None) -> None:
        # Arrays: for a large document there may be hundreds of thousands, which collections would look at.
        self._openers = array("q")
        self._visible = array("q")
        self._hidden = array("q")
        ends = self._fold(section.tree, folded) if section.tree is not None and folded else array("q")
        self.rows = len(section.lines) - (self._hidden[-1] if self._hidden else 0)
        tall = Tall() if width is None else measure.tall(width)
        if tall.rows and self._openers:
            tall = self._left_of(tall, ends, section.nested)
        self._tall, self._more = tall
        self.count = self.rows + (self._more[-1] if self._more else 0)

    def _fold(self, tree: JsonText | NestedText, folded: set[int]) -> array[int]:
        """Take in what is folded; returns the last hidden row of each fold."""
        hidden, last = 0, -1
        ends = array("q")
        for opener in sorted(folded):
            if opener > last:
                last = tree.closing(opener)
                self._openers.append(opener)
                self._visible.append(opener - hidden)
                hidden += last - opener
                self._hidden.append(hidden)
                ends.append(last)
        return ends

    def _left_of(self, tall: Tall, ends: array[int], nested: NestedText | None) -> Tall:
        """The tall rows that are not folded away, by their numbers; what is folded takes one line itself."""
        numbers, more = array("q"), array("q")
        rows, beyond = tall
        at = before = taken = hidden = 0
        count = len(rows)
        for opener, last, hides in zip(self._openers, ends, self._hidden, strict=True):
            if at == count:
                break
            if rows[at] < opener:
                until = bisect_left(rows, opener, at)
                numbers.extend([row - hidden for row in rows[at:until]])
                more.extend([lines - before + taken for lines in beyond[at:until]])
                at, before, taken = until, beyond[until - 1], more[-1]
            if at < count and rows[at] <= last:
                # A string that opens stays in sight as it is, however long.
                if rows[at] == opener and nested is not None and nested.holds(opener):
                    taken += beyond[at] - before
                    numbers.append(opener - hidden)
                    more.append(taken)
                at += 1
                if at < count and rows[at] <= last:
                    at = bisect_right(rows, last, at)
                before = beyond[at - 1]
            hidden = hides
        hidden = self._hidden[-1]
        numbers.extend([row - hidden for row in rows[at:]])
        more.extend([lines - before + taken for lines in beyond[at:]])
        return Tall(numbers, more)

    def _row(self, number: int) -> int:
        """The row that is `number`-th of those not folded away."""
        before = bisect_left(self._visible, number)
        return number + (self._hidden[before - 1] if before else 0)

    def _first(self, at: int) -> int:
        """The line on which the `at`-th of the tall rows begins."""
        return self._tall[at] + (self._more[at - 1] if at else 0)

    def spot(self, line: int) -> tuple[int, int]:
        """The row on a line of the block, and which of its own lines that is."""
        at = bisect_right(range(len(self._tall)), line, key=self._first) - 1
        if at < 0:
            return self._row(line), 0
        below = line - self._first(at)
        more = self._more[at] - (self._more[at - 1] if at else 0)
        number = self._tall[at]
        return (self._row(number), below) if below <= more else (self._row(number + below - more), 0)

    def line_of(self, row: int) -> int:
        """The line on which a row begins, or the folded row it is hidden in."""
        before = bisect_left(self._openers, row)
        number = row - (self._hidden[before - 1] if before else 0)
        if before:
            number = max(number, self._visible[before - 1])
        at = bisect_left(self._tall, number)
        return number + (self._more[at - 1] if at else 0)


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
