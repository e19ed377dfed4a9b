"""The bytes of a replay: the captured request, with only what the way to another target forces to change.

These are Host, Content-Length, Transfer-Encoding and Connection, each at its place; the lines after a body in
chunks, which goes out whole; and the path, where the target names one. Everything else goes out as it came in,
byte for byte.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from inspector.core.events import InspectorError, Request
from inspector.core.text import visible, visible_bytes
from inspector.replay.target import Target

Line = tuple[bytes, bytes]

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*(.*)", re.DOTALL)
_NOT_ON_REQUEST_LINE = re.compile(rb"[\x00-\x20\x7f]")
_NOT_IN_NAME = re.compile(rb"[\x00-\x20\x7f:]")
_NOT_IN_VALUE = re.compile(rb"[\x00\r\n]")


class Outgoing(NamedTuple):
    """What goes over the wire."""

    head: bytes
    """Request line and header lines, with the blank line that ends them."""
    body: bytes
    changes: tuple[str, ...]
    """What differs from the captured request, safe to show: ``- Host: a`` and ``+ Host: b`` lines."""


def build(request: Request, target: Target) -> Outgoing:
    """Make the bytes that send `request` to `target`. InspectorError when it cannot be sent as HTTP/1.1."""
    if request.method == "CONNECT":
        raise InspectorError("CONNECT asks a proxy for a tunnel; there is nothing to replay.")
    captured = b"%s %s HTTP/%s" % (_latin(request.method), request.target, _latin(request.version))
    method, path = _latin(request.method), outgoing_target(request.target, target)
    for part, what in ((method, "method"), (path, "target")):
        if not part or _NOT_ON_REQUEST_LINE.search(part):
            raise InspectorError(
                f"The {what} {visible_bytes(part) or 'that is empty'} cannot stand on a request line."
            )
    version = b"1.0" if request.version == "1.0" else b"1.1"
    request_line = b"%s %s HTTP/%s" % (method, path, version)
    lines = [request_line]
    changes = (
        []
        if request_line == captured
        else [f"- {visible_bytes(captured)}", f"+ {visible_bytes(request_line)}"]
    )
    for old, new in _pairs(request, target.authority.encode()):
        if new is not None:
            lines.append(_checked(new))
        if old != new:
            changes += [
                f"{sign} {_shown(line)}" for sign, line in (("-", old), ("+", new)) if line is not None
            ]
    changes += [f"- {_shown(line)}" for line in request.trailers]
    return Outgoing(b"\r\n".join([*lines, b"", b""]), request.body, tuple(changes))


def outgoing_headers(request: Request, target: Target) -> list[Line]:
    """The header lines that `build` sends."""
    return [new for _, new in _pairs(request, target.authority.encode()) if new is not None]


def outgoing_target(captured: bytes, target: Target) -> bytes:
    """The request target to send: the path of `target` or the captured one, then both queries joined with &.

    An absolute URL is sent as its path and query, ``*`` as it is. InspectorError for what has no path.
    """
    absolute = _ABSOLUTE.fullmatch(captured)
    if absolute is not None:
        captured = absolute[1] if absolute[1].startswith(b"/") else b"/" + absolute[1]
    path, mark, query = captured.partition(b"?")
    if target.path is not None:
        path = target.path
    elif not path.startswith(b"/") and path != b"*":
        raise InspectorError(
            f"The captured target {visible_bytes(captured)} has no path; give --to a URL with one."
        )
    if target.query:
        mark, query = b"?", target.query + (b"&" + query if query else b"")
    return path + mark + query


def _pairs(request: Request, host: bytes) -> list[tuple[Line | None, Line | None]]:
    """Every captured header line with the line that replaces it: None where one is dropped or added."""
    size = len(request.body)
    has_length = request.header(b"content-length") is not None
    pairs: list[tuple[Line | None, Line | None]] = []
    done: set[bytes] = set()
    for name, value in request.headers:
        field = name.lower()
        new: Line | None = (name, value)
        if field == b"transfer-encoding":
            # The body is kept without its chunks, so it is framed by its length.
            field = b"content-length"
            new = None if has_length else (b"Content-Length", b"%d" % size)
        elif field == b"content-length" and not _is_number(value, size):
            new = (name, b"%d" % size)
        elif field == b"host":
            new = (name, host)
        elif field == b"connection" and value.strip().lower() != b"close":
            new = (name, b"close")
        if new is not None and field in (b"host", b"content-length", b"connection"):
            if field in done:
                new = None
            done.add(field)
        pairs.append(((name, value), new))
    if size and b"content-length" not in done:
        pairs.append((None, (b"Content-Length", b"%d" % size)))
    return pairs


def _is_number(value: bytes, number: int) -> bool:
    return len(value) <= 20 and value.isdigit() and int(value) == number


def _checked(line: Line) -> bytes:
    name, value = line
    if not name or _NOT_IN_NAME.search(name) or _NOT_IN_VALUE.search(value):
        raise InspectorError(
            f"The header line {visible_bytes(name)} cannot be sent: it would not stay one line."
        )
    return b"%s: %s" % line if value else name + b":"


def _shown(line: Line) -> str:
    return f"{visible_bytes(line[0])}: {visible_bytes(line[1])}"


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise InspectorError(f"{visible(text)} cannot stand on a request line.") from None
