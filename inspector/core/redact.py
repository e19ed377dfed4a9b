"""Secrets in captured traffic: which names hold one, and how its value is masked on every way out.

Masking works on the text as it stands, so that everything else stays as it was sent: order, spacing, numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from inspector.core.events import Request

MASK = "••••••"

_WHOLE = frozenset(("authorization", "proxy-authorization", "cookie", "set-cookie"))
_PART = re.compile(r"token|secret|signature|hmac|passw(?:or)?d|api-?key|private-?key")

Headers = tuple[tuple[bytes, bytes], ...]


def is_secret_name(name: str) -> bool:
    """Whether a header, query field or payload key of this name holds a secret: ``X-Hub-Signature``."""
    plain = name.lower().replace("_", "-")
    return plain in _WHOLE or _PART.search(plain) is not None


def redact_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[Headers, int]:
    """Return the header lines with the values of secret names masked (MASK as UTF-8), and how many were."""
    lines: list[tuple[bytes, bytes]] = []
    masked = 0
    for name, value in headers:
        if value and is_secret_name(name.decode("latin-1")):
            value = MASK.encode()
            masked += 1
        lines.append((name, value))
    return tuple(lines), masked


# The closing quote may be missing: a text that breaks off inside a string is still read only once.
_TOKEN = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"|\\?\Z)(\s*+:)?|[][{}]', re.DOTALL)
_MAYBE = re.compile(r"authorization|cookie|\\u|" + _PART.pattern.replace("-", "[-_]"), re.IGNORECASE)


def redact_payload_text(text: str) -> tuple[str, int]:
    """Mask the string values of secret keys in JSON text, and the strings in an array of such a key.

    Returns the text, otherwise unchanged to the character, and how many values were masked. In text that is
    no JSON, whatever looks like such a key and its value is masked.
    """
    if _MAYBE.search(text) is None:
        return text, 0
    parts: list[str] = []
    copied = masked = 0
    secret_key = False
    secret_arrays = [False]  # for every open bracket, whether the strings directly in it are secret
    for token in _TOKEN.finditer(text):
        sign = token[0][0]
        if sign == '"' and token[2]:
            secret_key = is_secret_name(_unescaped(token[1]))
            continue
        if sign == "[":
            secret_arrays.append(secret_key or secret_arrays[-1])
        elif sign == "{":
            secret_arrays.append(False)
        elif sign == '"':
            if token[1] and (secret_key or secret_arrays[-1]):
                parts += text[copied : token.start()], f'"{MASK}"'
                copied = token.end()
                masked += 1
        elif len(secret_arrays) > 1:
            secret_arrays.pop()
        secret_key = False
    parts.append(text[copied:])
    return "".join(parts), masked


def _unescaped(key: str) -> str:
    if "\\" not in key:
        return key
    try:
        return str(json.loads(f'"{key}"', strict=False))
    except ValueError:
        return key


def redact_query(query: bytes) -> tuple[bytes, int]:
    """Mask the values of secret names in ``a=1&token=x``: a query, or a form as a body."""
    fields = query.split(b"&")
    masked = 0
    for index, field in enumerate(fields):
        name, equals, value = field.partition(b"=")
        if equals and value and is_secret_name(name.decode("latin-1")):
            fields[index] = name + equals + MASK.encode()
            masked += 1
    return b"&".join(fields), masked


def redact_request(request: Request) -> tuple[Request, int]:
    """The request with the secrets in its headers, query and body masked, and how many there were.

    The body is looked into where it is JSON text or a form; a compressed one stays as it is.
    """
    headers, in_headers = redact_headers(request.headers)
    trailers, in_trailers = redact_headers(request.trailers)
    path, mark, query = request.target.partition(b"?")
    query, in_query = redact_query(query)
    body, in_body = _redact_body(request)
    masked = in_headers + in_trailers + in_query + in_body
    target = path + mark + query
    return replace(request, target=target, headers=headers, body=body, trailers=trailers), masked


def _redact_body(request: Request) -> tuple[bytes, int]:
    body = request.body
    if (request.header(b"content-type") or b"").lower().startswith(b"application/x-www-form-urlencoded"):
        return redact_query(body)
    encoding = json.detect_encoding(body)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    try:
        text = body.decode(encoding, errors)
    except UnicodeDecodeError:
        return body, 0
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return body, 0
    text, masked = redact_payload_text(text)
    return (text.encode(encoding, errors), masked) if masked else (body, 0)
