"""The loop of the screen is never held up for long: large bodies, folds, searches and filters over a busy store."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from textual._compositor import Compositor, LayoutUpdate
from textual.color import Color
from textual.css.styles import RulesMap
from textual.dom import DOMNode
from textual.events import Resize
from textual.geometry import Region, Size
from textual.widget import Widget

from inspector.tui.theme import LIGHT
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


def _rules(nodes: Iterable[DOMNode]) -> dict[DOMNode, RulesMap]:
    return {node: node.styles.base.get_rules() for node in nodes}


async def test_a_resize_styles_what_the_layout_places_alone(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To style all that a screen holds takes as long as to paint it; and nothing else would have looked different."""
    async with staged(fill(tmp_path / "events.db", [{"type": "small"}])) as stage:
        await stage.detail(1)
        main, sheet = stage.main, stage.app.stylesheet
        everything = list(main.walk_children(with_self=True))
        styled: list[DOMNode] = []
        update = sheet.update_nodes

        def counting(nodes: Iterable[DOMNode], animate: bool = False) -> None:
            styled.extend(nodes := list(nodes))
            update(nodes, animate=animate)

        monkeypatch.setattr(sheet, "update_nodes", counting)
        for width, height in ((80, 24), (200, 50), (60, 12), (120, 36), (30, 5), (200, 50)):
            for zoomed in ("", "list", "detail", "extra", ""):
                styled.clear()
                main.zoomed = zoomed
                main.place_panes(width, height)
                assert len(styled) < len(everything) / 2
                found = _rules(everything)
                main.update_node_styles(animate=False)
                assert _rules(everything) == found


async def test_a_resize_paints_all_once(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the screen in another size all is painted once, however often its size was told."""
    async with staged(fill(tmp_path / "events.db", [{"type": "small"}])) as stage:
        await stage.detail(1)
        painted: list[Size] = []
        paint = Compositor.render_full_update

        def counting(compositor: Compositor, simplify: bool = False) -> LayoutUpdate:
            painted.append(compositor.size)
            return paint(compositor, simplify)

        monkeypatch.setattr(Compositor, "render_full_update", counting)
        for size in (Size(200, 50), Size(80, 24), Size(120, 36)):
            painted.clear()
            for width in (size.width - 1, size.width + 1, size.width):
                stage.app.post_message(Resize(Size(width, size.height), Size(width, size.height)))
            await stage.until(lambda size=size: stage.main.size == size)
            await stage.pilot.pause(0.1)
            assert painted == [size]
            assert [strip.cell_length for strip in stage.main._compositor.render_strips()] == [
                size.width
            ] * size.height


async def test_a_theme_is_not_told_to_everything_for_each_colour(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours of scrollbars that panes do not have stay the same; with them it was a thousand times more."""
    async with staged(fill(tmp_path / "events.db", [{"type": "small"}])) as stage:
        await stage.detail(1)
        told = 0
        refresh = Widget.refresh

        def counting(widget: Widget, *regions: Region, **options: bool) -> Widget:
            nonlocal told
            told += 1
            return refresh(widget, *regions, **options)

        stage.app.theme = LIGHT.name
        monkeypatch.setattr(Widget, "refresh", counting)
        stage.app.refresh_css(animate=False)
        monkeypatch.undo()
        await stage.pilot.pause()
        assert stage.main.styles.background == Color.parse(LIGHT.background or "")
        everything = len(list(stage.main.walk_children(with_self=True)))
        assert told < 15 * everything
