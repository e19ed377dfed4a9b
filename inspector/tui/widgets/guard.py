"""The last guard before the terminal: no unsafe character leaves the app, whichever widget let it through.

Every text is made visible where it is shown (`inspector.core.text.visible`). Should one widget forget, an
escape sequence from a webhook would act on the terminal; `Scrub` deletes it. An app uses it like this::

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), Scrub()]
"""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from inspector.core.text import scrub


class Scrub(LineFilter):
    """Deletes unsafe characters from every segment; they are zero cells wide, so no column moves."""

    def __init__(self, on_line: Callable[[], None] = lambda: None) -> None:
        """`on_line` is called for each line of each widget that is painted."""
        super().__init__()
        self._on_line = on_line

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with safe text; those that are safe already stay the objects they are."""
        self._on_line()
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(scrub(segment.text), segment.style)
            for segment in segments
        ]
