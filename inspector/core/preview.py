"""The first part of a large body as a body of its own, so that something is shown before all is read.

JSON that is cut anywhere is closed again: the preview of a document folds, tells paths and stands on the same
rows as the beginning of the whole.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from inspector.core import bodies
from inspector.core.bodies import BodyView
from inspector.core.events import Request
from inspector.core.jsontext import PIECE

PREVIEW: Final = 65_536
"""Bytes of a body, once decoded, that its preview shows at most."""

_CUT_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9A-Fa-f]{0,3})?\Z")
_CUT_CHARACTER = 4
"""Bytes of UTF-8 a character has at most."""


def preview_of(request: Request, size: int = PREVIEW) -> BodyView:
    """Like `bodies.view_of`, for at most `size` bytes of what the body decodes to; quick whatever it is."""
    data = bodies.decoded(request, size)[0][:size]
    content_type = (request.header(b"content-type") or b"").decode("latin-1")
    text, shown = _text(data), data
    if text is not None and text.lstrip(" \t\r\n\ufeff")[:1] in ("{", "["):
        closed = closed_json(text)
        text = text[: text.rfind("\n") + 1] or text if closed is None else closed
        shown = text.encode("utf-8", "surrogatepass")
    return replace(bodies.view_bytes(shown, content_type), notes=(), data=data)


def _text(data: bytes) -> str | None:
    """The bytes as UTF-8, without a character that is cut at the end; None when they are something else."""
    for cut in range(min(_CUT_CHARACTER, len(data))):
        try:
            return data[: len(data) - cut].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            continue
    return None


def closed_json(text: str) -> str | None:
    """The beginning of a JSON document as a whole one: all values that are complete, and a string that is cut,
    with everything open closed. None when it is not one document, as NDJSON is not."""
    closers: list[str] = []
    end = 0
    for match in PIECE.finditer(text):
        key, scalar, opener, at_once, closer, _, comma = match.groups()
        if match.lastindex is None:
            continue
        if end and not closers:
            return None
        if closer is not None:
            if not closers:
                return None
            closers.pop()
        elif opener is not None and at_once is None:
            closers.append("]" if opener == "[" else "}")
        if comma is not None:
            end = match.start(7)
        elif opener is not None or closer is not None:
            end = match.end()
        elif scalar is not None and _is_cut(scalar) and (key is not None or closers[-1:] == ["]"]):
            return _CUT_ESCAPE.sub(r"\1", text) + '"' + "".join(reversed(closers))
    return text[:end] + "".join(reversed(closers)) if end else None


def _is_cut(scalar: str) -> bool:
    """Whether this is a string without its closing quote."""
    inside = scalar[1:-1]
    escaped = (len(inside) - len(inside.rstrip("\\"))) % 2 == 1
    return scalar[0] == '"' and (len(scalar) == 1 or scalar[-1] != '"' or escaped)
