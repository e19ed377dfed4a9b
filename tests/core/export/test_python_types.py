"""Python types: TypedDicts that type-check with the very payloads, models that parse them without loss."""

from __future__ import annotations

import subprocess
import sys
import types as modules
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.export.python_types import pydantic_models, typed_dicts
from inspector.core.export.type_names import TypeNames, identifier
from tests.core.export.payloads import HOSTILE, PAYLOADS, TRAPS, learnt, samples

TOO_LARGE = {"deep", "cut", "table"}
"""Traps whose payloads are too large to stand in a file."""


def loaded(text: str) -> Any:
    module = modules.ModuleType("generated")
    # Pydantic looks a model's module up to resolve the names in its annotations.
    sys.modules["generated"] = module
    exec(compile(text, "generated.py", "exec"), module.__dict__)
    return module


def test_typed_dicts_pass_mypy_strict_with_the_payloads_as_literals(tmp_path: Path) -> None:
    files = []
    every = samples() | TRAPS
    for number, (name, payloads) in enumerate(every.items()):
        text = typed_dicts([learnt(payloads, "thing.happened")])
        if name not in TOO_LARGE:
            text += "".join(f"event{at}: ThingHappened = {each!r}\n" for at, each in enumerate(payloads))
        files.append(tmp_path / f"generated{number}.py")
        files[-1].write_text(text, "utf-8", "backslashreplace")
    files.append(tmp_path / "together.py")
    files[-1].write_text(typed_dicts([learnt(payloads, name) for name, payloads in samples().items()]))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", *map(str, files)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[:3000]


@pytest.mark.parametrize("name", TRAPS)
def test_typed_dicts_of_the_traps_run(name: str) -> None:
    assert hasattr(loaded(typed_dicts([learnt(TRAPS[name])])), "ThingHappened")


def test_keys_keep_their_names_and_optional_ones_are_not_required() -> None:
    module = loaded(typed_dicts([learnt([{"a-b": 1, "c": "x"}, {"a-b": 1}])]))
    assert module.ThingHappened.__required_keys__ == {"a-b"}
    assert module.ThingHappened.__optional_keys__ == {"c"}


def dumped(model: Any, payload: Any) -> Any:
    parsed = model.model_validate(payload) if hasattr(model, "model_validate") else model(payload)
    return parsed.model_dump(by_alias=True, exclude_unset=True)


@pytest.mark.parametrize("name", sorted(set(TRAPS) - {"odd keys"}))
def test_models_of_the_traps_parse_without_loss(name: str) -> None:
    module = loaded(pydantic_models([learnt(TRAPS[name])]))
    for payload in TRAPS[name]:
        assert dumped(module.ThingHappened, payload) == payload


def test_models_of_the_samples_parse_without_loss() -> None:
    found = samples()
    module = loaded(pydantic_models([learnt(payloads, name) for name, payloads in found.items()]))
    for name, payloads in found.items():
        for payload in payloads:
            assert dumped(getattr(module, identifier(name)), payload) == payload


def test_models_cope_with_odd_keys() -> None:
    payload = {key: value for each in TRAPS["odd keys"] for key, value in each.items() if key != HOSTILE}
    module = loaded(pydantic_models([learnt([payload])]))
    assert dumped(module.ThingHappened, payload) == payload


@settings(max_examples=40, deadline=None)
@given(st.lists(PAYLOADS, min_size=1, max_size=4))
def test_any_payloads_parse_without_loss(payloads: list[Any]) -> None:
    type_ = learnt(payloads)
    loaded(typed_dicts([type_]))
    module = loaded(pydantic_models([type_]))
    for payload in payloads:
        assert dumped(module.ThingHappened, payload) == payload


def test_equal_objects_share_a_name_and_others_never_do() -> None:
    names = TypeNames([learnt(TRAPS["same names"])], ())
    assert set(names.definitions) == {"A", "B", "Item", "BItem"}
    order = list(TypeNames([learnt(TRAPS["shared below"])], ()).definitions)
    assert order == ["X", "Y"]


def test_names_are_made_of_any_text() -> None:
    assert identifier("user.image-tag") == "UserImageTag"
    assert identifier("7.x") == "Type7X"
    assert identifier("é") == "Type"


def test_keys_that_are_data_beside_names_are_a_plain_dict() -> None:
    text = typed_dicts([learnt(TRAPS["names and digests"])])
    assert "    map: dict[str, int | MapValue]\n" in text
    assert "__pydantic_extra__: dict[str, MapValue]" in pydantic_models([learnt(TRAPS["names and digests"])])


def test_text_from_outside_stays_in_its_comment_or_string() -> None:
    for write in (typed_dicts, pydantic_models):
        text = write([learnt([{HOSTILE: {HOSTILE: 1}}], HOSTILE)])
        assert text.isascii() or all(character.isprintable() or character == "\n" for character in text)
        assert "\x1b" not in text
        assert "\u202e" not in text
        compile(text.encode("utf-8"), "generated.py", "exec")
