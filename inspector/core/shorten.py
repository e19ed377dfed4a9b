"""Names cut to the width of a column so that what tells them apart stays.

Event types lose whole leading segments, resources their leading parts, digests and sentences their end.
Widths are counted by `measure` (cells of a terminal; `len` is right for ASCII) and the texts are taken as
they are: a caller makes them visible first, so that an escape counts as what it is written as.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Measure = Callable[[str], int]

_SHORT_SEGMENT = 12
_DIGEST = re.compile(r"(?:[a-z0-9]+:)?[0-9a-f]{32,}")


def end(text: str, width: int, measure: Measure = len, ellipsis: str = "…") -> str:
    """`text` cut at its end to `width` cells, the last of them the ellipsis."""
    if measure(text) <= width:
        return text
    if width <= 0:
        return ""
    cut = text[: width - 1]
    while measure(cut) > width - 1:
        cut = cut[:-1]
    return cut + ellipsis


def start(text: str, width: int, measure: Measure = len, ellipsis: str = "…") -> str:
    """`text` cut at its start to `width` cells at most, the first of them the ellipsis; no dot follows it."""
    if measure(text) <= width:
        return text
    if width <= 1:
        return ellipsis[:width]
    cut = text[-(width - 1) :]
    while measure(cut) > width - 1:
        cut = cut[1:]
    return ellipsis + (cut.lstrip(".") or cut)


def middle(text: str, width: int, measure: Measure = len, ellipsis: str = "…") -> str:
    """`text` cut in its middle to `width` cells, one of them the ellipsis."""
    if measure(text) <= width:
        return text
    before = end(text, (width + 1) // 2, measure, ellipsis)
    return before + start(text, width - measure(before) + 1, measure, "")


def differing(a: str, b: str, width: int, ellipsis: str = "…") -> tuple[str, str]:
    """Two texts for `width` characters each, without the beginning they share where what differs would not be seen."""
    same = _alike(a, b)
    if max(len(a), len(b)) <= width or same <= width * 2 // 3:
        return a, b
    gone = min(same - width // 3, max(len(a), len(b)) - width + len(ellipsis))
    return ellipsis + a[gone:], ellipsis + b[gone:]


def _alike(a: str, b: str) -> int:
    """How many characters two texts begin with alike; quick also for megabytes."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def event_type(text: str, width: int, measure: Measure = len, ellipsis: str = "…") -> str:
    """An event type without its first segments: ``…tag.policy_evaluation.update``.

    Where only a short last segment would remain, the one before it is cut instead:
    ``…policy_evaluati….update``.
    """
    if measure(text) <= width:
        return text
    segments = text.split(".")
    for first in range(1, len(segments)):
        shown = ellipsis + ".".join(segments[first:])
        if measure(shown) <= width:
            if first == len(segments) - 1 and len(segments[-1]) < _SHORT_SEGMENT:
                break
            return shown
    last, before = segments[-1], ellipsis if len(segments) > 2 else ""
    room = width - measure(last) - len(before) - 1
    if len(segments) > 1 and room > 3:
        return f"{before}{end(segments[-2], room, measure, ellipsis)}.{last}"
    return end((ellipsis if len(segments) > 1 else "") + last, width, measure, ellipsis)


def resource(text: str, width: int, measure: Measure = len, ellipsis: str = "…") -> str:
    """A resource without its leading parts: ``…/shop/cart:2.14``; a digest keeps its beginning."""
    if measure(text) <= width:
        return text
    if _DIGEST.fullmatch(text):
        return end(text, width, measure, ellipsis)
    parts = text.split("/")
    for first in range(1, len(parts)):
        shown = f"{ellipsis}/" + "/".join(parts[first:])
        if measure(shown) <= width:
            return shown
    last = parts[-1]
    _name, sign, digest = last.partition("@")
    if sign and _DIGEST.fullmatch(digest):
        return end(last, width, measure, ellipsis)
    return start(text, width, measure, ellipsis)
