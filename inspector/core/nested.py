"""Documents that are written inside the strings of a JSON text: JSON, also within a sentence, and JSON, text or
bytes in base64.

`unfolded` gives a text in which each stands as rows of its own below its string, with the interface of
`JsonText`: the string is then something that opens, and its path goes on with a step into it. The string
itself, its row and its text stay as they were sent.
"""

from __future__ import annotations

import binascii
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from inspector.core.bodies import Language
from inspector.core.formats import is_base64
from inspector.core.jsontext import JsonText
from inspector.core.lines import HexLines, TextLines
from inspector.core.payload import (
    BASE64_BYTES,
    BASE64_JSON,
    BASE64_TEXT,
    FROM_JSON,
    Into,
    IntoPart,
    Path,
    is_filled_json,
)
from inspector.core.units import count

MAX_STRINGS: Final = 2000
"""Strings of one document that open; those after them stay closed."""
MAX_CHARACTERS: Final = 16_000_000
"""Characters that all strings of one document may decode to."""
MAX_TRIES: Final = 20_000
"""Strings of one document that are read to see whether they hold JSON."""
MAX_LEVELS: Final = 6
"""Documents in strings of documents in strings …"""
MAX_BYTES: Final = 4096
"""Bytes in base64 that are shown as hex."""

