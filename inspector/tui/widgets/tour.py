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
        Content("What arrives is stored before it is answered."),
        Content.assemble(
            "Mark two events with ", _key(mark), ", and ", _key(diff), " shows how they differ."
        ),
        Content.assemble(_key(replay), " sends one to your receiver. ", _key(help), " lists the keys."),
    )
    # The numbers are no keys: they have not their colour.
    return Content("\n").join(
        Content.assemble((f"{number}  ", "$muted"), words) for number, words in enumerate(lines, 1)
    )


def _key(name: str) -> tuple[str, str]:
    return name, "bold $accent"


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
        title = Content.assemble(("First steps", "bold"), ("   told once; any key closes", "$muted"))
        return Content("\n").join([title, tour_lines(self.app)])

    def on_click(self, message: events.Click) -> None:
        """Go away."""
        message.stop()
        self.remove_class("-open")
