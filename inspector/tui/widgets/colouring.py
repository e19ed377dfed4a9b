"""A row of raw text as safe runs, each with the role that says how it looks.

Rows are coloured one at a time with Pygments. That is exact where no token spans two rows, as in indented
JSON; in XML and YAML a comment over several rows loses its colour after the first, and nothing else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers.data import JsonLexer, YamlLexer  # type: ignore[import-untyped]
from pygments.lexers.html import XmlLexer  # type: ignore[import-untyped]
from pygments.token import (  # type: ignore[import-untyped]
    Comment,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Token,
    _TokenType,
)
from rich.cells import get_character_cell_size

from inspector.core.bodies import Language
from inspector.core.text import UNSAFE, visible
from inspector.tui.widgets.document import Role

_UNSAFE = re.compile(f"[\n{UNSAFE}]")
_ROLES: Final[dict[_TokenType, Role]] = {
    Name.Tag: "key",
    Name.Attribute: "number",
    String: "string",
    Literal.Scalar: "string",
    Number: "number",
    Keyword: "constant",
    Comment: "muted",
    Punctuation: "muted",
    Operator: "muted",
    Name.Builtin: "muted",
}


class Run(NamedTuple):
    """Safe text that looks the same throughout; `hit` says that a search found it."""

    text: str
    role: Role
    hit: bool = False


def coloured(raw: str, language: Language, inside: bool = False) -> list[Run]:
    """A row, or a piece of a long one, as runs. `inside` says that the piece begins within a JSON string."""
    text, escapes = _escaped(raw)
    if language == "hex":
        place = len(text) - len(text.lstrip(" ")) + 8
        return [Run(text[:place], "muted"), Run(text[place:], "text")]
    return _overlaid(_lexed(text, language, inside), escapes)


def plain(raw: str, role: Role) -> list[Run]:
    """Text of one role, with what is escaped in it told apart."""
    text, escapes = _escaped(raw)
    return _overlaid([Run(text, role)] if text else [], escapes)


def with_hits(runs: list[Run], spans: list[tuple[int, int]]) -> list[Run]:
    """The runs with `hit` set between each start and end (characters of their text, ascending)."""
    if not spans:
        return runs
    marked: list[Run] = []
    begin = number = 0
    for text, role, _ in runs:
        at, end = begin, begin + len(text)
        while at < end:
            while number < len(spans) and spans[number][1] <= at:
                number += 1
            start, stop = spans[number] if number < len(spans) else (end, end)
            hit = start <= at
            edge = min(stop if hit else start, end)
            marked.append(Run(text[at - begin : edge - begin], role, hit and number < len(spans)))
            at = edge
        begin = end
    return marked


def cut(runs: list[Run], start: int, end: int) -> tuple[list[Run], int, int]:
    """The characters that begin in cells `start` to `end`, the index of the first one, and the cells they
    take.

    Where a wide character begins before `start` and reaches over it, a blank stands in its place.
    """
    kept: list[Run] = []
    cell = index = used = 0
    first = -1
    for text, role, hit in runs:
        if text.isascii():  # one cell a character: whole slices
            low, high = max(0, start - cell), min(len(text), end - cell)
            if low < high:
                if first < 0:
                    first = index + low
                    used = cell + low - start
                    kept += [Run(" " * used, role)] if used else []
                kept.append(Run(text[low:high], role, hit))
                used += high - low
            cell += len(text)
            index += len(text)
            continue
        piece: list[str] = []
        for character in text:
            if start <= cell < end:
                if first < 0:
                    first = index
                    used = cell - start
                    piece.append(" " * used)
                piece.append(character)
                used += get_character_cell_size(character)
            cell += get_character_cell_size(character)
            index += 1
        if piece:
            kept.append(Run("".join(piece), role, hit))
        if cell >= end:
            break
    return kept, max(first, 0), used


def _escaped(raw: str) -> tuple[str, list[tuple[int, int]]]:
    """The row made visible, and where in it escapes stand."""
    if raw.isascii() and raw.isprintable():
        return raw, []
    escapes: list[tuple[int, int]] = []
    pieces: list[str] = []
    length = at = 0
    for match in _UNSAFE.finditer(raw):
        before = raw[at : match.start()].replace("\t", "    ")
        escape = visible(match[0])
        length += len(before)
        escapes.append((length, length + len(escape)))
        length += len(escape)
        pieces += (before, escape)
        at = match.end()
    pieces.append(raw[at:].replace("\t", "    "))
    return "".join(pieces), escapes


@lru_cache(maxsize=8)
def _lexer(language: Language) -> Lexer | None:
    kinds: dict[str, type[Lexer]] = {"json": JsonLexer, "xml": XmlLexer, "yaml": YamlLexer}
    kind = kinds.get(language)
    return None if kind is None else kind(stripnl=False, ensurenl=False)


@lru_cache(maxsize=256)
def _role(kind: _TokenType) -> Role:
    while kind is not Token and kind is not None:
        if kind in _ROLES:
            return _ROLES[kind]
        kind = kind.parent
    return "text"


def _lexed(text: str, language: Language, inside: bool) -> list[Run]:
    lexer = _lexer(language)
    if lexer is None or not text:
        return [Run(text, "text")] if text else []
    shift = 1 if inside else 0
    runs: list[Run] = []
    at = shift
    try:
        for index, kind, value in lexer.get_tokens_unprocessed('"' * shift + text):
            end = index + len(value)
            if end <= at:
                continue
            if index > at:
                runs.append(Run(text[at - shift : index - shift], "text"))
            start = max(at, index)
            runs.append(Run(text[start - shift : end - shift], _role(kind)))
            at = end
    except Exception:  # colours are not worth a row that is not shown
        return [Run(text, "text")]
    if at - shift < len(text):
        runs.append(Run(text[at - shift :], "text"))
    return _joined(runs)


def _joined(runs: list[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        if joined and (joined[-1].role == run.role or run.text.isspace()):
            joined[-1] = Run(joined[-1].text + run.text, joined[-1].role)
        elif run.text:
            joined.append(run)
    return joined


def _overlaid(runs: list[Run], escapes: list[tuple[int, int]]) -> list[Run]:
    """The runs with the looks of an escape wherever one stands."""
    if not escapes:
        return runs
    return [Run(text, "escape" if hit else role) for text, role, hit in with_hits(runs, escapes)]
