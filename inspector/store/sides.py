"""The two sides of a diff: what an argument like ``user.image.*``, ``push@since:24h``, ``1204`` or
``before.json`` stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from inspector.core.baseline import Pinned, is_baseline, read_baseline
from inspector.core.collapse import collapse_each
from inspector.core.diff import Change, diff
from inspector.core.events import InspectorError, Request
from inspector.core.field_filter import field_filter
from inspector.core.filters import Filter, parse_filter
from inspector.core.identify import identify_request
from inspector.core.payload import NotJson, parse
from inspector.core.schema_shape import (
    collapses_of_schema,
    free_paths,
    is_schema,
    open_paths,
    shape_of_schema,
    with_wide_numbers,
)
from inspector.core.shapes import Shape, shape_hash
from inspector.core.text import visible
from inspector.core.told_names import with_names
from inspector.core.type_shape import TypeShape, Variant, type_shape
from inspector.store.files import is_payload_file, read_payload_file
from inspector.store.order import ids_between
from inspector.store.payloads import payload_in
from inspector.store.pins import read_pin
from inspector.store.reader import Reader

PINNED = "baseline"
"""``TYPE@baseline`` is the type as it was pinned in the store."""
_AT_ONCE = 20_000
"""Ids that one statement looks at, so that no read is open for long."""
_NO_ID = 2**62

Types = tuple[tuple[str | None, str], ...]
"""(sender, type) pairs."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a diff, with the shape it has."""

    label: str
    """What the user calls it: a type, ``#1204``, the name of a file. Text from outside."""
    kind: Literal["type", "event", "file", "schema", "baseline"]
    shape: TypeShape
    types: Types = ()
    """The (sender, type) pairs it is of; none for an event without a type, and for a schema."""
    event: int | None = None
    """The event whose values and headers stand for this side: itself, or the first one of its types."""
    request: Request | None = None
    """The request of a file; that of an event is fetched by `request_of`."""
    words: str = ""
    """The filter that its events fit, besides their type."""

    @property
    def events(self) -> int:
        """How many events (or files) its shape is learnt from."""
        return self.shape.events


def compare(a: Side, b: Side) -> list[Change]:
    """The changes from a to b. Nothing differs from a schema where it allows anything, and beside one whole
    numbers are numbers."""
    if a.kind != "schema" and b.kind != "schema":
        return diff(a.shape, b.shape)
    one, other = (_as_in_schemas(side) for side in (a, b))
    open_in = [open_paths(side.shape.merged) for side in (a, b) if side.kind == "schema"]
    anything = [free_paths(side.shape.merged) for side in (a, b) if side.kind == "schema"]
    return [
        change
        for change in diff(one, other)
        if not any(change.path[:depth] in found for found in open_in for depth in range(len(change.path)))
        and not (change.change == "retyped" and any(change.path in found for found in anything))
    ]


def _as_in_schemas(side: Side) -> TypeShape:
    if side.kind == "schema":
        return side.shape
    variants = [replace(each, shape=with_wide_numbers(each.shape)) for each in side.shape.variants]
    return type_shape(variants, side.shape.collapses)


def resolve_sides(reader: Reader, a: str, b: str) -> tuple[Side, Side]:
    """Read both arguments of a diff; one that begins with ``@`` is of the other's type."""
    if a.strip().startswith("@"):
        other = resolve_side(reader, b)
        return resolve_side(reader, a, other), other
    one = resolve_side(reader, a)
    return one, resolve_side(reader, b, one)


