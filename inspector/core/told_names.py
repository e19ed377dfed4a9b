"""Keys that look like data and are names all the same, because the user says so.

`shape_of` knows nothing of types and takes digests, ids and addresses for data at once. Where a type has been
told otherwise, the place is made anew from the payload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from inspector.core.data_keys import CUT, DIGESTS, EMAILS, HEX_IDS, LONG, MAX_KEYS, MAX_PLACES, UUIDS, WIDE
from inspector.core.payload import ITEMS, KEYS, Duplicated, Path
from inspector.core.shapes import DUPLICATE, OBJECT, Shape, merge_all, shape_of, size

LOOKS = DIGESTS | HEX_IDS | UUIDS | EMAILS | LONG
"""Flags of places whose keys are data by what they look like."""
TOO_MANY = WIDE | CUT
"""Flags of places with so many keys that they stay data whatever is said."""


def with_names(shape: Shape, payload: Any, names: Collection[Path]) -> Shape:
    """The shape of a payload in which the keys of the objects at `names` are names, whatever they look like.

    `shape` is what `shape_of` made of it. Unchanged where there would be more than `MAX_PLACES` places.
    """
    for path in sorted(names, key=len):
        shape = _named(shape, [payload], path, 0)
    return shape if size(shape, MAX_PLACES) <= MAX_PLACES else shape_of(payload)


def _named(shape: Shape, values: Sequence[Any], path: Path, at: int) -> Shape:
    """One place, and all values that stand there, from step `at` of the path on."""
    if at == len(path):
        return _with_all_named(shape, values)
    step = path[at]
    parts: list[Any] = list(shape)
    if step is ITEMS:
        if shape[1] is None:
            return shape
        parts[1] = _named(
            shape[1], [each for value in values if type(value) is list for each in value], path, at + 1
        )
    else:
        objects = [value for value in values if isinstance(value, dict)]
        # Keys that are found to be data late, over many events, still are names in one payload.
        for index, key in enumerate(shape[3], 5):
            if step is KEYS or step == key:
                parts[index] = _named(
                    shape[index], [each[key] for each in objects if key in each], path, at + 1
                )
        if step is KEYS and shape[2] is not None:
            below = [child for each in objects for key, child in each.items() if key not in shape[3]]
            parts[2] = _named(shape[2], below, path, at + 1)
    return Shape(parts)


def _with_all_named(shape: Shape, values: Iterable[Any]) -> Shape:
    if not shape[0] & LOOKS or shape[0] & TOO_MANY:
        return shape
    objects = [value for value in values if isinstance(value, dict)]
    if any(len(value) > MAX_KEYS for value in objects):
        return shape
    rest = Shape((shape[0] & ~(LOOKS | OBJECT), shape[1], None, (), ()))
    return merge_all([rest, *map(_object, objects)])


def _object(value: dict[str, Any]) -> Shape:
    keys = tuple(sorted(value))
    if not keys:
        return shape_of(value)
    times = Counter(key for key, _ in value.pairs) if isinstance(value, Duplicated) else Counter[str]()
    children: list[Shape] = []
    for key in keys:
        child = shape_of(value[key])
        children.append(Shape((child[0] | DUPLICATE, *child[1:])) if times[key] > 1 else child)
    return Shape((OBJECT, None, None, keys, (), *children))
