"""Keys that the user chose: in bindings, footer, help and palette of every screen; mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from inspector.config.config import read_config
from inspector.config.file import read_config_file
from inspector.config.state import State
from inspector.tui.keymap import panes, read_keys
from inspector.tui.keys import BY_ID, KEYS, key_name
from inspector.tui.palette import commands, is_offered
from inspector.tui.preferences import preferences_from
from inspector.tui.screens.help import HelpScreen
from tests.tui.conftest import Staged
from tests.tui.screens_store import anchore, fill


def keymap_of(tmp_path: Path, text: str) -> tuple[dict[str, str], list[str]]:
    """What a table of keys comes to: the keymap, and its mistakes without the file's name."""
    path = tmp_path / "config.toml"
    path.write_text(f"[keys]\n{text}")
    keymap, mistakes = read_keys(read_config_file(path))
    return keymap, [mistake.text.removeprefix(f"{path} ") for mistake in mistakes]


def test_every_action_of_the_table_is_bound_somewhere_and_nothing_else() -> None:
    """An id has the same keys on every screen, since they come from the one table; no pane has one twice."""
    bound = {id for pane in panes() for id in pane.does}
    assert bound == set(BY_ID)
    assert len(BY_ID) == len(KEYS)
    for pane in panes():
        keys = [key for id in pane.does for key in BY_ID[id].keys.split(",")]
        assert len(keys) == len(set(keys)), pane.name


@pytest.mark.parametrize(
    ("text", "keymap"),
    [
        ('mark = "s"\nstar = "m"\n', {"mark": "s", "star": "m"}),
        ('star = "x"\nhex = "ctrl+x"\n', {"star": "x", "hex": "ctrl+x"}),
        ('star = "é, F9 ,!, esc, F3"\nback = "f2"\n', {"star": "é,f9,exclamation_mark,escape,f3", "back": "f2"}),
        ('star = ","\nmark = " "\n"fold-toggle" = "comma"\n', {}),
        ('swap = "m"\n', {"swap": "m"}),
    ],
)  # fmt: skip
def test_keys_that_can_be(text: str, keymap: dict[str, str], tmp_path: Path) -> None:
    found, mistakes = keymap_of(tmp_path, text)
    if keymap:
        assert (found, mistakes) == (keymap, [])
    else:
        assert len(mistakes) == 2, "the comma is taken once, the space is taken by a default"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mrak = "j"', "line 2, mrak: there is no such action; did you mean mark?"),
        ('xyzzy = "j"', "there is no such action; inspector config --keys lists them."),
        ('mark = "foo"', "line 2, mark: there is no key foo; write a, A, ctrl+a, f5"),
        ('mark = "a\\u001b"', r"there is no key a\x1b;"),
        ('mark = "shift+a"', "shift+a is written A."),
        ('mark = "a,"', "a key is missing; a comma is written comma."),
        ('mark = "ctrl+q"', "ctrl+q quits everywhere; choose another key."),
        ('complete = "a"', "a has its own meaning in the filter bar"),
        ('complete = "left"', "← has its own meaning in the filter bar"),
        ('send = "question_mark"', "? has its own meaning in the replay dialog"),
        ('mark = "?"', "? is the key of help in the list (Keys of this pane); choose another, or give help another"),
        ('mark = "f9"\nstar = "f9"', "line 3, star: f9 is the key of mark in the list (Mark a, b, and more)"),
        ('baseline = "m"', "m is the key of mark in the shapes"),
    ],
)  # fmt: skip
def test_keys_that_cannot_be_are_told_and_left(text: str, words: str, tmp_path: Path) -> None:
    found, mistakes = keymap_of(tmp_path, text + "\n")
    assert len(mistakes) == 1
    assert words in mistakes[0]
    assert set(found) == ({"mark"} if "star" in text else set())


