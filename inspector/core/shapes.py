"""Shapes: the structure of a payload without its values, and the algebra on them.

A shape is learnt from every event while its sender waits for the answer, so it is a plain nested tuple: built
in one pass, compared and hashed in C, a dictionary key as it is. It lies flat (children follow in the same
tuple), which keeps comparing and encoding what is nested `MAX_DEPTH` deep within Python's recursion limit.

Kept per place: the JSON types seen, the keys of objects and whether every instance had them, the merged
elements of arrays (``[]``), the merged values under keys that are data (``{*}``), and a few flags. Nothing of
the values, so events of one structure have one shape.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from inspector.core.data_keys import CUT, MAX_KEYS, MAX_PLACES, WIDE, key_kind
from inspector.core.payload import MAX_DEPTH, BigInteger, Duplicated, JsonType, NotJson, json_type

NULL, BOOLEAN, INTEGER, NUMBER, STRING, ARRAY, OBJECT = (1 << bit for bit in range(7))
EMPTY_ARRAY = 1 << 7
"""Some instance was an array without elements."""
EMPTY_OBJECT = 1 << 8
"""Some instance was an object without keys."""
DUPLICATE = 1 << 9
"""The key of this place stood more than once in one object."""
# The bits above, from `core.data_keys`, say why keys of an object became {*} at once.

_TYPES: Final[tuple[tuple[int, JsonType], ...]] = (
    (NULL, "null"),
    (BOOLEAN, "boolean"),
    (INTEGER, "integer"),
    (NUMBER, "number"),
    (STRING, "string"),
    (ARRAY, "array"),
    (OBJECT, "object"),
)
TYPE_BITS = NULL | BOOLEAN | INTEGER | NUMBER | STRING | ARRAY | OBJECT
_names: Final[list[tuple[JsonType, ...]]] = [
    tuple([name for bit, name in _TYPES if mask & bit]) for mask in range(TYPE_BITS + 1)
]


class Shape(tuple[Any, ...]):
    """One place of a shape with all below it: ``(mask, items, values, keys, optional, *children)``.

    Immutable and canonical: equal structures are equal shapes. The root place stands for the whole shape.
    """

    __slots__ = ()

    @property
    def mask(self) -> int:
        """The JSON types seen here, and flags, as bits."""
        return self[0]  # type: ignore[no-any-return]

    @property
    def items(self) -> Shape | None:
        """All elements of all arrays here, merged; None while every array was empty."""
        return self[1]  # type: ignore[no-any-return]

    @property
    def values(self) -> Shape | None:
        """All values under keys that are data, merged; None where there was none."""
        return self[2]  # type: ignore[no-any-return]

    @property
    def keys(self) -> tuple[str, ...]:
        """The named keys, sorted."""
        return self[3]  # type: ignore[no-any-return]

    @property
    def optional(self) -> tuple[str, ...]:
        """Those of `keys` that some object instance here lacked, sorted."""
        return self[4]  # type: ignore[no-any-return]

    @property
    def children(self) -> tuple[Shape, ...]:
        """The places under `keys`, in their order."""
        return self[5:]

    @property
    def types(self) -> tuple[JsonType, ...]:
        """The JSON types seen here by their JSON Schema names, in one fixed order."""
        mask: int = self[0]
        return _names[mask & TYPE_BITS]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as JSON text: the default would follow every level several frames deep."""
        return from_json, (to_json(self),)


class _Leaves(dict[int, Shape]):
    """The places without children, one for each mask, shared by all shapes."""

    def __missing__(self, mask: int) -> Shape:
        leaf = self[mask] = Shape((mask, None, None, (), ()))
        return leaf


_leaf = _Leaves()
NOTHING: Final = _leaf[0]
"""The shape of no payload at all: merging with it changes nothing."""

_SCALARS: Final[dict[type, Shape]] = {
    type(None): _leaf[NULL],
    bool: _leaf[BOOLEAN],
    int: _leaf[INTEGER],
    BigInteger: _leaf[INTEGER],
    float: _leaf[NUMBER],
    str: _leaf[STRING],
}
BITS: Final[dict[str, int]] = {name: bit for bit, name in _TYPES}
"""The bit of each JSON type by its JSON Schema name."""


def shape_of(payload: Any) -> Shape:
    """The shape of one payload, as `core.payload.parse` gives it; NotJson when it is nested too deep."""
    return shape_and_members(payload)[0]


