"""The cursor and what is escaped, where colours cannot tell them: with sixteen of them, and with none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_PLAIN = Style(color="default", bgcolor="default")


class FewColours(LineFilter):
    """Reverses the row of the cursor, a button with the focus, and what is escaped; a cursor without it is bold.

    Which of the sixteen colours can be read on which other is for the terminal's palette to say: a row in the
    terminal's own two can be read on every one.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        """`variables` are those of the theme."""
        super().__init__()
        names = ("cursor", "accent", "cursor-unfocused", "escape")
        *lit, self._unfocused, self._escape = (Color.parse(variables[name]).rich_color for name in names)
        self._lit = set(lit)
        # One colour may stand for two things where there are sixteen.
        self._tells_escape = list(variables.values()).count(variables["escape"]) == 1
        self._seen = lru_cache(1024)(self._look)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of a line as they are shown."""
        return [
            Segment(text, self._seen(style) if style else style, control) for text, style, control in segments
        ]

    def _look(self, style: Style) -> Style:
        if style.bgcolor in self._lit:
            return style + _PLAIN + Style(reverse=True)
        if style.bgcolor == self._unfocused:
            return style + Style(bgcolor="default", bold=True)
        if self._tells_escape and style.color == self._escape:
            return style + Style(reverse=True)
        return style
