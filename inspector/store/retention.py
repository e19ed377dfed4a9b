"""What goes when there is more than the user wants to keep: the oldest events first, starred ones never.

Nothing is deleted until a limit is set. The limits stand in the `setting` row ``retention`` as
``{"count": N|null, "days": D|null, "bytes": B|null}``; the capture process calls `enforce` once a minute.
Deletions are many short transactions, so that no sender waits for one.
"""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.store.edits import Edits
from inspector.store.place import capture_lock
from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.core.filters import Filter

SETTING = "retention"
HOLD_S = 0.02
"""How long one deletion may hold the write lock, seconds; the next ones get smaller when one takes longer."""
AT_ONCE = 50
"""Events deleted in one transaction at most."""
BYTES_AT_ONCE = 2_000_000
"""Bytes of bodies deleted in one transaction, unless a single event has more."""
_PAUSE_S = 0.005
_PAGES_AT_ONCE = 64
_SLACK = 4
"""While capturing, space is given back only while more than one page in so many is free."""

Progress = Callable[[int, int], None]
"""Told how many events are gone, and how many will be."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is kept; None means no limit."""

    count: int | None = None
    """Events."""
    days: float | None = None
    """Age since arrival."""
    bytes: int | None = None
    """Bytes of bodies together."""

    def __bool__(self) -> bool:
        return not (self.count is None and self.days is None and self.bytes is None)

    def words(self) -> str:
        """The limits in words: ``10,000 events, 30 days, 1.0 GB of bodies``; ``everything`` without any."""
        parts = []
        if self.count is not None:
            parts.append(units.count(self.count, "event"))
        if self.days is not None:
            parts.append(f"{self.days:g} day{'' if self.days == 1 else 's'}")
        if self.bytes is not None:
            parts.append(f"{units.size(self.bytes)} of bodies")
        return ", ".join(parts) or "everything"


@dataclass(frozen=True, slots=True)
class Pruned:
    """The events that go, or have gone: their ids ascending, and what they amount to."""

    ids: array[int]
    bytes: int
    """Bytes of their bodies."""
    oldest_us: int | None
    """Arrival of the oldest and of the newest of them, microseconds since 1970; None when there are none."""
    newest_us: int | None
    starred: int
    """Starred events among those looked at; they stay."""

    @property
    def events(self) -> int:
        """How many."""
        return len(self.ids)


def retention_from(value: Any) -> Retention:
    """Read the setting; what makes no sense is no limit, so that nothing is deleted by mistake."""
    if not isinstance(value, dict):
        return Retention()
    found = {}
    for name, kinds in (("count", int), ("days", int | float), ("bytes", int)):
        limit = value.get(name)
        if isinstance(limit, kinds) and not isinstance(limit, bool) and limit >= 0:
            found[name] = limit
    return Retention(**found)


def set_retention(path: Path, retention: Retention) -> None:
    """Keep the limits in the store's settings; without any, nothing is deleted any more. InspectorError."""
    with Edits(path) as edits:
        edits.set_setting(SETTING, asdict(retention) if retention else None)


def plan(reader: Reader, retention: Retention, now_us: int, wanted: Filter | None = None) -> Pruned:
    """What would go, oldest first. With a filter the limits hold for what matches; other events stay."""
    db = reader.db
    scope = "event"
    if wanted is not None:
        db.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (id INTEGER PRIMARY KEY)")
        db.execute("DELETE FROM temp.chosen")
        for number in reader.matching(wanted, newest_first=False):
            db.execute("INSERT INTO temp.chosen VALUES (?)", (number,))
        scope = "temp.chosen JOIN event USING (id)"
    starred = "event.id IN (SELECT event FROM note WHERE starred)"
    if wanted is None:
        events, size = reader.total()
    else:
        events, size = db.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM {scope}").fetchone()
    going: list[int] = []
    gone = 0
    ends: list[int] = []
    cutoff = -1 if retention.days is None else now_us - int(retention.days * 86_400_000_000)
    select = f"SELECT event.id, received_us, size FROM {scope} WHERE NOT {starred} AND received_us"

    def over() -> bool:
        return (retention.count is not None and events - len(going) > retention.count) or (
            retention.bytes is not None and size - gone > retention.bytes
        )

    for aged in (True, False):
        if not (retention.days is not None if aged else over()):
            continue
        for number, received, bytes_ in db.execute(
            f"{select} {'<' if aged else '>='} ? ORDER BY event.id", (cutoff,)
        ):
            if not aged and not over():
                break
            going.append(number)
            gone += bytes_
            ends = [min(ends[0], received), max(ends[1], received)] if ends else [received, received]
    stay = db.execute(f"SELECT count(*) FROM {scope} WHERE {starred}").fetchone()[0]
    oldest, newest = ends or (None, None)
    return Pruned(array("q", sorted(going)), gone, oldest, newest, stay)


