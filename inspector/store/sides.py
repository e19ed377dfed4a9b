"""The two sides of a diff: what an argument like ``user.image.*``, ``1204`` or ``before.json`` stands for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inspector.core.collapse import collapse_each
from inspector.core.events import InspectorError, Request
from inspector.core.identify import identify_request
from inspector.core.shapes import shape_hash
from inspector.core.text import visible
from inspector.core.type_shape import TypeShape, Variant, type_shape
from inspector.store.files import is_payload_file, read_payload_file
from inspector.store.reader import Reader


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a diff, with the shape it has."""

    label: str
    """What the user calls it: a type, ``#1204``, the name of a file. Text from outside."""
    kind: Literal["type", "event", "file"]
    shape: TypeShape
    types: tuple[tuple[str | None, str], ...] = ()
    """The (sender, type) pairs it is of; none for an event without a type."""
    event: int | None = None
    """The event whose values and headers stand for this side: itself, or the first one of its types."""
    request: Request | None = None
    """The request of a file; that of an event is fetched by `request_of`."""

    @property
    def events(self) -> int:
        """How many events (or files) its shape is learnt from."""
        return self.shape.events


def resolve_side(reader: Reader, text: str) -> Side:
    """Read one argument of a diff.

    Digits are an event id; what has a ``/`` or ends in ``.json`` or ``.http`` is a payload file; the rest
    is a type, ``sender:type``, or a pattern with ``*``. InspectorError says what is wrong, with exit code 1
    where nothing is found.
    """
    text = text.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit():
        return side_of_event(reader, int(number[:18]))
    if is_payload_file(text):
        return _side_of_file(reader, Path(text).expanduser())
    if not text:
        raise InspectorError("name a type, an event by its id, or a payload file.")
    keys = tuple((entry.sender, entry.type) for entry in reader.resolve_type(text))
    return side_of_types(reader, keys, text)


def side_of_event(reader: Reader, number: int) -> Side:
    """One stored event as a side."""
    event = reader.event(number)
    if event is None:
        raise InspectorError(f"there is no event {number}; inspector events lists those stored.", code=1)
    shape = reader.shape_of_event(number)
    if shape is None:
        raise InspectorError(
            f"#{number} has no shape: {_why_no_shape(event.rejected, event.pending)}.", code=1
        )
    types = () if event.type is None else ((event.sender, event.type),)
    return Side(f"#{number}", "event", shape, types, number)


def side_of_types(reader: Reader, keys: tuple[tuple[str | None, str], ...], label: str) -> Side:
    """One type, or several taken together, as a side."""
    shape = reader.shape_of_types(keys)
    if not shape.variants:
        raise InspectorError(f"{visible(label)} has no shape: no event of it has a JSON body.", code=1)
    return Side(label, "type", shape, keys, min(variant.first_event for variant in shape.variants))


def request_of(reader: Reader, side: Side) -> Request | None:
    """The request whose values and headers stand for a side; None when it was deleted meanwhile."""
    if side.request is not None:
        return side.request
    return None if side.event is None else reader.request(side.event)


def _why_no_shape(rejected: str | None, pending: bool) -> str:
    if rejected is not None:
        return "the request was rejected"
    return "its body is not identified yet" if pending else "its body is not JSON"


def _side_of_file(reader: Reader, path: Path) -> Side:
    request = read_payload_file(path)
    found = identify_request(request)
    if found.shape is None:
        raise InspectorError(f"{path} has no shape: its body is not JSON.", code=1)
    identity = found.identity
    # What the store has learnt to be data in this type is data in the file too.
    types = () if identity.type is None else ((identity.sender, identity.type),)
    shape = collapse_each(found.shape, [rule for key in types for rule in reader.collapses(*key)])
    variant = Variant(shape, 1, 0, 0, shape_hash(shape))
    return Side(path.name, "file", type_shape([variant]), types, request=request)
