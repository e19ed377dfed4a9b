"""How commands print: JSON lines for scripts, aligned columns for people, every text safe for the
terminal."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from inspector.core.text import visible


def emit(value: object, *, at_once: bool = False) -> None:
    """Print one JSON object as a line of plain ASCII; `at_once` flushes it to whoever reads."""
    sys.stdout.write(json_line(value) + "\n")
    if at_once:
        sys.stdout.flush()


def json_line(value: object) -> str:
    """A value as one line of strict JSON; NaN and infinities, which JSON does not have, as their names."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in value.items()}
    return [_finite(element) for element in value] if isinstance(value, list | tuple) else value


def coloured() -> bool:
    """True when colour is wanted: stdout is a terminal that has it, and NO_COLOR is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, **looks: Any) -> str:
    """`text` in colour where colour is wanted; it must be safe to show already."""
    return click.style(text, **looks) if coloured() else text


def narrate(text: str) -> None:
    """A line for people, on stderr."""
    print(visible(text), file=sys.stderr)


def print_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[int] = (),
    looks: Callable[[int, str], str] | None = None,
) -> None:
    """Print columns, made safe and cut to the terminal's width where there is one.

    `right` names the columns that are aligned to the right; `looks` colours a cell, given its column and its
    padded text.
    """
    table = [[visible(cell) for cell in row] for row in rows]
    if not table:
        return
    heads = [visible(head) for head in heads]
    widths = _widths([heads, *table])
    line = "  ".join(_fit(head, widths[at], at in right) for at, head in enumerate(heads))
    print(style(line.rstrip(), dim=True))
    for row in table:
        cells = [_fit(cell, widths[at], at in right) for at, cell in enumerate(row)]
        if looks is not None:
            cells = [looks(at, cell) for at, cell in enumerate(cells)]
        print("  ".join(cells).rstrip())


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column: that of its widest cell, less where the terminal has no room for all."""
    widths = [max(map(_cells, column)) for column in zip(*rows, strict=True)]
    if not sys.stdout.isatty():
        return widths
    over = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
    while over > 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= 8:
            break
        widths[widest] -= 1
        over -= 1
    return widths


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text
    )


def _fit(text: str, width: int, right: bool) -> str:
    cells = _cells(text)
    if cells > width:
        text = text[:width]
        while text and _cells(text) > width - 1:
            text = text[:-1]
        text += "…"
        cells = _cells(text)
    padding = " " * (width - cells)
    return padding + text if right else text + padding
