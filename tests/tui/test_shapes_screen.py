"""The shapes screen and the matrix over a real store."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from inspector.core.export.forms import ENDINGS
from inspector.store.arrival import Arrival
from inspector.store.lately import bars_of_the_hour
from inspector.store.pins import read_pins
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from inspector.tui.screens.diff import DiffScreen
from inspector.tui.screens.field_rows import FieldRows
from inspector.tui.screens.matrix import MatrixScreen
from inspector.tui.screens.shapes import ShapesScreen
from inspector.tui.screens.type_rows import TypeRows, type_rows
from tests.tui.screens_store import (
    HOSTILE,
    START_US,
    Stage,
    anchore,
    assert_safe,
    fill,
    lines_of,
    post,
    toasts_of,
)

COMPLETED = "user.image.analysis.completed"
SIZES = [(60, 15), (80, 24), (120, 36)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "events.db",
        [
            anchore(COMPLETED, {"status": "analyzed", "annotations": {}}, 1),
            anchore(COMPLETED, {"status": "analyzed", "annotations": {}}, 2),
            anchore(COMPLETED, {"status": "analyzed", "annotations": {"team": "web"}}, 3),
            anchore("user.image.analysis.failed", {"msg": "no"}, 4),
            anchore("system.feeds.sync.started", {"sync_feed_types": "all"}, 5),
            anchore("system.feeds.sync.started", {"sync_feed_types": ["a"]}, 6),
            {"type": "plain", "items": [{"x": 1}], HOSTILE: HOSTILE},
            {"type": f"evil[/x]{HOSTILE}", "n": 1},
            post(b"nothing", (b"X-GitHub-Event", b"ping")),
        ],
    )


async def test_types_by_taxonomy_and_fields_of_the_one_selected(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
    text = "\n".join(lines)
    assert lines[0].startswith("━ Types 6   3 of 35 documented ones seen")
    assert f"{COMPLETED}   3 events, 2 variants" in lines[0]
    assert " ▾anchore " in text
    assert " ▾  user.image.analysis " in text
    assert any(line.startswith("›     completed ") and re.search(r" 3 {11}2◆", line) for line in lines)
    assert any("status" in line and 'all    always "analyzed"' in line for line in lines)
    assert any("◆" in line and "team" in line and "1 of 3" in line for line in lines)
    assert any("annotations" in line and "empty in 2" in line for line in lines)
    assert any("▸envelope" in line for line in lines)
    assert time.strftime("first seen %Y-%m-%d %H:%M", time.localtime(START_US / 1e6)) in text


async def test_values_have_their_counts_and_it_is_told_of_how_many_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = [("info", "warn", "info")[n % 3] for n in range(9)]
    store = fill(tmp_path / "e.db", [{"type": "a", "level": level, "n": n} for n, level in enumerate(levels)])
    for most, counts, title in ((100, '"info" (6), "warn" (3)', "1 variant"), (4, '"info" (', "values of 4")):
        monkeypatch.setattr("inspector.tui.screens.examples.MAX_EVENTS", most)
        app = Stage(ShapesScreen(store, (None, "a")))
        async with app.run_test(size=(160, 36)) as pilot:
            await app.settled()
            await pilot.pause()
            lines = lines_of(app)
        assert any("level" in line and counts in line for line in lines)
        assert lines[0].rstrip(" ━─").endswith(title)
        assert any("type" in line and 'always "a"' in line for line in lines) is (most == 100)


async def test_a_field_leads_to_its_events_and_to_the_first(store: Path) -> None:
    for key, wanted in (("enter", f"sender:anchore type:{COMPLETED} details.annotations.team:*"), ("o", 3)):
        app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
        async with app.run_test(size=(120, 36)) as pilot:
            await app.settled()
            await pilot.press("tab", "j", "j", key)
            await pilot.pause()
        assert app.results == [wanted]


async def test_a_type_and_a_group_lead_to_their_events(store: Path) -> None:
    wanted = {
        ("anchore", COMPLETED): f"sender:anchore type:{COMPLETED}",
        (None, "plain"): "type:plain",
    }
    for select, words in wanted.items():
        app = Stage(ShapesScreen(store, select))
        async with app.run_test(size=(120, 36)) as pilot:
            await app.settled()
            await pilot.press("enter")
            await pilot.pause()
        assert app.results == [words]
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("k", "enter")
        await pilot.pause()
    assert app.results == ["sender:anchore type:user.image.analysis.*"]


async def test_two_marks_are_compared(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("d")
        await pilot.pause()
        assert toasts_of(app) == ["Mark two types first: m."]
        await pilot.press("m", "j", "m")
        await pilot.pause()
        assert [line[0] for line in lines_of(app) if line[:1] in ("a", "b")] == ["a", "b"]
        await pilot.press("d")
        await app.settled()
        await pilot.pause()
        assert isinstance(app.screen, DiffScreen)
        await app.settled()
        await pilot.press("enter")
        await pilot.pause()
    assert app.results[0].startswith("sender:anchore type:"), "what the diff ends with, the shapes end with"


async def test_what_was_not_seen_is_shown_on_demand(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("equals_sign", "slash")
        await app.type(pilot, "processing", "enter")
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert any(line.startswith("›     processing ") and "unseen" in line for line in lines)
        assert "documented, not seen yet" in lines[0]


async def test_several_types_together(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("k")
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
    assert "user.image.analysis.*   2 types, 4 events, 3 variants" in lines[0]
    assert any("status" in line and "3 of 4" in line for line in lines)


async def test_events_that_come_are_counted(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        fill(store, [anchore(COMPLETED, {"status": "analyzed", "annotations": {}, "fresh": 1}, 9)])
        screen = app.screen
        assert isinstance(screen, ShapesScreen)
        screen.read_types()
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
    assert "4 events, 3 variants" in lines[0]
    assert any("◆" in line and "fresh" in line for line in lines)


async def test_an_empty_store_says_what_comes(tmp_path: Path) -> None:
    store = fill(tmp_path / "events.db", [])
    for screen in (ShapesScreen, MatrixScreen):
        async with (app := Stage(screen(store))).run_test(size=(120, 36)) as pilot:
            await app.settled()
            await pilot.press("d", "m", "enter", "n", "o", "y")
            await pilot.pause()
            assert any("No types yet. They come with the first event." in line for line in lines_of(app))


async def test_one_pane_at_a_time_where_there_is_no_room(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(60, 15)) as pilot:
        await app.settled()
        await pilot.pause()
        assert lines_of(app)[0].startswith("━ Types 6")
        await pilot.press("tab")
        await pilot.pause()
        assert app.screen.query_one(FieldRows).has_focus
        assert lines_of(app)[0].startswith(f"━ {COMPLETED}")
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen.query_one(TypeRows).has_focus
        assert app.results == []


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_types_and_fields_stay_text(store: Path, size: tuple[int, int]) -> None:
    app = Stage(ShapesScreen(store))
    async with app.run_test(size=size) as pilot:
        for key in ("G", "k", "k", "tab", "G", "y", "tab", "slash", "escape", "question_mark"):
            await pilot.press(key)
            await app.settled()
            await pilot.pause()
            assert_safe(app)


async def test_matrix_shows_fields_down_and_types_across(store: Path) -> None:
    app = Stage(MatrixScreen(store))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert lines[0].startswith("━ Matrix   details of 3 Anchore types, 6 fields ")
        assert lines[1].split()[:4] == ["field", "A", "B", "C"]
        assert any(" sync_feed_types " in line and "≠ · ·" in line for line in lines)
        assert any(" status " in line and "· ● ·" in line for line in lines)
        assert any(" team " in line and "· ◐ ·" in line for line in lines)
        assert any(" msg " in line and "· · ●" in line for line in lines)
        assert any("A system.feeds.sync.started" in line for line in lines)
        await pilot.press("n")
        await pilot.pause()
        lines = lines_of(app)
        assert lines[-3].startswith("─ details.sync_feed_types  in  A system.feeds.sync.started ─")
        assert "string or array" in lines[-2]
        await pilot.press("enter")
        await pilot.pause()
    assert app.results == ["sender:anchore type:system.feeds.sync.started details.sync_feed_types:*"]


async def test_matrix_opens_on_a_type_or_on_the_sender_that_there_is(tmp_path: Path) -> None:
    store = fill(tmp_path / "e.db", [{"type": f"t{n}", "n": n} for n in range(3)])
    app = Stage(MatrixScreen(store, "anchore", "t2"))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert "fields of 3 types" in lines[0]
        assert any(line.startswith("─ ") and " in  C t2 ─" in line for line in lines)
        assert any("[●]" in line for line in lines)


async def test_matrix_says_how_many_types_stand_beyond_its_sides(tmp_path: Path) -> None:
    store = fill(tmp_path / "e.db", [{"type": f"t{n:02}", "n": n} for n in range(30)])
    app = Stage(MatrixScreen(store, None))
    async with app.run_test(size=(60, 15)) as pilot:
        await app.settled()
        await pilot.pause()
        head = lines_of(app)[1].split()
        assert (head[0], int(head[-1])) == ("field", 30 - len(head[1:-1]))
        await pilot.press(*["l"] * 29)
        await pilot.pause()
        head = lines_of(app)[1].split()
        assert head[-1] == "d"
        assert int(head[1]) == 30 - len(head[2:])


async def test_matrix_compares_two_columns(store: Path) -> None:
    app = Stage(MatrixScreen(store))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await pilot.press("m", "l", "l", "d")
        await app.settled()
        await pilot.pause()
        assert isinstance(app.screen, DiffScreen)
        await pilot.press("escape", "escape")
        await pilot.pause()
    assert app.results == [None]


@pytest.mark.parametrize("size", [(1, 1), *SIZES])
async def test_matrix_of_a_hostile_sender(store: Path, size: tuple[int, int]) -> None:
    app = Stage(MatrixScreen(store, None))
    async with app.run_test(size=size) as pilot:
        await app.settled()
        for key in ("L", "G", "l", "equals_sign", "y", "h"):
            await pilot.press(key)
            await pilot.pause()
            assert_safe(app)


def test_groups_take_the_segments_their_types_share(store: Path) -> None:
    with Reader(store) as reader:
        rows = type_rows(reader.types())
    labels = [(row.depth, row.value.label) for row in rows if row.value.sender == "anchore"]
    assert labels == [
        (0, "anchore"),
        (1, "system.feeds.sync.started"),
        (1, "user.image.analysis"),
        (2, "completed"),
        (2, "failed"),
    ]


def events_added(store: Path, *payloads: Any, at_us: int = START_US) -> None:
    writer = StoreWriter(store)
    writer.begin()
    writer.add([Arrival(post(json.dumps(each).encode()), "127.0.0.1:5", at_us, 0) for each in payloads])
    writer.commit()
    writer.close()


async def test_a_baseline_is_pinned_told_against_compared_and_forgotten(store: Path) -> None:
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("b")
        await app.settled()
        await pilot.pause()
        assert f"Pinned {COMPLETED}. What departs from it is told." in toasts_of(app)
        assert "   as pinned, 3 events, 2" in lines_of(app)[0]
        assert any("completed" in line and " 2=" in line for line in lines_of(app)), "not new any more"
        events_added(store, anchore(COMPLETED, {"status": 7, "annotations": []}, 9))
        screen = app.screen
        assert isinstance(screen, ShapesScreen)
        screen.read_again()
        await app.settled()
        await pilot.pause()
        assert "   2 drifts, 4 events, 3" in lines_of(app)[0]
        assert any("completed" in line and " 3◆" in line for line in lines_of(app))
        await pilot.press("tab", *"j" * 3)
        await pilot.pause()
        text = "\n".join(lines_of(app))
        assert "details.status is now an integer, was string in 3 events" in text
        await pilot.press("tab", "b", "d")
        await app.settled()
        await pilot.pause()
        assert isinstance(app.screen, DiffScreen)
        assert [side.label for side in app.screen.sides] == [f"{COMPLETED}@baseline", COMPLETED]
        await pilot.press("equals_sign")
        await pilot.pause()
        # A baseline knows that team was not always there, and counts nothing: it must not say "all".
        team = next(line for line in lines_of(app) if ".team" in line)
        assert re.search(r"string +string.* 1 of 4", team)
        assert "all" not in team
        await pilot.press("escape", "b", "x")
        await app.settled()
        await pilot.pause()
        assert "drift" not in lines_of(app)[0]
    with Reader(store) as reader:
        assert read_pins(reader) == {}


async def test_keys_are_told_to_be_data_and_names_again(store: Path) -> None:
    events_added(store, *(anchore(COMPLETED, {"annotations": {key: "1"}}) for key in ("x", "y")))
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("asterisk")
        assert "Go to an object" in toasts_of(app)[-1]
        await pilot.press("tab", "j", "asterisk")
        await pilot.pause()
        assert "Are the keys at details.annotations data?" in " ".join("\n".join(lines_of(app)).split())
        await pilot.press("left", "enter")
        await app.settled()
        await pilot.pause()
        assert "The keys at details.annotations are data" in toasts_of(app)[-1]
        await pilot.press("j")
        await pilot.pause()
        text = "\n".join(lines_of(app))
        assert "{*}" in text
        assert "keys are data: you said so" in text
        await pilot.press("asterisk")
        await pilot.pause()
        await pilot.press("left", "enter")
        await app.settled()
        await pilot.pause()
        assert "The keys at details.annotations are names: 3 events changed." in toasts_of(app)[-1]
        assert any(" team " in line for line in lines_of(app))


@pytest.mark.parametrize("ending", list(ENDINGS))
async def test_a_type_is_exported_by_the_ending_of_the_file(store: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"it{ending}"
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        for told in ("Wrote 1 type to", "exists already; nothing was written"):
            await pilot.press("E", "ctrl+u")
            await app.type(pilot, str(path), "enter")
            await app.settled()
            await pilot.pause()
            assert told in toasts_of(app)[-1]
        await pilot.press("E", "ctrl+u")
        await app.type(pilot, "it.xml", "enter")
        await app.settled()
        await pilot.pause()
        assert "ends in none of .json, .md, .html, .ts, .py" in toasts_of(app)[-1]
    assert "annotations" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_last_hour_is_a_sparkline(store: Path) -> None:
    now_us = time.time_ns() // 1000
    for minutes, number in ((65, 3), (55, 2), (5, 6)):
        some = [anchore(COMPLETED, {"n": 1}) for _ in range(number)]
        events_added(store, *some, at_us=now_us - minutes * 60_000_000)
    with Reader(store) as reader:
        assert bars_of_the_hour(reader, now_us) == {("anchore", COMPLETED): (2, 0, 0, 0, 0, 6)}
    app = Stage(ShapesScreen(store, ("anchore", COMPLETED)))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.pause()
        assert any("completed " in line and " ▃▁▁▁▁▇ " in line for line in lines_of(app))
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
