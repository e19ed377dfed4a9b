"""Payload files: one JSON document, or one raw request (``.http``), read as the request it stands for."""

from __future__ import annotations

import re
from pathlib import Path

from inspector.core.events import InspectorError, Request
from inspector.core.payload import NotJson, parse

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\s\x00]+) HTTP/(\d\.\d)")
_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SUFFIXES = (".json", ".http")


def is_payload_file(text: str) -> bool:
    """True when an argument means a file: it has a ``/``, or ends in ``.json`` or ``.http``."""
    return "/" in text or text.lower().endswith(_SUFFIXES)


def read_payload_file(path: Path) -> Request:
    """The request that a payload file stands for.

    A ``.http`` file is a raw request, kept to the byte: request line, header lines, blank line, body; the
    lines of its head may end in CRLF or LF. Any other file is a JSON document: the body of a POST to ``/``.
    Raises InspectorError when there is no such file, or when it is neither.
    """
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise InspectorError(f"{path} is a folder; name a payload file in it.") from None
    except FileNotFoundError:
        raise InspectorError(f"there is no file {path}.") from None
    except OSError as error:
        raise InspectorError(f"cannot read {path}: {(error.strerror or str(error)).lower()}.") from None
    if path.suffix.lower() == ".http":
        return _raw_request(path, data)
    try:
        parse(data)
    except NotJson as error:
        raise InspectorError(
            f"{path} is no payload. {error} A raw request stands in a file that ends in .http."
        ) from None
    return Request("POST", b"/", ((b"Content-Type", b"application/json"),), data)


def _raw_request(path: Path, data: bytes) -> Request:
    lines, body = _head(path, data)
    match = _REQUEST_LINE.fullmatch(lines[0])
    if match is None:
        raise InspectorError(f"{path}, line 1: a request line is wanted, such as POST /hooks HTTP/1.1")
    headers: list[tuple[bytes, bytes]] = []
    for number, line in enumerate(lines[1:], 2):
        name, colon, value = line.partition(b":")
        if not colon or not _HEADER_NAME.fullmatch(name):
            raise InspectorError(
                f"{path}, line {number}: a header line is wanted, such as Content-Type: application/json "
                "(a blank line ends the head)."
            )
        headers.append((name, value.strip(b" \t")))
    return Request(match[1].decode("ascii"), match[2], tuple(headers), body, version=match[3].decode("ascii"))


def _head(path: Path, data: bytes) -> tuple[list[bytes], bytes]:
    """The lines of the head without their ends, and what follows the blank line."""
    lines: list[bytes] = []
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        line = data[at:end].removesuffix(b"\r")
        at = end + 1
        if not line and lines:
            return lines, data[at:]
        lines.append(line)
        if not line:
            break
    if not data or lines == [b""]:
        raise InspectorError(f"{path}, line 1: a request line is wanted, such as POST /hooks HTTP/1.1")
    raise InspectorError(f"{path}: the head has no end; a blank line stands before the body.")