def shape_and_members(payload: Any) -> tuple[Shape, int]:
    """The same, and how many members all its objects have together."""
    met: list[int] = []
    try:
        shape = _place(payload, MAX_DEPTH, met)
    except RecursionError:
        raise _too_deep() from None
    known = _bounds.get(shape)
    if known is None:
        known = _bounded(shape)
        if len(_bounds) >= _CACHED_OBJECTS:
            _bounds.clear()
        if size(known, _CACHED_PLACES) <= _CACHED_PLACES:
            _bounds[shape] = known
    return known, sum(met)


def _too_deep() -> NotJson:
    return NotJson(f"Nested deeper than {MAX_DEPTH}.")


def _place(value: Any, depth: int, met: list[int]) -> Shape:
    """The shape of a value at most `depth` containers deep, in one frame a level (so no comprehensions).

    `met` gets the number of members of each object on the way.
    """
    kind = type(value)
    if kind is dict or kind is Duplicated:
        if not depth:
            raise _too_deep()
        outline = (*value, *map(type, value.values()))
        met.append(len(value))
        known = _objects.get(outline) if kind is dict else None
        if known is not None:
            place, slots = known
            if not slots:
                return place
            parts = list(place)
            for index, key in slots:
                parts[index] = _place(value[key], depth - 1, met)
            return Shape(parts)
        names = tuple(value)
        if not names:
            return _leaf[OBJECT | EMPTY_OBJECT]
        keys = _sorted_names(names)
        children: list[Shape] = []
        for key in keys or names:
            child = value[key]
            children.append(_SCALARS.get(type(child)) or _place(child, depth - 1, met))
        if kind is Duplicated:
            _note_duplicates(value, keys or names, children)
        if not keys:
            return _with_data_keys(names, children)
        place = Shape((OBJECT, None, None, keys, (), *children))
        if kind is dict:
            _remember(outline, names, place)
        return place
    if kind is list:
        if not depth:
            raise _too_deep()
        kinds = frozenset(map(type, value))
        flat = _arrays.get(kinds)
        if flat is not None:
            return flat
        elements: dict[int, Shape] = {}
        for element in value:
            place = _SCALARS.get(type(element)) or _place(element, depth - 1, met)
            elements[id(place)] = place
        place = Shape((ARRAY, _union(_distinct(elements.values())), None, (), ()))
        if _SCALARS.keys() >= kinds:
            _arrays[kinds] = place
        return place
    return _SCALARS.get(kind) or _leaf[BITS[json_type(value)]]


def _distinct(places: Collection[Shape]) -> Collection[Shape]:
    """The places without repetitions; a few are merged as fast as compared, so they stay as they are."""
    return places if len(places) < 4 else set(places)


# Events repeat the same few objects, so what an object with these names, in this order, and these Python
# types of values comes to is worked out once: its place, and the index and key of each value that is a
# container itself.
_Outline = tuple[str | type, ...]
"""The names, then as many types."""
_objects: dict[_Outline, tuple[Shape, tuple[tuple[int, str], ...]]] = {}
_arrays: dict[frozenset[type], Shape] = {frozenset(): _leaf[ARRAY | EMPTY_ARRAY]}
_bounds: dict[Shape, Shape] = {}
"""Whole shapes seen lately, as they are within the bound on places."""
_CACHED_OBJECTS = 1_000
_CACHED_CHARACTERS = 4_000
_CACHED_PLACES = 1_000


def _remember(outline: _Outline, names: tuple[str, ...], place: Shape) -> None:
    if sum(map(len, names)) > _CACHED_CHARACTERS:
        return
    open_names = {
        name for name, kind in zip(names, outline[len(names) :], strict=True) if kind not in _SCALARS
    }
    slots = tuple([(index, key) for index, key in enumerate(place[3], 5) if key in open_names])
    if slots:
        # What stood in the slots this time is not kept alive.
        parts = list(place)
        for index, _ in slots:
            parts[index] = NOTHING
        place = Shape(parts)
    if len(_objects) >= _CACHED_OBJECTS:
        _objects.clear()
    _objects[outline] = place, slots


