"""Type shapes: what all events of one type look like, from the few variants they share and how many had each.

All is computed from variants and their counts, so it costs the same for ten events and for a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from inspector.core.collapse import Collapse, collapse_each, find_collapses
from inspector.core.data_keys import keys_reason
from inspector.core.payload import ITEMS, KEYS, BigInteger, JsonType, Path, Step
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


@dataclass(frozen=True, slots=True)
class Field:
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


Members = dict[Shape, list[int]]
"""Distinct places at one path, each with the indexes of the variants that have it."""


def _places(whole: TypeShape) -> Iterable[Field]:
    """A field for every place, the root first, parents before children.

    Variants differ in few places: subtrees that several of them share are followed once.
    """
    late = {collapse.path: collapse.reason for collapse in whole.collapses}
    roots: Members = {}
    for index, variant in enumerate(whole.variants):
        roots.setdefault(variant.shape, []).append(index)
    waiting: list[tuple[Path, Shape, bool, Members, str | None]] = [((), whole.merged, False, roots, None)]
    while waiting:
        path, merged, optional, members, reason = waiting.pop()
        yield _field(whole, path, merged, optional, members, reason)
        below: dict[Step, Members] = {}
        for place, indexes in members.items():
            for step, child in steps(place):
                below.setdefault(step, {}).setdefault(child, []).extend(indexes)
        reasons = [why for why in (keys_reason(merged[0]), late.get(path)) if why]
        for step, child in reversed(list(steps(merged))):
            why = ", ".join(reasons) if step is KEYS else None
            waiting.append(((*path, step), child, step in merged[4], below[step], why))


def _field(
    whole: TypeShape, path: Path, merged: Shape, optional: bool, members: Members, reason: str | None
) -> Field:
    variants = whole.variants
    indexes = sorted(index for some in members.values() for index in some)
    empty = [
        sum(variants[index].count for index in some)
        for place, some in members.items()
        if place[0] & (EMPTY_ARRAY | EMPTY_OBJECT)
    ]
    return Field(
        path=path,
        types=merged.types,
        words=in_words(merged),
        present=sum(variants[index].count for index in indexes),
        of=whole.events,
        optional=optional,
        first_event=min((variants[index].first_event for index in indexes), default=0),
        last_event=max((variants[index].last_event for index in indexes), default=0),
        variants=tuple(indexes),
        empty=sum(empty),
        duplicated=bool(merged[0] & DUPLICATE),
        collapsed_reason=reason,
    )


EXAMPLE_LENGTH = 120
"""Longer strings are cut, and end in ``…``."""
_VISITS = 100_000


def collect_examples(payloads: Iterable[Any], merged: Shape, limit: int = 3) -> dict[Path, list[Any]]:
    """Up to `limit` distinct scalars for each place of `merged`, in order of appearance.

    Payloads may be of any size: at most 100,000 values are looked at, and of one array the first 100.
    """
    examples: dict[Path, dict[tuple[type, str], Any]] = {}
    visits = _VISITS
    for payload in payloads:
        waiting: list[tuple[Path, Any, Shape]] = [((), payload, merged)]
        while waiting and visits > 0:
            visits -= 1
            path, value, place = waiting.pop()
            if isinstance(value, dict):
                waiting.extend(reversed(_members(path, value, place, visits)))
            elif isinstance(value, list):
                if place[1] is not None:
                    waiting.extend([((*path, ITEMS), element, place[1]) for element in value[99::-1]])
            else:
                known = examples.setdefault(path, {})
                if len(known) < limit and type(value) is not BigInteger:
                    if isinstance(value, str) and len(value) > EXAMPLE_LENGTH:
                        value = value[: EXAMPLE_LENGTH - 1] + "…"
                    known.setdefault((type(value), str(value)), value)
    return {path: list(known.values()) for path, known in examples.items() if known}


def _members(path: Path, value: dict[str, Any], place: Shape, most: int) -> list[tuple[Path, Any, Shape]]:
    named = dict(zip(place[3], place[5:], strict=True))
    members: list[tuple[Path, Any, Shape]] = []
    for key, child in islice(value.items(), most):
        if key in named:
            members.append(((*path, key), child, named[key]))
        elif place[2] is not None:
            members.append(((*path, KEYS), child, place[2]))
    return members
