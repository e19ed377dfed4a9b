"""How a piece of text looks by its role, in the theme in force.

Roles are no component classes of Textual: each of those is a node of its own that is styled with its widget, and the
more than fifty of them were most of what a change of the theme or of the layout had to style.
"""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

_VARIABLES: Final = {"text": "foreground", "title": "foreground"}
"""The variables of roles that are not named as theirs is."""


class Roles:
    """The styles of one widget, made when they are first asked for; those of another theme are made anew."""

    __slots__ = ("_known", "_variables", "_widget")

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._known: dict[str, Style] = {}
        self._variables: dict[str, str] = {}

    @property
    def base(self) -> Style:
        """The widget's own: its text on its background."""
        return self._style("")

    def __getitem__(self, role: str) -> Style:
        """The colour of a role, bold where it is a title; to be laid over `base`."""
        return self._style(role)

    @property
    def cursor(self) -> Style:
        """The background of the cursor's row; bold where there are no colours. To be laid over `base`."""
        return self._style("cursor" if self._widget.has_focus else "cursor-unfocused")

    def _style(self, name: str) -> Style:
        variables = self._widget.app.theme_variables
        if variables is not self._variables:  # with each theme the app makes a new one
            self._variables = variables
            self._known.clear()
        style = self._known.get(name)
        if style is None:
            style = self._known[name] = self._made(name)
        return style

    def _made(self, name: str) -> Style:
        if not name:
            return self._widget.rich_style
        colour = Color.parse(self._variables[_VARIABLES.get(name, name)])
        seen = (self._widget.background_colors[1] + colour).rich_color
        if name.startswith("cursor"):
            return Style(bgcolor=seen, bold=self._widget.app.no_color or None)
        return Style(color=seen, bold=name == "title" or None)
