"""Who sent it and what it is called: the documented envelopes, and everything a sender may do to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.identify import header_map, payload_of
from inspector.core.payload import parse
from inspector.core.senders import MAX_FIELD, NOBODY, SENDERS, Identity, core_path, recognise
from inspector.store.files import read_payload_file

SAMPLES = Path(__file__).parents[2] / "sample_payloads"
FILES = sorted(path for path in SAMPLES.glob("*/*") if path.suffix in (".json", ".http"))

ENVELOPE = {
    "id": "f3a1",
    "source": {"service_name": "analyzer", "hostid": "a1"},
    "resource": {"id": "docker.io/nginx:1", "type": "image_tag", "account_name": "admin"},
    "type": "user.image.analysis.completed",
    "level": "INFO",
    "message": "Image analysis available",
    "details": {"x": 1},
    "timestamp": "2025-01-01T00:00:00Z",
}
SUBSCRIPTION = {
    "queueId": "tag_update",
    "userId": "admin",
    "dataId": "d1",
    "data": {
        "notification_user": "admin",
        "notification_type": "tag_update",
        "notification_payload": {
            "userId": "admin",
            "subscription_key": "docker.io/nginx:1",
            "notificationId": "n1",
            "curr_eval": {},
        },
    },
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_sample_is_known_by_its_folder_and_its_name(path: Path) -> None:
    request = read_payload_file(path)
    headers = header_map(request.headers)
    payload = payload_of(headers, request.body)
    found = recognise(headers, payload)
    assert found.sender == path.parent.name
    assert found.type == path.name.removesuffix(path.suffix).split("--")[0]
    assert found.delivery_id
    part = payload
    for key in core_path(payload, headers):
        part = part[key]
    assert part is not None


def test_the_envelope_of_anchore_enterprise() -> None:
    assert recognise({}, ENVELOPE) == Identity(
        "anchore",
        "user.image.analysis.completed",
        "info",
        "Image analysis available",
        "image_tag",
        "docker.io/nginx:1",
        "admin",
        "f3a1",
    )
    assert core_path(ENVELOPE, {}) == ("details",)


def test_the_envelope_of_anchores_api_around_an_event() -> None:
    payload = {
        "event": {key: value for key, value in ENVELOPE.items() if key != "id"},
        "generated_uuid": "u1",
    }
    found = recognise({}, payload)
    assert (found.sender, found.type, found.delivery_id) == ("anchore", ENVELOPE["type"], "u1")


def test_the_older_subscription_envelope() -> None:
    assert recognise({}, SUBSCRIPTION) == Identity(
        "anchore",
        "tag_update",
        resource_type="image_tag",
        resource_id="docker.io/nginx:1",
        account="admin",
        delivery_id="d1",
    )
    assert core_path(SUBSCRIPTION, {}) == ("data", "notification_payload")


def test_an_event_inside_the_older_envelope_keeps_the_delivery_of_the_envelope() -> None:
    data = {"notification_type": "log", "notification_payload": ENVELOPE}
    found = recognise({}, {"dataId": "d2", "data": data})
    assert (found.type, found.level, found.delivery_id) == ("user.image.analysis.completed", "info", "d2")
    assert recognise({}, {"data": data}).delivery_id == "f3a1"


def test_a_type_and_details_alone_are_not_anchore() -> None:
    found = recognise({}, {"type": "t", "details": {}, "level": "warn", "message": "m", "id": 7})
    assert found == Identity(None, "t", "warn", "m", delivery_id="7")


def test_github_is_known_by_its_headers_alone() -> None:
    headers = {"x-github-event": "pull_request", "x-github-delivery": "g1"}
    body = {
        "action": "opened",
        "pull_request": {"number": 412},
        "repository": {"full_name": "acme/shop"},
        "sender": {"login": "mona"},
    }
    assert recognise(headers, body) == Identity(
        "github",
        "pull_request.opened",
        resource_type="repository",
        resource_id="acme/shop#412",
        account="mona",
        delivery_id="g1",
    )
    assert recognise(headers, None).type == "pull_request"
    for action in (5, ["opened"], None, "", {"a": 1}):
        assert recognise(headers, {**body, "action": action}).type == "pull_request"


def test_header_names_in_any_case() -> None:
    headers = header_map(
        ((b"X-GITHUB-Event", b"push"), (b"x-github-delivery", b"1"), (b"X-GitHub-Delivery", b"2"))
    )
    assert recognise(headers, {}) == Identity("github", "push", delivery_id="1")


def test_cloudevents_in_both_modes() -> None:
    binary = {
        "ce-specversion": "1.0",
        "ce-type": "com.example.paid",
        "ce-source": "/shop",
        "ce-id": "c1",
        "ce-subject": "caf%C3%A9",
    }
    expected = Identity(
        "cloudevents",
        "com.example.paid",
        resource_type="subject",
        resource_id="café",
        account="/shop",
        delivery_id="c1",
    )
    assert recognise(binary, None) == expected
    structured = {
        "specversion": "1.0",
        "type": "com.example.paid",
        "source": "/shop",
        "id": "c1",
        "subject": "café",
    }
    assert recognise({}, structured) == expected
    assert core_path({**structured, "data": {"a": 1}}, {}) == ("data",)
    assert core_path(structured, {}) == ()


def test_stripe() -> None:
    payload = {
        "object": "event",
        "id": "evt_1",
        "type": "charge.succeeded",
        "livemode": False,
        "data": {"object": {"object": "charge", "id": "ch_1"}},
    }
    assert recognise({}, payload) == Identity(
        "stripe",
        "charge.succeeded",
        resource_type="charge",
        resource_id="ch_1",
        account="test",
        delivery_id="evt_1",
    )


@pytest.mark.parametrize(
    ("payload", "name", "delivery"),
    [
        ({"type": "a", "event": "b", "id": "1"}, "a", "1"),
        ({"event": "b", "event_id": "2"}, "b", "2"),
        ({"event_type": "c", "id": ["no"], "event_id": "3"}, "c", "3"),
        ({"type": "", "event": "b"}, "b", None),
        ({"type": 5, "event": ["x"], "event_type": "c"}, "c", None),
        ({"type": {"a": 1}}, None, None),
        ({"id": "9"}, None, None),
        ([{"type": "a"}], None, None),
        ("text", None, None),
        (None, None, None),
    ],
)
def test_the_fallback(payload: Any, name: str | None, delivery: str | None) -> None:
    found = recognise({}, payload)
    assert (found.sender, found.type, found.delivery_id) == (None, name, delivery)


def test_standard_webhooks_say_their_delivery_in_a_header() -> None:
    assert recognise({"webhook-id": "msg_1"}, {"type": "a", "id": "other"}).delivery_id == "msg_1"
    assert recognise({"webhook-id": "msg_1"}, {"a": 1}) == Identity(delivery_id="msg_1")


@pytest.mark.parametrize("name", ["\ud800x", "a\0b", "\x1b[2J", "x" * 60_000, "[red]", "a\nb", "\u202eabc"])
def test_hostile_texts_become_storable_ones(name: str) -> None:
    payload = json.loads(json.dumps(ENVELOPE))
    payload |= {"type": name, "level": name, "message": name, "id": name}
    payload["resource"] = {"id": name, "type": name, "account_name": name}
    found = recognise({}, payload)
    for text in (
        found.type,
        found.level,
        found.message,
        found.resource_type,
        found.resource_id,
        found.account,
    ):
        assert text is not None
        assert b"\0" not in text.encode()
        assert len(text) <= MAX_FIELD * 6


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([{}]),
)


def _mangled(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: draw(ODD) if draw(st.integers(0, 3)) == 0 else _mangled(part, draw)
            for key, part in value.items()
        }
    return value


@settings(deadline=None)
@given(st.data(), st.sampled_from([ENVELOPE, SUBSCRIPTION, {"event": ENVELOPE}]))
def test_a_list_where_an_object_is_expected_harms_nothing(data: Any, payload: Any) -> None:
    mangled = _mangled(payload, data.draw)
    github = {"x-github-event": "push", "ce-specversion": "1.0"}
    for headers in ({}, github):
        found = recognise(headers, mangled)
        for name in Identity.__slots__:
            value = getattr(found, name)
            assert value is None or (isinstance(value, str) and value)
        core_path(mangled, headers)


def test_an_integer_of_any_size_is_an_id() -> None:
    assert recognise({}, parse(b'{"type": "a", "id": ' + b"9" * 4000 + b"}")).delivery_id == "9" * MAX_FIELD
    assert recognise({}, parse(b'{"type": "a", "id": ' + b"9" * 9000 + b"}")).delivery_id is None


def test_generic_ways_come_last() -> None:
    assert SENDERS[-1].name is None
    assert recognise({}, {}) == NOBODY
