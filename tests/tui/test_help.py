"""The help: the keys in force, on any size, closed by the key that opened it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from inspector.tui import keys
from inspector.tui.screens.help import HelpScreen, groups_in_force
from inspector.tui.screens.matrix import MatrixScreen
from inspector.tui.screens.shapes import ShapesScreen
from tests.tui.screens_store import HOSTILE, Stage, anchore, assert_safe, fill, lines_of

GROUPS = [
    ("Move", [("move-down", "↓ j", "line", "LD"), ("open", "enter", "read", "LD")]),
    ("Event [/x]", [(f"x{i}", f"ctrl+{i}", f"does {i}", "L") for i in range(40)]),
]


@pytest.mark.parametrize("size", [(20, 5), (60, 15), (80, 24), (120, 36)])
@pytest.mark.parametrize("key", ["question_mark", "escape"])
async def test_it_opens_scrolls_and_closes(size: tuple[int, int], key: str) -> None:
    signs = [("!", "now required")]
    app = Stage(HelpScreen("Keys in the list", GROUPS, f"inspector show 12 {HOSTILE}", signs=signs))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert_safe(app)
        if size[0] >= 60:
            text = "\n".join(lines_of(app))
            assert "Keys in the list" in text
            assert "? closes" in text
            assert "↓ j" in text
        await pilot.press("G")
        await pilot.pause()
        assert_safe(app)
        if size[0] >= 60:
            text = "\n".join(lines_of(app))
            assert re.search(r"│ ! +now required ", text)
            assert "In a shell:   inspector show 12 \\x1b]0;owned" in text
        await pilot.press(key)
        await pilot.pause()
    assert app.results == [None]


async def test_the_main_screens_table_fits() -> None:
    app = Stage(HelpScreen("Keys in the list", []))
    app.set_keymap({"replay": "f5"})
    groups = keys.groups_of(app, "L")
    assert ("replay", "f5", "Replay to the target", "LDA") in dict(groups)["Event"]
    app = Stage(HelpScreen("Keys in the list", groups))
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()
        assert "Replay to the target" in "\n".join(lines_of(app))


@pytest.mark.parametrize("make", [ShapesScreen, MatrixScreen])
async def test_it_is_made_from_the_bindings_in_force(tmp_path: Path, make: type[Screen[Any]]) -> None:
    app = Stage(make(fill(tmp_path / "events.db", [anchore("user.a", {"n": 1})])))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.settled()
        app.set_keymap({"mark": "f9"})
        await pilot.pause()
        rows = {row[0]: row for _, group in groups_in_force(app.screen) for row in group}
        assert rows["mark"][1] == "f9"
        assert rows["quiet"][1] == "="
        assert set(rows["move-down"][1].split()) == {"j", "↓"}
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        text = "\n".join(lines_of(app))
        assert "f9" in text
        await pilot.press("G")
        await pilot.pause()
        text = "\n".join(lines_of(app))
        assert "A small letter does it, a capital asks how." in text
