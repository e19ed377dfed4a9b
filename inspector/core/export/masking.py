"""Payloads with their secrets masked, before examples are taken from them."""

from __future__ import annotations

import re
from typing import Any

from inspector.core.redact import MASK, is_secret_name, redact_payload_text, redact_query

_USERINFO = re.compile(r"(?<=://)[^/\s@?#]*@")
_QUERY = re.compile(r"\?([^\s#]+)")


def masked(payload: Any) -> Any:
    """A copy of a payload in which the scalars under secret names are masked, as are secrets within strings.

    Within strings: JSON text with secret keys, and URLs with a password or with a secret in the query. null
    and booleans stay as they are.
    """
    holder: list[Any] = [payload]
    waiting: list[tuple[Any, Any, bool]] = [(holder, 0, False)]
    while waiting:
        parent, key, secret = waiting.pop()
        value = parent[key]
        if isinstance(value, dict):
            parent[key] = copy = dict(value)
            waiting += [(copy, name, is_secret_name(name)) for name in copy]
        elif isinstance(value, list):
            parent[key] = elements = list(value)
            waiting += [(elements, index, secret) for index in range(len(elements))]
        elif isinstance(value, str):
            parent[key] = MASK if secret and value else _masked_text(value)
        elif secret and value is not None and not isinstance(value, bool):
            parent[key] = MASK
    return holder[0]


def _masked_text(text: str) -> str:
    if "://" in text:
        text = _USERINFO.sub(f"{MASK}@", text)
        text = _QUERY.sub(lambda match: "?" + _masked_query(match[1]), text)
    return redact_payload_text(text)[0] if '"' in text else text


def _masked_query(query: str) -> str:
    return redact_query(query.encode("utf-8", "surrogatepass"))[0].decode("utf-8", "surrogatepass")
