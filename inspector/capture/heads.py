"""Heads that aiohttp's parser refuses, read a second time: what is ambiguous or unreadable stays refused.

An unusual method, a missing Host, a repeated Content-Type or a target in raw UTF-8 is no reason to lose an
event. What leaves open where the body ends (two lengths, a length beside chunks) or breaks the lines (bare
line feeds, folded lines, control characters) stays refused, with the reason in words that echo nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from inspector.capture.limits import Limits
from inspector.core.events import Request
from inspector.core.labels import HeaderLines
from inspector.core.units import count

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(
    rb"(" + _TOKEN + rb") ([^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?) HTTP/([0-9])\.([0-9])"
)
_OLDEST_LINE = re.compile(rb"(GET) (/[^\x00-\x20\x7f]*)")
_BEGINNING = re.compile(_TOKEN + rb"(?: [^\x00-\x1f\x7f]*)?")
_NAME = re.compile(_TOKEN)
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_BARE_FEED = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)")
_BARE = "a line does not end with carriage return and line feed"
_NO_HTTP = "not an HTTP request"
_FOREIGN = (
    (
        b"\x16\x03",
        "TLS bytes on the plain HTTP port; the sender's URL begins with https, this listener speaks http",
    ),
    (b"PRI * HTTP/2", "HTTP/2 without TLS is not spoken here; the sender may use HTTP/1.1"),
    (b"SSH-", "an SSH client connected to the HTTP port"),
)
"""How other protocols begin, and what to say of them."""


_LAST_CHUNK = re.compile(rb"0+[ \t]*(?:;.*)?", re.DOTALL)


def trailers_in(end: bytes | bytearray) -> HeaderLines | None:
    """The header lines after the last chunk of a body that ends with these bytes; None if they begin before them.

    The parser has seen that each of them is a header line, which the line of the last chunk never is.
    """
    if end.endswith(b"\r\n0\r\n\r\n"):
        return ()
    found: list[tuple[bytes, bytes]] = []
    for line in reversed(bytes(end[:-4]).split(b"\r\n")):
        if _LAST_CHUNK.fullmatch(line):
            return tuple(reversed(found))
        name, _, value = line.partition(b":")
        found.append((name, value.strip(b" \t")))
    return None


class Unreadable(Exception):
    """The head stays refused; the text says why, in words."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it was sent, and the least of it that tells a parser where the body ends."""

    request: Request
    """Without the body."""
    framing: bytes
    """A plain head with the same framing: for the parser, which need not see the rest."""


def request_line(raw: bytes) -> Request | None:
    """The request that the first line of refused bytes announces, without headers; None if it is none."""
    line = raw.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r")
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        return None
    return Request(found[1].decode("ascii"), found[2], version=f"{found[3].decode()}.{found[4].decode()}")


def hopeless(beginning: bytes, known: int = 0) -> str | None:
    """Why the rest of a head need not be waited for, in words; None when it may still become one.

    `known` bytes of it have been looked at before.
    """
    for foreign, words in _FOREIGN:
        if beginning.startswith(foreign):
            return words
    line, end, _ = beginning.partition(b"\n")
    if not end:
        return None if _BEGINNING.fullmatch(line.removesuffix(b"\r")) else _NO_HTTP
    bare = line[-1:] != b"\r"
    line = line.removesuffix(b"\r")
    if _REQUEST_LINE.fullmatch(line) is None and _OLDEST_LINE.fullmatch(line) is None:
        return "the request line is not METHOD target HTTP/1.1" if b" HTTP/" in line else _NO_HTTP
    return _BARE if bare or _BARE_FEED.search(beginning, max(0, known - 1)) else None


def read_again(head: bytes, limits: Limits) -> Head:
    """Read a refused head, which goes to its blank line; raises Unreadable if it must stay refused."""
    reason = hopeless(head)
    if reason is not None:
        raise Unreadable(reason)
    lines = head.split(b"\r\n")[:-2]
    if len(lines[0]) > limits.line:
        raise Unreadable(f"the request line is longer than {count(limits.line)} bytes")
    if len(lines) - 1 > limits.fields:
        raise Unreadable(f"more than {count(limits.fields)} header lines")
    headers = tuple(_header(line, limits) for line in lines[1:])
    announced = request_line(lines[0])
    if announced is None:
        method, _, target = lines[0].partition(b" ")
        announced = Request(method.decode("ascii"), target, version="0.9")
    return Head(
        replace(announced, headers=headers),
        b"POST / HTTP/1.1\r\nHost: -\r\nConnection: close\r\n" + _framing(headers) + b"\r\n",
    )


def _header(line: bytes, limits: Limits) -> tuple[bytes, bytes]:
    if len(line) > limits.field:
        raise Unreadable(f"a header line is longer than {count(limits.field)} bytes")
    name, colon, value = line.partition(b":")
    if name[:1] in (b" ", b"\t"):
        raise Unreadable("a header line is folded")
    if not colon:
        raise Unreadable("a header line has no colon")
    if name[-1:] in (b" ", b"\t"):
        raise Unreadable("a header line has white space before its colon")
    if _NAME.fullmatch(name) is None:
        raise Unreadable("a header line has no name that HTTP allows")
    value = value.strip(b" \t")
    if _CONTROL.search(value):
        raise Unreadable("a header line holds control characters")
    return name, value


def _framing(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """The lines that say where the body ends; raises Unreadable if they leave it open."""
    named = [(name.lower(), value) for name, value in headers]
    lengths = [value for name, value in named if name == b"content-length"]
    codings = [value for name, value in named if name == b"transfer-encoding"]
    lines = b"Expect: 100-continue\r\n" if (b"expect", b"100-continue") in named else b""
    if lengths and codings:
        raise Unreadable("both Content-Length and Transfer-Encoding: where the body ends is ambiguous")
    if len(lengths) > 1 or len(codings) > 1:
        name = "Content-Length" if lengths else "Transfer-Encoding"
        raise Unreadable(f"more than one {name}: where the body ends is ambiguous")
    if lengths:
        if re.fullmatch(rb"[0-9]{1,18}", lengths[0]) is None:
            raise Unreadable("Content-Length is no number of bytes")
        return lines + b"Content-Length: " + lengths[0] + b"\r\n"
    if codings:
        steps = [step.strip(b" \t").lower() for step in codings[0].split(b",")]
        if steps[-1] != b"chunked" or steps.count(b"chunked") > 1:
            raise Unreadable(
                "Transfer-Encoding does not end with one chunked: where the body ends is unknown"
            )
        return lines + b"Transfer-Encoding: chunked\r\n"
    return lines
