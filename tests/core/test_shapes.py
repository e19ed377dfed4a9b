"""Shapes of single payloads, and the algebra on them."""

from __future__ import annotations

import json
import pickle
import time
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.data_keys import MAX_PLACES, data_key_reason, keys_reason
from inspector.core.payload import ITEMS, KEYS, MAX_DEPTH, Duplicated, NotJson, Path, parse
from inspector.core.places import has_path, in_words, path_in, path_order, paths, place_at
from inspector.core.shapes import (
    DUPLICATE,
    EMPTY_ARRAY,
    EMPTY_OBJECT,
    NOTHING,
    Shape,
    fits,
    from_json,
    merge,
    merge_all,
    shape_hash,
    shape_of,
    size,
    to_json,
)

SAMPLES = sorted((File(__file__).parents[2] / "sample_payloads" / "anchore").glob("*.json"))
DIGEST = "sha256:" + "5b1fa21c" * 8
HEX = "0123456789abcdef" * 4

NAMES = st.sampled_from(["a", "b", "c", "image_digest", DIGEST, HEX, "me@example.com", "\ud800"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
SHAPES = PAYLOADS.map(shape_of)


def types(payload: Any, *path: Any) -> tuple[str, ...]:
    place = place_at(shape_of(payload), path)
    assert place is not None
    return place.types


def optional(payload: Any, *path: Any) -> tuple[str, ...]:
    place = place_at(shape_of(payload), path)
    assert place is not None
    return place.optional


def nested(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


def test_values_do_not_matter_and_neither_does_the_order_of_keys() -> None:
    assert shape_of({"a": 1, "b": "x"}) == shape_of({"b": "y", "a": 2})
    assert hash(shape_of({"a": 1, "b": "x"})) == hash(shape_of({"b": "y", "a": 2}))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("null", "null"),
        ("true", "boolean"),
        ("1", "integer"),
        ("9" * 5000, "integer"),
        ("1.0", "number"),
        ("1e3", "number"),
        ('"x"', "string"),
        ("[]", "array"),
        ("{}", "object"),
    ],
)
def test_every_json_type_is_told_apart(text: str, name: str) -> None:
    assert shape_of(parse(text.encode())).types == (name,)


def test_absent_differs_from_null() -> None:
    assert shape_of({"a": None}) != shape_of({})


def test_empty_array_and_empty_object_are_known_as_such() -> None:
    assert shape_of([]) != shape_of([1])
    assert shape_of({}) != shape_of({"a": 1})
    assert shape_of([[], [1]]) != shape_of([[1]])
    assert shape_of([{}, {"a": 1, "b": 1}]) != shape_of([{"a": 1}, {"b": 1}])
    assert shape_of([]).mask & EMPTY_ARRAY
    assert shape_of({}).mask & EMPTY_OBJECT
    assert in_words(shape_of([])) == "array, empty"
    assert in_words(shape_of({})) == "object, empty"


def test_elements_of_an_array_merge() -> None:
    assert types([1, "x", None], ITEMS) == ("null", "integer", "string")
    assert shape_of([1, 2, 3]) == shape_of([7])


def test_required_is_right_inside_arrays() -> None:
    assert optional([{"a": 1}, {"b": 1}], ITEMS) == ("a", "b")
    assert optional([{"a": 1, "b": 1}, {"a": 1, "b": 1}], ITEMS) == ()
    assert optional([{"a": 1, "b": 1}, {"a": 1}], ITEMS) == ("b",)
    assert shape_of([{"a": 1}, {"b": 1}]) != shape_of([{"a": 1, "b": 1}] * 2)


def test_elements_that_are_no_objects_make_no_key_optional() -> None:
    assert optional([{"a": 1}, None, "x"], ITEMS) == ()


def test_rows_of_mixed_columns() -> None:
    """A policy evaluation's rows: arrays of strings in which one column is a boolean."""
    assert types({"rows": [["a", "b", False], ["c", "d", True]]}, "rows", ITEMS, ITEMS) == (
        "boolean",
        "string",
    )


def test_duplicate_keys_are_noted_at_the_key() -> None:
    payload = parse(b'{"a": "1", "b": {"c": 1, "c": 2}, "a": 2}')
    shape = shape_of(payload)
    marked = [path for path, place in paths(shape) if place.mask & DUPLICATE]
    assert marked == [("a",), ("b", "c")]
    assert types(payload, "a") == ("integer",)
    assert shape != shape_of(json.loads('{"a": 2, "b": {"c": 2}}'))


def test_a_duplicated_data_key_is_noted() -> None:
    shape = shape_of(Duplicated([(HEX, 1), (HEX, 2)]))
    assert shape.values is not None
    assert shape.values.mask & DUPLICATE


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (DIGEST, "keys are digests"),
        (f"registry.example.com/web@{DIGEST}", "keys are digests"),
        ("d41d8cd98f00b204e9800998ecf8427e", "keys are hex ids"),
        ("0" * 40, "keys are hex ids"),
        (HEX, "keys are hex ids"),
        (HEX * 2, "keys are hex ids"),
        ("3F2504E0-4F89-11D3-9A0C-0305E82C3301", "keys are UUIDs"),
        ("jo.smith+x@mail.example.com", "keys are e-mail addresses"),
        ("k" * 257, "keys are texts over 256 characters"),
    ],
)
def test_keys_that_look_like_data_become_values(key: str, reason: str) -> None:
    assert data_key_reason(key) == reason
    shape = shape_of({"result": {key: {"x": 1}}})
    assert has_path(shape, ("result", KEYS, "x"))
    assert not has_path(shape, ("result", key))
    assert keys_reason(shape.children[0].mask) == reason


