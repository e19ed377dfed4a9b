"""Text safety: nothing from outside reaches a terminal raw."""

from __future__ import annotations

import io
import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.text import (
    UNSAFE,
    count_unsafe,
    for_output,
    scrub,
    storable,
    visible,
    visible_bytes,
    visible_lines,
)

TEXTS = st.text(st.characters(), max_size=60)
"""Any text, lone surrogates included."""

FILLERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810)}
"""Characters that show as nothing although Unicode calls them letters, marks or symbols."""


def test_the_class_is_that_of_unicode_for_every_code_point() -> None:
    """Control, format, surrogate and separator characters are in it; besides them only what is never seen."""
    unsafe = re.compile(f"[{UNSAFE}]")
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            assert unsafe.match(character) or character in "\t\n", hex(point)
        elif unsafe.match(character):
            unseen = category == "Cn" or point in FILLERS or 0xE0000 <= point <= 0xE0FFF
            assert unseen, (hex(point), category)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("a\nb\tc\r", "a\\nb    c\\x0d"),
        ("\u202eexe.gpj", "\\u202eexe.gpj"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\x9b31m", "\\x9b31m"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("Grüße, 世界 👋", "Grüße, 世界 👋"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("", ""),
    ],
)
def test_visible_writes_out_what_would_act_or_hide(text: str, shown: str) -> None:
    assert visible(text) == shown


@settings(deadline=None)
@given(TEXTS)
def test_what_is_visible_is_safe_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert shown == visible(shown) == scrub(shown)
    assert not re.search(f"[\n\t{UNSAFE}]", shown)
    assert count_unsafe(shown) == 0
    shown.encode()


@settings(deadline=None)
@given(TEXTS)
def test_lines_stay_lines(text: str) -> None:
    assert visible_lines(text).split("\n") == [visible(line) for line in text.split("\n")]


@settings(deadline=None)
@given(TEXTS)
def test_the_last_guard_deletes_what_slipped_through(text: str) -> None:
    assert not re.search(f"[\n{UNSAFE}]", scrub(text))
    assert count_unsafe(text) == len(re.findall(f"[{UNSAFE}]", text))


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_are_shown_as_latin_1(value: bytes) -> None:
    assert visible_bytes(value) == visible(value.decode("latin-1"))


@settings(deadline=None)
@given(TEXTS)
def test_what_is_storable_can_be_written_as_utf_8_without_nul(text: str) -> None:
    stored = storable(text)
    assert b"\0" not in stored.encode()
    assert storable(stored) == stored
    if "\0" not in text and not re.search("[\ud800-\udfff]", text):
        assert stored == text


def test_storable_says_what_was_there() -> None:
    assert storable("a\ud800b\0c") == "a\\ud800b\\x00c"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_output_is_made_safe_for_a_terminal_only() -> None:
    assert for_output("\x1b[2J\nb", _Terminal()) == "\\x1b[2J\nb"
    assert for_output("\x1b[2J\nb", io.StringIO()) == "\x1b[2J\nb"
