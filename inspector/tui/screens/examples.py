"""What the values of a type's fields look like: read from a bounded number of its events, in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from inspector.core.field_filter import field_filter
from inspector.core.filters import parse_filter
from inspector.core.payload import Path
from inspector.core.statistics import Statistics, gather
from inspector.core.type_shape import TypeShape
from inspector.store.payloads import payload_in, payloads_at
from inspector.store.reader import Reader
from inspector.store.sides import Side

Types = Sequence[tuple[str | None, str]]

MAX_EVENTS = 100
MAX_BYTES = 4_000_000
"""Events, and bytes of bodies, that are read at most for the examples of one type."""
_LARGE = 1_000_000


def sample_ids(reader: Reader, shape: TypeShape, types: Types, words: str = "") -> list[int]:
    """Events that stand for a type shape: the first and the last of each variant, and the newest.

    `words` is the filter that its events fit, besides their types.
    """
    ids: dict[int, None] = {}
    for variant in shape.variants:
        ids[variant.first_event] = ids[variant.last_event] = None
    if len(types) == 1 and len(ids) < shape.events:
        wanted = parse_filter(f"{field_filter(types, ())} {words}")
        ids.update(dict.fromkeys(islice(reader.matching(wanted), MAX_EVENTS)))
    return list(ids)[:MAX_EVENTS]


def values_of(reader: Reader, shape: TypeShape, ids: Sequence[int]) -> Statistics:
    """What the values of each field look like, told from these events."""
    return gather(payloads_at(reader, ids, MAX_BYTES, _LARGE), shape.merged, shape.events)


def hints_of(reader: Reader, side: Side) -> dict[Path, str]:
    """The same in words, for a side of a diff; none where it has structure only."""
    if side.kind in ("schema", "baseline"):
        return {}
    if side.request is None:
        ids = sample_ids(reader, side.shape, side.types, side.words)
        return values_of(reader, side.shape, ids).all_in_words()
    return gather([payload_in(side.request)], side.shape.merged).all_in_words()
