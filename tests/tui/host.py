"""The smallest app that can hold a widget of ours, and what tests read off it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.message import Message
from textual.widget import Widget

from inspector.tui.theme import THEMES, variable_defaults
from inspector.tui.widgets.guard import Scrub

Heard = TypeVar("Heard", bound=Message)

HOSTILE = (
    "A[bold red]B[/]C[@click=app.pwn]D[/]E",
    "A[link=https://evil.example/]B[/link]C",
    "A[/nope]B",
    "A\x1b]2;PWNTITLE\x07B\x1b[31mC\x1b]52;c;UFdO\x07D\x1b[?1000lE",
    "A\x9b31mB\x9d2;PWNC1\x9cC\x85D",
    "A\x00B\x7fC\u202eD\u2066E\u200bF\u200dG\u0301H\ufeffI\u2028J\x08K\rL\x0bM\x1cN\U000e0041O",
    "A\ud800B",
    "wide \u6f22\u5b57 \U0001f469\u200d\U0001f469 end",
)
"""Texts that would act on a terminal, a widget or a parser of markup, were they shown as they are."""


class Host(App[None]):
    """Holds the widgets it is given, in our theme, and keeps every message of theirs in `heard`."""

    def __init__(self, *widgets: Widget, guarded: bool = False) -> None:
        super().__init__()
        self.widgets = widgets
        self.guarded = guarded
        self.heard: list[Message] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults()

    def get_line_filters(self) -> Sequence[LineFilter]:
        guard = [Scrub()] if self.guarded else []
        return [*super().get_line_filters(), *guard]

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "inspector-dark"

    def of(self, kind: type[Heard]) -> list[Heard]:
        """The messages of one kind, each once; a test gives `heard.append` as `message_hook`."""
        found: dict[int, Heard] = {id(one): one for one in self.heard if isinstance(one, kind)}
        return list(found.values())


def rows(widget: Widget) -> list[str]:
    """What a widget shows, row by row, as text."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def screen(app: App[None]) -> list[str]:
    """What the whole screen shows, row by row, as text, behind every filter."""
    return [strip.text for strip in app.screen._compositor.render_strips(app.size)]