def _sorted_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of one object, sorted; empty if one of them is data or if there are too many."""
    if len(names) > MAX_KEYS or any(map(key_kind, names)):
        return ()
    return tuple(sorted(names))


def _with_data_keys(names: tuple[str, ...], children: list[Shape]) -> Shape:
    """The shape of an object instance of which some keys are data, or which has more than `MAX_KEYS`."""
    if len(names) > MAX_KEYS:
        return Shape((OBJECT | WIDE, None, _union(set(children)), (), ()))
    mask = OBJECT
    values: set[Shape] = set()
    named: dict[str, Shape] = {}
    for name, child in zip(names, children, strict=True):
        kind = key_kind(name)
        mask |= kind
        if kind:
            values.add(child)
        else:
            named[name] = child
    keys = tuple(sorted(named))
    return Shape((mask, None, _union(values), keys, (), *map(named.__getitem__, keys)))


def _note_duplicates(value: Duplicated, names: tuple[str, ...], children: list[Shape]) -> None:
    times = Counter(key for key, _ in value.pairs)
    for i, name in enumerate(names):
        if times[name] > 1:
            children[i] = _with_mask(children[i], children[i][0] | DUPLICATE)


def _with_mask(shape: Shape, mask: int) -> Shape:
    return Shape((mask, *shape[1:])) if len(shape) > 5 or shape[1] or shape[2] else _leaf[mask]


def merge(a: Shape, b: Shape) -> Shape:
    """The smallest shape that both fit. Commutative, associative, idempotent.

    A key stays required when both require it; a side without an object here (null, or absent) has no say.
    """
    return a if a is b else _union((a, b)) or NOTHING


def merge_all(shapes: Iterable[Shape]) -> Shape:
    """All shapes merged into one; `NOTHING` for none."""
    return _union(set(shapes)) or NOTHING


def _union(places: Collection[Shape]) -> Shape | None:
    """Merge any number of places at once: one by one, keys that never repeat would cost the square of it."""
    if len(places) < 2:
        return next(iter(places), None)
    mask = 0
    objects: list[Shape] = []
    items: dict[int, Shape] = {}
    values: dict[int, Shape] = {}
    for place in places:
        mask |= place[0]
        if place[0] & OBJECT:
            objects.append(place)
        if place[1] is not None:
            items[id(place[1])] = place[1]
        if place[2] is not None:
            values[id(place[2])] = place[2]
    keys: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    children: list[Shape | None] = []
    if objects:
        keys, optional = objects[0][3:5]
        if all(place[3] == keys for place in objects):
            # Mostly objects differ in what stands below them only.
            if any(place[4] != optional for place in objects):
                lacking = set[str]().union(*[place[4] for place in objects])
                optional = tuple([key for key in keys if key in lacking])
            for column in zip(*[place[5:] for place in objects], strict=True):
                first = column[0]
                children.append(first if column.count(first) == len(column) else _union(_distinct(column)))
        else:
            keys, optional, columns = _columns(objects)
            for alike in columns:
                children.append(_union(_distinct(alike)) if len(alike) > 1 else next(iter(alike)))
    if not items and not values and not children:
        return _leaf[mask]
    return Shape(
        (
            mask,
            _union(_distinct(items.values())),
            _union(_distinct(values.values())),
            keys,
            optional,
            *children,
        )
    )


def _columns(
    objects: Sequence[Shape],
) -> tuple[tuple[str, ...], tuple[str, ...], list[Collection[Shape]]]:
    """Of objects with different keys: all of them, those that some object lacks, and the places under each."""
    below: dict[str, dict[int, Shape]] = {}
    had: dict[str, int] = {}
    for place in objects:
        lacking = place[4]
        for key, child in zip(place[3], place[5:], strict=True):
            below.setdefault(key, {})[id(child)] = child
            had[key] = had.get(key, 0) + (key not in lacking)
    keys = tuple(sorted(below))
    optional = tuple([key for key in keys if had[key] < len(objects)])
    return keys, optional, [below[key].values() for key in keys]


def into_values(shape: Shape, keep: Collection[str] = (), flag: int = 0) -> Shape:
    """The same place with its named keys, but for those to `keep`, merged into ``{*}``."""
    moved: list[Shape] = []
    for key, child in zip(shape[3], shape[5:], strict=True):
        if key not in keep:
            moved.append(child)
            flag |= key_kind(key)  # one that looks like data, and was told to be a name for a while
    if not moved:
        return shape
    if shape[2] is not None:
        moved.append(shape[2])
    keys = tuple([key for key in shape[3] if key in keep])
    optional = tuple([key for key in shape[4] if key in keep])
    stay = [child for key, child in zip(shape[3], shape[5:], strict=True) if key in keep]
    return Shape((shape[0] | flag, shape[1], _union(_distinct(moved)), keys, optional, *stay))


def size(shape: Shape, limit: int | None = None) -> int:
    """How many places a shape has, its root included; counting may stop once there are more than `limit`."""
    places = 1
    waiting = [shape]
    while waiting and (limit is None or places <= limit):
        place = waiting.pop()
        places += len(place) - 5
        for child in place[5:]:
            if len(child) > 5 or child[1] is not None or child[2] is not None:
                waiting.append(child)
        for child in place[1:3]:
            if child is not None:
                places += 1
                waiting.append(child)
    return places


def _bounded(shape: Shape) -> Shape:
    """Cut a shape to `MAX_PLACES` places: wide objects become ``{*}``, then what lies deepest is left out.

    The bound on keys is halved until the shape is small enough. When no names are left and arrays and objects
    still nest in too many ways, the depth is halved: below it only the types are known.
    """
    if size(shape, MAX_PLACES) <= MAX_PLACES:
        return shape
    keys, depth = MAX_KEYS, MAX_DEPTH
    while size(shape, MAX_PLACES) > MAX_PLACES:
        shape = _narrowed(shape, keys, depth)
        keys, depth = (keys // 2, depth) if keys else (0, depth // 2)
    return shape


def _narrowed(shape: Shape, keys: int, depth: int) -> Shape:
    if len(shape) == 5 and shape[1] is None and shape[2] is None:
        return shape
    if not depth:
        return _leaf[shape[0] | CUT]
    if len(shape[3]) > keys:
        shape = into_values(shape, flag=CUT)
    items, values = shape[1:3]
    children: list[Shape] = []
    for child in shape[5:]:
        children.append(_narrowed(child, keys, depth - 1))
    items = None if items is None else _narrowed(items, keys, depth - 1)
    values = None if values is None else _narrowed(values, keys, depth - 1)
    return Shape((shape[0], items, values, shape[3], shape[4], *children))


def fits(one: Shape, shape: Shape) -> bool:
    """True when a payload of the shape `one` could be among those merged (and collapsed) into `shape`."""
    if one[0] & TYPE_BITS & ~shape[0]:
        return False
    if one[0] & OBJECT:
        missing = set(shape[3]).difference(shape[4], one[3])
        if missing or set(one[4]).intersection(shape[3]).difference(shape[4]):
            return False
    places = dict(zip(shape[3], shape[5:], strict=True))
    for key, child in zip(one[3], one[5:], strict=True):
        place = places.get(key, shape[2])
        if place is None or not fits(child, place):
            return False
    for child, place in zip(one[1:3], shape[1:3], strict=True):
        if child is not None and (place is None or not fits(child, place)):
            return False
    return True


def to_json(shape: Shape) -> str:
    """The shape as compact, canonical ASCII JSON.

    A place without children is its mask; any other is ``[mask, items, values, key, child, …]`` with 0 for
    none and each key marked ``!`` (required) or ``?`` (optional).
    """
    return json.dumps(_plain(shape), separators=(",", ":"))


def _plain(shape: Shape) -> int | list[Any]:
    if len(shape) == 5 and shape[1] is None and shape[2] is None:
        return shape.mask
    plain: list[Any] = [shape[0]]
    for place in shape[1:3]:
        plain.append(0 if place is None else _plain(place))
    lacking = shape[4]
    for key, child in zip(shape[3], shape[5:], strict=True):
        plain.append(("?" if key in lacking else "!") + key)
        is_leaf = len(child) == 5 and child[1] is None and child[2] is None
        plain.append(child[0] if is_leaf else _plain(child))
    return plain


def from_json(text: str) -> Shape:
    """The shape that `to_json` wrote."""
    return _from_plain(json.loads(text))


def _from_plain(plain: int | list[Any]) -> Shape:
    if isinstance(plain, int):
        return _leaf[plain]
    marked = plain[3::2]
    children: list[Shape] = []
    for child in plain[4::2]:
        children.append(_from_plain(child))
    return Shape(
        (
            plain[0],
            _from_plain(plain[1]) if plain[1] else None,
            _from_plain(plain[2]) if plain[2] else None,
            tuple([key[1:] for key in marked]),
            tuple([key[1:] for key in marked if key[0] == "?"]),
            *children,
        )
    )


def shape_hash(shape: Shape) -> str:
    """The name of a shape: 16 hex digits of the SHA-256 of its JSON."""
    return hash_of_json(to_json(shape))


def hash_of_json(text: str) -> str:
    """`shape_hash` of the shape that `to_json` wrote so."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
