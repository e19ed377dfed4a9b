"""XML that came on few rows, laid out with an element a row. Nothing is parsed beyond tags: no entity is
expanded, nothing outside blanks between tags changes, and what is not well formed is left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_CHARACTERS: Final = 4_000_000
"""A longer text is shown as it came."""
_MAX_INDENT = 64
_TAG = re.compile(r"""<(?:[^<>"']|"[^"]*"|'[^']*')*+>""")
_SPECIAL: Final = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))


def laid_out(text: str) -> str | None:
    """The text with one element a row, two spaces a level; None when it is laid out already, or no XML."""
    if len(text) > MAX_CHARACTERS or text.count("\n") * 3 > text.count("<"):
        return None
    tokens = list(_tokens(text))
    if not tokens or tokens[-1] == "":
        return None
    rows: list[str] = []
    depth = at = 0
    while at < len(tokens):
        token = tokens[at]
        if _closes(token):
            depth = max(0, depth - 1)
        elif _opens(token):
            for length in (3, 2):  # <a>text</a> and <a></a> stay on one row
                piece = tokens[at : at + length]
                if len(piece) == length and _closes(piece[-1]) and (length == 2 or piece[1][0] != "<"):
                    token = "".join(piece)
                    at += length - 1
                    break
            else:
                rows.append("  " * min(depth, _MAX_INDENT) + token)
                depth += 1
                at += 1
                continue
        rows.append("  " * min(depth, _MAX_INDENT) + token.strip())
        at += 1
    return "\n".join(rows)


def _opens(token: str) -> bool:
    return token.startswith("<") and token[1:2] not in ("/", "!", "?") and not token.endswith("/>")


def _closes(token: str) -> bool:
    return token.startswith("</")


def _tokens(text: str) -> Iterator[str]:
    """Tags, comments and texts that are not blank, in order; an empty one when something is not closed."""
    at = 0
    while at < len(text):
        begin = text.find("<", at)
        if begin < 0:
            begin = len(text)
        if text[at:begin].strip():
            yield text[at:begin]
        if begin == len(text):
            return
        closer = next((closer for opener, closer in _SPECIAL if text.startswith(opener, begin)), None)
        if closer is not None:
            end = text.find(closer, begin)
            at = end + len(closer) if end >= 0 else -1
        else:
            tag = _TAG.match(text, begin)
            at = -1 if tag is None else tag.end()
        if at < 0:
            yield ""
            return
        yield text[begin:at]
