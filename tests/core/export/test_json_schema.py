"""JSON Schema: every event learnt from validates, what no event has had does not."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from inspector.core.export.json_schema import json_schema
from tests.core.export.payloads import DIGEST, PAYLOADS, TRAPS, learnt, samples


def schema_of(payloads: list[Any], *, closed: bool = True) -> Any:
    """The schema as it comes out of a file."""
    return json.loads(json.dumps(json_schema([learnt(payloads)], "thing.happened", closed=closed)))


def valid(schema: Any, payload: Any) -> bool:
    return Draft202012Validator(schema).is_valid(payload)


@pytest.mark.parametrize("name", TRAPS)
@pytest.mark.parametrize("closed", [True, False])
def test_every_trap_validates(name: str, closed: bool) -> None:
    schema = schema_of(TRAPS[name], closed=closed)
    Draft202012Validator.check_schema(schema)
    for payload in TRAPS[name]:
        Draft202012Validator(schema).validate(payload)


def test_every_sample_validates_against_its_type_and_against_all_types_together() -> None:
    found = samples()
    types = [learnt(payloads, name) for name, payloads in found.items()]
    together = json.loads(json.dumps(json_schema(types, "*")))
    Draft202012Validator.check_schema(together)
    for each, payloads in zip(types, found.values(), strict=True):
        schema = json_schema([each], each.name)
        assert schema["title"] == each.name
        for payload in payloads:
            Draft202012Validator(schema).validate(payload)
            Draft202012Validator(together).validate(payload)


@settings(max_examples=150, deadline=None)
@given(st.lists(PAYLOADS, min_size=1, max_size=5), st.booleans())
def test_any_payloads_validate(payloads: list[Any], closed: bool) -> None:
    schema = schema_of(payloads, closed=closed)
    for payload in payloads:
        Draft202012Validator(schema).validate(payload)


def test_what_is_always_there_is_required() -> None:
    schema = schema_of([{"a": 1, "b": {"c": 1}}, {"a": 2, "b": {}}, {"a": 1}])
    assert schema["required"] == ["a"]
    assert "required" not in schema["properties"]["b"]
    rows = schema_of(TRAPS["required in elements"])["properties"]["l"]["items"]
    assert rows["required"] == ["a"]


def test_integer_number_null_and_mixed_types_stay_apart() -> None:
    properties = schema_of(TRAPS["integer and number"])["properties"]
    assert [properties[key]["type"] for key in "abc"] == ["integer", "number", "number"]
    assert schema_of([{"a": None}, {"a": "x"}])["properties"]["a"] == {"type": ["null", "string"]}
    kinds = schema_of(TRAPS["list or all"])["properties"]["sync_feed_types"]
    assert kinds == {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def test_keys_that_are_data_are_additional_properties_and_say_why() -> None:
    result = schema_of(TRAPS["image ids"])["properties"]["result"]
    assert "properties" not in result
    assert result["additionalProperties"]["description"] == "Keys are data: keys are hex ids."
    mixed = schema_of(TRAPS["names and digests"])["properties"]["map"]
    assert mixed["required"] == ["total"]
    assert mixed["additionalProperties"]["properties"] == {"size": {"type": "integer"}}


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload["details"].update(extra=1),
        lambda payload: payload["details"].pop("curr_eval"),
        lambda payload: payload.update(id=7),
        lambda payload: payload["details"].update(annotations=None),
    ],
)
def test_what_no_event_has_had_does_not_validate(change: Any) -> None:
    payloads = samples()["user.image.analysis.completed"]
    schema = schema_of(payloads)
    other = copy.deepcopy(payloads[0])
    change(other)
    assert not valid(schema, other)


def test_an_open_schema_lets_further_fields_pass_and_nothing_else() -> None:
    schema = schema_of([{"a": [], "o": {}}], closed=False)
    assert valid(schema, {"a": [1], "o": {"x": 1}, "new": DIGEST})
    assert not valid(schema, {"a": []})
    assert not valid(schema_of([{"a": [], "o": {}}]), {"a": [1], "o": {}})
    assert not valid(schema_of([{"a": [], "o": {}}]), {"a": [], "o": {"x": 1}})
