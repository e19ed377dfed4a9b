"""Values in a few words."""

from __future__ import annotations

import pytest

from inspector.core.formats import as_text, format_of, values_in_words

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (DIGEST, "hex digest"),
        ("ab" * 16, "hex id"),
        ("123e4567-e89b-12d3-a456-426614174000", "UUID"),
        ("2026-11-17T09:12:41.650182Z", "timestamp"),
        ("2026-11-17", "date"),
        ("http://localhost:8228/v2", "URL"),
        ("a@example.com", "e-mail address"),
        ("443", "digits"),
        ("analyzed", None),
        ("", None),
    ],
)
def test_formats_are_told_from_the_whole_text(text: str, name: str | None) -> None:
    assert format_of(text) == name


def test_one_value_in_every_event_is_always_that() -> None:
    assert values_in_words(["analyzed"], 300, True) == 'always "analyzed"'
    assert values_in_words(["analyzed"], 300, False) == '"analyzed"'
    assert values_in_words(["analyzed"], 1, True) == '"analyzed"'
    assert values_in_words([DIGEST], 300, True) == "hex digest, always the same"


def test_several_values_are_a_format_or_examples() -> None:
    assert values_in_words([DIGEST, DIGEST[:-1] + "0"], 9, True) == "hex digest"
    assert values_in_words(["a", 2, None], 9, True) == '"a", 2, null, …'
    assert values_in_words(["a", "b"], 9, True) == '"a", "b"'
    assert values_in_words([], 9, True) == ""


def test_containers_are_counted_and_long_text_is_cut() -> None:
    assert as_text({}) == "{}"
    assert as_text({"a": 1}) == "{1 key}"
    assert as_text([1, 2]) == "[2 items]"
    assert len(as_text("x" * 100_000)) <= 201
