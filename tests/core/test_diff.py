"""Shape diffs: changes, what breaks a receiver, and what has only moved."""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.diff import Change, counts_in_words, diff
from inspector.core.payload import ITEMS, KEYS, Path, parse, show_path
from inspector.core.type_shape import TypeShape, learn, type_shape

SAMPLES = File(__file__).parents[2] / "sample_payloads" / "anchore"


def samples(name: str) -> list[Any]:
    return [parse(file.read_bytes()) for file in sorted(SAMPLES.glob(f"{name}*.json"))]


def changes(a: list[Any], b: list[Any]) -> list[Change]:
    return diff(learn(a), learn(b))


def lines(a: list[Any], b: list[Any]) -> list[tuple[str, str]]:
    return [(change.change, show_path(change.path)) for change in changes(a, b)]


def moved(a: Any, b: Any) -> dict[str, str]:
    return {
        show_path(change.path): show_path(change.moved)
        for change in changes([a], [b])
        if change.change == "removed" and change.moved is not None
    }


def test_removed_is_only_in_a_and_added_only_in_b() -> None:
    assert changes([{"x": 1, "old": "s"}], [{"x": 1, "new": [2]}]) == [
        Change("added", ("new",), None, "array of integer", breaking=False),
        Change("added", ("new", ITEMS), None, "integer", breaking=False),
        Change("removed", ("old",), "string", None, breaking=True),
    ]


def test_retyped_is_another_set_of_types() -> None:
    assert changes([{"x": 1}], [{"x": 1}, {"x": "1"}]) == [
        Change("retyped", ("x",), "integer", "integer or string", breaking=True)
    ]


def test_optional_and_required_are_relative_to_the_parent() -> None:
    always, sometimes = [{"d": {"x": 1}}], [{"d": {"x": 1}}, {"d": {}}]
    assert changes(always, sometimes) == [
        Change("optional", ("d", "x"), "integer, always", "integer, sometimes", breaking=True)
    ]
    assert changes(sometimes, always) == [
        Change("required", ("d", "x"), "integer, sometimes", "integer, always", breaking=False)
    ]
    assert lines(always, [*always, {}]) == [("optional", "d")]


def test_a_field_can_be_retyped_and_optional_at_once() -> None:
    assert lines([{"x": 1}], [{"x": "1"}, {}]) == [("retyped", "x"), ("optional", "x")]


def test_every_place_below_an_added_or_removed_object_has_its_line() -> None:
    payload = {"d": {"x": {"y": [{"z": 1}]}}}
    assert lines([{}], [payload]) == [
        ("added", "d"),
        ("added", "d.x"),
        ("added", "d.x.y"),
        ("added", "d.x.y[]"),
        ("added", "d.x.y[].z"),
    ]
    assert all(change.change == "removed" for change in changes([payload], [{}]))


def test_optional_children_of_an_added_object_are_only_added() -> None:
    assert lines([{}], [{"d": {"x": 1}}, {"d": {}}]) == [("added", "d"), ("added", "d.x")]


def test_the_same_shape_has_no_changes() -> None:
    assert changes([{"a": 1}], [{"a": 2}]) == []
    assert counts_in_words([]) == "no changes"


def test_a_root_of_another_type() -> None:
    assert changes([{"a": 1}], [[1]]) == [
        Change("retyped", (), "object, 1 field", "array of integer", breaking=True),
        Change("removed", ("a",), "integer", None, breaking=True),
        Change("added", (ITEMS,), None, "integer", breaking=False),
    ]


def test_a_type_without_events_lacks_everything() -> None:
    empty = type_shape([])
    assert diff(empty, empty) == []
    assert [change.change for change in diff(empty, learn([{"a": 1}]))] == ["added", "added"]


# What breaks a receiver of A


@pytest.mark.parametrize(
    ("a", "b", "breaking"),
    [
        ([{"x": 1}], [{"x": "1"}], True),
        ([{"x": 1}, {"x": "1"}], [{"x": "1"}], False),
        ([{"x": 1}], [{"x": None}], True),
        ([{"x": None}], [{"x": "1"}], False),
        ([{"x": 1.5}], [{"x": 1}], False),
        ([{"x": 1}], [{"x": 1.5}], True),
    ],
)
def test_a_new_type_breaks_unless_it_was_none_or_covered(a: list[Any], b: list[Any], breaking: bool) -> None:
    assert [(change.change, change.breaking) for change in changes(a, b)] == [("retyped", breaking)]


