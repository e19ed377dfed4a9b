"""Rows of deleted events set aside and brought back, each function inside a transaction of the caller.

Beside them go the counts: those of the store, and those of the shapes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from inspector.store.shape_rows import Ends, ShapeRows


def set_aside(db: sqlite3.Connection, numbers: Sequence[int], deleted_us: int, ends: Ends) -> int:
    """Delete events in a way that `bring_back` undoes: counts are subtracted and marks taken away, all else
    stays for now. Returns how many there were."""
    marks, names = _marks(numbers), _columns(db)
    db.execute(
        f"INSERT INTO deleted (deleted_us, {names}) SELECT ?, {names} FROM event WHERE id IN ({marks})",
        (deleted_us, *numbers),
    )
    found = db.execute(
        f"SELECT shape, count(*), sum(size) FROM event WHERE id IN ({marks}) GROUP BY shape", numbers
    ).fetchall()
    db.execute(f"DELETE FROM event WHERE id IN ({marks})", numbers)
    db.execute(f"UPDATE note SET mark = NULL WHERE event IN ({marks}) AND mark NOT NULL", numbers)
    shapes = ShapeRows(db)
    for shape, count, _ in found:
        if shape is not None:
            shapes.subtract(shape, count, ends)
    return -_count(db, [(-count, -size) for _, count, size in found])


def bring_back(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """Undo `set_aside`; returns how many there were."""
    marks, names = _marks(numbers), _columns(db)
    found = db.execute(
        f"SELECT shape, count(*), sum(size), min(id), max(id) FROM deleted WHERE id IN ({marks}) GROUP BY shape",
        numbers,
    ).fetchall()
    db.execute(f"INSERT INTO event ({names}) SELECT {names} FROM deleted WHERE id IN ({marks})", numbers)
    db.execute(f"DELETE FROM deleted WHERE id IN ({marks})", numbers)
    shapes = ShapeRows(db)
    for shape, count, _, *ends in found:
        if shape is not None:
            first, last = (
                (number, db.execute("SELECT received_us FROM event WHERE id = ?", (number,)).fetchone()[0])
                for number in ends
            )
            shapes.add_back(shape, count, first, last)
    return _count(db, [(count, size) for _, count, size, _, _ in found])


def purge(db: sqlite3.Connection, numbers: Sequence[int]) -> tuple[int, list[int]]:
    """Delete for good what was set aside, but of large bodies only the mention; returns how many there were, and
    the numbers under which the large bodies stand."""
    marks = _marks(numbers)
    gone = db.execute(f"DELETE FROM deleted WHERE id IN ({marks}) RETURNING id, shape", numbers).fetchall()
    numbers = [number for number, _ in gone]
    marks = _marks(numbers)
    requests = db.execute(
        f"DELETE FROM request WHERE event IN ({marks}) RETURNING upload", numbers
    ).fetchall()
    for table in ("attempt", "note"):
        db.execute(f"DELETE FROM {table} WHERE event IN ({marks})", numbers)
    shapes = ShapeRows(db)
    for shape in {shape for _, shape in gone} - {None}:
        shapes.drop_unused(shape)
    return len(gone), [upload for (upload,) in requests if upload is not None]


def _count(db: sqlite3.Connection, found: Sequence[tuple[int, int]]) -> int:
    """Add events and bytes to what the store counts; returns the events."""
    events, size = sum(each[0] for each in found), sum(each[1] for each in found)
    db.execute("UPDATE total SET events = events + ?, bytes = bytes + ?", (events, size))
    return events


def _columns(db: sqlite3.Connection) -> str:
    return ", ".join(row[1] for row in db.execute("PRAGMA table_info(event)"))


def _marks(numbers: Sequence[int]) -> str:
    return ",".join("?" * len(numbers))
