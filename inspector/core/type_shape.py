"""Type shapes: what all events of one type look like, from the few variants they share and how many had each.

All is computed from variants and their counts, so it costs the same for ten events and for a million.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from inspector.core.collapse import Collapse, collapse_each, find_collapses
from inspector.core.data_keys import keys_reason
from inspector.core.payload import ITEMS, KEYS, BigInteger, Duplicated, JsonType, Path, Star, Step
from inspector.core.places import in_words, steps
from inspector.core.shapes import (
    DUPLICATE,
    EMPTY_ARRAY,
    EMPTY_OBJECT,
    OBJECT,
    TYPE_BITS,
    Shape,
    merge_all,
    shape_hash,
    shape_of,
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One distinct shape that a type has shown."""

    shape: Shape
    count: int
    """Stored events of this shape."""
    first_event: int
    last_event: int
    """Ids of the first and the last of them."""
    hash: str
    """`shape_hash` of the shape."""


class Field(NamedTuple):
    """One place of a type shape, as the field table shows it: a key, elements ``[]`` or values ``{*}``."""

    path: Path
    types: tuple[JsonType, ...]
    """JSON Schema names, in one fixed order."""
    words: str
    """The same for people: ``null or string``, ``array of object``, ``object, empty``."""
    present: int
    """Events that have it."""
    of: int
    """Events of the type."""
    optional: bool
    """Some object it belongs to lacks it. Never true of ``[]`` and ``{*}``."""
    first_event: int
    last_event: int
    variants: tuple[int, ...]
    """Which variants have it: indexes into `TypeShape.variants`."""
    empty: int
    """Events in which an array or object here was empty."""
    duplicated: bool
    """The key stood more than once in one object."""
    collapsed_reason: str | None
    """For ``{*}``: why the keys are taken for data."""


