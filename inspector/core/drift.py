"""Drift: in what an event departs from all that its type has been so far, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from inspector.core.collapse import collapse_each
from inspector.core.data_keys import CUT
from inspector.core.payload import ITEMS, KEYS, Path, show_path
from inspector.core.places import in_words, steps
from inspector.core.shapes import ARRAY, INTEGER, NUMBER, OBJECT, TYPE_BITS, Shape
from inspector.core.type_shape import TypeShape, type_shape
from inspector.core.units import count

DriftKind = Literal["added", "missing", "retyped"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing in which an event does not fit its type."""

    kind: DriftKind
    path: Path
    words: str
    """A line for people, the path included; raw text."""


def drift(event: Shape, known: Shape, present: Callable[[Path], int | None]) -> list[Drift]:
    """Every departure of an event from the merged shape of its type; none when it fits.

    What lies below a new field or another type is not listed, and a whole number fits where any number did.
    `present` tells in how many events a path was, or None where that is not known.
    """
    found: list[Drift] = []
    waiting: list[tuple[Path, Shape, Shape]] = [((), event, known)]
    while waiting:
        path, one, type_ = waiting.pop()
        fitting = type_[0] | INTEGER if type_[0] & NUMBER else type_[0]
        if (new := one[0] & TYPE_BITS & ~fitting) and type_[0] & TYPE_BITS:
            now = " or ".join(_ARTICLES.get(name, f"a {name}") for name in Shape((new,)).types)
            was = " or ".join(type_.types)
            words = f"{_place(path)} is now {now}, was {was}{_in_events(present(path))}"
            found.append(Drift("retyped", path, words))
        if (one[0] | type_[0]) & CUT:
            continue
        if one[0] & type_[0] & OBJECT:
            for key in type_[3]:
                if key not in type_[4] and (key not in one[3] or key in one[4]):
                    here = (*path, key)
                    lacks = "sometimes missing" if key in one[3] else "missing"
                    words = f"{_place(here)} is {lacks}, was there{_in_events(present(here), 'always')}"
                    found.append(Drift("missing", here, words))
        below = dict(steps(type_))
        deeper: list[tuple[Path, Shape, Shape]] = []
        for step, place in steps(one):
            under = below.get(step, type_[2] if isinstance(step, str) else None)
            if under is not None:
                deeper.append(((*path, step if step in below else KEYS), place, under))
            elif type_[0] & (ARRAY if step is ITEMS else OBJECT):
                here = (*path, step)
                found.append(Drift("added", here, f"{_place(here)} is new: {in_words(place)}"))
        waiting += reversed(deeper)
    return found


_ARTICLES = {"array": "an array", "integer": "an integer", "object": "an object", "null": "null"}


def _place(path: Path) -> str:
    return show_path(path) if path else "the payload"


def _in_events(number: int | None, otherwise: str = "") -> str:
    if number is None:
        return f" {otherwise}" if otherwise else ""
    return f" in {count(number, 'event')}"


def drift_in_words(event: Shape, known: TypeShape) -> list[str]:
    """What is new in an event for its type, a line each: ``details.annotations is now an array, was object
    in 41 events``. Raw text.

    `known` is the type without this event; see `known_before`.
    """
    return [each.words for each in drift_of(event, known)]


def drift_of(event: Shape, known: TypeShape) -> list[Drift]:
    """The same as values; the event is put through the late collapses of the type first."""

    def present(path: Path) -> int | None:
        field = known.field(path)
        return None if field is None else field.present

    return drift(collapse_each(event, known.collapses), known.merged, present)


def known_before(whole: TypeShape, event: int) -> TypeShape:
    """What a type was before an event came: the variants first seen in earlier ones."""
    return type_shape([variant for variant in whole.variants if variant.first_event < event], whole.collapses)
