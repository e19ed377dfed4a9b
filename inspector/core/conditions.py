"""What one word of a filter asks: of an event's slim fields, in Python and in SQL alike, or of the request.

Both ways give the same answer for every event; a property test holds them together. Letters are folded in
ASCII only, because that is what SQLite folds. An absent value fulfils nothing (a negated word matches it).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from inspector.core.events import MAX_INTEGER, Event, Request
from inspector.core.labels import LABELS
from inspector.core.payload import ITEMS, KEYS, BigInteger, Path
from inspector.core.text import storable

SqlValue = str | int | bytes
Sql = tuple[str, list[SqlValue]]
"""An SQL expression over the table ``event`` (NULL counts as false), and the values of its ``?``."""

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class EventCondition(Protocol):
    """A condition that the slim fields of an event decide."""

    def holds(self, event: Event) -> bool:
        """True when the event fulfils it."""

    def sql(self) -> Sql:
        """The same as an expression over the table ``event``."""


class Pattern:
    """A text in which ``*`` stands for any characters, dots and line ends too; nothing else is special."""

    __slots__ = ("_bytes", "_parts", "fold", "text")

    def __init__(self, text: str, fold: bool = False) -> None:
        """`fold` makes it take ASCII letters of either case as equal."""
        self.text = storable(text)
        self.fold = fold
        self._parts = (self.text.translate(_LOWER) if fold else self.text).split("*")
        self._bytes = [part.encode() for part in self._parts]

    @property
    def is_literal(self) -> bool:
        """True without any ``*``."""
        return len(self._parts) == 1

    def matches(self, text: str) -> bool:
        """True when the whole of `text` fits. Takes time in proportion to the text, whatever the pattern."""
        if self.fold:
            text = text.translate(_LOWER)
        first, last = self._parts[0], self._parts[-1]
        if self.is_literal:
            return text == first
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return False
        return _in_order(self._parts[1:-1], text.find, len(first), end)

    def within(self, text: str) -> bool:
        """True when some part of `text` fits."""
        if self.fold:
            text = text.translate(_LOWER)
        return _in_order(self._parts, text.find, 0, len(text))

    def within_bytes(self, data: bytes) -> bool:
        """True when some part of `data` is what the pattern is in UTF-8."""
        if self.fold:
            data = data.lower()
        return _in_order(self._bytes, data.find, 0, len(data))

    def sql(self, column: str) -> Sql:
        """`matches` for a TEXT column."""
        if self.is_literal:
            return f"{column} = ?{' COLLATE NOCASE' if self.fold else ''}", [self.text]
        glob = "*".join(part.replace("[", "[[]").replace("?", "[?]") for part in self._parts)
        return f"{f'lower({column})' if self.fold else column} GLOB ?", [glob]


def _in_order(parts: Sequence[Any], find: Callable[[Any, int, int], int], start: int, end: int) -> bool:
    for part in parts:
        start = find(part, start, end)
        if start < 0:
            return False
        start += len(part)
    return True


@dataclass(frozen=True, slots=True)
class TextIs:
    """A text field, named alike in `Event` and in the table, fits one of the patterns."""

    field: str
    patterns: tuple[Pattern, ...]

    def holds(self, event: Event) -> bool:
        value = getattr(event, self.field)
        return value is not None and any(pattern.matches(value) for pattern in self.patterns)

    def sql(self) -> Sql:
        parts = [pattern.sql(f"event.{self.field}") for pattern in self.patterns]
        return f"({' OR '.join(part for part, _ in parts)})", [
            value for _, values in parts for value in values
        ]


@dataclass(frozen=True, slots=True)
class ShapeIs:
    """The hash of the shape fits the pattern."""

    pattern: Pattern

    def holds(self, event: Event) -> bool:
        return event.shape is not None and self.pattern.matches(event.shape)

    def sql(self) -> Sql:
        inner, values = self.pattern.sql("shape.hash")
        return f"event.shape IN (SELECT shape.id FROM shape WHERE {inner})", values


@dataclass(frozen=True, slots=True)
class TargetIs:
    """The request target fits a pattern. GLOB would read its bytes as UTF-8, so the SQL cuts them up."""

    parts: tuple[bytes, ...]
    """The pattern between its ``*``."""

    @classmethod
    def read(cls, text: str) -> TargetIs:
        """From what was typed: in Latin-1, as targets are shown, or in UTF-8 where that cannot say it."""
        try:
            return cls(tuple(text.encode("latin-1").split(b"*")))
        except UnicodeEncodeError:
            return cls(tuple(storable(text).encode().split(b"*")))

    def holds(self, event: Event) -> bool:
        target = event.target
        if target is None:
            return False
        if len(self.parts) == 1:
            return target == self.parts[0]
        first, *middle, last = self.parts
        end = len(target) - len(last)
        if end < len(first) or not target.startswith(first) or not target.endswith(last):
            return False
        return _in_order(middle, target.find, len(first), end)

    def sql(self) -> Sql:
        if len(self.parts) == 1:
            return "event.target = ?", [self.parts[0]]
        # An empty BLOB has no substr in SQLite, not even an empty one: what may be empty is not asked for.
        first, *middle, last = self.parts
        rest = f"substr(event.target, {len(first) + 1})"
        begins = f"substr(event.target, 1, {len(first)}) = ?" if first else "event.target IS NOT NULL"
        begin = [first] if first else []
        ends = (
            f"length(rest) >= {len(last)} AND substr(rest, length(rest) - {len(last) - 1}) = ?"
            if last
            else "1"
        )
        end = [last] if last else []
        if not middle:
            return f"{begins} AND {ends.replace('rest', rest)}", [*begin, *end]
        # Each row of `cut` is what is left of the target behind one more part.
        parts = ", ".join(f"({number}, ?)" for number in range(len(middle)))
        return (
            f"EXISTS (WITH RECURSIVE part(n, bytes) AS (VALUES {parts}), cut(n, rest) AS "
            f"(SELECT 0, {rest} WHERE {begins} UNION ALL SELECT n + 1, "
            "substr(rest, instr(rest, bytes) + length(bytes)) FROM cut JOIN part USING (n) "
            f"WHERE instr(rest, bytes)) SELECT 1 FROM cut WHERE n = {len(middle)} AND {ends})"
        ), [*middle, *begin, *end]


@dataclass(frozen=True, slots=True)
class NumberIn:
    """A number is in one of some ranges; both ends belong to a range."""

    field: str
    ranges: tuple[tuple[int, int], ...]

    def holds(self, event: Event) -> bool:
        value = getattr(event, self.field)
        return value is not None and any(low <= value <= high for low, high in self.ranges)

    def sql(self) -> Sql:
        parts = " OR ".join([f"event.{self.field} BETWEEN ? AND ?"] * len(self.ranges))
        return f"({parts})", [min(end, MAX_INTEGER) for pair in self.ranges for end in pair]


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no that follows from the event, with the SQL for it."""

    says: Callable[[Event], bool]
    expression: str

    def holds(self, event: Event) -> bool:
        return self.says(event)

    def sql(self) -> Sql:
        return self.expression, []


