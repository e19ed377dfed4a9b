"""Example values of the places of a shape."""

from __future__ import annotations

import time

from inspector.core.examples import collect_examples
from inspector.core.payload import ITEMS, KEYS, parse
from inspector.core.shapes import shape_of
from inspector.core.type_shape import learn


def test_examples_are_a_few_distinct_scalars() -> None:
    payloads = [{"a": value, "l": [{"k": 1}, {"k": 2}]} for value in ("x", "x", "y", None, "z", "w")]
    examples = collect_examples(payloads, learn(payloads).merged)
    assert examples == {("a",): ["x", "y", None], ("l", ITEMS, "k"): [1, 2]}


def test_examples_of_different_types_are_distinct() -> None:
    payloads = [{"a": value} for value in (1, True, 1.0, "1")]
    examples = collect_examples(payloads, learn(payloads).merged, limit=9)[("a",)]
    assert [(type(value), value) for value in examples] == [(int, 1), (bool, True), (float, 1.0), (str, "1")]


def test_examples_under_collapsed_keys_and_of_long_strings() -> None:
    payloads = [{"details": {name: {"msg": "m" * 500}}, "0" * 32: 1} for name in ("AError", "BError")]
    examples = collect_examples(payloads, learn(payloads).merged)
    assert examples == {("details", KEYS, "msg"): ["m" * 119 + "…"], (KEYS,): [1]}


def test_a_number_too_long_to_read_is_no_example() -> None:
    payload = parse(b'{"a": ' + b"9" * 5000 + b"}")
    assert collect_examples([payload], shape_of(payload)) == {}


def test_examples_of_huge_payloads_take_bounded_work() -> None:
    payload = {"l": list(range(1_000_000)), "m": {str(i): i for i in range(200_000)}}
    merged = shape_of(payload)
    begun = time.process_time()
    examples = collect_examples([payload] * 5, merged)
    assert time.process_time() - begun < 5
    assert examples[("l", ITEMS)] == [0, 1, 2]


def test_a_place_that_is_a_scalar_an_array_and_an_object_has_examples_of_each() -> None:
    payloads = [{"a": 1}, {"a": ["x", "y"]}, {"a": {"b": None, "c": [True]}}, 7]
    assert collect_examples(payloads, learn(payloads).merged) == {
        (): [7],
        ("a",): [1],
        ("a", ITEMS): ["x", "y"],
        ("a", "b"): [None],
        ("a", "c", ITEMS): [True],
    }
