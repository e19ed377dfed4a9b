"""Walking a shape: its places with their paths, and what stands at one in words.

A path in a shape has keys, ITEMS and KEYS; one in a payload has indexes and the keys as they stand. `path_in`
leads from the second to the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from inspector.core.payload import ITEMS, KEYS, Path, Step
from inspector.core.shapes import ARRAY, TYPE_BITS, Shape
from inspector.core.units import count


def paths(shape: Shape) -> Iterator[tuple[Path, Shape]]:
    """Every place with its path, the root first: parents first, keys in order, then ``[]``, ``{*}``."""
    waiting: list[tuple[Path, Shape]] = [((), shape)]
    while waiting:
        path, place = waiting.pop()
        yield path, place
        waiting.extend(reversed([((*path, step), below) for step, below in steps(place)]))


def steps(shape: Shape) -> Iterator[tuple[Step, Shape]]:
    """The places one step below: by key, then ITEMS, then KEYS."""
    yield from zip(shape[3], shape[5:], strict=True)
    if shape[1] is not None:
        yield ITEMS, shape[1]
    if shape[2] is not None:
        yield KEYS, shape[2]


def step_into(shape: Shape, step: Step) -> Shape | None:
    """The place one step below, or None; an index of an array counts as ITEMS, a key never as KEYS."""
    if isinstance(step, str):
        return shape[5 + shape[3].index(step)] if step in shape[3] else None
    return shape.values if step is KEYS else shape.items


def place_at(shape: Shape, path: Path) -> Shape | None:
    """The place at a path, or None where there is none."""
    place: Shape | None = shape
    for step in path:
        if place is None:
            return None
        place = step_into(place, step)
    return place


def has_path(shape: Shape, path: Path) -> bool:
    """True when some payload of this shape has a value at `path`."""
    return place_at(shape, path) is not None


def path_in(shape: Shape, path: Path) -> Path | None:
    """The path in `shape` of a value at `path` in one payload: indexes become ITEMS, data keys KEYS."""
    found: list[Step] = []
    place = shape
    for step in path:
        below = step_into(place, step)
        if below is not None:
            found.append(ITEMS if isinstance(step, int) else step)
        elif isinstance(step, str) and place.values is not None:
            below = place.values
            found.append(KEYS)
        else:
            return None
        place = below
    return tuple(found)


def path_order(path: Path) -> tuple[tuple[int, str], ...]:
    """Sort key of paths: parents before children, named keys in order, then ``[]``, then ``{*}``."""
    return tuple(
        [(0, step) if isinstance(step, str) else (2 if step is KEYS else 1, str(step)) for step in path]
    )


def in_words(shape: Shape) -> str:
    """The types of a place in a few words: ``null or string``, ``array of object``, ``object, 3 fields``."""
    names = [_array_words(shape) if name == "array" else name for name in shape.types]
    if names == ["object"]:
        return f"object, {_object_words(shape)}"
    return " or ".join(names) or "nothing"


def _array_words(shape: Shape) -> str:
    if shape.items is None:
        return "array, empty" if shape[0] & TYPE_BITS == ARRAY else "array"
    types = shape.items.types
    return f"array of {types[0]}" if len(types) == 1 else f"array of ({' or '.join(types)})"


def _object_words(shape: Shape) -> str:
    named = len(shape[3])
    if shape[2] is None:
        return count(named, "field") if named else "empty"
    return f"{count(named, 'field')} and {{*}}" if named else "any keys"