def is_failed(event: Event) -> bool:
    """True when the last replay or forward attempt got no 2xx answer."""
    return event.sent is not None and not 200 <= event.sent <= 299


def _labelled(label: str) -> Flag:
    # No label is part of another one.
    return Flag(lambda event: label in event.labels, f"instr(event.labels, '{label}')")


_NOTED = "event.id IN (SELECT note.event FROM note WHERE {})"

FLAGS = {
    "new": Flag(lambda event: event.new, "event.new"),
    "rejected": Flag(lambda event: event.rejected is not None, "event.rejected IS NOT NULL"),
    # What was rejected is not whole either, but is told by that, as in the list.
    "incomplete": Flag(
        lambda event: not event.complete and event.rejected is None,
        "NOT event.complete AND event.rejected IS NULL",
    ),
    "redelivered": Flag(lambda event: event.duplicate_of is not None, "event.duplicate_of IS NOT NULL"),
    "starred": Flag(
        lambda event: event.starred, "event.id IN (SELECT note.event FROM note WHERE note.starred)"
    ),
    "marked": Flag(
        lambda event: event.mark is not None,
        _NOTED.format("note.mark IS NOT NULL"),
    ),
    "replayed": Flag(lambda event: event.sent is not None, "event.sent IS NOT NULL"),
    "failed": Flag(is_failed, "event.sent NOT BETWEEN 200 AND 299"),
    "pending": Flag(lambda event: event.pending, "event.pending"),
    **{label: _labelled(label) for label in LABELS},
}
"""What ``is:`` takes: the badges of the list, and the labels."""

