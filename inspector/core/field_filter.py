"""The filter that asks for a field: what a screen hands to the list to show the events that have it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from inspector.core.filters import quoted
from inspector.core.payload import Path

_PLAIN = re.compile(r"[\w$@+-]+", re.ASCII)


def field_filter(types: Sequence[tuple[str | None, str]], path: Path) -> str:
    """The filter for events of these (sender, type) pairs that have a value at `path`.

    The language has no *or*: of several types only the sender is asked for, if it is the same.
    """
    words: list[str] = []
    if len({sender for sender, _ in types}) == 1 and types[0][0]:
        words.append(f"sender:{_value(types[0][0])}")
    if len(types) == 1:
        words.append(f"type:{_value(types[0][1])}")
    if path:
        words.append(f"{_path(path)}:*")
    return " ".join(words)


def _value(text: str) -> str:
    return text if re.fullmatch(r"[\w.@/+-]+", text, re.ASCII) else quoted(text)


def _path(path: Path) -> str:
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif isinstance(step, str):
            parts.append(f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step)}]")
        else:
            parts.append(step.sign if step.sign == "[]" else f".{step.sign}")
    # A path that begins with a dot is never taken for a word of the language.
    return "".join(parts).removeprefix(".") if path[0] == "details" else "".join(parts)
