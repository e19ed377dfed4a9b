"""Is the store whole: what `inspector doctor` looks at in the files. Everything here only reads.

SQLite checks its own structure; a byte that changed inside a body it does not notice, so every body is held
against the SHA-256 that was stored with it.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.store.digests import body_digest
from inspector.store.place import MIN_FREE, WAL_KEPT, beside, open_reading
from inspector.store.schema import version_of

Level = Literal["ok", "note", "wrong"]
Progress = Callable[[str, int, int], None]
"""Told what is being looked at, how much of it is done, and how much there is (0: not known)."""

SALVAGE = "inspector doctor --salvage NEW.db copies what can be read into a new store."
MANY_FREE = 1_000_000_000
"""Bytes of free disk below which it is worth a note."""
_AT_ONCE = 100
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """What: ``schema``, ``bodies``, ``disk`` …"""
    level: Level
    text: str
    """A sentence. It may name things from outside: make it visible before it is shown."""
    advice: str = ""
    """What to do, where there is something to do."""
    events: tuple[int, ...] = ()
    """Ids of the events it is about."""

    def as_json(self) -> dict[str, Any]:
        """A line of `inspector doctor --json`."""
        return {**asdict(self), "events": list(self.events)}


def examine(path: Path, progress: Progress = lambda what, done, of: None) -> Iterator[Finding]:
    """Look at the store and tell what is found, one thing after the other. There must be a store."""
    yield from _permissions(path)
    try:
        db = open_reading(path)
    except InspectorError as error:
        yield Finding("schema", "wrong", str(error), SALVAGE)
        yield from _free_space(path)
        return
    with closing(db):
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
            ("schema", lambda: _schema(db)),
            ("structure", lambda: _structure(db, progress)),
            ("bodies", lambda: _bodies(db, progress)),
            ("counts", lambda: _counts(db)),
            ("pieces", lambda: _pieces(db)),
            ("pending", lambda: _pending(db)),
            ("deleted", lambda: _deleted(db)),
            ("wal", lambda: _wal(path)),
            ("disk", lambda: _disk(db, path)),
            ("retention", lambda: _retention(db)),
        )
        for about, check in checks:
            try:
                yield from check()
            except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
                # In a damaged row any value may be of any type.
                yield Finding(about, "wrong", f"The {about} could not be looked at: {error}.", SALVAGE)
        yield from _free_space(path)


def _permissions(path: Path) -> Iterator[Finding]:
    """Nobody but the owner may read the store and what stands beside it."""
    open_to_others = []
    for ending in ("", "-wal", "-shm", ".lock", ".screens", ".log", ".log.1"):
        try:
            status = beside(path, ending).stat()
        except OSError:
            continue
        if status.st_mode & 0o077:
            open_to_others.append(f"{beside(path, ending).name} ({stat.S_IMODE(status.st_mode):04o})")
    if open_to_others:
        yield Finding(
            "permissions",
            "wrong",
            f"Other users of this machine may open {', '.join(open_to_others)}.",
            f"chmod 600 {path}*",
        )
    else:
        yield Finding("permissions", "ok", f"Only you may open {path} and its files.")
    mode = stat.S_IMODE(path.parent.stat().st_mode)
    if mode & 0o022 and not mode & stat.S_ISVTX:
        yield Finding(
            "permissions",
            "wrong",
            f"Other users of this machine may delete or replace files in {path.parent} ({mode:04o}).",
            f"chmod go-w {path.parent}",
        )
    elif mode & 0o077:
        yield Finding(
            "permissions",
            "note",
            f"Other users may look into the folder {path.parent} ({mode:04o}), not the files.",
        )


def _schema(db: sqlite3.Connection) -> Iterator[Finding]:
    yield Finding(
        "schema", "ok", f"It is a store of schema version {version_of(db)}, the one this program uses."
    )


def _structure(db: sqlite3.Connection, progress: Progress) -> Iterator[Finding]:
    progress("structure", 0, 0)
    told = [str(row[0]) for row in db.execute("PRAGMA integrity_check(20)")]
    if told == ["ok"]:
        yield Finding("structure", "ok", "SQLite finds nothing wrong with the structure of the file.")
        return
    lines = [line for text in told for line in text.splitlines() if not line.startswith("***")]
    more = f", and {units.count(len(lines) - 1)} more" if len(lines) > 1 else ""
    yield Finding(
        "structure",
        "wrong",
        f"SQLite finds the file damaged: {lines[0] if lines else told[0]}{more}.",
        SALVAGE,
    )


# -- bodies


def _bodies(db: sqlite3.Connection, progress: Progress) -> Iterator[Finding]:
    """Read every body, one at a time, and hold it against its digest and its length."""
    of = db.execute("SELECT count(*) FROM event").fetchone()[0]
    changed: list[int] = []
    unread: list[int] = []
    last = done = 0
    while numbers := _next_ids(db, last):
        for number in numbers:
            try:
                whole = _is_whole(db, number)
            except (sqlite3.Error, TypeError, OverflowError):
                unread.append(number)
            else:
                if not whole:
                    changed.append(number)
        last = numbers[-1]
        done += len(numbers)
        progress("bodies", done, of)
    if changed:
        yield Finding(
            "bodies",
            "wrong",
            f"The body of {_named(changed)} is not what arrived: its SHA-256 differs. "
            "The disk has changed it.",
            "The other events are fine; do not rely on these. Check the disk, and replay from a backup.",
            tuple(changed),
        )
    if unread:
        yield Finding(
            "bodies",
            "wrong",
            f"The body of {_named(unread)} cannot be read from the file.",
            SALVAGE,
            tuple(unread),
        )
    if not changed and not unread:
        bodies = (
            "the one body is"
            if of == 1
            else f"all {units.count(of, 'body', 'bodies')} are"
            if of
            else "no bodies"
        )
        yield Finding(
            "bodies", "ok", f"Checked by SHA-256: {bodies}{' byte for byte what arrived' if of else ' yet'}."
        )


def _next_ids(db: sqlite3.Connection, last: int) -> list[int]:
    """The next ids after `last`."""
    return [
        row[0]
        for row in db.execute("SELECT id FROM event WHERE id > ? ORDER BY id LIMIT ?", (last, _AT_ONCE))
    ]


def _is_whole(db: sqlite3.Connection, number: int) -> bool:
    row = db.execute(
        "SELECT CAST(body AS BLOB), upload, sha256, size FROM event "
        "LEFT JOIN request ON request.event = event.id WHERE event.id = ?",
        (number,),
    ).fetchone()
    if row is None:
        return True  # it was deleted meanwhile
    body, upload, digest, size = row
    if body_digest(db, body, upload) == (digest, size):
        return True
    return db.execute("SELECT 1 FROM event WHERE id = ?", (number,)).fetchone() is None


def _named(numbers: list[int]) -> str:
    some = ", ".join(f"#{number}" for number in numbers[:_NAMED])
    if len(numbers) == 1:
        return some
    more = f" and {units.count(len(numbers) - _NAMED)} more" if len(numbers) > _NAMED else ""
    return f"{units.count(len(numbers), 'event')} ({some}{more})"


# -- counts


def _counts(db: sqlite3.Connection) -> Iterator[Finding]:
    """What is counted as events come and go must be what is there."""
    db.execute("BEGIN")
    try:
        told = db.execute("SELECT events, bytes, last_id FROM total").fetchone() or (None, None, 0)
        found = db.execute(
            "SELECT count(*), coalesce(sum(size), 0), coalesce(max(id), 0) FROM event"
        ).fetchone()
        lost = db.execute(
            "SELECT count(*) FROM event WHERE id NOT IN (SELECT event FROM request)"
        ).fetchone()[0]
        stray = db.execute(
            "SELECT count(*) FROM request WHERE event NOT IN (SELECT id FROM event) "
            "AND event NOT IN (SELECT id FROM deleted)"
        ).fetchone()[0]
        shapes, differing = db.execute(
            "SELECT count(*), count(*) FILTER (WHERE shape.count <> coalesce(there.events, 0)) FROM shape "
            "LEFT JOIN (SELECT shape, count(*) AS events FROM event WHERE shape IS NOT NULL GROUP BY shape) "
            "AS there ON there.shape = shape.id"
        ).fetchone()
        unknown = db.execute(
            "SELECT count(*) FROM event WHERE shape IS NOT NULL AND shape NOT IN (SELECT id FROM shape)"
        ).fetchone()[0]
    finally:
        db.execute("COMMIT")
    wrong = []
    if told[0] != found[0]:
        wrong.append(f"{told[0]} events are counted, {found[0]} are there")
    if told[1] != found[1]:
        wrong.append(f"{told[1]} bytes of bodies are counted, {found[1]} are there")
    if told[2] < found[2]:
        wrong.append(f"the last id is said to be {told[2]}, but there is #{found[2]}")
    if lost:
        wrong.append(f"{units.count(lost, 'event')} without headers and body")
    if stray:
        wrong.append(f"{units.count(stray, 'request')} without an event")
    if differing:
        wrong.append(f"{differing} of {units.count(shapes, 'shape count')} differ from the events there are")
    if unknown:
        wrong.append(f"{units.count(unknown, 'event')} with a shape that is not there")
    if wrong:
        yield Finding("counts", "wrong", f"The counts do not add up: {'; '.join(wrong)}.", SALVAGE)
    else:
        types = db.execute(
            "SELECT count(*) FROM (SELECT DISTINCT sender, type FROM shape WHERE type <> '' AND count > 0)"
        ).fetchone()
        yield Finding(
            "counts",
            "ok",
            f"The counts add up: {units.count(found[0], 'event')}, {units.count(types[0], 'type')}, "
            f"{units.size(found[1])} of bodies.",
        )


def _pieces(db: sqlite3.Connection) -> Iterator[Finding]:
    orphans = db.execute(
        "SELECT count(DISTINCT id >> 16) FROM piece WHERE id >> 16 NOT IN "
        "(SELECT upload FROM request WHERE upload IS NOT NULL)"
    ).fetchone()[0]
    if orphans:
        yield Finding(
            "pieces",
            "note",
            f"{units.count(orphans, 'large body', 'large bodies')} without an event: "
            "arriving now, or cut off by a kill.",
            "The next start of a listener clears away what was cut off.",
        )


def _pending(db: sqlite3.Connection) -> Iterator[Finding]:
    waiting = db.execute("SELECT count(*) FROM event WHERE pending").fetchone()[0]
    if waiting:
        yield Finding(
            "pending",
            "note",
            f"{units.count(waiting, 'event')} with a large or compressed body "
            f"{'waits' if waiting == 1 else 'wait'} to be identified.",
            "A running listener does it by itself.",
        )


def _deleted(db: sqlite3.Connection) -> Iterator[Finding]:
    events, size = db.execute("SELECT count(*), coalesce(sum(size), 0) FROM deleted").fetchone()
    if events:
        yield Finding(
            "deleted",
            "note",
            f"{units.count(events, 'deleted event')} with {units.size(size)} of bodies "
            f"{'stands' if events == 1 else 'stand'} in the file until a listener starts.",
            "inspector delete --undo brings back what was deleted last, inspector delete --now lets all go.",
        )


# -- disk


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _wal(path: Path) -> Iterator[Finding]:
    size = _size_of(beside(path, "-wal"))
    if size > 2 * WAL_KEPT:
        yield Finding(
            "wal",
            "note",
            f"The WAL has grown to {units.size(size)}: a burst, or a reader that has stood open for long.",
            "It is folded into the store by itself once no reader holds it up.",
        )
    else:
        yield Finding("wal", "ok", f"The WAL holds {units.size(size)}.")


def _disk(db: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    bodies = db.execute("SELECT bytes FROM total").fetchone()[0]
    shapes = db.execute("SELECT coalesce(sum(length(json)), 0) FROM structure").fetchone()[0]
    answers = db.execute("SELECT coalesce(sum(length(headers) + length(body)), 0) FROM attempt").fetchone()[0]
    free = db.execute("PRAGMA freelist_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]
    used = sum(_size_of(beside(path, ending)) for ending in ("", "-wal", "-shm"))
    yield Finding(
        "disk",
        "ok",
        f"It takes {units.size(used)} of disk: {units.size(bodies)} bodies, {units.size(shapes)} shapes, "
        f"{units.size(answers)} answers to replays, {units.size(free)} to be used again.",
    )


def _free_space(path: Path) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return
    if free < MIN_FREE:
        yield Finding(
            "disk",
            "wrong",
            f"The disk has {units.size(free)} left; below {units.size(MIN_FREE)} senders are answered 503.",
            "Make room; inspector prune deletes the oldest events.",
        )
    else:
        level: Level = "note" if free < MANY_FREE else "ok"
        yield Finding("disk", level, f"The disk has {units.size(free)} left.")


def _retention(db: sqlite3.Connection) -> Iterator[Finding]:
    import json

    from inspector.store.retention import SETTING, retention_from

    row = db.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)).fetchone()
    try:
        kept = retention_from(None if row is None else json.loads(row[0]))
    except ValueError:
        kept = retention_from(None)
    text = f"Kept: {kept.words()}; starred events always." if kept else "Nothing is deleted by itself."
    yield Finding("retention", "ok", text)
