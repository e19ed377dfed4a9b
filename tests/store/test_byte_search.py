"""A text in the bytes of a store's file: where it is found, whose it is, and what SQLite has to say of that."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from inspector.core.events import Request
from inspector.core.filters import parse_filter
from inspector.store import byte_search
from inspector.store.arrival import Arrival
from inspector.store.byte_search import ByteSearch
from inspector.store.deleted import delete
from inspector.store.pages import Pages
from inspector.store.place import beside
from inspector.store.reader import Reader
from inspector.store.search_apart import SearchApart
from inspector.store.writer import PIECE, StoreWriter
from tests.processes import is_running, until
from tests.store.filled import body, fill, noise

EVENTS = 3_000


def rows(store: Path, *texts: str, shares: int = 1) -> list[int]:
    """What the search finds, share by share, in the bytes of a store that nobody has open."""
    with Pages(store, beside(store, "-wal")) as pages:
        search = ByteSearch(pages, [text.encode() for text in texts])
        return [row for share in range(shares) for some in search.found(share, shares) for row in some]


def apart_rows(store: Path, *texts: str) -> list[int]:
    """The same, found by other processes, which must end by themselves."""
    found: list[int] = []
    with closing(SearchApart(store, texts)) as apart:
        while apart.running:
            found += apart.found(10.0)
    assert not any(process.returncode for process in apart._processes)
    return found


def matching(store: Path, text: str, found: list[int]) -> list[int]:
    """Those among rows that are events a filter matches."""
    with Reader(store) as reader:
        return [*reader.matching_of(parse_filter(text), found)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Some thousand events; a few have what no other has."""
    bodies = [body(number) for number in range(EVENTS)]
    bodies[6] = body(6, "an OldNeedle")
    bodies[20] = body(20, noise(30_000).hex() + " behind pages")
    bodies[21] = body(21, noise(9_000, 2).hex() + " behind pages")
    large = [b'{"x": "' + noise(PIECE // 2, seed).hex().encode() + b' in pieces"}' for seed in (3, 4)]
    fill(tmp_path / "events.db", bodies, large=large)
    return tmp_path / "events.db"


def test_a_text_is_found_wherever_it_stands(store: Path) -> None:
    """In either case, in a target, on pages that go on with a long row, in a piece, in the WAL."""
    assert rows(store, "oldneedle") == [7]
    assert sorted(rows(store, "behind pages")) == [21, 22]
    uploads = rows(store, "in pieces", shares=3)
    assert sorted(matching(store, "pieces", uploads)) == [EVENTS + 1, EVENTS + 2]
    assert all(upload < 0 for upload in uploads)
    assert set(matching(store, "/large", rows(store, "/large"))) == {EVENTS + 1, EVENTS + 2}
    assert rows(store, "0000000770") == [0x771]  # letters come in two cases, digits do not
    assert rows(store, "nowhere") == []
    writer = StoreWriter(store)
    try:
        lines = ((b"X-Only-Here", b"HeadNeedle"),)
        writer.begin()
        writer.add([Arrival(Request("POST", b"/hook", lines, b"plain"), "127.0.0.1:1", 1, 1)])
        writer.commit()
        assert beside(store, "-wal").stat().st_size
        assert set(apart_rows(store, "headneedle")) == {EVENTS + 3}
        assert matching(store, "header.x-only-here:HeadNeedle", [7, EVENTS + 3]) == [EVENTS + 3]
    finally:
        writer.close()


def test_the_rarest_text_is_looked_for_and_what_is_frequent_given_up(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is told once, however often and in whatever tables it has the text."""
    monkeypatch.setattr(byte_search, "_TURN", 32)
    found = [row for row in rows(store, "user.test") if row <= EVENTS]
    assert len(found) == len(set(found)) > EVENTS - 10
    assert set(found) <= set(rows(store, "user.test", shares=3))
    monkeypatch.setattr(byte_search, "_LOOKS", 200)
    assert rows(store, "user.test", "oldneedle", "filler") == [7]
    monkeypatch.delattr(ctypes, "CDLL")  # where the C library cannot be asked, Python looks
    assert rows(store, "oldneedle") == [7]
    monkeypatch.setattr(byte_search, "_MOST", 2)
    assert 0 < len(rows(store, "user.test")) < 100


def test_what_was_deleted_is_no_match(store: Path) -> None:
    """Its bytes may still be there, on a page that is in use or free."""
    delete(store, [7, 21])
    assert rows(store, "oldneedle") == [7]
    assert matching(store, "oldneedle", [7, 21, 22, 10**9]) == []
    with closing(StoreWriter(store)) as writer:
        writer.db.execute("DELETE FROM request WHERE event < 2000")
        assert matching(store, "oldneedle behind", [7, 21, 22]) == []
    found = rows(store, "oldneedle") + rows(store, "behind pages")
    assert matching(store, "oldneedle", found) == []
    assert matching(store, '"behind pages"', found) == []


def test_other_processes_find_it_and_end(store: Path, tmp_path: Path) -> None:
    """They end by themselves, and at once when they are stopped; a store that is gone is no failure."""
    assert apart_rows(store, "OLDneedle") == [7]
    for path in (tmp_path / "gone", tmp_path):
        with closing(SearchApart(path, ["x"])) as apart:
            while apart.running:
                assert not apart.found(10.0)
    os.mkfifo(tmp_path / "pipe")  # to open it takes for ever
    with closing(SearchApart(tmp_path / "pipe", ["x"])) as apart:
        assert not apart.found(0.05)
        assert apart.running
        apart.stop()
        while apart.running:
            assert not apart.found(10.0)
    assert all(process.returncode for process in apart._processes)


def test_they_end_with_the_program_that_started_them(tmp_path: Path) -> None:
    """However it ended, and however much there is to look through."""
    (tmp_path / "events.db").touch()
    os.truncate(tmp_path / "events.db", 1 << 40)
    program = (
        "import pathlib, sys, time; from inspector.store.search_apart import SearchApart; "
        "apart = SearchApart(pathlib.Path(sys.argv[1]), ['needle']); "
        "print(*(process.pid for process in apart._processes), flush=True); time.sleep(60)"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "events.db")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        searching = [int(pid) for pid in starter.stdout.readline().split()]
        assert searching
        assert all(is_running(pid) for pid in searching)
        starter.kill()
    assert until(lambda: not any(is_running(pid) for pid in searching))
