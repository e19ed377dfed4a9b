"""Lines of text between the panes: something at the left, something at the right, cut to the width."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.widget import Widget

from inspector.tui.log import view_failed
from inspector.tui.widgets.rows import Piece, width_of

_MARKS = {"": "$foreground", "accent": "bold $accent", "strong": "bold", "match": "reverse"}

Line = tuple[Sequence[Piece], Sequence[Piece]]
"""Pieces at the left and at the right; the right ones go first when there is no room."""


def content_of(pieces: Sequence[Piece]) -> Content:
    """Pieces as a `Content`, for widgets other than `Rows`."""
    return Content.assemble(*[(text, _MARKS.get(style, f"${style}")) for text, style in pieces])


class Told(Widget):
    """Shows lines, each its own row; `lines` may be a function of the width."""

    DEFAULT_CSS = """
    Told { height: auto; width: 1fr; background: $background; color: $foreground; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Callable[[int], Sequence[Line]] = lambda width: ()

    def tell(self, lines: Sequence[Line] | Callable[[int], Sequence[Line]]) -> None:
        """Show these lines."""
        self._lines = lines if callable(lines) else lambda width: lines
        self.refresh(layout=True)

    def tell_one(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Show one line."""
        self.tell([(left, right)])

    def render(self) -> Content:
        """All lines, each as wide as the pane at most."""
        width = self.size.width or self.app.size.width
        try:
            return self._content(width)
        except Exception as error:  # what cannot be told must not take the screen down
            return Content(view_failed("a line", error))

    def _content(self, width: int) -> Content:
        shown: list[Content] = []
        for left, right in self._lines(width):
            line = content_of(left)
            room = width - line.cell_length - width_of(right)
            if right and room >= 2:
                line = Content.assemble(line, " " * room, content_of(right))
            if line.cell_length > width:
                line = line.truncate(max(1, width - 1), ellipsis=True)
            shown.append(line)
        return Content("\n").join(shown)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One row for each line."""
        try:
            return len(self._lines(width))
        except Exception as error:  # as in `render`
            view_failed("a line", error)
            return 1
