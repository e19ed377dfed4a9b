"""Ids against times: a filter by time reads what may match, and misses nothing when clocks go back."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from inspector.core.filters import parse_filter
from inspector.store import order
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, arrival, rows

SECOND = 1_000_000


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed_however_times_jump(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    clock = 1000
    writer = StoreWriter(path)
    times: list[int] = []
    for _ in range(40):
        clock += chance.randint(0, 20) - (chance.random() < 0.1) * chance.randint(0, 300)
        batch = [max(0, clock + chance.randint(-5, 5)) for _ in range(chance.randint(1, 4))]
        add(writer, *(arrival({}, at_us=when) for when in batch))
        times += batch
    writer.close()
    with Edits(path) as edits:
        gone = set(chance.sample(range(1, len(times) + 1), 20))
        edits.delete(sorted(gone))
    with Reader(path) as reader:
        for _ in range(60):
            low, high = sorted(chance.choices(range(900, max(times) + 20), k=2))
            after, before = order.ids_between(reader.db, low, high)
            meant = [n for n, when in enumerate(times, 1) if low <= when <= high and n not in gone]
            assert all(after < n and (before is None or n < before) for n in meant)
        measured = reader.db.execute("SELECT latest_us, disorder_us FROM total").fetchone()
    db = sqlite3.connect(path)
    db.execute(order.MEASURE)
    exact = db.execute("SELECT latest_us, disorder_us FROM total").fetchone()
    db.close()
    assert measured[0] >= exact[0]
    assert measured[1] >= exact[1] > 0


def test_of_events_in_order_few_are_looked_at(writer: StoreWriter, reader: Reader) -> None:
    for start in range(0, 2000, 100):
        add(writer, *(arrival({}, at_us=n * SECOND) for n in range(start, start + 100)))
    assert rows(writer, "SELECT latest_us, disorder_us FROM total") == [(1999 * SECOND, 99 * SECOND)]
    assert order.ids_between(reader.db, 1500 * SECOND, 1600 * SECOND) == (1401, 1701)
    assert order.ids_between(reader.db, 3000 * SECOND, order.MAX_INTEGER) == (2000, None)
    assert order.ids_between(reader.db, -order.MAX_INTEGER, order.MAX_INTEGER) == (0, None)
    found = parse_filter("since:500s before:300s", now_us=2000 * SECOND)
    assert list(reader.matching(found, newest_first=False)) == list(range(1501, 1701))
    assert list(reader.matching(found)) == list(range(1700, 1500, -1))
    assert list(reader.matching(found, after=1600, before=1604)) == [1603, 1602, 1601]
    older = parse_filter("-since:1990s", now_us=2000 * SECOND)
    assert older.received_between == (-order.MAX_INTEGER, order.MAX_INTEGER)
    assert list(reader.matching(older, newest_first=False)) == list(range(1, 11))
