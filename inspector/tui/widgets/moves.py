"""The keys that move a cursor, the same in every pane; each widget supplies the four actions.

``move(step)`` by lines, ``page(step)`` and ``half(step)`` by the height of the pane, ``edge(step)`` to the
first (-1) or last (1) line.
"""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

MOVES: Final[list[BindingType]] = [
    Binding("j,down", "move(1)", "Line down", show=False, id="move-down"),
    Binding("k,up", "move(-1)", "Line up", show=False, id="move-up"),
    Binding("g,home", "edge(-1)", "First line", show=False, id="move-first"),
    Binding("G,end", "edge(1)", "Last line", show=False, id="move-last"),
    Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="move-page-down"),
    Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="move-page-up"),
    Binding("ctrl+d", "half(1)", "Half a page down", show=False, id="move-half-down"),
    Binding("ctrl+u", "half(-1)", "Half a page up", show=False, id="move-half-up"),
    Binding("enter", "open", "Open", show=False, id="open"),
]
