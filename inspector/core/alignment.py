"""Which elements of two arrays belong together, so that one put in front does not make all others look changed.

Elements are the same when they are equal, or, where all are objects with an ``id`` or the like that is unique on
its side, when that is equal. Those that are the same stay together as far as their order allows; what stands
between them is compared in turn, or, where names tell elements apart, stands on one side only.

The result for B and A is that for A and B the other way round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Final

from inspector.core.payload import Path, Star, Step, json_type

MAX_CELLS: Final = 500_000
"""Pairs of repeated elements that are looked at in all arrays of a payload; beyond, they are compared in turn."""

_NAMES: Final = ("id", "_id", "uuid", "guid", "sha", "digest", "key", "name")
"""Members that tell elements apart, the first that all have."""

Label = Hashable
"""Stands for a value: equal for equal values of the same JSON types."""
Pairs = list[tuple[int, int]]
"""Indexes in A and in B of what belongs together, ascending in both."""


class Apart(Star):
    """A step of a path to an element that stands at different indexes, or on one side only (None)."""

    __slots__ = ("a", "b")

    def __init__(self, a: int | None, b: int | None) -> None:
        super().__init__(f"[{b if a is None else a if b is None else f'{a}→{b}'}]")
        self.a, self.b = a, b

    @classmethod
    def among(cls, path: Path) -> bool:
        """True when a path has such a step."""
        return cls in map(type, path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Apart) and (self.a, self.b) == (other.a, other.b)

    def __hash__(self) -> int:
        return hash((self.a, self.b))

    def __reduce__(self) -> str | tuple[Any, ...]:
        return Apart, (self.a, self.b)


def swapped(path: Path) -> Path:
    """The same place when A and B are swapped."""
    return tuple(Apart(step.b, step.a) if isinstance(step, Apart) else step for step in path)


def on_side(path: Path, side: str) -> Path:
    """The path as it is in ``a`` or ``b``; of elements that only the other side has, their path there."""
    found: list[Step] = []
    for step in path:
        if isinstance(step, Apart):
            here, there = (step.a, step.b) if side == "a" else (step.b, step.a)
            found.append(here if here is not None else there or 0)
        else:
            found.append(step)
    return tuple(found)


class Aligner:
    """Aligns the arrays of two payloads, which have to stay as they are meanwhile; a value is looked at once."""

    def __init__(self) -> None:
        self._cells = MAX_CELLS
        self._interned: dict[Label, int] = {}
        self._known: dict[int, int] = {}
        """Labels of objects and arrays by their `id()`."""

    def steps(self, a: Sequence[Any], b: Sequence[Any]) -> Iterator[tuple[int | None, int | None]]:
        """Indexes in A and in B of the elements of both arrays, in order; None where the other has none."""
        pairs, named = self._pairs(a, b)
        i = j = 0
        for end_a, end_b in [*pairs, (len(a), len(b))]:
            both = 0 if named else min(end_a - i, end_b - j)
            yield from ((i + at, j + at) for at in range(both))
            yield from ((at, None) for at in range(i + both, end_a))
            yield from ((None, at) for at in range(j + both, end_b))
            if end_a < len(a) and end_b < len(b):
                yield end_a, end_b
            i, j = end_a + 1, end_b + 1

    def _pairs(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Pairs, bool]:
        """The elements that are the same, and whether names tell them apart."""
        if min(len(a), len(b)) == 0 or len(a) == len(b) == 1:
            return [], False
        left: Sequence[Label] = [self._label(value) for value in a]
        right: Sequence[Label] = [self._label(value) for value in b]
        first = next(
            (at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), None
        )
        if first is None:
            return [(at, at) for at in range(min(len(a), len(b)))], False
        names = _names(a, b)
        if names is not None:
            left, right = names
        # Of several ways that are as good one is taken; which, must not depend on what is called A.
        if self._comes_first(a[first], b[first]):
            return self._same(left, right), names is not None
        return [(i, j) for j, i in self._same(right, left)], names is not None

    def _label(self, value: Any) -> Label:
        if value is None or isinstance(value, str):
            return value
        if not isinstance(value, dict | list):
            return (type(value) is float, isinstance(value, bool), value if value == value else None)
        known = self._known.get(id(value))
        if known is None:
            # Plain loops: nested comprehensions would take two frames a level, of which there may be 500.
            inner: list[Label] = []
            if isinstance(value, dict):
                for key in value:
                    inner.append((key, self._label(value[key])))
                label: Label = frozenset(inner)
            else:
                for element in value:
                    inner.append(self._label(element))
                label = tuple(inner)
            known = self._known[id(value)] = self._interned.setdefault(label, len(self._interned))
        return known

    def _comes_first(self, one: Any, other: Any) -> bool:
        """An order of values with different labels: by type, then by what differs first."""
        while True:
            kind = json_type(one)
            if kind != json_type(other):
                return kind < json_type(other)
            if kind == "object":
                if one.keys() != other.keys():
                    return sorted(one) < sorted(other)
                differs = min(key for key in one if self._label(one[key]) != self._label(other[key]))
            elif kind == "array":
                both = min(len(one), len(other))
                at = (at for at in range(both) if self._label(one[at]) != self._label(other[at]))
                differs = next(at, None)
                if differs is None:
                    return len(one) < len(other)
            else:
                return bool(one < other) if kind == "string" else repr(one) < repr(other)
            one, other = one[differs], other[differs]

    def _same(self, a: Sequence[Label], b: Sequence[Label]) -> Pairs:
        """What is the same at the beginning and at the end, then what stands once on each side, then the rest."""
        found: Pairs = []
        begin, end_a, end_b = _trimmed(a, b, (0, len(a)), (0, len(b)))
        found += [(at, at) for at in range(begin)]
        i = j = begin
        for anchor_a, anchor_b in [*_anchors(a, b, (begin, end_a), (begin, end_b)), (end_a, end_b)]:
            found += self._between(a, b, (i, anchor_a), (j, anchor_b))
            if anchor_a < end_a and anchor_b < end_b:
                found.append((anchor_a, anchor_b))
            i, j = anchor_a + 1, anchor_b + 1
        return found + [(end_a + at, end_b + at) for at in range(len(a) - end_a)]

    def _between(
        self, a: Sequence[Label], b: Sequence[Label], in_a: tuple[int, int], in_b: tuple[int, int]
    ) -> Pairs:
        """Elements that are the same between two anchors: a longest common subsequence, if there is room for it."""
        same, end_a, end_b = _trimmed(a, b, in_a, in_b)
        i, j = in_a[0] + same, in_b[0] + same
        found = [(in_a[0] + at, in_b[0] + at) for at in range(same)]
        tail = [(end_a + at, end_b + at) for at in range(in_a[1] - end_a)]
        wide, high = end_b - j, end_a - i
        if wide * high > self._cells or set(a[i:end_a]).isdisjoint(b[j:end_b]):
            return found + tail
        self._cells -= wide * high
        # rows[i][j]: the length of the longest common subsequence of what comes from there on.
        rows = [[0] * (wide + 1)]
        for at in range(end_a - 1, i - 1, -1):
            below, row, label = rows[-1], [0] * (wide + 1), a[at]
            for column in range(wide - 1, -1, -1):
                if b[j + column] == label:
                    row[column] = below[column + 1] + 1
                else:
                    right, under = row[column + 1], below[column]
                    row[column] = right if right > under else under
            rows.append(row)
        rows.reverse()
        row_at = column_at = 0
        while row_at < high and column_at < wide:
            if a[i + row_at] == b[j + column_at]:
                found.append((i + row_at, j + column_at))
                row_at, column_at = row_at + 1, column_at + 1
            elif rows[row_at + 1][column_at] >= rows[row_at][column_at + 1]:
                row_at += 1
            else:
                column_at += 1
        return found + tail


def _names(a: Sequence[Any], b: Sequence[Any]) -> tuple[list[Label], list[Label]] | None:
    """What tells the elements apart on both sides; None where nothing does, or nothing is on both."""
    if not all(isinstance(value, dict) for value in (*a, *b)):
        return None
    for name in _NAMES:
        left, right = ([value.get(name) for value in side] for side in (a, b))
        if (
            all(isinstance(value, str | int) and not isinstance(value, bool) for value in (*left, *right))
            and len(set(left)) == len(left)
            and len(set(right)) == len(right)
        ):
            return None if set(left).isdisjoint(right) else (left, right)
    return None


def _trimmed(
    a: Sequence[Label], b: Sequence[Label], in_a: tuple[int, int], in_b: tuple[int, int]
) -> tuple[int, int, int]:
    """How many are the same at the beginning of both ranges, and where what is the same at their ends begins."""
    (i, end_a), (j, end_b) = in_a, in_b
    same = 0
    while i + same < end_a and j + same < end_b and a[i + same] == b[j + same]:
        same += 1
    while end_a > i + same and end_b > j + same and a[end_a - 1] == b[end_b - 1]:
        end_a, end_b = end_a - 1, end_b - 1
    return same, end_a, end_b


def _anchors(a: Sequence[Label], b: Sequence[Label], in_a: tuple[int, int], in_b: tuple[int, int]) -> Pairs:
    """What stands once in either range: as many as keep their order, by the longest rising sequence."""
    once_a, once_b = (Counter(side[slice(*part)]) for side, part in ((a, in_a), (b, in_b)))
    where = {b[at]: at for at in range(*in_b)}
    pairs = [(at, where[a[at]]) for at in range(*in_a) if once_a[a[at]] == 1 and once_b.get(a[at]) == 1]
    lowest: list[int] = []
    """The lowest index in B at which a rising sequence of each length ends."""
    ends: list[int] = []
    before: list[int] = []
    for number, (_, at) in enumerate(pairs):
        length = bisect_left(lowest, at)
        before.append(ends[length - 1] if length else -1)
        lowest[length : length + 1] = [at]
        ends[length : length + 1] = [number]
    found: Pairs = []
    number = ends[-1] if ends else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]
