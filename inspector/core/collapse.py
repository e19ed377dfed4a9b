"""Late collapse: keys that prove to be data only when many events are seen.

Two rules, both over all variants of one event type and their event counts:

* *One key that varies.* An object that always has exactly one key, by now two or more different ones, with
  objects (or arrays of them) below that keep their shape: exception class names. Scalars never count, so
  ``{"msg": …}`` beside ``{"image_digest": …}`` stays as it is; nor does the root, which is the envelope.
* *Many rare siblings.* Over 64 keys of one object, each in under a tenth of the events that have the object,
  with values of one JSON type. The keys that are not rare keep their names.

A third rule is a bound: a type with more than `MAX_PLACES` fields loses the names of its widest object.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from inspector.core.data_keys import MAX_PLACES
from inspector.core.payload import ITEMS, KEYS, Path, Step
from inspector.core.shapes import (
    ARRAY,
    EMPTY_OBJECT,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    TYPE_BITS,
    Shape,
    into_values,
    merge_all,
    size,
)

MANY_SIBLINGS = 64
"""Up to so many rare keys of one object are taken for names."""
RARE = 10
"""A key is rare when fewer than one in so many events with its object have it."""

Counted = Sequence[tuple[Shape, int]]
"""Shapes (of a whole payload, or of one place in it) with the number of events that have them."""


@dataclass(frozen=True, slots=True)
class Collapse:
    """The decision that the keys of the objects at one place are data."""

    path: Path
    """Where the objects stand, with ITEMS and KEYS."""
    reason: str
    """Why, in words: ``one key that varies``."""
    keep: tuple[str, ...] = ()
    """Keys that name fields all the same, sorted."""


def collapse(shape: Shape, path: Path, keep: Collection[str] = ()) -> Shape:
    """The shape with the keys of the object at `path`, but for those to `keep`, merged into ``{*}``.

    Idempotent; the same shape where there is no such path or nothing to collapse.
    """
    return _collapsed(shape, path, 0, keep)


def _collapsed(shape: Shape, path: Path, at: int, keep: Collection[str]) -> Shape:
    if at == len(path):
        return into_values(shape, keep)
    step = path[at]
    if isinstance(step, str):
        if step not in shape[3]:
            return shape
        place = 5 + shape[3].index(step)
    else:
        place = 2 if step is KEYS else 1
        if shape[place] is None:
            return shape
    below = _collapsed(shape[place], path, at + 1, keep)
    return shape if below is shape[place] else Shape((*shape[:place], below, *shape[place + 1 :]))


def collapse_each(shape: Shape, collapses: Iterable[Collapse]) -> Shape:
    """Apply collapses one after the other, in the order they were found."""
    for each in collapses:
        shape = _collapsed(shape, each.path, 0, each.keep)
    return shape


def find_collapses(
    variants: Counted,
    never: Collection[Path] = (),
    known: Sequence[Collapse] = (),
    merged: Shape | None = None,
) -> list[Collapse]:
    """The collapses that the variants of one event type, with their event counts, now call for.

    To be applied one after the other; then the same call finds none. Places in `never` keep their names.
    `known` are the collapses that the variants have been through already: when a place above one of them
    collapses, the inner one is found again below the new ``{*}``. `merged` is all of them merged, where that
    is known.
    """
    if not _may_collapse(merge_all(shape for shape, _ in variants) if merged is None else merged):
        return []
    found: list[Collapse] = []
    shapes = _grouped(variants)
    while (new := _first(shapes, never)) is not None:
        step = [new]
        for earlier in (*known, *found):
            moved = moved_below(new, earlier)
            if moved is not None and moved.path not in never and moved not in step:
                step.append(moved)
        found += step
        shapes = _grouped([(collapse_each(shape, step), count) for shape, count in shapes])
    return found


def _may_collapse(merged: Shape) -> bool:
    """False when no rule can hold of any variant of this type: a look at one shape instead of at all of them.

    A key that varies, or is rare, is one that some object lacks.
    """
    if size(merged, MAX_PLACES) > MAX_PLACES:
        return True
    waiting = [merged]
    while waiting:
        place = waiting.pop()
        lacking = len(place[4])
        if lacking > MANY_SIBLINGS or (lacking > 1 and lacking == len(place[3])):
            return True
        for child in place[5:]:
            if len(child) > 5 or child[1] is not None or child[2] is not None:
                waiting.append(child)
        waiting += [child for child in place[1:3] if child is not None]
    return False


def moved_below(outer: Collapse, inner: Collapse) -> Collapse | None:
    """Where the inner collapse stands once `outer` has taken names on its way; None if it stays in place."""
    depth = len(outer.path)
    if len(inner.path) <= depth or inner.path[:depth] != outer.path:
        return None
    step = inner.path[depth]
    if not isinstance(step, str) or step in outer.keep:
        return None
    return Collapse((*outer.path, KEYS, *inner.path[depth + 1 :]), inner.reason, inner.keep)


def _grouped(places: Iterable[tuple[Shape, int]]) -> list[tuple[Shape, int]]:
    """Equal places once, with their events added up."""
    counts: dict[Shape, int] = {}
    for place, count in places:
        counts[place] = counts.get(place, 0) + count
    return list(counts.items())


Below = dict[str, list[tuple[Shape, int]]]


def _first(shapes: Counted, never: Collection[Path]) -> Collapse | None:
    """The outermost collapse that a rule asks for, else the one that the bound asks for, or None."""
    places = 0
    widest: tuple[int, Path] = (1, ())
    for path, objects, below in _objects(shapes):
        places += len(below)
        if path in never:
            continue
        reason, keep = _rules(path, objects, below)
        if reason:
            return Collapse(path, reason, keep)
        if len(below) > widest[0]:
            widest = len(below), path
    if places > MAX_PLACES and widest[0] > 1:
        return Collapse(widest[1], f"the widest object of a type with over {MAX_PLACES:,} fields")
    return None


def _objects(shapes: Counted) -> Iterator[tuple[Path, Counted, Below]]:
    """Every place of objects with named keys: its path, the objects, and what stands under each key.

    Level by level, keys in order. Places that are alike in many variants are followed once.
    """
    level: list[tuple[Path, Counted]] = [((), shapes)]
    while level:
        deeper: list[tuple[Path, Counted]] = []
        for path, group in level:
            objects = [(place, count) for place, count in group if place[0] & OBJECT]
            below: Below = {}
            for place, count in objects:
                for key, child in zip(place[3], place[5:], strict=True):
                    below.setdefault(key, []).append((child, count))
            if below:
                yield path, objects, below
            steps: list[tuple[Step, list[tuple[Shape, int]]]] = [(key, below[key]) for key in sorted(below)]
            steps.append((ITEMS, [(place[1], count) for place, count in group if place[1] is not None]))
            steps.append((KEYS, [(place[2], count) for place, count in group if place[2] is not None]))
            for step, members in steps:
                inner = _grouped([each for each in members if _has_below(each[0])])
                if inner:
                    deeper.append(((*path, step), inner))
        level = deeper


def _has_below(place: Shape) -> bool:
    return len(place) > 5 or place[1] is not None or place[2] is not None


def _rules(path: Path, objects: Counted, below: Below) -> tuple[str, tuple[str, ...]]:
    """Why the keys of these objects are data, and which of them are names; no reason if all are names."""
    if path and _one_key_varies(objects, below):
        return "always one key, and it varies", ()
    events = sum(count for _, count in objects)
    present = {key: sum(count for _, count in members) for key, members in below.items()}
    by_type: dict[int, int] = {}
    common: list[str] = []
    for key, members in below.items():
        if present[key] * RARE >= events:
            common.append(key)
            continue
        types = 0
        for place, _ in members:
            types |= _types(place)
        by_type[types] = by_type.get(types, 0) + 1
    always_null = by_type.pop(0, 0)
    if max(by_type.values(), default=0) + always_null > MANY_SIBLINGS:
        return f"over {MANY_SIBLINGS} keys, each in under a tenth of the events", tuple(sorted(common))
    return "", ()


def _types(place: Shape) -> int:
    """The types of a place as they matter for likeness: null goes with all, and an integer is a number."""
    types: int = place[0] & TYPE_BITS & ~NULL
    return types & ~INTEGER | NUMBER if types & INTEGER else types


def _one_key_varies(objects: Counted, below: Below) -> bool:
    if len(below) < 2 or any(
        len(place[3]) != 1 or place[4] or place[2] is not None or place[0] & EMPTY_OBJECT
        for place, _ in objects
    ):
        return False
    values = {key: merge_all(place for place, _ in members) for key, members in below.items()}
    if {_types(value) for value in values.values()} not in ({OBJECT}, {ARRAY}):
        return False
    telling = {key: value for key, value in values.items() if _has_below(value)}
    if len(telling) < 2:
        return False
    shared = 1 if all(map(_EXCEPTION.fullmatch, values)) else 2
    # The model is the value with the most keys, the first by name, so that the order of arrival is no matter.
    model = telling[max(sorted(telling), key=lambda key: len(telling[key]))]
    return all(_alike(value, model, shared) for value in telling.values())


_EXCEPTION = re.compile(r"[A-Z]\w*(?:Error|Exception|Fault|Failure)")


def _alike(value: Shape, model: Shape, least: int) -> bool:
    """True when two objects (or the elements of two arrays) have the same fields, optional ones aside.

    They share all keys of the smaller one, or half of them and at least `least`; shared keys share a type.
    """
    if value[1] is not None and model[1] is not None:
        return _alike(value[1], model[1], least)
    if value[2] is not None and model[2] is not None:
        return True
    a = dict(zip(value[3], value[5:], strict=True))
    b = dict(zip(model[3], model[5:], strict=True))
    both = a.keys() & b.keys()
    smaller = min(len(a), len(b))
    if not both or (len(both) < smaller and (len(both) < least or 2 * len(both) < smaller)):
        return False
    return all(_types(a[key]) & _types(b[key]) or not _types(a[key]) or not _types(b[key]) for key in both)
