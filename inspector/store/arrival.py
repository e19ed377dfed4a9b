"""Requests on their way into the store, and what they tell before they are stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from inspector.core.events import Request
from inspector.core.identify import Identified, header_map, identify, identify_request, is_quick
from inspector.core.signatures import Secrets, verdict_words

_NO_BODY = hashlib.sha256(b"").digest()


@dataclass(slots=True)
class Arrival:
    """A request on its way into the store, with all that is known before it is identified."""

    request: Request | None
    """None for a rejected request of which nothing could be read."""
    remote: str
    received_us: int
    monotonic_ns: int
    status: int | None = 200
    incomplete: str | None = None
    rejected: str | None = None
    raw: bytes | None = None
    """The raw head of a rejected request, at most 64 KiB."""
    upload: int | None = None
    """Number under which the body's pieces were stored; `request.body` is empty then."""
    size: int = 0
    """Bytes of body in pieces (with `upload`)."""
    sha256: bytes = b""
    """Digest over the pieces (with `upload`)."""
    count: int = 1
    labels: str | None = None
    """Words of `inspector.core.labels.LABELS` with blanks between; None for none."""
    forwarded_for: str | None = None
    """Address of the sender, where the tunnel told it."""
    known: Known | None = None
    """What `look_at` found, where that has been done already."""


@dataclass(slots=True)
class Known:
    """What a request tells by itself, without the store."""

    size: int
    """Bytes of the body."""
    sha256: bytes
    found: Identified | None = None
    """None for what is not identified, or not yet."""
    pending: bool = False
    """It is left to the background."""
    signature: str | None = None


def look_at(arrival: Arrival, secrets: Secrets, *, identify_all: bool = False) -> Known:
    """Find out what an arrival is. It needs no store, so any process may do it that has time."""
    request = arrival.request
    if arrival.upload is not None:
        return Known(arrival.size, arrival.sha256 or _NO_BODY, pending=arrival.rejected is None)
    if request is None:
        return Known(arrival.size, arrival.sha256 or _NO_BODY)
    body = request.body
    known = Known(len(body), hashlib.sha256(body).digest())
    if arrival.rejected is None:
        headers = header_map(request.headers)
        if is_quick(headers, known.size):
            known.found = identify(headers, body)
        elif identify_all:
            known.found = identify_request(request)
        else:
            known.pending = True
        sender = None if known.found is None else known.found.identity.sender
        whole = arrival.incomplete is None
        known.signature = verdict_words(headers, body, secrets, arrival.received_us, whole, sender)
    return known
