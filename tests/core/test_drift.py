"""Drift: what is new in an event, in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.drift import drift_in_words, drift_of, known_before
from inspector.core.shapes import fits, shape_of
from inspector.core.type_shape import learn
from tests.core.export.payloads import DIGEST, PAYLOADS, TRAPS


def words(known: list[Any], event: Any) -> list[str]:
    return drift_in_words(shape_of(event), learn(known))


def test_another_type_says_what_it_was_and_in_how_many_events() -> None:
    known = [{"details": {"annotations": {"team": "a"}}}] * 41 + [{"details": {}}]
    assert words(known, {"details": {"annotations": []}}) == [
        "details.annotations is now an array, was object in 41 events"
    ]
    assert words([{"a": None}, {"a": 1}], {"a": "x"}) == [
        "a is now a string, was null or integer in 2 events"
    ]
    assert words([{"a": 1}], [1]) == ["the payload is now an array, was object in 1 event"]


def test_new_fields_are_named_once_with_what_they_are() -> None:
    assert words([{"a": {"x": 1}}], {"a": {"x": 1, "y": {"z": [1]}}}) == ["a.y is new: object, 1 field"]
    assert words([{"l": []}], {"l": [{"a": 1}]}) == ["l[] is new: object, 1 field"]
    assert words([{"m": {}}], {"m": {DIGEST: 1}}) == ["m.{*} is new: integer"]


def test_missing_fields_are_named() -> None:
    assert words([{"a": 1, "b": 1}] * 3, {"b": 1}) == ["a is missing, was there in 3 events"]
    known = [{"l": [{"a": 1, "b": 1}]}] * 2
    assert words(known, {"l": [{"a": 1, "b": 2}, {"a": 1}]}) == [
        "l[].b is sometimes missing, was there in 2 events"
    ]


def test_whole_numbers_fit_where_numbers_do_and_not_the_other_way() -> None:
    assert words([{"a": 1.5}], {"a": 2}) == []
    assert words([{"a": 2}], {"a": 1.5}) == ["a is now a number, was integer in 1 event"]


def test_keys_that_are_data_do_not_drift() -> None:
    known = [{"details": {name: {"msg": "x"}}} for name in ("AError", "BError")]
    assert words(known, {"details": {"CError": {"msg": "y"}}}) == []
    assert words(known, {"details": {"CError": {"msg": 1}}}) == [
        "details.{*}.msg is now an integer, was string in 2 events"
    ]


@pytest.mark.parametrize("name", TRAPS)
def test_nothing_drifts_from_what_it_was_learnt_from(name: str) -> None:
    for payload in TRAPS[name]:
        assert words(TRAPS[name], payload) == []


def test_before_an_event_are_the_variants_that_came_earlier() -> None:
    whole = learn([{"a": 1}, {"a": "x"}, {"a": 2}, {"a": None}])
    assert [known_before(whole, number).events for number in (1, 2, 3, 4)] == [0, 2, 3, 3]
    assert drift_in_words(shape_of({"a": "x"}), known_before(whole, 2)) == [
        "a is now a string, was integer in 2 events"
    ]


def floats(value: Any) -> Any:
    """The payload with every integer as a number, for the one case in which drift is kinder than fitting."""
    if isinstance(value, dict):
        return {key: floats(each) for key, each in value.items()}
    if isinstance(value, list):
        return [floats(each) for each in value]
    return float(value % 1000) if type(value) is int else value


@settings(max_examples=300, deadline=None)
@given(st.lists(PAYLOADS.map(floats), min_size=1, max_size=4), PAYLOADS.map(floats))
def test_an_event_drifts_exactly_when_it_does_not_fit(known: list[Any], event: Any) -> None:
    type_ = learn(known)
    drifts = drift_of(shape_of(event), type_)
    if not type_.collapses:
        assert (drifts == []) == fits(shape_of(event), type_.merged)
    for each in known:
        assert drift_of(shape_of(each), type_) == []