_INSIDE: Final = {
    FROM_JSON: "JSON inside",
    BASE64_JSON: "base64 of JSON",
    BASE64_TEXT: "base64 of text",
    BASE64_BYTES: "base64 of bytes",
}
_WORDS: Final = {
    FROM_JSON: "JSON in this string",
    BASE64_JSON: "JSON in this base64",
    BASE64_TEXT: "text in this base64",
    BASE64_BYTES: "",  # hex speaks for itself, and needs the width
}
_CANDIDATE = re.compile(
    r'"(?:(?:\\[nrt]| )*+[\[{][^\n]|([A-Za-z0-9+/]{10,}+={0,2})",?+$)|[\[{](?:\\[nrt]| )*+\\"', re.MULTILINE
)
"""The beginning of a string that may hold JSON, all of one that may be base64, or what JSON in a string begins with."""
_JSON_PART = re.compile(r'(?<![\[{"\\])(?:\[\s*+){0,3}[\[{]\s*+"')
"""The beginning of JSON within a sentence: its brackets hold a string or begin with a key."""
MAX_PARTS: Final = 10
"""Places in one string at which JSON within a sentence is looked for."""
_SHORTEST_BASE64 = 12
_JSON_IN_BASE64: Final = frozenset("eW")
"""How base64 of ``{`` and of ``[`` begins."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_decoder = json.JSONDecoder()
_PAD = "  "


class PlainText:
    """Decoded text, or bytes as hex, which has rows but no places in it: every row stands for the whole."""

    __slots__ = ("base", "language", "lines")

    def __init__(self, text: str, base: Path, language: Language) -> None:
        self.lines: TextLines = TextLines(text)
        self.base = base
        self.language: Language = language

    @property
    def words(self) -> str:
        """What it is: ``decoded text, 2 lines``."""
        return "decoded bytes" if self.language == "hex" else f"decoded text, {count(len(self), 'line')}"

    def __len__(self) -> int:
        return len(self.lines)


class _Found(NamedTuple):
    """What a string holds."""

    row: int
    """The row of the string."""
    step: Into
    tree: JsonText | NestedText | PlainText


class _Budget:
    """What is left of the limits, for all levels of a document together."""

    def __init__(self) -> None:
        self.strings = MAX_STRINGS
        self.characters = MAX_CHARACTERS

    def takes(self, length: int) -> bool:
        """Whether one more string of a length fits."""
        if self.strings <= 0 or length > self.characters:
            return False
        self.strings -= 1
        self.characters -= length
        return True


def unfolded(tree: JsonText) -> JsonText | NestedText:
    """The text with rows for what its strings hold; the same text when they hold nothing. Takes about as long
    as indenting what is found."""
    return _unfolded(tree, _Budget(), MAX_LEVELS)


def _unfolded(tree: JsonText, budget: _Budget, levels: int) -> JsonText | NestedText:
    found = list(_strings(tree, budget, levels)) if levels else []
    return NestedText(tree, found) if found else tree


def _strings(tree: JsonText, budget: _Budget, levels: int) -> Iterator[_Found]:
    lines, text = tree.lines, tree.lines.text()
    at = tries = 0
    while (match := _CANDIDATE.search(text, at)) is not None:
        at = match.end()
        start = match.start()
        if start and text[start] == '"' and text[start - 1] not in " \n":  # a quote inside a string
            continue
        row = lines.row_at(start)
        if match[1] is not None:
            found = _from_base64(match[1])
        else:
            at = max(at, lines.start(row + 1) - 1)
            tries += 1
            found = _from_json(tree.value_text(row)) if tries <= MAX_TRIES else None
        if found is None or not budget.takes(len(found[1])):
            continue
        step, inner = found
        path = (*tree.path_at(row), step)
        if step in (BASE64_TEXT, BASE64_BYTES):
            language: Language = "text" if step is BASE64_TEXT else "hex"
            yield _Found(row, step, PlainText(inner, path, language))
        else:
            yield _Found(row, step, _unfolded(JsonText(inner, path), budget, levels - 1))


def _from_json(value_text: str) -> tuple[Into, str] | None:
    """The document in the JSON text of a string, or in a part of it, and the step into it; None when there is
    none."""
    if not value_text.startswith('"'):
        return None
    try:
        text = json.loads(value_text, strict=False)
    except ValueError:
        return None
    whole = text.strip()
    return (FROM_JSON, whole) if is_filled_json(whole) else _from_sentence(text)


def _from_sentence(text: str) -> tuple[IntoPart, str] | None:
    """The first document that stands within a text."""
    for begins in islice(_JSON_PART.finditer(text), MAX_PARTS):
        begin = begins.start()
        try:
            end = _decoder.raw_decode(text, begin)[1]
        except (ValueError, RecursionError):
            continue
        if is_filled_json(text[begin:end]):
            return IntoPart(begin, end if text[end:].strip() else None), text[begin:end]
    return None


def _from_base64(text: str) -> tuple[Into, str] | None:
    """The JSON, the text or the hex of the bytes in base64, and the step into it; None for what only looks like it."""
    if (
        len(text) > MAX_CHARACTERS
        or len(text) % 4
        or (text[0] not in _JSON_IN_BASE64 and not is_base64(text))
    ):
        return None
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        return None
    try:
        decoded = data.decode()
    except UnicodeDecodeError:
        decoded = ""
    if is_filled_json(decoded.strip()):
        return BASE64_JSON, decoded.strip()
    if not is_base64(text):
        return None
    if _CONTROLS.search(decoded) or not decoded.strip():
        return BASE64_BYTES, _hex(data)
    return BASE64_TEXT, decoded


def _hex(data: bytes) -> str:
    """Bytes as rows of hex; of many the first, and how many there are."""
    text = HexLines(data[:MAX_BYTES]).text()
    more = len(data) - MAX_BYTES
    return text if more <= 0 else f"{text}\n… {count(more, 'byte')} more, {count(len(data))} in all"


def json_in_base64(value_text: str, path: Path) -> JsonText | None:
    """The JSON in the base64 of a string at `path`, given as its JSON text; None when there is none."""
    found = _from_base64(value_text[1:-1]) if len(value_text) > _SHORTEST_BASE64 else None
    return None if found is None or found[0] is not BASE64_JSON else JsonText(found[1], (*path, BASE64_JSON))


class NestedText:
    """A `JsonText` with what its strings hold as rows below them. A row is one of the outer text or of an
    inner one; a string that holds something opens like an object, and ends on the last row of what it
    holds."""

    __slots__ = ("_added", "_at", "_found", "_outer", "_starts", "base", "depth", "lines")

    def __init__(self, outer: JsonText, found: list[_Found]) -> None:
        self.base = outer.base
        self.depth = outer.depth
        self._outer, self._found = outer, found
        self._at = [one.row for one in found]
        self._starts: list[int] = []
        """For each string the row on which what it holds begins."""
        self._added: list[int] = []
        """Rows that this string and those before it add."""
        pieces: list[str] = []
        added = after = 0
        for one in found:
            self._starts.append(one.row + 1 + added)
            added += len(one.tree)
            self._added.append(added)
            pieces.append(outer.lines.between(after, one.row))
            pad = _PAD + _margin(outer.lines.slice(one.row, 0, 1000))
            pieces.append(pad + one.tree.lines.text().replace("\n", "\n" + pad))
            after = one.row + 1
        if after < len(outer):
            pieces.append(outer.lines.between(after, len(outer) - 1))
        self.lines: TextLines = TextLines("\n".join(pieces))

    def __len__(self) -> int:
        return len(self.lines)

    # What strings hold

    def shut(self) -> Iterable[int]:
        """The rows of all strings that hold something: folded until the reader opens them."""
        for one, start in zip(self._found, self._starts, strict=True):
            yield start - 1
            if isinstance(one.tree, NestedText):
                yield from (start + row for row in one.tree.shut())

    def holds(self, row: int) -> str:
        """What the string on a row holds, in words; empty for any other row."""
        number, tree, at = self._locate(row)
        if number < 0:
            number = bisect_left(self._at, at)
            held = number < len(self._at) and self._at[number] == at
            return _INSIDE.get(self._found[number].step, _INSIDE[FROM_JSON]) if held else ""
        return tree.holds(at) if isinstance(tree, NestedText) else ""

    def held(self, row: int) -> str:
        """Where the first row of what a string holds comes from, in words; empty for hex, and elsewhere."""
        number, tree, at = self._locate(row)
        if number < 0:
            return ""
        if at == 0:
            return _WORDS.get(self._found[number].step, _WORDS[FROM_JSON])
        return tree.held(at) if isinstance(tree, NestedText) else ""

    def language(self, row: int) -> Language:
        """What a row is written in: JSON, or what was decoded to text or bytes."""
        _, tree, at = self._locate(row)
        if isinstance(tree, PlainText):
            return tree.language
        return tree.language(at) if isinstance(tree, NestedText) else "json"

    # The interface of JsonText

    def openers(self) -> Iterable[int]:
        """Every row on which something begins that ends on a later one."""
        rows = [self._row(row) for row in self._outer.openers()]
        for one, start in zip(self._found, self._starts, strict=True):
            rows.append(start - 1)
            if not isinstance(one.tree, PlainText):
                rows += [start + row for row in one.tree.openers()]
        return sorted(rows)

    def opens(self, row: int) -> bool:
        """Whether something begins on this row and ends on a later one: also what a string holds."""
        _, tree, at = self._locate(row)
        return bool(self.holds(row)) or (not isinstance(tree, PlainText) and tree.opens(at))

    def closes(self, row: int) -> bool:
        """Whether an object or array that began on an earlier row ends here."""
        _, tree, at = self._locate(row)
        return not isinstance(tree, PlainText) and tree.closes(at)

    def closing(self, row: int) -> int:
        """The row on which what begins here ends."""
        number, tree, at = self._locate(row)
        if number >= 0:
            return row if isinstance(tree, PlainText) else self._starts[number] + tree.closing(at)
        number = bisect_left(self._at, at)
        if number < len(self._at) and self._at[number] == at:
            return self._starts[number] + len(self._found[number].tree) - 1
        return self._row(self._outer.closing(at))

    def opening(self, row: int) -> int:
        """The row on which the value of this row begins."""
        number, tree, at = self._locate(row)
        return row if isinstance(tree, PlainText) else self._back(number, tree.opening(at))

    def parent(self, row: int) -> int | None:
        """The row of what this row's value stands in: for the outermost of a string, the string."""
        number, tree, at = self._locate(row)
        parent = None if isinstance(tree, PlainText) else tree.parent(at)
        if parent is not None:
            return self._back(number, parent)
        return None if number < 0 else self._starts[number] - 1

    def parents(self, row: int) -> Iterable[int]:
        """The rows of everything around this row's value, innermost first."""
        parent = self.parent(row)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def children(self, row: int) -> Iterable[int]:
        """The rows of the direct members of an object or array, in whichever text it stands."""
        number, tree, at = self._locate(row)
        if not isinstance(tree, PlainText):
            yield from (self._back(number, child) for child in tree.children(at))

    def count(self, row: int) -> int:
        """How many members the object or array of an opening row has."""
        _, tree, at = self._locate(row)
        return 0 if isinstance(tree, PlainText) else tree.count(at)

    def sibling(self, row: int, step: int) -> int | None:
        """The row of the next or previous member of the same object or array."""
        number, tree, at = self._locate(row)
        other = None if isinstance(tree, PlainText) else tree.sibling(at, step)
        return None if other is None else self._back(number, other)

    def path_at(self, row: int) -> Path:
        """The path of the value on a row, with the steps into strings."""
        _, tree, at = self._locate(row)
        return tree.base if isinstance(tree, PlainText) else tree.path_at(at)

    def row_of(self, path: Path) -> int | None:
        """The row on which the value at a path begins, or None."""
        cut = next(
            (at for at, step in enumerate(path) if at >= len(self.base) and isinstance(step, Into)), None
        )
        row = self._outer.row_of(path[:cut])
        if row is None or cut is None:
            return None if row is None else self._row(row)
        number = bisect_left(self._at, row)
        if number == len(self._at) or self._at[number] != row or self._found[number].step != path[cut]:
            return None
        tree = self._found[number].tree
        inner = 0 if isinstance(tree, PlainText) else tree.row_of(path)
        return None if inner is None else self._starts[number] + inner

    def key(self, row: int) -> str | None:
        """The decoded key on a row, or None."""
        _, tree, at = self._locate(row)
        return None if isinstance(tree, PlainText) else tree.key(at)

    def value_text(self, row: int) -> str:
        """The JSON text of the value on a row, as it was sent; of decoded text all of it."""
        _, tree, at = self._locate(row)
        return tree.lines.text() if isinstance(tree, PlainText) else tree.value_text(at)

    def type_words(self, row: int) -> str:
        """What the value on a row is: ``string, 71 chars, JSON inside``."""
        _, tree, at = self._locate(row)
        if isinstance(tree, PlainText):
            return tree.words
        words = tree.type_words(at)
        held = "" if isinstance(tree, NestedText) else self.holds(row)
        return f"{words}, {held}" if held else words

    def summary(self, row: int, room: int) -> str:
        """What is folded behind the row of an object or array."""
        _, tree, at = self._locate(row)
        return "" if isinstance(tree, PlainText) else tree.summary(at, room)

    # Rows

    def _locate(self, row: int) -> tuple[int, JsonText | NestedText | PlainText, int]:
        """The number of the string a row belongs to (-1 for the outer text), the text, and the row in it."""
        number = bisect_right(self._starts, row) - 1
        if number < 0:
            return -1, self._outer, row
        at = row - self._starts[number]
        tree = self._found[number].tree
        return (number, tree, at) if at < len(tree) else (-1, self._outer, row - self._added[number])

    def _back(self, number: int, row: int) -> int:
        """The row here of a row in the text of a string, or in the outer one."""
        return self._row(row) if number < 0 else self._starts[number] + row

    def _row(self, outer: int) -> int:
        number = bisect_left(self._at, outer)
        return outer + (self._added[number - 1] if number else 0)


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]
