"""Starts the search through the bytes of a store (`store.byte_search`) in other processes, and takes what they find.

They only ever say where to look: what is found may be no event any more, or none that matches.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

_MOST_PROCESSES = 4
_MOST_TEXTS = 20
_LONGEST_TEXT = 500


class SearchApart:
    """Some processes that look for one of some texts, each through a share of the file."""

    def __init__(self, store: Path, texts: Sequence[str]) -> None:
        """Start them; where that is not possible nothing will be found."""
        self._processes: list[subprocess.Popen[bytes]] = []
        self._output = selectors.PollSelector()
        self._begun: dict[int, bytes] = {}
        longest = sorted(texts, key=len, reverse=True)[:_MOST_TEXTS]
        wanted = "\0".join(text[:_LONGEST_TEXT] for text in longest).encode()
        shares = min(_processors(), _MOST_PROCESSES)
        with contextlib.suppress(OSError):
            for share in range(shares):
                self._start([str(store), *map(str, (os.getpid(), share, shares))], wanted)

    def _start(self, words: list[str], wanted: bytes) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "inspector.store.byte_search", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        self._output.register(process.stdout, selectors.EVENT_READ)
        # What is asked for stands in no command line, which others can read; it is short enough for a pipe.
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(wanted)

    @property
    def running(self) -> bool:
        """Whether anything may still be found."""
        return bool(self._output.get_map())

    def found(self, timeout: float) -> array[int]:
        """What was found since the last call: ids of rows, those of uploads negative; waits for some at most so many
        seconds."""
        found = array("q")
        for key, _ in self._output.select(timeout) if self.running else ():
            data = os.read(key.fd, 65536)
            if not data:
                self._output.unregister(key.fileobj)
            data = self._begun.pop(key.fd, b"") + data
            whole = len(data) // found.itemsize * found.itemsize
            found.frombytes(data[:whole])
            self._begun[key.fd] = data[whole:]
        return found

    def stop(self) -> None:
        """End them; another thread may call this, too."""
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        """End them and let go of all."""
        self.stop()
        self._output.close()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            assert process.stdout is not None
            process.stdout.close()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
