"""What is kept and what goes, in real stores."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inspector.core.filters import parse_filter
from inspector.store.doctor import examine
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.retention import (
    SETTING,
    Pruned,
    Retention,
    carry_out,
    enforce,
    plan,
    prune,
    retention_from,
    set_retention,
)
from inspector.store.writer import StoreWriter
from tests.store.filled import DAY_US, START_US, body, fill, noise


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Ten events, ids 1 to 10, a day apart, the newest on the tenth day."""
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(10)], step_us=DAY_US)
    return path


NOW_US = START_US + 10 * DAY_US


def kept(path: Path) -> list[int]:
    with Reader(path) as reader:
        return list(reader.ids())


def assert_whole(path: Path) -> None:
    assert [finding for finding in examine(path) if finding.level == "wrong"] == []


def test_nothing_goes_until_a_limit_is_set(store: Path) -> None:
    assert prune(store, Retention(), NOW_US).events == 0
    assert enforce(store) is None
    assert kept(store) == list(range(1, 11))


@pytest.mark.parametrize(
    ("retention", "stay"),
    [
        (Retention(count=4), [7, 8, 9, 10]),
        (Retention(count=100), list(range(1, 11))),
        (Retention(count=0), []),
        (Retention(days=3.5), [8, 9, 10]),
        (Retention(days=3.5, count=2), [9, 10]),
        (Retention(days=2, count=8), [9, 10]),
        (Retention(bytes=3 * len(body(1))), [8, 9, 10]),
        (Retention(bytes=3 * len(body(1)) - 1), [9, 10]),
    ],
)
def test_the_oldest_go_first(store: Path, retention: Retention, stay: list[int]) -> None:
    assert prune(store, retention, NOW_US).ids.tolist() == [one for one in range(1, 11) if one not in stay]
    assert kept(store) == stay
    assert_whole(store)


def test_starred_events_stay_and_count(store: Path) -> None:
    with Edits(store) as edits:
        edits.set_note(2, starred=True)
        edits.set_note(3, mark="a")
    gone = prune(store, Retention(count=3), NOW_US)
    assert (kept(store), gone.starred) == ([2, 9, 10], 1)
    assert prune(store, Retention(count=0, days=0, bytes=0), NOW_US).events == 2
    assert kept(store) == [2]
    assert_whole(store)


def test_what_is_starred_before_its_turn_comes_stays(store: Path) -> None:
    with Reader(store) as reader:
        going = plan(reader, Retention(count=0), NOW_US)
    with Edits(store) as edits:
        edits.set_note(5, starred=True)
    assert carry_out(store, going) == 9
    assert kept(store) == [5]


def test_a_dry_run_says_the_same_and_deletes_nothing(store: Path) -> None:
    told = prune(store, Retention(count=4), NOW_US, dry_run=True)
    assert (told.events, told.bytes) == (6, 6 * len(body(1)))
    assert (told.oldest_us, told.newest_us) == (START_US, START_US + 5 * DAY_US)
    assert kept(store) == list(range(1, 11))
    assert prune(store, Retention(count=4), NOW_US) == told


def test_with_a_filter_the_limits_hold_for_what_matches(store: Path) -> None:
    wanted = parse_filter(["type:user.test.0"])
    assert prune(store, Retention(count=1), NOW_US, wanted=wanted).ids.tolist() == [1, 4, 7]
    assert kept(store) == [2, 3, 5, 6, 8, 9, 10]
    assert_whole(store)


def test_a_clock_that_was_wrong_keeps_no_old_event_alive(store: Path) -> None:
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        db.execute("UPDATE event SET received_us = ? WHERE id = 1", (NOW_US + 9000 * DAY_US,))
    prune(store, Retention(days=3.5), NOW_US)
    assert kept(store) == [1, 8, 9, 10]


def test_what_belongs_to_an_event_goes_with_it_and_the_space_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(number, "x" * 2000) for number in range(300)], large=[noise(3_500_000)] * 3)
    before = path.stat().st_size
    assert before > 10_000_000
    assert prune(path, Retention(count=2), NOW_US).events == 301
    with closing(sqlite3.connect(path)) as db:
        left = [
            db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("event", "request", "piece")
        ]
        assert left == [2, 2, 8]
    assert path.stat().st_size < before - 3_000_000
    assert prune(path, Retention(count=0), NOW_US).events == 2
    assert path.stat().st_size < 200_000
    assert_whole(path)


def test_a_store_whose_space_cannot_be_given_back_is_pruned_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(100)])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
    assert prune(path, Retention(count=5), NOW_US).events == 95
    assert len(kept(path)) == 5


def test_no_transaction_deletes_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(300)] + [noise(900_000, seed) for seed in range(6)])
    batches: list[int] = []
    original = StoreWriter.delete

    def delete(self: StoreWriter, numbers: list[int], *rest: Any) -> int:
        batches.append(len(numbers))
        return original(self, numbers, *rest)

    monkeypatch.setattr(StoreWriter, "delete", delete)
    prune(path, Retention(count=0), NOW_US)
    assert sum(batches) == 306
    assert max(batches) <= 50
    assert batches[-1] <= 2


def test_the_setting_is_what_enforce_goes_by(store: Path) -> None:
    set_retention(store, Retention(count=4))
    gone = enforce(store)
    assert isinstance(gone, Pruned)
    assert (gone.events, kept(store)) == (6, [7, 8, 9, 10])
    again = enforce(store)
    assert again is not None
    assert again.events == 0
    set_retention(store, Retention())
    assert enforce(store) is None


@pytest.mark.parametrize(
    "value",
    [None, 5, "x", [], {"count": "9"}, {"count": -1}, {"days": True}, {"count": 1.5}, {"bytes": None}],
)
def test_a_setting_without_sense_deletes_nothing(store: Path, value: object) -> None:
    with Edits(store) as edits:
        edits.set_setting(SETTING, value)
    assert enforce(store) is None
    assert len(kept(store)) == 10


def test_limits_in_words() -> None:
    assert Retention(10_000, 30, 1_000_000_000).words() == "10,000 events, 30 days, 1.0 GB of bodies"
    assert Retention(days=1).words() == "1 day"
    assert Retention().words() == "everything"
    assert retention_from(json.loads('{"count": 3, "days": 0.5, "bytes": null}')) == Retention(3, 0.5)
