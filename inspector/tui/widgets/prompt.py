"""One line at the bottom of a screen that asks for a text: to find, a side of a diff, the name of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static


class Prompt(Horizontal):
    """Hidden until `ask`; enter hands the text over, esc puts it away and gives the focus back."""

    DEFAULT_CSS = """
    Prompt { height: 1; display: none; background: $panel; }
    Prompt.-asking { display: block; }
    Prompt Static { width: auto; padding: 0 1; color: $accent; background: $panel; }
    Prompt Input { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    Prompt Input:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", show=False)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._then: Callable[[str], object] | None = None
        self._back: Widget | None = None
        """What had the focus before."""

    def compose(self) -> ComposeResult:
        yield Static(Content(""))
        yield Input(select_on_focus=False)

    @property
    def asking(self) -> bool:
        """Whether it waits for a text."""
        return self.has_class("-asking")

    def ask(self, label: str, then: Callable[[str], object], value: str = "") -> None:
        """Ask for a text; `then` gets it, unless esc is pressed."""
        self._then = then
        self._back = self.screen.focused
        self.query_one(Static).update(Content(label))
        box = self.query_one(Input)
        box.value = value
        box.cursor_position = len(value)
        self.add_class("-asking")
        box.focus()

    @on(Input.Submitted)
    def hand_over(self, message: Input.Submitted) -> None:
        """Give the text to whoever asked."""
        message.stop()
        then, text = self._then, message.value
        self.action_close()
        if then is not None and text.strip():
            then(text)

    def action_close(self) -> None:
        """Put the line away."""
        self._then = None
        self.remove_class("-asking")
        self.screen.set_focus(self._back)
