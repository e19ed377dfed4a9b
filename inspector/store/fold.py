"""Folding the WAL into the store beside the writing, so that no sender waits for it.

SQLite does it by itself in the commit that makes the WAL long, and that one takes ten times as long as others.
Here a connection of its own does it in a thread while events go on being stored; what was written meanwhile is
folded in after it, by the writing connection, because only a WAL that is folded to its end begins anew.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path

EVERY = 4 * 1024 * 1024
"""Bytes of WAL, about, after which it is folded into the store."""
OVERHEAD = 600
"""Bytes that an event takes besides its body, about."""
_COMMIT = 6 * 4096
"""Bytes of WAL that a commit takes besides, about: pages that every one touches."""
PAGES = 16_000
"""Pages (64 MiB) of WAL after which SQLite does it all the same."""


class Fold:
    """The folding of one store, through a connection of its own."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        """`db` is the connection that writes; `path` must be the file it has open."""
        self._db = db
        self._side = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=0
        )
        self._side.execute("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":
            self._side.execute("PRAGMA checkpoint_fullfsync = 1")
        self._thread: threading.Thread | None = None
        self._written = 0
        db.execute(f"PRAGMA wal_autocheckpoint = {PAGES}")

    def wrote(self, size: int) -> None:
        """So many bytes were committed together."""
        self._written += _COMMIT + size

    def rest(self) -> None:
        """Nobody waits at the moment: begin to fold, or finish."""
        thread = self._thread
        if thread is None:
            if self._written >= EVERY:
                self._written = 0
                self._thread = threading.Thread(target=_fold, args=(self._side,), name="folding", daemon=True)
                self._thread.start()
        elif not thread.is_alive():
            self._thread = None
            _fold(self._db)

    def close(self) -> None:
        """End it; the writing connection may then be closed."""
        if self._thread is not None:
            self._thread.join()
        try:
            self._side.close()
        except sqlite3.Error:
            pass


def _fold(db: sqlite3.Connection) -> None:
    try:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    except sqlite3.Error:
        pass  # what is in the WAL is safe there; the next time does it
