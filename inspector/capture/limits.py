"""Limits of the listener, in one place: what they are, their defaults, and the words when one is met."""

from __future__ import annotations

import resource
from dataclasses import dataclass, replace

from inspector.core.events import InspectorError
from inspector.core.units import byte_count, count, seconds


def _default_connections() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 512
    return max(8, min(512, soft - 64))


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit the listener keeps. Sizes in bytes, times in seconds."""

    body: int = 25 * 1024 * 1024
    """Bytes of body kept; of a larger one the first part is kept and the sender gets 413."""
    head_deadline: float = 10.0
    """A request's head must be there this long after its first byte (or after the connection)."""
    body_deadline: float = 30.0
    """A request's body must be there this long after its head."""
    connections: int = 0
    """Connections open at once; 0 means the smaller of 512 and what the descriptor limit leaves."""
    line: int = 65_536
    """Bytes of the request line."""
    field: int = 65_536
    """Bytes of one header line."""
    fields: int = 1000
    """Header lines of one request."""
    head: int = 262_144
    """Bytes of request line and header lines together."""
    raw: int = 65_536
    """Bytes kept of the head of a rejected request."""
    in_flight: int = 24 * 1024 * 1024
    """Bytes of bodies held in memory at once before arriving ones go to the store early, in small pieces."""
    min_free: int = 200_000_000
    """Bytes of disk that must stay free; below, senders get 503."""

    def settled(self) -> Limits:
        """The same limits with the number of connections worked out."""
        return replace(self, connections=self.connections or _default_connections())

    def body_words(self) -> str:
        """What an event says whose body went over the limit."""
        return f"over the limit: the first {count(self.body)} bytes are kept"


ACCEPT_AT_ONCE = 8
"""Connections accepted in one turn of the loop: those over the cap are closed before descriptors run out."""
QUEUE = 512
"""Connections that may wait in the system to be accepted."""
MAX_BODY = 4 * 1024**3
"""Largest body limit: a body comes to the store in at most 65,536 pieces of at least 64 KiB."""


def read_limits(
    body: str | None = None,
    head_deadline: str | None = None,
    body_deadline: str | None = None,
    connections: int | None = None,
) -> Limits:
    """The default limits with what the user gave in words (``25M``, ``10s``); InspectorError if wrong."""
    limits = Limits()
    try:
        if body is not None:
            limits = replace(limits, body=byte_count(body))
        if head_deadline is not None:
            limits = replace(limits, head_deadline=seconds(head_deadline))
        if body_deadline is not None:
            limits = replace(limits, body_deadline=seconds(body_deadline))
    except ValueError as error:
        raise InspectorError(f"{error}.") from None
    if not 0 < limits.body <= MAX_BODY:
        raise InspectorError("--max-body is at least one byte and at most 4GiB.")
    if min(limits.head_deadline, limits.body_deadline) < 0.1:
        raise InspectorError("--head-deadline and --body-deadline are at least 100ms.")
    return limits if connections is None else replace(limits, connections=connections)
