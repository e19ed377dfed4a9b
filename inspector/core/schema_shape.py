"""A JSON Schema read as a shape, so that it can stand on one side of a diff.

Read are ``type``, ``properties``, ``required``, ``additionalProperties``, ``patternProperties``, ``items``,
``prefixItems``, ``enum``, ``const``, ``anyOf``, ``oneOf``, ``allOf`` and ``$ref`` within the document; what a
schema says of values, and its conditions, are no part of a shape. ``number`` takes in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from inspector.core.collapse import Collapse
from inspector.core.data_keys import CUT, MAX_PLACES
from inspector.core.events import InspectorError
from inspector.core.payload import Path, json_type
from inspector.core.places import paths
from inspector.core.shapes import (
    ARRAY,
    BITS,
    EMPTY_ARRAY,
    EMPTY_OBJECT,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    TYPE_BITS,
    Shape,
    merge_all,
)

MAX_NESTING = 100
"""What a schema describes deeper is taken for anything."""

_ANY: Final = Shape((TYPE_BITS | CUT, None, None, (), ()))
_OBJECT_WORDS = ("properties", "required", "additionalProperties", "patternProperties")
_ARRAY_WORDS = ("items", "prefixItems", "maxItems", "minItems")
_WORDS = (*_OBJECT_WORDS, "items", "$ref", "$defs", "definitions", "anyOf", "oneOf", "allOf")


def is_schema(document: Any) -> bool:
    """True for a JSON document that means to be a schema: it says so, or describes an object or array."""
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("$schema"), str):
        return True
    typed = document.get("type") in ("object", "array") and any(word in document for word in _WORDS)
    return typed and all(isinstance(each, dict | bool) for each in _values(document.get("properties", {})))


def _values(found: Any) -> Iterable[Any]:
    return found.values() if isinstance(found, dict) else (None,)


def shape_of_schema(document: Any, pointer: str = "") -> Shape:
    """The smallest shape that every payload fits which the schema (or the part at a JSON Pointer) describes.

    Places where it allows anything are open, see `open_paths`. InspectorError, in words, when a
    reference leads nowhere or the schema is too large.
    """
    reading = _Reading(document)
    return reading.place(reading.part(pointer) if pointer else document, frozenset(), MAX_NESTING)


def collapses_of_schema(shape: Shape) -> list[Collapse]:
    """The places where a schema takes keys for data, as the collapses that stand for them."""
    return [
        Collapse(path, "additional properties of the schema", place[3])
        for path, place in paths(shape)
        if place[2] is not None
    ]


def open_paths(shape: Shape) -> set[Path]:
    """The places of a schema below which anything is allowed."""
    return {path for path, place in paths(shape) if place[0] & CUT}


def free_paths(shape: Shape) -> set[Path]:
    """The places for which a schema names no type."""
    return {path for path, place in paths(shape) if _allows_anything(place)}


def _allows_anything(place: Shape) -> bool:
    return bool(place[0] & (TYPE_BITS | CUT) == TYPE_BITS | CUT)


def with_wide_numbers(shape: Shape) -> Shape:
    """The shape as a schema would have it: where there are numbers, whole ones are not told apart."""
    if len(shape) == 5 and shape[1] is None and shape[2] is None:
        return Shape((_wide(shape[0]), *shape[1:]))
    return Shape(
        (
            _wide(shape[0]),
            None if shape[1] is None else with_wide_numbers(shape[1]),
            None if shape[2] is None else with_wide_numbers(shape[2]),
            *shape[3:5],
            *map(with_wide_numbers, shape[5:]),
        )
    )


def _wide(mask: int) -> int:
    return mask & ~INTEGER if mask & NUMBER else mask


class _Reading:
    """One schema document while it is read."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.places = 0

    def part(self, pointer: str) -> Any:
        """What stands at a JSON Pointer of the document."""
        found = self.document
        for step in pointer.lstrip("/").split("/") if pointer.strip("/") else ():
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise InspectorError(f"the schema has no part #{pointer}.") from None
        return found

    def place(self, schema: Any, followed: frozenset[str], depth: int) -> Shape:
        """The shape of what one schema describes; `followed` are the references on the way to it."""
        self.places += 1
        if self.places > MAX_PLACES:
            raise InspectorError(f"the schema describes more than {MAX_PLACES:,} places.")
        if not isinstance(schema, dict) or not depth:
            return _ANY
        found = self._own(schema, followed, depth)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found = _both(found, self._referred(reference, followed, depth))
        for each in _list(schema.get("allOf")):
            found = _both(found, self.place(each, followed, depth - 1))
        for word in ("anyOf", "oneOf"):
            branches = [self.place(each, followed, depth - 1) for each in _list(schema.get(word))]
            if branches:
                found = _both(found, _ANY if any(map(_allows_anything, branches)) else merge_all(branches))
        if schema.get("nullable") is True:
            found = Shape((found[0] | NULL, *found[1:]))
        return found

    def _referred(self, reference: str, followed: frozenset[str], depth: int) -> Shape:
        if not reference.startswith("#"):
            raise InspectorError(f"the schema refers to {reference}; only references within it are followed.")
        if reference in followed:
            # A schema that contains itself: one turn is enough to see its fields.
            return _ANY
        return self.place(self.part(reference[1:]), followed | {reference}, depth - 1)

    def _own(self, schema: dict[str, Any], followed: frozenset[str], depth: int) -> Shape:
        """What the schema itself says, its combinations aside."""
        mask = _mask(schema)
        if not mask:
            return _ANY
        items = values = None
        below: dict[str, Shape] = {}
        required: set[str] = set()
        if mask & OBJECT:
            required = {key for key in _list(schema.get("required")) if isinstance(key, str)}
            named = schema.get("properties")
            named = named if isinstance(named, dict) else {}
            for key in {*named, *required}:
                # `false` says that there is no such field.
                if named.get(key) is not False:
                    below[key] = self.place(named.get(key, True), followed, depth - 1)
            further = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
            patterns = schema.get("patternProperties")
            under = list(_values(patterns)) if isinstance(patterns, dict) else []
            if isinstance(further, dict):
                under.append(further)
            if under:
                values = merge_all([self.place(each, followed, depth - 1) for each in under])
            elif not below:
                mask |= EMPTY_OBJECT if further is False else CUT
        if mask & ARRAY:
            elements = schema.get("items")
            each_of = [*_list(schema.get("prefixItems")), *_list(elements)]
            if isinstance(elements, dict):
                each_of.append(elements)
            if schema.get("maxItems") == 0:
                mask |= EMPTY_ARRAY
            elif each_of:
                items = merge_all([self.place(each, followed, depth - 1) for each in each_of])
            elif not below:
                mask |= CUT
        keys = tuple(sorted(below))
        lacking = tuple([key for key in keys if key not in required])
        return Shape((_wide(mask), items, values, keys, lacking, *map(below.__getitem__, keys)))


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _mask(schema: dict[str, Any]) -> int:
    """The types that a schema names, or that its words are about; 0 where it leaves them open."""
    mask = 0
    named = schema.get("type")
    for name in named if isinstance(named, list) else (named,):
        if isinstance(name, str):
            mask |= BITS.get(name, 0)
    if mask:
        return mask
    values = _list(schema.get("enum")) + ([schema["const"]] if "const" in schema else [])
    for value in values:
        mask |= BITS[json_type(value)]
    if any(word in schema for word in _OBJECT_WORDS):
        mask |= OBJECT
    if any(word in schema for word in _ARRAY_WORDS):
        mask |= ARRAY
    return mask


def _both(a: Shape, b: Shape) -> Shape:
    """The shape of what fits two schemas at once: the types of both, the fields of either."""
    if _allows_anything(a) or a is b:
        return b
    if _allows_anything(b):
        return a
    one, other = (mask | INTEGER if mask & NUMBER else mask for mask in (a[0], b[0]))
    mask = _wide(one & other & TYPE_BITS) | (a[0] | b[0]) & (EMPTY_ARRAY | EMPTY_OBJECT)
    in_a = dict(zip(a[3], a[5:], strict=True))
    in_b = dict(zip(b[3], b[5:], strict=True))
    keys = tuple(sorted({*in_a, *in_b}))
    below = [
        _both(in_a[key], in_b[key]) if key in in_a and key in in_b else in_a.get(key) or in_b[key]
        for key in keys
    ]
    required = (set(a[3]) - set(a[4])) | (set(b[3]) - set(b[4]))
    items, values = (
        _both(one, other) if one is not None and other is not None else one or other
        for one, other in zip(a[1:3], b[1:3], strict=True)
    )
    if not keys and items is None and values is None:
        mask |= (a[0] | b[0]) & CUT
    return Shape((mask, items, values, keys, tuple(k for k in keys if k not in required), *below))
