"""Late collapse: keys that many events together show to be data."""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Iterable
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.collapse import Collapse, collapse, collapse_each, find_collapses
from inspector.core.data_keys import data_key_reason
from inspector.core.payload import ITEMS, KEYS, Path, parse
from inspector.core.places import has_path, place_at
from inspector.core.shapes import Shape, fits, merge_all, shape_of, size, to_json
from inspector.core.type_shape import collapse_variants, learn

SAMPLES = File(__file__).parents[2] / "sample_payloads" / "anchore"


def found(payloads: Iterable[Any], never: tuple[Path, ...] = ()) -> list[Path]:
    counts = Counter(map(shape_of, payloads))
    return [each.path for each in find_collapses(list(counts.items()), never)]


def letters(source: random.Random) -> str:
    return "".join(source.choices(string.ascii_lowercase, k=12))


def event(details: Any) -> dict[str, Any]:
    return {"id": "1", "type": "t", "details": details}


SKOPEO = {"cmd": "skopeo", "exitcode": 1, "stderr": "", "stdout": "", "msg": "no", "error_code": "X"}
ENGINE = {"cause": "none", "msg": "no"}


def test_collapse_turns_named_keys_into_values() -> None:
    shape = collapse(shape_of(event({"a": {"x": 1}, "b": {"y": "2"}})), ("details",))
    place = place_at(shape, ("details",))
    assert place is not None
    assert place.keys == ()
    assert place.values == merge_all([shape_of({"x": 1}), shape_of({"y": "2"})])
    assert place_at(shape, ("id",)) == shape_of("1")


def test_collapse_joins_what_is_collapsed_already() -> None:
    shape = shape_of({"map": {"name": 1, "0" * 32: "x"}})
    place = place_at(collapse(shape, ("map",)), ("map", KEYS))
    assert place is not None
    assert place.types == ("integer", "string")


def test_collapse_reaches_into_arrays_and_collapsed_keys() -> None:
    shape = shape_of({"list": [{"0" * 32: {"a": 1}}]})
    assert has_path(collapse(shape, ("list", ITEMS, KEYS)), ("list", ITEMS, KEYS, KEYS))


def test_collapse_can_keep_some_names() -> None:
    shape = collapse(shape_of({"type": "t", "x": 1, "y": 2}), (), keep=("type",))
    assert shape.keys == ("type",)
    assert has_path(shape, (KEYS,))


def test_collapse_is_idempotent_and_does_nothing_where_there_is_no_path() -> None:
    shape = shape_of(event({"a": 1}))
    once = collapse(shape, ("details",))
    assert collapse(once, ("details",)) is once
    assert collapse(shape, ("other", "place")) is shape
    assert collapse(shape, ("details", ITEMS)) is shape
    assert collapse(shape, ("id",)) is shape


# One key that varies


def test_exception_class_names_collapse() -> None:
    payloads = [event({"SkopeoError": SKOPEO}), event({"AnchoreError": ENGINE})]
    assert found(payloads[:1]) == []
    assert found(payloads) == [("details",)]


def test_the_value_may_miss_an_optional_field() -> None:
    parse_error = {"cause": "none", "msg": "x", "tag": "t", "manifest": "{}"}
    not_found = {"msg": "x", "tag": "t"}
    assert found(
        [event({"TagManifestParseError": parse_error}), event({"TagManifestNotFoundError": not_found})]
    )


def test_any_key_that_varies_over_alike_objects_collapses() -> None:
    assert found([event({"nginx": {"tag": "1", "size": 1}}), event({"redis": {"tag": "2", "size": 2}})])
    assert found([event({"nginx": [{"tag": "1"}]}), event({"redis": [{"tag": "2"}]})]) == [("details",)]


def test_what_always_has_the_same_key_does_not_collapse() -> None:
    assert found([event({"SkopeoError": SKOPEO}), event({"SkopeoError": ENGINE})]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"msg": "x"}, {"image_digest": "y"}),
        ({"msg": "x"}, {"SkopeoError": SKOPEO}),
        ({"names": ["x"]}, {"tags": ["y"]}),
        ({"user": {"id": 1, "login": "x"}}, {"image": {"digest": "x", "tag": "y"}}),
        ({"user": {"id": 1, "login": "x"}}, {"image": {"id": 1, "tag": "y"}}),
        ({"user": {"id": 1}}, {"image": {"id": "x"}}),
        ({"started": {}}, {"stopped": {}}),
        ({"SkopeoError": SKOPEO}, {"AnchoreError": ENGINE, "also": 1}),
        ({"SkopeoError": SKOPEO}, {}),
        ({"SkopeoError": SKOPEO}, {"AnchoreError": [ENGINE]}),
    ],
)
def test_ordinary_objects_of_one_field_do_not_collapse(one: Any, other: Any) -> None:
    assert found([event(one), event(other)]) == []


