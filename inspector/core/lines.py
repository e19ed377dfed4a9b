"""Text as rows that are made when they are asked for: what a viewer needs of a body of any size.

`Lines` is the protocol. `TextLines` holds one text and the index of its line starts (10 MB take about 0.1 s);
`HexLines` holds bytes, of which a row of the dump is written when it is looked at.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise, repeat
from typing import Protocol

_NEWLINE = re.compile("\n")
_HEX_BYTES = 8
"""Of a row: with 16, the characters would not fit into the detail beside the list."""
HEX_LEAD = 35
"""Characters of a row before those of its bytes."""


class Lines(Protocol):
    """Rows of raw (not yet safe) text, numbered from 0."""

    def __len__(self) -> int: ...

    def line(self, row: int) -> str:
        """The text of a row, without its newline."""
        ...

    def slice(self, row: int, start: int, end: int) -> str:
        """Characters `start` to `end` of a row, without building the rest of it."""
        ...

    def length(self, row: int) -> int:
        """Characters of a row."""
        ...

    def lengths(self) -> Iterator[int]:
        """Characters of every row, in order."""
        ...

    def longest(self) -> int:
        """Characters of the longest row."""
        ...

    def text(self) -> str:
        """All rows, joined with newlines."""
        ...


class TextLines:
    """Rows of one text. Rows end at ``\\n``; a ``\\r`` before it belongs to the row and is shown."""

    __slots__ = ("_longest", "_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = array("q", [0])
        self._starts.extend(match.end() for match in _NEWLINE.finditer(text))
        if len(self._starts) > 1 and self._starts[-1] == len(text):
            self._starts.pop()  # the newline at the end closes the last row and begins none
            self._text = text[:-1]
        self._starts.append(len(self._text) + 1)
        self._longest = -1

    def __len__(self) -> int:
        return len(self._starts) - 1

    def line(self, row: int) -> str:
        return self._text[self._starts[row] : self._starts[row + 1] - 1]

    def slice(self, row: int, start: int, end: int) -> str:
        first = self._starts[row]
        return self._text[first + start : min(first + end, self._starts[row + 1] - 1)]

    def length(self, row: int) -> int:
        return self._starts[row + 1] - 1 - self._starts[row]

    def longest(self) -> int:
        if self._longest < 0:
            self._longest = max(self.lengths())
        return self._longest

    def text(self) -> str:
        return self._text

    def lengths(self) -> Iterator[int]:
        return (end - start - 1 for start, end in pairwise(self._starts))

    def start(self, row: int) -> int:
        """Offset in `text()` at which a row begins."""
        return self._starts[row]

    def row_at(self, offset: int) -> int:
        """The row that holds the character at an offset of `text()`."""
        return min(bisect_right(self._starts, offset), len(self)) - 1

    def between(self, first: int, last: int) -> str:
        """Rows `first` to `last`, both included, joined with newlines."""
        return self._text[self._starts[first] : self._starts[last + 1] - 1]


class HexLines:
    """A hex dump, 8 bytes a row: ``00000010  48 65 6c 6c 6f 20 79 6f  Hello yo``."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __len__(self) -> int:
        return max(1, -(-len(self.data) // _HEX_BYTES))

    def line(self, row: int) -> str:
        at = row * _HEX_BYTES
        piece = self.data[at : at + _HEX_BYTES]
        plain = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        return f"{at:08x}  {piece.hex(' '):<23}  {plain}"

    def bytes_of(self, row: int) -> range:
        """Which bytes stand in a row."""
        return range(row * _HEX_BYTES, min((row + 1) * _HEX_BYTES, len(self.data)))

    def slice(self, row: int, start: int, end: int) -> str:
        return self.line(row)[start:end]

    def length(self, row: int) -> int:
        return HEX_LEAD + len(self.data[row * _HEX_BYTES : (row + 1) * _HEX_BYTES])

    def lengths(self) -> Iterator[int]:
        yield from repeat(HEX_LEAD + _HEX_BYTES, len(self) - 1)
        yield self.length(len(self) - 1)

    def longest(self) -> int:
        return HEX_LEAD + min(len(self.data), _HEX_BYTES)

    def text(self) -> str:
        return "\n".join(self.line(row) for row in range(len(self)))

    def row_at(self, offset: int) -> int:
        """The row that holds the byte at an offset."""
        return min(offset // _HEX_BYTES, len(self) - 1)