def resolve_side(reader: Reader, text: str, like: Side | None = None) -> Side:
    """Read one argument of a diff.

    Digits are an event id; what has a ``/`` or ends in ``.json`` or ``.http`` is a file: a payload, a JSON
    Schema (with ``#/$defs/name`` one part of it) or a baseline (with ``#type`` one of its types). The rest is
    a type, ``sender:type``, or a pattern with ``*``; after an ``@`` follow filter words that its events have
    to fit, or ``baseline`` for the type as it was pinned. Without a type before the ``@`` it is that of
    `like`. InspectorError says what is wrong, with exit code 1 where nothing is found.
    """
    text = text.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        return side_of_event(reader, int(number[:18]))
    if is_payload_file(text.partition("@")[0]) or (is_payload_file(text) and Path(text).exists()):
        return _side_of_file(reader, text)
    name, at, words = text.partition("@")
    if not at or any(text in (entry.type, f"{entry.sender}:{entry.type}") for entry in reader.types()):
        if not text:
            raise InspectorError("name a type, an event by its id, or a file.")
        keys = tuple((entry.sender, entry.type) for entry in reader.resolve_type(text))
        return side_of_types(reader, keys, text)
    if name:
        keys = tuple((entry.sender, entry.type) for entry in reader.resolve_type(name))
    elif like is not None and like.types:
        keys, name = like.types, like.label.partition("@")[0] if like.kind == "type" else ""
    else:
        raise InspectorError(f"{visible(text)} wants a type before the @: push{visible(text)}")
    name = name or keys[0][1]
    if not words.strip():
        raise InspectorError(f"filter words are wanted after the @: {visible(name)}@since:24h")
    if words.strip() == PINNED:
        return side_of_pins(reader, keys, name)
    return side_of_matching(reader, keys, name, words.strip())


def side_of_event(reader: Reader, number: int) -> Side:
    """One stored event as a side."""
    event = reader.event(number)
    if event is None:
        raise InspectorError(f"there is no event {number}; inspector events lists those stored.", code=1)
    shape = reader.shape_of_event(number)
    if shape is None:
        raise InspectorError(
            f"#{number} has no shape: {_why_no_shape(event.rejected, event.pending)}.", code=1
        )
    types = () if event.type is None else ((event.sender, event.type),)
    return Side(f"#{number}", "event", shape, types, number)


def side_of_types(reader: Reader, keys: Types, label: str) -> Side:
    """One type, or several taken together, as a side."""
    shape = reader.shape_of_types(keys)
    if not shape.variants:
        raise InspectorError(f"{visible(label)} has no shape: no event of it has a JSON body.", code=1)
    return Side(label, "type", shape, keys, _first_event(shape))


def side_of_matching(reader: Reader, keys: Types, name: str, words: str) -> Side:
    """The events of some types that fit a filter: those before a time, of one account, of one sender's
    version."""
    wanted = parse_filter(words)
    shape = _shape_of_matching(reader, keys, wanted)
    if not shape.variants:
        raise InspectorError(f"no event of {visible(name)} with a JSON body fits {visible(words)}", code=1)
    return Side(f"{name}@{words}", "type", shape, keys, _first_event(shape), words=words)


def side_of_pins(reader: Reader, keys: Types, name: str) -> Side:
    """Types as they were pinned in the store."""
    pins = [found.type for key in keys if (found := read_pin(reader, *key)) is not None]
    if not pins:
        raise InspectorError(
            f"no baseline of {visible(name)} is pinned; b on the shapes screen does, or inspector baseline --pin.",
            code=1,
        )
    return _side_of_baseline(f"{name}@{PINNED}", pins)


def request_of(reader: Reader, side: Side) -> Request | None:
    """The request whose values and headers stand for a side; None when there is none, or none any more."""
    if side.request is not None:
        return side.request
    return None if side.event is None else reader.request(side.event)


def payload_in_side(letter: str, side: Side, request: Request | None) -> Any:
    """The payload of the request of a side, called `letter`; InspectorError says why there is none to compare."""
    if request is None:
        raise InspectorError(f"{why_no_request(letter, side)}; there are no values to compare.")
    try:
        return payload_in(request)
    except NotJson as error:
        raise InspectorError(f"{letter} has no values to compare: {error}") from None


def why_no_request(letter: str, side: Side) -> str:
    """Why `request_of` found none, as the beginning of a sentence."""
    if side.kind in ("schema", "baseline"):
        return f"{letter} is a {'JSON Schema' if side.kind == 'schema' else 'baseline'}"
    return f"The event of {letter} was deleted"


def _first_event(shape: TypeShape) -> int:
    return min(variant.first_event for variant in shape.variants)


def _why_no_shape(rejected: str | None, pending: bool) -> str:
    if rejected is not None:
        return "the request was rejected"
    return "its body is not identified yet" if pending else "its body is not JSON"


# -- events that fit a filter


