"""From a request to what is known of it: sender, type and shape, in one pass.

This runs for every small event inside the transaction that stores it, so it does each thing once and nothing
twice. Bodies over `SMALL`, and compressed ones, are left to a background process, which calls `identify` on
the decoded bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from inspector.core.events import Request
from inspector.core.payload import NotJson, parse, parse_lightly
from inspector.core.senders import Headers, Identity, recognise
from inspector.core.shapes import Shape, shape_and_members, shape_of

SMALL = 64 * 1024
"""Bytes of body up to which an event is identified before its sender is answered."""

_MAX_FIELDS = 1000


def _nothing() -> None:
    return None


class Identified(NamedTuple):
    """Identity and shape of one request; `shape` is None when the body is not JSON (or nested too deep)."""

    identity: Identity
    shape: Shape | None
    payload: Callable[[], Any] = _nothing
    """Gives what the body decodes to, where there is a shape."""


def header_map(lines: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """Header lines by lower-case name, Latin-1; of repeated ones the first counts."""
    return {_lower[name]: value.decode("latin-1") for name, value in reversed(lines)}


class _Lower(dict[bytes, str]):
    """Names in lower case, as they recur from request to request."""

    def __missing__(self, name: bytes) -> str:
        if len(self) >= 1000:
            self.clear()
        lower = name.decode("latin-1").lower()
        if len(name) <= 100:
            self[name] = lower
        return lower


_lower = _Lower()


def is_encoded(headers: Headers) -> bool:
    """True when the body has a Content-Encoding that is to be undone first."""
    return headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def is_quick(headers: Headers, size: int) -> bool:
    """True when the request may be identified on the way to the acknowledgement."""
    return size <= SMALL and not is_encoded(headers)


def decoded_body(headers: Headers, request: Request) -> bytes:
    """The body without its Content-Encoding."""
    if not is_encoded(headers):
        return request.body
    from inspector.core.bodies import decoded

    return decoded(request).data


def payload_of(headers: Headers, body: bytes) -> Any:
    """The payload in a (decoded) body: JSON, or the ``payload`` field of a form as GitHub may send it.

    Raises NotJson when there is none.
    """
    if not body:
        raise NotJson("Empty body, 0 bytes.")
    return parse(_json_in(headers, body))


def _json_in(headers: Headers, body: bytes) -> bytes:
    """The JSON in a body: the body, or a field of a form."""
    if body[:8] == b"payload=" and "urlencoded" in headers.get("content-type", "").lower():
        text = body.decode("utf-8", "replace")
        try:
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise NotJson(f"A form of more than {_MAX_FIELDS:,} fields.") from None
        return fields["payload"][0].encode("utf-8", "surrogatepass")
    return body


def identify(headers: Headers, body: bytes) -> Identified:
    """Identify a request by its header lines and its decoded body. Never raises for what a sender can
    send."""
    if not body:
        return Identified(recognise(headers, None), None)
    try:
        written = _json_in(headers, body)
        payload, most = parse_lightly(written)
        shape, members = shape_and_members(payload)
        if members != most:
            payload = parse(written)
            shape = shape_of(payload)
    except (NotJson, ValueError):
        return Identified(recognise(headers, None), None)
    return Identified(recognise(headers, payload), shape, lambda: payload)


def identify_request(request: Request) -> Identified:
    """Identify a whole request, its Content-Encoding decoded first: for the background and for imports."""
    headers = header_map(request.headers)
    return identify(headers, decoded_body(headers, request))


def payload_of_request(request: Request) -> Any:
    """The payload of a whole request, its Content-Encoding decoded first. Raises NotJson when there is none."""
    headers = header_map(request.headers)
    return payload_of(headers, decoded_body(headers, request))
