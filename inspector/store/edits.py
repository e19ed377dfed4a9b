"""Short writes that any process may make beside the capture process: settings, state, notes, attempts,
deletions.

Each is one small transaction (well under 20 ms), so that no acknowledgement waits for it. All raise
InspectorError when the store cannot be written.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from inspector.core.events import Attempt, InspectorError
from inspector.store.shape_rows import Ends
from inspector.store.writer import StoreWriter

Result = TypeVar("Result")

_FOLD_S = 3.0
"""How long `Edits.fold` tries, seconds."""
_FOLD_PAUSE_S = 0.1
_FOLD_HOLDS_MS = 20
"""How long one of its tries may wait for others."""

_DELETED_AT_ONCE = 50
_PIECES_AT_ONCE = 2
"""Pieces of 1 MiB deleted in one transaction; each takes a few milliseconds."""
_PAUSE_S = 0.005
"""Between two deletions, seconds: the capture process gets its turn."""


class Edits:
    """A writing connection for short edits; use it from one thread at a time and close it."""

    def __init__(self, path: Path) -> None:
        """Open the store for writing; InspectorError if that fails."""
        self.writer = StoreWriter(path)
        self.path = path

    def close(self) -> None:
        """Close the connection."""
        self.writer.close()

    def __enter__(self) -> Edits:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def transaction(self, work: Callable[[], Result]) -> Result:
        """Do `work` in a transaction of its own."""
        try:
            self.writer.begin()
            try:
                result = work()
                self.writer.commit()
            except BaseException:
                self.writer.rollback()
                raise
        except sqlite3.Error as error:
            advice = "Make room on it first." if "full" in str(error) else "Try again."
            raise InspectorError(f"could not write to {self.path}: {error}. {advice}") from None
        return result

    def _put(self, table: str, name: str, value: object) -> None:
        self.transaction(
            lambda: self.writer.db.execute(
                f"INSERT INTO {table} (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = "
                f"excluded.value",
                (name, json.dumps(value)),
            )
        )

    def set_setting(self, name: str, value: object) -> None:
        """Keep what the user wants under `name` (any JSON value); the capture process reads it within a
        moment."""
        self._put("setting", name, value)

    def set_state(self, name: str, value: object) -> None:
        """Publish what a process says of itself under `name` (any JSON value)."""
        self._put("state", name, value)

    def add_attempt(self, attempt: Attempt) -> int:
        """Keep an attempt; returns its id."""
        return self.transaction(lambda: self.writer.add_attempt(attempt))

    def set_note(self, event: int, **values: object) -> None:
        """Set ``starred`` (bool), ``mark`` (a letter or None) or ``comment`` (text or None) of an event."""
        for name in values:
            if name not in ("starred", "mark", "comment"):
                raise ValueError(name)

        def work() -> None:
            self.writer.db.execute("INSERT OR IGNORE INTO note (event) VALUES (?)", (event,))
            for name, value in values.items():
                self.writer.db.execute(f"UPDATE note SET {name} = ? WHERE event = ?", (value, event))
            self.writer.db.execute(
                "DELETE FROM note WHERE event = ? AND NOT starred AND mark IS NULL AND comment IS NULL",
                (event,),
            )

        self.transaction(work)

    def clear_marks(self) -> None:
        """Take all marks away."""

        def work() -> None:
            self.writer.db.execute("UPDATE note SET mark = NULL WHERE mark IS NOT NULL")
            self.writer.db.execute("DELETE FROM note WHERE NOT starred AND mark IS NULL AND comment IS NULL")

        self.transaction(work)

    def delete(self, events: Sequence[int], *, wipe: bool = False) -> int:
        """Delete events for good, a few at a time; returns how many there were. `inspector.store.deleted` has
        the deletion that can be undone. With `wipe` the freed bytes are overwritten, see `fold`."""
        if wipe:
            self.writer.db.execute("PRAGMA secure_delete = ON")
        deleted = 0
        for start in range(0, len(events), _DELETED_AT_ONCE):
            some = events[start : start + _DELETED_AT_ONCE]
            uploads: list[int] = []
            deleted += self.transaction(partial(self._delete, some, self.writer.ends_without(some), uploads))
            for upload in uploads:
                self.delete_pieces(upload)
            if len(events) > _DELETED_AT_ONCE:
                time.sleep(_PAUSE_S)
        if wipe and deleted:
            self.fold()
        return deleted

    def fold(self) -> None:
        """Fold the WAL into the file, so that no trace of what was wiped stays in it; InspectorError while
        another program keeps that from happening."""
        db = self.writer.db
        patience = db.execute("PRAGMA busy_timeout").fetchone()[0]
        # What truncates the WAL holds the write lock while it waits for readers, and senders wait with it.
        db.execute(f"PRAGMA busy_timeout = {_FOLD_HOLDS_MS}")
        try:
            deadline = time.monotonic() + _FOLD_S
            while time.monotonic() < deadline:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # most of it, without the lock
                if not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return
                time.sleep(_FOLD_PAUSE_S)
        finally:
            db.execute(f"PRAGMA busy_timeout = {patience}")
        raise InspectorError(
            "deleted, but traces stay in the file beside the store until the programs that use it have ended.",
            code=1,
        )

    def _delete(self, events: Sequence[int], ends: Ends, uploads: list[int]) -> int:
        """Delete events, but of their large bodies only the mention: `uploads` gets the numbers of those."""
        for event in events:
            row = self.writer.db.execute(
                # One that was set aside by now keeps its body: it may be brought back.
                "SELECT upload FROM request JOIN event ON id = event WHERE event = ? AND upload IS NOT NULL",
                (event,),
            ).fetchone()
            if row is not None:
                uploads.append(row[0])
                self.writer.db.execute("UPDATE request SET upload = NULL WHERE event = ?", (event,))
        return self.writer.delete(events, ends)

    def delete_pieces(self, upload: int) -> None:
        """Delete a large body a little at a time; what a kill leaves of it, the next start of a
        listener sweeps."""
        while self.transaction(
            lambda: (
                self.writer.db.execute(
                    "DELETE FROM piece WHERE id IN (SELECT id FROM piece WHERE id >= ? AND id < ? LIMIT ?)",
                    (upload << 16, (upload + 1) << 16, _PIECES_AT_ONCE),
                ).rowcount
            )
        ):
            time.sleep(_PAUSE_S)
