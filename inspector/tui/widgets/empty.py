"""What the screen shows before the first event: where it listens, a line to paste, a key for a sample."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from inspector.core.text import visible
from inspector.tui.keys import bind, key_of
from inspector.tui.sample import curl_line
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.tour import tour_lines


class Welcome(Widget, can_focus=True):
    """The words of the empty screen."""

    DEFAULT_CSS = """
    Welcome { height: 1fr; width: 1fr; padding: 1 3; background: $surface; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("open", "screen.send_sample", "Send a sample event"),
        bind("copy", "screen.copy_curl", "Copy a curl line"),
    ]

    url: reactive[str] = reactive("")
    down: reactive[str] = reactive("")
    tour: reactive[bool] = reactive(False)

    def render(self) -> Content:
        """One sentence of state, one line to paste, what else helps."""
        paragraphs: list[Content] = []
        if self.url and not self.down:
            url = visible(self.url)
            paragraphs += [
                Content("Listening. Nothing has arrived yet. Send something from another terminal:"),
                Content.styled(curl_line(url, self.content_size.width), "$string"),
                Content.assemble(
                    "Or press ",
                    (key_of(self.app, "open"), "bold $accent"),
                    ": a sample Anchore event is posted to this address.\n"
                    "In Anchore, this address is the URL of a webhook configuration. "
                    "Where Anchore cannot reach it, ",
                    (key_of(self.app, "tunnel"), "bold $accent"),
                    " opens a tunnel.",
                ),
            ]
        elif self.down:
            paragraphs.append(Content(f"No events are stored, and nothing listens: {visible(self.down)}."))
        else:
            paragraphs.append(
                Content("No events are stored, and nothing listens. inspector listen starts a listener.")
            )
        if self.tour:
            paragraphs.append(tour_lines(self.app))
        return Content("\n\n").join(paragraphs)


class EmptyPane(Vertical):
    """The welcome under a pane title."""

    DEFAULT_CSS = """
    EmptyPane { height: 1fr; width: 1fr; display: none; }
    """

    def __init__(self, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.pane_title = PaneTitle(glyphs)
        self.welcome = Welcome()

    def compose(self) -> ComposeResult:
        """Title and words."""
        yield self.pane_title
        yield self.welcome

    def on_mount(self) -> None:
        """Say that it waits."""
        self.pane_title.focused = True
        self.pane_title.parts = (
            Part("Events 0", "bold $foreground"),
            Part("   waiting for the first", "$muted"),
        )
