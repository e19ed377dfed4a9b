"""A type with all that is known of it, for whoever writes it down for others."""

from __future__ import annotations

from inspector.core.export.learnt import Learnt
from inspector.store.reader import Reader

SCANNED = 1_000
"""Events of a type that are read for the values in a reference or a sample."""


def learnt_type(reader: Reader, sender: str | None, name: str, scan: int = 0) -> Learnt | None:
    """One type; None where no event of it has had a JSON body.

    With `scan`, the values of so many events are gathered, their secrets masked.
    """
    from inspector.core.export.masking import masked
    from inspector.core.statistics import Statistics, gather
    from inspector.store.payloads import payloads_of

    shape = reader.shape_of_types([(sender, name)])
    if not shape.variants:
        return None
    values = Statistics()
    if scan:
        values = gather(
            map(masked, payloads_of(reader, shape, [(sender, name)], scan)), shape.merged, shape.events
        )
    return Learnt(name, sender, shape, values)
