"""The list in groups over a real store, by type and by delivery, while events arrive."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.core.events import Attempt
from inspector.store.arrival import Arrival
from inspector.store.edits import Edits
from inspector.store.groups import redelivered
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.tui.conftest import Staged
from tests.tui.screens_store import START_US, anchore, fill, post

COMPLETED = "user.image.analysis.completed"
FAILED = "user.image.analysis.failed"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three analyses that completed, two that failed of which one was delivered twice, and a plain request."""
    path = tmp_path / "events.db"
    failed = anchore(FAILED, {"why": "x"})
    fill(path, [anchore(COMPLETED, {"n": n}, n) for n in range(3)])
    add(path, {**failed, "id": "one"}, {**failed, "id": "two"}, "plain", {**failed, "id": "one"})
    with Edits(path) as edits:
        edits.add_attempt(Attempt(1, "http://localhost:3000/", START_US, 1.0, "replay", 500, "", None))
    return path


def add(path: Path, *payloads: Any) -> None:
    """Store more events, as the capture process would."""
    writer = StoreWriter(path)
    writer.begin()
    for payload in payloads:
        writer.add([Arrival(post(json.dumps(payload).encode()), "127.0.0.1:5000", START_US + 10**9, 1)])
    writer.commit()
    writer.close()


def titles(stage: Any) -> list[str]:
    """The rows of the list, but for time and blanks."""
    events = stage.main.events
    rows = [events.render_line(y).text for y in range(events.size.height)]
    return [" ".join((row[:2] + " " + row[11:]).split()) for row in rows if row.strip()]


async def test_by_type(store: Path, staged: Staged) -> None:
    """Headings tell counts, failures and new shapes; what is open stays while events arrive."""
    async with staged(store, size=(160, 36)) as stage:
        await stage.detail(7)
        await stage.press("b")
        await stage.shows("Events 7   by type, 3")
        await stage.until(
            lambda: titles(stage) == [f"▸ {COMPLETED} 1 failed of 3", f"›▸ {FAILED} 3", "▸ no type 1"]
        )
        await stage.press("k")
        await stage.shows("enter open ")
        await stage.press("space")
        await stage.until(lambda: len(titles(stage)) == 6)
        await stage.shows("enter fold ")
        assert titles(stage)[0].startswith("›▾")
        await stage.press("j", "j")
        await stage.detail(2)
        add(store, anchore(COMPLETED, {"n": 1, "team": "web"}, 77), anchore("system.test", {"a": 1}, 78))
        await stage.until(lambda: len(titles(stage)) == 8)
        assert f"▾ {COMPLETED} 1 failed of 4 ◆" in titles(stage)
        assert titles(stage)[-2:] == [f"▸ {FAILED} 3", "▸ no type 1"]
        assert stage.main.events.cursor == 2
        await stage.shows("2 new above")
        await stage.press("h")
        await stage.detail(8)
        await stage.press("L")
        await stage.until(lambda: len(titles(stage)) == 4 + 9)
        await stage.press("H")
        await stage.until(lambda: len(titles(stage)) == 4)
        stage.main.go_from(5)
        await stage.until(lambda: len(titles(stage)) == 7)
        assert stage.main.events.cursor == 5
        assert stage.main.events.heading is None
        await stage.press("slash")
        await stage.type("resource:*", "enter")
        await stage.until(lambda: not any("no type" in title for title in titles(stage)))
        assert len(titles(stage)) == 6
        await stage.press("escape", "g", "j")
        await stage.until(lambda: titles(stage)[-1] == "▸ no type 1")
        await stage.press("X")
        await stage.shows(f"Delete all of {COMPLETED}, 4?")
        await stage.press("left", "enter")
        await stage.shows("Deleted 4 events")
        await stage.until(lambda: COMPLETED not in " ".join(titles(stage)))
        await stage.press("u")
        await stage.until(lambda: f"▸ {COMPLETED} 1 failed of 4 ◆" in titles(stage))


async def test_by_delivery(store: Path, staged: Staged) -> None:
    """A delivery that came again is one row, which folds; events arrive and are followed as ever."""
    async with staged(store) as stage:
        await stage.detail(7)
        await stage.press("b", "b")
        await stage.shows("by delivery", "By delivery; b goes on")
        await stage.until(lambda: "By type; b" not in stage.text)  # one toast, not a pile
        await stage.until(lambda: len(titles(stage)) == 6)
        await stage.press("g", "j", "j")
        await stage.until(lambda: titles(stage)[2].startswith("›▸ · 2x"))
        await stage.press("enter")
        await stage.until(lambda: len(titles(stage)) == 8)
        await stage.press("j")
        assert stage.main.events.cursor == 7
        add(
            store,
            {**anchore(FAILED, {"why": "x"}), "id": "one"},
            {**anchore(FAILED, {"why": "x"}), "id": "new"},
        )
        await stage.until(lambda: len(titles(stage)) == 10)
        await stage.until(lambda: titles(stage)[3].startswith("▾ · 3x"))
        assert stage.main.events.cursor == 7
        await stage.press("f")
        await stage.detail(9)
        await stage.press("b")
        await stage.until(lambda: len(titles(stage)) == 9)
        assert stage.main.events.following
        await stage.press("b")
        await stage.until(lambda: not stage.main.events.following)
        await stage.press("b")
        await stage.shows("by delivery   following")


async def test_an_event_is_found_again_once_the_list_went_through_the_groups(
    store: Path, staged: Staged
) -> None:
    """Unless the cursor was moved on the way."""
    async with staged(store) as stage:
        await stage.detail(7)
        await stage.press("g", *["j"] * 5)
        await stage.detail(2)
        await stage.press("b")
        await stage.shows("by type, 3")
        await stage.detail(3)
        await stage.press("b")
        await stage.shows("by delivery")
        await stage.detail(2)
        await stage.press("b", "b")
        await stage.shows("by type, 3")
        await stage.detail(3)
        await stage.press("j")
        moved = stage.main.events.cursor
        assert moved not in (None, 2, 3)
        await stage.press("b", "b")
        await stage.until(lambda: stage.main.events.cursor == moved and not stage.main.grouped)


async def test_the_cursor_stays_in_sight_through_the_groups(tmp_path: Path, staged: Staged) -> None:
    """Heading 1 and event 1 have one number and nothing else in common."""
    path = fill(tmp_path / "events.db", [anchore(f"type.{n % 12:02}", {}, n) for n in range(40)])
    async with staged(path, size=(80, 24)) as stage:
        await stage.detail(40)
        for words in ("by type, 12", "by delivery", "One event a row"):
            await stage.press("b")
            await stage.shows(words)
            await stage.until(lambda: any(row.startswith("›") for row in titles(stage)))
            assert stage.main.events.scroll_offset.y < 12


async def test_the_grouping_may_change_while_groups_are_read(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the thread finds then is left; nothing fails."""
    begun, go = threading.Event(), threading.Event()

    def slowly(reader: Reader, after: int, upto: int) -> Iterator[tuple[int, int]]:
        begun.set()
        go.wait(30)
        return iter(redelivered(reader, after, upto))

    monkeypatch.setattr("inspector.tui.screens.group_actions.redelivered", slowly)
    async with staged(store) as stage:
        await stage.detail(7)
        await stage.press("b", "b")
        await stage.until(begun.is_set)
        await stage.press("b")
        go.set()
        await stage.until(lambda: not stage.main._grouping)
        await stage.pilot.pause()
        assert "failed (" not in stage.text
        assert len(titles(stage)) == 7
