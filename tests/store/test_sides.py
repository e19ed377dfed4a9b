"""What the two arguments of a diff stand for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspector.core.baseline import baseline_text, pinned
from inspector.core.diff import diff
from inspector.core.events import InspectorError, Request
from inspector.core.export.json_schema import json_schema
from inspector.core.export.learnt import Learnt
from inspector.core.payload import show_path
from inspector.core.type_shape import type_shape
from inspector.store.arrival import Arrival
from inspector.store.edits import Edits
from inspector.store.pins import pin, read_pin, unpin
from inspector.store.reader import Reader
from inspector.store.sides import compare, request_of, resolve_side, resolve_sides
from inspector.store.writer import StoreWriter
from tests.tui.screens_store import START_US, anchore, fill, post


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
    found = diff(resolve_side(reader, "1").shape, side.shape)
    assert [(change.change, show_path(change.path)) for change in found] == [("retyped", "details.x")]


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


def spread(tmp_path: Path) -> Path:
    """Six events of one type an hour apart, from two accounts and two versions of the sender."""
    requests = []
    for number in range(6):
        payload = anchore("user.a", {"x": 1} if number < 4 else {"x": "1", "y": number})
        payload["resource"]["account_name"] = "acme" if number % 2 else "ops"
        agent = b"sender/2.%d" % (number // 3)
        requests.append(post(json.dumps(payload).encode(), (b"User-Agent", agent)))
    requests.append({"type": "plain@odd", "n": 1})
    writer = StoreWriter(tmp_path / "spread.db")
    writer.begin()
    for number, each in enumerate(requests):
        request = each if isinstance(each, Request) else post(json.dumps(each).encode())
        writer.add([Arrival(request, "127.0.0.1:1", START_US + number * 3_600_000_000, number)])
    writer.commit()
    writer.close()
    return tmp_path / "spread.db"


def changes(reader: Reader, a: str, b: str) -> list[tuple[str, str]]:
    return [(change.change, show_path(change.path)) for change in compare(*resolve_sides(reader, a, b))]


def test_words_after_an_at_sign_are_some_events_of_a_type(tmp_path: Path) -> None:
    drifted = [("retyped", "details.x"), ("added", "details.y")]
    when = datetime.fromtimestamp((START_US + 4 * 3_600_000_000) / 1e6, UTC).isoformat()
    with Reader(spread(tmp_path)) as reader:
        side = resolve_side(reader, f"user.a@before:{when}")
        assert (side.events, side.event, side.words) == (4, 1, f"before:{when}")
        assert side.types == (("anchore", "user.a"),)
        assert [(v.count, v.first_event, v.last_event) for v in side.shape.variants] == [(4, 1, 4)]
        assert changes(reader, f"user.a@before:{when}", f"@since:{when}") == drifted
        assert changes(reader, f"@before:{when}", f"user.*@since:{when}") == drifted
        assert resolve_side(reader, "user.a@header.user-agent:sender/2.1*").events == 3
        assert resolve_side(reader, "user.a@account:ops details.x:1").events == 3
        assert resolve_side(reader, "*@account:acme -details.y:*").events == 2
        assert resolve_side(reader, "plain@odd").events == 1
        assert changes(reader, "1", "@id:5") == drifted


def test_a_pinned_baseline_is_a_side(reader: Reader) -> None:
    learnt = Learnt(
        "user.a", "anchore", type_shape(reader.shape_of_types([("anchore", "user.a")]).variants[:1])
    )
    with Edits(reader.path) as edits:
        pin(edits, learnt, START_US)
    side = resolve_side(reader, "user.a@baseline")
    assert (side.kind, side.events, side.event) == ("baseline", 1, None)
    assert changes(reader, "user.a@baseline", "user.a") == [("added", "details.y")]
    assert changes(reader, "@baseline", "user.a") == [("added", "details.y")]
    found = read_pin(reader, "anchore", "user.a")
    assert found is not None
    assert (found.pinned_us, found.last_event) == (START_US, 1)
    with Edits(reader.path) as edits:
        unpin(edits, "anchore", "user.a")
    assert read_pin(reader, "anchore", "user.a") is None


def test_a_json_schema_and_a_baseline_file_are_sides(reader: Reader, tmp_path: Path) -> None:
    learnt = [
        Learnt(name, "anchore", reader.shape_of_types([("anchore", name)])) for name in ("user.a", "user.b")
    ]
    own = tmp_path / "a.json"
    own.write_text(json.dumps(json_schema(learnt[:1], "user.a")))
    assert changes(reader, str(own), "user.a") == []
    both = tmp_path / "both.json"
    both.write_text(json.dumps(json_schema(learnt, "user.*")))
    assert changes(reader, f"{both}#/$defs/user.b", "user.b") == []
    side = resolve_side(reader, str(own))
    assert (side.kind, side.label, side.types, side.event) == ("schema", "a.json", (), None)
    assert request_of(reader, side) is None
    by_hand = tmp_path / "hand.json"
    by_hand.write_text(
        json.dumps(
            {
                "type": "object",
                "properties": {
                    "details": {"properties": {"x": {"type": "string"}, "w": {}}, "required": ["x", "w"]},
                    "resource": {"type": "object"},
                    "source": {},
                },
            }
        )
    )
    assert changes(reader, str(by_hand), "1") == [
        ("required", "details"),
        ("removed", "details.w"),
        ("retyped", "details.x"),
        *(("added", name) for name in ("id", "level", "message")),
        ("required", "resource"),
        ("required", "source"),
        *(("added", name) for name in ("timestamp", "type")),
    ]
    pinned_file = tmp_path / "baseline.json"
    pinned_file.write_text(baseline_text([pinned(each) for each in learnt]))
    assert changes(reader, f"{pinned_file}#user.a", "user.a") == []
    with pytest.raises(InspectorError, match=r"holds 2 types; name one of them: .*#user.a"):
        resolve_side(reader, str(pinned_file))


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("@since:1h", "wants a type before the @", 2),
        ("user.a@", "filter words are wanted", 2),
        ("user.a@sinc:1h", "did you mean since:1h?", 2),
        ("user.a@level:fatal", "no event of user.a with a JSON body fits level:fatal", 1),
        ("user.a@details.x:7", "fits details.x:7", 1),
        ("user.a@baseline", "no baseline of user.a is pinned", 1),
        ("nothing@since:1h", "no event of type nothing", 1),
        ("99", "there is no event 99", 1),
        ("99999999999999999999999999", "there is no event", 1),
        ("4", "not JSON", 1),
        ("user.aa", "did you mean user.a", 1),
        ("./none.json", "An event goes by its id", 2),
        ("", "name a type", 2),
    ],
)
def test_what_is_not_there_is_told(reader: Reader, text: str, words: str, code: int) -> None:
    with pytest.raises(InspectorError, match=words) as caught:
        resolve_side(reader, text)
    assert caught.value.code == code
