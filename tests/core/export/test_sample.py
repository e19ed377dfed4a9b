"""Samples: they fit the type they are of, and say nothing that is secret."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from inspector.core.collapse import collapse_each
from inspector.core.export.json_schema import json_schema
from inspector.core.export.sample import sample
from inspector.core.formats import format_of
from inspector.core.identify import identify
from inspector.core.shapes import fits, shape_of
from tests.core.export.payloads import PAYLOADS, TRAPS, UUID, learnt, samples


def assert_fits(payloads: list[Any], seed: int) -> None:
    type_ = learnt(payloads)
    schema = Draft202012Validator(json_schema([type_], "x"))
    for all_fields in (False, True):
        made = json.loads(json.dumps(sample(type_, random.Random(seed), all_fields=all_fields)))
        schema.validate(made)


@pytest.mark.parametrize("name", TRAPS)
def test_samples_of_the_traps_validate(name: str) -> None:
    for seed in range(4):
        assert_fits(TRAPS[name], seed)


@settings(max_examples=100, deadline=None)
@given(st.lists(PAYLOADS, min_size=1, max_size=4), st.integers(0, 99))
def test_samples_of_any_payloads_validate(payloads: list[Any], seed: int) -> None:
    assert_fits(payloads, seed)


def test_samples_of_the_anchore_types_fit_and_are_known_as_such() -> None:
    for name, payloads in samples().items():
        type_ = learnt(payloads, name)
        for all_fields in (False, True):
            made = sample(type_, random.Random(7), all_fields=all_fields)
            shape = collapse_each(shape_of(made), type_.shape.collapses)
            assert fits(shape, type_.shape.merged)
            if payloads[0].get("source") and name.startswith(("user.", "system.")):
                found = identify({}, json.dumps(made).encode()).identity
                assert (found.sender, found.type) == ("anchore", name)


def test_all_fields_or_only_the_required() -> None:
    type_ = learnt([{"a": 1}, {"a": 2, "b": {"c": "x", "d": None}}, {"a": 3, "b": {"c": "y", "d": 1}}])
    assert set(sample(type_, random.Random(0))) == {"a"}
    whole = sample(type_, random.Random(0), all_fields=True)
    assert set(whole) == {"a", "b"}
    assert whole["b"]["d"] == 1
    assert whole["b"]["c"] in ("x", "y")


def test_ids_and_times_are_made_up_and_the_seed_decides() -> None:
    payloads = [
        {
            "id": f"{n:032x}",
            "u": UUID.replace("123", f"{n:03d}"),
            "at": f"2026-11-17T09:12:4{n}Z",
            "level": "info",
        }
        for n in range(5)
    ]
    type_ = learnt(payloads)
    made = sample(type_, random.Random(1))
    assert made == sample(type_, random.Random(1))
    assert made != sample(type_, random.Random(2))
    assert [format_of(made[key]) for key in ("id", "u", "at")] == ["hex id", "UUID", "timestamp"]
    assert made["id"] not in [each["id"] for each in payloads]
    assert made["level"] == "info"
