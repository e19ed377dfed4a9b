"""Which panes a terminal of a size has room for."""

from __future__ import annotations

from typing import Literal

Layout = Literal["wide", "beside", "stacked", "one", "tiny"]

SMALLEST = (40, 8)
_WIDE = 180
_BESIDE = 110
_STACKED_ROWS = 22


def layout_for(width: int, height: int, wanted: str = "") -> Layout:
    """Three panes, two beside or above each other, or one; `wanted` holds where it can."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return "tiny"
    if wanted == "one":
        return "one"
    if wanted == "stacked" and height >= 16:
        return "stacked"
    if wanted == "beside" and width >= 80:
        return "beside"
    if width >= _WIDE and height >= _STACKED_ROWS:
        return "wide"
    if width >= _BESIDE:
        return "beside"
    return "stacked" if height >= _STACKED_ROWS else "one"
