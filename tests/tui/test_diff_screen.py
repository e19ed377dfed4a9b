"""The diff screen over a real store: what it says, its keys, its layouts, and what it survives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from inspector.core.payload import show_path
from inspector.core.type_shape import learn
from inspector.store.reader import Reader
from inspector.store.sides import Side, resolve_side, resolve_sides
from inspector.tui.screens.diff import DiffScreen
from inspector.tui.screens.diff_rows import ChangeRows, Line
from inspector.tui.widgets.rows import Row, Rows
from tests.tui.screens_store import HOSTILE, Stage, anchore, assert_safe, fill, lines_of, post, toasts_of

PROCESSING = "user.image.analysis.processing"
COMPLETED = "user.image.analysis.completed"
DIGEST = "sha256:" + "ab" * 32
SIZES = [(60, 15), (80, 24), (120, 36)]


def completed(number: int, **more: Any) -> dict[str, Any]:
    evaluation = {"image_digest": DIGEST[:-1] + str(number), "analysis_status": "analyzed", "annotations": {}}
    return anchore(
        COMPLETED, {"curr_eval": evaluation, "subscription_type": "analysis_update", **more}, number
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "events.db",
        [
            anchore(PROCESSING, {"image_digest": DIGEST}, 1),
            completed(2),
            post(json.dumps(completed(3, team="web")).encode(), (b"Authorization", b"Basic c2VjcmV0")),
            anchore("user.weird", {"n": HOSTILE, HOSTILE: [HOSTILE], "[/x]": {"a.b": 1}}, 4),
            post(json.dumps({"type": "user.same", "n": 1}).encode()),
            post(json.dumps({"type": "user.same", "n": 2}).encode()),
        ],
    )


def sides(store: Path, a: str, b: str) -> tuple[Side, Side]:
    with Reader(store) as reader:
        return resolve_side(reader, a), resolve_side(reader, b)


def stage(store: Path, a: str, b: str) -> Stage:
    return Stage(DiffScreen(store, *sides(store, a, b)))


async def test_side_by_side_it_reads_as_drawn(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
    text = "\n".join(lines)
    assert lines[0].startswith("━ Diff   [Shape] Values  Headers")
    assert lines[1].startswith(
        "  7 changes, 1 breaking: 1 removed, 5 added, 1 moved      15 fields alike are hidden"
    )
    assert lines[1].endswith("1 of 7")
    assert "a user.image.analysis.processing" in lines[2]
    assert "1 event, 1 variant" in lines[3]
    assert "2 events, 2 variants" in lines[3]
    removed = next(line for line in lines if "details.image_digest" in line and line.startswith(" -"))
    assert "string, hex digest" in removed
    assert removed.rstrip().endswith("breaking")
    moved = next(line for line in lines if line.startswith(" »"))
    assert ".image_digest" in moved
    assert "from details " in moved
    assert "+    .analysis_status" in text
    assert next(line for line in lines if "details.team" in line).rstrip().endswith("1 of 2")


async def test_unified_below_a_hundred_columns_and_by_the_bar(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert "a …processing" in lines[2]
        assert "b …completed" in lines[2]
        assert next(line for line in lines if line.startswith(" -")).rstrip().endswith("breaking")
        assert any("from details  string" in line for line in lines)
        await pilot.press("vertical_line")
        await pilot.pause()
        assert "field" in lines_of(app)[3]


async def test_keys_move_through_changes_and_fold(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("n")
        await pilot.pause()
        lines = lines_of(app)
        assert lines[1].endswith("2 of 7")
        assert lines[-3].startswith("─ details.curr_eval.analysis_status ─")
        assert "Only in b, in all its events." in lines[-2]
        await pilot.press("N", "space")
        await pilot.pause()
        assert not any(".analysis_status" in line for line in lines_of(app)[4:-4])
        await pilot.press("n")
        await pilot.pause()
        assert any(".analysis_status" in line for line in lines_of(app)[4:-4]), "n opens what is folded"
        await pilot.press("s")
        await app.settled()
        await pilot.pause()
        assert "6 removed, 1 moved" in lines_of(app)[1]
        await pilot.press("equals_sign")
        await pilot.pause()
        assert any("message" in line for line in lines_of(app))


async def test_enter_ends_with_the_filter_for_the_events(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("G", "enter")
        await pilot.pause()
    assert app.results == [f"sender:anchore type:{COMPLETED} details.team:*"]


async def test_escape_ends_with_nothing(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
    assert app.results == [None]


async def test_the_same_shape_says_so_and_points_at_values(store: Path) -> None:
    app = stage(store, "5", "6")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await pilot.pause()
        assert "The same shape. 2 compares the values." in lines_of(app)[1]
        assert lines_of(app)[-1].startswith(" 2 values   = alike too")
        await pilot.press("2")
        await pilot.pause()
        lines = lines_of(app)
        assert "1 value differs" in lines[1]
        assert any(line.startswith("›~  n ") and "1 → 2" in line for line in lines)
        await pilot.press("3")
        await pilot.pause()
        lines = lines_of(app)
        assert "The same header lines. = shows them." in lines[1]
        # What goes to the next change would do nothing.
        assert lines[-1].startswith(" 1 shape   = alike too")


async def test_headers_are_compared_and_secrets_masked(store: Path) -> None:
    app = stage(store, "2", "3")
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("3")
        await pilot.pause()
        lines = lines_of(app)
        assert "1 header line differs" in lines[1]
        assert any(line.startswith("›+  Authorization") and "••••••" in line for line in lines)
        assert "c2VjcmV0" not in "\n".join(lines)


async def test_another_side_is_asked_for(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("D", *"5", "enter")
        await app.settled()
        await pilot.pause()
        assert "b #5" in lines_of(app)[2]
        await pilot.press("D")
        await app.type(pilot, "nothing", "enter")
        await app.settled()
        await pilot.pause()
        assert any("no event of type nothing" in text for text in toasts_of(app))
        await pilot.press("D", "escape", "j")
        await pilot.pause()
        assert isinstance(app.screen.focused, Rows)


async def test_export_writes_a_new_file_only(store: Path, tmp_path: Path) -> None:
    app = stage(store, PROCESSING, "user.weird")
    target = tmp_path / "out.md"
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        screen = app.screen
        assert isinstance(screen, DiffScreen)
        screen._export(str(target))
        screen._export(str(target))
        screen._export(str(tmp_path / "out.json"))
        await pilot.pause()
        assert any("exists already" in text for text in toasts_of(app))
    text = target.read_text(encoding="utf-8")
    assert text.isprintable() or all(char.isprintable() or char == "\n" for char in text)
    assert "| \\- | details.image" in text or "| - | details.image" in text
    lines = (tmp_path / "out.json").read_text().splitlines()
    assert {json.loads(line)["change"] for line in lines} >= {"added", "removed"}


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_content_stays_text(store: Path, size: tuple[int, int]) -> None:
    app = stage(store, PROCESSING, "user.weird")
    async with app.run_test(size=size) as pilot:
        await app.settled()
        for key in ("1", "2", "3"):
            await pilot.press(key, "equals_sign")
            for move in ("j", "j", "G"):
                await pilot.press(move)
                await pilot.pause()
                assert_safe(app)
        assert not app.results


async def test_any_size_is_survived(store: Path) -> None:
    app = stage(store, PROCESSING, COMPLETED)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        for size in ((1, 1), (10, 3), (39, 7), (200, 50), (60, 15)):
            await pilot.resize_terminal(*size)
            await pilot.press("j", "vertical_line")
            await pilot.pause()
            assert_safe(app)


async def test_ten_thousand_changes_are_drawn_a_screen_at_a_time(store: Path) -> None:
    wide = {f"group{i}": {f"field{i}_{j}": 1 for j in range(90)} for i in range(100)}
    a = Side("empty", "file", learn([{}]), request=post(b"{}"))
    b = Side("wide", "file", learn([wide]), request=post(json.dumps(wide).encode()))
    app = Stage(DiffScreen(store, a, b))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("G")
        await pilot.pause()
        assert lines_of(app)[1].endswith("9,100 of 9,100")
        await pilot.press("g", "H", "j")
        await pilot.pause()
        assert lines_of(app)[-3].startswith("─ group1 ")


async def test_some_events_of_a_type_a_schema_and_back_to_the_list(store: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"details": {"required": ["team"]}}}')
    app = stage(store, COMPLETED, PROCESSING)
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("D")
        await app.type(pilot, "@id:3", "enter")
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert lines[2].rstrip().endswith("completed@id:3")
        assert any("team" in line and line.lstrip("› ").startswith("!") for line in lines)
        await pilot.press("D")
        await app.type(pilot, str(schema), "enter")
        await app.settled()
        await pilot.press("2")
        await app.settled()
        await pilot.pause()
        text = "\n".join(lines_of(app))
        assert "a JSON Schema" in text
        assert "b is a JSON Schema; there are no values to compare." in text
        await pilot.press("1", "D")
        await app.type(pilot, "@id:3", "enter")
        await app.settled()
        await pilot.press("n", "enter")
        await pilot.pause()
    (words,) = app.results
    assert words.startswith(f"sender:anchore type:{COMPLETED} details.")
    assert words.endswith(":* id:3")


async def test_a_side_of_some_events_is_named_whole_and_told_in_counts(store: Path) -> None:
    """At 80 columns a filter behind the @ is not cut, and a line says in how many events of each side a field is."""
    with Reader(store) as reader:
        a, b = resolve_sides(reader, COMPLETED, "@details.team:web")
    app = Stage(DiffScreen(store, a, b))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert lines[2].startswith(f"    a {COMPLETED}  2 events, ")
        assert lines[3].startswith(f"    b {COMPLETED}@details.team:web  1 event, ")
        await pilot.press("n")
        text = "\n".join(lines_of(app))
        assert "In 1 of the 2 events of a. In the one event of b." in text


async def test_swapped_it_stays_on_the_field_and_long_values_show_what_differs(tmp_path: Path) -> None:
    same = "the same beginning " * 20
    payloads = [
        {"type": "long", "a": 1, "gone": 7, "text": f"{same}ONE"},
        {"type": "long", "a": 2, "text": f"{same}TWO"},
    ]
    app = stage(fill(tmp_path / "events.db", payloads), "1", "2")
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("2", "n")
        await app.settled()
        await pilot.pause()
        text = "\n".join(lines_of(app))
        assert 'beginning ONE"' in text
        assert 'beginning TWO"' in text
        rows = app.screen.query_one(Rows)
        assert rows.row is not None
        assert rows.row.value[0].path == ("gone",)
        await pilot.press("s")
        await app.settled()
        await pilot.pause()
        assert rows.row.value[0].path == ("gone",)
        assert rows.row.value[0].sign == "+"
        await pilot.press("vertical_line")
        await pilot.pause()
        text = "\n".join(lines_of(app))
        assert 'ing TWO" → …' in text
        assert 'ing ONE"' in text


async def test_elements_of_arrays_stay_together(tmp_path: Path) -> None:
    """One more in front is the only thing that is new; what stands elsewhere tells both indexes, copies one."""
    payloads = [
        {"type": "t", "items": [{"id": 1, "v": "one"}, {"id": 2, "v": "two"}]},
        {"type": "t", "items": [{"id": 7}, {"id": 1, "v": "one"}, {"id": 2, "v": "TWO"}]},
    ]
    app = stage(fill(tmp_path / "events.db", payloads), "1", "2")
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        await pilot.press("2")
        await app.settled()
        await pilot.pause()
        lines = lines_of(app)
        assert "3 values differ" in lines[1]
        assert [line.split()[:2] for line in lines[4:7]] == [
            ["›+", "▾items[0]"], ["+", ".id"], ["~", "items[1→2].v"],
        ]  # fmt: skip
        await pilot.press("n", "n", "y")
        assert app.clipboard == "items[2].v"
        await pilot.press("s")
        await app.settled()
        await pilot.pause()
        rows = app.screen.query_one(Rows)
        assert rows.row is not None
        assert show_path(rows.row.value[0].path) == "items[2→1].v"


def test_both_values_are_seen_on_one_line() -> None:
    """Where there is not room for both, each keeps half, and what the other does not need."""
    rows = ChangeRows()
    rows.beside, rows.present, rows.breaks = False, 0, False

    def read(a: str, b: str) -> str:
        line = Line("~", ("id",), a, b)
        text = "".join(piece for piece, _ in rows.pieces(Row("id", (line, ())), 80, "", False))
        assert cell_len(text) == 80
        return text[4:].removeprefix("id").strip()

    assert read("a" * 34, "b" * 34) == f"{'a' * 18}… → {'b' * 18}…"
    assert read("one", "b" * 60) == f"one → {'b' * 34}…"
    assert read("a" * 60, "\x1b") == f"{'a' * 33}… → \\x1b"
