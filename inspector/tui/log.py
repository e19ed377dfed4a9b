"""What failed in the screen, a line each in the log beside the store, and the sentence that stands in its place."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from inspector.capture.child import open_log
from inspector.core.text import visible

_FRAMES: Final = 4
_QUIET_S: Final = 60
_log = logging.getLogger("inspector.tui")


def view_failed(view: str, error: BaseException, otherwise: str = "The log has the rest.") -> str:
    """Log that a view failed; returns the words for it, ``This view failed (ValueError). …``."""
    _log.error("%s failed", view, exc_info=error)
    return f"This view failed ({type(error).__name__}). {otherwise}"


class _BesideStore(logging.Handler):
    """Writes each record as one line, the last frames of its exception included."""

    def __init__(self, store: Path) -> None:
        super().__init__(logging.WARNING)
        self.store = store
        self._last = ("", 0.0)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
            places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
            text += f": {type(error).__name__}: {error} ({places})"
        if text == self._last[0] and record.created - self._last[1] < _QUIET_S:
            return  # each row of a view may fail in the same way, again and again
        self._last = text, record.created
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        with suppress(OSError):  # a disk that is full takes no words, either
            log = open_log(self.store)
            try:
                os.write(log, f"{stamp} screen: {visible(text)}\n".encode("utf-8", "backslashreplace"))
            finally:
                os.close(log)


@contextmanager
def logged_beside(store: Path) -> Iterator[None]:
    """Let what the screen logs go to the log beside the store: the terminal is taken."""
    logger, handler = logging.getLogger("inspector"), _BesideStore(store)
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
