"""What the diff screen reads and compares, in threads: changes, values and requests of two sides."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path

from inspector.core.diff import Change, counts_in_words
from inspector.core.events import InspectorError, Request
from inspector.core.value_diff import ValueLine, diff_values
from inspector.store.reader import Reader
from inspector.store.sides import Side, payload_in_side, request_of
from inspector.tui.screens.diff_rows import (
    Hints,
    Line,
    as_rows,
    count_alike,
    header_lines,
    shape_lines,
    value_lines,
)
from inspector.tui.screens.examples import hints_of
from inspector.tui.widgets.rows import Row


@dataclass(slots=True)
class Compared:
    """What was read and compared, once for all tabs."""

    changes: list[Change] = field(default_factory=list)
    hints: tuple[Hints, Hints] = ({}, {})
    requests: tuple[Request | None, Request | None] = (None, None)
    values: list[ValueLine] = field(default_factory=list)
    no_values: str = ""
    """Why there are no values to compare."""


@dataclass(frozen=True, slots=True)
class View:
    """What the open tab shows."""

    rows: list[Row] = field(default_factory=list)
    places: dict[Hashable, int] = field(default_factory=dict)
    """Keys of the rows that are changes, with their number from 1."""
    present: int = 0
    """Cells of the column that says how common a field is."""
    alike: int = 0
    words: str = ""


def view_of(found: Compared | None, sides: tuple[Side, Side], tab: int, alike: bool) -> View:
    """The rows of a tab. Runs in a thread."""
    if found is None:
        return View()
    a, b = (side.shape for side in sides)
    lines: list[Line] = []
    if tab == 0:
        lines = shape_lines(a, b, found.changes, alike, found.hints)
    elif tab == 1:
        lines = value_lines(found.values, alike)
    elif found.requests[0] is not None and found.requests[1] is not None:
        lines = header_lines(found.requests[0], found.requests[1], alike)
    rows = as_rows(lines)
    changed = [row.key for row, line in zip(rows, lines, strict=True) if line.sign]
    return View(
        rows,
        {key: number for number, key in enumerate(changed, 1)},
        max((len(words) for line in lines for words in (line.in_a, line.in_b)), default=0),
        count_alike(a, found.changes),
        counts_in_words(found.changes),
    )


def read_both(store: Path, a: Side, b: Side, changes: list[Change]) -> Compared:
    """All that needs events: hints on values, and the two requests compared value by value."""
    found = Compared(changes)
    with Reader(store) as reader:
        found.hints = (hints_of(reader, a), hints_of(reader, b))
        found.requests = (request_of(reader, a), request_of(reader, b))
    try:
        payloads = [
            payload_in_side(letter, side, request)
            for letter, side, request in zip("ab", (a, b), found.requests, strict=True)
        ]
    except InspectorError as error:
        found.no_values = str(error)
        return found
    found.values = diff_values(*payloads)
    return found
