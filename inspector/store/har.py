"""HTTP archives (HAR 1.2): what was captured for other programs, and requests from other programs' archives.

A body that is not UTF-8 is Base64, which the format has no place for: ``_encoding`` says so. What only we
know of an event stands in ``_inspector``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from inspector import __version__
from inspector.core.events import Event, InspectorError, JsonObject, Request
from inspector.core.redact import redact_request
from inspector.core.strict_json import json_line
from inspector.store.exported import Imported, pairs, read_exported


def write_har(
    out: IO[str], events: Iterator[tuple[Event, Request | None, bytes | None]], show_secrets: bool
) -> tuple[int, int, int]:
    """Write an archive; returns how many events it has, how many were left out, and how many secrets
    masked."""
    creator = json_line({"name": "inspector", "version": __version__})
    out.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [')
    number = left_out = masked = 0
    for event, request, _ in events:
        if request is None or event.rejected is not None:
            left_out += 1
            continue
        if not show_secrets:
            request, secrets = redact_request(request)
            masked += secrets
        out.write((",\n" if number else "\n") + json_line(_entry(event, request)))
        number += 1
    out.write("\n]}}\n")
    return number, left_out, masked


def _entry(event: Event, request: Request) -> JsonObject:
    target = request.target.decode("latin-1")
    url = target if "://" in target else f"http://{_latin(request.header(b'host')) or 'localhost'}{target}"
    sent: JsonObject = {
        "method": request.method,
        "url": url,
        "httpVersion": f"HTTP/{request.version}",
        "cookies": [],
        "headers": [{"name": _latin(name), "value": _latin(value)} for name, value in request.headers],
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(target.partition("?")[2], keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        sent["postData"] = _post_data(request)
    known = event.as_json()
    del known["method"]
    known["target"] = target
    known["trailers"] = pairs(request.trailers)
    return {
        "startedDateTime": event.received_at,
        "time": 0,
        "request": sent,
        "response": {
            "status": event.status or 0,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": ""},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_inspector": known,
    }


def _post_data(request: Request) -> JsonObject:
    kind = _latin(request.header(b"content-type"))
    try:
        return {"mimeType": kind, "text": request.body.decode("utf-8")}
    except UnicodeDecodeError:
        text = base64.b64encode(request.body).decode()
        return {"mimeType": kind, "text": text, "_encoding": "base64"}


def _latin(value: bytes | None) -> str:
    return "" if value is None else value.decode("latin-1")


def read_har(data: bytes, name: str) -> Iterator[Imported]:
    """The requests of an archive as events; InspectorError names the entry that cannot be read."""
    try:
        entries = json.loads(data)["log"]["entries"]
        if not isinstance(entries, list):
            raise TypeError
    except (ValueError, LookupError, TypeError, RecursionError):
        raise InspectorError(f"{name} is no HTTP archive (HAR). Nothing was imported.") from None
    for number, entry in enumerate(entries, 1):
        where = f"{name}, entry {number}"
        try:
            line = _line(entry)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise InspectorError(f"{where}: this is no entry of an archive. Nothing was imported.") from None
        yield read_exported(line, where)


def _line(entry: Any) -> JsonObject:
    """An entry as the line that `exported.whole` writes."""
    sent, known = entry["request"], entry.get("_inspector") or {}
    url = urlsplit(sent["url"])
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = [[one["name"], one["value"]] for one in sent["headers"] if not one["name"].startswith(":")]
    post = sent.get("postData") or {}
    body = "body_base64" if post.get("_encoding") == "base64" else "body"
    return {
        "received_at": entry["startedDateTime"],
        "method": sent["method"],
        "target": known.get("target", target),
        "remote": known.get("remote", "import"),
        "version": sent["httpVersion"].removeprefix("HTTP/") if sent["httpVersion"] == "HTTP/1.0" else "1.1",
        "headers": headers,
        "trailers": known.get("trailers", []),
        body: post.get("text", ""),
        **{key: known.get(key) for key in ("status", "incomplete", "count", "starred", "comment")},
    }
