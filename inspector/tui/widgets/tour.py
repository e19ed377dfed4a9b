"""Three lines for who starts the screen for the first time; they lie over the end of the list."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.content import Content
from textual.widget import Widget

TOUR: Final = (
    "What arrives is stored before it is answered.",
    "Mark two events with m, and d shows how they differ.",
    "r sends one to your receiver. ? lists the keys.",
)


def tour_lines() -> Content:
    """The lines, numbered."""
    return Content("\n").join(
        Content.assemble((f"{number}  ", "bold $accent"), (words, "$muted"))
        for number, words in enumerate(TOUR, 1)
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
            [Content.styled("First steps, told once; any key closes", "$accent"), tour_lines()]
        )

    def on_click(self, message: events.Click) -> None:
        """Go away."""
        message.stop()
        self.remove_class("-open")
