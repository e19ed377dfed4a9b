"""Event types as the exports take them: what each is called, its shape, and what its values look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inspector.core.data_keys import CUT, WIDE
from inspector.core.payload import Path
from inspector.core.shapes import Shape, into_values
from inspector.core.statistics import Statistics
from inspector.core.type_shape import TypeShape
from inspector.core.units import count

MAX_NESTING = 64
"""What lies deeper is exported as "anything": no validator, compiler or reader follows it there."""


@dataclass(frozen=True)
class Learnt:
    """One event type with all that is known of it."""

    name: str
    """The sender's name for the type; text from outside."""
    sender: str | None
    shape: TypeShape
    values: Statistics = field(default_factory=Statistics)
    """Of payloads whose secrets are masked already; empty where no export needs it."""

    @property
    def words(self) -> str:
        """How much it was learnt from: ``41 events, 3 variants``."""
        return f"{count(self.shape.events, 'event')}, {count(len(self.shape.variants), 'variant')}"


def learnt_from(types: Sequence[Learnt]) -> str:
    """One line of provenance for the head of a file: ``Learnt by inspector from 41 events of 2 types.``"""
    events = sum(each.shape.events for each in types)
    of = f" of {count(len(types), 'type')}" if len(types) > 1 else ""
    return f"Learnt by inspector from {count(events, 'event')}{of}."


def key_reasons(shape: TypeShape) -> dict[Path, str]:
    """Why keys are data, by the path of each ``{*}``."""
    return {each.path: each.collapsed_reason for each in shape.fields if each.collapsed_reason is not None}


def exported(place: Shape) -> Shape:
    """A place as an export may promise it: of one whose names were cut off in some event, nothing by name.

    In an object that was once taken for a table a named key may hold what any value of the table holds.
    """
    if place[0] & CUT:
        return Shape((place[0], None, None, (), ()))
    return into_values(place) if place[0] & WIDE else place


def is_open(place: Shape) -> bool:
    """True when nothing is known of what lies below, so that anything may."""
    return bool(place[0] & CUT)