def test_the_envelope_never_collapses_for_having_one_key() -> None:
    assert found([{"created": {"id": 1}}, {"deleted": {"id": 2}}]) == []


def test_a_null_beside_the_object_does_not_matter() -> None:
    assert found([event(None), event({"AError": ENGINE}), event({"BError": ENGINE})]) == [("details",)]


def test_the_anchore_samples_collapse_where_class_names_are_keys_and_nowhere_else() -> None:
    by_type: dict[str, list[Any]] = {}
    for file in SAMPLES.glob("*.json"):
        by_type.setdefault(file.stem.split("--")[0], []).append(parse(file.read_bytes()))
    collapsed = {name: found(payloads) for name, payloads in by_type.items()}
    assert collapsed.pop("system.image_analysis.failed") == [("details",)]
    assert collapsed.pop("system.image_analysis.manifest_parse_fail") == [("details",)]
    assert not any(collapsed.values())


# Many rare siblings


def test_more_than_64_rare_siblings_collapse() -> None:
    payloads = [event({f"k{i}": 1, f"l{i}": 2, "total": 3}) for i in range(33)]
    assert found(payloads[:32]) == []
    collapses = find_collapses([(shape_of(payload), 1) for payload in payloads])
    assert collapses == [
        Collapse(("details",), "over 64 keys, each in under a tenth of the events", ("total",))
    ]


def test_siblings_in_a_tenth_of_the_events_are_names() -> None:
    """The counts are of events, not of variants: 65 keys that are common enough stay."""
    variants = [(shape_of(event({f"k{i}": 1})), 1) for i in range(65)]
    assert find_collapses(variants)
    many = [(shape_of(event({f"k{i}": 1 for i in range(65)})), 10)]
    assert find_collapses(variants + many) == []


def test_an_object_with_many_fields_does_not_collapse() -> None:
    repository = {f"{number}_url": "x" for number in range(81)}
    payloads = [event({**repository, "license": None if i % 2 else {"key": "mit"}}) for i in range(100)]
    assert found(payloads) == []


def test_rare_siblings_of_different_kinds_do_not_count_together() -> None:
    values: list[Any] = [1, "x", True, [1]]
    payloads = [event({f"k{i}": values[i % 4]}) for i in range(4 * 64)]
    assert found(payloads) == []
    assert found([*payloads, event({"one_more": 1})]) == [("details",)]


def test_null_and_whole_numbers_make_no_different_kind() -> None:
    assert found([event({f"k{i}": [None, 1, 2.5][i % 3]}) for i in range(66)]) == [("details",)]


def test_random_keys_beside_the_envelope_collapse_but_the_envelope_stays() -> None:
    payloads = [{"id": i, "type": "t", f"k{i}": 1} for i in range(65)]
    assert find_collapses([(shape_of(each), 1) for each in payloads])[0].keep == ("id", "type")


def test_random_keys_inside_array_elements_collapse() -> None:
    assert found([event([{"n": 1, f"k{i}": 1}]) for i in range(65)]) == [("details", ITEMS)]


# What holds for both


def test_never_keeps_a_place_as_it_is() -> None:
    payloads = [event({"SkopeoError": SKOPEO}), event({"AnchoreError": ENGINE})]
    assert found(payloads, never=(("details",),)) == []


def test_outer_collapses_come_first_and_inner_ones_are_found_below_them() -> None:
    source = random.Random(1)
    payloads = [event({letters(source): {letters(source): 1} for _ in range(3)}) for _ in range(30)]
    assert found(payloads) == [("details",), ("details", KEYS)]


def test_an_inner_collapse_follows_when_an_outer_one_takes_its_place() -> None:
    inner = Collapse(("details", "AError", "map"), "known")
    payloads = [event({name: {"msg": "x", "map": {name: 1}}}) for name in ("AError", "BError")]
    variants = [(collapse_each(shape_of(payload), [inner]), 1) for payload in payloads]
    collapses = find_collapses(variants, known=[inner])
    assert [each.path for each in collapses] == [("details",), ("details", KEYS, "map")]


