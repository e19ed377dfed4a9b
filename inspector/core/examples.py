"""Example values of the places of a shape, taken from a few payloads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from inspector.core.payload import ITEMS, KEYS, BigInteger, Duplicated, Path, Step
from inspector.core.shapes import Shape

EXAMPLE_LENGTH = 120
"""Longer strings are cut, and end in ``…``."""
_VISITS = 100_000
_CONTAINERS: Final[frozenset[type]] = frozenset((dict, list, Duplicated))


def collect_examples(payloads: Iterable[Any], merged: Shape, limit: int = 3) -> dict[Path, list[Any]]:
    """Up to `limit` distinct scalars for each place of `merged`, in order of appearance.

    Payloads may be of any size: at most 100,000 values are looked at, and of one array the first 100.
    """
    containers: list[_Container] = []
    root = _Container((), merged, [], containers)
    visits = _VISITS
    for payload in payloads:
        waiting: list[tuple[_Container, Any]] = [(root, payload)]
        while waiting and visits > 0:
            seen, value = waiting.pop()
            if isinstance(value, dict):
                members: list[tuple[_Container, Any]] = []
                known_by_key, named = seen.known, seen.named
                for key, child in islice(value.items(), visits):
                    kind = type(child)
                    if kind in _CONTAINERS:
                        below = seen.below.get(key) or seen.into(key)
                        if below is not None:
                            members.append((below, child))
                        continue
                    known = known_by_key.get(key)
                    if known is None:
                        if key in named:
                            known = known_by_key[key] = []
                        elif (known := seen.values(key)) is None:
                            continue
                    if len(known) >= limit:
                        continue
                    if kind is str and len(child) <= EXAMPLE_LENGTH:
                        if child not in known:
                            known.append(child)
                    elif not known or known[0] is not child:  # null, true and 0 come again and again
                        _note(known, child)
                visits -= len(value)
                members.reverse()
                waiting += members
            elif isinstance(value, list):
                inside = seen.into(ITEMS)
                if inside is not None:
                    waiting.extend([(inside, element) for element in value[99::-1]])
            elif len(seen.own) < limit:
                _note(seen.own, value)
            visits -= 1
    found = {
        (*place.path, step): known for place in containers for step, known in place.known.items() if known
    }
    return {(): root.own, **found} if root.own else found


def _note(known: list[Any], value: Any) -> None:
    """Keep one scalar, if it is not among those known: 1, 1.0 and true are three values."""
    kind = type(value)
    if kind is str:
        if len(value) > EXAMPLE_LENGTH:
            value = value[: EXAMPLE_LENGTH - 1] + "…"
        if value not in known:
            known.append(value)
    elif kind is not BigInteger and (kind, str(value)) not in [(type(each), str(each)) for each in known]:
        known.append(value)


class _Container:
    """A place whose values hold others, while examples are collected.

    Most places are scalars and are met only as keys here: they come to a list of values, no more.
    """

    __slots__ = ("_containers", "below", "known", "named", "own", "path", "place")

    def __init__(self, path: Path, place: Shape, own: list[Any], containers: list[_Container]) -> None:
        self.path = path
        self.place = place
        self.own = own
        """Values of the place itself, where it is a scalar at times."""
        self.known: dict[Step, list[Any]] = {}
        """Values one step below."""
        self.below: dict[Step, _Container] = {}
        self.named = dict(zip(place[3], place[5:], strict=True))
        self._containers = containers
        containers.append(self)

    def values(self, step: Step) -> list[Any] | None:
        """Where to keep the values one step below; None where the shape has no such place."""
        if step not in self.named:
            step = ITEMS if step is ITEMS else KEYS
            if self.place[1 if step is ITEMS else 2] is None:
                return None
        return self.known.setdefault(step, [])

    def into(self, step: Step) -> _Container | None:
        """The elements, or the values under a key; None where the shape has no such place."""
        place = self.named.get(step) if isinstance(step, str) else None
        if place is None:
            step = ITEMS if step is ITEMS else KEYS
            place = self.place[1 if step is ITEMS else 2]
        inside = self.below.get(step)
        if inside is None and place is not None:
            own = self.known.setdefault(step, [])
            inside = self.below[step] = _Container((*self.path, step), place, own, self._containers)
        return inside