def test_removing_what_was_optional_breaks_nobody() -> None:
    assert [change.breaking for change in changes([{"x": {"y": 1}}, {}], [{}])] == [False, False]
    assert [change.breaking for change in changes([{"x": {"y": 1}}], [{}])] == [True, True]
    assert [change.breaking for change in changes([{"x": {"y": 1}}, {"x": {}}], [{}])] == [True, False]


def test_an_array_that_is_empty_now_breaks_nobody() -> None:
    result = changes([{"l": [{"x": 1}]}], [{"l": []}])
    assert [(show_path(change.path), change.breaking) for change in result] == [
        ("l[]", False),
        ("l[].x", False),
    ]
    assert all(change.breaking for change in changes([{"l": [1]}], [{}]) if change.path == ("l",))


# Moves


def test_the_digest_that_moved_into_the_present_state() -> None:
    a, b = samples("user.image.analysis.processing"), samples("user.image.analysis.completed")
    result = {change.path: change for change in changes(a, b)}
    old: Path = ("details", "image_digest")
    new: Path = ("details", "curr_eval", "image_digest")
    assert (result[old].change, result[old].moved, result[old].breaking) == ("removed", new, True)
    assert (result[new].change, result[new].moved, result[new].breaking) == ("added", old, False)
    assert result[("details", "last_eval", "image_digest")].moved is None


def test_a_move_is_an_extra_field_of_its_two_lines() -> None:
    result = [each.as_json() for each in changes([{"d": {"digest": "x"}}], [{"d": {"now": {"digest": "y"}}}])]
    assert result == [
        {
            "change": "removed",
            "path": "d.digest",
            "a": "string",
            "b": None,
            "breaking": True,
            "moved_to": "d.now.digest",
        },
        {"change": "added", "path": "d.now", "a": None, "b": "object, 1 field", "breaking": False},
        {
            "change": "added",
            "path": "d.now.digest",
            "a": None,
            "b": "string",
            "breaking": False,
            "moved_from": "d.digest",
        },
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("imageDigest", "image_digest"),
        ("userId", "account_name"),
        ("user_id", "account_name"),
        ("servicename", "service_name"),
        ("hostid", "host_id"),
        ("generated_uuid", "event_id"),
        ("event_id", "id"),
        ("notificationId", "notification_id"),
        ("policy_bundle", "policy"),
        ("whitelist_ids", "allowlist_ids"),
        ("matched_blacklisted_images_rule", "matched_denylisted_images_rule"),
    ],
)
def test_names_of_anchore_generations_are_the_same_field(old: str, new: str) -> None:
    assert moved({"source": {old: "x"}}, {"source": {new: "y"}}) == {f"source.{old}": f"source.{new}"}


def test_an_object_that_moved_takes_its_fields_along() -> None:
    v1 = {
        "generated_uuid": "x",
        "event": {"source": {"servicename": "a", "hostid": "b"}, "resource": {"user_id": "c", "id": "d"}},
    }
    v2 = {
        "id": "x",
        "source": {"service_name": "a", "host_id": "b"},
        "resource": {"account_name": "c", "id": "d"},
    }
    assert moved(v1, v2) == {
        "generated_uuid": "id",
        "event.source": "source",
        "event.source.servicename": "source.service_name",
        "event.source.hostid": "source.host_id",
        "event.resource": "resource",
        "event.resource.user_id": "resource.account_name",
        "event.resource.id": "resource.id",
    }


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"imageDigest": "x"}, {"image_digest": ["x"]}),
        ({"digest": "x"}, {"p": {"digest": "x"}, "q": {"digest": "y"}}),
        ({"p": {"count": 1}}, {"q": {"count": 1}}),
        ({"p": {"name": "x"}}, {"q": {"name": "x"}}),
        ({"digest": "x"}, {"rows": [{"digest": "x"}]}),
        ({"user_id": "x"}, {"other": {"account_name": "x"}}),
        ({"imageDigest": "x", "image-digest": "y"}, {"image_digest": "z"}),
    ],
)
def test_what_is_not_sure_to_be_the_same_field_has_not_moved(a: Any, b: Any) -> None:
    assert moved(a, b) == {}


