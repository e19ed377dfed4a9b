"""Payloads compared value by value."""

from __future__ import annotations

from inspector.core.payload import show_path
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


def test_huge_and_deep_payloads_are_bounded() -> None:
    assert len(diff_values(list(range(200_000)), [])) <= MAX_PLACES
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    assert len(diff_values(deep, deep)) == 1
