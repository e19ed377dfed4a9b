"""What lies under other widgets is not drawn row by row, and nobody sees that."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from textual.geometry import Size
from textual.widget import Widget

from inspector.tui.preferences import Preferences
from inspector.tui.screens.boundary import Boundary
from inspector.tui.widgets.pane import Pane
from tests.tui.conftest import Stage, Staged
from tests.tui.screens_store import fill, images


def _cells(stage: Stage) -> list[list[Segment]]:
    strips = stage.app.screen._compositor.render_strips()
    assert [strip.cell_length for strip in strips] == [stage.app.size.width] * stage.app.size.height
    return [list(strip.simplify()) for strip in strips]


@pytest.mark.parametrize("theme", ["inspector-dark", "inspector-light-16"])
async def test_all_looks_as_if_it_were_drawn(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    """The panes in all layouts, too small a terminal, the screens above, a dialog over them, and no event at all."""
    preferences = Preferences(theme=theme, glyphs="unicode")
    seen = 0

    async def same(stage: Stage) -> None:
        nonlocal seen
        await stage.pilot.pause()
        found = _cells(stage)
        with monkeypatch.context() as drawn:
            drawn.setattr(Boundary, "render_lines", Widget.render_lines)
            drawn.setattr(Pane, "render_lines", Widget.render_lines)
            assert _cells(stage) == found
        seen += 1

    async with staged(fill(tmp_path / "events.db", images(2)), preferences=preferences) as stage:
        await stage.detail(2)
        for size in ((80, 24), (200, 50), (60, 15), (30, 5), (120, 36)):
            await stage.pilot.resize_terminal(*size)
            await stage.until(lambda size=size: stage.main.size == Size(*size))
            await same(stage)
        for key in ("z", "S", "q", "M", "q", "question_mark"):
            await stage.press(key)
            await same(stage)
    async with staged(fill(tmp_path / "none.db", []), preferences=preferences) as stage:
        await same(stage)
    assert seen == 12
