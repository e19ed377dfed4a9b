"""Checking payloads against a JSON Schema: the violations, in words."""

from __future__ import annotations

import builtins
import copy
from typing import Any

import pytest

from inspector.core.events import InspectorError
from inspector.core.export.check import SchemaCheck
from inspector.core.export.json_schema import json_schema
from tests.core.export.payloads import TRAPS, learnt, samples


def check_of(payloads: list[Any]) -> SchemaCheck:
    return SchemaCheck(json_schema([learnt(payloads)], "x"), "schema.json")


def words(schema: Any, payload: Any) -> list[tuple[str, str]]:
    return [(each.kind, each.words) for each in SchemaCheck(schema, "schema.json").violations(payload)]


def test_each_mistake_is_named_with_its_place() -> None:
    payloads = samples()["user.image.analysis.completed"]
    check = check_of(payloads)
    other = copy.deepcopy(payloads[0])
    del other["details"]["curr_eval"]["image_digest"]
    other["details"]["new"] = [1]
    other["id"] = 7
    assert {(each.kind, each.words) for each in check.violations(other)} == {
        ("missing", "details.curr_eval.image_digest is missing"),
        ("added", "details.new is new: array"),
        ("retyped", "id is an integer, should be string"),
    }
    assert check.violations(payloads[0]) == []


def test_of_several_branches_the_one_that_is_meant_explains() -> None:
    schema = json_schema([learnt([{"a": {"x": 1}}, {"a": [1]}, {"a": None}])], "x")
    assert words(schema, {"a": {"x": "1"}}) == [("retyped", "a.x is a string, should be integer")]
    assert words(schema, {"a": True}) == [("retyped", "a is a boolean, should be null or array or object")]
    assert words(schema, {"a": ["x", "y"]}) == [("retyped", "a[] is a string, should be integer")]


def test_what_always_was_empty_and_now_is_not() -> None:
    schema = json_schema([learnt(TRAPS["always empty"])], "x")
    assert words(schema, {"a": [1], "o": {"k": None}}) == [
        ("added", "a is no longer always empty"),
        ("added", "o.k is new: null"),
    ]


def test_rules_of_other_schemas_are_named_without_the_value() -> None:
    schema = {"properties": {"token": {"pattern": "^x"}, "n": {"enum": [1, 2]}}}
    assert words(schema, {"token": "opensesame", "n": 3}) == [
        ("other", 'token breaks the rule pattern: "^x"'),
        ("other", "n breaks the rule enum: [1, 2]"),
    ]


@pytest.mark.parametrize("schema", [{"type": "thing"}, 7, [], "x"])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(InspectorError, match=r"schema\.json"):
        SchemaCheck(schema, "schema.json")


def test_nothing_is_fetched_for_a_reference() -> None:
    check = SchemaCheck({"$ref": "http://127.0.0.1:1/other.json"}, "schema.json")
    with pytest.raises(InspectorError, match="refers to"):
        check.violations({})


def test_deep_payloads_are_a_violation_and_no_crash() -> None:
    schema = {"$defs": {"l": {"items": {"$ref": "#/$defs/l"}}}, "$ref": "#/$defs/l"}
    payload: Any = []
    for _ in range(490):
        payload = [payload]
    assert [kind for kind, _ in words(schema, payload)] == ["other"]


def test_without_the_validator_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("jsonschema"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InspectorError, match=r" -m pip install jsonschema\."):
        SchemaCheck({}, "schema.json")
