"""Strips of Textual are light and end with their last use, without a collection of garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inspector.tui.strips import strips_without_caches
from tests.tui.conftest import Staged
from tests.tui.screens_store import fill


def strips() -> int:
    """How many there are."""
    return sum(type(one) is Strip for one in gc.get_objects())


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_a_strip_is_light_and_answers_as_ever() -> None:
    strips_without_caches()
    bold = Style(bold=True)
    strip = Strip([Segment("words", bold)])
    for _ in range(2):
        assert strip.crop_extend(0, 5, None).text == "words"
        assert [part.text for part in strip.divide([5])] == ["words"]
        assert [part.text for part in strip.divide([2, 5])] == ["wo", "rds"]
        assert strip.crop_extend(1, 7, None).text == "ords  "
        assert strip.adjust_cell_length(3).text == "wor"
        assert strip.apply_style(Style(italic=True)) == Strip([Segment("words", bold + Style(italic=True))])
    del strip
    before, tracked = strips(), len(gc.get_objects())
    some = [Strip([Segment("words", bold)]) for _ in range(1000)]
    assert len(gc.get_objects()) - tracked < 3100  # the strip, its list, its segment
    for one in some:
        one.crop_extend(0, 5, None).divide([5])
    del one, some
    assert strips() == before


@pytest.mark.usefixtures("uncollected")
async def test_painting_leaves_nothing_behind(tmp_path: Path, staged: Staged) -> None:
    """However often a screen is painted anew, only the strips of the last time are there."""
    async with staged(fill(tmp_path / "events.db", [{"type": "a", "n": n} for n in range(50)])) as stage:
        await stage.detail(50)
        counts = []
        for number in range(1, 41):
            stage.app.refresh()
            stage.main.events.refresh()
            await stage.pilot.pause()
            if number in (8, 40):
                counts.append(strips())
        assert counts[1] < 1.4 * counts[0]
