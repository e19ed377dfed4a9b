"""How commands print: JSON lines for scripts, aligned columns for people, every text safe for the terminal."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from inspector.cli import NOT_AN_OPTION
from inspector.core.text import visible

if TYPE_CHECKING:
    from inspector.core.filters import Filter

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
filter_argument = click.argument("words", nargs=-1, metavar="[FILTER]...")


def filter_of(words: Sequence[str]) -> Filter | None:
    """The filter that a command's words mean; None when there are none."""
    if not words:
        return None
    from inspector.core.filters import parse_filter

    return parse_filter([word.removeprefix(NOT_AN_OPTION) for word in words])


def emit(value: object) -> None:
    """Print one JSON object as a line of plain ASCII."""
    sys.stdout.write(json.dumps(value) + "\n")


def coloured() -> bool:
    """True when colour is wanted: stdout is a terminal that has it, and NO_COLOR is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, **looks: object) -> str:
    """`text` in colour where colour is wanted; it must be safe to show already."""
    return click.style(text, **looks) if coloured() else text  # type: ignore[arg-type]


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

    `right` names the columns that are aligned to the right; `looks` colours a cell, given its column and padded text.
    """
    table = [[visible(cell) for cell in row] for row in rows]
    if not table:
        return
    widths = [max(len(head), *(_cells(row[at]) for row in table)) for at, head in enumerate(heads)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if room is not None:
        over = sum(widths) + 2 * (len(widths) - 1) - room
        while over > 0:
            widest = max(range(len(widths)), key=lambda at: widths[at])
            if widths[widest] <= 8:
                break
            cut = min(over, max(1, widths[widest] - 8))
            widths[widest] -= cut
            over -= cut
    print(style("  ".join(_fit(head, width, at in right) for at, (head, width) in enumerate(zip(heads, widths, strict=True))).rstrip(), dim=True))
    for row in table:
        cells = [_fit(cell, width, at in right) for at, (cell, width) in enumerate(zip(row, widths, strict=True))]
        if looks is not None:
            cells = [looks(at, cell) for at, cell in enumerate(cells)]
        print("  ".join(cells).rstrip())


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text)


def _fit(text: str, width: int, right: bool) -> str:
    cells = _cells(text)
    if cells > width:
        while text and _cells(text) > width - 1:
            text = text[:-1]
        text += "…"
        cells = _cells(text)
    padding = " " * (width - cells)
    return padding + text if right else text + padding
