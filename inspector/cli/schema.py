"""``inspector schema`` and ``sample``: what was learnt of event types, for other tools."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from inspector.cli.arguments import Number
from inspector.cli.output import narrate
from inspector.core.events import InspectorError
from inspector.core.export.forms import ENDINGS, FORMS, WITH_VALUES, write_as
from inspector.core.export.learnt import Learnt
from inspector.store.learning import SCANNED, learnt_type
from inspector.store.place import store_path
from inspector.store.reader import MAX_VARIANTS, Reader

output_option = click.option(
    "-o", "--output", metavar="FILE", default=None, help="Write to a file that only you can read."
)


def learnt_types(reader: Reader, text: str, scan: int = 0) -> list[Learnt]:
    """The types that an argument means, without those that never had a JSON body.

    With `scan`, the values of so many events of each are gathered, their secrets masked.
    """
    found: list[Learnt] = []
    for entry in reader.resolve_type(text):
        learnt = learnt_type(reader, entry.sender, entry.type, scan)
        if learnt is None:
            continue
        if entry.variants > MAX_VARIANTS:
            narrate(
                f"{entry.type}: the {MAX_VARIANTS} most frequent of {entry.variants:,} variants are taken."
            )
        found.append(learnt)
    if not found:
        raise InspectorError(f"{text} has no shape: no event of it has a JSON body.", code=1)
    return found


def deliver(text: str, output: str | None) -> None:
    """Print a text, or write it to a file with mode 0600."""
    if output is None:
        print(text, end="")
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
    except OSError as error:
        raise InspectorError(f"cannot write {output}: {(error.strerror or str(error)).lower()}.") from None
    narrate(f"Wrote {Path(output)}.")


@click.command("schema", short_help="A type as JSON Schema, TypeScript, Python, or a reference page.")
@click.argument("name", metavar="TYPE")
@click.option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    help=f"Else by the ending of FILE ({' '.join(ENDINGS)}), else json-schema.",
)
@click.option("--open", "open_", is_flag=True, help="JSON Schema: allow fields that no event has had.")
@click.option(
    "--scan",
    type=Number("number of events", 0),
    default=SCANNED,
    metavar="N",
    help=f"Reference: events of each type to read for values ({SCANNED:,}).",
)
@output_option
@click.pass_obj
def schema_command(
    store: str | None, name: str, form: str | None, open_: bool, scan: int, output: str | None
) -> None:
    """Write what was learnt of TYPE for other tools: a JSON Schema (2020-12), TypeScript types, Python
    TypedDicts or Pydantic models, or a reference of its fields as Markdown or HTML, with values whose secrets
    are masked.

    TYPE may hold * ('*' is every type) or name its sender: github:push. Every event that the schema was
    learnt from validates against it; what no event has had does not, unless --open.
    """
    form = form or ENDINGS.get(Path(output or "").suffix.lower(), FORMS[0])
    if open_ and form != "json-schema":
        raise InspectorError("--open goes with --as json-schema.")
    with Reader(store_path(store)) as reader:
        types = learnt_types(reader, name, scan if form in WITH_VALUES else 0)
    deliver(write_as(form, types, name, closed=not open_), output)


@click.command("sample", short_help="A synthetic payload of a type.")
@click.argument("name", metavar="TYPE")
@click.option("--all-fields", is_flag=True, help="Every field that any event has had, not only the required.")
@click.option(
    "--count", type=Number("number of samples", 1), default=1, metavar="N", help="So many, one a line."
)
@click.option("--seed", type=int, default=0, metavar="S", help="Another seed gives other payloads (0).")
@output_option
@click.pass_obj
def sample_command(
    store: str | None, name: str, all_fields: bool, count: int, seed: int, output: str | None
) -> None:
    """Make a payload that fits TYPE but never happened, to try a receiver with: the fields that are always
    there, or with --all-fields every one.

    Ids, digests and times are made up, other values are ones that were seen; secrets are not among them.

    \b
    Examples:
      inspector sample user.image.analysis.failed -o sample.json
      inspector send sample.json --to http://localhost:3000/hooks
    """
    import random

    from inspector.core.export.sample import sample

    with Reader(store_path(store)) as reader:
        types = learnt_types(reader, name, SCANNED)
    chance = random.Random(seed)
    made = [sample(each, chance, all_fields=all_fields) for each in types for _ in range(count)]
    indent = 2 if len(made) == 1 else None
    deliver("".join(f"{json.dumps(each, indent=indent)}\n" for each in made), output)
