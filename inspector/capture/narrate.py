"""What ``inspector listen`` prints, written by a thread so that no reader can hold up a sender.

A reader that stalls or goes away costs lines, which are counted, never an acknowledgement. The bytes go
straight to the descriptor: a buffer of the standard library would hold its lock, and the end of the process
with it.
"""

from __future__ import annotations

import os
import threading
from collections import deque

WAITING = 10_000
"""Lines that may wait for a slow reader; what comes then is dropped and counted."""
_AT_ONCE = 4096
"""Bytes that a pipe takes whole or not at all, so that lines are neither cut nor miscounted."""


class Narrator:
    """Prints lines to one descriptor in the background."""

    def __init__(self, descriptor: int) -> None:
        self.lost = 0
        """Lines that were not printed; final after `close`."""
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        """Lines that wait; a line is taken off only when it is written."""
        self._changed = threading.Condition()
        self._ending = False
        self._gone = False
        """The reader is gone, or given up on."""
        self._thread = threading.Thread(target=self._run, name="narrator", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Print one line when the reader takes it; never blocks."""
        with self._changed:
            if self._gone or self._ending or len(self._lines) >= WAITING:
                self.lost += 1
                return
            self._lines.append(line.encode("utf-8", "backslashreplace") + b"\n")
            self._changed.notify()

    def close(self, timeout: float = 1.0) -> None:
        """Print what waits, for at most `timeout` seconds; what is left then is counted as lost."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(timeout)
        with self._changed:
            self._gone = True
            self.lost += len(self._lines)
            self._lines.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._ending)
                some = self._some()
            if not some:
                return
            try:
                self._write(b"".join(some))
            except OSError:
                some = []
            with self._changed:
                if self._gone:
                    return
                if not some:
                    self._gone = True
                    self.lost += len(self._lines)
                    self._lines.clear()
                    return
                for _ in some:
                    self._lines.popleft()

    def _some(self) -> list[bytes]:
        """The first lines that wait, as many as go out at once."""
        some: list[bytes] = []
        size = 0
        for line in self._lines:
            size += len(line)
            if some and size > _AT_ONCE:
                break
            some.append(line)
        return some

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]
