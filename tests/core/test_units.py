"""Sizes, counts and times in words, and back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core import units

DAY_US = 86_400_000_000
NOON_US = 1_760_000_400_000_000
"""2025-10-09 09:00:00 UTC"""


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (31, "31 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (22_900, "22.9 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_100_000, "3.1 MB"),
        (999_949_999, "1.0 GB"),
        (5_000_000_000_000, "5.0 TB"),
        (5_000_000_000_000_000, "5,000 TB"),
    ],
)
def test_a_size_has_three_digits(number: int, words: str) -> None:
    assert units.size(number) == words


@settings(deadline=None)
@given(st.integers(0, 10**15))
def test_a_size_is_never_longer_than_seven_cells(number: int) -> None:
    assert len(units.size(number)) <= 8
    assert "1000" not in units.size(number)


def test_a_count_has_separators_and_the_right_number() -> None:
    assert units.count(1204) == "1,204"
    assert units.count(1, "event") == "1 event"
    assert units.count(0, "event") == "0 events"
    assert units.count(1204, "event") == "1,204 events"
    assert units.count(2, "body", "bodies") == "2 bodies"


def test_the_clock_takes_eight_cells() -> None:
    assert units.clock(NOON_US, NOON_US + 1, utc=True) == "09:00:00"
    assert units.clock(NOON_US, NOON_US + DAY_US, utc=True) == "09 09:00"


@pytest.mark.usefixtures("tokyo")
def test_the_clock_is_local_unless_asked_otherwise() -> None:
    assert units.clock(NOON_US, NOON_US) == "18:00:00"
    assert units.clock(NOON_US, NOON_US, utc=True) == "09:00:00"
    late = NOON_US + 7 * 3_600_000_000  # the next day in Tokyo, the same in UTC
    assert units.clock(NOON_US, late) == "09 18:00"
    assert units.clock(NOON_US, late, utc=True) == "09:00:00"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "clock changed"),
        (-1, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 day ago"),
        (5 * 86_400, "5 days ago"),
    ],
)
def test_ago(seconds: int, words: str) -> None:
    assert units.ago(NOON_US - seconds * 1_000_000, NOON_US) == words


@pytest.mark.parametrize(
    ("text", "length"),
    [("500ms", 0.5), ("10s", 10), ("1.5m", 90), ("2h", 7200), ("3d", 259_200), ("1w", 604_800), (" 1s ", 1)],
)
def test_a_length_of_time(text: str, length: float) -> None:
    assert units.seconds(text) == length


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1 s", "٣s", "1e3s", "1y", "9" * 400 + "s", "1.s"])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        units.seconds(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500", 500),
        ("64k", 64_000),
        ("64K", 64_000),
        ("64Ki", 65_536),
        ("25M", 25_000_000),
        ("25MiB", 26_214_400),
        ("10 MB", 10_000_000),
        ("1GiB", 1 << 30),
        ("1.5k", 1500),
        ("0", 0),
    ],
)
def test_a_size_is_read(text: str, number: int) -> None:
    assert units.byte_count(text) == number


@pytest.mark.parametrize("text", ["", "k", "-1", "1iB", "1X", "٣", "9" * 400, "1e3"])
def test_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        units.byte_count(text)


@settings(deadline=None)
@given(st.text(max_size=12))
def test_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    for read in (units.seconds, units.byte_count):
        try:
            words = f"{read(text) >= 0}"
        except ValueError as error:
            words = str(error)
        assert re.search("True|is no (size|length of time); write", words)
