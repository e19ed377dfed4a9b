"""The field reference as Markdown (CommonMark with tables). Nothing from outside can become markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.core.export.learnt import Learnt, learnt_from
from inspector.core.export.reference import about, rows
from inspector.core.text import visible

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_PLAIN = frozenset(".,;()/-")
"""Punctuation that means nothing within a line of a table."""


def markdown(types: Sequence[Learnt], title: str) -> str:
    """A page with a table of fields for every type."""
    parts = [f"# {_text(visible(title))}", learnt_from(types)]
    if len(types) > 1:
        parts.append("\n".join(f"- {_code(visible(each.name))}: {each.words}" for each in types))
    for each in types:
        lines = ["| field | type | in | values |", "|---|---|---|---|"]
        for row in rows(each):
            lines.append(
                f"| {_code(row.path)} | {_text(row.types)} | {_text(row.presence)} | {_code(row.values)} |"
            )
        if len(types) > 1:
            parts.append(f"## {_text(visible(each.name))}")
        parts += [_text(about(each)), "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _text(text: str) -> str:
    """Text as it stands: every sign that Markdown or HTML could read otherwise is written as an entity."""

    def entity(match: re.Match[str]) -> str:
        sign = match[0]
        # A sign that means nothing within a line may begin a list at its start.
        return sign if sign in _PLAIN and match.start() else f"&#{ord(sign)};"

    return _PUNCTUATION.sub(entity, text)


def _code(text: str) -> str:
    """Text as code, where a code span can hold it in a table; else as text."""
    if not text or set("`|\\") & set(text) or text != text.strip():
        return _text(text)
    return f"`{text}`"