def prune(
    path: Path, retention: Retention, now_us: int, dry_run: bool = False, wanted: Filter | None = None
) -> Pruned:
    """Delete what goes beyond the limits and return it; with `dry_run` only say it. InspectorError."""
    with Reader(path) as reader:
        going = plan(reader, retention, now_us, wanted)
    if not dry_run:
        carry_out(path, going)
    return going


def enforce(path: Path, progress: Progress = lambda done, of: None) -> Pruned | None:
    """Apply the limits that are set, for the capture process to call once a minute in a thread.

    None when none is set. Costs a look when nothing goes. InspectorError when the store cannot be read or
    written. What `progress` raises ends it between two deletions.
    """
    try:
        with Reader(path) as reader:
            retention = retention_from(reader.setting(SETTING))
            if not retention:
                return None
            going = plan(reader, retention, time.time_ns() // 1000)
        carry_out(path, going, progress)
        return going
    except (sqlite3.Error, ValueError) as error:
        raise InspectorError(f"could not delete old events from {path}: {error}.") from None


def carry_out(path: Path, going: Pruned, progress: Progress = lambda done, of: None) -> int:
    """Delete what `plan` found, except what has been starred since; returns how many went. InspectorError.

    Afterwards the space is given back to the disk: all of it, or while events are captured only when it is
    much, because new events use it again.
    """
    if not going.ids:
        return 0
    with Edits(path) as edits:
        db = edits.writer.db
        deleted, at, most = 0, 0, 10
        while at < len(going.ids):
            some, at = _next(db, going.ids, at, most)
            began = time.monotonic()
            deleted += edits.delete(some)
            took = time.monotonic() - began
            most = max(1, most // 2) if took > HOLD_S / 2 else min(AT_ONCE, most * 2)
            progress(at, len(going.ids))
            time.sleep(_PAUSE_S)
        try:
            give_back(db, capture_lock(path).is_held_elsewhere())
        except sqlite3.Error:
            pass  # another program reads or writes; the space is used again or given back next time
    return deleted


def _next(db: sqlite3.Connection, ids: array[int], at: int, most: int) -> tuple[list[int], int]:
    """The ids to delete next, none of them starred by now, and where to go on."""
    some = ids[at : at + most].tolist()
    marks = ",".join("?" * len(some))
    sizes = dict(db.execute(f"SELECT id, size FROM event WHERE id IN ({marks})", some).fetchall())
    starred = {
        row[0] for row in db.execute(f"SELECT event FROM note WHERE starred AND event IN ({marks})", some)
    }
    held = 0
    for count, number in enumerate(some):
        held += sizes.get(number, 0)
        if count and held > BYTES_AT_ONCE:
            some = some[:count]
            break
    return [number for number in some if number not in starred], at + len(some)


def give_back(db: sqlite3.Connection, capturing: bool) -> None:
    """Shorten the file by its free pages, a few at a time, and fold the WAL into it."""
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    spare = pages // _SLACK if capturing else 0
    while free > spare:
        # As a script, because of this statement `execute` takes a single step, which frees a single page.
        db.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
        left = db.execute("PRAGMA freelist_count").fetchone()[0]
        if left >= free:
            break  # a store made before its space could be given back
        free = left
        if capturing:
            time.sleep(_PAUSE_S)
    db.execute(f"PRAGMA wal_checkpoint({'PASSIVE' if capturing else 'TRUNCATE'})")
