"""Payloads: what the bytes of a body decode to, and where a value stands in them.

JSON is read as exactly as Python allows: duplicate keys are noted, integers and numbers stay apart, numbers
too long for `int` do not fail, and what is nested deeper than `MAX_DEPTH` is refused rather than followed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Literal

MAX_DEPTH = 500
"""Payloads nested deeper are shown as text and have no shape."""


class Star:
    """Sentinel of a path: any element of an array (``[]``) or any key that is data (``{*}``). Never equal to
    a key."""

    __slots__ = ("sign",)

    def __init__(self, sign: str) -> None:
        self.sign = sign

    def __repr__(self) -> str:
        return self.sign

    def __reduce__(self) -> str | tuple[Any, ...]:
        return next(name for name, star in globals().items() if star is self)


class Into(Star):
    """Sentinel of a step into a document that is written in a string; the sign is what jq calls it."""

    __slots__ = ()


class IntoPart(Into):
    """A step into JSON that is a part of a string only, told by where it begins and ends; equal ones are the same."""

    __slots__ = ("begin", "end")

    def __init__(self, begin: int, end: int | None = None) -> None:
        """Characters of the string, as jq and Python count them; None is to its end."""
        super().__init__(f".[{begin}:{'' if end is None else end}] | fromjson")
        self.begin, self.end = begin, end

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntoPart) and self.sign == other.sign

    def __hash__(self) -> int:
        return hash(self.sign)

    def __reduce__(self) -> str | tuple[Any, ...]:
        return IntoPart, (self.begin, self.end)


ITEMS: Final = Star("[]")
KEYS: Final = Star("{*}")
FROM_JSON: Final = Into("fromjson")
BASE64_JSON: Final = Into("@base64d | fromjson")
BASE64_TEXT: Final = Into("@base64d")
BASE64_BYTES: Final = Into("@base64d")

Step = str | int | Star
Path = tuple[Step, ...]
"""Place of a value in a payload: keys, ITEMS for array elements (or an index in one payload), KEYS for
collapsed keys."""


class Duplicated(dict[str, Any]):
    """A JSON object in which a key stood more than once; the last value holds, `pairs` has them all in
    order."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = list(pairs)


class NotJson(ValueError):
    """The bytes are no JSON document; the text says why, in words for the screen."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line
        """Line of the document (from 1) at which reading stopped, where it is known."""


_WORDS = {
    "Expecting value": "a value is expected",
    "Unterminated string starting at": "a string is not closed",
    "Expecting property name enclosed in double quotes": "a key in double quotes is expected",
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting ',' delimiter": "a comma is expected",
    "Illegal trailing comma before end of object": "a comma stands before the closing brace",
    "Illegal trailing comma before end of array": "a comma stands before the closing bracket",
    "Invalid control character at": "a control character stands in a string",
}
"""What the decoder of the standard library says, in our words; the rest is shown in its own."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Duplicated(pairs)


class BigInteger(int):
    """Stands for an integer of more digits than `int` will read; only its type matters."""


def _long_integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        return BigInteger(0)


_decoders = tuple(
    json.JSONDecoder(object_pairs_hook=_members, parse_int=read) for read in (None, _long_integer)
)
_light_decoders = tuple(json.JSONDecoder(parse_int=read) for read in (None, _long_integer))
"""Three times as fast, but a key that stands twice goes unnoticed."""


def parse(body: bytes) -> Any:
    """Decode a JSON body (UTF-8, UTF-16 or UTF-32, with or without BOM) to Python values.

    Objects are dicts, or `Duplicated` where a key stands twice. Raises NotJson, with the reason in words, for
    anything that is not one JSON document, and for documents nested deeper than `MAX_DEPTH` (or than Python
    can follow).
    """
    return parse_text(_decoded(body))


def parse_text(text: str) -> Any:
    """Like `parse`, for text that is decoded already."""
    payload = _parsed(text, _decoders)
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_deeper(payload, MAX_DEPTH):
        raise _too_deep()
    return payload


def parse_lightly(body: bytes) -> tuple[Any, int]:
    """Like `parse`, but of a key that stands twice the last value holds in silence, and what is nested deeper than
    `MAX_DEPTH` is left to the caller.

    The second value is never less than the members that the text has, so that no key stood twice where the
    objects of the payload have as many together; -1 where that cannot be told quickly.
    """
    text = _decoded(body)
    payload = _parsed(text, _light_decoders)
    if (
        " :" in text
        or ("\n" in text and "\n:" in text)
        or ("\r" in text and "\r:" in text)
        or ("\t" in text and "\t:" in text)
    ):
        return payload, -1
    # A colon right behind a quote follows every key, and stands in a string only now and then.
    return payload, text.count('":')