@dataclass(frozen=True)
class TypeShape:
    """The union of a type's variants (or of several types', for a diff of wildcards)."""

    variants: tuple[Variant, ...]
    collapses: tuple[Collapse, ...] = ()
    """The late collapses that the variants have been through, for their reasons."""

    @cached_property
    def events(self) -> int:
        """Stored events of the type."""
        return sum(variant.count for variant in self.variants)

    @cached_property
    def merged(self) -> Shape:
        """The smallest shape that every event fits; `NOTHING` without variants."""
        return merge_all(variant.shape for variant in self.variants)

    @cached_property
    def root(self) -> Field:
        """The payload as a whole."""
        return self._places[0]

    @cached_property
    def fields(self) -> list[Field]:
        """Every place below the root, parents first, in order; the root too if it is not always an object."""
        always_object = self.merged[0] & TYPE_BITS in (OBJECT, 0)
        return self._places[1:] if always_object else self._places

    def field(self, path: Path) -> Field | None:
        """The field at a path, or None."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[Path, Field]:
        return {field.path: field for field in self._places}

    @cached_property
    def _places(self) -> list[Field]:
        return list(_places(self))


def type_shape(variants: Iterable[Variant], collapses: Iterable[Collapse] = ()) -> TypeShape:
    """The type shape of these variants, which have been through `collapses`."""
    return TypeShape(tuple(variants), tuple(collapses))


def learn(payloads: Iterable[Any]) -> TypeShape:
    """The type shape of payloads at hand, numbered from 1, with keys collapsed as the store would."""
    seen: dict[Shape, list[int]] = {}
    for number, payload in enumerate(payloads, 1):
        shape = shape_of(payload)
        counted = seen.get(shape)
        if counted is None:
            seen[shape] = [1, number, number]
        else:
            counted[0] += 1
            counted[2] = number
    variants = [
        Variant(shape, count, first, last, shape_hash(shape)) for shape, (count, first, last) in seen.items()
    ]
    collapses = find_collapses([(variant.shape, variant.count) for variant in variants])
    return type_shape(collapse_variants(variants, collapses), collapses)


def collapse_variants(variants: Iterable[Variant], collapses: Sequence[Collapse]) -> list[Variant]:
    """The variants after late collapses: those that have become equal are one, with their counts added."""
    found: dict[Shape, Variant] = {}
    for variant in variants:
        shape = collapse_each(variant.shape, collapses)
        same = found.get(shape)
        if same is None:
            name = variant.hash if shape is variant.shape else shape_hash(shape)
            found[shape] = replace(variant, shape=shape, hash=name)
        else:
            found[shape] = replace(
                same,
                count=same.count + variant.count,
                first_event=min(same.first_event, variant.first_event),
                last_event=max(same.last_event, variant.last_event),
            )
    return list(found.values())


Members = Collection[tuple[Shape, Sequence[int]]]
"""Places at one path, with the indexes of the variants that have each."""


class _Extent(NamedTuple):
    """Where some variants were seen."""

    indexes: tuple[int, ...]
    events: int
    first: int
    last: int


def _places(whole: TypeShape) -> Iterable[Field]:
    """A field for every place, the root first, parents before children.

    Variants differ in few places: subtrees that several of them share are followed once.
    """
    late = {collapse.path: collapse.reason for collapse in whole.collapses}
    variants = whole.variants
    roots: Members = [(variant.shape, (index,)) for index, variant in enumerate(variants)]
    everywhere = _extent(variants, range(len(variants)))
    waiting: list[tuple[Path, Shape, Shape | None, Members, _Extent, str | None]] = [
        ((), whole.merged, None, roots, everywhere, None)
    ]
    while waiting:
        path, merged, parent, members, extent, reason = waiting.pop()
        optional = parent is not None and path[-1] in parent[4]
        yield _field(whole, path, merged, optional, members, extent, reason)
        if len(merged) == 5 and merged[1] is None and merged[2] is None:
            continue
        why = None
        if merged[2] is not None:
            why = ", ".join(why for why in (keys_reason(merged[0]), late.get(path)) if why)
        below = _below(members)
        for step, child in reversed(list(steps(merged))):
            if below is None:
                inner: Members = [(child, extent.indexes)]
                of = extent
            else:
                inner = _distinct(below[step])
                number = sum([len(indexes) for _, indexes in inner])
                # A variant has one place at a path at most, so as many as there are is all of them.
                if number == len(extent.indexes):
                    of = extent
                else:
                    of = _extent(variants, [index for _, indexes in inner for index in indexes])
            waiting.append(((*path, step), child, merged, inner, of, why if step is KEYS else None))


def _extent(variants: Sequence[Variant], indexes: Iterable[int]) -> _Extent:
    indexes = tuple(sorted(indexes))
    return _Extent(
        indexes,
        sum([variants[index].count for index in indexes]),
        min([variants[index].first_event for index in indexes], default=0),
        max([variants[index].last_event for index in indexes], default=0),
    )


def _below(members: Members) -> dict[Step, Members] | None:
    """The places one step below, by step; None for a single member, which is all that the merged shape is."""
    if len(members) == 1:
        return None
    below: dict[Step, dict[int, tuple[Shape, list[int]]]] = {}
    for place, indexes in members:
        for step, child in steps(place):
            alike = below.setdefault(step, {})
            known = alike.get(id(child))
            if known is None:
                alike[id(child)] = child, [*indexes]
            else:
                known[1].extend(indexes)
    return {step: alike.values() for step, alike in below.items()}


def _distinct(members: Members) -> Members:
    """The members with equal places taken together; a few are followed as fast as compared."""
    if len(members) < 4:
        return members
    found: dict[Shape, list[int]] = {}
    for place, indexes in members:
        found.setdefault(place, []).extend(indexes)
    return found.items()


def _field(
    whole: TypeShape,
    path: Path,
    merged: Shape,
    optional: bool,
    members: Members,
    extent: _Extent,
    reason: str | None,
) -> Field:
    empty = 0
    if merged[0] & (EMPTY_ARRAY | EMPTY_OBJECT):
        for place, indexes in members:
            if place[0] & (EMPTY_ARRAY | EMPTY_OBJECT):
                empty += sum([whole.variants[index].count for index in indexes])
    return Field(
        path,
        merged.types,
        in_words(merged),
        extent.events,
        whole.events,
        optional,
        extent.first,
        extent.last,
        extent.indexes,
        empty,
        bool(merged[0] & DUPLICATE),
        reason,
    )


EXAMPLE_LENGTH = 120
"""Longer strings are cut, and end in ``…``."""
_VISITS = 100_000


def collect_examples(payloads: Iterable[Any], merged: Shape, limit: int = 3) -> dict[Path, list[Any]]:
    """Up to `limit` distinct scalars for each place of `merged`, in order of appearance.

    Payloads may be of any size: at most 100,000 values are looked at, and of one array the first 100.
    """
    root = _Seen((), merged)
    filled: list[_Seen] = []
    visits = _VISITS
    for payload in payloads:
        waiting: list[tuple[_Seen, Any]] = [(root, payload)]
        while waiting and visits > 0:
            seen, value = waiting.pop()
            if isinstance(value, dict):
                members: list[tuple[_Seen, Any]] = []
                for key, child in islice(value.items(), visits):
                    below = seen.named.get(key) or seen.at(key)
                    if below is None:
                        continue
                    kind = type(child)
                    if kind is str and child in below.known:
                        continue
                    if kind is dict or kind is list or kind is Duplicated:
                        members.append((below, child))
                    elif len(below.known) < limit:
                        below.note(child, filled)
                visits -= len(value)
                waiting.extend(reversed(members))
            elif isinstance(value, list):
                below = seen.at(ITEMS)
                if below is not None:
                    waiting.extend([(below, element) for element in value[99::-1]])
            elif len(seen.known) < limit:
                seen.note(value, filled)
            visits -= 1
    return {seen.path: list(seen.known.values()) for seen in filled}


class _Seen:
    """One place of a shape while examples are collected: those it has, and the places below it."""

    __slots__ = ("_stars", "known", "named", "path", "place")

    def __init__(self, path: Path, place: Shape) -> None:
        self.path = path
        self.place = place
        self.known: dict[str | tuple[type, str], Any] = {}
        self.named: dict[str, _Seen] = {}
        for key, child in zip(place[3], place[5:], strict=True):
            self.named[key] = _Seen((*path, key), child)
        self._stars: dict[Star, _Seen] = {}

    def note(self, value: Any, filled: list[_Seen]) -> None:
        """Keep one scalar; the first makes this one of the places `filled`."""
        if type(value) is BigInteger:
            return
        if not self.known:
            filled.append(self)
        if isinstance(value, str) and len(value) > EXAMPLE_LENGTH:
            value = value[: EXAMPLE_LENGTH - 1] + "…"
        # Strings stand for themselves; 1, 1.0 and true are three values.
        self.known.setdefault(value if isinstance(value, str) else (type(value), str(value)), value)

    def at(self, step: Step) -> _Seen | None:
        """The elements, or the values under keys that are no names; None where the shape has none."""
        star, place = (ITEMS, self.place[1]) if step is ITEMS else (KEYS, self.place[2])
        if place is None:
            return None
        if star not in self._stars:
            self._stars[star] = _Seen((*self.path, star), place)
        return self._stars[star]
