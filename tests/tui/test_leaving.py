"""Screens above the main one are left once, and what is copied is safe to paste."""

from __future__ import annotations

from pathlib import Path

from inspector.tui.clipboard import pasteable
from inspector.tui.screens.confirm import ConfirmDialog
from tests.e2e.hostile import EVERYTHING, is_unsafe
from tests.tui.conftest import Staged
from tests.tui.screens_store import fill


async def test_a_second_key_that_leaves_does_nothing(tmp_path: Path, staged: Staged) -> None:
    async with staged(fill(tmp_path / "events.db", [{"type": "a", "n": 1}])) as stage:
        await stage.detail(1)
        results: list[str | None] = []
        dialog = ConfirmDialog("Sure?", [("yes", "Yes"), ("no", "No")])
        await stage.app.push_screen(dialog, results.append)
        dialog.dismiss("yes")
        dialog.dismiss("no")
        await stage.pilot.pause()
        assert results == ["yes"]
        assert stage.app.screen is stage.main


async def test_keys_in_one_burst_end_no_screen_below(tmp_path: Path, staged: Staged) -> None:
    """What a held key sends: esc and q arrive many times before the first is acted on."""
    async with staged(
        fill(tmp_path / "events.db", [{"type": "a", "n": 1}, {"type": "a", "n": "x"}])
    ) as stage:
        await stage.detail(2)
        for opening in ("S", "M", "d", "Y", "question_mark", "i"):
            await stage.press(opening)
            await stage.until(lambda: stage.app.screen is not stage.main)
            await stage.press("escape", "escape", "escape")
            await stage.until(lambda: stage.app.screen is stage.main)
        assert stage.app.is_running


def test_what_is_copied_is_safe_to_paste() -> None:
    copied = pasteable(f"a\r\n\tb {EVERYTHING} ü漢")
    assert copied.startswith("a\n\tb \\x1bc")
    assert copied.endswith("ü漢")
    assert "\\x1b[201~" in copied
    assert not any(is_unsafe(character) and character != "\t" for character in copied)
