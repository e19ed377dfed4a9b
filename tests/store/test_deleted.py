"""Deleting that can be undone, in real stores."""

from __future__ import annotations

import sqlite3
import threading
import time
from array import array
from contextlib import closing
from pathlib import Path

import pytest

from inspector.core.events import InspectorError
from inspector.core.filters import parse_filter
from inspector.store import edits as edits_module
from inspector.store.deleted import Waiting, delete, purge, undo, waiting
from inspector.store.doctor import examine
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.salvage import salvage
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, anchore, arrival, check_counts, rows
from tests.store.filled import body, fill, noise


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Thirty events of three types, and a large one."""
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(30)], large=[noise(1_500_000)])
    return path


def content(path: Path) -> list[list[tuple[object, ...]]]:
    """All rows of the tables that a deletion touches."""
    with closing(sqlite3.connect(path)) as db:
        return [
            db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("event", "request", "piece", "shape", "structure", "total", "note", "deleted")
        ]


def assert_whole(path: Path) -> None:
    assert [finding for finding in examine(path) if finding.level == "wrong"] == []


def test_what_is_deleted_is_seen_and_counted_nowhere_and_comes_back_as_it_was(store: Path) -> None:
    """Two deletions are undone one after the other, the last one first; a whole type goes and comes back."""
    with Edits(store) as edits:
        edits.set_note(4, starred=True, comment="kept")
    before = content(store)
    assert delete(store, [31, 1, 4, 99]) == 3
    between = content(store)
    gone = [number for number in range(2, 31) if number % 3 == 2]
    assert delete(store, gone) == 10
    with Reader(store) as reader:
        assert [entry.type for entry in reader.types()] == ["user.test.0", "user.test.2"]
        assert reader.total()[0] == 18
        assert not {1, 4, 31, *gone} & set(reader.ids())
        assert reader.event(4) is None
        assert reader.request(4) is None
        assert list(reader.matching(parse_filter("is:starred"))) == []
        bodies = sum(len(body(number - 1)) for number in (1, 4, *gone))
        assert waiting(reader) == Waiting(13, 1_500_000 + bodies)
        words = {finding.about: finding.text for finding in examine(store)}
    assert words["deleted"].startswith("13 deleted events with 1.5 MB of bodies stand in the file")
    assert_whole(store)
    assert undo(store) == array("q", gone)
    assert content(store) == between
    assert undo(store) == array("q", [1, 4, 31])
    assert content(store) == before
    assert undo(store) == array("q")


def test_what_was_deleted_goes_for_good_with_all_that_belongs_to_it(store: Path) -> None:
    delete(store, [*range(1, 31, 3), 31])
    delete(store, [2])
    with Reader(store) as reader:
        (before_us,) = reader.db.execute("SELECT max(deleted_us) FROM deleted").fetchone()
    assert purge(store, before_us) == 11
    assert undo(store) == array("q", [2])
    assert content(store)[2] == []
    assert_whole(store)
    with closing(StoreWriter(store)) as writer:
        check_counts(writer)


def test_what_comes_back_while_others_go_for_good_keeps_its_large_body(store: Path) -> None:
    """Another process may bring events back, or have set them aside, between a look and the transaction."""
    before = content(store)[2]
    delete(store, range(1, 32))

    def bring_back(done: int, of: int) -> None:
        undo(store)

    assert purge(store, progress=bring_back) == 25
    assert content(store)[2] == before
    assert_whole(store)
    delete(store, [31])
    with Edits(store) as edits:
        assert edits.delete([31]) == 0
    assert undo(store) == array("q", [31])
    assert content(store)[2] == before
    assert_whole(store)


def test_wiped_bytes_are_in_no_file_of_the_store(store: Path) -> None:
    """`delete --now` is for secrets: neither free pages nor the WAL keep them."""
    with closing(StoreWriter(store)) as writer:
        first, second = add(
            writer, anchore("a", {"secret": "correct horse"}), anchore("a", {"secret": "battery staple"})
        )
    with Edits(store) as edits:
        edits.delete([first.id], wipe=True)
    delete(store, [second.id])
    purge(store, wipe=True)
    files = b"".join(path.read_bytes() for path in store.parent.iterdir())
    assert b"user.test.1" in files
    assert b"correct horse" not in files
    assert b"battery staple" not in files


def test_wiping_beside_a_long_reader_gives_up_soon_and_holds_no_sender_up(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edits_module, "_FOLD_S", 0.6)
    slowest, deleted = 0.0, threading.Event()

    def capture() -> None:
        nonlocal slowest
        with closing(StoreWriter(store)) as writer:
            while not deleted.wait(0.01):
                began = time.monotonic()
                add(writer, anchore("a", {}))
                slowest = max(slowest, time.monotonic() - began)

    with Edits(store) as edits, Reader(store) as reader:
        reader.db.execute("BEGIN")
        reader.total()
        capturing = threading.Thread(target=capture)
        capturing.start()
        began = time.monotonic()
        try:
            with pytest.raises(InspectorError, match="traces stay"):
                edits.delete([1], wipe=True)
        finally:
            took = time.monotonic() - began
            deleted.set()
            capturing.join()
    assert 0 < slowest < 2
    assert took < 4


def test_shapes_learn_on_while_events_are_deleted(tmp_path: Path) -> None:
    """A shape whose events are all deleted is new again; what comes back has keys that turned out to be data
    since."""
    path = tmp_path / "events.db"
    with closing(StoreWriter(path)) as writer:
        add(writer, anchore("t", {"a": 1}), anchore("t", {"b": 1}))
        other = anchore("k", {f"{7:064x}": {"n": 1}, "x": 1})
        add(writer, other)
    delete(path, [2, 3])
    with closing(StoreWriter(path)) as writer:
        assert add(writer, anchore("t", {"b": 1}))[0].new
    undo(path)
    with Reader(path) as reader:
        (found,) = [entry for entry in reader.types() if entry.type == "t"]
        assert (found.count, found.variants, found.first_event, found.last_event) == (3, 2, 1, 4)
    assert_whole(path)


def test_what_is_identified_late_counts_alone_where_all_others_are_deleted(tmp_path: Path) -> None:
    """The row of events without a JSON body stays for those that may come back, and forgets their ends."""
    path = tmp_path / "events.db"
    with closing(StoreWriter(path)) as writer:
        add(writer, arrival(body=b"large" * 20_000), arrival(body=b"small", at_us=5_000_000))
        delete(path, [2])
        assert writer.identify(1) is not None
        (row,) = rows(writer, "SELECT count, first_event, last_event, first_us, last_us FROM shape")
        assert row == (1, 1, 1, 1_000_000, 1_000_000)
    undo(path)
    assert_whole(path)


def test_keys_told_to_be_data_meanwhile_are_so_in_what_comes_back(tmp_path: Path) -> None:
    from inspector.store.told_keys import keys_are_data

    path = tmp_path / "events.db"
    with closing(StoreWriter(path)) as writer:
        add(writer, anchore("t", {"m": {"one": 1}}), anchore("t", {"m": {"two": 1}}))
    delete(path, [2])
    keys_are_data(path, ("anchore", "t"), ("details", "m"))
    undo(path)
    with Reader(path) as reader:
        (found,) = reader.types()
        assert (found.count, found.variants) == (2, 1)
    assert_whole(path)


def test_no_transaction_takes_many_and_a_store_stays_whole_wherever_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever part of a deletion or of its undoing was done when the program was killed."""
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(400)])

    class Killed(Exception):
        pass

    def progress(done: int, of: int) -> None:
        assert of == 400
        if done > 100:
            raise Killed

    with pytest.raises(Killed):
        delete(path, range(1, 401), progress)
    assert_whole(path)
    with Reader(path) as reader:
        left = waiting(reader).events
        assert 100 < left < 400
        assert reader.total()[0] == 400 - left
    undo(path)
    delete(path, range(1, 401))
    with pytest.raises(Killed):
        undo(path, progress)
    assert_whole(path)
    undo(path)
    with Reader(path) as reader:
        assert reader.total()[0] == 400


def test_a_damaged_store_gives_nothing_back_that_was_deleted(store: Path, tmp_path: Path) -> None:
    delete(store, [2, 3, 31])
    assert salvage(store, tmp_path / "new.db").events == 28
    with Reader(tmp_path / "new.db") as reader:
        assert not {2, 3, 31} & set(reader.ids())


def test_every_column_of_an_event_is_kept_with_a_deleted_one(store: Path) -> None:
    with closing(sqlite3.connect(store)) as db:
        columns = [
            {row[1] for row in db.execute(f"PRAGMA table_info({table})")} for table in ("event", "deleted")
        ]
    assert columns[1] - columns[0] == {"deleted_us"}
    assert columns[0] <= columns[1]
