"""The sample payloads keep their own rules: names, envelopes, ids, lengths. New files are checked unasked."""

from __future__ import annotations

import hmac
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inspector.anchore.catalogue import documented_types
from inspector.core.payload import parse

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_payloads"
SECRET = b"acme-sample-secret"

STRUCTURED = {known.type: known for known in documented_types() if not known.legacy}
LEGACY = {known.type for known in documented_types() if known.legacy}

STORED_ORDER = ["id", "source", "resource", "type", "level", "message", "details", "timestamp"]
TEST_ORDER = ["id", "type", "level", "message", "details", "timestamp", "resource", "source"]
LEGACY_ORDER = [
    *["queueId", "userId", "dataId", "created_at", "last_updated"],
    *["record_state_key", "record_state_val", "tries", "max_tries", "data"],
]


def samples(pattern: str, types: set[str] | None = None) -> Any:
    """Parametrize with the files that match (and are of one of `types`), named as in the folder."""
    paths = sorted(path for path in SAMPLES.glob(pattern) if types is None or named_type(path) in types)
    assert paths, pattern
    return pytest.mark.parametrize("path", paths, ids=[str(path.relative_to(SAMPLES)) for path in paths])


def named_type(path: Path) -> str:
    return path.name.removesuffix(path.suffix).split("--")[0]


def read_request(path: Path) -> tuple[str, dict[str, str], bytes]:
    """Request line, header lines by lower-case name, body."""
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    line, *fields = head.decode("ascii").split("\r\n")
    assert "\n" not in head.decode("ascii").replace("\r\n", "")
    pairs = [field.split(": ", 1) for field in fields]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs)
    return line, headers, body


def payload_of(path: Path) -> Any:
    return parse(read_request(path)[2] if path.suffix == ".http" else path.read_bytes())


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, member in value.items() for text in (key, *strings(member))]
    if isinstance(value, list):
        return [text for member in value for text in strings(member)]
    return [value] if isinstance(value, str) else []


@samples("*/*.json")
def test_a_json_file_is_indented_and_ends_with_a_newline(path: Path):
    text = path.read_text(encoding="utf-8")
    ascii_only = path.parent.name == "anchore"
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=ascii_only) + "\n"


@samples("*/*.http")
def test_a_raw_request_states_its_length(path: Path):
    line, headers, body = read_request(path)
    assert line == "POST / HTTP/1.1"
    assert int(headers["content-length"]) == len(body)
    assert isinstance(parse(body), dict)


def test_nothing_else_lies_in_the_folders():
    assert {path.suffix for path in SAMPLES.glob("*/*")} == {".json", ".http"}
    assert {path.name for path in SAMPLES.iterdir() if path.is_file()} == {"README.md", ".gitattributes"}


def test_every_documented_structured_type_has_a_sample():
    found = {named_type(path) for path in SAMPLES.glob("anchore/*.json")}
    assert found - LEGACY == set(STRUCTURED)
    assert found & LEGACY == {"policy_eval", "tag_update", "vuln_update", "analysis_update"}


def test_every_variant_stands_beside_a_plain_sample_and_differs_from_it():
    for path in SAMPLES.glob("*/*--*"):
        plain = path.with_name(named_type(path) + path.suffix)
        assert plain.exists(), path.name
        assert plain.read_bytes() != path.read_bytes()


@samples("anchore/*.*.json")
def test_an_anchore_event_has_the_documented_envelope(path: Path):
    event = payload_of(path)
    known = STRUCTURED[named_type(path)]
    is_test = known.type == "system.test.random_wisdom"
    assert list(event) == (TEST_ORDER if is_test else STORED_ORDER)
    assert list(event["source"]) == (
        ["request_id", "service_name", "host_id", "base_url"]
        if is_test
        else ["service_name", "host_id", "base_url", "request_id"]
    )
    assert list(event["resource"]) == (
        ["account_name", "type", "id"] if is_test else ["account_name", "id", "type"]
    )
    assert event["type"] == known.type
    assert event["level"] == known.level
    assert event["message"] == known.message
    assert event["resource"]["type"] == known.resource_type
    assert isinstance(event["details"], dict)
    assert re.fullmatch(r"[0-9a-f]{32}", event["id"])
    zone = "" if is_test else "Z"
    assert re.fullmatch(rf"2026-11-\d\dT\d\d:\d\d:\d\d(\.\d{{6}})?{zone}", event["timestamp"])


