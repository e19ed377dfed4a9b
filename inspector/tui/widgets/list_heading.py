"""The row that names the columns of the event list, and how rows of it are drawn."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from inspector.tui.widgets.columns import HEADINGS, Headings, Runs, columns_for, heading_runs
from inspector.tui.widgets.roles import Roles


def draw(roles: Roles, runs: Runs, base: Style, width: int) -> Strip:
    """A row of `width` cells from runs; each has the colour of its role."""
    segments = [Segment(text, base + roles[role]) for text, role in runs]
    return Strip(segments).adjust_cell_length(width, base)


class ListHeading(Widget):
    """The row that names the columns; as wide as the list it stands above."""

    DEFAULT_CSS = """
    ListHeading { height: 1; background: $surface; color: $muted; }
    """

    headings: reactive[Headings] = reactive(HEADINGS[None])

    def __init__(self) -> None:
        super().__init__()
        self._roles = Roles(self)

    def render_line(self, y: int) -> Strip:
        """The one row."""
        width = self.size.width
        return draw(self._roles, heading_runs(columns_for(width), self.headings), self._roles.base, width)
