"""``inspector diff``: what differs between two shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from inspector.cli.arguments import json_option
from inspector.cli.output import Column, emit, narrate, print_table, style
from inspector.core import shorten
from inspector.core.diff import Change, counts_in_words
from inspector.core.payload import show_path
from inspector.core.text import visible
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


@click.command("diff", short_help="Compare two shapes.")
@click.argument("a")
@click.argument("b")
@json_option
@click.option("--exit-code", is_flag=True, help="Exit 1 when there are changes.")
@click.pass_obj
def diff_command(store: str | None, a: str, b: str, as_json: bool, exit_code: bool) -> int:
    """Compare the shapes of A and B: fields only in A, only in B, and in both with another type.

    A and B are each a type (user.image.analysis.completed, also with * or as sender:type), an event's id, or
    a file (with a / in it, or ending in .json or .http): a payload, a JSON Schema or a baseline. Filter words
    after an @ narrow a type to some of its events; without a type before the @ it is that of the other side.

    \b
    Examples:
      inspector diff user.image.analysis.processing user.image.analysis.completed
      inspector diff push@before:24h @since:24h
      inspector diff 'push@header.user-agent:GitHub-Hookshot/1*' 1204
      inspector diff push ./push.schema.json
    """
    from inspector.store.sides import compare, resolve_sides

    with _reader_for(store_path(store), a, b) as reader:
        one, other = resolve_sides(reader, a, b)
    changes = compare(one, other)
    if as_json:
        for change in changes:
            emit(change.as_json())
    elif not changes:
        print("The same shape.")
    else:
        print(style(f"a  {visible(one.label)}\nb  {visible(other.label)}\n", dim=True))
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
    colours = dict(zip(_SIGNS.values(), _COLOURS.values(), strict=True))

    def looks(at: int, cell: str) -> str:
        return style(cell, fg=colours[cell]) if at == 0 and cell in colours else cell

    columns = (
        Column(),
        Column("field", gives=1, least=24, cut=shorten.start),
        Column("a", gives=2, least=10),
        Column("b", gives=3, least=10),
        Column(),
    )
    print_table(columns, rows, looks)
