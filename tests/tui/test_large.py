"""Large bodies: the first part at once, the whole in its place when it is read, and nothing moves under the reader."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from inspector.core.events import InspectorError
from inspector.store.reader import Reader
from inspector.tui.detail import Detail, read_detail
from inspector.tui.session import Session
from tests.tui.conftest import Stage, Staged
from tests.tui.screens_store import fill, post

ITEMS = 25_000


def large(marker: str = "x") -> dict[str, Any]:
    """A payload of about 1.5 MB."""
    items = [{"number": number, "word": "wörter" * 5} for number in range(ITEMS)]
    return {"type": f"large.{marker}", "id": marker, "details": {"marker": marker, "items": items}}


def held(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let whole bodies come when the event is set only."""
    go = asyncio.Event()
    read_apart = Session.read_apart

    async def waiting(session: Session, number: int) -> Detail | None:
        await go.wait()
        return await read_apart(session, number)

    monkeypatch.setattr(Session, "read_apart", waiting)
    return go


def lines(stage: Stage) -> list[str]:
    """What the viewer shows, without its scrollbar."""
    return [line[66:118].rstrip() for line in stage.text.splitlines()[2:32]]


async def test_the_first_part_is_there_before_the_whole(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cursor, scroll and folds stay where they are when the whole takes the place of its first part."""
    go = held(monkeypatch)
    async with staged(fill(tmp_path / "events.db", [large()])) as stage:
        await stage.shows('"marker"', "reading 2")
        assert stage.main.shown is not None
        assert stage.main.shown.first_part
        await stage.press("2", "tab")
        viewer = stage.main.details.viewer
        await stage.until(lambda: viewer.has_focus)
        await stage.shows('"type"')
        await stage.press("pagedown", "pagedown", "k", "k", "k")
        await stage.until(lambda: viewer.place is not None and viewer.place.row > 20)
        await stage.press("h", "h")  # folds the element around it
        await stage.pilot.pause()
        assert viewer.place is not None
        row, top, shown = viewer.place.row, viewer.scroll_offset.y, lines(stage)
        rows = len(viewer.document.sections[0].lines)
        assert any("▸" in line for line in shown)
        go.set()
        await stage.until(lambda: len(viewer.document.sections[0].lines) > rows)
        await stage.pilot.pause()
        assert viewer.place.row == row
        assert viewer.scroll_offset.y == top
        assert lines(stage) == shown
        assert "reading 2" not in stage.text
        await stage.press("G")
        await stage.pilot.pause()
        assert viewer.place.row >= ITEMS * 4


@pytest.mark.parametrize(
    ("wanted", "said"), [(f'number": {ITEMS - 1}', " 1 of 1   "), ("nowhere", "no match")]
)
async def test_what_is_not_found_yet_may_stand_in_the_rest(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch, wanted: str, said: str
) -> None:
    go = held(monkeypatch)
    async with staged(fill(tmp_path / "events.db", [large()])) as stage:
        await stage.shows('"marker"', "reading 2")
        await stage.press("tab", "/")
        await stage.type(wanted)
        await stage.shows("none yet, still reading")
        go.set()
        await stage.shows(said)


async def test_a_change_of_the_event_does_not_move_the_reader(tmp_path: Path, staged: Staged) -> None:
    async with staged(fill(tmp_path / "events.db", [large()])) as stage:
        await stage.until(lambda: stage.main.shown is not None and not stage.main.shown.first_part, 20)
        await stage.press("tab")
        viewer = stage.main.details.viewer
        await stage.until(lambda: viewer.has_focus and len(viewer.document.sections) > 1)
        await stage.until(lambda: len(viewer.document.sections[1].lines) > ITEMS)
        await stage.press("G", "k", "k", "k", "k", "k")
        before = viewer.place
        assert before is not None
        view = stage.main.shown.view if stage.main.shown is not None else None
        await stage.press("s")
        await stage.until(lambda: stage.main.shown is not None and stage.main.shown.event.starred)
        await stage.pilot.pause(0.3)
        assert viewer.place is not None
        assert (viewer.place.section, viewer.place.row) == (before.section, before.row)
        assert stage.main.shown is not None
        assert stage.main.shown.view is view  # it is not laid out again


async def test_what_is_passed_by_is_not_read_to_its_end(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader goes on to a small event at once, and the whole of the large one never comes."""
    go = held(monkeypatch)
    async with staged(fill(tmp_path / "events.db", [{"type": "small", "n": 1}, large()])) as stage:
        await stage.shows('"marker"')
        await stage.press("j")
        await stage.detail(1)
        await stage.shows('"n": 1')
        go.set()
        await stage.pilot.pause(0.2)
        assert stage.main.shown is not None
        assert stage.main.shown.event.id == 1
        assert not [worker for worker in stage.main.workers if worker.group == "whole" and worker.is_running]


async def test_a_small_body_that_is_large_when_decompressed(tmp_path: Path, staged: Staged) -> None:
    body = gzip.compress(json.dumps(large()).encode(), 9)
    assert len(body) < 200_000
    request = post(body, (b"Content-Encoding", b"gzip"))
    path = fill(tmp_path / "events.db", [request])
    with Reader(path) as reader:
        first = read_detail(reader, 1, upto=400_000)
        assert first is not None
        assert first.first_part
        assert first.view is not None
        assert first.part_key == "details"
        assert len(first.view.lines) < ITEMS
        whole = read_detail(reader, 1)
        assert whole is not None
        assert whole.view is not None
        assert len(whole.view.lines) > ITEMS
    async with staged(path) as stage:
        await stage.until(lambda: stage.main.shown is not None and not stage.main.shown.first_part, 20)
        await stage.shows("gunzipped from")


async def test_a_process_that_fails_leaves_the_first_part(
    tmp_path: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    async with staged(fill(tmp_path / "events.db", [large()])) as stage:
        await stage.shows("The rest of #1 could not be read", '"marker"')
        session = stage.main.session
        with pytest.raises(InspectorError):
            await session.read_apart(1)
