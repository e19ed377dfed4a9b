"""What is asked of the running capture process (answers, pause, tunnel): rows of `setting`, looked at again
and again.

They hold for one run of one store. `asking` writes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from inspector.core.events import InspectorError
from inspector.store.place import identity, open_reading

WATCH_S = 0.1
FLEETING = ("answers", "paused", "tunnel")
"""Settings that hold for one run only; answers and pause also for the run that takes over after a crash."""


class Wishes:
    """Looks for wishes in the store at a path."""

    def __init__(
        self,
        store: Path,
        apply: Callable[[dict[str, Any]], None],
        begin_anew: Callable[[], Awaitable[bool]],
    ) -> None:
        """`apply` gets the wishes that have changed, by name. `begin_anew` is awaited when another file is at
        the path; it returns True once that is the store that is written."""
        self._store = store
        self._apply = apply
        self._begin_anew = begin_anew
        self._file = identity(store)
        self._asked: dict[str, Any] = {}

    def take(self) -> None:
        """Take what was asked of the capture process before this one."""
        with (
            contextlib.suppress(sqlite3.Error, InspectorError),
            contextlib.closing(open_reading(self._store)) as db,
        ):
            self._take_changed(db)

    @property
    def is_same_store(self) -> bool:
        """Whether the file at the path is the one that was looked at last."""
        return identity(self._store) == self._file

    async def watch(self) -> None:
        """Look for changes, for ever."""
        db: sqlite3.Connection | None = None
        version = -1
        self._file = identity(self._store)
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                if not self.is_same_store:
                    if not await self._begin_anew():
                        continue
                    self._file = identity(self._store)  # by now: what was made there is no news
                    self._asked = {}
                    if db is not None:
                        db.close()
                    db, version = None, -1
                if db is None:
                    db = open_reading(self._store)
                current = db.execute("PRAGMA data_version").fetchone()[0]
                if current != version:
                    version = current
                    self._take_changed(db)
            except (sqlite3.Error, InspectorError, ValueError):
                if db is not None:
                    db.close()
                db, version = None, -1

    def _take_changed(self, db: sqlite3.Connection) -> None:
        query = "SELECT name, value FROM setting WHERE name IN (?, ?, ?)"
        asked = dict(db.execute(query, FLEETING).fetchall())
        if asked != self._asked:
            before, self._asked = self._asked, asked
            self._apply(
                {name: json.loads(value) for name, value in asked.items() if value != before.get(name)}
            )
