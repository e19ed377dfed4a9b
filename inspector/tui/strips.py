"""Strips of Textual that end when nobody needs them any more.

A strip that already has the width it is asked for is its own answer, and Textual keeps answers in the strip: it holds
itself, and only a collection of garbage ends it. A screen paints thousands a second, each with eight objects of its
own, so collections looked at hundreds of thousands of them and held the loop up for a tenth of a second and more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from textual.strip import Strip

_crop_extend = Strip.crop_extend
_divide = Strip.divide


def keep_strips_out_of_themselves() -> None:
    """Let strips answer with themselves without keeping that. Changes Textual's class; twice is as good as once."""
    Strip.crop_extend = _crop_extend_without  # type: ignore[method-assign]
    Strip.divide = _divide_without  # type: ignore[method-assign]


def _crop_extend_without(self: Strip, start: int, end: int, style: Style | None) -> Strip:
    return self if start <= 0 and end == self.cell_length else _crop_extend(self, start, end, style)


def _divide_without(self: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    wanted = [cut for cut in cuts if cut <= self.cell_length]
    return [self] if wanted == [self.cell_length] else _divide(self, wanted)
