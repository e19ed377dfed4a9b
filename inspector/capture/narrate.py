"""What ``inspector listen`` prints, written by a thread so that no reader can hold up a sender.

A reader that stalls or goes away costs lines, which are counted, never an acknowledgement. The bytes go
straight to the descriptor: a buffer of the standard library would hold its lock, and the end of the process
with it.
"""

from __future__ import annotations

import os
import queue
import threading

WAITING = 10_000
"""Lines that may wait for a slow reader; what comes then is dropped and counted."""
_AT_ONCE = 500


class Narrator:
    """Prints lines to one descriptor in the background."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: queue.Queue[str | None] = queue.Queue(WAITING)
        self._gone = False
        self._dropped = 0
        self._held = 0
        """Lines taken from the queue that are not written yet."""
        self._thread = threading.Thread(target=self._run, name="narrator", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Lines that were not printed; final after `close`."""
        return self._dropped

    def say(self, line: str) -> None:
        """Print one line when the reader takes it; never blocks."""
        if self._gone:
            self._dropped += 1
            return
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self, timeout: float = 1.0) -> None:
        """Print what waits, for at most `timeout` seconds; what is left then is counted as lost."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            self._dropped += 1  # the line that makes room for the end
            self._queue.get_nowait()
            self._queue.put_nowait(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._gone = True
            self._dropped += self._held + self._queue.qsize() - 1

    def _run(self) -> None:
        ended = False
        while not ended:
            lines = [self._queue.get()]
            while len(lines) < _AT_ONCE and lines[-1] is not None and not self._queue.empty():
                lines.append(self._queue.get())
            ended = lines[-1] is None
            said = [line for line in lines if line is not None]
            self._held = len(said)
            if self._gone or not self._write("".join(f"{line}\n" for line in said)):
                self._gone = True
                self._dropped += len(said)
            self._held = 0

    def _write(self, text: str) -> bool:
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return False
        return True
