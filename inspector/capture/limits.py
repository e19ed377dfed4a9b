"""Limits of the listener, in one place: what they are, their defaults, and the words when one is met."""

from __future__ import annotations

import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inspector.core.events import InspectorError
from inspector.core.units import byte_count, count, seconds

_OTHER_FILES = 64
"""Open files that are left for everything but connections."""


def _default_connections() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 512
    return max(8, min(512, soft - _OTHER_FILES))


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


@dataclass(frozen=True, slots=True)
class Flag:
    """The option that sets one limit, and what it takes, all in the words of the user."""

    option: str
    metavar: str
    help: str
    default: str
    low: str
    high: str
    read: Callable[[str], int | float]
    """From words to bytes, seconds or a number; ValueError if it cannot."""


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(f"{text!r} is no number")
    return int(text)


def _size(option: str, what: str, default: str, low: str, high: str) -> Flag:
    return Flag(option, "SIZE", f"{what} ({default}).", default, low, high, byte_count)


def _time(option: str, what: str, default: str, high: str) -> Flag:
    return Flag(option, "TIME", f"{what} ({default}).", default, "100ms", high, seconds)


def _count(option: str, what: str, default: str) -> Flag:
    return Flag(option, "N", f"{what} ({default}).", default, "1", "100000", _number)


FLAGS: dict[str, Flag] = {
    "body": _size("--max-body", "Bytes kept of a body", "25MiB", "1", "4GiB"),
    "head_deadline": _time("--head-deadline", "Time for a request's head", "10s", "1h"),
    "body_deadline": _time("--body-deadline", "Time for a request's body", "30s", "1d"),
    "connections": _count("--max-connections", "Connections at once", "512"),
    "line": _size("--max-request-line", "Bytes of the request line", "64KiB", "64", "16MiB"),
    "field": _size("--max-header-line", "Bytes of one header line", "64KiB", "64", "16MiB"),
    "fields": _count("--max-header-lines", "Header lines of a request", "1000"),
    "head": _size("--max-head", "Bytes of all header lines together", "256KiB", "128", "64MiB"),
    "raw": _size("--max-raw", "Bytes kept of a rejected head", "64KiB", "1", "64MiB"),
    "in_flight": _size("--max-memory", "Bytes of arriving bodies in memory", "24MiB", "64KiB", "64GiB"),
    "min_free": _size("--min-free", "Bytes of disk that stay free", "200MB", "0", "1000TB"),
}
"""One option of ``inspector listen`` for each of `Limits`, by the name it has there. A body is at most 4 GiB: it
comes to the store in at most 65,536 pieces, of at least 64 KiB."""


def read_limits(given: Mapping[str, str | None]) -> Limits:
    """The default limits with what the user gave for some of them, by the names of `Limits`, in words
    (``25M``, ``10s``); InspectorError says which one is wrong."""
    settings: dict[str, Any] = {}
    for name, text in given.items():
        if text is None:
            continue
        flag = FLAGS[name]
        try:
            value = flag.read(text.strip())
        except ValueError as error:
            raise InspectorError(f"{flag.option}: {error}.") from None
        if not flag.read(flag.low) <= value <= flag.read(flag.high):
            raise InspectorError(f"{flag.option} is from {flag.low} to {flag.high}, not {text}.")
        settings[name] = value
    limits = Limits(**settings)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and limits.connections > soft - _OTHER_FILES:
        what = (
            f"--max-connections {limits.connections} is more"
            if limits.connections
            else "a listener needs more"
        )
        raise InspectorError(f"{what} than the system allows: {soft:,} open files. ulimit -n raises that.")
    return limits
