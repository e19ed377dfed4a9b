"""Values in a few words."""

from __future__ import annotations

import time

import pytest

from inspector.core.formats import as_text, format_of

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (DIGEST, "hex digest"),
        ("ab" * 16, "hex id"),
        ("123e4567-e89b-12d3-a456-426614174000", "UUID"),
        ("2026-11-17T09:12:41.650182Z", "timestamp"),
        ("2026-11-17T09:12:41+02:00", "timestamp"),
        ("2026-11-17T09:12:41.650182", "timestamp without zone"),
        ("2026-11-17 09:12", "timestamp without zone"),
        ("2026-11-17", "date"),
        ("CVE-2026-90112", "CVE id"),
        ("10.0.4.255", "IP address"),
        ("10.0.4.256", "version"),
        ("fe80::1", "IP address"),
        ("::ffff:10.0.0.1", "IP address"),
        ("12:30:45", None),
        ("1.2.3", "version"),
        ("v2", "version"),
        ("2.0.0-rc.1+build", "version"),
        ("1.5", None),
        ("docker.io/library/alpine:3.18", "image reference"),
        ("localhost:5000/team/cart@" + DIGEST, "image reference"),
        ("shop/cart:2.14", "image reference"),
        ("github.com/owner/name", None),
        ("usr/lib/libz.so", None),
        ("error: not found", None),
        ('{"a": [1]}', "JSON text"),
        ("[1]", "JSON text"),
        ("{}", None),
        ("{not json}", None),
        ("aGVsbG8gd29ybGQhIQ==", "base64"),
        ("TWFuIGlzIGRpc3Rpbmd1aXNoZWQ5", "base64"),
        ("internationalize", None),
        ("notpaddedproperly===", None),
        ("http://localhost:8228/v2", "URL"),
        ("a@example.com", "e-mail address"),
        ("443", "digits"),
        ("analyzed", None),
        ("", None),
    ],
)
def test_formats_are_told_from_the_whole_text(text: str, name: str | None) -> None:
    assert format_of(text) == name


def test_containers_are_counted_and_long_text_is_cut() -> None:
    assert as_text({}) == "{}"
    assert as_text({"a": 1}) == "{1 key}"
    assert as_text([1, 2]) == "[2 items]"
    assert len(as_text("x" * 100_000)) <= 201


def test_long_texts_are_told_quickly() -> None:
    started = time.process_time()
    for text in ("a" * 1_000_000, "a-" * 2_000, "a." * 1_999 + "@", "[" * 60_000 + "]" * 3, "x/" * 1_999):
        assert format_of(text) is None
    assert time.process_time() - started < 1
