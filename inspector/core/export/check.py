"""Payloads against a JSON Schema, with what does not fit said in words.

The validator is the `jsonschema` package, an extra. It is given the specifications and nothing else to refer
to: a ``$ref`` to an address is an error, never a download.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from inspector.core.events import InspectorError
from inspector.core.payload import ITEMS, Path, json_type, show_path

_MOST = 100
_ARTICLES = {"array": "an array", "integer": "an integer", "object": "an object", "null": "null"}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in which a payload does not fit a schema."""

    kind: Literal["added", "missing", "retyped", "other"]
    path: Path
    """Elements of arrays as ITEMS, whichever they are."""
    words: str
    """A line for people, the path included; raw text, without the value."""


class SchemaCheck:
    """A JSON Schema that payloads are held against."""

    def __init__(self, schema: Any, name: str) -> None:
        """InspectorError when the file called `name` is no JSON Schema, or the validator is not installed."""
        try:
            from jsonschema import Draft202012Validator, SchemaError
            from jsonschema.validators import validator_for
            from jsonschema_specifications import REGISTRY
        except ImportError:
            raise InspectorError(
                "to check against a JSON Schema the package jsonschema is needed: "
                f"{sys.executable} -m pip install jsonschema. A baseline needs nothing: inspector baseline"
            ) from None
        if not isinstance(schema, dict | bool):
            raise InspectorError(f"{name} is neither a JSON Schema nor a baseline.")
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            where = show_path(tuple(error.absolute_path))
            raise InspectorError(f"{name} is no JSON Schema; at {where}: {error.message[:200]}") from None
        self._name = name
        self._validator = kind(schema, registry=REGISTRY)

    def violations(self, payload: Any) -> list[Violation]:
        """In what a payload does not fit, each thing once; none when it does."""
        from referencing.exceptions import Unresolvable

        found: dict[Violation, None] = {}
        try:
            for error in self._validator.iter_errors(payload):
                found.update(dict.fromkeys(_explained(error)))
                if len(found) >= _MOST:
                    break
        except Unresolvable as error:
            raise InspectorError(f"{self._name} refers to {error.ref}, which is not in it.") from None
        except RecursionError:
            return [Violation("other", (), "the payload is nested too deep for the validator")]
        return list(found)


def _explained(error: Any) -> Iterator[Violation]:
    """What one error of the validator means."""
    path = tuple(ITEMS if isinstance(step, int) else step for step in error.absolute_path)
    wanted = error.validator_value
    match error.validator:
        case "required":
            for key in wanted:
                if key not in error.instance:
                    yield Violation("missing", (*path, key), f"{_place((*path, key))} is missing")
        case "type":
            yield _retyped(path, error.instance, [wanted] if isinstance(wanted, str) else wanted)
        case "anyOf" | "oneOf" if error.context:
            yield from _closest(path, error)
        case "additionalProperties" | "unevaluatedProperties" if wanted is False:
            for key in _unknown(error):
                words = f"{_place((*path, key))} is new: {json_type(error.instance[key])}"
                yield Violation("added", (*path, key), words)
        case "maxItems" if wanted == 0:
            yield Violation("added", (*path, ITEMS), f"{_place(path)} is no longer always empty")
        case _:
            rule = json.dumps(wanted)
            rule = rule if len(rule) <= 80 else f"{rule[:79]}…"
            yield Violation("other", path, f"{_place(path)} breaks the rule {error.validator}: {rule}")


def _closest(path: Path, error: Any) -> Iterator[Violation]:
    """The mistakes in the branch that is meant: one for this type, and of those the one with the fewest."""
    branches: dict[Any, list[Any]] = {}
    for each in error.context:
        branches.setdefault(each.schema_path[0], []).append(each)
    meant = [
        errors
        for errors in branches.values()
        if not any(each.validator == "type" and not each.path for each in errors)
    ]
    if meant:
        for each in min(meant, key=len):
            yield from _explained(each)
        return
    types: list[str] = []
    for errors in branches.values():
        for each in errors:
            if each.validator == "type" and not each.path:
                types += (
                    [each.validator_value] if isinstance(each.validator_value, str) else each.validator_value
                )
    yield _retyped(path, error.instance, list(dict.fromkeys(types)))


def _unknown(error: Any) -> list[str]:
    import re

    named = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    return [
        key
        for key in error.instance
        if key not in named and not any(re.search(each, key) for each in patterns)
    ]


def _retyped(path: Path, value: Any, types: list[str]) -> Violation:
    name = json_type(value)
    is_ = _ARTICLES.get(name, f"a {name}")
    return Violation("retyped", path, f"{_place(path)} is {is_}, should be {' or '.join(types)}")


def _place(path: Path) -> str:
    return show_path(path) if path else "the payload"
