"""What is learnt beside what genson learns: types and required keys of every place, where both can say them.

genson takes whole numbers among others for numbers, knows no empty object or array, and no keys that are data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest
from genson import SchemaBuilder
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.payload import ITEMS, Path
from inspector.core.shapes import shape_of
from inspector.core.type_shape import Variant, type_shape

SAMPLES = sorted((File(__file__).parents[2] / "sample_payloads").glob("*/*.json"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c", ""]), inner, max_size=3)
    ),
    max_leaves=10,
)
Said = dict[Path, tuple[set[str], set[str]]]
"""By path: JSON types, and the keys that every object there has."""


def ours(payloads: list[Any]) -> Said:
    shape = type_shape([Variant(shape_of(each), 1, 1, 1) for each in payloads])
    found: Said = {(): (set(shape.root.types), set())}
    for field in shape.fields:
        found[field.path] = (set(field.types), set())
    for field in shape.fields:
        if field.path and field.path[-1] is not ITEMS and not field.optional:
            found[field.path[:-1]][1].add(str(field.path[-1]))
    for types, _ in found.values():
        if "number" in types:
            types.discard("integer")
    return found


def theirs(payloads: list[Any]) -> Said:
    builder = SchemaBuilder()
    for each in payloads:
        builder.add_object(each)
    return dict(places((), builder.to_schema()))


def places(path: Path, schema: dict[str, Any]) -> Iterator[tuple[Path, tuple[set[str], set[str]]]]:
    types: set[str] = set()
    required: set[str] = set()
    for one in schema.get("anyOf", [schema]):
        named = one.get("type", [])
        types |= {named} if isinstance(named, str) else set(named)
        required |= set(one.get("required", ()))
        for key, below in one.get("properties", {}).items():
            yield from places((*path, key), below)
        if "items" in one:
            yield from places((*path, ITEMS), one["items"])
    yield path, (types, required)


@given(st.lists(PAYLOADS, min_size=1, max_size=6))
def test_any_payloads(payloads: list[Any]) -> None:
    assert ours(payloads) == theirs(payloads)


@pytest.mark.parametrize("sender", sorted({file.parent.name for file in SAMPLES}))
def test_the_samples_of_each_type(sender: str) -> None:
    """All variants of a type together; those with keys that are data by their looks genson cannot follow."""
    types: dict[str, list[Any]] = {}
    for file in SAMPLES:
        if file.parent.name == sender:
            types.setdefault(file.stem.partition("--")[0], []).append(json.loads(file.read_text()))
    compared = 0
    for payloads in types.values():
        if all(isinstance(step, str) or step is ITEMS for path in ours(payloads) for step in path):
            assert ours(payloads) == theirs(payloads)
            compared += 1
    assert compared > 0
