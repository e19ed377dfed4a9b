"""The words of the filter language: for each, what reads the value behind it and makes a condition of it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from inspector.core import units
from inspector.core.conditions import (
    FLAGS,
    NEVER_SENT,
    NOT_ANSWERED,
    BodyCondition,
    EventCondition,
    HeaderIs,
    NumberIn,
    Pattern,
    ShapeIs,
    TargetIs,
    TextIs,
    ValueIs,
)
from inspector.core.events import MAX_INTEGER
from inspector.core.payload import read_path
from inspector.core.text import visible

MAX_IDS = 300
"""Ranges in one ``id:``; SQLite refuses statements that are nested too deep."""

TIME_HINT = "a time is 10m, 2h, 3d or 2026-11-21"
SIZE_HINT = "a size is 500, >10k or <1M"
ID_HINT = "an id is 12, 10-20 or 3,5,9"
STATUS_HINT = "a status is 200, 5xx or none"
SENT_HINT = "it is 200, 5xx, err (no answer) or never"

_BOUNDS = {">": (1, None), ">=": (0, None), "<": (None, -1), "<=": (None, 0), "=": (0, 0), "": (0, 0)}


class Unreadable(ValueError):
    """A value that cannot be read: what is wrong or wanted, and what may be meant."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


Reader = Callable[[str, str, int], EventCondition | BodyCondition]
"""From the word, the value and the time it is (microseconds since 1970); raises Unreadable."""


def _text(column: str, fold: bool = False) -> Reader:
    return lambda word, value, now_us: TextIs(column, (Pattern(_some(value), fold),))


def _some(value: str) -> str:
    if not value:
        raise Unreadable("a value is missing", "* is any")
    return value


def _remote(word: str, value: str, now_us: int) -> TextIs:
    return TextIs("remote", _before_colon(value))


def _signature(word: str, value: str, now_us: int) -> TextIs:
    return TextIs("signature", _before_colon(value))


def _before_colon(value: str) -> tuple[Pattern, Pattern]:
    return Pattern(_some(value)), Pattern(f"{value}:*".replace("**", "*"))


def _target(word: str, value: str, now_us: int) -> TargetIs:
    return TargetIs.read(_some(value))


def _shape(word: str, value: str, now_us: int) -> ShapeIs:
    return ShapeIs(Pattern(_some(value)))


def _id(word: str, value: str, now_us: int) -> NumberIn:
    ranges: list[tuple[int, int]] = []
    for part in value.split(","):
        match = re.fullmatch(r"#?([0-9]{1,18})(?:-#?([0-9]{1,18}))?", part.strip())
        if match is None:
            raise Unreadable(ID_HINT)
        low, high = int(match[1]), int(match[2] or match[1])
        if ranges and low == ranges[-1][1] + 1 and high >= low:
            low = ranges.pop()[0]
        ranges.append((low, high))
    if len(ranges) > MAX_IDS:
        raise Unreadable(f"at most {MAX_IDS} ranges of ids")
    return NumberIn("id", tuple(ranges))


def _status(word: str, value: str, now_us: int) -> EventCondition:
    return NOT_ANSWERED if value == "none" else NumberIn("status", (_statuses(value, STATUS_HINT),))


def _sent(word: str, value: str, now_us: int) -> EventCondition:
    if value == "never":
        return NEVER_SENT
    if value == "*":
        return FLAGS["replayed"]
    return NumberIn("sent", ((0, 0) if value == "err" else _statuses(value, SENT_HINT),))


def _statuses(value: str, hint: str) -> tuple[int, int]:
    if value == "*":
        return 0, 999
    match = re.fullmatch(r"([1-9])(?:([0-9]{2})|xx|XX|\*)", value)
    if match is None:
        raise Unreadable(hint)
    first = int(match[1]) * 100
    return (first + int(match[2]),) * 2 if match[2] else (first, first + 99)


def _size(word: str, value: str, now_us: int) -> NumberIn:
    match = re.fullmatch(r"(>=|<=|>|<|=|)(.*)", value)
    try:
        number = units.byte_count(match[2]) if match else -1
    except (ValueError, OverflowError):
        number = -1
    if match is None or number < 0:
        raise Unreadable(SIZE_HINT)
    more, less = _BOUNDS[match[1]]
    low = 0 if more is None else number + more
    high = MAX_INTEGER if less is None else number + less
    return NumberIn("size", ((low, high),))


def _since(word: str, value: str, now_us: int) -> NumberIn:
    return NumberIn("received_us", ((_moment(value, now_us), MAX_INTEGER),))


def _before(word: str, value: str, now_us: int) -> NumberIn:
    return NumberIn("received_us", ((-MAX_INTEGER, _moment(value, now_us) - 1),))


def _moment(value: str, now_us: int) -> int:
    """Microseconds since 1970: a length of time before `now_us`, or a date (local, unless it has a zone)."""
    try:
        return max(now_us - int(units.seconds(value) * 1_000_000), -MAX_INTEGER + 1)
    except (ValueError, OverflowError):
        pass
    try:
        when = datetime.fromisoformat(value).astimezone(UTC)
        return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise Unreadable(TIME_HINT) from None


def _is(word: str, value: str, now_us: int) -> EventCondition:
    if value.lower() in FLAGS:
        return FLAGS[value.lower()]
    close = difflib.get_close_matches(value.lower(), FLAGS, 1, 0.6)
    hint = f"did you mean is:{close[0]}?" if close else f"there are {', '.join(FLAGS)}"
    raise Unreadable("no such badge", hint)


def _header(word: str, value: str, now_us: int) -> HeaderIs:
    return HeaderIs(Pattern(word[len("header.") :], fold=True), Pattern(value))


def read_value(word: str, value: str, now_us: int) -> ValueIs:
    """The reader of paths into the payload."""
    try:
        return ValueIs(read_path(word.removeprefix(".")), Pattern(value))
    except ValueError as error:
        raise Unreadable(f"the path {visible(word)} cannot be read", str(error)) from None


WORDS: dict[str, Reader] = {
    "type": _text("type"),
    "level": _text("level", fold=True),
    "sender": _text("sender", fold=True),
    "method": _text("method", fold=True),
    "target": _target,
    "path": _target,
    "resource": _text("resource_id"),
    "resource_id": _text("resource_id"),
    "resource.id": _text("resource_id"),
    "resource_type": _text("resource_type"),
    "resource.type": _text("resource_type"),
    "account": _text("account"),
    "id": _id,
    "remote": _remote,
    "forwarded_for": _text("forwarded_for"),
    "signature": _signature,
    "status": _status,
    "sent": _sent,
    "delivery": _text("delivery_id"),
    "shape": _shape,
    "since": _since,
    "before": _before,
    "size": _size,
    "is": _is,
}
"""The words there are, besides ``header.NAME`` and paths."""


def reader_of(word: str) -> Reader | None:
    """What reads the value of `word`; None when there is no such word and it is no path either."""
    name = word.lower()
    if name in WORDS:
        return WORDS[name]
    if name.startswith("header.") and len(name) > len("header."):
        return _header
    return read_value if "." in word or "[" in word or word == "details" else None
