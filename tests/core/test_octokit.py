"""The public corpus of GitHub webhooks, where it is at hand.

Opt-in, for it is no part of this project: ``npm pack @octokit/webhooks-examples``, unpack it anywhere, and name
its ``api.github.com/index.json`` in INSPECTOR_OCTOKIT.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from inspector.core.export.json_schema import json_schema
from inspector.core.export.learnt import Learnt
from inspector.core.payload import KEYS
from inspector.core.places import paths
from inspector.core.shapes import fits, shape_of
from inspector.core.type_shape import learn

INDEX = os.environ.get("INSPECTOR_OCTOKIT", "")
pytestmark = pytest.mark.skipif(not INDEX, reason="needs INSPECTOR_OCTOKIT, the corpus")


def corpus() -> dict[str, list[Any]]:
    return {each["name"]: each["examples"] for each in json.loads(Path(INDEX).read_bytes())} if INDEX else {}


def places(value: Any, path: str = "$") -> set[str]:
    """Every place of a value, counted without any of our code: elements of an array are one place."""
    found = {path}
    if isinstance(value, dict):
        for key, child in value.items():
            found |= places(child, f"{path}.{key}")
    elif isinstance(value, list):
        for child in value:
            found |= places(child, f"{path}[]")
    return found


@pytest.mark.parametrize("name", corpus())
def test_every_payload_fits_and_the_fields_are_all_counted(name: str) -> None:
    payloads = corpus()[name]
    shape = learn(payloads)
    schema = Draft202012Validator(json_schema([Learnt(name, "github", shape)], name))
    for payload in payloads:
        assert fits(shape_of(payload), shape.merged)
        schema.validate(payload)
    assert not any(KEYS in path for path, _ in paths(shape.merged))
    wanted = set().union(*map(places, payloads)) - {"$"}
    assert len(shape.fields) == len(wanted)
    for field in shape.fields:
        text = "$" + "".join("[]" if not isinstance(step, str) else f".{step}" for step in field.path)
        assert field.present == sum(text in places(payload) for payload in payloads)
