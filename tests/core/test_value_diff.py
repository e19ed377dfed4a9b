"""Payloads compared value by value."""

from __future__ import annotations

import copy
import pickle
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.alignment import on_side, swapped
from inspector.core.payload import Path, show_path
from inspector.core.value_diff import ABSENT, MAX_PLACES, diff_values


def signs(a: object, b: object) -> dict[str, str]:
    return {show_path(line.path): line.sign for line in diff_values(a, b)}


def test_scalars_are_compared_by_path() -> None:
    a = {"same": 1, "other": "x", "gone": None, "deep": {"list": [1, 2]}}
    b = {"same": 1, "other": "y", "deep": {"list": [1, 3, 4]}, "new": True}
    assert signs(a, b) == {
        "same": "=",
        "other": "~",
        "gone": "-",
        "deep.list[0]": "=",
        "deep.list[1]": "~",
        "deep.list[2]": "+",
        "new": "+",
    }


def test_types_count_and_null_is_not_absent() -> None:
    assert signs({"a": 1, "b": 1, "c": None}, {"a": True, "b": 1.0, "c": None}) == {
        "a": "~",
        "b": "~",
        "c": "=",
    }
    assert signs(float("nan"), float("nan")) == {".": "="}


def test_an_object_on_one_side_is_a_line_with_its_leaves() -> None:
    lines = diff_values({}, {"o": {"x": 1}})
    assert [(line.sign, show_path(line.path)) for line in lines] == [("+", "o"), ("+", "o.x")]
    assert lines[0].a is ABSENT
    assert signs({"o": "text"}, {"o": {"x": 1}}) == {"o": "~", "o.x": "+"}


@pytest.mark.parametrize(
    ("a", "b", "changed"),
    [
        pytest.param([1, 2, 3], [0, 1, 2, 3], {"[0]": "+"}, id="one in front"),
        pytest.param([1, 2, 3, 4], [1, 3, 4], {"[1]": "-"}, id="one taken out"),
        pytest.param(["x", "y"], ["y", "x"], {"[0]": "-", "[1]": "+"}, id="one moved"),
        pytest.param([1, 5, 3], [9, 1, 6, 3], {"[0]": "+", "[1→2]": "~"}, id="another value after one more"),
        pytest.param([1, 1.0, True], [True, 1, 1.0], {"[0]": "+", "[2]": "-"}, id="types count"),
        pytest.param([0, 0, 1, 0], [0, 1, 0, 0], {"[1]": "-", "[2]": "+"}, id="repeated"),
        pytest.param([[1, {"k": 2}], 3], [3], dict.fromkeys(("[0]", "[0][0]", "[0][1]", "[0][1].k"), "-"), id="nested"),
        pytest.param(
            [{"id": 1, "v": 0}, {"id": 2, "v": 0}, {"id": 3, "v": 0}],
            [{"id": 4, "v": 0}, {"id": 1, "v": 9}, {"id": 3, "v": 0}],
            {"[0]": "+", "[0].id": "+", "[0].v": "+", "[0→1].v": "~", "[1]": "-", "[1].id": "-", "[1].v": "-"},
            id="names tell what is the same",
        ),
        pytest.param(
            [{"id": 1, "v": 0}], [{"id": 2, "v": 0}], {"[0].id": "~"}, id="names that none shares tell nothing"
        ),
    ],
)  # fmt: skip
def test_elements_that_are_the_same_stay_together(a: object, b: object, changed: dict[str, str]) -> None:
    assert {place: sign for place, sign in signs(a, b).items() if sign != "="} == changed


def test_a_place_in_both_is_a_path_of_each() -> None:
    [line] = [
        line for line in diff_values({"a": [{"x": 1}, [2, 3]]}, {"a": [0, {"x": 1}, [3]]}) if line.sign == "-"
    ]
    assert show_path(line.path) == "a[1→2][0]"
    assert show_path(on_side(line.path, "a")) == "a[1][0]"
    assert swapped(swapped(line.path)) == line.path != swapped(line.path)
    assert pickle.loads(pickle.dumps(line.path)) == line.path


_SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.floats() | st.sampled_from(["", "a", "b"])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["id", "k", "v"]), inner),
    max_leaves=15,
)
_SIDES = st.lists(_SCALARS, max_size=12) | st.lists(_VALUES, max_size=8)


@given(_SIDES, _SIDES)
@settings(max_examples=60)
def test_the_other_way_round_it_says_the_same(a: object, b: object) -> None:
    """Nothing differs from itself; B and A differ as A and B do; paths lead to the values."""
    assert all(line.sign == "=" for line in diff_values(a, copy.deepcopy(a)))
    there, back = diff_values(a, b), diff_values(b, a)
    turned = {"-": "+", "+": "-", "~": "~", "=": "="}
    assert Counter((line.sign, line.path) for line in there) == Counter(
        (turned[line.sign], swapped(line.path)) for line in back
    )
    for line in there:
        if line.sign != "+":
            assert value_at(a, on_side(line.path, "a")) is line.a
        if line.sign != "-":
            assert value_at(b, on_side(line.path, "b")) is line.b


def value_at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def test_large_arrays_are_aligned_in_a_moment() -> None:
    """One megabyte with one element more in front; repeated elements, of which there are too many to look at all."""
    large = [
        {"cve": f"CVE-{at * 7919 % 99991}", "fix": [1, {"a": "b"}], "url": "x" * 100} for at in range(6000)
    ]
    began = time.process_time()
    lines = diff_values(large, [{"more": 1}, *large])
    assert [line.sign for line in lines if line.sign != "="] == ["+", "+"]
    many = [at * at % 7 % 3 for at in range(20_000)]
    assert len(diff_values(many, [1, *many[::-1]])) == MAX_PLACES
    assert time.process_time() - began < 2


def test_huge_and_deep_payloads_are_bounded() -> None:
    assert len(diff_values(list(range(200_000)), [])) <= MAX_PLACES
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    assert len(diff_values(deep, deep)) == 1
