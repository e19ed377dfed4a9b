"""A SQLite file read page by page, without its trees: how salvage gets at the rows of a damaged store, and how a
text is looked for in the bytes of a whole one.

SQLite finds a row through the pages above it, so one damaged page there hides thousands of whole rows. Here
every page of the file is looked at by itself: a leaf of a table says what it is in its first byte, and each
of its rows carries its number and the types of its values. What was committed to the WAL stands over the
pages of the file. See https://sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from inspector.store.cells import LEAF, Broken, Cell, cells_on, types_of

Value = int | float | bytes | None
"""A value of a row; texts come as their bytes."""

if TYPE_CHECKING:
    from types import TracebackType

_MAGIC = b"SQLite format 3\x00"
_WAL_MAGICS = (0x377F0682, 0x377F0683)
_USUAL_PAGE = 4096
_FIRST_OF_CHAIN, _NEXT_OF_CHAIN = 3, 4
_LONGEST_CHAIN = 10_000
_LOCKED_BYTE = 1 << 30
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)


class Row(NamedTuple):
    """One row as it stands on its page."""

    number: int
    """The row id."""
    values: tuple[Value, ...]
    kinds: str
    """A letter for each value: ``n`` null, ``i`` integer, ``f`` float, ``t`` text, ``b`` bytes."""
    whole: bool
    """False when a page with a part of it is gone: what is there of a value is kept, what follows is None."""


class Pages:
    """The pages of one SQLite file and its WAL. Nothing is ever written; damage is skipped, never raised."""

    def __init__(self, path: str | os.PathLike[str], wal: str | os.PathLike[str]) -> None:
        """Open both files; the WAL may be missing. OSError if the file cannot be opened.

        Not for a process that has the store open with SQLite: to close a file ends the locks a process holds on it.
        """
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._wal: int | None = None
        self._frames: dict[int, int] = {}
        try:
            head = os.pread(self._file, 100, 0)
            self.has_header = head.startswith(_MAGIC)
            size = _page_size(int.from_bytes(head[16:18], "big")) if self.has_header else None
            self.reserved = head[20] if self.has_header and head[20] <= 32 else 0
            """Bytes at the end of a page that SQLite does not use."""
            self._has_referrers = self.has_header and head[52:56] != bytes(4)
            last = 0
            try:
                self._wal = os.open(wal, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                pass
            else:
                size, last = self._read_wal(self._wal, size)
            self.size = size or _USUAL_PAGE
            """Bytes of a page."""
            self.count = max(-(-os.fstat(self._file).st_size // self.size), last)
            """How many pages there are; they are numbered from 1."""
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Pages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
        if self._wal is not None:
            os.close(self._wal)

    def _read_wal(self, wal: int, size: int | None) -> tuple[int | None, int]:
        """Note where the WAL has newer pages, up to its last commit; returns a page's size and the highest number.

        Frames of earlier rounds carry other salts. Unlike SQLite it goes on behind a damaged frame.
        """
        head = os.pread(wal, 32, 0)
        if int.from_bytes(head[:4], "big") not in _WAL_MAGICS:
            return size, 0
        size = size or _page_size(int.from_bytes(head[8:12], "big"))
        if size is None:
            return None, 0
        salts, at, highest = head[16:24], 32, 0
        uncommitted: dict[int, int] = {}
        while len(frame := os.pread(wal, 24, at)) == 24:
            if frame[8:16] == salts:
                number = int.from_bytes(frame[:4], "big")
                uncommitted[number] = at + 24
                if frame[4:8] != bytes(4):
                    self._frames.update(uncommitted)
                    highest = max(highest, *uncommitted)
                    uncommitted.clear()
            at += 24 + size
        return size, highest

    def page(self, number: int) -> bytes | None:
        """The newest committed bytes of a page; None if it cannot be read."""
        at = self._frames.get(number)
        try:
            if at is not None and self._wal is not None:
                data = os.pread(self._wal, self.size, at)
            else:
                data = os.pread(self._file, self.size, (number - 1) * self.size)
        except (OSError, OverflowError):
            return None
        return data if len(data) == self.size else None

    @property
    def in_wal(self) -> Collection[int]:
        """The pages that the WAL has newer bytes of."""
        return self._frames.keys()

    def run(self, first: int, count: int) -> bytes:
        """The bytes of pages from `first` on as they stand in the file; shorter at its end. OSError."""
        return os.pread(self._file, count * self.size, (first - 1) * self.size)

    def owner(self, number: int) -> tuple[int, int] | None:
        """Of a page with a part of a long row: the leaf on which the row begins, and the first of such pages.

        None when the file does not tell: only one that gives space back (``auto_vacuum``) notes for every page
        which one refers to it.
        """
        for _ in range(_LONGEST_CHAIN if self._has_referrers else 0):
            kind, referrer = self._referrer(number)
            if kind == _FIRST_OF_CHAIN:
                return referrer, number
            if kind != _NEXT_OF_CHAIN:
                return None
            number = referrer
        return None

    def _referrer(self, number: int) -> tuple[int, int]:
        covered = (self.size - self.reserved) // 5 + 1
        at = (number - 2) // covered * covered + 2
        if at == _LOCKED_BYTE // self.size + 1:  # a page that is never used
            at += 1
        page = self.page(at) or b""
        entry = page[5 * (number - at - 1) : 5 * (number - at)]
        return (entry[0], int.from_bytes(entry[1:], "big")) if number > at and len(entry) == 5 else (0, 0)

    def free(self) -> set[int]:
        """Pages not in use, which still hold what was deleted; as far as the list of them can be followed."""
        found: set[int] = set()
        head = self.page(1)
        if head is None or not head.startswith(_MAGIC):
            return found
        trunk = int.from_bytes(head[32:36], "big")
        while 0 < trunk <= self.count and trunk not in found:
            found.add(trunk)
            page = self.page(trunk)
            if page is None:
                break
            leaves = min(int.from_bytes(page[4:8], "big"), len(page) // 4 - 2)
            found.update(int.from_bytes(page[at : at + 4], "big") for at in range(8, 8 + 4 * leaves, 4))
            trunk = int.from_bytes(page[:4], "big")
        return found

    def rows(self, wanted: Callable[[str], bool]) -> Iterator[tuple[int, Row]]:
        """Every row whose kinds are `wanted`, with the number of its page, in the order of the file."""
        free = self.free()
        for number in range(1, self.count + 1):
            if number in free:
                continue
            page = self.page(number)
            if page is None or page[100 if number == 1 else 0] != LEAF:
                continue
            for row in self._rows_on(page, 100 if number == 1 else 0, wanted):
                yield number, row

    def _rows_on(self, page: bytes, start: int, wanted: Callable[[str], bool]) -> Iterator[Row]:
        for cell in cells_on(page, start, len(page) - self.reserved):
            try:
                row = self._row(page, cell, wanted)
            except Broken:
                continue
            if row is not None:
                yield row

    def _row(self, page: bytes, cell: Cell, wanted: Callable[[str], bool]) -> Row | None:
        head_length, types = types_of(page, cell)
        if head_length + sum(map(_bytes_of, types)) != cell.length:
            raise Broken
        kinds = "".join(map(_kind, types))
        if not wanted(kinds):
            return None
        payload = page[cell.at : cell.at + cell.local]
        if cell.local < cell.length:
            payload += self._overflow(cell.overflow, cell.length - cell.local)
        return Row(
            cell.number, tuple(_values(payload, head_length, types)), kinds, len(payload) == cell.length
        )

    def _overflow(self, number: int, missing: int) -> bytes:
        """What follows of a long row on pages of its own; shorter where the chain is broken."""
        parts = []
        while missing > 0 and 1 < number <= self.count:
            page = self.page(number)
            if page is None:
                break
            part = page[4 : 4 + min(missing, len(page) - self.reserved - 4)]
            parts.append(part)
            missing -= len(part)
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)


def _page_size(told: int) -> int | None:
    size = 65_536 if told == 1 else told
    return size if 512 <= size <= 65_536 and size & (size - 1) == 0 else None


def _bytes_of(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return _INTEGER_BYTES[kind] if kind <= 6 else 8 if kind == 7 else 0


def _kind(kind: int) -> str:
    if kind >= 12:
        return "t" if kind & 1 else "b"
    if kind in (10, 11):
        raise Broken
    return "n" if kind == 0 else "f" if kind == 7 else "i"


def _values(payload: bytes, at: int, types: list[int]) -> Iterator[Value]:
    for kind in types:
        length = _bytes_of(kind)
        part = payload[at : at + length]
        at += length
        if kind >= 12:
            yield None if not part and length else part
        elif len(part) < length or kind == 0:
            yield None
        elif kind == 7:
            yield struct.unpack(">d", part)[0]
        elif kind in (8, 9):
            yield kind - 8
        else:
            yield int.from_bytes(part, "big", signed=True)
