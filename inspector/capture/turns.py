"""Whose turn it is where a screen paints and a request arrives: the listener's, as senders wait for it.

Linux wakes a process of the class for batch work without taking the processor from another for it. Elsewhere, and where
it is not allowed, everything stays as it is. A process that is started by another one begins in the same class.

That is not enough for a screen that has just slept: it is owed time then, and who wakes beside it has to wait for some
milliseconds of painting. So it asks for others after each part of a millisecond, as long as events arrive.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

_LONG_S = 0.0003
"""How long others wait at most, about."""
_LATELY_S = 1.0


def let_others_first() -> None:
    """For a screen: whoever runs is not interrupted to paint. For this thread and those started from now on."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def as_usual() -> None:
    """For what a screen starts: take turns as any process does."""
    if sys.platform == "linux" and os.sched_getscheduler(0) == os.SCHED_BATCH:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Turns:
    """What a screen that paints does for a listener to which events come; on Linux, nothing elsewhere."""

    def __init__(self) -> None:
        self._until = 0.0
        """So long others wait, as far as is known; on the monotonic clock."""
        self._next = 0.0

    def arrived(self) -> None:
        """Note that events have arrived: more may follow."""
        if sys.platform == "linux":
            self._until = time.monotonic() + _LATELY_S

    def give(self) -> None:
        """Let others work who wait for the processor; to be called between two small pieces of work."""
        if self._until and self._next <= (moment := time.monotonic()):
            if moment > self._until:
                self._until = 0.0
                return
            os.sched_yield()
            self._next = time.monotonic() + _LONG_S


TURNS = Turns()
"""Those of this process."""
