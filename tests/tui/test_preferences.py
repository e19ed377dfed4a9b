"""A screen starts as the user set it, else as it was left."""

from __future__ import annotations

from pathlib import Path

from inspector.config.config import read_config
from inspector.config.state import State
from inspector.tui.preferences import Preferences, preferences_from
from tests.tui.conftest import Staged
from tests.tui.screens_store import anchore, fill


def test_the_file_comes_before_what_is_remembered(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    for name, value in {"theme": "nord", "layout": "one", "newest-first": False, "wrap": True}.items():
        state.put(name, value)
    bare = preferences_from(read_config(tmp_path / "none.toml", {}), state)
    assert (bare.theme, bare.layout, bare.newest_first, bare.wrap) == ("nord", "one", False, True)
    file = tmp_path / "config.toml"
    file.write_text('[screen]\ntheme = "light"\nlayout = "auto"\nnewest-first = true\nwrap = false\n')
    chosen = preferences_from(read_config(file, {}), state)
    assert (chosen.theme, chosen.layout, chosen.newest_first, chosen.wrap) == ("light", "", True, False)
    state.put("wrap", "yes")
    state.put("theme", 3)
    odd = preferences_from(read_config(tmp_path / "none.toml", {}), state)
    assert (odd.wrap, odd.theme) == (False, "auto")


async def test_looks_are_remembered_and_the_tour_comes_once(tmp_path: Path, staged: Staged) -> None:
    """Order, layout, zoom, wrap and theme are as they were left; the tour lies over the list until a key."""
    store = fill(tmp_path / "events.db", [anchore("a.b", {"long": "x" * 300}, number) for number in range(3)])
    path = tmp_path / "state.json"
    first = Preferences(theme="dark", glyphs="unicode", state=State(path))
    async with staged(store, (120, 36), None, first) as stage:
        await stage.detail(3)
        await stage.shows("any key closes", "1  What arrives", "3  r sends")
        await stage.press("o")
        await stage.until(lambda: "any key closes" not in stage.text)
        await stage.press("vertical_line", "tab", "w", "z")
        stage.app.theme = "nord"
        names = ("newest-first", "layout", "wrap", "zoomed", "theme", "tour")
        await stage.until(
            lambda: [State(path).get(name) for name in names] == [False, "beside", True, True, "nord", True]
        )
    left = preferences_from(read_config(tmp_path / "none.toml", {}), State(path))
    async with staged(store, (120, 36), None, left) as stage:
        await stage.shows("Events 3")
        main = stage.main
        assert (main.events.order, main.layout_wanted, main.zoomed) == ("oldest", "beside", "list")
        assert main.details.viewer.wrapped
        assert stage.app.theme == "nord"
        assert "any key closes" not in stage.text
        # The list is turned: the oldest event stands on top.
        await stage.press("escape")
        assert not main.zoomed


async def test_mistakes_are_told_and_the_screen_goes_on(tmp_path: Path, staged: Staged) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[screen]\ntheme = "nrod"\nwrap = 7\n[listen]\nport = "x"\n')
    store = fill(tmp_path / "events.db", [anchore("a.b", {})])
    found = preferences_from(read_config(file, {}), State())
    async with staged(store, (120, 36), None, found) as stage:
        await stage.shows("There is no theme 'nrod'", "line 3, wrap: 7 is", "line 5, port: 'x' is")
        assert stage.app.theme.startswith("inspector-")


async def test_an_error_goes_with_a_key_once_it_could_be_read(tmp_path: Path, staged: Staged) -> None:
    store = fill(tmp_path / "events.db", [anchore("a.b", {})])
    mistaken = Preferences(theme="dark", glyphs="unicode", mistakes=("no such thing",))
    async with staged(store, preferences=mistaken) as stage:
        await stage.shows("no such thing")
        await stage.press("j")
        (told,) = stage.app._notifications
        told.raised_at -= 10
        await stage.press("j")
        await stage.until(lambda: "no such thing" not in stage.text)
