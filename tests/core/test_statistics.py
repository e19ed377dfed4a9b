"""Statistics of values: counts, ranges, formats, lengths; bounded whatever comes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from inspector.core.export.masking import masked
from inspector.core.payload import ITEMS, KEYS, Path, parse
from inspector.core.redact import MASK
from inspector.core.statistics import MAX_VALUES, MAX_VISITS, FieldValues, Statistics, gather
from inspector.core.type_shape import learn


def values(payloads: list[Any], *path: Any) -> FieldValues:
    return gather(payloads, learn(payloads).merged).at(path)


def json_of(payloads: list[Any], *path: Any) -> Any:
    return values(payloads, *path).as_json(path)


def test_values_that_come_again_are_counted() -> None:
    payloads = [{"status": status} for status in ["a"] * 7 + ["b"] * 2 + [None]]
    assert json_of(payloads, "status") == {
        "values": [{"value": "a", "count": 7}, {"value": "b", "count": 2}, {"value": None, "count": 1}]
    }
    assert values(payloads, "status").in_words(("status",)) == '"a" (7), "b" (2), null (1)'


def test_ids_and_texts_are_no_list_of_cases() -> None:
    ids = [{"id": f"{n % 3:032x}"} for n in range(30)]
    assert json_of(ids, "id") == {"formats": {"hex id": 30}}
    texts = [{"t": f"text {n}"} for n in range(30)]
    assert json_of(texts, "t") == {}
    assert values(texts, "t").more


def test_a_constant_is_said_to_be_one() -> None:
    assert values([{"a": "x"}] * 2, "a").in_words(("a",)) == 'always "x"'
    assert values([{"a": "x"}], "a").in_words(("a",)) == '"x"'
    assert json_of([{"a": True}] * 2, "a") == {"values": [{"value": True, "count": 2}]}


def test_a_constant_keeps_its_format_where_the_value_does_not_show_it() -> None:
    digest = "sha256:" + "a" * 64
    assert values([{"a": digest}] * 2, "a").in_words(("a",)) == f'hex digest, always "{digest}"'
    assert values([{"a": "https://a.example"}] * 2, "a").in_words(("a",)) == 'always "https://a.example"'


def test_nothing_is_always_so_when_not_all_was_read() -> None:
    payloads = [{"a": "x", "b": f"text {n}", "l": [n]} for n in range(4)]
    shape = learn(payloads).merged
    some = gather(payloads, shape, events=9)
    assert not some.whole
    assert some.in_words(("a",)) == '"x"'
    assert some.in_words(("b",)) == '"text 0", "text 1", "text 2", …'
    assert gather(payloads, shape, events=4).in_words(("a",)) == 'always "x"'
    long = [{"l": [1] * 300, "a": "x"}] * 2
    assert gather(long, learn(long).merged, events=2).in_words(("a",)) == '"x"'


def test_what_is_masked_is_not_said_to_be_constant() -> None:
    payloads = [masked({"password": f"secret {n}"}) for n in range(3)]
    assert values(payloads, "password").in_words(("password",)) == MASK


def test_formats_side_by_side_are_counted() -> None:
    times = ["2026-11-17T09:12:41.650182Z", "2026-11-17T09:12:42Z", "2026-11-17T09:12:43.650182"]
    said = values([{"t": time} for time in times], "t").in_words(("t",))
    assert said.startswith("timestamp (2), timestamp without zone (1), ")
    mixed = [{"t": time} for time in [*times, "soon"]]
    assert values(mixed, "t").in_words(("t",)).startswith(f'"{times[0]}", ')


def test_one_and_true_and_one_point_nought_are_three_values() -> None:
    assert len(values([{"a": 1}, {"a": True}, {"a": 1.0}], "a").values) == 3


def test_ranges_of_numbers_and_lengths() -> None:
    payloads = [{"n": n, "l": list(range(n))} for n in (3, 1, 40)]
    assert json_of(payloads, "n") == {"min": 1, "max": 40}
    assert json_of(payloads, "l") == {"array_length": {"min": 1, "max": 40}}
    assert values(payloads, "l").in_words(("l",)) == "1 to 40 elements"
    assert json_of(payloads, "l", ITEMS) == {"min": 0, "max": 39}
    odd = [parse(b'{"n": NaN}'), parse(b'{"n": 1e999}'), parse(b'{"n": ' + b"9" * 5000 + b"}")]
    assert json_of(odd, "n") == {}


def test_unix_times_are_told_by_range_and_name() -> None:
    payloads = [
        {"created_at": 1_760_000_000 + n, "size": 1_760_000_000, "ts": 1_760_000_000_000} for n in range(3)
    ]
    assert json_of(payloads, "created_at")["formats"] == {"unix time": 3}
    assert json_of(payloads, "ts")["formats"] == {"unix time": 3}
    assert json_of([{"last_evaluation": 1_760_000_000}] * 2, "last_evaluation")["formats"] == {"unix time": 2}
    assert "formats" not in json_of(payloads, "size")
    assert values(payloads, "created_at").in_words(("created_at",)) == (
        "unix time, 1760000000 to 1760000002 (2025-10-09 08:53Z)"
    )
    assert "(2025-10-09 08:53Z)" in values(payloads, "ts").in_words(("ts",))
    assert json_of([{"made_at": 1_760_000_000.25}] * 2, "made_at")["formats"] == {"unix time": 2}


def test_data_keys_fall_together_and_unknown_places_are_passed_over() -> None:
    found = gather(
        [{"m": {"0" * 32: 1, "1" * 32: 5}}, {"m": {"2" * 32: 3}, "x": 1}],
        learn([{"m": {"0" * 32: 1}}]).merged,
    )
    assert found.at(("m", KEYS)).as_json(("m", KEYS)) == {"min": 1, "max": 5}
    assert found.at(("x",)).seen == 0
    assert found.payloads == 2


def test_it_stays_small_and_quick_whatever_comes() -> None:
    wide = {"l": [f"text {n}" for n in range(200_000)], "s": "x" * 5_000_000}
    shape = learn([wide]).merged
    found = Statistics(shape)
    started = time.process_time()
    found.add(wide)
    assert time.process_time() - started < 2
    path: Path = ("l", ITEMS)
    assert len(found.at(path).values) == MAX_VALUES
    assert found.at(path).seen < MAX_VISITS
    assert found.at(("l",)).longest == 200_000
    assert all(len(text) <= 120 for text in found.at(("s",)).examples)


@pytest.mark.parametrize("payloads", [[{"a": "\x1b[31m"}], [{"a": "\ud800"}] * 2])
def test_words_and_json_can_be_printed(payloads: list[Any]) -> None:
    found = values(payloads, "a")
    assert found.in_words(("a",))
    assert json.dumps(found.as_json(("a",))).isascii()