@samples("anchore/*.*.json")
def test_the_resource_id_is_what_its_type_says(path: Path):
    resource = payload_of(path)["resource"]
    forms = {
        "image_digest": r"sha256:[0-9a-f]{64}",
        "image_tag": r"[a-z.]+/[a-z/-]+:[a-z0-9.-]+",
        "image_reference": r"[a-z.]+/[a-z/-]+:[a-z0-9.-]+",
        "repository": r"[a-z.]+/[a-z/-]+",
        "feed": r"[a-z0-9]+",
        "feed_group": r"[a-z0-9]+/[a-z0-9]+:[a-z0-9]+",
        "service": r"http://[a-z0-9.-]+:\d+",
    }
    if resource["id"] is None:
        assert resource["type"] in ("feeds", "policy_bundle", "service", "wisdom", "clamav")
    else:
        assert re.fullmatch(forms[resource["type"]], resource["id"])


@samples("anchore/*.json")
def test_digests_are_well_formed(path: Path):
    for text in strings(payload_of(path)):
        for digest in re.findall(r"sha256:([0-9a-z]*)", text):
            assert len(digest) == 64 or text.endswith("...(truncated)")


@samples("anchore/*.json", LEGACY)
def test_a_legacy_notification_has_the_documented_envelope(path: Path):
    notification = payload_of(path)
    assert list(notification) == LEGACY_ORDER
    data = notification["data"]
    assert list(data) == [
        "notification_user",
        "notification_user_email",
        "notification_type",
        "notification_payload",
    ]
    assert data["notification_type"] == notification["queueId"] == named_type(path)
    body = data["notification_payload"]
    assert body["subscription_type"] == named_type(path)
    assert body["notificationId"] == notification["dataId"]
    assert {"userId", "subscription_key", "annotations"} <= set(body)


def test_samples_show_the_optional_parts_of_details():
    def seen(event_type: str, *keys: str) -> set[str]:
        """Type names of `details.<keys>` over the samples of a type, ``absent`` where it is not there."""
        found = set()
        for path in SAMPLES.glob(f"anchore/{event_type}*.json"):
            value = payload_of(path)["details"]
            for key in keys:
                value = value.get(key, ...)
            found.add("absent" if value is ... else type(value).__name__)
        return found

    for end in ("started", "completed", "failed"):
        assert seen(f"system.feeds.sync.{end}", "sync_feed_types") == {"list", "str"}
    for checks in ("vulnerabilities", "policy_evaluation"):
        assert seen(f"user.checks.tag.{checks}.update", "annotations") == {"dict", "absent"}
    evaluated = "user.checks.tag.policy_evaluation.update"
    assert seen(evaluated, "curr_eval", "matched_mapping_rule") == {"dict", "bool"}
    assert seen(evaluated, "curr_eval", "matched_whitelisted_images_rule") == {"dict", "bool"}
    for failure in ("failed", "manifest_parse_fail"):
        paths = list(SAMPLES.glob(f"anchore/system.image_analysis.{failure}*.json"))
        assert len({key for path in paths for key in payload_of(path)["details"]}) == len(paths) == 2


def test_a_policy_evaluation_is_as_large_as_real_ones():
    assert (SAMPLES / "anchore/user.checks.tag.policy_evaluation.update.json").stat().st_size > 10_000


@samples("github/*.http")
def test_a_github_request_names_its_type_and_is_signed(path: Path):
    _, headers, body = read_request(path)
    payload = parse(body)
    action = f".{payload['action']}" if "action" in payload else ""
    assert headers["x-github-event"] + action == named_type(path)
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert headers["content-type"] == "application/json"
    for name, algorithm in (("x-hub-signature", "sha1"), ("x-hub-signature-256", "sha256")):
        assert headers[name] == f"{algorithm}={hmac.new(SECRET, body, algorithm).hexdigest()}"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-github-delivery"])
    assert len(payload["repository"]) >= 80


@samples("cloudevents/*")
def test_a_cloud_event_has_the_required_attributes(path: Path):
    attributes = payload_of(path)
    structured = "specversion" in attributes
    if path.suffix == ".http":
        headers = read_request(path)[1]
        assert headers["content-type"].startswith(
            "application/cloudevents+json" if structured else "application/json"
        )
        if not structured:
            attributes = {
                name.removeprefix("ce-"): text for name, text in headers.items() if name.startswith("ce-")
            }
    assert attributes["specversion"] == "1.0"
    assert attributes["type"] == named_type(path)
    assert attributes["source"]
    assert re.fullmatch(r"2026-11-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", attributes["time"])
    if structured:
        assert ("data" in attributes) != ("data_base64" in attributes)
        assert attributes["datacontenttype"]


def test_no_two_samples_have_the_same_id():
    ids: list[str] = []
    for path in SAMPLES.glob("*/*"):
        payload = payload_of(path)
        headers = read_request(path)[1] if path.suffix == ".http" else {}
        ids.append(
            headers.get("x-github-delivery") or headers.get("ce-id") or payload.get("dataId") or payload["id"]
        )
    assert [name for name, count in Counter(ids).items() if count > 1] == []


def test_the_wheel_holds_the_samples():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = project["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"]["sample_payloads"] == "inspector/sample_payloads"
    assert "sample_payloads" in build["sdist"]["include"]
