"""Payloads of stored events, a bounded number of them, for what is told from values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from inspector.core.events import Request
from inspector.core.field_filter import field_filter
from inspector.core.filters import parse_filter
from inspector.core.identify import decoded_body, header_map, payload_of
from inspector.core.payload import NotJson
from inspector.core.type_shape import TypeShape
from inspector.store.reader import Reader

MAX_BYTES = 64_000_000
"""Bytes of bodies that are read at most for one type."""


def payload_in(request: Request) -> Any:
    """The payload of a request, its Content-Encoding decoded first. Raises NotJson when it has none."""
    headers = header_map(request.headers)
    return payload_of(headers, decoded_body(headers, request))


def payloads_of(
    reader: Reader, shape: TypeShape, keys: Sequence[tuple[str | None, str]], most: int
) -> Iterator[Any]:
    """At most `most` payloads of a type: of the first and the last event of each variant, and its newest."""
    ids: dict[int, None] = {}
    for variant in shape.variants:
        ids[variant.first_event] = ids[variant.last_event] = None
    if len(ids) < shape.events:
        for key in keys:
            wanted = parse_filter(field_filter([key], ()))
            ids.update(dict.fromkeys(islice(reader.matching(wanted), -(-most // len(keys)))))
    return payloads_at(reader, list(ids)[: max(most, 1)])


def payloads_at(
    reader: Reader, ids: Iterable[int], room: int = MAX_BYTES, largest: int = MAX_BYTES
) -> Iterator[Any]:
    """The payloads of events, as far as they have one: bodies of at most `largest` bytes each, `room` in all."""
    for number in ids:
        event = reader.event(number)
        if event is None or event.size > min(room, largest):
            continue
        request = reader.request(number)
        if request is None:
            continue
        room -= len(request.body)
        try:
            yield payload_in(request)
        except NotJson:
            continue
