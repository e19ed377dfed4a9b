"""Two requests line by line: method, target and header lines; secrets are masked."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.core.events import Request
from inspector.core.redact import redact_headers
from inspector.core.value_diff import ValueSign


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """One name: ``-`` only in A, ``+`` only in B, ``~`` other values, ``=`` the same."""

    sign: ValueSign
    name: str
    """As it stood first in A, else in B; ``method`` and ``target`` for those."""
    a: tuple[str, ...]
    """All its values in A in their order, as Latin-1; what is secret is masked."""
    b: tuple[str, ...]


def diff_headers(a: Request, b: Request) -> list[HeaderLine]:
    """Method, target, then headers by name, whatever its case, in the order of A and then of B."""
    lines = [
        _line("method", [a.method], [b.method]),
        _line("target", [a.target.decode("latin-1")], [b.target.decode("latin-1")]),
    ]
    left, right = _headers(a), _headers(b)
    for key in [*left, *(key for key in right if key not in left)]:
        name, one = left.get(key, ("", []))
        other_name, other = right.get(key, ("", []))
        lines.append(_line(name or other_name, one, other))
    return lines


def _headers(request: Request) -> dict[str, tuple[str, list[str]]]:
    """Header lines by lower-case name: the name as it stood first, and all values, masked and decoded."""
    found: dict[str, tuple[str, list[str]]] = {}
    masked, _ = redact_headers(request.headers)
    for (name, value), (_, original) in zip(masked, request.headers, strict=True):
        text = name.decode("latin-1")
        # A mask is our own text and UTF-8; what came over the wire is Latin-1.
        shown = value.decode("latin-1") if value == original else value.decode()
        found.setdefault(text.lower(), (text, []))[1].append(shown)
    return found


def _line(name: str, a: list[str], b: list[str]) -> HeaderLine:
    sign: ValueSign = "=" if a == b else "+" if not a else "-" if not b else "~"
    return HeaderLine(sign, name, tuple(a), tuple(b))
