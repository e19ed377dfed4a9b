"""Two payloads value by value: what stands where in A and in B; elements of arrays that are the same stay together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from inspector.core.alignment import Aligner, Apart
from inspector.core.formats import as_text
from inspector.core.payload import Path, Step, json_type
from inspector.core.shorten import differing

MAX_PLACES = 20_000
"""Values that are compared at most; what lies beyond is left out."""


class _Absent:
    """Nothing stands here; not the same as null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()

ValueSign = Literal["-", "+", "~", "="]


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One place: ``-`` only in A, ``+`` only in B, ``~`` another value, ``=`` the same."""

    sign: ValueSign
    path: Path
    """With a step `Apart` for each element that has another index in B than in A, or is on one side only."""
    a: Any
    """The value in A, or ABSENT."""
    b: Any

    def in_words(self, longest: int) -> tuple[str, str]:
        """Both values as JSON of at most so many characters, long strings from where they differ; empty for ABSENT."""
        a, b = self.a, self.b
        if isinstance(a, str) and isinstance(b, str):
            a, b = differing(a, b, longest)
        return "" if a is ABSENT else as_text(a, longest), "" if b is ABSENT else as_text(b, longest)


def diff_values(a: Any, b: Any) -> list[ValueLine]:
    """Every scalar, alike or not, and every object or array that is none on the other side.

    In the order of A; what only B has follows within its object, or stands between its neighbours in the array.
    At most `MAX_PLACES` lines.
    """
    aligner = Aligner()
    lines: list[ValueLine] = []
    waiting: list[tuple[Path, Any, Any]] = [((), a, b)]
    while waiting and len(lines) < MAX_PLACES:
        path, one, other = waiting.pop()
        inner = _members(one, other, aligner)
        if inner is None or not (type(one) is type(other) or (_is_object(one) and _is_object(other))):
            lines.append(ValueLine(_sign(one, other), path, one, other))
        if inner:
            waiting.extend([((*path, step), left, right) for step, left, right in reversed(inner)])
    return lines


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _members(a: Any, b: Any, aligner: Aligner) -> list[tuple[Step, Any, Any]] | None:
    """The members of both; None when neither is an object or array with any."""
    if isinstance(a, dict) or isinstance(b, dict):
        left: dict[str, Any] = a if isinstance(a, dict) else {}
        right: dict[str, Any] = b if isinstance(b, dict) else {}
        if not left and not right:
            return None
        found: list[tuple[Step, Any, Any]] = [
            (key, value, right.get(key, ABSENT)) for key, value in left.items()
        ]
        found += [(key, ABSENT, value) for key, value in right.items() if key not in left]
        return found
    if isinstance(a, list) or isinstance(b, list):
        first, second = (value[:MAX_PLACES] if isinstance(value, list) else [] for value in (a, b))
        return [
            (
                i if i is not None and i == j else Apart(i, j),
                ABSENT if i is None else first[i],
                ABSENT if j is None else second[j],
            )
            for i, j in aligner.steps(first, second)
        ] or None
    return None


def _sign(a: Any, b: Any) -> ValueSign:
    if b is ABSENT:
        return "-"
    if a is ABSENT:
        return "+"
    if json_type(a) != json_type(b):
        return "~"
    return "=" if a == b or (a != a and b != b) else "~"
