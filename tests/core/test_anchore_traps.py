"""What is odd in real Anchore payloads: each oddity as it was documented, from the body to what is told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.core.diff import diff
from inspector.core.drift import drift_in_words
from inspector.core.export.masking import masked
from inspector.core.identify import identify
from inspector.core.payload import ITEMS, KEYS
from inspector.core.shapes import shape_of
from inspector.core.type_shape import learn

FIVE = {
    "CVE_ID": "CVE-2026-90112",
    "Severity": "Low",
    "Vulnerable_Package": "zlib1g-1.3",
    "Fix_Available": "None",
    "URL": "https://example.com/CVE-2026-90112",
}
TEN = {
    **FIVE,
    "Package_Name": "zlib1g",
    "Package_Version": "1.3",
    "Package_Type": "dpkg",
    "Feed": "vulnerabilities",
    "Feed_Group": "debian:13",
}


def test_exception_names_are_one_place_whatever_the_exception() -> None:
    names = ("CatalogClientError", "SkopeoError", "HTTPError", "PolicyEngineClientError")
    learnt = learn([{"details": {name: {"cause": None, "msg": "x"}}} for name in names])
    assert len(learnt.variants) == 1
    values = learnt.field(("details", KEYS))
    assert values is not None
    assert values.keys_words == "keys are data: always one key, and it varies"


def test_a_result_by_image_id_is_one_shape_for_every_image() -> None:
    rows = {"rows": [["x", True]], "row_count": 1}
    results = [{"result": {f"{n:064x}": {"result": rows}, "policy_data": []}} for n in range(100)]
    shapes = {shape_of(each) for each in results}
    assert len(shapes) == 1
    learnt = learn(results)
    assert learnt.field(("result", KEYS, "result", "row_count")) is not None
    assert learnt.field(("result", "policy_data")) is not None


@pytest.mark.parametrize(
    ("key", "values", "types"),
    [
        ("sync_feed_types", [["vulnerabilities", "clamav"], "all"], ("array", "string")),
        ("matched_mapping_rule", [{"id": "x", "name": "y"}, False], ("boolean", "object")),
        ("matched_whitelisted_images_rule", [False, {"id": "x"}], ("boolean", "object")),
        ("annotations", [{"team": "web"}, [], ["test"]], ("array", "object")),
    ],
)
def test_one_key_of_several_types(key: str, values: list[Any], types: tuple[str, ...]) -> None:
    payloads = [{"details": {key: value}} for value in values]
    learnt = learn([*payloads, {"details": {}}])
    field = learnt.field(("details", key))
    assert field is not None
    assert sorted(field.types) == sorted(types)
    assert (field.present, field.of, field.optional) == (len(values), len(values) + 1, True)
    known = learn(payloads[:1])
    for payload in payloads[1:]:
        assert any(f"details.{key} is now a" in words for words in drift_in_words(shape_of(payload), known))


def test_rows_of_strings_and_one_boolean() -> None:
    row = ["5b1f", "docker.io/x:1", "t", "vulnerabilities", "package", "text", "stop", False, "p"]
    learnt = learn([{"rows": [row, [*row[:7], True, "p"]]}, {"rows": []}])
    field = learnt.field(("rows", ITEMS))
    assert field is not None
    assert field.words == "array of (boolean or string)"
    assert len(learn([{"rows": [row]}, {"rows": [row, row[::-1]]}]).variants) == 1


def test_items_of_a_set_come_in_any_order_and_grew_from_five_fields_to_ten() -> None:
    assert shape_of({"added": [TEN, FIVE]}) == shape_of({"added": [FIVE, TEN, TEN]})
    before, after = learn([{"added": [FIVE], "removed": []}]), learn([{"added": [TEN], "removed": []}])
    changes = diff(before, after)
    assert {change.change for change in changes} == {"added"}
    assert len(changes) == len(TEN) - len(FIVE)
    assert not any(change.breaking for change in changes)


@pytest.mark.parametrize("level", ["INFO", "info"])
def test_flat_names_and_capital_levels_of_the_oldest_generation(level: str) -> None:
    body = {
        "level": level,
        "type": "list_tags_fail",
        "message": "Failed to list tags in repository",
        "resource": {"user_id": "admin", "id": "docker.io/x", "type": "repository"},
        "source": {"hostid": "h", "servicename": "catalog", "base_url": "http://c", "request_id": None},
        "details": {"SkopeoError": {"cmd": "skopeo", "exitcode": 1}},
        "timestamp": "2019-01-01T00:00:00.000000",
    }
    identity = identify({}, json.dumps(body).encode()).identity
    assert (identity.sender, identity.type, identity.level) == ("anchore", "list_tags_fail", "info")


def test_placeholders_in_a_message_are_no_secrets_and_stay() -> None:
    message = 'cmd failed: skopeo --creds "${SKOPUSER}":"${SKOPPASS}" inspect\n\\"error\\": {"code": 1}'
    payload = {"details": {"raw_exception_message": message}}
    assert masked(payload) == payload
