"""The keys that move a cursor, the same in every pane; each widget supplies the four actions.

``move(step)`` by lines, ``page(step)`` and ``half(step)`` by the height of the pane, ``edge(step)`` to the
first (-1) or last (1) line.
"""

from __future__ import annotations

from typing import Final

from textual.binding import BindingType

from inspector.tui.keys import bind

MOVES: Final[list[BindingType]] = [
    bind("move-down", "move(1)", "Line down"),
    bind("move-up", "move(-1)", "Line up"),
    bind("move-first", "edge(-1)", "First line"),
    bind("move-last", "edge(1)", "Last line"),
    bind("move-page-down", "page(1)", "Page down"),
    bind("move-page-up", "page(-1)", "Page up"),
    bind("move-half-down", "half(1)", "Half a page down"),
    bind("move-half-up", "half(-1)", "Half a page up"),
    bind("open", "open", "Open"),
]
