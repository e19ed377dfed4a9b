"""The terminal the screen is painted on, which may go away without a signal."""

from __future__ import annotations

from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


class Terminal(LinuxDriver):
    """Textual's own driver. Once its thread that writes has failed, it waits for ever to hand it more: so a
    terminal that is gone takes everything here, and the app is told."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = _Lasting(self._file, app)


class _Lasting:
    """A file whose writes never fail."""

    def __init__(self, file: IO[str], app: Any) -> None:
        self._kept = file
        self._app = app
        self._gone = False

    def write(self, text: str) -> int:
        """Write while there is somebody to read."""
        self._try(self._kept.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush, in the same way."""
        self._try(self._kept.flush)

    def _try(self, does: Any, *words: str) -> None:
        if self._gone:
            return
        try:
            does(*words)
        except (OSError, ValueError):
            self._gone = True
            self._app.terminal_gone()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)
