"""What ``inspector listen`` prints: lines for stdout, written by a thread so that no reader can hold up a sender.

A reader that stalls or goes away costs lines, which are counted, never an acknowledgement.
"""

from __future__ import annotations

import queue
import sys
import threading

WAITING = 10_000
"""Lines that may wait for a slow reader; what comes then is dropped and counted."""


class Narrator:
    """Prints lines to stdout in the background."""

    def __init__(self) -> None:
        self.lost = 0
        self._queue: queue.Queue[str | None] = queue.Queue(WAITING)
        self._gone = False
        self._thread = threading.Thread(target=self._run, name="narrator", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Print one line when the reader takes it; never blocks."""
        try:
            if self._gone:
                raise queue.Full
            self._queue.put_nowait(line)
        except queue.Full:
            self.lost += 1

    def close(self, timeout: float = 1.0) -> None:
        """Print what waits, for at most `timeout` seconds."""
        try:
            self._queue.put(None, timeout=timeout)
        except queue.Full:
            self.lost += self._queue.qsize()
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            self.lost += self._queue.qsize()

    def _run(self) -> None:
        while (line := self._queue.get()) is not None:
            if self._gone:
                self.lost += 1
                continue
            try:
                sys.stdout.write(line + "\n")
                if self._queue.empty():
                    sys.stdout.flush()
            except (OSError, ValueError):
                self._gone = True
                self.lost += 1
