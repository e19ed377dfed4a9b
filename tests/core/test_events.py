"""The values and their JSON, which scripts rely on."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from inspector.core.events import Attempt, Event, InspectorError, Request, rfc3339

EVENT = Event(7, 1_760_000_400_000_001, "POST", b"/h\xff?a=1", "127.0.0.1:5", 3)


def test_times_are_rfc_3339_in_utc_with_microseconds() -> None:
    assert EVENT.received_at == "2025-10-09T09:00:00.000001Z"
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"
    assert datetime.fromisoformat(rfc3339(1)) == datetime(1970, 1, 1, 0, 0, 0, 1, UTC)


def test_the_members_that_are_promised_are_there() -> None:
    words = "id received_at method target remote size complete rejected sender type level shape"
    assert set(f"{words} resource_type resource_id delivery_id pending".split()) <= set(EVENT.as_json())
    line = json.loads(json.dumps(EVENT.as_json()))
    assert (line["id"], line["target"], line["complete"], line["rejected"]) == (7, "/hÿ?a=1", True, None)
    assert Event(1, 0, None, None, "", 0, rejected="no HTTP").as_json()["target"] is None


def test_an_attempt_passes_with_2xx_only() -> None:
    def attempt(status: int | None, error: str | None = None) -> Attempt:
        return Attempt(7, "http://a", 0, 1.23456, status=status, error=error)

    assert [attempt(status).passed for status in (199, 200, 204, 299, 300, 500, None)] == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert not attempt(200, "cut off").passed
    assert attempt(500).as_json() == {
        "event": 7,
        "target": "http://a",
        "status": 500,
        "error": None,
        "ms": 1.235,
    }


def test_header_lines_are_found_in_any_case_and_kept_as_they_are() -> None:
    request = Request("POST", b"/", ((b"X-A", b"1"), (b"x-a", b"2")))
    assert request.header(b"x-A") == b"1"
    assert request.header(b"x-b") is None


def test_an_error_has_the_exit_code_of_wrong_use_unless_told_otherwise() -> None:
    assert InspectorError("x").code == 2
    assert InspectorError("x", code=1).code == 1
