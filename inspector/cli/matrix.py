"""``inspector matrix``: which field stands in which of several types, at a glance."""

from __future__ import annotations

import string
import sys

import click

from inspector.cli.arguments import json_option
from inspector.cli.output import Column, cut_type, emit, narrate, print_table, style
from inspector.core import shorten, units
from inspector.core.payload import show_path
from inspector.core.text import visible
from inspector.store.matrix import Matrix, read_matrix
from inspector.store.place import store_path
from inspector.store.reader import Reader

_SIGNS = {"always": "●", "sometimes": "◐", "mixed": "≠", "never": "·"}
_ASCII = {"always": "#", "sometimes": "+", "mixed": "~", "never": "."}
_LOOKS = {"always": "green", "sometimes": "yellow", "mixed": "magenta"}
_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits


@click.command("matrix", short_help="Which field stands in which type.")
@click.argument("name", metavar="[TYPE]", required=False)
@json_option
@click.pass_obj
def matrix_command(store: str | None, name: str | None, as_json: bool) -> None:
    """Fields down, types across, and a sign for how a field stands in a type: always, sometimes, with more than one
    type of value, or never.

    TYPE may hold * or name its sender: 'user.image.*', 'github:*'. Without it: the types of Anchore, or of the sender
    of the most events. Of Anchore's types the fields of details are shown.

    \b
    Examples:
      inspector matrix
      inspector matrix 'system.feeds.*'
      inspector matrix 'github:*' --json
    """
    with Reader(store_path(store)) as reader:
        matrix = read_matrix(reader, name)
    if as_json:
        _emit(matrix)
    elif not matrix.fields:
        narrate(
            "No types yet. They come with the first event."
            if not matrix.columns
            else "No field in any of them."
        )
    else:
        _print(matrix)


def _emit(matrix: Matrix) -> None:
    names = matrix.names
    for line in matrix.fields:
        there = {
            names[at]: {
                "stands": line.stands(at),
                "types": list(field.types),
                "present": field.present,
                "of": field.of,
            }
            for at, field in enumerate(line.fields)
            if field is not None
        }
        emit({"path": show_path(line.path), "in": there})


def _print(matrix: Matrix) -> None:
    signs = _SIGNS if sys.stdout.encoding.lower().startswith("utf") else _ASCII
    letters = "".join(_LETTERS[at] if at < len(_LETTERS) else "+" for at in range(len(matrix.columns)))
    rows = [
        (show_path(line.path), "".join(signs[line.stands(at)] for at in range(len(letters))))
        for line in matrix.fields
    ]
    colours = {signs[how]: colour for how, colour in _LOOKS.items()}
    print_table(
        (Column("field", gives=1, least=16, cut=shorten.start), Column(letters)),
        rows,
        looks=lambda at, cell: style(cell, fg="cyan") if at == 0 else _coloured(cell, colours),
    )
    print()
    print_table(
        (Column(), Column("type", gives=1, least=8, cut=cut_type)),
        list(zip(letters, matrix.names, strict=True)),
    )
    told = {"always": "always", "sometimes": "sometimes", "mixed": "not one type of value", "never": "never"}
    print("\n" + "   ".join(f"{signs[how]} {words}" for how, words in told.items()))
    types, fields = units.count(len(letters), "type"), units.count(len(rows), "field")
    narrate(f"{visible(matrix.about)}: {types}, {fields}")


def _coloured(cell: str, colours: dict[str, str]) -> str:
    return "".join(
        style(sign, fg=colours[sign]) if sign in colours else style(sign, dim=True) for sign in cell
    )
