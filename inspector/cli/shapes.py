"""``inspector types`` and ``shape``: what the store has learnt of the payloads."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from inspector.cli.arguments import FilterCommand, filter_argument, filter_of, json_option
from inspector.cli.output import Column, cut_type, emit, narrate, print_table, style
from inspector.core import shorten, units
from inspector.core.events import Event, InspectorError, JsonObject
from inspector.core.examples import collect_examples
from inspector.core.payload import show_path
from inspector.core.type_shape import Field, TypeShape
from inspector.store.lately import bars_of_the_hour
from inspector.store.place import store_path
from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.core.filters import Filter
    from inspector.core.statistics import Statistics

SAMPLED = 30
"""Variants of which an event is read for examples."""
READ = 100
"""Events that are read for what the values look like."""
STATISTICS_OF = 1_000
"""The same with ``--stats``."""
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇", "._-:=+#"


@click.command("types", cls=FilterCommand, short_help="Event types, with counts and variants.")
@filter_argument
@click.option("--all", "documented", is_flag=True, help="Documented Anchore types not seen yet, too.")
@click.option("--tree", is_flag=True, help="By sender, Anchore's by category and subcategory.")
@json_option
@click.pass_obj
def types_command(
    store: str | None, words: tuple[str, ...], documented: bool, tree: bool, as_json: bool
) -> None:
    """List the event types seen: how many events, how many distinct shapes (variants), first and last seen.

    With a FILTER only matching events count. The bars are the last hour, ten minutes each.
    """
    wanted = filter_of(words)
    with Reader(store_path(store)) as reader:
        found = reader.types(wanted)
        hour = {} if as_json or wanted is not None else bars_of_the_hour(reader, time.time_ns() // 1000)
    lines = [entry.as_json() for entry in found]
    if documented:
        from inspector.anchore.catalogue import documented_types

        seen = {entry.type for entry in found if entry.sender == "anchore"}
        lines += [
            {
                "type": entry.type,
                "sender": "anchore",
                "count": 0,
                "variants": 0,
                "first_seen": None,
                "last_seen": None,
            }
            for entry in documented_types()
            if entry.type not in seen and _is_named(wanted, entry.type)
        ]
    if as_json:
        for line in lines:
            emit(line)
        return
    print_table(
        (
            Column("type", gives=2, least=16, cut=cut_type),
            Column("sender"),
            Column("events", right=True),
            *([Column("hour")] if hour else []),
            Column("variants", right=True),
            Column("first seen", gives=1, least=0, cut=_whole),
            Column("last seen"),
        ),
        [
            (
                label,
                "" if tree else line["sender"] or "",
                units.count(line["count"]) if line["count"] else "–",
                *([_bars(hour.get((line["sender"], line.get("type", "")), ()))] if hour else []),
                units.count(line["variants"]) if line["count"] else "",
                "" if line["first_seen"] is None else _minute(line["first_seen"]),
                _last_seen(line),
            )
            for label, line in (_as_tree(lines) if tree else [(line["type"], line) for line in lines])
        ],
        looks=lambda at, cell: style(cell, dim=True) if at == 1 or at > 3 + bool(hour) else cell,
    )
    if not lines:
        narrate("No types yet. They come with the first event." if wanted is None else "No type matches.")


def _bars(counts: Sequence[int]) -> str:
    """A bar for each ten minutes; empty without any event."""
    bars = _BARS if sys.stdout.encoding.lower().startswith("utf") else _ASCII_BARS
    most = max(*counts, 4) if any(counts) else 0
    return "".join(bars[count * (len(bars) - 1) // most] for count in counts) if most else ""


def _as_tree(lines: Sequence[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """The types below their senders, Anchore's below ``category.subcategory``; a heading has the sums of what
    is below it."""
    from inspector.anchore.catalogue import grouped, sender_order

    for sender in sorted({line["sender"] for line in lines}, key=sender_order):
        own = {line["type"]: line for line in lines if line["sender"] == sender}
        yield sender or "no sender", _sum([*own.values()])
        for heading, names in grouped(own) if sender == "anchore" else [("", sorted(own))]:
            if heading:
                yield f"  {heading}", _sum([own[name] for name in names])
            for name in names:
                yield f"    {name.removeprefix(f'{heading}.')}" if heading else f"  {name}", own[name]


def _sum(lines: Sequence[JsonObject]) -> JsonObject:
    first = [line["first_seen"] for line in lines if line["first_seen"] is not None]
    last = [line["last_seen"] for line in lines if line["last_seen"] is not None]
    counts = {name: sum(line[name] for line in lines) for name in ("count", "variants")}
    seen = {"first_seen": min(first, default=None), "last_seen": max(last, default=None)}
    return {**counts, **seen, "sender": None}


def _whole(text: str, width: int, measure: shorten.Measure = len) -> str:
    """A time is shown whole or not at all."""
    return text if measure(text) <= width else ""


def _last_seen(line: JsonObject) -> str:
    """When the newest event came; of a documented type without one, that, and whether any is to be expected."""
    if line["last_seen"] is not None:
        return _minute(line["last_seen"])
    from inspector.anchore.catalogue import documented_types

    legacy = any(entry.legacy and entry.type == line["type"] for entry in documented_types())
    return "unseen; of the older webhook" if legacy else "unseen"


def _minute(when: str) -> str:
    """``2025-11-21 09:42Z`` for a time in full."""
    return f"{when[:10]} {when[11:16]}Z"


def _is_named(wanted: Filter | None, name: str) -> bool:
    """True when a type that was not seen yet is one that the filter names."""
    return (
        wanted is None
        or wanted.matches_event(Event(0, 0, None, None, "", 0, sender="anchore", type=name)) is True
    )


@click.command("shape", short_help="The fields of one type: types, presence, examples.")
@click.argument("name", metavar="TYPE")
@click.option(
    "--stats", is_flag=True, help="Tell the values from up to 1,000 events, not 100; with --json, too."
)
@click.option(
    "--keys-are-data", "data", metavar="PATH", help="Take the keys at PATH for data from now on: {*}."
)
@click.option(
    "--keys-are-names", "names", metavar="PATH", help="Take them for names, and read the events again."
)
@json_option
@click.pass_obj
def shape_command(
    store: str | None, name: str, stats: bool, data: str | None, names: str | None, as_json: bool
) -> None:
    """The field table of one type: every path, its types, in how many events it was present, and what its
    values look like: format, counts, range, examples.

    TYPE may hold * (then several types are taken together) or name its sender: github:push.

    Keys that are data (digests, ids, names of exceptions) are shown as {*}. Where that is not so, or not yet,
    say it: --keys-are-names details.errors, --keys-are-data details.tags. It is kept in the store.
    """
    if data is not None and names is not None:
        raise InspectorError("--keys-are-data and --keys-are-names are told one at a time.")
    if data is not None or names is not None:
        from inspector.cli.tell_keys import tell_keys

        tell_keys(store_path(store), name, data, names)
    with Reader(store_path(store)) as reader:
        types = reader.resolve_type(name)
        keys = [(entry.sender, entry.type) for entry in types]
        shape = reader.shape_of_types(keys)
        values = (
            _statistics(reader, shape, keys, STATISTICS_OF if stats else READ)
            if stats or not as_json
            else None
        )
        examples = collect_examples(_sampled_payloads(reader, shape), shape.merged) if as_json else {}
    if as_json or values is None:
        for field in shape.fields:
            emit(
                {
                    "path": show_path(field.path),
                    "types": list(field.types),
                    "present": field.present,
                    "of": field.of,
                    "optional": field.optional,
                    "examples": examples.get(field.path, []),
                    "first_event": field.first_event,
                    "last_event": field.last_event,
                    "collapsed": field.collapsed_reason,
                    "names_told": field.names_told,
                    **(values.at(field.path).as_json(field.path) if values is not None else {}),
                }
            )
        return
    if not shape.fields:
        narrate("No shape: no event of this type has a JSON body.")
        return
    print_table(
        (
            Column("field", gives=2, least=32, cut=shorten.start),
            Column("type", gives=3, least=12),
            Column("in"),
            Column("values", gives=1, least=12),
        ),
        [
            (
                show_path(field.path),
                field.words,
                _presence(field),
                "; ".join(each for each in (field.keys_words, values.in_words(field.path)) if each),
            )
            for field in shape.fields
        ],
        looks=lambda at, cell: (
            style(cell, fg="cyan") if at == 0 else style(cell, dim=True) if at == 3 else cell
        ),
    )
    read = "" if values.payloads >= shape.events else f"; values of {units.count(values.payloads, 'event')}"
    if read and not stats:
        read += f", --stats reads {units.count(STATISTICS_OF)}"
    narrate(
        f"{units.count(shape.events, 'event')}, {units.count(len(shape.variants), 'variant')}, "
        f"{units.count(len(shape.fields), 'field')}{read}"
    )


def _statistics(
    reader: Reader, shape: TypeShape, keys: list[tuple[str | None, str]], most: int
) -> Statistics:
    from inspector.core.statistics import gather
    from inspector.store.payloads import payloads_of

    return gather(payloads_of(reader, shape, keys, most), shape.merged, shape.events)


def _presence(field: Field) -> str:
    """``all``, or ``7 of 12``; and whether an object that it belongs to was seen without it."""
    words = "all" if field.present == field.of else f"{units.count(field.present)} of {units.count(field.of)}"
    return f"{words}, optional" if field.optional else words


def _sampled_payloads(reader: Reader, shape: TypeShape) -> Iterator[Any]:
    """Payloads that show what is in a type: the newest and the first event of each variant."""
    from inspector.store.payloads import payloads_at

    ids = [number for each in shape.variants[:SAMPLED] for number in (each.last_event, each.first_event)]
    return payloads_at(reader, dict.fromkeys(ids))
