"""Asks before the listener is opened to the internet, and once more before a program is fetched for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from inspector.core.text import visible
from inspector.tui.screens.dialog import Dialog

_MINUTES = (60, 15, 240, None)


@dataclass(frozen=True, slots=True)
class TunnelWish:
    """What the user agreed to."""

    minutes: int | None
    """When it closes by itself; None for never."""
    download: bool = False
    """The explicit yes to fetching the agent."""


class TunnelDialog(Dialog[TunnelWish]):
    """Open this listener to the internet? With `fetch`, the agent is missing and would be fetched first."""

    heading = "Open this listener to the internet?"
    hint = "esc cancels"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "minutes(-1)", show=False),
        Binding("right", "minutes(1)", show=False),
    ]

    def __init__(self, *, fetch: bool = False, problem: str = "") -> None:
        """`problem` is what came of the last try, in words."""
        super().__init__()
        self.fetch = fetch
        self.problem = problem
        self._at = 0
        if fetch:
            self.heading = "Fetch the ngrok program?"

    def body(self) -> ComposeResult:
        """What it means, when it closes, what would be fetched."""
        yield Static(Content("Whoever knows the address can send to it. Nothing can be read through it."))
        if self.problem:
            yield Static(Content(visible(self.problem)), classes="error gap")
        yield Static(
            Content.assemble(("Through    ", "$muted"), "ngrok, with the token in NGROK_AUTHTOKEN"),
            classes="gap",
        )
        yield Static("", id="closes", markup=False)
        if self.fetch:
            yield Static(
                Content(
                    "The ngrok program is not on this machine. It would be fetched from bin.ngrok.com (about "
                    "10 MB). Its maker gives no checksum; you can also install it yourself and come back."
                ),
                classes="gap",
            )
        with Horizontal(classes="buttons"):
            yield Button(Content("Fetch and open" if self.fetch else "Open"), id="open", compact=True)
            yield Button(Content("Cancel"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """The safe button has the focus."""
        self.query_one("#cancel", Button).focus()
        self._describe()

    def _describe(self) -> None:
        minutes = _MINUTES[self._at]
        words = "when you close it" if minutes is None else f"after {minutes} minutes"
        self.query_one("#closes", Static).update(
            Content.assemble(
                ("Closes     ", "$muted"), ("‹ ", "$accent"), words, (" ›", "$accent"), ("   ← →", "$muted")
            )
        )

    def action_minutes(self, step: int) -> None:
        """Choose when it closes."""
        self._at = (self._at + step) % len(_MINUTES)
        self._describe()

    @on(Button.Pressed)
    def _press(self, message: Button.Pressed) -> None:
        message.stop()
        agreed = message.button.id == "open"
        self.dismiss(TunnelWish(_MINUTES[self._at], self.fetch) if agreed else None)
