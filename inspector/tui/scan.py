"""Looking through a whole store for the events that match a filter, in a thread, told of bit by bit.

First hits are to be there within a second, wherever they lie among a million events. So the newest events come
first. If they have few matches, a text is looked for in the bytes of the whole file for a moment
(`store.search_apart`), which finds nearly all that is rare. Then come a few events out of every part of the store,
the parts in an order that spreads evenly from the first on; then all the rest, newest first.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.store.order import ids_between
from inspector.store.reader import Reader
from inspector.store.search_apart import SearchApart

if TYPE_CHECKING:
    from inspector.core.filters import Filter

_FIRST_STEP = 1_000
_STEPS = 50, 50_000
_STEP_S = 0.03
_TELL_S = 0.1
_NEWEST_S = 0.08
"""For so long the newest events are looked at before all others."""
_ENOUGH = 50
"""Matches among the newest events, a screen full, with which the others can wait."""
_APART_S = 1.5
"""For so long nothing else is done while the file is looked through, which then goes on beside."""
_MANY = 50_000
"""Matches that are known with which looking through the file ends."""
_PART_OF_FILE = 0.25
"""A smaller share of the events is read sooner than the whole file is looked through."""
_SMALL = 30_000_000
"""So many bytes are read as soon as another process is there."""
_AT_ONCE = 50
_PARTS = 1_009
_STRIDE = 624
"""Parts that a sample is taken of, a prime; each is so many from the one before, by the golden ratio."""
_SAMPLE = 1 / 32
"""The share of a part that its sample has."""


class Scan:
    """Looks for the events that match a filter, in a thread; `cancel` ends it at once."""

    def __init__(
        self,
        store: Path,
        wanted: Filter,
        *,
        after: int,
        upto: int,
        tell: Callable[[array[int], int, bool], None],
    ) -> None:
        """Look at ids with ``after < id <= upto``.

        `tell` is called in the thread, about ten times a second, with the matches since its last call
        (ascending; they may lie between those told before), how many of the ids are looked at by now, and
        whether that was all; never again after `cancel`.
        """
        self.store = store
        self.wanted = wanted
        self.after = after
        self.upto = upto
        self._tell = tell
        self._reader: Reader | None = None
        self._apart: SearchApart | None = None
        self._known: set[int] = set()
        """Matches that may be met twice: among the newest, or while the file is looked through."""
        self._past_newest = False
        self._any = False
        """Whether a match was told."""
        self._cancelled = threading.Event()
        self._found: list[int] = []
        self._told_at = 0.0
        self._step = _FIRST_STEP
        self._read = 0

    def cancel(self) -> None:
        """Stop looking, also in the middle of reading a large body."""
        self._cancelled.set()
        reader, apart = self._reader, self._apart
        if apart is not None:
            apart.stop()
        if reader is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed a moment ago
                reader.interrupt()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def run(self) -> None:
        """Look; returns when all is looked at or the scan was cancelled."""
        self._told_at = time.monotonic()
        with Reader(self.store) as reader:
            self._reader = reader
            try:
                self._look(reader)
            except sqlite3.OperationalError:
                if not self.cancelled:
                    raise
            finally:
                self._reader = None

    def _look(self, reader: Reader) -> None:
        after, before = ids_between(reader.db, *self.wanted.received_between)
        low = max(self.after, after)
        top = max(low, self.upto if before is None else min(self.upto, before - 1))
        self._read = self.upto - self.after - (top - low)
        until = time.monotonic() + _NEWEST_S
        while top > low and time.monotonic() < until:
            bottom = max(low, top - self._step)
            self._look_at(reader, bottom, top)
            top = bottom
        self._past_newest = True
        with self._looked_through(reader, low, top):
            for first, last in _sampled(low, top):
                self._look_at(reader, first, last)
        if not self.cancelled:
            self._say(True)

    def _look_at(self, reader: Reader, low: int, top: int) -> None:
        """Look at ids with ``low < id <= top``, as many at a time as take a moment: a million slim rows are read
        like a hundred large bodies."""
        while top > low and not self._cancelled.is_set():
            bottom = max(low, top - self._step)
            began = time.monotonic()
            for number in reader.matching(self.wanted, after=bottom, before=top + 1):
                self._take(number, again=not self._past_newest or self._is_looked_through)
                self._maybe_tell(top - number)
                if self._cancelled.is_set():
                    return
            took = time.monotonic() - began
            if top - bottom == self._step or took > _STEP_S:
                self._step = min(
                    max(_STEPS[0], self._step * 2 if took < _STEP_S else self._step // 2), _STEPS[1]
                )
            self._read += top - bottom
            top = bottom
            self._take_from_apart(reader, 0)
            self._maybe_tell(0)

    def _take(self, number: int, *, again: bool) -> None:
        """Take a match that is not known yet; `again` when it may be met once more."""
        if number not in self._known:
            self._found.append(number)
            if again:
                self._known.add(number)

    @property
    def _is_looked_through(self) -> bool:
        return self._apart is not None and self._apart.running

    @contextlib.contextmanager
    def _looked_through(self, reader: Reader, low: int, top: int) -> Iterator[None]:
        """Have the file looked through, if that may pay: for a moment alone, then beside what is done within."""
        texts = self.wanted.plain_texts
        share = (top - low) / max(1, self.upto - self.after)
        small = share < _PART_OF_FILE or share * reader.file_size() < _SMALL
        if not texts or small or len(self._known) >= _ENOUGH:
            yield
            return
        with contextlib.closing(SearchApart(self.store, texts)) as self._apart:
            until = time.monotonic() + _APART_S
            while self._apart.running and not self.cancelled and time.monotonic() < until:
                self._take_from_apart(reader, _TELL_S / 2)
                self._maybe_tell(0)
            yield
        self._apart = None

    def _take_from_apart(self, reader: Reader, timeout: float) -> None:
        apart = self._apart
        if apart is None or not apart.running:
            return
        rows = apart.found(timeout)
        for start in range(0, len(rows), _AT_ONCE):
            for number in reader.matching_of(self.wanted, rows[start : start + _AT_ONCE]):
                if self.after < number <= self.upto:
                    self._take(number, again=True)
            self._maybe_tell(0)
            if self.cancelled:
                return
        if len(self._known) > _MANY:
            apart.stop()

    def _maybe_tell(self, more: int) -> None:
        first = bool(self._found) and not self._any
        if first or time.monotonic() - self._told_at >= _TELL_S:
            self._say(False, more)

    def _say(self, done: bool, more: int = 0) -> None:
        found, self._found = array("q", sorted(self._found)), []
        self._any = self._any or bool(found)
        self._told_at = time.monotonic()
        if not self.cancelled:
            self._tell(found, self._read + more, done)


def _sampled(low: int, top: int) -> Iterator[tuple[int, int]]:
    """All ids with ``low < id <= top`` as ranges of that kind: of each part its newest few, then, newest first,
    what is left of the parts."""
    bounds = [low + (top - low) * part // _PARTS for part in range(_PARTS + 1)]
    cuts = [high - math.ceil((high - first) * _SAMPLE) for first, high in pairwise(bounds)]
    for number in range(_PARTS):
        part = number * _STRIDE % _PARTS
        yield cuts[part], bounds[part + 1]
    for part in reversed(range(_PARTS)):
        yield bounds[part], cuts[part]