NEVER_SENT = Flag(lambda event: event.sent is None, "event.sent IS NULL")
NOT_ANSWERED = Flag(lambda event: event.status is None, "event.status IS NULL")


@dataclass(frozen=True, slots=True)
class HeaderIs:
    """A header line with this name (any case), before or after the body, has a value that fits; values are read
    as Latin-1."""

    name: Pattern
    value: Pattern

    def holds(self, request: Request, payload: Any) -> bool:
        return any(
            self.name.matches(name.decode("latin-1")) and self.value.matches(value.decode("latin-1"))
            for name, value in (*request.headers, *request.trailers)
        )


@dataclass(frozen=True, slots=True)
class ValueIs:
    """The payload has at this path a string, number, true, false or null that fits; anything fits ``*``."""

    path: Path
    pattern: Pattern

    def holds(self, request: Request, payload: Any) -> bool:
        return any(self._fits(value) for value in _values_at(payload, self.path))

    def _fits(self, value: Any) -> bool:
        if self.pattern.text == "*":
            return True
        if isinstance(value, str):
            return self.pattern.matches(value)
        if isinstance(value, (dict, list, BigInteger)):
            return False
        if self.pattern.matches(json.dumps(value)):
            return True
        return isinstance(value, float) and value == _number(self.pattern.text)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _values_at(payload: Any, path: Path) -> list[Any]:
    """All values at a path; its sentinels stand for every element, or every key."""
    found = [payload]
    for step in path:
        below: list[Any] = []
        for value in found:
            if step is ITEMS:
                below.extend(value if isinstance(value, list) else ())
            elif step is KEYS:
                below.extend(value.values() if isinstance(value, dict) else ())
            elif isinstance(value, dict):
                below.extend([value[step]] if step in value else ())
            elif isinstance(value, list) and isinstance(step, int):
                below.extend(value[step : step + 1])
        found = below
    return found


@dataclass(frozen=True, slots=True)
class TextWithin:
    """A text stands in the type, message, resource, target or body of an event; ASCII letters in any case."""

    pattern: Pattern

    def in_event(self, event: Event) -> bool:
        """True when a slim field has it; otherwise the body decides."""
        fields = [event.type, event.message, event.resource_type, event.resource_id]
        if any(self.pattern.within(text) for text in fields if text):
            return True
        return event.target is not None and self.pattern.within(event.target.decode("latin-1"))

    @property
    def may_be_escaped(self) -> bool:
        """True when JSON may write the text other than it reads, so that only the payload can tell."""
        return not self.pattern.text.isascii() or not set('"\\/\n\t').isdisjoint(self.pattern.text)

    def holds(self, request: Request, payload: Any) -> bool:
        if self.pattern.within_bytes(request.body) or self.pattern.within(request.target.decode("latin-1")):
            return True
        return any(self.pattern.within(text) for text in _texts(payload))


def _texts(payload: Any) -> list[str]:
    """Every key and string of a payload, in no particular order."""
    found: list[str] = []
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            found.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


BodyCondition = HeaderIs | ValueIs | TextWithin
"""A condition on the request itself; `holds` takes the payload too, None when the body is not JSON."""
