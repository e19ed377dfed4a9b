"""What the two arguments of a diff stand for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.core.diff import diff
from inspector.core.events import InspectorError
from inspector.core.payload import show_path
from inspector.store.reader import Reader
from inspector.store.sides import request_of, resolve_side
from tests.tui.screens_store import anchore, fill, post


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    store = fill(
        tmp_path / "events.db",
        [
            anchore("user.a", {"x": 1}),
            anchore("user.a", {"x": 1, "y": 2}),
            anchore("user.b", {"z": "1"}),
            post(b"not json"),
            {"type": "plain", "n": 1},
        ],
    )
    return Reader(store)


def test_a_type_is_all_its_events(reader: Reader) -> None:
    side = resolve_side(reader, "user.a")
    assert (side.kind, side.label, side.events, side.event) == ("type", "user.a", 2, 1)
    assert side.types == (("anchore", "user.a"),)
    assert resolve_side(reader, "anchore:user.a").types == side.types


def test_a_pattern_is_several_types_together(reader: Reader) -> None:
    side = resolve_side(reader, "user.*")
    assert side.events == 3
    assert side.types == (("anchore", "user.a"), ("anchore", "user.b"))


def test_digits_are_an_event(reader: Reader) -> None:
    side = resolve_side(reader, "2")
    assert (side.kind, side.label, side.events, side.event) == ("event", "#2", 1, 2)
    request = request_of(reader, side)
    assert request is not None
    assert json.loads(request.body)["details"] == {"x": 1, "y": 2}
    assert resolve_side(reader, "#2").event == 2


def test_a_file_is_read_and_known_for_what_it_is(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    path.write_text(json.dumps(anchore("user.a", {"x": "now text"})))
    side = resolve_side(reader, str(path))
    assert (side.kind, side.label, side.event) == ("file", "new.json", None)
    assert side.types == (("anchore", "user.a"),)
    changes = diff(resolve_side(reader, "1").shape, side.shape)
    assert [(change.change, show_path(change.path)) for change in changes] == [("retyped", "details.x")]


def test_what_the_store_learnt_to_be_data_is_data_in_a_file(tmp_path: Path) -> None:
    error = {"msg": "m", "cause": "c", "tag": "t"}
    store = fill(
        tmp_path / "events.db",
        [anchore("system.fail", {name: error}) for name in ("AnchoreError", "SkopeoError", "OtherError")],
    )
    path = tmp_path / "new.json"
    path.write_text(json.dumps(anchore("system.fail", {"FourthError": error})))
    with Reader(store) as reader:
        assert reader.collapses("anchore", "system.fail")
        assert diff(resolve_side(reader, "system.fail").shape, resolve_side(reader, str(path)).shape) == []


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("99", "there is no event 99", 1),
        ("99999999999999999999999999", "there is no event", 1),
        ("4", "not JSON", 1),
        ("user.aa", "user.a is meant", 1),
        ("./none.json", "there is no file", 2),
        ("", "name a type", 2),
    ],
)
def test_what_is_not_there_is_told(reader: Reader, text: str, words: str, code: int) -> None:
    with pytest.raises(InspectorError, match=words) as caught:
        resolve_side(reader, text)
    assert caught.value.code == code
