"""Type shapes: what all events of one type look like, from the few variants they share and how many had each.

All is computed from variants and their counts, so it costs the same for ten events and for a million.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from inspector.core.collapse import Collapse, collapse_each, find_collapses
from inspector.core.data_keys import keys_reason
from inspector.core.payload import KEYS, JsonType, Path
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


@dataclass(frozen=True)
class Variant:
    """One distinct shape that a type has shown."""

    shape: Shape
    count: int
    """Stored events of this shape."""
    first_event: int
    last_event: int
    """Ids of the first and the last of them."""
    known_hash: str | None = dataclass_field(default=None, compare=False, repr=False)
    """Its `hash` where that is written down already."""

    @cached_property
    def hash(self) -> str:
        """`shape_hash` of the shape; worked out when somebody asks, for it takes longer than to learn one."""
        return self.known_hash or shape_hash(self.shape)


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
    names_told: bool = False
    """For an object: its keys are names because the user said so."""

    @property
    def keys_words(self) -> str | None:
        """Why keys are taken for data, or for names, in words; None where nothing has to be said."""
        if self.collapsed_reason:
            return f"keys are data: {self.collapsed_reason.removeprefix('keys are ')}"
        return "keys are names: you said so" if self.names_told else None


@dataclass(frozen=True)
class TypeShape:
    """The union of a type's variants (or of several types', for a diff of wildcards)."""

    variants: tuple[Variant, ...]
    collapses: tuple[Collapse, ...] = ()
    """The late collapses that the variants have been through, for their reasons."""
    names: frozenset[Path] = frozenset()
    """Where keys are names because the user said so."""

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
        return _places(self)


def type_shape(
    variants: Iterable[Variant], collapses: Iterable[Collapse] = (), names: Iterable[Path] = ()
) -> TypeShape:
    """The type shape of these variants, which have been through `collapses`, and were told `names`."""
    return TypeShape(tuple(variants), tuple(collapses), frozenset(names))


def learn(payloads: Iterable[Any]) -> TypeShape:
    """The type shape of payloads at hand, numbered from 1, with keys collapsed as the store would."""
    seen: dict[Shape, list[int]] = {}
    for number, payload in enumerate(payloads, 1):
        counted = seen.setdefault(shape_of(payload), [0, number, number])
        counted[0] += 1
        counted[2] = number
    variants = [Variant(shape, count, first, last) for shape, (count, first, last) in seen.items()]
    learnt = type_shape(variants)
    collapses = find_collapses([(each.shape, each.count) for each in variants], merged=learnt.merged)
    return type_shape(collapse_variants(variants, collapses), collapses) if collapses else learnt


def collapse_variants(variants: Iterable[Variant], collapses: Sequence[Collapse]) -> list[Variant]:
    """The variants after late collapses: those that have become equal are one, with their counts added."""
    found: dict[Shape, Variant] = {}
    for variant in variants:
        shape = collapse_each(variant.shape, collapses)
        same = found.get(shape)
        if same is None:
            found[shape] = (
                variant if shape is variant.shape else replace(variant, shape=shape, known_hash=None)
            )
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


def _places(whole: TypeShape) -> list[Field]:
    """A field for every place, the root first, parents before children.

    Variants differ in few places: subtrees that several of them share are followed once. Most places have
    nothing below: they are fields as soon as they are met, and only wait for their turn.
    """
    found: list[Field] = []
    late = {collapse.path: collapse.reason for collapse in whole.collapses}
    variants, events = whole.variants, whole.events
    roots: Members = [(variant.shape, (index,)) for index, variant in enumerate(variants)]
    everywhere = _extent(variants, range(len(variants)))
    root = _field(whole, (), whole.merged, False, roots, everywhere, None)
    waiting: list[Field | tuple[Field, Shape, Members, _Extent]] = [(root, whole.merged, roots, everywhere)]
    while waiting:
        next_ = waiting.pop()
        if isinstance(next_, Field):
            found.append(next_)
            continue
        field, merged, members, extent = next_
        found.append(field)
        path = field.path
        why = None
        if merged[2] is not None:
            why = ", ".join(why for why in (keys_reason(merged[0]), late.get(path)) if why)
        deeper: list[Field | tuple[Field, Shape, Members, _Extent]] = []
        lacking = frozenset(merged[4])
        for (step, child), inner in zip(steps(merged), _below(merged, members), strict=True):
            of = extent
            if inner is not None:
                number = 0
                for _, indexes in inner:
                    number += len(indexes)
                # A variant has one place at a path at most, so as many as there are is all of them.
                if number < len(extent.indexes):
                    of = _extent(variants, [index for _, indexes in inner for index in indexes])
            optional = step in lacking
            if len(child) > 5 or child[1] is not None or child[2] is not None:
                reached = inner or ((child, of.indexes),)
                reason = why if step is KEYS else None
                field = _field(whole, (*path, step), child, optional, reached, of, reason)
                deeper.append((field, child, reached, of))
                continue
            types, words, is_empty, is_duplicated = _looks_of_leaf(child)
            deeper.append(
                Field(
                    (*path, step),
                    types,
                    words,
                    of.events,
                    events,
                    optional,
                    of.first,
                    of.last,
                    of.indexes,
                    (_empty(variants, inner) if inner else of.events) if is_empty else 0,
                    is_duplicated,
                    why if step is KEYS else None,
                )
            )
        deeper.reverse()
        waiting += deeper
    return found


@lru_cache(1024)
def _looks_of_leaf(place: Shape) -> tuple[tuple[JsonType, ...], str, bool, bool]:
    """Types, words, whether it was ever empty, whether its key was doubled; of few kinds of leaves."""
    mask = place.mask
    return place.types, in_words(place), bool(mask & (EMPTY_ARRAY | EMPTY_OBJECT)), bool(mask & DUPLICATE)


def _extent(variants: Sequence[Variant], indexes: Iterable[int]) -> _Extent:
    indexes = tuple(sorted(indexes))
    return _Extent(
        indexes,
        sum([variants[index].count for index in indexes]),
        min([variants[index].first_event for index in indexes], default=0),
        max([variants[index].last_event for index in indexes], default=0),
    )


def _below(merged: Shape, members: Members) -> Iterable[Members | None]:
    """The places one step below, in the order of `steps`; None for those that are alike in all members, and
    then are what the merged shape has."""
    if len(members) == 1:
        return repeat(None, len(merged) - 5 + (merged[1] is not None) + (merged[2] is not None))
    keys = merged[3]
    if all(place[3] == keys for place, _ in members):
        found: list[Members | None] = []
        indexes = [indexes for _, indexes in members]
        for column in zip(*[place[5:] for place, _ in members], strict=True):
            is_same = column.count(column[0]) == len(column)
            found.append(None if is_same else _distinct(list(zip(column, indexes, strict=True))))
    else:
        below: dict[str, list[tuple[Shape, Sequence[int]]]] = {key: [] for key in keys}
        for place, some in members:
            for key, child in zip(place[3], place[5:], strict=True):
                below[key].append((child, some))
        found = [_distinct(each) for each in below.values()]
    for at in (1, 2):
        if merged[at] is not None:
            found.append(_distinct([(place[at], some) for place, some in members if place[at] is not None]))
    return found


def _distinct(members: list[tuple[Shape, Sequence[int]]]) -> Members:
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
        _empty(whole.variants, members) if merged[0] & (EMPTY_ARRAY | EMPTY_OBJECT) else 0,
        bool(merged[0] & DUPLICATE),
        reason,
        path in whole.names,
    )


def _empty(variants: Sequence[Variant], members: Members) -> int:
    """In how many events an array or object at one of these places was empty."""
    found = 0
    for place, indexes in members:
        if place[0] & (EMPTY_ARRAY | EMPTY_OBJECT):
            found += sum([variants[index].count for index in indexes])
    return found