def test_a_type_with_too_many_fields_loses_the_names_of_its_widest_object() -> None:
    values: list[Any] = [1, "x", True, 2.5]
    groups = {f"group{i}": {f"f{j}": values[j % 4] for j in range(120)} for i in range(80)}
    payloads = [event({"wide": {f"w{i}": 1 for i in range(900)}}), event(groups)]
    collapses = find_collapses([(shape_of(payload), 5) for payload in payloads])
    assert [each.path for each in collapses] == [("details", "wide")]
    shapes = [collapse_each(shape_of(payload), collapses) for payload in payloads]
    assert size(merge_all(shapes)) <= 10_000


@pytest.mark.parametrize("value", [1, "object", "nested", "mixed", "beside"])
def test_8000_events_with_random_keys_stay_small(value: Any) -> None:
    """As the store does it: rules are asked when a variant is new, and collapses apply to all that follow."""
    source = random.Random(7)

    def payload() -> Any:
        values: dict[Any, Any] = {
            "object": {"a": 1, "b": source.choice(["x", None])},
            "nested": {letters(source): {letters(source): 1}},
            "mixed": source.choice([1, "x", True, None, [], {}]),
        }
        keys = {letters(source): values.get(value, 1) for _ in range(3)}
        return {"type": "t", **keys} if value == "beside" else event({"map": keys})

    counts: dict[Shape, int] = {}
    known: list[Collapse] = []
    largest = 0
    for _ in range(8_000):
        shape = collapse_each(shape_of(payload()), known)
        counts[shape] = counts.get(shape, 0) + 1
        if counts[shape] == 1:
            new = find_collapses(list(counts.items()), known=known)
            known += new
            rewritten: dict[Shape, int] = {}
            for each, count in counts.items():
                each = collapse_each(each, new)
                rewritten[each] = rewritten.get(each, 0) + count
            counts = rewritten
            largest = max(largest, sum(len(to_json(each)) for each in counts))
            assert sum(map(size, counts)) < 10_000
    assert largest < 1_000_000
    assert sum(counts.values()) == 8_000
    assert len(counts) <= 100


NAMES = st.integers(0, 150).map("k{}".format)
VALUES = st.sampled_from([1, "x", None, {"a": 1}, {"a": 1, "b": 2}, [], [{"a": 1}]])
MAPS = st.lists(
    st.fixed_dictionaries(
        {"type": st.just("t")},
        optional={"details": st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=2), max_size=9)},
    ),
    min_size=1,
    max_size=60,
)


def naive_paths(value: Any, path: Path, collapsed: dict[Path, tuple[str, ...]]) -> set[Path]:
    """Every place of one payload, told without shapes."""
    places = {path}
    if isinstance(value, dict):
        for key, inner in value.items():
            data = data_key_reason(key) or (path in collapsed and key not in collapsed[path])
            places |= naive_paths(inner, (*path, KEYS if data else key), collapsed)
    elif isinstance(value, list):
        for inner in value:
            places |= naive_paths(inner, (*path, ITEMS), collapsed)
    return places


@given(MAPS)
@settings(max_examples=60, deadline=None)
def test_presence_is_exact_after_a_late_collapse(payloads: list[Any]) -> None:
    shape = learn(payloads)
    collapsed = {each.path: each.keep for each in shape.collapses}
    naive = Counter(path for payload in payloads for path in naive_paths(payload, (), collapsed) if path)
    assert {field.path: field.present for field in shape.fields} == dict(naive)


@given(MAPS)
@settings(max_examples=60, deadline=None)
def test_after_collapsing_nothing_more_collapses_and_every_event_fits(payloads: list[Any]) -> None:
    shape = learn(payloads)
    assert find_collapses([(variant.shape, variant.count) for variant in shape.variants]) == []
    assert collapse_variants(shape.variants, shape.collapses) == list(shape.variants)
    assert all(fits(shape_of(payload), shape.merged) for payload in payloads)
    assert shape.events == len(payloads)


@given(MAPS, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_arrival_does_not_matter(payloads: list[Any], source: random.Random) -> None:
    other = payloads.copy()
    source.shuffle(other)
    assert learn(payloads).merged == learn(other).merged
    assert learn(payloads).collapses == learn(other).collapses
