"""What values look like, in a few words: the format that strings share, and examples on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

_FORMATS: Final = (
    ("hex digest", re.compile(r"(?:sha\d+|md5|blake\w+):[0-9a-fA-F]{32,}")),
    ("hex id", re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64,}")),
    ("UUID", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("timestamp", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("URL", re.compile(r"[a-z][a-z0-9+.-]*://\S+")),
    ("e-mail address", re.compile(r"[\w.%+'-]{1,64}@[\w-]+(?:\.[\w-]+)+")),
    ("digits", re.compile(r"\d{2,}")),
)

_TELLING: Final = ("URL", "e-mail address", "date", "digits", "timestamp")
"""Formats of which one value tells more than the name of the format."""


def format_of(text: str) -> str | None:
    """The format of a string in words (``hex digest``, ``UUID``, ``timestamp`` …), or None."""
    text = text.removesuffix("…")
    return next((name for name, pattern in _FORMATS if pattern.fullmatch(text)), None)


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


def values_in_words(examples: Sequence[Any], events: int, all_seen: bool) -> str:
    """Examples of a field in words: ``hex digest``, ``always "analyzed"``, ``"a", "b", …``; raw text.

    `events` have it; with `all_seen` the examples are from all of these events.
    """
    if not examples:
        return ""
    formats = {format_of(value) if isinstance(value, str) else None for value in examples}
    shared = next(iter(formats)) if len(formats) == 1 else None
    always = all_seen and events > 1 and len(examples) == 1
    if shared is not None and (len(examples) > 1 or shared not in _TELLING):
        return f"{shared}, always the same" if always else shared
    if len(examples) == 1:
        return f"always {as_text(examples[0])}" if always else as_text(examples[0])
    more = "" if all_seen and len(examples) < 3 else ", …"
    return ", ".join(as_text(value, 60) for value in examples) + more