@pytest.mark.parametrize(
    "key",
    [
        "details",
        "CVE-2026-1001",
        "SkopeoError",
        "@timestamp",
        "a@b",
        "deadbeef",
        "0" * 33,
        "docker.io/library/nginx:1.27",
        "a_field_with_a_name_that_is_quite_long",
        "",
    ],
)
def test_other_keys_are_names(key: str) -> None:
    assert data_key_reason(key) is None
    assert has_path(shape_of({key: 1}), (key,))


def test_names_and_data_keys_can_stand_in_one_object() -> None:
    shape = shape_of({"default": 1, HEX: "x", DIGEST: None})
    assert shape.keys == ("default",)
    assert shape.values is not None
    assert shape.values.types == ("null", "string")
    assert keys_reason(shape.mask) == "keys are digests or hex ids"


def test_an_object_of_over_1000_keys_collapses_wholly() -> None:
    assert len(shape_of({f"k{i}": 1 for i in range(1000)}).keys) == 1000
    shape = shape_of({f"k{i}": 1 for i in range(1001)})
    assert shape.keys == ()
    assert has_path(shape, (KEYS,))
    assert keys_reason(shape.mask) == "over 1,000 keys in one object"


def test_an_object_that_simply_has_many_fields_keeps_them() -> None:
    repository = {f"{noun}_url": "https://example.com" for noun in map(str, range(81))}
    assert len(shape_of(repository).keys) == 81


def test_a_shape_never_exceeds_its_bound() -> None:
    table = [{f"k{i}-{j}": {"x": i} for j in range(900)} for i in range(60)]
    shape = shape_of({"kept": 1, "table": table})
    assert size(shape) <= MAX_PLACES
    assert has_path(shape, ("kept",))
    place = place_at(shape, ("table", ITEMS))
    assert place is not None
    assert keys_reason(place.mask) == "over 10,000 places in one payload"


def test_arrays_and_objects_nested_in_every_way_stay_bounded() -> None:
    payload: Any = 1
    for _ in range(14):
        payload = [[payload], {DIGEST: payload}]
    assert size(shape_of(payload)) <= MAX_PLACES


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_deep_payloads_go_through_everything(opening: str, closing: str) -> None:
    levels = MAX_DEPTH // (2 if "[{" in opening else 1)
    payload = parse(nested(opening, closing, levels))
    shape = shape_of(payload)
    assert shape == shape_of(payload)
    assert from_json(to_json(shape)) == shape
    assert pickle.loads(pickle.dumps(shape)) == shape
    assert merge(shape, shape_of({"b": 1})) != shape
    assert fits(shape, shape)
    assert sum(1 for _ in paths(shape)) == MAX_DEPTH + 1
    with pytest.raises(NotJson, match="Nested deeper than 500"):
        shape_of([payload])


def test_odd_values_are_never_refused() -> None:
    for payload in (float("nan"), "\ud800", {"\ud800\u202e": "\x00"}, {"": {"": []}}, True, 1 << 70):
        shape = shape_of(payload)
        to_json(shape).encode()
        assert from_json(to_json(shape)) == shape


def test_the_hash_is_16_hex_digits_and_stable() -> None:
    assert to_json(shape_of({"a": [1, {}], "b": None})) == '[64,0,0,"!a",[32,324,0],"!b",1]'
    assert shape_hash(shape_of({"a": 1})) == shape_hash(shape_of({"a": 2}))
    assert shape_hash(shape_of({"a": 1})) == "726095559e5fb56e"


def test_merging_nothing_changes_nothing() -> None:
    shape = shape_of({"a": 1})
    assert merge(shape, NOTHING) == merge(NOTHING, shape) == shape
    assert merge_all([]) == NOTHING


def test_an_absent_parent_does_not_make_children_optional() -> None:
    both = merge(shape_of({"d": {"x": 1}}), shape_of({"d": None}))
    assert place_at(both, ("d",)) == merge(shape_of({"x": 1}), shape_of(None))
    assert both.optional == ()
    with_absent = merge(both, shape_of({}))
    assert with_absent.optional == ("d",)
    place = place_at(with_absent, ("d",))
    assert place is not None
    assert place.optional == ()


