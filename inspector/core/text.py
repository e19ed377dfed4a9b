"""Text from outside, made safe to show: the one function every such text goes through.

A webhook can hold escape sequences, bidirectional overrides, zero-width and tag characters, lone surrogates.
Shown raw they set the window title, write the clipboard or hide what is there. `visible` writes them as
``\\x1b`` or ``\\u202e``.

The class of unsafe characters is written out, because computing it takes longer than a command may take to
start; ``tests/core/test_text.py`` holds it against `unicodedata` for every code point.
"""

from __future__ import annotations

import re
import sys

UNSAFE = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2"
    r"\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Body of a regular-expression class: Cc, Cf, Cs, Zl, Zp (tab and newline excepted), tag and filler
characters."""

_UNSAFE = re.compile(f"[{UNSAFE}]")
_UNSAFE_LINE = re.compile(f"[\n{UNSAFE}]")


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":
        return "\\n"
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def visible(text: str) -> str:
    """Return `text` as one line that is safe to show: unsafe characters escaped, newline as ``\\n``, tab as
    four spaces."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE_LINE.sub(_escaped, text.replace("\t", "    "))


def visible_lines(text: str) -> str:
    """Like `visible`, but newlines stay newlines."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escaped, text.replace("\t", "    "))


def visible_bytes(value: bytes) -> str:
    """Bytes from a header line or a target as one safe line: Latin-1, then `visible`."""
    return visible(value.decode("latin-1"))


def count_unsafe(text: str) -> int:
    """How many characters of `text` are shown escaped (newlines not counted)."""
    return len(_UNSAFE.findall(text))


def scrub(text: str) -> str:
    """Delete unsafe characters: the last guard behind `visible`, for what should never have come this far."""
    return text if text.isprintable() else _UNSAFE_LINE.sub("", text)


def storable(text: str) -> str:
    """Return `text` fit for a SQLite TEXT column: lone surrogates and NUL, which it cannot hold, are written
    escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\x00", "\\x00")


def for_output(text: str, stream: object = None) -> str:
    """Text for standard output: made visible on a terminal, unchanged in a pipe (`stream` defaults to
    sys.stdout)."""
    stream = sys.stdout if stream is None else stream
    isatty = getattr(stream, "isatty", None)
    return visible_lines(text) if isatty is not None and isatty() else text