def _shape_of_matching(reader: Reader, keys: Types, wanted: Filter) -> TypeShape:
    """The type shape of some of a type's events, counted one by one."""
    rows: set[int] = set()
    low, high = _NO_ID, 0
    for sender, name in keys:
        for row, first, last in reader.db.execute(
            "SELECT id, first_event, last_event FROM shape WHERE sender = ? AND type = ? "
            "AND hash IS NOT NULL AND count > 0",
            (sender or "", name),
        ):
            rows.add(row)
            low, high = min(low, first), max(high, last)
    found: dict[int, list[int]] = {}
    counted = (
        _by_body(reader, keys, wanted, low, high)
        if wanted.needs_body
        else _by_columns(reader, wanted, low, high)
    )
    for row, count, first, last in counted:
        if row not in rows:
            continue
        entry = found.setdefault(row, [0, first, last])
        entry[0] += count
        entry[1], entry[2] = min(entry[1], first), max(entry[2], last)
    return reader.shape_of_types(keys, found)


_Counted = Iterator[tuple[int, int, int, int]]
"""Row of `shape`, events, first and last of them."""


def _by_columns(reader: Reader, wanted: Filter, low: int, high: int) -> _Counted:
    where, values = wanted.sql()
    after, before = ids_between(reader.db, *wanted.received_between)
    low, high = max(low, after + 1), high if before is None else min(high, before - 1)
    for start in range(low, high + 1, _AT_ONCE):
        yield from reader.db.execute(
            "SELECT event.shape, count(*), min(event.id), max(event.id) FROM event "
            "WHERE event.id >= ? AND event.id < ? "
            f"AND event.shape IS NOT NULL AND ({where}) GROUP BY event.shape",
            (start, min(start + _AT_ONCE, high + 1), *values),
        ).fetchall()


def _by_body(reader: Reader, keys: Types, wanted: Filter, low: int, high: int) -> _Counted:
    for key in keys:
        of_type = parse_filter(f"{field_filter([key], ())} {wanted.text}")
        for number in reader.matching(of_type, after=low - 1, before=high + 1, newest_first=False):
            row = reader.db.execute("SELECT shape FROM event WHERE id = ?", (number,)).fetchone()
            if row is not None and row[0] is not None:
                yield row[0], 1, number, number


# -- files


def _side_of_file(reader: Reader, text: str) -> Side:
    path, mark, part = Path(text).expanduser(), "", ""
    if "#" in text and not path.exists():
        name, mark, part = text.partition("#")
        path = Path(name).expanduser()
    if not path.exists():
        raise InspectorError(f"there is no file {path}. An event goes by its id, a type by its name.")
    request = read_payload_file(path)
    label = f"{path.name}{mark}{part}"
    document = _document(path, request)
    if is_baseline(document):
        types = read_baseline(document, str(path))
        named = [each for each in types if each.name == part] if part else types
        if len(named) != 1:
            raise InspectorError(
                f"{path} holds {len(types):,} types; name one of them: {path}#{types[0].name if types else 'push'}"
            )
        return _side_of_baseline(label, named)
    if part or is_schema(document):
        try:
            shape = shape_of_schema(document, part)
        except InspectorError as error:
            raise InspectorError(f"{path}: {error}") from None
        rules = collapses_of_schema(shape)
        return Side(label, "schema", type_shape([_variant(shape)], rules))
    found = identify_request(request)
    if found.shape is None:
        raise InspectorError(f"{path} has no shape: its body is not JSON.", code=1)
    identity = found.identity
    # What are data and names in this type in the store, are so in the file too.
    keys = () if identity.type is None else ((identity.sender, identity.type),)
    shape = found.shape
    for key in keys:
        shape = with_names(shape, found.payload(), reader.names_told(*key))
        shape = collapse_each(shape, reader.collapses(*key))
    return Side(label, "file", type_shape([_variant(shape)]), keys, request=request)


def _document(path: Path, request: Request) -> Any:
    """The JSON document in a file; None in a raw request."""
    if path.suffix.lower() == ".http":
        return None
    try:
        return parse(request.body)
    except NotJson:
        return None


def _variant(shape: Shape) -> Variant:
    return Variant(shape, 1, 0, 0, shape_hash(shape))


def _side_of_baseline(label: str, pins: Sequence[Pinned]) -> Side:
    variants = [replace(_variant(each.shape), count=max(1, each.events)) for each in pins]
    rules = [rule for each in pins for rule in each.collapses]
    keys = tuple((each.sender, each.name) for each in pins)
    return Side(label, "baseline", type_shape(variants, rules), keys)
