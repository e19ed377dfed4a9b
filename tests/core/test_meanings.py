"""What single values mean, at a fixed moment in a fixed zone."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from inspector.core.meanings import LocalZone, meaning_of

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-11-21T08:00:00Z", "09:00:00 here, 3 h ago"),
        ("2026-11-21T08:00:00.123456+00:00", "09:00:00 here, 2 h ago"),
        ("2026-11-23T11:00:00Z", "2026-11-23 12:00:00 here, in 2 days"),
        ("2026-11-21 08:00:00", "no zone; as UTC 09:00:00 here, 3 h ago"),
        ("2026-13-41T08:00:00Z", ""),
        ("9999-12-31T23:59:59-12:00", ""),
        ("2026-11-20", "yesterday"),
        ("Sat, 21 Nov 2026 08:00:00 GMT", "09:00:00 here, 3 h ago"),
        (1795248000, "as unix seconds 09:00:00 here, 3 h ago"),
        (1795248000.5, "as unix seconds 09:00:00 here, 3 h ago"),
        ("1795248000", "as unix seconds 09:00:00 here, 3 h ago"),
        (1795248000123, "as unix ms 09:00:00 here, 2 h ago"),
        (1795248000123456789, "as unix ns 09:00:00 here, 2 h ago"),
        (9999999999, ""),
        (42, ""),
        (True, ""),
        ("5f0c9c6e-5b1a-4e0e-9d53-1c2d7c0f3a11", "UUID version 4, random"),
        ("019a9f4b-7c00-7000-8000-000000000000", "UUID version 7, made 2025-11-20 04:25:15 here, 366 days ago"),
        ("00000000-0000-0000-0000-000000000000", "UUID, all zeros"),
        ("sha256:" + "ab" * 32, "sha256 digest"),
        ("ab" * 20, "hex, as long as SHA-1, a git commit for example"),
        ("docker.io/library/nginx:1.27", "image: registry docker.io, library/nginx, tag 1.27"),
        ("localhost:5000/a/b@sha256:" + "ab" * 32, "image: registry localhost:5000, a/b, sha256 digest"),
        ("10.0.0.1", "IP address, private"),
        ("::1", "IP address, of this machine"),
        ("01.02.03.04", ""),
        ("١.٢.٣.٤", ""),
        ("10.0.0.1…", ""),
        ("5f0c9c6e-5b1a-4e0e-9d53-1c2d7c0f3a11…", ""),
        ("ffffffff-ffff-7fff-bfff-ffffffffffff", "UUID version 7, from time and chance"),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "JSON Web Token"),
        ("a word", ""),
        ("x" * 10_000, ""),
    ],
)  # fmt: skip
def test_meanings(value: object, words: str) -> None:
    """Times are told here with their age, ids by their kind; what is nothing known has no words."""
    assert meaning_of(json.dumps(value), NOW) == words


def test_a_time_of_the_other_half_of_the_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """In winter, a time of the summer is told as clocks here showed it then."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        now = datetime(2026, 11, 21, 12, 0, 0, tzinfo=LocalZone())
        assert meaning_of("1760000000", now) == "as unix seconds 2025-10-09 10:53:20 here, 408 days ago"
        assert meaning_of(json.dumps("2026-11-21T08:00:00Z"), now) == "09:00:00 here, 3 h ago"
        assert datetime.now(LocalZone()).utcoffset() in (timedelta(hours=1), timedelta(hours=2))
        for odd in (
            "9999-12-31T23:59:59-12:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
        ):
            meaning_of(json.dumps(odd), now)
    time.tzset()
