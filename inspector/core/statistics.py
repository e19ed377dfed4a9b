"""What the values of a type's fields look like, folded payload by payload into counters of bounded size.

Gathered on demand from a bounded number of events. Values are kept as they are: whoever hands them on masks
the secrets in the payloads first (`core.export.masking`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from inspector.core.events import JsonObject
from inspector.core.formats import OPAQUE, as_text, format_of
from inspector.core.payload import ITEMS, KEYS, BigInteger, Path
from inspector.core.redact import MASK
from inspector.core.shapes import NOTHING, Shape
from inspector.core.units import count

MAX_VALUES = 20
"""Distinct values of one field that are told apart."""
MAX_TEXT = 120
"""Longer strings are cut, and end in ``…``."""
MAX_VISITS = 20_000
"""Values of one payload that are looked at."""
MAX_ELEMENTS = 200
"""Elements of one array that are looked at."""
_ENUM = 12
_EARLIEST, _LATEST = 1_000_000_000, 4_102_444_800
_TIME_NAME = re.compile(
    r"time|date|stamp|unix|epoch|created|updated|modified|evaluation|since|expire|until|_(?:at|ts)$|^(?:at|ts)$",
    re.I,
)


@dataclass(slots=True)
class FieldValues:
    """The values seen at one path."""

    seen: int = 0
    """Scalars seen, null included."""
    strings: int = 0
    values: dict[tuple[type, Any], int] = field(default_factory=dict)
    """How often each was seen, by Python type and value; of the first `MAX_VALUES` distinct ones."""
    more: bool = False
    """There are further distinct values."""
    low: float | None = None
    high: float | None = None
    """The range of its integers and numbers."""
    numbers: int = 0
    times: int = 0
    """Numbers that may be unix times, in seconds or milliseconds."""
    formats: dict[str, int] = field(default_factory=dict)
    """How many of the strings have which format."""
    arrays: int = 0
    shortest: int = 0
    longest: int = 0
    """The range of the lengths of its arrays."""

    def add(self, value: Any) -> None:
        """Count one value; of an array its length."""
        if isinstance(value, list):
            self.shortest = min(self.shortest, len(value)) if self.arrays else len(value)
            self.longest = max(self.longest, len(value))
            self.arrays += 1
            return
        self.seen += 1
        if isinstance(value, str):
            self.strings += 1
            name = format_of(value)
            if name is not None:
                self.formats[name] = self.formats.get(name, 0) + 1
            if len(value) > MAX_TEXT:
                value = value[: MAX_TEXT - 1] + "…"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if isinstance(value, BigInteger) or not math.isfinite(value):
                return
            self.numbers += 1
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
            if _EARLIEST <= value <= _LATEST or 1000 * _EARLIEST <= value <= 1000 * _LATEST:
                self.times += 1
        key = type(value), value
        if key in self.values or len(self.values) < MAX_VALUES:
            self.values[key] = self.values.get(key, 0) + 1
        else:
            self.more = True

    @property
    def examples(self) -> list[Any]:
        """The distinct values, in the order in which they were first seen."""
        return [value for _, value in self.values]

    @property
    def format(self) -> str | None:
        """The format that all its strings share, or None."""
        whole = [name for name, times in self.formats.items() if times == self.strings]
        return whole[0] if whole else None

    @property
    def constant(self) -> bool:
        """One value, and no other, in more than one place."""
        return not self.more and len(self.values) == 1 and self.seen > 1

    @property
    def enumerable(self) -> bool:
        """Few values that come again and again, and are no ids, times or texts: a list of cases."""
        return (
            not self.more
            and 2 <= len(self.values) <= _ENUM
            and self.seen >= 2 * len(self.values)
            and self.format is None
            and not any(isinstance(value, float) for _, value in self.values)
            and all(len(str(value)) <= 60 for _, value in self.values)
        )

    def as_json(self, path: Path) -> JsonObject:
        """As `inspector shape --stats --json` prints it, without what does not apply."""
        found: JsonObject = {}
        if self.formats:
            found["formats"] = dict(sorted(self.formats.items(), key=lambda each: (-each[1], each[0])))
        if self._is_time(path):
            found["formats"] = {"unix time": self.times}
        if self.constant or self.enumerable:
            found["values"] = [{"value": value, "count": times} for value, times in self._by_count()]
        if self.low is not None:
            found["min"], found["max"] = self.low, self.high
        if self.arrays:
            found["array_length"] = {"min": self.shortest, "max": self.longest}
        return found

    def in_words(self, path: Path, whole: bool = True) -> str:
        """The same in a few words: ``always "x"``, ``"a" (12), "b" (3)``, ``UUID, "…"``, ``1 to 41``; raw text.

        Without `whole` there are more values than were counted, and none is said to be always so.
        """
        parts = [self._lengths()] if self.longest else []
        name = self.format
        is_time = self._is_time(path)
        listed = self.constant or (self.enumerable and not is_time)
        if MASK in self.examples:
            # Masked values are alike; whether the real ones are is not known.
            return MASK
        if self.constant:
            value = as_text(self.examples[0])
            parts += ["unix time"] if is_time else [name] if name in OPAQUE else []
            parts.append((f"always {value}" if whole else value) + (self._dates() if is_time else ""))
        elif listed:
            parts.append(", ".join(f"{as_text(value, 60)} ({times:,})" for value, times in self._by_count()))
        elif self.strings:
            parts += [self._formats()] if self.formats else []
            texts = [value for value in self.examples if isinstance(value, str)]
            shown = texts[: 1 if name else 3]
            more = ["…"] if not name and (self.more or len(shown) < len(texts) or not whole) else []
            parts.append(", ".join([*(as_text(value, 60) for value in shown), *more]))
        elif self.numbers == 0 and self.values:
            # null, true and false, each not often enough for a list of cases.
            parts.append(", ".join(map(as_text, self.examples)))
        if self.low is not None and self.high is not None and not listed:
            span = (
                as_text(self.low) if self.low == self.high else f"{as_text(self.low)} to {as_text(self.high)}"
            )
            parts.append(f"unix time, {span}{self._dates()}" if is_time else span)
        return ", ".join(part for part in parts if part)

    def _lengths(self) -> str:
        """How many elements its arrays have."""
        if self.shortest == self.longest:
            return count(self.longest, "element")
        return f"{self.shortest:,} to {self.longest:,} elements"

    def _formats(self) -> str:
        """The one format of all its strings, or those they have between them with how many have each."""
        if sum(self.formats.values()) < self.strings:
            return ""
        if len(self.formats) == 1:
            return next(iter(self.formats))
        ranked = sorted(self.formats.items(), key=lambda each: (-each[1], each[0]))
        return ", ".join(f"{name} ({times:,})" for name, times in ranked)

    def _dates(self) -> str:
        """Its range as dates in UTC, in brackets; of unix times."""
        days = [
            f"{datetime.fromtimestamp(value / 1000 if value > _LATEST else value, UTC):%Y-%m-%d %H:%MZ}"
            for value in (self.low, self.high)
            if value is not None
        ]
        return f" ({' to '.join(dict.fromkeys(days))})"

    def _by_count(self) -> list[tuple[Any, int]]:
        ranked = sorted(self.values.items(), key=lambda each: (-each[1], str(each[0][1])))
        return [(value, times) for (_, value), times in ranked]

    def _is_time(self, path: Path) -> bool:
        names = [step for step in path if isinstance(step, str)]
        return bool(self.times and self.times == self.numbers and names and _TIME_NAME.search(names[-1]))


class Statistics:
    """The values of the fields of a type, by path as in its shape: elements are ``[]``, data keys ``{*}``."""

    def __init__(self, shape: Shape = NOTHING, events: int = 0) -> None:
        """Of what fits into `shape`, the merged shape of the type; the rest of a payload is passed over.

        `events` is how many there are of the type; their values are told by those that were counted.
        """
        self._shape = shape
        self._events = events
        self._cut = False
        self._fields: dict[Path, FieldValues] = {}
        self.payloads = 0
        """How many have been counted."""

    def add(self, payload: Any) -> None:
        """Count the values of one payload: at most `MAX_VISITS`, and `MAX_ELEMENTS` of one array."""
        self.payloads += 1
        visits = MAX_VISITS
        waiting: list[tuple[Path, Any, Shape]] = [((), payload, self._shape)]
        while waiting and visits > 0:
            visits -= 1
            path, value, place = waiting.pop()
            if isinstance(value, dict):
                named = dict(zip(place[3], place[5:], strict=True))
                members: list[tuple[Path, Any, Shape]] = []
                for key, child in islice(value.items(), visits):
                    if key in named:
                        members.append(((*path, key), child, named[key]))
                    elif place[2] is not None:
                        members.append(((*path, KEYS), child, place[2]))
                waiting += reversed(members)
                continue
            known = self._fields.get(path)
            if known is None:
                known = self._fields[path] = FieldValues()
            known.add(value)
            if isinstance(value, list) and place[1] is not None:
                self._cut |= len(value) > MAX_ELEMENTS
                waiting += [((*path, ITEMS), each, place[1]) for each in reversed(value[:MAX_ELEMENTS])]

        self._cut |= bool(waiting)

    @property
    def whole(self) -> bool:
        """True when every value of every event has been counted."""
        return self.payloads >= self._events and not self._cut

    def in_words(self, path: Path) -> str:
        """What the values at a path look like, in a few words; raw text."""
        return self.at(path).in_words(path, self.whole)

    def all_in_words(self) -> dict[Path, str]:
        """The same of every path that has values."""
        return {path: found.in_words(path, self.whole) for path, found in self._fields.items()}

    def at(self, path: Path) -> FieldValues:
        """The values at a path; none for a path that was never met."""
        return self._fields.get(path) or FieldValues()


def gather(payloads: Iterable[Any], shape: Shape, events: int = 0) -> Statistics:
    """The statistics of these payloads, of a type with this merged `shape` and so many `events`."""
    found = Statistics(shape, events)
    for payload in payloads:
        found.add(payload)
    return found
