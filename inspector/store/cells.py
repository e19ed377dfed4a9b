"""The cells of one page of a SQLite file: where each row of a leaf stands, and what it says of its values.

See https://sqlite.org/fileformat2.html. Bytes that cannot be a cell are passed over. What is imported here, and in
`store.pages`, is little: a process that looks for a text is to start at once (`store.byte_search`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

LEAF = 13
"""The first byte of a page with rows of a table."""


class Broken(Exception):
    """Bytes that cannot be what they should be."""


class Cell(NamedTuple):
    """One row of a leaf."""

    number: int
    """The row id."""
    at: int
    """Where its record begins on the page."""
    local: int
    """How many bytes of the record stand on the page."""
    length: int
    """How many it has in all; what is missing stands on pages of its own."""
    overflow: int
    """The first of these pages; 0 when there is none."""


def cells_on(page: bytes, start: int, usable: int) -> Iterator[Cell]:
    """The cells of a leaf that begins at `start` (100 on the first page of a file), `usable` of its bytes in use."""
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    behind = start + 8 + 2 * count
    if behind > len(page):
        return
    for slot in range(start + 8, behind, 2):
        at = int.from_bytes(page[slot : slot + 2], "big")
        if not behind <= at < len(page):
            continue
        try:
            yield _cell(page, at, usable)
        except Broken:
            continue


def _cell(page: bytes, at: int, usable: int) -> Cell:
    length, at = _varint(page, at)
    number, at = _varint(page, at)
    if number >= 1 << 63:
        number -= 1 << 64
    local = _local_bytes(length, usable)
    if at + local > usable:
        raise Broken
    overflow = int.from_bytes(page[at + local : at + local + 4], "big") if local < length else 0
    return Cell(number, at, local, length, overflow)


def types_of(page: bytes, cell: Cell) -> tuple[int, list[int]]:
    """How long the head of a cell's record is, and SQLite's number for the type of each of its values; `Broken`."""
    head_length, where = _varint(page, cell.at)
    end = cell.at + head_length
    if not 0 < head_length <= cell.local:
        raise Broken
    types = []
    while where < end:
        kind, where = _varint(page, where)
        types.append(kind)
    if where != end:
        raise Broken
    return head_length, types


def _local_bytes(length: int, usable: int) -> int:
    """How many bytes of a row of this length stand on the leaf itself."""
    if length <= usable - 35:
        return length
    least = (usable - 12) * 32 // 255 - 23
    most = least + (length - least) % (usable - 4)
    return most if most <= usable - 35 else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next thing begins."""
    value = 0
    for count in range(9):
        if at + count >= len(data):
            raise Broken
        byte = data[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise Broken