# Keys that are data


def test_a_payload_with_a_class_name_as_key_meets_the_collapsed_type() -> None:
    value = {"cause": "none", "msg": "x"}
    collapsed = [{"details": {"AError": value}}, {"details": {"BError": value}}]
    one = [{"details": {"SkopeoError": {"msg": "x", "cmd": "y"}}}]
    assert lines(one, collapsed) == [("added", "details.{*}.cause"), ("removed", "details.{*}.cmd")]
    assert lines(collapsed, one) == [("removed", "details.{*}.cause"), ("added", "details.{*}.cmd")]


def test_an_ordinary_object_does_not_collapse_for_a_diff() -> None:
    collapsed = [{"details": {name: {"msg": "x"}}} for name in ("AError", "BError")]
    assert ("removed", "details.msg") in lines([{"details": {"msg": "x"}}], collapsed)


def test_different_digests_as_keys_are_no_change() -> None:
    assert changes([{"result": {"0" * 64: {"x": 1}}}], [{"result": {"f" * 64: {"x": 2}}}]) == []
    assert lines([{"result": {"0" * 64: {}}}], [{"result": {"0" * 64: {"x": 2}}}]) == [
        ("added", "result.{*}.x")
    ]
    assert changes([{"r": {"0" * 64: 1}}], [{"r": {"0" * 64: "x"}}])[0].path == ("r", KEYS)


# Sums in words


def test_the_sum_in_words() -> None:
    a = [{"x": 1, "q": None, "r": 1, "d": {"digest": "x"}}, {"x": 1, "q": None, "d": {"digest": "x"}}]
    b = [{"q": "s", "r": 1, "d": {"now": {"digest": "x"}}, "n": [1]}]
    assert counts_in_words(changes(a, b)) == (
        "8 changes, 2 breaking: 2 removed, 3 added, 1 moved, 1 retyped, 1 now required"
    )
    assert counts_in_words(changes([{}], [{"a": 1}])) == "1 change: 1 added"


# Laws

NAMES = st.sampled_from(["a", "b", "image_digest", "imageDigest", "last_a", "0" * 32])
PAYLOADS = st.dictionaries(
    NAMES,
    st.recursive(
        st.none() | st.integers() | st.just("x"),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
TYPES = st.lists(PAYLOADS, min_size=1, max_size=4).map(learn)

MIRRORED = {
    "added": "removed",
    "removed": "added",
    "optional": "required",
    "required": "optional",
    "retyped": "retyped",
}


@given(TYPES)
@settings(deadline=None)
def test_a_type_does_not_differ_from_itself(a: TypeShape) -> None:
    assert diff(a, a) == []


@given(TYPES, TYPES)
@settings(max_examples=200, deadline=None)
def test_swapping_the_sides_mirrors_the_changes(a: TypeShape, b: TypeShape) -> None:
    forth = [(change.change, change.path, change.a, change.b, change.moved) for change in diff(a, b)]
    back = [(MIRRORED[change.change], change.path, change.b, change.a, change.moved) for change in diff(b, a)]
    assert forth == back


@given(TYPES, TYPES)
@settings(max_examples=200, deadline=None)
def test_a_move_joins_one_removed_line_with_one_added_line(a: TypeShape, b: TypeShape) -> None:
    result = diff(a, b)
    there = {change.path: change.moved for change in result if change.change == "removed" and change.moved}
    back = {change.moved: change.path for change in result if change.change == "added" and change.moved}
    assert there == back
    assert all(change.moved is None for change in result if change.change not in ("added", "removed"))


@given(TYPES, TYPES)
@settings(deadline=None)
def test_no_changes_mean_the_same_fields(a: TypeShape, b: TypeShape) -> None:
    if not diff(a, b) and not (a.collapses or b.collapses):
        sides = [[(each.path, each.types, each.optional) for each in side.fields] for side in (a, b)]
        assert sides[0] == sides[1]
