"""Looks for a text in the bytes of a store's file: how one event among a million is found within a second.

``python -m inspector.store.byte_search STORE STARTER SHARE OF`` reads texts, with zeros between, from standard
input. It takes the rarest and looks for it in one of so many shares of the file, newest pages first: once as it was
typed, once with ASCII letters in either case. It writes the ids of the rows it stands in to standard output, 8 bytes
each; those of large bodies' pieces negative. Whoever started it (`store.search_apart`) asks SQLite whether they are
events that match: here are rows that were deleted, and rows of any table. It misses a text that two pages share, and
what reads otherwise than it is written.

A process of its own, since to look through bytes holds the interpreter. It ends with its STARTER, or when it has found
so much that the text is nothing rare.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence

from inspector.store.cells import LEAF, Broken, Cell, cells_on, types_of
from inspector.store.pages import Pages

_AT_ONCE = 32
"""Pages that are read at once; so many still lie in the processor's cache when they are looked through."""
_TURN = 1024
"""Pages after which it is another process's turn."""
_MOST = 1_000
"""Pages with the text on them after which it is nothing rare."""
_LOOKS = 16
"""Places that are looked at to tell which text is the rarest."""


class ByteSearch:
    """The search for one text through the pages of one store."""

    def __init__(self, pages: Pages, texts: Sequence[bytes]) -> None:
        """Look for the rarest of `texts`."""
        self._pages = pages
        self._typed = texts[0] if len(texts) == 1 else min(texts, key=self._frequency)
        self._text = self._typed.lower()

    def _frequency(self, text: bytes) -> tuple[int, int]:
        pages = self._pages
        text = text.lower()
        runs = (pages.run(1 + pages.count * look // _LOOKS, _AT_ONCE) for look in range(_LOOKS))
        return sum(run.lower().count(text) for run in runs), -len(text)

    def found(self, share: int, shares: int) -> Iterator[list[int]]:
        """Rows that the text stands in, for every few pages, also when there are none; each row once."""
        told: set[int] = set()
        left = _MOST
        for number, page in self._hits(share, shares):
            if page is None:
                yield []
                continue
            new = set(self._rows(number, page)) - told
            told |= new
            yield [*new]
            left -= 1
            if not left:
                return

    def _hits(self, share: int, shares: int) -> Iterator[tuple[int, bytes | None]]:
        """Pages that the text stands on, with their numbers; now and then none."""
        pages, in_wal = self._pages, self._pages.in_wal
        for number in sorted(in_wal, reverse=True)[share::shares]:
            page = pages.page(number)
            if page is not None and self._text in page.lower():
                yield number, page
        turns = range(1, pages.count + 1, _TURN)[share::shares]
        # As it was typed, which is usually as it stands there, takes half of the time that any case does.
        yield from self._hits_in(turns, self._typed, lambda run: run)
        if self._text != self._typed.upper():
            yield from self._hits_in(turns, self._text, bytes.lower)

    def _hits_in(
        self, turns: range, text: bytes, folded: Callable[[bytes], bytes]
    ) -> Iterator[tuple[int, bytes | None]]:
        pages, size, in_wal = self._pages, self._pages.size, self._pages.in_wal
        is_within = _finder(text)
        for turn in reversed(turns):
            for first in range(turn, turn + _TURN, _AT_ONCE):
                run = pages.run(first, _AT_ONCE)
                look = folded(run)
                at = look.find(text) if is_within(look) else -1
                while at >= 0:
                    behind, begin = at // size + 1, at // size * size
                    if first + behind - 1 not in in_wal:
                        yield first + behind - 1, run[begin : begin + size]
                    at = look.find(text, behind * size)
                yield first, None

    def _rows(self, number: int, page: bytes) -> Iterator[int]:
        """The rows on a leaf that have the text, or the one that a page has a part of."""
        start = 100 if number == 1 else 0
        if page[start] == LEAF:
            for cell in self._cells(page, start):
                if self._text in page[cell.at : cell.at + cell.local].lower():
                    yield from _named(page, cell)
            return
        owner = self._pages.owner(number)
        leaf = None if owner is None else self._pages.page(owner[0])
        if owner is not None and leaf is not None and leaf[0] == LEAF:
            for cell in self._cells(leaf, 0):
                if cell.overflow == owner[1]:
                    yield from _named(leaf, cell)

    def _cells(self, page: bytes, start: int) -> Iterator[Cell]:
        return cells_on(page, start, self._pages.size - self._pages.reserved)


def _finder(text: bytes) -> Callable[[bytes], object]:
    """Tells whether a text stands in some bytes. The C library needs less time than Python."""
    try:
        import ctypes

        memmem = ctypes.CDLL(None).memmem
    except (ImportError, OSError, AttributeError):
        return lambda data: text in data
    memmem.restype = ctypes.c_void_p
    memmem.argtypes = [ctypes.c_char_p, ctypes.c_size_t] * 2
    return lambda data: memmem(data, len(data), text, len(text))


def _named(page: bytes, cell: Cell) -> Iterator[int]:
    try:
        _, types = types_of(page, cell)
    except Broken:
        return
    # A piece has two columns: its id, which is the row id and stands nowhere else, and its bytes.
    yield -(cell.number >> 16) if len(types) == 2 and types[0] == 0 else cell.number


def main() -> int:
    """Search one share; returns when all is told, or nobody is there to be told."""
    store, starter, share, shares = sys.argv[1], *map(int, sys.argv[2:])
    texts = sys.stdin.buffer.read().split(b"\0")
    with Pages(store, f"{store}-wal") as pages:
        for rows in ByteSearch(pages, texts).found(share, shares):
            if rows:
                os.write(sys.stdout.fileno(), array("q", rows).tobytes())
            if os.getppid() != starter:
                break
    return 0


if __name__ == "__main__":
    sys.exit(main())
