"""The loop of the screen is never held up for long: large bodies, folds, searches and filters over a busy store."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from textual.dom import DOMNode

from tests.tui.conftest import Staged
from tests.tui.screens_store import fill

MOST_S = 0.3
"""What the loop may compute without looking up: on a quick machine it is a tenth of that."""


async def _longest(found: list[float]) -> None:
    """Note the processor time that the loop's thread took between two looks at the clock."""
    before = time.thread_time()
    while True:
        await asyncio.sleep(0.002)
        now = time.thread_time()
        found.append(now - before)
        before = now


async def test_nothing_holds_the_loop_up(tmp_path: Path, staged: Staged) -> None:
    """Opening 1.5 MB, going to its end, folding and searching all of it, wrapping, hex, filtering by text."""
    items = [{"number": number, "word": "wörter" * 5, "severity": "High"} for number in range(15_000)]
    large = {"type": "large", "id": "x", "details": {"items": items}}
    small = [{"type": "small", "n": number, "id": f"{number:032x}"} for number in range(2_000)]
    store = fill(tmp_path / "events.db", [*small, json.loads(json.dumps(large))])
    async with staged(store) as stage:
        await stage.detail(len(small) + 1)
        await stage.until(lambda: stage.main.shown is not None and not stage.main.shown.first_part, 30)
        found: list[float] = []
        watching = asyncio.create_task(_longest(found))
        viewer = stage.main.details.viewer
        await stage.press("2", "enter")
        await stage.until(lambda: viewer.has_focus and len(viewer.document.sections[0].lines) > 60_000)
        await stage.press("G", "g", "pagedown", "H", "L", "w", "w", "slash")
        await stage.type("severity", "enter")
        await stage.until(lambda: viewer.matches[1] == len(items))
        await stage.press("n", "n", "escape", "x", "x", "1", "escape")
        stage.main.filter_by("nowhere at all")
        await stage.shows("None of 2,001 events match")
        watching.cancel()
    assert max(found) < MOST_S, sorted(found)[-5:]


async def test_a_resize_styles_the_screen_once(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Classes change together: to style all that a screen holds takes longer than to paint it."""
    async with staged(fill(tmp_path / "events.db", [{"type": "small"}])) as stage:
        await stage.detail(1)
        styled = []
        update = stage.app.update_styles

        def counting(node: DOMNode, animate: bool = True) -> None:
            styled.append(node)
            update(node, animate=animate)

        monkeypatch.setattr(stage.app, "update_styles", counting)
        for width, height in ((80, 24), (200, 50), (60, 12), (120, 36)):
            styled.clear()
            stage.main.place_panes(width, height)
            assert [
                node for node in styled if node in (stage.main, stage.main.details, stage.main.extra)
            ] == [stage.main]