async def test_chosen_keys_act_everywhere_and_are_shown_everywhere(tmp_path: Path, staged: Staged) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[keys]\nmark = "f9"\nshapes = "f6"\nmatrix = "f7"\nquiet = "f8"\nhelp = "f2"\nopen = "insert"\n'
        'back = "backspace"\nmove-down = "t"\ntunnel = "j"\ncomplete = "ctrl+t"\nstar = "nonsense"\n'
        'undo = "f10"\nreplay-with = "f12"\nanswers = "f4"\nlistener = "f5"\n'
    )
    store = fill(tmp_path / "events.db", [anchore("a.b", {"n": number}, number) for number in range(3)])
    found = preferences_from(read_config(file, {}), State())
    async with staged(store, (120, 36), None, found) as stage:
        await stage.detail(3)
        await stage.shows("insert read", "f9 mark", "f6 shapes", "f2 keys", "line 12, star: there is no")
        await stage.press("t", "f9")
        await stage.until(lambda: stage.main.session.marks == {2: "a"})
        await stage.press("m")
        assert stage.main.session.marks == {2: "a"}
        offered = {one.title: one.help for one in commands(stage.app, stage.main)}
        assert offered["Mark a, b, and more"] == "Event   f9"
        await stage.press("f2")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
        await stage.shows("f9", "f2 closes")
        await stage.press("f2", "insert")
        await stage.until(lambda: stage.main.focused_pane() == "detail")
        await stage.press("backspace")
        await stage.until(lambda: stage.main.focused_pane() == "list")
        await stage.press("slash")
        await stage.until(lambda: isinstance(stage.app.focused, Input))
        await stage.type("lev", "ctrl+t")
        assert stage.main.filter_bar.line.value == "level:"
        await stage.type("warn", "enter")
        await stage.shows(
            "None of 3 events match. backspace clears the filter.", "backspace clears the filter  "
        )
        await stage.press("backspace", "X")
        await stage.shows("Delete #2, the marked one? f10 brings it back")
        await stage.press("escape", "6")
        await stage.shows("No target yet. f12 asks for one.")
        await stage.press("f4")
        await stage.shows("nobody is answered;", "f5 says")
        await stage.press("f6")
        await stage.shows("f7 matrix", "backspace back")
        titles = {one.title for one in commands(stage.app, stage.app.screen)}
        assert {"Pin a baseline, or look at it", "Fold all", "Choose a theme"} <= titles
        await stage.press("f7")
        await stage.shows("f8 hide what is alike")
        stage.app.clear_notifications()
        await stage.shows("insert shows the events")
        await stage.press("backspace", "backspace")
        await stage.until(lambda: stage.app.screen is stage.main)


async def test_the_palette_reaches_every_action(tmp_path: Path, staged: Staged) -> None:
    """Of each screen and pane: all that has a key, but for what only moves a cursor; and it runs."""
    store = fill(tmp_path / "events.db", [anchore("a.b", {"n": number}, number) for number in range(3)])
    async with staged(store) as stage:
        await stage.detail(3)
        reached: dict[str, set[str]] = {}
        places = {pane.name: pane for pane in panes()}
        for name, keys in (
            ("the list", ()),
            ("the detail", ()),
            ("the shapes", ("S",)),
            ("the matrix", ("q", "M")),
            ("the diff", ("q", "d")),
        ):
            await stage.press(*keys)
            await stage.until(lambda keys=keys: not keys or stage.app.screen is not stage.main)
            await stage.pilot.pause(0.1)
            reached[name] = {one.title for one in commands(stage.app, stage.app.screen)}
            wanted = {words for id, words in places[name].does.items() if is_offered(id)}
            assert wanted <= reached[name], name
        await stage.press("q")
        await stage.until(lambda: stage.app.screen is stage.main)
        (wrap,) = [one for one in commands(stage.app, stage.main) if one.title == "Wrap long lines"]
        wrap.callback()
        await stage.until(lambda: stage.main.details.viewer.wrapped)
        await stage.press("ctrl+p")
        await stage.type("resend")
        await stage.shows("Replay to the target                      Event      r")
    assert key_name("equals_sign") == "="