def test_fitting() -> None:
    shape = merge(shape_of({"a": 1, "b": "x"}), shape_of({"a": None}))
    assert fits(shape_of({"a": 5}), shape)
    assert not fits(shape_of({"b": "x"}), shape)
    assert not fits(shape_of({"a": "1"}), shape)
    assert not fits(shape_of({"a": 1, "c": 1}), shape)
    assert not fits(shape_of([]), shape)
    assert not fits(shape_of([{"a": 1}, {}]), shape_of([{"a": 1}]))
    assert fits(shape_of([]), shape_of([{"a": 1}]))
    assert not fits(shape_of([1]), shape_of([]))


def test_a_path_of_a_payload_is_found_in_the_shape() -> None:
    shape = shape_of({"items": [{"id": 1}], "result": {HEX: {"x": 1}}})
    assert path_in(shape, ("items", 3, "id")) == ("items", ITEMS, "id")
    assert path_in(shape, ("result", DIGEST, "x")) == ("result", KEYS, "x")
    assert path_in(shape, ("items", 0, "name")) is None
    assert path_in(shape, ()) == ()


def test_paths_come_parents_first() -> None:
    shape = shape_of({"b": [{"c": 1}], "a": {HEX: 1, "n": 2}})
    listed = [path for path, _ in paths(shape)]
    expected: list[Path] = [
        (),
        ("a",),
        ("a", "n"),
        ("a", KEYS),
        ("b",),
        ("b", ITEMS),
        ("b", ITEMS, "c"),
    ]
    assert listed == expected == sorted(listed, key=path_order)
    assert all(has_path(shape, path) for path in listed)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("x", "string"),
        ([None, "x"], "array of (null or string)"),
        ([{}], "array of object"),
        ({"a": 1}, "object, 1 field"),
        ({"a": 1, "b": 2}, "object, 2 fields"),
        ({HEX: 1}, "object, any keys"),
        ({HEX: 1, "a": 1}, "object, 1 field and {*}"),
    ],
)
def test_places_in_words(payload: Any, words: str) -> None:
    assert in_words(shape_of(payload)) == words


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_sample_payloads_have_their_envelope_in_their_shape(file: File) -> None:
    payload = parse(file.read_bytes())
    shape = shape_of(payload)
    assert not {"id", "source", "details"} - set(shape.keys) or {"data", "queueId"} <= set(shape.keys)
    assert from_json(to_json(shape)) == shape


def test_a_typical_payload_takes_microseconds() -> None:
    """The listener acknowledges only after this; the limit leaves much room for a busy machine."""
    payload = {f"k{i}": {"a": "x", "b": 1, "c": [{"d": None}]} for i in range(8)}
    shape_of(payload)
    best = 1.0
    for _ in range(20):
        begun = time.process_time()
        for _ in range(50):
            shape_of(payload)
        best = min(best, (time.process_time() - begun) / 50)
    assert best < 200e-6


def test_many_different_objects_in_one_array_take_no_square_of_time() -> None:
    payload = [{f"key{i}": i} for i in range(20_000)]
    begun = time.process_time()
    shape_of(payload)
    assert time.process_time() - begun < 5


@given(SHAPES, SHAPES)
@settings(deadline=None)
def test_merge_is_commutative(a: Shape, b: Shape) -> None:
    assert merge(a, b) == merge(b, a)


@given(SHAPES, SHAPES, SHAPES)
@settings(deadline=None)
def test_merge_is_associative(a: Shape, b: Shape, c: Shape) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge_all([a, b, c])


@given(SHAPES, SHAPES)
@settings(deadline=None)
def test_merge_is_idempotent(a: Shape, b: Shape) -> None:
    assert merge(a, a) == a
    assert merge(merge(a, b), b) == merge(a, b)


@given(SHAPES, SHAPES)
@settings(deadline=None)
def test_both_fit_what_they_merge_into(a: Shape, b: Shape) -> None:
    both = merge(a, b)
    assert fits(a, both)
    assert fits(b, both)


@given(st.lists(PAYLOADS, min_size=1, max_size=5))
@settings(deadline=None)
def test_an_array_is_the_merge_of_its_elements(elements: list[Any]) -> None:
    assert shape_of(elements).items == merge_all(map(shape_of, elements))


@given(PAYLOADS)
@settings(max_examples=200, deadline=None)
def test_json_round_trip(payload: Any) -> None:
    shape = shape_of(payload)
    text = to_json(shape)
    assert text.isascii()
    assert from_json(text) == shape
    assert hash(from_json(text)) == hash(shape)
    assert to_json(from_json(text)) == text


@given(PAYLOADS)
@settings(deadline=None)
def test_every_value_of_a_payload_has_its_place(payload: Any) -> None:
    shape = shape_of(payload)

    def look(value: Any, path: Path) -> None:
        found = path_in(shape, path)
        assert found is not None
        assert has_path(shape, found)
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, (*path, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                look(inner, (*path, index))

    look(payload, ())
