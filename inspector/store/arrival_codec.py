"""Arrivals on their way to the writing process: plain values, with what the listener has found out of them.

A shape is told once and called by its number from then on: events repeat a few, and to read one again would
take as long as to learn it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from inspector.core.events import Request
from inspector.core.identify import Identified, payload_of_request
from inspector.core.senders import Identity
from inspector.core.shapes import Shape, from_json, size, to_json
from inspector.store.arrival import Arrival, Known

Values = tuple[Any, ...]
"""An arrival as `marshal` takes it."""

MAX_PLACES = 1_000
"""A shape with more places is left to the writing process."""
_MAX_TOLD = 5_000
"""Places of all shapes that have a number; beyond, numbers start anew."""


class ArrivalEncoder:
    """The listener's end of one connection to a writing process."""

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[int, Shape]] = {}
        """By the identity of the shape, which lives as long as its entry: `shape_of` gives equal payloads the same
        one mostly."""
        self._places = 0

    def encode(self, arrival: Arrival) -> Values:
        """An arrival as it is sent."""
        request = arrival.request
        return (
            None
            if request is None
            else (
                request.method,
                request.target,
                request.headers,
                request.body,
                request.version,
                request.trailers,
            ),
            self._known(arrival.known),
            arrival.remote,
            arrival.received_us,
            arrival.monotonic_ns,
            arrival.status,
            arrival.incomplete,
            arrival.rejected,
            arrival.raw,
            arrival.upload,
            arrival.size,
            arrival.sha256,
            arrival.count,
            arrival.labels,
            arrival.forwarded_for,
        )

    def _known(self, known: Known | None) -> Values | None:
        if known is None:
            return None
        found, told = known.found, None
        if found is not None:
            named = None
            if found.shape is not None:
                named = self._named(found.shape)
                if named is None:
                    return None
            told = tuple(found.identity), named
        return known.size, known.sha256, told, known.pending, known.signature

    def _named(self, shape: Shape) -> tuple[int, str | None] | None:
        """The number of a shape, with the shape itself the first time; None for one that is too large."""
        entry = self._numbers.get(id(shape))
        if entry is not None:
            return entry[0], None
        places = size(shape, MAX_PLACES)
        if places > MAX_PLACES:
            return None
        if self._places + places > _MAX_TOLD:
            self._numbers.clear()
            self._places = 0
        number = len(self._numbers)
        self._numbers[id(shape)] = number, shape
        self._places += places
        return number, to_json(shape)


class ArrivalDecoder:
    """The writing process's end: what `ArrivalEncoder` made, in the same order."""

    def __init__(self) -> None:
        self._shapes: list[Shape] = []
        """By their numbers."""

    def decode(self, values: Values) -> Arrival:
        """The arrival that was sent."""
        whole, known = values[:2]
        request = None if whole is None else Request(*whole)
        arrival = Arrival(request, *values[2:])
        if known is not None:
            arrival.known = self._known(known, request)
        return arrival

    def _known(self, known: Values, request: Request | None) -> Known:
        size, sha256, told, pending, signature = known
        if told is None or request is None:
            return Known(size, sha256, None, pending, signature)
        identity, named = told
        shape = None if named is None else self._shape(*named)
        found = Identified(Identity(*identity), shape, partial(payload_of_request, request))
        return Known(size, sha256, found, pending, signature)

    def _shape(self, number: int, text: str | None) -> Shape:
        if text is not None:
            if not number:
                self._shapes.clear()
            self._shapes.append(from_json(text))
        return self._shapes[number]
