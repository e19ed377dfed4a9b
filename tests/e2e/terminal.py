"""A real program in a real pseudo-terminal, its screen read back through an emulator (pyte)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.processes import end

ROOT = Path(__file__).parent.parent.parent
_POINTER_SHAPE = re.compile(rb"\x1b\]22;[^\x07\x1b]*(\x07|\x1b\\)")
"""pyte takes this sequence for a window title's text; a terminal does not show it."""

_ALTERNATE, _CLEAR = b"\x1b[?1049h", b"\x1b[2J"
"""A terminal that goes to its alternate screen clears it; pyte has only one."""


class Terminal:
    """`python -m inspector …`, or another `program`, on a pseudo-terminal of the given size."""

    def __init__(
        self,
        *words: str,
        columns: int = 120,
        rows: int = 36,
        environment: dict[str, str] | None = None,
        program: Sequence[str] = (sys.executable, "-m", "inspector"),
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = bytearray()
        """Everything the program wrote."""
        self._lock = threading.Lock()
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        variables = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "TEXTUAL_ANIMATIONS": "none",
            "HISTFILE": os.devnull,
            **(environment or {}),
        }
        for name in {"NO_COLOR", "COLUMNS", "LINES"} - set(environment or {}):
            variables.pop(name, None)
        self.process = subprocess.Popen(
            [*program, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=variables,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.bytes += data
                self._stream.feed(_POINTER_SHAPE.sub(b"", data).replace(_ALTERNATE, _ALTERNATE + _CLEAR))

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as dragging its corner does."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        with contextlib.suppress(AttributeError):
            self.screen.resize(rows, columns)
            self.process.send_signal(signal.SIGWINCH)

    @property
    def text(self) -> str:
        """What the screen shows now."""
        with self._lock:
            rows = (self.screen.buffer[y] for y in range(self.screen.lines))
            # The second cell of a wide character is empty.
            lines = ("".join(row[x].data for x in range(self.screen.columns)) for row in rows)
            return "\n".join(line.rstrip() for line in lines)

    def send(self, keys: str | bytes) -> None:
        """Type."""
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def wait_for(self, wanted: str, timeout: float = 30.0, gone: bool = False) -> str:
        """Wait until the screen matches a pattern (or, with `gone`, does not any more); returns the screen."""
        deadline = time.monotonic() + timeout
        while (re.search(wanted, self.text) is None) is not gone:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{wanted!r} {'stays' if gone else 'does not come'}. The screen:\n{self.text}"
                )
            if self.process.poll() is not None and not gone:
                time.sleep(0.2)
                if re.search(wanted, self.text) is not None:
                    break
                raise AssertionError(
                    f"the program ended ({self.process.returncode}). The screen:\n{self.text}"
                )
            time.sleep(0.02)
        return self.text

    def press(self, keys: str, wanted: str, timeout: float = 30.0) -> str:
        """Type, then wait for what it does."""
        self.send(keys)
        return self.wait_for(wanted, timeout)

    def wait(self, timeout: float = 30.0) -> int:
        """Wait for the program to end; returns its exit code."""
        code = self.process.wait(timeout)
        self._reader.join(1)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self.process, 15)
        self._reader.join(1)
        os.close(self.master)
