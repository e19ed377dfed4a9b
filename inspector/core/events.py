"""The values everything else passes on: a request, and the event it becomes once it is stored.

Pure values without I/O. Bytes stay bytes here; whoever shows them goes through `inspector.core.text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

JsonObject = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_INTEGER = 2**63 - 1
"""The largest integer SQLite can hold."""


@dataclass(frozen=True, slots=True)
class Request:
    """What came in or goes out: method, target, header lines and body bytes; no id.

    Header lines are (name, value) pairs of raw bytes in the order, case and number in which they were
    received.
    """

    method: str
    """As received, decoded as Latin-1."""
    target: bytes
    """The request target exactly as it stood on the request line: path and query, absolute URL or ``*``."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    """Raw bytes as they came: neither decoded nor decompressed; chunk framing is taken off."""
    version: str = "1.1"
    """HTTP version of the request line, without the ``HTTP/``."""
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    """Header lines that came after a body in chunks; a replay has no place for them."""

    def header(self, name: bytes) -> bytes | None:
        """Return the value of the first header line called `name` (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Event:
    """One captured request as the list shows it: everything but headers and body, which `Reader.request`
    fetches."""

    id: int
    """Order of arrival; never used twice."""
    received_us: int
    """Wall clock at the arrival of the request's head: microseconds since 1970 in UTC."""
    method: str | None
    """None where nothing could be read (a rejected request)."""
    target: bytes | None
    remote: str
    """Address of the peer: ``127.0.0.1:50412``, or ``import`` for an event that came from a file."""
    size: int
    """Bytes of body kept."""
    complete: bool = True
    incomplete: str | None = None
    """Why the body is not whole, in words; None when complete."""
    rejected: str | None = None
    """Why the HTTP parser or a limit refused the request, in words; None for an ordinary event."""
    sender: str | None = None
    """Key of the sender: ``anchore``, ``github``, ``cloudevents`` … or None."""
    type: str | None = None
    """The sender's name for what happened."""
    level: str | None = None
    message: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    account: str | None = None
    delivery_id: str | None = None
    """The sender's own id; equal when it sends again, so not unique."""
    shape: str | None = None
    """Hash of the payload's shape, or None when the body is not JSON (or not yet identified)."""
    pending: bool = False
    """True while a large or compressed body waits to be identified in the background."""
    new: bool = False
    """The shape had never been seen for this type, which had been seen with others."""
    status: int | None = None
    """What the sender was answered; None when no answer was sent, or for imported events."""
    duplicate_of: int | None = None
    """Id of the first event with the same sender, type and delivery id, when this is a later delivery."""
    count: int = 1
    """For a rejected row that stands for many: how many it counts."""
    sent: int | None = None
    """Status of the last replay or forward attempt; 0 when it got no answer, None when never sent."""
    starred: bool = False
    mark: str | None = None
    """Letter of the mark, ``a``, ``b`` or ``+``; None when not marked."""
    comment: str | None = None
    signature: str | None = None
    """``verified: github``, ``failed: stripe: …`` with the reason, ``no secret: …``; None when not signed."""
    labels: tuple[str, ...] = ()
    """What stands out about where it came from: words of `inspector.core.labels.LABELS`."""
    forwarded_for: str | None = None
    """Address of the sender as our own tunnel tells it; `remote` is then the tunnel's end on this machine."""

    @property
    def received_at(self) -> str:
        """RFC 3339 in UTC with microseconds, as every output has it."""
        return rfc3339(self.received_us)

    def as_json(self) -> JsonObject:
        """The event as one JSON object: what `inspector events --json` prints a line of."""
        return {
            "id": self.id,
            "received_at": self.received_at,
            "method": self.method,
            "target": None if self.target is None else self.target.decode("latin-1"),
            "remote": self.remote,
            "size": self.size,
            "complete": self.complete,
            "incomplete": self.incomplete,
            "rejected": self.rejected,
            "sender": self.sender,
            "type": self.type,
            "level": self.level,
            "message": self.message,
            "resource_type": self.resource_type,
            "resource_id": self.resource_id,
            "account": self.account,
            "delivery_id": self.delivery_id,
            "shape": self.shape,
            "pending": self.pending,
            "new": self.new,
            "status": self.status,
            "duplicate_of": self.duplicate_of,
            "count": self.count,
            "sent": self.sent,
            "starred": self.starred,
            "mark": self.mark,
            "comment": self.comment,
            "signature": self.signature,
            "labels": list(self.labels),
            "forwarded_for": self.forwarded_for,
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at sending an event somewhere, and what came of it."""

    event: int
    """Id of the event that was sent."""
    target: str
    """Where to, as the user gave it."""
    sent_us: int
    """Wall clock when it began, microseconds since 1970 in UTC."""
    ms: float
    """From the start of the connection to the end of the answer (or to the failure), milliseconds."""
    kind: str = "replay"
    """``replay`` or ``forward``."""
    status: int | None = None
    """Status of the answer, None when there was none."""
    reason: str = ""
    """Reason phrase of the answer, Latin-1."""
    error: str | None = None
    """One sentence that says what went wrong and what helps; None when an answer came whole."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Header lines of the answer, raw, in order."""
    body: bytes = b""
    """The first bytes of the answer's body (at most 1 MiB), undecoded."""
    body_size: int = 0
    """How many bytes of answer body were read, also those not kept."""
    changes: tuple[str, ...] = ()
    """What the replay changed against the captured request, a line each: ``- Host: a``, ``+ Host: b``."""
    connect_ms: float | None = None
    first_byte_ms: float | None = None
    id: int | None = None
    """Row id once it is stored."""

    @property
    def passed(self) -> bool:
        """True when a 2xx answer came."""
        return self.error is None and self.status is not None and 200 <= self.status <= 299

    def as_json(self) -> JsonObject:
        """The attempt as one JSON object: what `inspector replay --json` prints a line of."""
        return {
            "event": self.event,
            "target": self.target,
            "status": self.status,
            "error": self.error,
            "ms": round(self.ms, 3),
        }


def rfc3339(us: int) -> str:
    """Microseconds since 1970 (UTC) as RFC 3339 with six digits and ``Z``."""
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class InspectorError(Exception):
    """Something the user can act on; the text says what was wrong and what to do. `code` is the exit code."""

    def __init__(self, text: str, code: int = 2) -> None:
        super().__init__(text)
        self.code = code
