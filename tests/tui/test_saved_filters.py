"""The filter bar remembers: filters by name, and what was used, also at the next start and in a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.cli import main
from inspector.config.saved_filters import filter_history, save_filter, saved_filters
from inspector.config.state import State
from inspector.core.events import InspectorError
from inspector.tui.palette import commands
from inspector.tui.preferences import Preferences
from tests.tui.conftest import Staged
from tests.tui.screens_store import anchore, fill


async def test_filters_are_saved_by_name_and_remembered(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    payloads = [anchore(f"user.kind{number % 3}", {"n": number}, number) for number in range(9)]
    store = fill(tmp_path / "events.db", payloads)
    path = tmp_path / "state.json"
    first = Preferences(theme="dark", glyphs="unicode", state=State(path))
    async with staged(store, (120, 36), None, first) as stage:
        await stage.detail(9)
        await stage.press("slash")
        await stage.type("type:user.kind1")
        await stage.shows("3 of 9", "ctrl+s saves")
        await stage.press("ctrl+s")
        await stage.shows("is the name for  type:user.kind1", "enter saves it", " esc back to the filter   ")
        await stage.type("no name", "enter")
        await stage.shows("no name is no name for a filter")
        await stage.press("ctrl+s")
        await stage.type("ones", "enter")
        await stage.shows("Saved: @ones stands for it")
        assert stage.main.filter_bar.line.value == "type:user.kind1"
        await stage.press("enter")
        await stage.press("slash", "ctrl+u")
        await stage.type("@o")
        await stage.shows("› @ones", "type:user.kind1")
        await stage.press("tab", "enter")
        await stage.until(
            lambda: stage.main.wanted.text.strip() == "@ones" and len(stage.main.source.ids) == 3
        )
        await stage.until(lambda: filter_history(State(path)) == ["type:user.kind1", "@ones"])
    again = Preferences(theme="dark", glyphs="unicode", state=State(path))
    async with staged(store, (120, 36), None, again) as stage:
        await stage.detail(9)
        (found,) = [one for one in commands(stage.app, stage.main) if one.title == "Filter: ones"]
        found.callback()
        await stage.until(lambda: len(stage.main.source.ids) == 3)
        await stage.press("escape", "slash")
        await stage.type("draft", "up")
        assert stage.main.filter_bar.line.value == "@ones"
        await stage.press("up", "down", "down")
        assert stage.main.filter_bar.line.value == "draft"
        await stage.press("ctrl+u")
        await stage.type("@onse")
        await stage.shows("^^^^^ no saved filter has this name; did you mean @ones?", "1 mistake")
        await stage.press("ctrl+u", "ctrl+s")
        await stage.shows("is the name of the saved filter to forget", "@ones")
        await stage.press("escape", "escape")
    monkeypatch.setenv("INSPECTOR_STATE", str(path))
    assert main(["--store", str(store), "events", "--json", "@ones"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["--store", str(store), "events", "@tows"]) == 2
    assert main(["config", "--filters"]) == 0
    assert "@ones  type:user.kind1" in capsys.readouterr().out


def test_filters_are_kept_and_forgotten(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    save_filter(state, "@b", "level:error")
    save_filter(state, "a", "level:info")
    assert saved_filters(State(state.path)) == {"a": "level:info", "b": "level:error"}
    save_filter(state, "b", "")
    assert list(saved_filters(State(state.path))) == ["a"]
    for name in ("b", "no name", "a.b", "\x1b", ""):
        with pytest.raises(InspectorError):
            save_filter(state, name, "")
    with pytest.raises(InspectorError, match="until the screen ends"):
        save_filter(State(), "c", "level:info")
    state.put("filters", {"ok": "x", "not ok": "x", "no": 1})
    state.put("filter-history", ["x", 1])
    assert saved_filters(state) == {"ok": "x"}
    assert filter_history(state) == ["x"]
    state.put("filters", [])
    state.put("filter-history", None)
    assert (saved_filters(state), filter_history(state)) == ({}, [])
