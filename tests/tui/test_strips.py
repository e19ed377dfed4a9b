"""Strips of Textual do not hold themselves: what was painted over is gone without a collection of garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inspector.tui.strips import keep_strips_out_of_themselves
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
def test_a_strip_that_has_the_width_already_ends_with_its_last_use() -> None:
    keep_strips_out_of_themselves()
    before = strips()
    for _ in range(10):
        one = Strip([Segment("words", Style(bold=True))])
        assert one.adjust_cell_length(5) is one
        assert one.crop_extend(0, 5, None) is one
        assert one.divide([5]) == [one]
        assert [part.text for part in one.divide([2, 5, 9])] == ["wo", "rds"]
        assert one.crop_extend(1, 7, None).text == "ords  "
        assert one.adjust_cell_length(3).text == "wor"
    del one
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
