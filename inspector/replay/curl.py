"""A captured request as a shell command: what a replay sends, sent by curl.

One line of printable ASCII (the mask apart) in a fixed form that bash, dash and zsh read alike. Nothing in a
request can end a quotation, name a file or expand: the body goes through printf to curl's standard input, and
bytes that are not printable ASCII are written in octal.
"""

from __future__ import annotations

import re

from inspector.core.events import InspectorError, Request
from inspector.core.redact import MASK, redact_request
from inspector.replay.build import build, outgoing_headers, outgoing_target
from inspector.replay.target import parse_target

_PRINTABLE = re.compile(rb"[ -~]*")
_PLAIN_WORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PLAIN_TARGET = re.compile(rb"/[A-Za-z0-9/?&=._~%+:;,@!$()*{}'\[\]-]*")
_NOT_IN_FORMAT = re.compile(rb"[^ -~]|[%\\'!]|^-")
_BY_DEFAULT = (b"Accept", b"User-Agent", b"Content-Type", b"Expect")
"""Header lines that curl adds unless told not to."""


def as_curl(request: Request, url_base: str, *, reveal: bool = False) -> str:
    """The command that sends `request` to `url_base`, as a replay to this target would.

    Header lines keep their order and number, but curl writes Host first. Secrets are masked (see
    `redact_request`, which also counts them) unless `reveal`. Raises InspectorError for a request that cannot
    be sent, or not by curl.
    """
    if not reveal:
        request, _ = redact_request(request)
    target = parse_target(url_base)
    build(request, target)
    words = ["curl", "-g", "--path-as-is"]
    if request.version == "1.0":
        words.append("--http1.0")
    elif target.tls:
        words.append("--http1.1")
    words += _method(request)
    path = outgoing_target(request.target, target)
    if _PLAIN_TARGET.fullmatch(path.replace(MASK.encode(), b"")):
        url = target.origin.encode() + path
    else:
        words += ["--request-target", _quoted(path)]
        url = target.origin.encode() + b"/"
    for line in _header_lines(request, outgoing_headers(request, target)):
        words += ["-H", _quoted(line)]
    if request.body:
        words += ["--data-binary", "@-"]
    words.append(_quoted(url))
    command = " ".join(words)
    return f"printf {_format(request.body)} | {command}" if request.body else command


def _method(request: Request) -> list[str]:
    if request.method == "HEAD" and not request.body:
        return ["--head"]
    return ["-X", _quoted(request.method.encode("latin-1"))]


def _header_lines(request: Request, headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    """The values of -H: every line but Host, which curl takes from the URL; and what curl is not to add."""
    present = {name.lower() for name, _ in headers}
    lines = [name + b":" for name in _BY_DEFAULT if name.lower() not in present]
    for name, value in headers:
        if name.lower() == b"host":
            continue
        if name.startswith(b"@") or b";" in name:
            raise InspectorError("curl cannot send a header name with @ or ; in it; use inspector replay.")
        # To curl, "Name:" takes a line away, and "Name;" is how to send one without a value.
        lines.append(name + b": " + value if value else name + b";")
    return lines


def _quoted(text: bytes) -> str:
    """One shell word that stands for exactly these bytes (no NUL, no newline at the end)."""
    if _PLAIN_WORD.fullmatch(text):
        return text.decode("ascii")
    if _PRINTABLE.fullmatch(text.replace(MASK.encode(), b"")):
        return "'" + text.decode().replace("'", "'\\''") + "'"
    return f'"$(printf {_format(text)})"'


def _format(text: bytes) -> str:
    """A single-quoted format for printf that writes exactly these bytes.

    ``!`` is in octal because an interactive bash expands it between double quotes; a leading dash would be an
    option.
    """
    parts = [_NOT_IN_FORMAT.sub(_octal, part).decode("ascii") for part in text.split(MASK.encode())]
    return "'" + MASK.join(parts) + "'"


def _octal(match: re.Match[bytes]) -> bytes:
    return b"\\%03o" % match[0][0]
