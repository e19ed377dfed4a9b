"""An event as one line of JSON that holds all of it, both ways: `show --json`, `export`, `import`.

Header lines, target and raw head are Latin-1 text of the received bytes; a body that is not UTF-8 is Base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from inspector.core.events import Event, InspectorError, JsonObject, Request
from inspector.store.arrival import Arrival
from inspector.store.writer import now

_SIGNS = frozenset(("received_at", "method", "target", "headers", "remote"))
"""Members by which an exported event is told from a payload."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Imported:
    """What one event of a file is to become."""

    arrival: Arrival
    starred: bool = False
    comment: str | None = None


def whole(event: Event, request: Request | None, raw_head: bytes | None) -> JsonObject:
    """The event with version, headers and body: what `show --json` and `export --as ndjson` print a line
    of."""
    line = event.as_json()
    line["version"] = None if request is None else request.version
    line["headers"] = [] if request is None else pairs(request.headers)
    if request is not None and request.trailers:
        line["trailers"] = pairs(request.trailers)
    body = b"" if request is None else request.body
    try:
        line["body"] = body.decode("utf-8")
    except UnicodeDecodeError:
        line["body_base64"] = base64.b64encode(body).decode()
    if raw_head is not None:
        line["raw_head"] = raw_head.decode("latin-1")
    return line


def pairs(lines: tuple[tuple[bytes, bytes], ...]) -> list[list[str]]:
    """Header lines as JSON: names and values are Latin-1 text of the received bytes."""
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in lines]


def is_exported(value: object) -> bool:
    """True when a value is an exported event, and no payload."""
    return isinstance(value, dict) and set(value) >= _SIGNS


def read_exported(value: JsonObject, where: str) -> Imported:
    """The event that `whole` wrote; InspectorError, beginning with `where`, when it is broken."""
    try:
        return _read(value)
    except KeyError as error:
        problem = f"{error.args[0]} is missing"
    except (TypeError, ValueError, OverflowError) as error:
        problem = str(error)
    raise InspectorError(f"{where}: this looks like an exported event, but is broken: {problem}.")


def _read(value: JsonObject) -> Imported:
    method, target = _text(value, "method"), _text(value, "target")
    request = None
    if method is not None and target is not None:
        lines = tuple(_header_line(line) for line in value["headers"])
        after = tuple(_header_line(line) for line in value.get("trailers", ()))
        version = _text(value, "version") or "1.1"
        method.encode("latin-1")
        request = Request(method, target.encode("latin-1"), lines, _body(value), version, after)
    raw = _text(value, "raw_head")
    arrival = Arrival(
        request,
        _text(value, "remote") or "import",
        _moment(value["received_at"]),
        now()[1],
        _number(value, "status"),
        _text(value, "incomplete"),
        _text(value, "rejected"),
        None if raw is None else raw.encode("latin-1"),
        count=_number(value, "count") or 1,
    )
    return Imported(arrival, value.get("starred") is True, _text(value, "comment"))


def _text(value: JsonObject, name: str) -> str | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise TypeError(f"{name} is no text")
    found.encode()
    return found


def _number(value: JsonObject, name: str) -> int | None:
    found = value.get(name)
    if found is None:
        return None
    if type(found) is not int or not 0 <= found < 1 << 31:
        raise TypeError(f"{name} is no number")
    return found


def _moment(text: Any) -> int:
    if not isinstance(text, str):
        raise TypeError("received_at is no text")
    when = datetime.fromisoformat(text)
    return (when.replace(tzinfo=when.tzinfo or UTC) - _EPOCH) // timedelta(microseconds=1)


def _body(value: JsonObject) -> bytes:
    if "body_base64" in value:
        try:
            return base64.b64decode(value["body_base64"], validate=True)
        except binascii.Error:
            raise ValueError("body_base64 is no Base64") from None
    body = value["body"]
    if not isinstance(body, str):
        raise TypeError("body is no text")
    return body.encode()


def _header_line(line: Any) -> tuple[bytes, bytes]:
    if not isinstance(line, list) or len(line) != 2 or not all(isinstance(part, str) for part in line):
        raise TypeError("a header line is no pair of name and value")
    name, value = line
    if not _NAME.fullmatch(name) or re.search("[\r\n\0]", value):
        raise ValueError("a header line would not stay one line")
    return name.encode("latin-1"), value.encode("latin-1")
