"""JSON as text: indented without being decoded, with an index of what stands on which row.

Working on the text keeps what decoding loses: keys that stand twice, the spelling of numbers, escapes.
`reindent` only moves white space and takes any text; the index (`JsonText`) is meant for text that
`core.payload.parse_text` accepts. One pass with `finditer` does both, a row of output per step, so that a
thread doing it leaves room for others.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable
from typing import Final, NamedTuple

from inspector.core.lines import TextLines
from inspector.core.payload import ITEMS, Path

MAX_INDENT = 64
"""Levels of nesting that are still indented; deeper rows stand below each other."""

_SPACE = r"[ \t\r\n]*+"
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_ATOM = r'[^ \t\r\n"{}\[\],:]++'
PIECE = re.compile(
    rf"(?:({_STRING}){_SPACE}:{_SPACE})?"  # key
    rf"(?:({_STRING}|{_ATOM})"  # scalar
    rf"|([\[{{]){_SPACE}([\]}}])?"  # opener, and closer when nothing is between them
    r"|([\]}])|(:))?"  # closer; colon that no key stands before
    rf"{_SPACE}(,)?{_SPACE}",
    re.DOTALL,
)
_KEY = re.compile(rf" *+({_STRING}): ", re.DOTALL)
_MARGIN = re.compile(" *+")
_DEDENT = re.compile("\n +")
_KINDS: Final = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}
_SAMPLE = 1000
_LONG = 1_000_000
"""A longer string is not decoded to tell its length, which would take longer than a key may."""


def reindent(text: str, indent: int = 2) -> str:
    """JSON text with one value a row, `indent` spaces a level (at most `MAX_INDENT` levels); never fails.

    Only white space outside strings changes; text that is no JSON keeps all its other characters, in order.
    """
    return _indented(text, indent).text


class _Indented(NamedTuple):
    text: str
    partner: array[int]
    """Of an opening row its closing row and the other way round, -1 for a scalar."""
    parent: array[int]
    """The opening row of the container, -1 for the outermost value."""
    ordinal: array[int]
    """How many members of the same container stand before this one."""
    depth: int


def _indented(text: str, indent: int) -> _Indented:
    # One long function: it runs once a row, and calls inside it would double the time a large body takes.
    out: list[str] = []
    add = out.append
    partner, parent, ordinal = array("i"), array("i"), array("i")
    note_partner, note_parent, note_ordinal = partner.append, parent.append, ordinal.append
    pads = ["\n" + " " * (indent * level) for level in range(MAX_INDENT + 1)]
    opened: list[tuple[int, int]] = []
    inside, members, deepest, row = -1, 0, 0, 0
    for match in PIECE.finditer(text):
        key, scalar, opener, at_once, closer, colon, comma = match.groups()
        if closer is not None and opened:
            partner[inside] = row
            note_partner(inside)
            note_parent(parent[inside])
            note_ordinal(ordinal[inside])
            inside, members = opened.pop()
        elif match.lastindex is None:
            continue
        else:
            note_partner(-1)
            note_parent(inside)
            note_ordinal(members)
            members += 1
        add(pads[len(opened)] if len(opened) < MAX_INDENT else pads[MAX_INDENT])
        if key is not None:
            add(key)
            add(": ")
        add(scalar or opener or closer or colon or "")
        if opener is not None and len(opened) >= deepest:
            deepest = len(opened) + 1
        if at_once is not None:
            add(at_once)
        elif opener is not None:
            opened.append((inside, members))
            inside, members = row, 0
        if comma is not None:
            add(",")
        row += 1
    return _Indented("".join(out)[1:], partner, parent, ordinal, deepest)


class JsonText:
    """Indented JSON with the place of every row of `lines`; a closing row belongs to its opening one.

    `base` is the path of the value this text holds, so that a part of a payload still tells whole paths.
    """

    __slots__ = ("_ordinal", "_parent", "_partner", "base", "depth", "lines")

    def __init__(self, text: str, base: Path = (), indent: int = 2) -> None:
        indented = _indented(text, indent)
        self.lines = TextLines(indented.text)
        self.base = base
        self.depth = indented.depth
        """Levels of nesting: 0 for a scalar, 1 for a flat object."""
        self._partner, self._parent, self._ordinal = indented.partner, indented.parent, indented.ordinal
        if len(self._partner) != len(self.lines):  # no JSON: it is empty, or a string goes over several rows
            self._partner = self._parent = array("i", [-1]) * len(self.lines)
            self._ordinal = array("i", range(len(self.lines)))

    def __len__(self) -> int:
        return len(self.lines)

    def openers(self) -> Iterable[int]:
        """Every row on which an object or array begins that ends on a later one."""
        return (row for row, partner in enumerate(self._partner) if partner > row)

    def opens(self, row: int) -> bool:
        """Whether an object or array begins on this row and ends on a later one."""
        return self._partner[row] > row

    def closes(self, row: int) -> bool:
        """Whether an object or array that began on an earlier row ends here."""
        return 0 <= self._partner[row] < row

    def closing(self, row: int) -> int:
        """The row on which what begins here ends; the row itself for a scalar."""
        return max(row, self._partner[row])

    def opening(self, row: int) -> int:
        """The row on which the value of this row begins: the row itself but for a closing one."""
        return self._partner[row] if self.closes(row) else row

    def parent(self, row: int) -> int | None:
        """The opening row of the object or array this row's value stands in; None for the outermost."""
        parent = self._parent[row]
        return parent if parent >= 0 else None

    def parents(self, row: int) -> Iterable[int]:
        """The opening rows around this row's value, innermost first."""
        parent = self._parent[row]
        while parent >= 0:
            yield parent
            parent = self._parent[parent]

    def children(self, row: int) -> Iterable[int]:
        """The rows on which the direct members of an opening row begin."""
        end = self._partner[row]
        child = row + 1
        while child < end:
            yield child
            child = self.closing(child) + 1

    def count(self, row: int) -> int:
        """How many members the object or array of an opening row has; 0 for any other row."""
        row = self.opening(row)
        return self._ordinal[self._partner[row] - 1] + 1 if self.opens(row) else 0

    def sibling(self, row: int, step: int) -> int | None:
        """The opening row of the next (`step` 1) or previous (-1) member of the same object or array."""
        row = self.opening(row)
        other = self.closing(row) + 1 if step > 0 else row - 1
        if not 0 <= other < len(self) or self._parent[other] != self._parent[row]:
            return None
        return None if step > 0 and self.closes(other) else self.opening(other)

    def path_at(self, row: int) -> Path:
        """The path of the value on a row, with the real index of each array element."""
        row = self.opening(row)
        steps: list[str | int] = []
        while (parent := self._parent[row]) >= 0:
            steps.append(self._ordinal[row] if self._kind(parent) == "array" else self.key(row) or "")
            row = parent
        return (*self.base, *reversed(steps))

    def row_of(self, path: Path) -> int | None:
        """The row on which the value at a path begins, or None; of keys that stand twice, the last."""
        if path[: len(self.base)] != self.base or not len(self):
            return None
        row = 0
        for step in path[len(self.base) :]:
            if self._kind(row) == "array":
                found = (child for child in self.children(row) if step in (ITEMS, self._ordinal[child]))
                matched = next(iter(found), None)
            else:
                matched = None
                for child in self.children(row):
                    if self.key(child) == step:
                        matched = child
            if matched is None:
                return None
            row = matched
        return row

    def key(self, row: int) -> str | None:
        """The decoded key on a row, or None where the value has none."""
        match = self._key_match(row)
        if match is None or self.closes(row):
            return None
        try:
            return str(json.loads(match[1], strict=False))
        except ValueError:
            return match[1]

    def value_text(self, row: int) -> str:
        """The JSON text of the value on a row: a scalar as it was spelled, or all an opening row holds."""
        row = self.opening(row)
        last = self.closing(row)
        if last == row:
            length = self.lines.length(row)
            end = length - 1 if self.lines.slice(row, length - 1, length) == "," else length
            return self.lines.slice(row, self._value_start(row), end)
        first = self.lines.line(row)
        margin = len(first) - len(first.lstrip(" "))
        text = self.lines.between(row, last)[self._value_start(row) :].removesuffix(",")
        if not margin:
            return text
        return _DEDENT.sub(lambda match: "\n" + match[0][1 + margin :], text)

    def type_words(self, row: int) -> str:
        """What the value on a row is, in words: ``string, 71 chars``, ``object, 3 keys``, ``integer``."""
        row = self.opening(row)
        kind = self._kind(row)
        if kind in ("object", "array"):
            number = self.count(row)
            word = "key" if kind == "object" else "element"
            return f"{kind}, {number:,} {word}{'' if number == 1 else 's'}" if number else f"{kind}, empty"
        if kind == "string":
            written = self.lines.length(row) - self._value_start(row)
            if written > _LONG:
                return f"string, {written:,} chars as it is written"
            length = self.decoded_length(row)
            return f"string, {length:,} char{'' if length == 1 else 's'}" if length else "string, empty"
        return kind

    def decoded_length(self, row: int) -> int:
        """Characters of the string on a row once its escapes are read."""
        text = self.value_text(row)
        try:
            return len(json.loads(text, strict=False))
        except (ValueError, TypeError):
            return len(text)

    def summary(self, row: int, room: int) -> str:
        """What is folded behind an opening row, in one row of about `room` characters.

        An array element shows its beginning, ``{"id": 7, "name": …}``; what has a key shows its count,
        ``{3 keys}``, ``[41 objects]``.
        """
        if self._kind(row) == "object":
            parent = self.parent(row)
            if parent is not None and self._kind(parent) == "array" and (start := self._beginning(row, room)):
                return start
            number = self.count(row)
            return f"{{{number:,} key{'' if number == 1 else 's'}}}"
        return f"[{self._elements(row)}]"

    def part(self, path: Path) -> JsonText | None:
        """The value at a path as a text of its own, or None if there is none."""
        row = self.row_of(path)
        return None if row is None else JsonText(self.value_text(row), base=path)

    def replaced(self, path: Path, word: str) -> JsonText:
        """This text with `word` standing in place of the value at a path (``"details": above``)."""
        row = self.row_of(path)
        if row is None:
            return self
        last = self.closing(row)
        comma = "," if self.lines.line(last).endswith(",") else ""
        text = self.lines.text()
        before = text[: self.lines.start(row) + self._value_start(row)]
        after = text[self.lines.start(last + 1) - 1 :]
        return JsonText(f"{before}{word}{comma}{after}", base=self.base)

    def _kind(self, row: int) -> str:
        start = self._value_start(row)
        value = self.lines.slice(row, start, start + 64)
        return _KINDS.get(value[:1]) or ("number" if any(sign in value for sign in ".eENI") else "integer")

    def _key_match(self, row: int) -> re.Match[str] | None:
        # In the whole text: a row may be megabytes, of which no copy is made.
        return _KEY.match(self.lines.text(), self.lines.start(row), self.lines.start(row + 1) - 1)

    def _value_start(self, row: int) -> int:
        """The character of a row at which its value begins."""
        start = self.lines.start(row)
        match = self._key_match(row) or _MARGIN.match(self.lines.text(), start)
        return 0 if match is None else match.end() - start

    def _beginning(self, row: int, room: int) -> str:
        shown: list[str] = []
        number, used = self.count(row), 1
        for child in self.children(row):
            if self.opens(child):
                break
            member = self.lines.slice(child, 0, room + 200).strip(" ").removesuffix(",")
            end = len("}") if len(shown) + 1 == number else len(", …}")
            used += len(member) + (2 if shown else 0)
            if used + end > room:
                break
            shown.append(member)
        if not shown:
            return ""
        return "{" + ", ".join(shown) + ("}" if len(shown) == number else ", …}")

    def _elements(self, row: int) -> str:
        number = self.count(row)
        kinds = {self._kind(child) for _, child in zip(range(_SAMPLE), self.children(row), strict=False)}
        word = kinds.pop() if len(kinds) == 1 and number <= _SAMPLE else "element"
        word = {"null": "element"}.get(word, word)
        return f"{number:,} {word}{'' if number == 1 else 's'}"
