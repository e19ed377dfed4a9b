"""What dialogs share: a framed box in the middle that ``esc`` closes, with the safe button first."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from inspector.core.text import visible
from inspector.tui.screens.leaving import LeftOnce

Result = TypeVar("Result")


class Dialog(LeftOnce[Result | None], ModalScreen[Result | None], Generic[Result]):
    """A modal with a title; returns None when it is left."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > #box {
        width: 78; max-width: 100%; height: auto; max-height: 100%; background: $panel; color: $foreground;
        border: round $accent; border-title-color: $foreground; border-subtitle-color: $muted; padding: 0 1;
        overflow-y: auto; scrollbar-size-vertical: 1;
    }
    Dialog Static { width: 1fr; height: auto; }
    Dialog .muted { color: $muted; }
    Dialog .gap { margin-top: 1; }
    Dialog .error { color: $error; }
    Dialog Input { border: none; height: 1; padding: 0; background: $surface; width: 1fr; }
    Dialog Input:focus { background: $cursor; }
    Dialog .buttons { height: 1; margin-top: 1; }
    Dialog Button {
        border: none; height: 1; min-width: 4; width: auto; margin: 0 2 0 0; padding: 0 1;
        background: $surface; color: $foreground; text-style: none;
    }
    Dialog Button:focus { background: $accent; color: $background; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close", show=False)]

    heading = ""
    hint = "esc closes"

    def compose(self) -> ComposeResult:
        """The box, filled by `body`."""
        with Vertical(id="box") as box:
            box.border_title = Content(visible(self.heading))
            box.border_subtitle = Content(self.hint)
            yield from self.body()

    def body(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()

    def action_leave(self) -> None:
        """Close without a result."""
        self.dismiss(None)
