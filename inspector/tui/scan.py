"""Looking through a whole store for the events that match a filter, in a thread, told of bit by bit."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.core.filters import Filter

_FIRST_STEP = 1_000
_STEPS = 50, 50_000
_STEP_S = 0.03
_TELL_S = 0.1


class Scan:
    """Looks for the events that match a filter, newest first, in a thread; `cancel` ends it at once."""

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
        (ascending, all below those told before), the lowest id looked at, and whether that was all; never
        again after `cancel`.
        """
        self.store = store
        self.wanted = wanted
        self.after = after
        self.upto = upto
        self._tell = tell
        self._reader: Reader | None = None
        self._cancelled = threading.Event()
        self._found: list[int] = []
        self._told_at = 0.0

    def cancel(self) -> None:
        """Stop looking, also in the middle of reading a large body."""
        self._cancelled.set()
        reader = self._reader
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
        step, top = _FIRST_STEP, self.upto
        while top > self.after:
            bottom = max(self.after, top - step)
            began = time.monotonic()
            for number in reader.matching(self.wanted, after=bottom, before=top + 1):
                if self.cancelled:
                    return
                self._found.append(number)
                self._maybe_tell(number)
            if self.cancelled:
                return
            # As many at a time as take a moment: a million slim rows are read like a hundred large bodies.
            took = time.monotonic() - began
            step = min(max(_STEPS[0], step * 2 if took < _STEP_S else step // 2), _STEPS[1])
            top = bottom
            self._maybe_tell(top)
        self._say(self.after, True)

    def _maybe_tell(self, lowest: int) -> None:
        if time.monotonic() - self._told_at >= _TELL_S:
            self._say(lowest, False)

    def _say(self, lowest: int, done: bool) -> None:
        found, self._found = self._found, []
        found.reverse()
        self._told_at = time.monotonic()
        self._tell(array("q", found), lowest, done)
