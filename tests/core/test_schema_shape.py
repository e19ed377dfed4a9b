"""JSON Schemas as one side of a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.events import InspectorError
from inspector.core.export.json_schema import json_schema
from inspector.core.export.learnt import Learnt
from inspector.core.identify import identify_request
from inspector.core.payload import KEYS, parse, show_path
from inspector.core.places import path_order, paths
from inspector.core.schema_shape import free_paths, is_schema, open_paths, shape_of_schema, with_wide_numbers
from inspector.core.shapes import Shape
from inspector.core.type_shape import learn
from inspector.store.files import read_payload_file

SAMPLES = Path(__file__).parent.parent.parent / "sample_payloads"


def told(shape: Shape) -> dict[str, str]:
    """Paths with their types; ``?`` where optional."""
    optional = {(*path, key) for path, place in paths(shape) for key in place[4]}
    return {
        show_path(path): " ".join(place.types) + ("?" if path in optional else "")
        for path, place in sorted(paths(shape), key=lambda each: path_order(each[0]))
        if path
    }


def same(schema: Any, shape: Shape) -> None:
    """A schema that was made of a shape reads as that shape."""
    assert is_schema(schema)
    assert told(shape_of_schema(schema)) == told(with_wide_numbers(shape))


def test_every_schema_of_ours_reads_as_what_it_was_learnt_from() -> None:
    payloads: dict[str, list[Any]] = {}
    for file in SAMPLES.rglob("*.json"):
        request = read_payload_file(file)
        name = identify_request(request).identity.type or ""
        payloads.setdefault(name, []).append(parse(request.body))
    assert len(payloads) > 20
    for name, some in payloads.items():
        whole = learn(some)
        same(json_schema([Learnt(name, None, whole)], name), whole.merged)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abcd"), below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), _values, max_size=3), min_size=1, max_size=4))
def test_any_learnt_schema_reads_as_its_shape(payloads: list[Any]) -> None:
    whole = learn(payloads)
    same(json_schema([Learnt("t", None, whole)], "t"), whole.merged)


def test_references_and_combinations() -> None:
    schema = {
        "$defs": {
            "base": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
            "tree": {
                "type": "object",
                "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
            },
        },
        "allOf": [
            {"$ref": "#/$defs/base"},
            {"properties": {"who": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
        ],
        "properties": {
            "kind": {"enum": ["a", 1]},
            "tree": {"$ref": "#/$defs/tree"},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "never": False,
            "old": {"type": "string", "nullable": True},
        },
    }
    shape = shape_of_schema(schema)
    assert told(shape) == {
        "id": "integer",
        "kind": "integer string?",
        "labels": "object?",
        "labels.{*}": "string",
        "old": "null string?",
        "tree": "object?",
        "tree.below": "array?",
        "tree.below[]": "null boolean integer number string array object",
        "who": "null string?",
    }
    assert {show_path(path) for path in free_paths(shape)} == {"tree.below[]"}
    assert shape_of_schema(schema, "/$defs/base") == shape_of_schema(schema["$defs"]["base"])
    assert (KEYS,) not in open_paths(shape)


def test_what_a_schema_leaves_open_is_known_as_such() -> None:
    shape = shape_of_schema(
        {"type": "object", "properties": {"any": True, "o": {"type": "object"}, "l": {"type": "array"}}}
    )
    assert {show_path(path) for path in open_paths(shape)} == {"any", "o", "l"}
    assert {show_path(path) for path in free_paths(shape)} == {"any"}


@pytest.mark.parametrize(
    ("schema", "part", "words"),
    [
        ({"$ref": "#/$defs/none"}, "", "no part #/$defs/none"),
        ({"$ref": "other.json"}, "", "refers to other.json"),
        ({"type": "object"}, "/x/0", "no part #/x/0"),
        (
            {
                "$defs": {
                    f"d{n}": {"properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "abcd"}}
                    for n in range(12)
                }
                | {"d12": {}},
                "$ref": "#/$defs/d0",
            },
            "",
            "more than 10,000 places",
        ),
    ],
)
def test_schemas_that_cannot_be_read(schema: Any, part: str, words: str) -> None:
    with pytest.raises(InspectorError, match=words.replace("$", r"\$")):
        shape_of_schema(schema, part)


def test_a_schema_that_nests_without_end_stops() -> None:
    schema: Any = {"type": "string"}
    for _ in range(400):
        schema = {"allOf": [schema]}
    assert shape_of_schema(schema).types


@pytest.mark.parametrize(
    ("document", "is_one"),
    [
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, True),
        ({"type": "object", "properties": {"a": {}}}, True),
        ({"type": "object", "properties": {"a": 1}}, False),
        ({"type": "object", "id": 7}, False),
        ({"type": "image.pushed", "items": []}, False),
        ([], False),
    ],
)
def test_schemas_are_told_from_payloads(document: Any, is_one: bool) -> None:
    assert is_schema(document) is is_one
