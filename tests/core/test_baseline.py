"""Baselines: the file reads back as what it was made of, is stable, and tells what has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.baseline import baseline_text, is_baseline, pinned, read_baseline
from inspector.core.events import InspectorError
from inspector.core.shapes import shape_of
from tests.core.export.payloads import PAYLOADS, TRAPS, learnt


def round_trip(payloads: list[Any]) -> Any:
    (found,) = read_baseline(json.loads(baseline_text([pinned(learnt(payloads))])), "baseline.json")
    return found


@pytest.mark.parametrize("name", TRAPS)
def test_what_it_was_made_of_fits(name: str) -> None:
    found = round_trip(TRAPS[name])
    for payload in TRAPS[name]:
        assert found.drift(shape_of(payload)) == []


@settings(max_examples=150, deadline=None)
@given(st.lists(PAYLOADS, min_size=1, max_size=4), PAYLOADS)
def test_read_back_it_judges_the_same(payloads: list[Any], event: Any) -> None:
    made, found = pinned(learnt(payloads)), round_trip(payloads)
    assert found.variants == made.variants
    assert found.always == made.always
    assert found.drift(shape_of(event)) == made.drift(shape_of(event))


def test_words_name_the_events_where_all_of_them_had_the_field() -> None:
    found = round_trip([{"details": {"annotations": {}}, "x": 1}] * 41)
    (one,) = found.drift(shape_of({"details": {"annotations": []}, "x": 1}))
    assert one.words == "details.annotations is now an array, was object in 41 events"
    found = round_trip([{"annotations": {}}, {}])
    (one,) = found.drift(shape_of({"annotations": []}))
    assert one.words == "annotations is now an array, was object"


def test_the_file_is_ascii_sorted_and_has_a_field_a_line() -> None:
    one, two = learnt([{"a": "é", "b": {"c": 1}}], "b.type"), learnt([{"ü": 1}], "a.type")
    text = baseline_text([pinned(one), pinned(two)])
    assert text == baseline_text([pinned(two), pinned(one)])
    assert text.isascii()
    assert is_baseline(json.loads(text))
    assert '        {"path": "b.c", "types": ["integer"]}\n' in text
    assert text.index("a.type") < text.index("b.type")


def test_it_does_not_depend_on_the_order_of_events() -> None:
    payloads = TRAPS["annotations"]
    assert baseline_text([pinned(learnt(payloads))]) == baseline_text([pinned(learnt(payloads[::-1]))])


@pytest.mark.parametrize(
    "document",
    [
        {"inspector_baseline": 2, "types": []},
        {"inspector_baseline": 1},
        {"inspector_baseline": 1, "types": [{"sender": None, "type": "x"}]},
        {"inspector_baseline": 1, "types": 7},
        {"inspector_baseline": 1, "types": [
            {"sender": None, "type": "x", "events": 1, "variants": [], "collapses": [],
             "fields": [{"path": "a.b", "types": ["string"]}]}
        ]},
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_refused_in_words(document: Any) -> None:
    with pytest.raises(InspectorError, match=r"baseline\.json"):
        read_baseline(document, "baseline.json")
