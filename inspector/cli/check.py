"""``inspector check``: whether events still look as they did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import click

from inspector.cli.arguments import FilterCommand, filter_of, json_option, unprotected
from inspector.cli.output import emit, narrate, style
from inspector.core import units
from inspector.core.baseline import Pinned, is_baseline, read_baseline
from inspector.core.drift import Drift
from inspector.core.events import InspectorError, Request
from inspector.core.export.check import SchemaCheck, Violation
from inspector.core.export.json_schema import LEARNT
from inspector.core.filters import Filter
from inspector.core.payload import NotJson, parse, show_path
from inspector.core.text import visible
from inspector.store.payloads import payload_in
from inspector.store.place import store_path
from inspector.store.reader import EventType, Reader

MOST_IDS = 100
"""Events that are named for one violation."""

Key = tuple[str | None, str | None]
"""Sender and type."""
Found = Drift | Violation


@dataclass(slots=True)
class Tally:
    """What was checked, and every violation once, with the events or files that have it."""

    checked: int = 0
    unknown: dict[Key, int] = field(default_factory=dict)
    """Events of types that the baseline does not hold."""
    violations: dict[tuple[Key, Found], tuple[int, list[int | str]]] = field(default_factory=dict)

    def add(self, key: Key, found: Iterable[Found], where: Sequence[int | str], count: int = 1) -> None:
        """Note the violations of some events of one type (or one file)."""
        self.checked += count
        for each in found:
            known, places = self.violations.get((key, each), (0, []))
            self.violations[key, each] = known + count, (places + list(where))[:MOST_IDS]

    def skip(self, key: Key, count: int = 1) -> None:
        """Note events that nothing is known of."""
        self.unknown[key] = self.unknown.get(key, 0) + count


@click.command("check", cls=FilterCommand, short_help="Do events fit a baseline or a JSON Schema?")
@click.argument("words", nargs=-1, metavar="[SCHEMA_OR_BASELINE] [FILTER | FILE]...")
@click.option("--pinned", is_flag=True, help="Against the baselines pinned in the store; no file is named.")
@click.option("--files", is_flag=True, help="What follows are payload files, not a FILTER.")
@json_option
@click.pass_obj
def check_command(store: str | None, words: tuple[str, ...], pinned: bool, files: bool, as_json: bool) -> int:
    """Check stored events, or payload files, against a baseline or a JSON Schema: what does not fit is said
    in words, a line each.

    Without a file, or with --pinned, it is the baselines pinned in the store (baseline --pin, or b on the
    shapes screen). FILTER narrows the events. Without one, a schema that inspector wrote is held against the
    events of its type, any other against all. Exit code 0 when all fit, 1 when one does not,
    or when none of the files could be checked.

    \b
    Examples:
      inspector check
      inspector check --pinned since:1d
      inspector check baseline.json 'type:user.*'
      inspector check schema.json --files a.json b.json
    """
    tally = Tally()
    if pinned or not words:
        with Reader(store_path(store)) as reader:
            types = _pinned(reader)
            if not files:
                _check_baseline(reader, types, filter_of(words), tally)
        if files:
            _check_files(words, tally, types=types)
        return _report(tally, as_json, "file" if files else "event")
    schema, words = unprotected(words[0]), words[1:]
    document = _document(schema)
    if is_baseline(document):
        types = {(each.sender, each.name): each for each in read_baseline(document, schema)}
        if files:
            _check_files(words, tally, types=types)
        else:
            with Reader(store_path(store)) as reader:
                _check_baseline(reader, types, filter_of(words), tally)
    else:
        check = SchemaCheck(document, schema)
        if files:
            _check_files(words, tally, schema=check)
        else:
            with Reader(store_path(store)) as reader:
                _check_events(reader, _meant(reader, document, words), tally, schema=check)
    return _report(tally, as_json, "file" if files else "event")


def _pinned(reader: Reader) -> dict[tuple[str | None, str], Pinned]:
    """The baselines pinned in the store, by sender and type; InspectorError when there are none."""
    from inspector.store.pins import read_pins

    found = {key: pin.type for key, pin in read_pins(reader).items()}
    if not found:
        raise InspectorError(
            "no baseline is pinned in this store: inspector baseline --pin, or b on the shapes screen, pins "
            "them. To check against a file, name it: inspector check baseline.json"
        )
    return found


def _document(name: str) -> Any:
    try:
        return parse(File(name).read_bytes())
    except OSError as error:
        raise InspectorError(
            f"cannot read {name}: {(error.strerror or str(error)).lower()}. Name a JSON Schema or a baseline, "
            "or say --pinned for those pinned in the store."
        ) from None
    except NotJson as error:
        raise InspectorError(f"{name} is neither a JSON Schema nor a baseline. {error}") from None


# -- a baseline


def _check_baseline(
    reader: Reader, types: dict[tuple[str | None, str], Pinned], wanted: Filter | None, tally: Tally
) -> None:
    """Whole types by their variants where that is exact; else, and with a filter, event by event."""
    one_by_one: list[EventType] = []
    if wanted is None:
        for entry in reader.types():
            known = types.get((entry.sender, entry.type))
            if known is None:
                tally.skip((entry.sender, entry.type), entry.count)
            elif not _by_variants(reader, entry, known, tally):
                one_by_one.append(entry)
        for entry in one_by_one:
            exact = _filter_for(entry)
            _check_events(reader, reader.matching(exact, newest_first=False), tally, types=types)
        return
    _check_events(reader, reader.matching(wanted, newest_first=False), tally, types=types)


def _by_variants(reader: Reader, entry: EventType, known: Pinned, tally: Tally) -> bool:
    """Check a type by its variants. False where those do not tell all: after a late collapse, or where some
    body is not JSON."""
    key = (entry.sender, entry.type)
    variants = reader.variants([key])
    if reader.collapses(*key) or sum(variant.count for variant in variants) != entry.count:
        return False
    for variant in variants:
        found = [] if variant.hash in known.variants else known.drift(variant.shape)
        where = dict.fromkeys((variant.first_event, variant.last_event))
        tally.add(key, found, list(where), variant.count)
    return True


def _filter_for(entry: EventType) -> Filter:
    from inspector.core.field_filter import field_filter
    from inspector.core.filters import parse_filter

    return parse_filter(field_filter([(entry.sender, entry.type)], ()))


# -- a JSON Schema


def _meant(reader: Reader, document: Any, words: Sequence[str]) -> Iterator[int]:
    """The events to check: those that match the filter; without one those of the types that a schema of
    ours is of, else all."""
    wanted = filter_of(words)
    if wanted is not None:
        return reader.matching(wanted, newest_first=False)
    if isinstance(document, dict) and str(document.get("$comment", "")).startswith(LEARNT):
        try:
            types = reader.resolve_type(str(document.get("title", "")))
        except InspectorError as error:
            if error.code != 1:
                raise
            return iter(())
        return (
            number for entry in types for number in reader.matching(_filter_for(entry), newest_first=False)
        )
    return iter(reader.ids())


# -- both


def _check_events(
    reader: Reader,
    numbers: Iterable[int],
    tally: Tally,
    *,
    types: dict[tuple[str | None, str], Pinned] | None = None,
    schema: SchemaCheck | None = None,
) -> None:
    for number in numbers:
        event, request = reader.event(number), reader.request(number)
        if event is None or request is None or event.rejected is not None:
            continue
        _check_one((event.sender, event.type), request, number, tally, types, schema)


def _check_files(
    names: Sequence[str],
    tally: Tally,
    *,
    types: dict[tuple[str | None, str], Pinned] | None = None,
    schema: SchemaCheck | None = None,
) -> None:
    from inspector.core.identify import identify_request
    from inspector.store.files import read_payload_file

    if not names:
        raise InspectorError(
            "--files wants payload files: inspector check baseline.json --files a.json b.json"
        )
    for name in names:
        request = read_payload_file(File(name).expanduser())
        identity = identify_request(request).identity
        _check_one((identity.sender, identity.type), request, name, tally, types, schema)


def _check_one(
    key: Key,
    request: Request,
    where: int | str,
    tally: Tally,
    types: dict[tuple[str | None, str], Pinned] | None,
    schema: SchemaCheck | None,
) -> None:
    known = None if types is None or key[1] is None else types.get((key[0], key[1]))
    if types is not None and known is None:
        tally.skip(key)
        return
    found: Sequence[Found]
    try:
        payload = payload_in(request)
        if schema is not None:
            found = schema.violations(payload)
        else:
            found = known.drift_of(payload) if known is not None else []
    except NotJson as error:
        found = [Violation("other", (), f"the body is not JSON: {error}")]
    tally.add(key, found, [where])


def _report(tally: Tally, as_json: bool, what: str) -> int:
    for (key, found), (count, places) in tally.violations.items():
        if as_json:
            emit(
                {
                    "change": found.kind,
                    "path": show_path(found.path),
                    "words": found.words,
                    "sender": key[0],
                    "type": key[1],
                    "count": count,
                    f"{what}s": places,
                }
            )
            continue
        first = f"#{places[0]}" if what == "event" else str(places[0])
        others = f" and {units.count(count - 1)} more" if count > 1 else ""
        label = style(visible(key[1] or "no type"), fg="cyan")
        print(f"{label}: {visible(found.words)}  {style(visible(f'({first}{others})'), dim=True)}")
    skipped = sum(tally.unknown.values())
    if skipped:
        names = sorted(str(kind or "without a type") for _, kind in tally.unknown)
        more = f" and {units.count(len(names) - 5)} more" if len(names) > 5 else ""
        narrate(
            f"{units.count(skipped, what)} of types that are not in the baseline: {', '.join(names[:5])}{more}"
        )
    if not tally.checked:
        narrate(
            f"Nothing was checked: no {what} {'is of a type in the baseline' if skipped else 'fits the filter'}."
        )
    else:
        verdict = units.count(len(tally.violations), "violation") if tally.violations else "all fit"
        narrate(f"{units.count(tally.checked, what)} checked: {verdict}.")
    # Who names files wants them checked: a pipeline must not pass because their type is called otherwise now.
    return 1 if tally.violations or (what == "file" and not tally.checked) else 0
