"""The rule above a pane: its title or tabs, heavy and lit while the pane has the focus."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from inspector.tui.widgets.glyphs import UNICODE, Glyphs


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a title; `name` is what a click on it reports, empty for none."""

    text: str
    style: str = ""
    name: str = ""


class PaneTitle(Widget):
    """One row: ``━ Events 1,204   following ━━━━``, with ``┌`` at its start beside another pane."""

    DEFAULT_CSS = """
    PaneTitle { height: 1; width: 1fr; color: $rule; }
    PaneTitle.-focused { color: $accent; }
    """

    class Pressed(Message):
        """A part with a name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    parts: reactive[tuple[Part, ...]] = reactive((), layout=False)
    focused: reactive[bool] = reactive(False)
    corner: reactive[bool] = reactive(False)

    def __init__(self, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs

    def watch_focused(self, focused: bool) -> None:
        """Light the rule."""
        self.set_class(focused, "-focused")

    def render(self) -> Content:
        """The rule over the whole width, with the parts after its first cell."""
        glyph = self.glyphs.focus_rule if self.focused else self.glyphs.rule
        before = self.glyphs.corner + glyph if self.corner else glyph
        pieces: list[str | tuple[str, str]] = [before, " "]
        pieces += [(part.text, part.style or "$foreground") for part in self.parts]
        content = Content.assemble(*pieces, " ") if self.parts else Content(before)
        room = self.size.width - content.cell_length
        if room < 0:
            return content.truncate(self.size.width, ellipsis=True)
        return Content.assemble(content, glyph * room)

    def on_click(self, message: events.Click) -> None:
        """Tell which part was clicked."""
        at = 3 if self.corner else 2
        for part in self.parts:
            width = Content(part.text).cell_length
            if part.name and at <= message.x < at + width:
                self.post_message(self.Pressed(part.name))
                return
            at += width
