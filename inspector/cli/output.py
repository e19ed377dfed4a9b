"""How commands print: JSON lines for scripts, aligned columns for people, every text safe for the
terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from inspector.core import shorten
from inspector.core.strict_json import json_line
from inspector.core.text import visible


def emit(value: object, *, at_once: bool = False) -> None:
    """Print one JSON object as a line of plain ASCII; `at_once` flushes it to whoever reads."""
    sys.stdout.write(json_line(value) + "\n")
    if at_once:
        sys.stdout.flush()


def coloured() -> bool:
    """True when colour is wanted: stdout is a terminal that has it, and NO_COLOR is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, **looks: Any) -> str:
    """`text` in colour where colour is wanted; it must be safe to show already."""
    return click.style(text, **looks) if coloured() else text


def narrate(text: str) -> None:
    """A line for people, on stderr."""
    print(visible(text), file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its head, and what becomes of it where the terminal is too narrow for all."""

    head: str = ""
    right: bool = False
    """Aligned to the right."""
    gives: int = 0
    """Its place among the columns that give way, 1 first; 0 for one that does not."""
    least: int = 8
    """Cells it is left."""
    cut: Callable[[str, int, shorten.Measure], str] = shorten.end
    """How a text is made to fit."""


def print_table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    looks: Callable[[int, str], str] | None = None,
) -> None:
    """Print columns, made safe, and cut to the terminal's width where there is one.

    `looks` colours a cell, given its column's number and its padded text.
    """
    table = [[visible(cell) for cell in row] for row in rows]
    if not table:
        return
    widths = _widths(columns, table)
    heads = [_fit(column.head, width, column) for column, width in zip(columns, widths, strict=True)]
    print(style("  ".join(heads).rstrip(), dim=True))
    for row in table:
        cells = [_fit(cell, widths[at], columns[at]) for at, cell in enumerate(row)]
        if looks is not None:
            cells = [looks(at, cell) for at, cell in enumerate(cells)]
        print("  ".join(cells).rstrip())


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column: that of its widest cell, less where the terminal has no room for all."""
    heads = [column.head for column in columns]
    widths = [max(map(_cells, texts)) for texts in zip(heads, *rows, strict=True)]
    if sys.stdout.isatty():
        over = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
        giving = [at for at, column in enumerate(columns) if column.gives]
        for at in sorted(giving, key=lambda at: columns[at].gives):
            given = min(max(over, 0), max(widths[at] - columns[at].least, 0))
            widths[at] -= given
            over -= given
    return widths


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text
    )


def _fit(text: str, width: int, column: Column) -> str:
    if _cells(text) > width:
        text = column.cut(text, width, _cells)
    padding = " " * (width - _cells(text))
    return padding + text if column.right else text + padding


def cut_type(text: str, width: int, measure: shorten.Measure = len) -> str:
    """A type loses its first segments; what stands in its place, a sentence or a request line, its end."""
    cut = shorten.end if " " in text else shorten.event_type
    return cut(text, width, measure)
