"""Three lines for who starts the screen for the first time; they lie over the end of the list."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.content import Content
from textual.widget import Widget

from inspector.tui.keys import key_of


def tour_lines(app: App[Any]) -> Content:
    """The lines, numbered, with the keys in force."""
    mark, diff, replay, help = (key_of(app, id) for id in ("mark", "diff", "replay", "help"))
    lines = (
        "What arrives is stored before it is answered.",
        f"Mark two events with {mark}, and {diff} shows how they differ.",
        f"{replay} sends one to your receiver. {help} lists the keys.",
    )
    return Content("\n").join(
        Content.assemble((f"{number}  ", "bold $accent"), (words, "$muted"))
        for number, words in enumerate(lines, 1)
    )


class Tour(Widget):
    """Shown with the class ``-open``; any key, or a click, closes it."""

    DEFAULT_CSS = """
    Tour {
        display: none; height: auto; width: 1fr; padding: 0 2; background: $panel; color: $foreground;
    }
    Tour.-open { display: block; }
    """

    def render(self) -> Content:
        """What it is, the lines, and how it goes away."""
        return Content("\n").join(
            [Content.styled("First steps, told once; any key closes", "$accent"), tour_lines(self.app)]
        )

    def on_click(self, message: events.Click) -> None:
        """Go away."""
        message.stop()
        self.remove_class("-open")
