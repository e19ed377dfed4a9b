"""A text to read in full: one long value, the bytes of a replay."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from inspector.core.lines import TextLines
from inspector.tui.keys import bind
from inspector.tui.screens.dialog import Dialog
from inspector.tui.widgets.document import Document, Section
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.viewer import Viewer


class TextDialog(Dialog[None]):
    """Shows raw text in a viewer, wrapped."""

    DEFAULT_CSS = """
    TextDialog > #box { width: 90%; height: 80%; padding: 0; overflow-y: hidden; }
    TextDialog Viewer { height: 1fr; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [bind("close", "leave", "Close")]

    def __init__(self, heading: str, text: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.heading = heading
        self.text = text
        self.glyphs = glyphs

    def body(self) -> ComposeResult:
        """The viewer."""
        yield Viewer(glyphs=self.glyphs)

    def on_mount(self) -> None:
        """Show the text."""
        viewer = self.query_one(Viewer)
        viewer.wrapped = True
        text = self.text
        viewer.read(lambda: Document((Section("text", None, TextLines(text)),)), len(text))
        viewer.focus()
