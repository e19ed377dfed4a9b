"""The filter bar over a real store: completion, mistakes, letters that come fast, what counts as new."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from inspector.tui.widgets.filter_bar import Completion
from tests.tui.conftest import Staged
from tests.tui.screens_store import COMPLETED, FAILED, add, anchore, fill, images


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


async def test_filter_narrows_as_one_types_and_points_at_mistakes(store: Path, staged: Staged) -> None:
    """The list shows what matches, a mistake is shown below its place, esc brings the old list back."""
    fill(store, [*images(3), anchore(FAILED, {"r": 1}, level="error")])
    async with staged(store) as stage:
        await stage.detail(4)
        await stage.press("slash")
        await stage.type("level:error")
        await stage.shows("1 of 4", "Events   1 of 4")
        await stage.type(" levl:x")
        await stage.shows("^^^^", "no such word", "1 mistake")
        await stage.press("escape")
        await stage.shows("Events 4")
        await stage.press("slash")
        await stage.type("details.n:2", "enter")
        await stage.shows("Events   1 of 4")
        await stage.detail(3)
        add(store, anchore(FAILED, {"r": 2}), anchore(COMPLETED, {"n": 2, "digest": "y"}))
        await stage.shows("Events   2 of 6")
        await stage.press("escape")
        await stage.shows("Events 6")
        await stage.press("slash")
        stage.app.post_message(Paste("type:user.*\n  level:error"))
        await stage.until(lambda: stage.main.filter_bar.query_one(Input).value == "type:user.* level:error")


async def test_filter_completes_types_and_says_when_nothing_matches(store: Path, staged: Staged) -> None:
    """Tab takes the first offer; no hit is told with the key that helps."""
    fill(store, [*images(2), anchore(FAILED, {"r": 1})])
    async with staged(store) as stage:
        await stage.press("slash")
        await stage.until(lambda: stage.main.filter_bar.completions)
        await stage.type("type:user.image.analysis.f")
        await stage.shows(f"type:{FAILED}", "1 event")
        await stage.press("tab")
        assert stage.main.filter_bar.line.value == f"type:{FAILED} "
        await stage.type("level:nothing", "enter")
        await stage.shows("None of 3 events match. esc clears the filter.")
        # No hint for what has nothing to act on.
        assert stage.text.splitlines()[-1].startswith(
            " esc clears the filter   / filter   S shapes   t tunnel"
        )
        await stage.press("tab")
        await stage.shows("esc list   z zoom   tab other pane")


async def test_only_what_arrives_is_new_and_the_cursor_comes_back(store: Path, staged: Staged) -> None:
    """From one filter to the next, matches are no new events; the cursor goes to the one nearest to where it was.
    Levels complete as the store has them."""
    fill(store, [*images(2), anchore(FAILED, {"r": 1}, level="CRITICAL"), *images(2)])
    async with staged(store) as stage:
        await stage.detail(5)
        await stage.press("slash")
        await stage.until(lambda: stage.main.filter_bar.completions)
        await stage.type("level:crit")
        await stage.shows("level:critical")
        await stage.press("tab")
        await stage.shows("Events   1 of 5")
        await stage.detail(3)
        for key in (*["backspace"] * 30,):
            await stage.press(key)
        await stage.type(f"type:{COMPLETED}", "enter")
        await stage.shows("Events   4 of 5")
        await stage.detail(5)
        assert stage.main.events.missed == 0
        await stage.press("j")
        add(store, *images(1))
        await stage.shows("1 new above")


async def test_letters_that_come_with_the_key_of_the_filter_are_written(store: Path, staged: Staged) -> None:
    """As they do from a paste, or on a busy machine; in the list each is a key of its own."""
    fill(store, images(2))
    async with staged(store) as stage:
        for key, letter in (("slash", "/"), *((letter, letter) for letter in "tXqpa")):
            stage.app.post_message(Key(key, letter))
        await stage.until(lambda: stage.main.filter_bar.line.value == "tXqpa")
        assert stage.app.screen is stage.main
        await stage.press("escape", "enter")
        for key, letter in (("slash", "/"), *((letter, letter) for letter in "tXqpa")):
            stage.app.post_message(Key(key, letter))
        await stage.until(lambda: stage.main.details.find_bar.line.value == "tXqpa")
        assert stage.app.screen is stage.main


async def test_a_word_that_is_begun_is_no_mistake_once_the_store_was_read(
    store: Path, staged: Staged
) -> None:
    """Who types faster than the words come has them all the same."""
    fill(store, images(2))
    async with staged(store) as stage:
        bar = stage.main.filter_bar
        with pytest.MonkeyPatch.context() as patch:
            # What the store holds comes late: after what is typed.
            late: list[Sequence[Completion]] = []
            patch.setattr(bar, "offer", late.append)
            await stage.press("slash")
            await stage.type("type:")
            await stage.shows("a value is missing")
            await stage.until(lambda: late)
        bar.offer(late[0])
        await stage.shows("type:user.image.analysis.completed", "2 events")
        assert "mistake" not in stage.text


async def test_a_word_that_is_only_begun_is_no_mistake(tmp_path: Path, staged: Staged) -> None:
    """``type:`` offers the types; what cannot be read is pointed at once nothing is offered, or with enter."""
    store = fill(tmp_path / "events.db", [{"type": "a.long", "n": 1}, {"type": "b", "n": 1}])
    async with staged(store) as stage:
        await stage.press("slash")
        await stage.type("type:")
        await stage.shows("type:a.long", "type:b", "1 event")
        assert "mistake" not in stage.text
        await stage.press("enter")
        await stage.shows("1 mistake", "a value is missing")
        await stage.type("a")
        await stage.press("tab")
        await stage.shows("type:a.long", "1 of 2")
        await stage.type("levl:x")
        await stage.shows("1 mistake", "no such word")
