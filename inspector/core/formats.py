"""What values look like, in a few words: the format that strings share, and examples on one line."""

from __future__ import annotations

import binascii
import json
import re
from typing import Any, Final

from inspector.core.payload import is_filled_json

_DATE_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HEX = "[0-9a-fA-F]"
_FORMATS: Final = (
    ("hex digest", re.compile(rf"(?:sha\d+|md5|blake\w+):{_HEX}{{32,}}")),
    ("hex id", re.compile(rf"{_HEX}{{32}}|{_HEX}{{40}}|{_HEX}{{64,}}")),
    ("UUID", re.compile(rf"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}")),
    ("timestamp", re.compile(rf"{_DATE_TIME}(?:Z|[+-]\d\d:?\d\d)")),
    ("timestamp without zone", re.compile(_DATE_TIME)),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("URL", re.compile(r"[a-z][a-z0-9+.-]*://\S+")),
    ("e-mail address", re.compile(r"[\w.%+'-]{1,64}@[\w-]+(?:\.[\w-]+)+")),
    ("CVE id", re.compile(r"CVE-\d{4}-\d{4,}")),
    ("IP address", re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}")),
    ("digits", re.compile(r"\d{2,}")),
    ("version", re.compile(r"v\d+(?:\.\d+)*(?:[-+.][\w.+-]+)?|\d+(?:\.\d+){2,}(?:[-+][\w.+-]+)?")),
    (
        "image reference",
        # A registry or a folder before the name, and a tag or a digest after it: else it may be any path.
        re.compile(
            rf"(?:[\w.-]+(?::\d+)?/)(?:{_NAME}/)*{_NAME}(?::[\w][\w.-]{{0,127}}(?:@sha256:{_HEX}{{64}})?|@sha256:{_HEX}{{64}})"
        ),
    ),
)
_LONGEST = 4_000
"""A longer string has none of the formats above."""
_LONGEST_ENCODED = 64_000

OPAQUE: Final = ("hex digest", "hex id", "UUID", "base64", "JSON text", "timestamp without zone")
"""Formats that are worth telling beside a value that is always the same: the value does not show them."""


def format_of(text: str) -> str | None:
    """The format of a string in words (``hex digest``, ``UUID``, ``timestamp`` …), or None."""
    text = text.removesuffix("…")
    if len(text) <= _LONGEST:
        for name, pattern in _FORMATS:
            if pattern.fullmatch(text):
                return name
        if _is_ip6(text):
            return "IP address"
    if len(text) <= _LONGEST_ENCODED:
        if is_filled_json(text):
            return "JSON text"
        if is_base64(text):
            return "base64"
    return None


def _is_ip6(text: str) -> bool:
    if text.count(":") < 2 or not set(text) <= set("0123456789abcdefABCDEF:."):
        return False
    import ipaddress

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def is_base64(text: str) -> bool:
    """True for what is base64 beyond doubt: with padding, or long and mixed as no word is."""
    if len(text) < 12 or len(text) % 4 or not _BASE64.fullmatch(text):
        return False
    if not text.endswith("=") and not (
        len(text) >= 24
        and any(map(str.isupper, text))
        and any(map(str.islower, text))
        and any(map(str.isdigit, text))
    ):
        return False
    return binascii.b2a_base64(binascii.a2b_base64(text), newline=False).decode() == text


def as_text(value: Any, limit: int = 200) -> str:
    """A JSON value on one line, raw, at most `limit` characters: scalars, ``{3 keys}``, ``[41 items]``."""
    if isinstance(value, dict):
        return "{}" if not value else f"{{{len(value):,} key{'' if len(value) == 1 else 's'}}}"
    if isinstance(value, list):
        return "[]" if not value else f"[{len(value):,} item{'' if len(value) == 1 else 's'}]"
    if isinstance(value, str):
        text = json.dumps(value[: limit + 1], ensure_ascii=False)
        # Controls are left to whoever shows the text, so that they look the same everywhere.
        return text if len(value) <= limit else f"{text[: limit - 1]}…"
    return json.dumps(value)
