"""The last row: the keys that help next, in this state, in this pane."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from inspector.tui.keys import key_of

Hint = tuple[str, str, str]
"""Id of the key (or the key itself where it never changes), what it does, the action it runs."""

HELP: Hint = ("help", "keys", "help")
_GAP = 3
"""Cells between hints."""
_WAY_BACK = "back"
"""Id of the key whose hint stays."""


class KeyFooter(Widget):
    """Shows as many hints as fit, the first ones first, and ``? keys`` at the right end; the way back always."""

    DEFAULT_CSS = """
    KeyFooter { height: 1; width: 1fr; background: $panel; color: $foreground; }
    """

    class Pressed(Message):
        """A hint was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    hints: reactive[tuple[Hint, ...]] = reactive((), layout=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._spans: list[tuple[int, int, str]] = []

    def show(self, hints: Sequence[Hint]) -> None:
        """Show these hints."""
        self.hints = tuple(hints)

    def render(self) -> Content:
        """The hints, three cells apart."""
        width = self.size.width
        last = Content.assemble((key_of(self.app, HELP[0]), "bold $accent"), (f" {HELP[1]} ", "$muted"))
        content = Content(" ")
        self._spans = []
        for number, (action, hint) in enumerate(self._fitting(width - last.cell_length - _GAP)):
            gap = _GAP if number else 0
            start = content.cell_length + gap
            content = Content.assemble(content, " " * gap, hint)
            self._spans.append((start, content.cell_length, action))
        filler = width - content.cell_length - last.cell_length
        if filler < 0:
            return content
        self._spans.append((content.cell_length + filler, width, HELP[2]))
        return Content.assemble(content, " " * filler, last)

    def _fitting(self, room: int) -> list[tuple[str, Content]]:
        """Actions and texts of the hints for `room` cells; the last ones are left out, the way back last of all."""
        found = [
            (
                id == _WAY_BACK,
                action,
                Content.assemble((key_of(self.app, id), "bold $accent"), (f" {words}", "$foreground")),
            )
            for id, words, action in self.hints
        ]
        while found and sum(_GAP + hint.cell_length for *_, hint in found) - _GAP + 1 > room:
            others = [number for number, (is_back, *_) in enumerate(found) if not is_back]
            del found[others[-1] if others else -1]
        return [(action, hint) for _, action, hint in found]

    def on_click(self, message: events.Click) -> None:
        """Run the hint that was clicked."""
        for start, end, action in self._spans:
            if start <= message.x < end:
                self.post_message(self.Pressed(action))
