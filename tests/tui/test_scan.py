"""A search through the store: found bit by bit, said that it goes on, stopped by esc, ended by another."""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from inspector.core.filters import Filter, parse_filter
from inspector.store.reader import Reader
from inspector.store.search_apart import SearchApart
from inspector.tui.scan import Scan
from inspector.tui.source import Source
from tests.tui.conftest import Staged
from tests.tui.screens_store import fill, post

EVENTS = 3_000


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Events of which every hundredth has a word that the others lack."""
    payloads = [{"type": "step", "n": n, "word": "needle" if n % 100 == 0 else "hay"} for n in range(EVENTS)]
    return fill(tmp_path / "events.db", payloads)


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let a scan go on behind its first thousand ids when the event is set only."""
    go = threading.Event()
    matching = Reader.matching

    def waiting(
        reader: Reader,
        wanted: Filter,
        *,
        after: int = 0,
        before: int | None = None,
        newest_first: bool = True,
    ) -> Iterator[int]:
        if before is not None and before <= EVENTS:
            go.wait(30)
        return matching(reader, wanted, after=after, before=before, newest_first=newest_first)

    monkeypatch.setattr(Reader, "matching", waiting)
    monkeypatch.setattr("inspector.tui.scan._TELL_S", 0.0)
    return go


def searched(store: Path, text: str) -> list[tuple[array[int], int, bool]]:
    """All that a scan tells."""
    with Reader(store) as reader:
        last = reader.last_id()
    told: list[tuple[array[int], int, bool]] = []
    Scan(store, parse_filter(text), after=0, upto=last, tell=lambda *what: told.append(what)).run()
    return told


async def test_esc_stops_a_search_and_what_was_found_stays(
    store: Path, staged: Staged, go: threading.Event
) -> None:
    """First hits are there while it goes on; it says how far it is, and how far it came."""
    async with staged(store) as stage:
        await stage.detail(EVENTS)
        stage.main.filter_by("needle")
        await stage.shows("Events   10 so far, 33 % read …")
        await stage.detail(EVENTS - 99)
        await stage.press("escape")
        await stage.shows("Events   10 in 1,000 of 3,000 read, then stopped")
        stage.main.filter_by("nowhere")
        await stage.shows("None yet, 1,000 of 3,000 read. esc stops.")
        await stage.press("escape")
        await stage.shows("None in 1,000 read of 3,000. esc clears the filter.")
        go.set()
        stage.main.filter_by("needle")
        await stage.shows("Events   30 of 3,000")
        await stage.press("escape")
        await stage.shows("Events 3,000")


