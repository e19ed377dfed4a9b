"""A SQLite file read page by page, without its trees: how salvage gets at the rows of a damaged store.

SQLite finds a row through the pages above it, so one damaged page there hides thousands of whole rows. Here
every page of the file is looked at by itself: a leaf of a table says what it is in its first byte, and each
of its rows carries its number and the types of its values. What was committed to the WAL stands over the
pages of the file. See https://sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

Value = int | float | bytes | None
"""A value of a row; texts come as their bytes."""

_MAGIC = b"SQLite format 3\x00"
_WAL_MAGICS = (0x377F0682, 0x377F0683)
_LEAF = 13
_USUAL_PAGE = 4096
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)


class _Broken(Exception):
    """Bytes that cannot be what they should be."""


@dataclass(frozen=True, slots=True)
class Row:
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

    def __init__(self, path: Path, wal: Path) -> None:
        """Open both files; the WAL may be missing. OSError if the file cannot be opened."""
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._wal: int | None = None
        self._frames: dict[int, int] = {}
        try:
            head = os.pread(self._file, 100, 0)
            self.has_header = head.startswith(_MAGIC)
            self._size = _page_size(int.from_bytes(head[16:18], "big")) if self.has_header else None
            self._reserved = head[20] if self.has_header and head[20] <= 32 else 0
            last = 0
            try:
                self._wal = os.open(wal, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                pass
            else:
                last = self._read_wal(self._wal)
            self._size = self._size or _USUAL_PAGE
            self.count = max(-(-os.fstat(self._file).st_size // self._size), last)
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

    def _read_wal(self, wal: int) -> int:
        """Note where the WAL has newer pages, up to its last commit; returns the highest page number.

        Frames of earlier rounds carry other salts. Unlike SQLite it goes on behind a damaged frame.
        """
        head = os.pread(wal, 32, 0)
        if int.from_bytes(head[:4], "big") not in _WAL_MAGICS:
            return 0
        self._size = self._size or _page_size(int.from_bytes(head[8:12], "big"))
        if self._size is None:
            return 0
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
            at += 24 + self._size
        return highest

    def page(self, number: int) -> bytes | None:
        """The newest committed bytes of a page; None if it cannot be read."""
        assert self._size is not None
        at = self._frames.get(number)
        try:
            if at is not None and self._wal is not None:
                data = os.pread(self._wal, self._size, at)
            else:
                data = os.pread(self._file, self._size, (number - 1) * self._size)
        except (OSError, OverflowError):
            return None
        return data if len(data) == self._size else None

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
            if page is None or page[100 if number == 1 else 0] != _LEAF:
                continue
            for row in self._rows_on(page, 100 if number == 1 else 0, wanted):
                yield number, row

    def _rows_on(self, page: bytes, start: int, wanted: Callable[[str], bool]) -> Iterator[Row]:
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        behind = start + 8 + 2 * cells
        if behind > len(page):
            return
        for slot in range(start + 8, behind, 2):
            at = int.from_bytes(page[slot : slot + 2], "big")
            if not behind <= at < len(page):
                continue
            try:
                row = self._row(page, at, wanted)
            except _Broken:
                continue
            if row is not None:
                yield row

    def _row(self, page: bytes, at: int, wanted: Callable[[str], bool]) -> Row | None:
        length, at = _varint(page, at)
        number, at = _varint(page, at)
        if number >= 1 << 63:
            number -= 1 << 64
        usable = len(page) - self._reserved
        local = _local_bytes(length, usable)
        if at + local > usable:
            raise _Broken
        head_length, first = _varint(page, at)
        if not 0 < head_length <= min(local, length):
            raise _Broken
        types = []
        where = first
        while where < at + head_length:
            kind, where = _varint(page, where)
            types.append(kind)
        if where != at + head_length or head_length + sum(map(_bytes_of, types)) != length:
            raise _Broken
        kinds = "".join(map(_kind, types))
        if not wanted(kinds):
            return None
        payload = page[at : at + local]
        if local < length:
            payload += self._overflow(
                int.from_bytes(page[at + local : at + local + 4], "big"), length - local
            )
        return Row(number, tuple(_values(payload, head_length, types)), kinds, len(payload) == length)

    def _overflow(self, number: int, missing: int) -> bytes:
        """What follows of a long row on pages of its own; shorter where the chain is broken."""
        parts = []
        while missing > 0 and 1 < number <= self.count:
            page = self.page(number)
            if page is None:
                break
            part = page[4 : 4 + min(missing, len(page) - self._reserved - 4)]
            parts.append(part)
            missing -= len(part)
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)


def _page_size(told: int) -> int | None:
    size = 65_536 if told == 1 else told
    return size if 512 <= size <= 65_536 and size & (size - 1) == 0 else None


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
            raise _Broken
        byte = data[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise _Broken


def _bytes_of(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return _INTEGER_BYTES[kind] if kind <= 6 else 8 if kind == 7 else 0


def _kind(kind: int) -> str:
    if kind >= 12:
        return "t" if kind & 1 else "b"
    if kind in (10, 11):
        raise _Broken
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
