"""Finding text in a document: every match, also those folded away, in the order in which they are read."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from inspector.core.lines import HEX_LEAD, HexLines, Lines, TextLines
from inspector.tui.widgets.document import Document

MAX_MATCHES: Final = 100_000
_SECTION: Final = 1 << 40


class Match(NamedTuple):
    """Where a match begins: section, row, character of the row."""

    section: int
    row: int
    start: int


class Matches:
    """All matches of one text, upper and lower case alike; at most `MAX_MATCHES`."""

    def __init__(self, document: Document, needle: str, is_over: Callable[[], bool] = lambda: False) -> None:
        """Search at once: above a megabyte, in a thread.

        It ends early, and is of no use, when `is_over`: each letter that is typed begins another search, and
        threads that go on for nobody leave the loop little of the interpreter.
        """
        self.needle = needle
        self._places = array("q")
        self._starts = array("q")
        self.cut = False
        for number, section in enumerate(document.sections):
            nested = section.nested
            for row, start in _found(section.lines, needle) if needle else ():
                if (
                    nested is not None
                    and nested.language(row) == "hex"
                    and _is_in_digits(section.lines, row, start)
                ):
                    continue
                if len(self._places) == MAX_MATCHES:
                    self.cut = True
                    return
                if is_over():
                    return
                self._places.append(number * _SECTION + row)
                self._starts.append(start)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Match:
        section, row = divmod(self._places[number], _SECTION)
        return Match(section, row, self._starts[number])

    def first_from(self, section: int, row: int) -> int:
        """The number of the first match at or after a row; `len` when there is none."""
        return bisect_left(self._places, section * _SECTION + max(0, row))

    def within(self, section: int, first: int, last: int) -> int:
        """How many matches are on rows `first` to `last` of a section."""
        return self.first_from(section, last + 1) - self.first_from(section, first)

    def on_row(self, section: int, row: int, start: int, end: int) -> list[int]:
        """The characters from `start` to before `end` of a row at which matches begin."""
        first, last = self.first_from(section, row), self.first_from(section, row + 1)
        low = bisect_left(self._starts, start, first, last)
        return list(self._starts[low : bisect_left(self._starts, end, low, last)])


def weight(document: Document) -> int:
    """About how many characters a search has to look at."""
    return sum(len(section.lines) * 40 + section.lines.longest() for section in document.sections)


def _is_in_digits(lines: Lines, row: int, start: int) -> bool:
    """Whether a character stands before those of the bytes: in a row of hex its digits are not what is looked for."""
    line = lines.slice(row, 0, start + HEX_LEAD)
    return start < len(line) - len(line.lstrip(" ")) + HEX_LEAD


def _found(lines: Lines, needle: str) -> Iterator[tuple[int, int]]:
    if isinstance(lines, HexLines):
        yield from ((lines.row_at(at), 0) for at in _bytes(lines.data, needle))
    elif isinstance(lines, TextLines):
        for at in _offsets(lines.text(), needle):
            row = lines.row_at(at)
            yield row, at - lines.start(row)
    else:
        for row in range(len(lines)):
            yield from ((row, at) for at in _offsets(lines.line(row), needle))


def _offsets(text: str, needle: str) -> Iterator[int]:
    low, wanted = text.lower(), needle.lower()
    if len(low) != len(text):  # a character whose lower case is two would move all that follow
        yield from (match.start() for match in re.finditer(re.escape(needle), text, re.IGNORECASE))
        return
    at = low.find(wanted)
    while at >= 0:
        yield at
        at = low.find(wanted, at + len(wanted))


def _bytes(data: bytes, needle: str) -> Iterator[int]:
    wanted = needle.encode("utf-8", "surrogatepass")
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + len(wanted))