async def test_what_a_search_finds_late_stands_in_the_groups_and_is_deleted_with_them(
    store: Path, staged: Staged, go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older matches come in front of those that were grouped, or gone through, before."""
    async with staged(store) as stage:
        await stage.detail(EVENTS)
        stage.main.filter_by("needle")
        await stage.press("b", "b")
        await stage.shows("by delivery")
        await stage.until(lambda: len(stage.main.events._rows) == 10)
        taken, gone = threading.Event(), list(stage.main.source.ids[-4:])

        def slowly(numbers: array[int], without: frozenset[int]) -> array[int]:
            taken.wait(30)
            return array("q", [number for number in numbers if number not in without])

        monkeypatch.setattr("inspector.tui.screens.delete_actions.without", slowly)
        stage.main._go(gone)
        await stage.until(lambda: stage.main.busy)
        go.set()
        await stage.until(lambda: len(stage.main.source.ids) == 30)
        await stage.until(lambda: len(stage.main.events._rows) == 30)
        taken.set()
        await stage.shows("Deleted 4 events")
        assert list(stage.main.source.ids) == [*range(1, EVENTS - 400, 100)]
        await stage.until(lambda: len(stage.main.events._rows) == 26)


def test_what_is_told_is_put_together_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call tells what was found since the last one, and all that is looked at; the last call ends it."""
    monkeypatch.setattr("inspector.tui.scan._TELL_S", 0.0)
    monkeypatch.setattr("inspector.tui.scan._FIRST_STEP", 50)
    for newest_s in (0.0, 60.0):
        monkeypatch.setattr("inspector.tui.scan._NEWEST_S", newest_s)
        told = searched(store, "needle")
        assert sorted(number for some, _, _ in told for number in some) == [*range(1, EVENTS, 100)]
        assert all(list(some) == sorted(some) for some, _, _ in told)
        assert [done for _, _, done in told] == [False] * (len(told) - 1) + [True]
        assert [read for _, read, _ in told] == sorted(read for _, read, _ in told)
        assert told[-1][1] == EVENTS


def test_first_hits_come_soon_wherever_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the newest events come some of every age: a stretch of old ones is met long before all is read."""
    payloads = [{"n": n, "word": "needle" if 2_000 <= n < 2_400 else "hay"} for n in range(20_000)]
    store = fill(tmp_path / "events.db", payloads)
    monkeypatch.setattr("inspector.tui.scan._TELL_S", 0.0)
    monkeypatch.setattr("inspector.tui.scan._NEWEST_S", 0.0)
    told = searched(store, "needle")
    assert next(read for some, read, _ in told if len(some)) < 20_000 // 16
    assert sum(len(some) for some, _, _ in told) == 400


def test_a_single_one_is_met_in_the_bytes_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the events are looked at one by one; told once, and the rest is looked at all the same."""
    payloads: list[Any] = [{"n": n, "word": "one Needle" if n == 50 else "hay"} for n in range(EVENTS)]
    payloads[70] = post(b'{"word": "need\\u006ce"}')
    store = fill(tmp_path / "events.db", payloads)
    monkeypatch.setattr("inspector.tui.scan._NEWEST_S", 0.0)
    monkeypatch.setattr("inspector.tui.scan._APART_S", 60.0)
    monkeypatch.setattr("inspector.tui.scan._SMALL", 0)
    for text, early, late in (
        ("needle", [51], [71]),
        (".word:one*", [51], []),
        ("needle -one", [], [71]),
        ("-hay", [], [51, 71]),
    ):
        found = [(number, read) for some, read, _ in searched(store, text) for number in some]
        assert [number for number, read in found if not read] == early, text
        assert sorted(number for number, read in found if read) == late, text
    monkeypatch.setattr("inspector.tui.scan._PART_OF_FILE", 2.0)  # few events are read without it
    assert sorted((list(some), read > 0) for some, read, _ in searched(store, "needle") if some) == [
        ([51], True),
        ([71], True),
    ]


def test_a_search_is_stopped_while_the_file_is_looked_through(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when what looks through it hangs; nothing is left of it."""
    aparts: list[SearchApart] = []
    os.mkfifo(store.with_name("pipe"))

    class Hanging(SearchApart):
        def __init__(self, path: Path, texts: Sequence[str]) -> None:
            super().__init__(path.with_name("pipe"), texts)  # to open it takes for ever
            aparts.append(self)

    monkeypatch.setattr("inspector.tui.scan.SearchApart", Hanging)
    monkeypatch.setattr("inspector.tui.scan._NEWEST_S", 0.0)
    monkeypatch.setattr("inspector.tui.scan._APART_S", 60.0)
    monkeypatch.setattr("inspector.tui.scan._SMALL", 0)
    told: list[tuple[array[int], int, bool]] = []
    going = threading.Event()

    def tell(found: array[int], read: int, done: bool) -> None:
        told.append((found, read, done))
        going.set()

    scan = Scan(store, parse_filter("needle"), after=0, upto=EVENTS, tell=tell)
    thread = threading.Thread(target=scan.run)
    thread.start()
    assert going.wait(30)  # it says that it goes on
    scan.cancel()
    thread.join(30)
    assert not thread.is_alive()
    assert not any(done for _, _, done in told)
    assert all(process.returncode for process in aparts[0]._processes)


def test_matches_take_their_place_among_those_known(store: Path) -> None:
    """Whatever order they are found in, the list has them in the order of arrival."""
    with Reader(store) as reader:
        source = Source(reader)
        source.show_matches(array("q", [10, 500, 900]))
        for found in ([], [2_000, 2_100], [1, 5], [11, 20, 700], [300, 950]):
            source.add_found(array("q", found))
        assert list(source.ids) == [1, 5, 10, 11, 20, 300, 500, 700, 900, 950, 2_000, 2_100]


async def test_the_cursor_goes_to_the_match_nearest_to_where_it_was(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while those between are found last; where the reader has moved it meanwhile, it stays."""
    async with staged(store) as stage:
        await stage.detail(EVENTS)
        stage.main.filter_by("needle")
        await stage.shows("Events   30 of 3,000")
        scan = stage.main._scan
        for at, read in ((1, 10), (100, 20), (1_500, 30)):
            stage.main.source.show_matches(array("q", [7]))
            stage.main.scanning = True
            assert scan is not None
            stage.main.post_message(stage.main.Scanned(scan, array("q", [at]), read, False))
            await stage.until(lambda at=at: stage.main.events.cursor == max(at, 7))
        await stage.press("G")
        assert stage.main.events.cursor == 7
        stage.main.post_message(stage.main.Scanned(scan, array("q", [1_600]), 40, True))
        await stage.until(lambda: not stage.main.scanning)
        assert stage.main.events.cursor == 7


def test_cancel_ends_a_statement_that_runs(store: Path) -> None:
    """A search in the middle of a slow statement ends without having told anything more."""
    told: list[object] = []
    scan = Scan(
        store, parse_filter("nowhere*at*all"), after=0, upto=EVENTS, tell=lambda *what: told.append(what)
    )
    thread = threading.Thread(target=scan.run)
    scan.cancel()
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert told == []
