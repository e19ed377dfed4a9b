"""Toasts stay small, whatever stands in them: names from outside have no bound."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from inspector.core.shorten import end, middle

_WIDEST: Final = 60
_SHARE: Final = 80
"""Of the width of the screen, per cent."""
_AROUND: Final = 3
"""Cells of a toast that its border and padding take."""

TOAST_CSS: Final = f"""
    Toast {{
        background: $panel; color: $foreground; border-left: outer $accent; padding: 0 1;
        width: {_WIDEST}; max-width: {_SHARE}%;
    }}
    Toast.-error {{ border-left: outer $error; }}
    ToastRack {{ margin-bottom: 1; scrollbar-size: 0 0; }}
"""

_ROWS: Final = {False: (2, 90), True: (4, 200)}
"""For what informs and for errors: rows, and the cells that our own sentences may take where rows are short."""


def bounded(text: str, width: int, *, error: bool) -> str:
    """A safe text cut for a screen of `width` cells: a word to a row, in its middle, and all of it to a few rows."""
    row = max(8, min(_WIDEST, width * _SHARE // 100) - _AROUND)
    rows, least = _ROWS[error]
    words = (middle(word, row, cell_len) for word in text.split(" "))
    return end(" ".join(words), max(rows * row, least), cell_len)
