"""The row that names the columns of the event list, and how rows of it are drawn."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from inspector.tui.widgets.columns import HEADINGS, Headings, Runs, columns_for, heading_runs


def draw(widget: Widget, prefix: str, runs: Runs, base: Style, width: int) -> Strip:
    """A row of `width` cells from runs; each takes its colour from the component class of its role."""
    segments = [
        Segment(text, base + Style(color=widget.get_component_rich_style(f"{prefix}--{role}").color))
        for text, role in runs
    ]
    return Strip(segments).adjust_cell_length(width, base)


class ListHeading(Widget):
    """The row that names the columns; as wide as the list it stands above."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"list-heading--muted"}
    DEFAULT_CSS = """
    ListHeading {
        height: 1; background: $surface; color: $muted;
        & > .list-heading--muted { color: $muted; }
    }
    """

    headings: reactive[Headings] = reactive(HEADINGS[None])

    def render_line(self, y: int) -> Strip:
        """The one row."""
        width = self.size.width
        return draw(
            self, "list-heading", heading_runs(columns_for(width), self.headings), self.rich_style, width
        )
