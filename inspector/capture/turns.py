"""Whose turn it is where a screen paints and a request arrives: the listener's, as senders wait for it.

Linux wakes a process of the class for batch work without taking the processor from another for it. Elsewhere, and where
it is not allowed, everything stays as it is. A process that is started by another one begins in the same class.
"""

from __future__ import annotations

import contextlib
import os
import sys


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
