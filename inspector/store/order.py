"""Ids against times: which ids a filter by time can mean, without reading every event.

Ids are given in the order of arrival, but clocks are set back and an import brings old times. So the store
keeps `total.disorder_us`: by how much, at most, an event was ever later than one with a higher id. An event
that is older than a moment by more than that has only older ones before it, and a few looks find it.
"""

from __future__ import annotations

import sqlite3

from inspector.core.events import MAX_INTEGER

MEASURE = (
    "UPDATE total SET latest_us = coalesce((SELECT max(received_us) FROM event), 0), disorder_us = coalesce(("
    "SELECT max(top - received_us) FROM (SELECT received_us, max(received_us) OVER (ORDER BY id) AS top "
    "FROM event)), 0)"
)
"""Work out the disorder from all events."""
NOTE = "latest_us = max(latest_us, ?1), disorder_us = max(disorder_us, max(latest_us, ?1) - ?2)"
"""Columns of `total` after more events, of which the latest is of ?1 and the earliest of ?2."""


def ids_between(db: sqlite3.Connection, low_us: int, high_us: int) -> tuple[int, int | None]:
    """Bounds ``after < id (and id < before)`` of the events that arrived in ``low_us <= t <= high_us``,
    wide enough for all of them."""
    if low_us <= -MAX_INTEGER and high_us >= MAX_INTEGER:
        return 0, None
    last, disorder = db.execute("SELECT last_id, disorder_us FROM total").fetchone()
    after = 0 if low_us <= -MAX_INTEGER else _last_before(db, low_us - disorder, last)
    if high_us >= MAX_INTEGER:
        return after, None
    late_us = high_us + disorder + 1
    following = db.execute(
        "SELECT id, received_us FROM event WHERE id > ? AND id <= ? ORDER BY id LIMIT 1",
        (_last_before(db, late_us, last), last),
    ).fetchone()
    # What comes behind an event that is so late cannot be meant.
    return after, following[0] if following is not None and following[1] >= late_us else None


def _last_before(db: sqlite3.Connection, moment_us: int, last: int) -> int:
    """The id of an event before which all arrived before a moment that leaves room for the disorder: the
    last one found that did so itself; 0 for none."""
    found, low, high = 0, 1, last
    while low <= high:
        middle = (low + high) // 2
        row = db.execute(
            "SELECT id, received_us FROM event WHERE id >= ? AND id <= ? ORDER BY id LIMIT 1", (middle, high)
        ).fetchone()
        if row is None or row[1] >= moment_us:
            high = middle - 1
        else:
            found, low = row[0], row[0] + 1
    return found
