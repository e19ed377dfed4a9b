"""``inspector diff``: what differs between two shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from inspector.cli.arguments import json_option
from inspector.cli.output import Column, emit, narrate, print_table, style
from inspector.core import shorten
from inspector.core.alignment import on_side
from inspector.core.diff import Change, counts_in_words
from inspector.core.events import InspectorError, Request
from inspector.core.header_diff import HeaderLine, diff_headers
from inspector.core.payload import show_path
from inspector.core.text import visible
from inspector.core.units import count
from inspector.core.value_diff import ABSENT, MAX_PLACES, ValueLine, diff_values
from inspector.store.place import store_path
from inspector.store.reader import Reader


@contextmanager
def _reader_for(path: Path, a: str, b: str) -> Iterator[Reader]:
    """The store; an empty throw-away one when there is none and two files need none."""
    from tempfile import TemporaryDirectory

    from inspector.store.files import is_payload_file
    from inspector.store.writer import StoreWriter

    with ExitStack() as stack:
        if not path.exists() and is_payload_file(a) and is_payload_file(b):
            path = Path(stack.enter_context(TemporaryDirectory())) / "events.db"
            StoreWriter(path).close()
        yield stack.enter_context(Reader(path))


_SIGNS = {"removed": "-", "added": "+", "retyped": "~", "optional": "?", "required": "!"}
_COLOURS = {
    "removed": "red",
    "added": "green",
    "retyped": "yellow",
    "optional": "yellow",
    "required": "yellow",
}
_CHANGES = {"-": "removed", "+": "added", "~": "changed"}
_LONGEST = 200
"""Characters of a value in the table."""
_Row = tuple[tuple[str, ...], dict[str, object]]
"""One difference: the cells of its line in the table, and its JSON."""


@click.command("diff", short_help="Compare two shapes.")
@click.argument("a")
@click.argument("b")
@click.option("--values", is_flag=True, help="Compare value by value, not the shapes.")
@click.option("--headers", is_flag=True, help="Compare request lines and headers; secrets are masked.")
@json_option
@click.option("--exit-code", is_flag=True, help="Exit 1 when there are changes.")
@click.pass_obj
def diff_command(
    store: str | None, a: str, b: str, values: bool, headers: bool, as_json: bool, exit_code: bool
) -> int:
    """Compare the shapes of A and B: fields only in A, only in B, and in both with another type.

    A and B are each a type (user.image.analysis.completed, also with * or as sender:type), an event's id, or
    a file (with a / in it, or ending in .json or .http): a payload, a JSON Schema or a baseline. Filter words
    after an @ narrow a type to some of its events; without a type before the @ it is that of the other side.

    With --values or --headers one request stands for each side: of a type its first.

    \b
    Examples:
      inspector diff user.image.analysis.processing user.image.analysis.completed
      inspector diff push@before:24h @since:24h
      inspector diff 'push@header.user-agent:GitHub-Hookshot/1*' 1204
      inspector diff push ./push.schema.json
      inspector diff 1204 1207 --values
    """
    from inspector.store.sides import compare, payload_in_side, request_of, resolve_sides, why_no_request

    if values and headers:
        raise click.UsageError("--values and --headers are two questions: ask one at a time")
    with _reader_for(store_path(store), a, b) as reader:
        one, other = resolve_sides(reader, a, b)
        requests = [request_of(reader, side) for side in (one, other)] if values or headers else []
    labels = f"a  {visible(one.label)}\nb  {visible(other.label)}\n"
    if values:
        payloads = [payload_in_side(*side) for side in zip("ab", (one, other), requests, strict=True)]
        lines = diff_values(*payloads)
        found = [_value_row(line) for line in lines if line.sign != "="]
        _tell(labels, found, "field", "value", as_json)
        if len(lines) >= MAX_PLACES:
            narrate(f"Only the first {MAX_PLACES:,} values are compared.")
        return 1 if exit_code and found else 0
    if headers:
        heads: list[Request] = []
        for letter, side, request in zip("ab", (one, other), requests, strict=True):
            if request is None:
                raise InspectorError(f"{why_no_request(letter, side)}; there are no headers to compare.")
            heads.append(request)
        found = [_header_row(line) for line in diff_headers(*heads) if line.sign != "="]
        _tell(labels, found, "header", "header line", as_json)
        return 1 if exit_code and found else 0
    changes = compare(one, other)
    if as_json:
        for change in changes:
            emit(change.as_json())
    elif not changes:
        print("The same shape.")
    else:
        print(style(labels, dim=True))
        _print_changes(changes)
        narrate(counts_in_words(changes))
    return 1 if exit_code and changes else 0


def _print_changes(changes: Sequence[Change]) -> None:
    rows: list[tuple[str, ...]] = []
    for change in changes:
        breaking = "breaking" if change.breaking else ""
        rows.append(
            (_SIGNS[change.change], show_path(change.path), change.a or "–", change.b or "–", breaking)
        )
        if change.moved is not None:
            where = "to" if change.change == "removed" else "from"
            rows.append(("", f"  moved {where} {show_path(change.moved)}", "", "", ""))
    _print_rows("field", rows)


def _print_rows(what: str, rows: Sequence[tuple[str, ...]]) -> None:
    """A sign, what differs, both sides, and a note where there is one."""
    colours = dict(zip(_SIGNS.values(), _COLOURS.values(), strict=True))

    def looks(at: int, cell: str) -> str:
        return style(cell, fg=colours[cell]) if at == 0 and cell in colours else cell

    columns = (
        Column(),
        Column(what, gives=1, least=24, cut=shorten.start),
        Column("a", gives=2, least=10),
        Column("b", gives=3, least=10),
        Column(),
    )
    print_table(columns, rows, looks)


def _tell(labels: str, found: Sequence[_Row], head: str, what: str, as_json: bool) -> None:
    """What differs between two requests: JSON lines, or a table and how many there are."""
    if as_json:
        for _, line in found:
            emit(line)
    elif not found:
        print(f"The same {what}s.")
    else:
        print(style(labels, dim=True))
        _print_rows(head, [cells for cells, _ in found])
        narrate(f"{count(len(found), what)} {'differs' if len(found) == 1 else 'differ'}.")


def _value_row(line: ValueLine) -> _Row:
    """In JSON ``a`` and ``b`` are left out where nothing stands; there are two paths where an element has moved."""
    path, (here, there) = show_path(line.path), [show_path(on_side(line.path, side)) for side in "ab"]
    found: dict[str, object] = {"change": _CHANGES[line.sign], "path": path}
    if here != there:
        found |= {"path_a": here, "path_b": there}
    found |= {name: value for name, value in (("a", line.a), ("b", line.b)) if value is not ABSENT}
    a, b = line.in_words(_LONGEST)
    return (line.sign, path, a or "–", b or "–", ""), found


def _header_row(line: HeaderLine) -> _Row:
    cells = line.sign, line.name, ", ".join(line.a) or "–", ", ".join(line.b) or "–", ""
    return cells, {"change": _CHANGES[line.sign], "name": line.name, "a": line.a, "b": line.b}
