"""The last guard: whatever a widget lets through, nothing unsafe leaves the app."""

from __future__ import annotations

import sys
from functools import partial

import pytest
from rich.segment import Segment
from textual.app import ComposeResult
from textual.color import Color
from textual.widgets import Input, Log, Static, TextArea

from inspector.core.text import count_unsafe
from inspector.tui.widgets.guard import Scrub
from tests.tui.host import HOSTILE, Host, screen


def test_no_code_point_passes() -> None:
    """Every unsafe character there is, is deleted; what is safe stays the very same segment."""
    for start in range(0, sys.maxunicode, 0x8000):
        text = "".join(map(chr, range(start, min(start + 0x8000, sys.maxunicode + 1))))
        (segment,) = Scrub().apply([Segment(text)], Color(0, 0, 0))
        assert not count_unsafe(segment.text)
    safe = [Segment("plain"), Segment("漢字")]
    assert Scrub().apply(safe, Color(0, 0, 0)) == safe


@pytest.mark.parametrize("text", HOSTILE)
async def test_widgets_that_show_raw_text(text: str) -> None:
    """Textual's own widgets pass control characters on; with the guard none reaches the screen."""
    log = Log()

    class Raw(Host):
        def compose(self) -> ComposeResult:
            yield from (Static(text, markup=False), Input(text), TextArea(text), log)

    app = Raw(guarded=True)
    async with app.run_test(size=(80, 20)) as pilot:
        app.call_later(log.write, text)
        app.call_later(partial(app.notify, text, title=text, markup=False))
        await pilot.pause()
        assert not any(count_unsafe(line) or "\n" in line for line in screen(app))
