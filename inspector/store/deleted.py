"""Deleting that can be undone until a listener starts: what is deleted is counted and shown nowhere, but stays
in the file.

Any number of events goes in many short transactions, none of which holds a sender up. What one call of `delete`
has deleted is one deletion; `undo` takes back the last one, whoever made it.
"""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inspector.store import aside
from inspector.store.edits import Edits
from inspector.store.place import capture_lock
from inspector.store.reader import Reader
from inspector.store.retention import HOLD_S, give_back

Progress = Callable[[int, int], None]
"""Told how many events are done, of how many."""

_FIRST = 25
MOST = 200
"""Events in one transaction at most; fewer while one takes long."""
_PAUSE_S = 0.005
"""Between two transactions, seconds: the capture process gets its turn."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is deleted and may come back."""

    events: int
    bytes: int
    """Bytes of their bodies, which still take room in the file."""


def waiting(reader: Reader) -> Waiting:
    """How much is deleted and may come back."""
    return Waiting(*reader.db.execute("SELECT count(*), coalesce(sum(size), 0) FROM deleted").fetchone())


def delete(path: Path, ids: Sequence[int], progress: Progress = lambda done, of: None) -> int:
    """Delete events so that `undo` brings them back; returns how many there were. InspectorError."""
    with Edits(path) as edits:
        writer, at_us = edits.writer, _next_moment(edits)

        def some_go(some: Sequence[int]) -> int:
            ends = writer.ends_without(some)
            return edits.transaction(lambda: aside.set_aside(writer.db, some, at_us, ends))

        return _in_turns(ids, some_go, progress)


def undo(path: Path, progress: Progress = lambda done, of: None) -> array[int]:
    """Bring back what was deleted last; returns the ids, ascending, none when there is nothing. InspectorError."""
    with Edits(path) as edits:
        db = edits.writer.db
        ids = _ids(db, "deleted_us = (SELECT max(deleted_us) FROM deleted)")
        _in_turns(ids, lambda some: edits.transaction(lambda: aside.bring_back(db, some)), progress)
        return ids


def purge(
    path: Path,
    before_us: int | None = None,
    progress: Progress = lambda done, of: None,
    *,
    wipe: bool = False,
) -> int:
    """Let go for good what was deleted, with `before_us` only before that moment; returns how many events.

    With `wipe` the freed bytes are overwritten. InspectorError when the store cannot be written; what `progress`
    raises ends it between two transactions.
    """
    with Edits(path) as edits:
        db = edits.writer.db
        ids = _ids(db, "deleted_us < ?", 2**62 if before_us is None else before_us)
        if not ids:
            return 0
        if wipe:
            db.execute("PRAGMA secure_delete = ON")
        gone = _in_turns(ids, partial(_some_for_good, edits), progress)
        try:
            give_back(db, capture_lock(path).is_held_elsewhere())
        except sqlite3.Error:
            pass  # another program reads or writes; the space is given back next time
        if wipe:
            edits.fold()
    return gone


def _ids(db: sqlite3.Connection, where: str, *values: int) -> array[int]:
    """Ids of what is deleted and fits, ascending."""
    found = db.execute(f"SELECT id FROM deleted WHERE {where} ORDER BY id", values)
    return array("q", [row[0] for row in found])


def _some_for_good(edits: Edits, some: Sequence[int]) -> int:
    gone, uploads = edits.transaction(lambda: aside.purge(edits.writer.db, some))
    for upload in uploads:
        edits.delete_pieces(upload)
    return gone


def _next_moment(edits: Edits) -> int:
    """Now, in microseconds since 1970, or just after the deletion before if a clock was set back."""
    last = edits.writer.db.execute("SELECT coalesce(max(deleted_us), 0) FROM deleted").fetchone()[0]
    return max(time.time_ns() // 1000, int(last) + 1)


def _in_turns(ids: Sequence[int], work: Callable[[Sequence[int]], int], progress: Progress) -> int:
    """Do `work` for some ids at a time, fewer when it takes long; returns the sum of its results."""
    done = at = 0
    most = _FIRST
    while at < len(ids):
        some = [*ids[at : at + most]]
        began = time.monotonic()
        done += work(some)
        took = time.monotonic() - began
        at += len(some)
        most = max(1, most // 2) if took > HOLD_S / 3 else min(MOST, most + _FIRST)
        progress(at, len(ids))
        if at < len(ids):
            time.sleep(_PAUSE_S)
    return done
