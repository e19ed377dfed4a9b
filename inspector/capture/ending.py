"""The end of the capture process, in time: whatever hangs (a disk, a lock, a file far away), it is over within 3 s."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable

END_S = 2.2
"""Seconds that everything in hand is given; a screen waits three, and so do people."""
_LAST_S = 0.4
"""Seconds after that at which the process ends from outside its loop."""
_SAY_S = 0.1
"""What the last line is given to get out."""
UNFINISHED = 1
"""Exit code when not all that was in hand could be stored: its senders were told 503, or nothing."""


def ending_signals() -> list[signal.Signals]:
    """The signals that end it; SIGHUP is none of them under ``nohup``, which asks to go on without a terminal."""
    hung_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hung_up]


class Ending:
    """When all has to be over, once it is said that it ends; before, there is no hurry."""

    def __init__(self, log: Callable[[str], None], writing: Callable[[], int | None]) -> None:
        """`log` gets a line if the end has to be forced; `writing` says which process writes the store."""
        self._log = log
        self._writing = writing
        self._deadline: float | None = None

    def begin(self) -> None:
        """Say that it ends. From now on there are `END_S` seconds, and a thread that ends what is left then."""
        if self._deadline is None:
            self._deadline = time.monotonic() + END_S
            timer = threading.Timer(END_S + _LAST_S, self._force)
            timer.daemon = True
            timer.start()

    def left(self) -> float:
        """Seconds that are left, never less than 0."""
        return END_S if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _force(self) -> None:
        self._log("ended at once, as the disk does not answer. What was acknowledged is in the store.")
        time.sleep(_SAY_S)
        writing = self._writing()
        if writing is not None:
            with contextlib.suppress(OSError):
                os.kill(writing, signal.SIGKILL)
        os._exit(UNFINISHED)
