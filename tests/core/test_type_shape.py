"""Type shapes: presence and optionality over all events of a type."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path as File
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.collapse import Collapse
from inspector.core.payload import ITEMS, KEYS, Path, parse
from inspector.core.shapes import NOTHING, fits, shape_hash, shape_of
from inspector.core.type_shape import Field, TypeShape, Variant, learn, type_shape

SAMPLES = File(__file__).parents[2] / "sample_payloads" / "anchore"


def samples(name: str) -> list[Any]:
    return [parse(file.read_bytes()) for file in sorted(SAMPLES.glob(f"{name}*.json"))]


def field(shape: TypeShape, *path: Any) -> Field:
    found = shape.field(path)
    assert found is not None
    return found


def variant(payload: Any, count: int, first: int, last: int) -> Variant:
    shape = shape_of(payload)
    return Variant(shape, count, first, last, shape_hash(shape))


def test_a_field_knows_in_how_many_events_it_was_present() -> None:
    shape = type_shape([variant({"a": 1, "b": 1}, 300, 4, 900), variant({"a": 1}, 1, 17, 17)])
    assert shape.events == 301
    b = field(shape, "b")
    assert (b.present, b.of, b.first_event, b.last_event, b.variants) == (300, 301, 4, 900, (0,))
    a = field(shape, "a")
    assert (a.present, a.first_event, a.last_event, a.variants) == (301, 4, 900, (0, 1))


def test_optional_is_relative_to_the_parent_object() -> None:
    shape = learn([{"d": {"x": 1}}, {}, {"d": {"x": 2}}])
    assert field(shape, "d").optional
    x = field(shape, "d", "x")
    assert not x.optional
    assert (x.present, x.of) == (2, 3)


def test_elements_and_values_are_fields_and_never_optional() -> None:
    shape = learn([{"items": [], "result": {}}, {"items": [1], "result": {"0" * 32: {"x": 1}}}])
    for path in [("items", ITEMS), ("result", KEYS)]:
        assert not field(shape, *path).optional
        assert field(shape, *path).present == 1
    assert field(shape, "result", KEYS, "x").types == ("integer",)


def test_a_field_is_optional_when_one_element_of_one_event_lacks_it() -> None:
    shape = learn([{"l": [{"a": 1}, {"a": 1, "b": 2}]}])
    assert not field(shape, "l", ITEMS, "a").optional
    assert field(shape, "l", ITEMS, "b").optional
    assert field(shape, "l", ITEMS, "b").present == 1


def test_fields_come_sorted_with_parents_before_children() -> None:
    shape = learn([{"b": {"z": 1, "a": [{"k": 1}]}, "a": 1, "B": 1}])
    assert [each.path for each in shape.fields] == [
        ("B",),
        ("a",),
        ("b",),
        ("b", "a"),
        ("b", "a", ITEMS),
        ("b", "a", ITEMS, "k"),
        ("b", "z"),
    ]


def test_the_root_is_listed_only_when_the_payload_is_not_always_an_object() -> None:
    assert [each.path for each in learn([{"a": 1}]).fields] == [("a",)]
    assert [each.path for each in learn([[1]]).fields] == [(), (ITEMS,)]
    mixed = learn([{"a": 1}, "text"])
    assert mixed.fields[0].types == ("string", "object")
    assert mixed.root.present == 2


def test_a_type_without_events_has_no_fields() -> None:
    shape = type_shape([])
    assert (shape.events, shape.fields, shape.merged) == (0, [], NOTHING)


def test_an_array_or_the_word_all() -> None:
    shape = learn(samples("system.feeds.sync.started"))
    types = field(shape, "details", "sync_feed_types")
    assert types.types == ("string", "array")
    assert types.words == "string or array of string"


def test_annotations_as_object_as_empty_array_and_absent() -> None:
    shape = learn([{"annotations": {"team": "web"}}, {"annotations": []}, {"annotations": {}}, {}])
    annotations = field(shape, "annotations")
    assert annotations.types == ("array", "object")
    assert (annotations.present, annotations.empty, annotations.optional) == (3, 2, True)
    assert field(shape, "annotations", "team").optional


def test_always_empty_is_said_in_words() -> None:
    shape = learn([{"a": [], "o": {}}] * 3)
    assert (field(shape, "a").words, field(shape, "a").empty) == ("array, empty", 3)
    assert (field(shape, "o").words, field(shape, "o").empty) == ("object, empty", 3)


def test_duplicate_keys_are_noted() -> None:
    shape = learn([parse(b'{"id": 1, "id": 2, "x": 1}')])
    assert field(shape, "id").duplicated
    assert not field(shape, "x").duplicated


def test_what_collapsed_says_why() -> None:
    image_id = "5b1fa21c" * 8
    shape = learn(
        [{"result": {image_id: 1}, "details": {name: {"msg": ""}}} for name in ("AError", "BError")]
    )
    assert field(shape, "result", KEYS).collapsed_reason == "keys are hex ids"
    assert field(shape, "details", KEYS).collapsed_reason == "always one key, and it varies"
    assert field(shape, "details", KEYS, "msg").collapsed_reason is None
    both = type_shape(
        [variant({"map": {image_id: 1}}, 1, 1, 1)], [Collapse(("map",), "you said these are data")]
    )
    assert field(both, "map", KEYS).collapsed_reason == "keys are hex ids, you said these are data"


def test_learning_numbers_the_payloads() -> None:
    shape = learn([{"a": 1}, {"b": 1}, {"a": 2}])
    assert [(each.count, each.first_event, each.last_event) for each in shape.variants] == [
        (2, 1, 3),
        (1, 2, 2),
    ]
    assert [each.hash for each in shape.variants] == [shape_hash(each.shape) for each in shape.variants]


def test_a_hundred_variants_of_a_large_type_are_summed_up_quickly() -> None:
    payloads = [
        {f"group{i}": {f"f{j}": None if n == i * 10 + j else "x" for j in range(10)} for i in range(30)}
        for n in range(100)
    ]
    shape = learn(payloads)
    begun = time.process_time()
    assert len(shape.fields) == 330
    assert time.process_time() - begun < 2


NAMES = st.sampled_from(["a", "b", "c", "0" * 32])
PAYLOADS = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def naive(value: Any, path: Path, seen: dict[Path, set[str]]) -> None:
    name = {type(None): "null", int: "integer", str: "string", list: "array", dict: "object"}[type(value)]
    seen.setdefault(path, set()).add(name)
    if isinstance(value, dict):
        for key, inner in value.items():
            naive(inner, (*path, KEYS if key == "0" * 32 else key), seen)
    elif isinstance(value, list):
        for inner in value:
            naive(inner, (*path, ITEMS), seen)


@given(st.lists(PAYLOADS, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_fields_agree_with_a_naive_count(payloads: list[Any]) -> None:
    shape = type_shape(learn(payloads).variants)
    if learn(payloads).collapses:
        return
    present: Counter[Path] = Counter()
    types: dict[Path, set[str]] = {}
    first: dict[Path, int] = {}
    for number, payload in enumerate(payloads, 1):
        seen: dict[Path, set[str]] = {}
        naive(payload, (), seen)
        present.update(seen.keys())
        for path, names in seen.items():
            types.setdefault(path, set()).update(names)
            first.setdefault(path, number)
    listed = [shape.root, *(each for each in shape.fields if each.path)]
    assert {each.path: each.present for each in listed} == dict(present)
    assert {each.path: set(each.types) for each in listed} == types
    assert {each.path: each.first_event for each in listed} == first
    assert all(each.of == len(payloads) for each in listed)


@given(st.lists(PAYLOADS, min_size=1, max_size=8))
@settings(deadline=None)
def test_every_event_fits_the_type_it_belongs_to(payloads: list[Any]) -> None:
    merged = learn(payloads).merged
    assert all(fits(shape_of(payload), merged) for payload in payloads)