_PLAIN_TEXT = tuple(bracket + bytes((after,)) for bracket in (b"{", b"[") for after in b'"{[ \n\r\t')


def _decoded(body: bytes) -> str:
    # No other encoding begins like this; `detect_encoding` takes its time.
    plain = body.startswith(_PLAIN_TEXT)
    try:
        return body.decode("utf-8" if plain else json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError as error:
        raise NotJson(f"Not text after byte {error.start:,}: {error.reason}.") from None


def _parsed(text: str, decoders: tuple[json.JSONDecoder, ...]) -> Any:
    quick, patient = decoders
    start = 1 if text.startswith("\ufeff") else 0
    try:
        try:
            payload = _document(quick, text, start)
        except json.JSONDecodeError:
            raise
        except ValueError:
            payload = _document(patient, text, start)
    except json.JSONDecodeError as error:
        words = _WORDS.get(error.msg, error.msg.lower())
        raise NotJson(f"Not JSON after character {error.pos:,}: {words}.", error.lineno) from None
    except RecursionError:
        raise _too_deep() from None
    return payload


def is_json(text: str) -> bool:
    """True for one JSON document."""
    try:
        parse_text(text)
    except NotJson:
        return False
    return True


def is_filled_json(text: str) -> bool:
    """True for an object or array with something in it."""
    if len(text) < 3 or (text[0], text[-1]) not in (("{", "}"), ("[", "]")):
        return False
    try:
        return bool(parse_text(text))
    except NotJson:
        return False


def _too_deep() -> NotJson:
    return NotJson(f"Nested deeper than {MAX_DEPTH}.")


def _is_deeper(payload: Any, depth: int) -> bool:
    """True when more than `depth` objects and arrays stand in each other."""
    level = [payload] if isinstance(payload, dict | list) else []
    for _ in range(depth):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return bool(level)


def _document(decoder: json.JSONDecoder, text: str, start: int) -> Any:
    while start < len(text) and text[start] in " \t\r\n":
        start += 1
    payload, end = decoder.raw_decode(text, start)
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("More follows the document", text, end)
    return payload


JsonType = Literal["null", "boolean", "integer", "number", "string", "array", "object"]


def json_type(value: Any) -> JsonType:
    """The JSON Schema name of the type of a decoded value; integer and number are distinct."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$@/:+")


def show_path(path: Path) -> str:
    """A path as people read it: ``details.curr_eval.image_digest``, ``items[].id``, ``result.{*}.x``,
    ``["a.b"]``; into the JSON of a string ``details.error | fromjson.code``, into that behind a sentence
    ``details.msg | .[17:] | fromjson.code``.

    The root is the empty string's stand-in ``.``; keys that hold anything but plain characters are quoted as
    JSON, so that two different paths never read the same.
    """
    if not path:
        return "."
    parts: list[str] = []
    for step in path:
        if isinstance(step, Into):
            parts.append(f" | {step.sign}" if parts else step.sign)
        elif isinstance(step, Star):
            parts.append(step.sign if step.sign[0] == "[" or not parts else f".{step.sign}")
        elif isinstance(step, int):
            parts.append(f"[{step}]")
        elif step and _PLAIN.issuperset(step):
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f"[{json.dumps(step)}]")
    return "".join(parts)


def read_path(text: str) -> Path:
    """The path that `show_path` wrote; ValueError says at which character it cannot be read."""
    if text in ("", "."):
        return ()
    path: list[Step] = []
    at = 0
    while at < len(text):
        if text.startswith("[]", at):
            path.append(ITEMS)
            at += 2
        elif text[at] == "[" and text[at + 1 : at + 2] == '"':
            try:
                key, end = json.JSONDecoder().raw_decode(text, at + 1)
            except json.JSONDecodeError:
                raise ValueError(f"the quoted key at character {at + 1} is not closed") from None
            if text[end : end + 1] != "]":
                raise ValueError(f"']' is missing at character {end + 1}")
            path.append(key)
            at = end + 1
        elif text[at] == "[":
            end = text.find("]", at)
            index = text[at + 1 : end]
            if end < 0 or not (index.isascii() and index.isdigit() and len(index) <= 18):
                raise ValueError(
                    f"'[' at character {at + 1} wants a number, a quoted key, or nothing, and ']'"
                )
            path.append(int(index))
            at = end + 1
        else:
            if text[at] == "." and path:
                at += 1
            end = min((i for i in (text.find(".", at), text.find("[", at)) if i >= 0), default=len(text))
            key = text[at:end]
            if not key:
                raise ValueError(f"a key is missing at character {at + 1}")
            path.append(KEYS if key == "{*}" else key)
            at = end
    return tuple(path)
