"""A view that fails says so in its place, is logged in one line, and everything else goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from inspector.store.place import beside
from inspector.store.reader import Reader
from inspector.tui.log import logged_beside
from tests.tui.conftest import Stage, Staged
from tests.tui.screens_store import anchore, fill

WORDS = "This view failed (ZeroDivisionError)."


def fail(*_: Any, **__: Any) -> NoReturn:
    raise ZeroDivisionError("[/x] \x1b[2J")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "events.db",
        [anchore("a.b", {"n": 1}), anchore("a.b", {"n": "x"}, 1), anchore("c.d", {"m": 1}, 2)],
    )


async def goes_on(stage: Stage) -> None:
    """The list is still moved through, and the raw bytes can be read."""
    stage.app.clear_notifications()
    while stage.app.screen is not stage.main:
        await stage.press("escape")
        await stage.pilot.pause()
    await stage.press("escape", "escape", "j")
    await stage.pilot.pause()
    assert stage.app.is_running


async def test_a_tab_that_cannot_be_made(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[object] = []

    def document(*given: object, **named: object) -> NoReturn:
        failed.append(given)
        fail()

    monkeypatch.setattr("inspector.tui.widgets.detail.document", document)
    with logged_beside(store):
        async with staged(store) as stage:
            await stage.shows(WORDS)
            for tab in "23564":
                before = len(failed)
                await stage.press(tab)
                await stage.until(lambda: len(failed) > before, 10)  # noqa: B023
                stage.app.clear_notifications()
                await stage.pilot.pause()
                await stage.shows(WORDS)
            monkeypatch.undo()
            await goes_on(stage)
            await stage.shows("POST /hook HTTP/1.1")
    line = beside(store, ".log").read_text().splitlines()[-1]
    assert "a document failed: ZeroDivisionError: [/x] \\x1b[2J (" in line
    assert "test_boundary.py" in line


async def test_parts_of_the_main_screen(store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    log = beside(store, ".log")
    with logged_beside(store):
        async with staged(store) as stage:
            for target, words in (
                ("inspector.tui.detail.view_of", WORDS),
                ("inspector.tui.widgets.painter.Painter.strip", WORDS),
                ("inspector.tui.widgets.event_list.event_runs", "#2  This view failed"),
                ("inspector.tui.widgets.path_bar.PathBar._common", WORDS),
                ("inspector.tui.screens.reading.read_detail", WORDS),
            ):
                await stage.press("f", "1")
                await stage.detail(3)
                with monkeypatch.context() as patch:
                    patch.setattr(target, fail)
                    await stage.press("j")
                    await stage.shows(words)
                await goes_on(stage)
                await stage.press("f", "4")
                await stage.shows("POST /hook HTTP/1.1")
                await stage.until(lambda: "This view failed" not in stage.text, 10)
    assert "failed: ZeroDivisionError" in log.read_text()


async def test_parts_of_the_other_screens(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = beside(store, ".log")
    with logged_beside(store):
        async with staged(store) as stage:
            for key, target in (
                ("d", "inspector.tui.screens.diff.view_of"),
                ("d", "inspector.tui.screens.diff_rows.ChangeRows.pieces"),
                ("d", "inspector.tui.screens.diff_rows.ChangeRows.heading"),
                ("S", "inspector.tui.screens.type_rows.TypeRows.pieces"),
                ("S", "inspector.tui.screens.field_rows.FieldRows.pieces"),
                ("M", "inspector.tui.screens.matrix_rows.MatrixRows.pieces"),
            ):
                await stage.press("f")
                await stage.detail(3)
                await stage.press("j")
                await stage.detail(2)
                with monkeypatch.context() as patch:
                    patch.setattr(target, fail)
                    await stage.press(key)
                    await stage.shows(WORDS)
                await goes_on(stage)
    assert "failed: ZeroDivisionError" in log.read_text()


async def test_work_beside_a_screen_that_fails(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that cannot be read for a moment ends no screen."""
    with logged_beside(store):
        async with staged(store) as stage:
            await stage.detail(3)
            for name, key in (("types", "S"), ("types", "M"), ("neighbour", "d")):
                with monkeypatch.context() as patch:
                    patch.setattr(Reader, name, fail)
                    await stage.press(key)
                    await stage.shows("failed (ZeroDivisionError)")
                await goes_on(stage)
                stage.app.clear_notifications()
                await stage.press("f")


def test_the_log_is_quiet_about_what_it_has_just_said(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    from inspector.tui.log import view_failed

    with logged_beside(store):
        for _ in range(50):
            try:
                fail()
            except ZeroDivisionError as error:
                view_failed("a row", error)
    log = beside(store, ".log")
    assert len(log.read_text().splitlines()) == 1
    assert log.stat().st_mode & 0o777 == 0o600


async def test_a_crash_is_one_line_without_what_was_captured(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def crash() -> None:
        async with staged(store) as stage:
            await stage.detail(3)
            monkeypatch.setattr(stage.main, "update_title", fail)
            await stage.press("o")
            await stage.pilot.pause()

    with logged_beside(store), pytest.raises(ZeroDivisionError):
        await crash()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("inspector: the screen crashed (ZeroDivisionError). ")
    assert "the screen failed: ZeroDivisionError" in beside(store, ".log").read_text()
