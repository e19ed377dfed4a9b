"""What a program writes to a terminal, token by token: text, control sequences, strings of OSC, DCS and their kin.

Strict: what is none of these is a token of its own, so that a test which allows a vocabulary misses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    r"|(?P<string>\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c))"
    r"|(?P<escape>\x1b[ -/]*[0-~])"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|(?P<control>.)",
    re.DOTALL,
)


class Token(NamedTuple):
    """One token: its kind (``csi``, ``string``, ``escape``, ``text``, ``control``) and its characters."""

    kind: str
    text: str


def tokens_of(written: bytes) -> Iterator[Token]:
    """All tokens, in order; UnicodeDecodeError when the bytes are no UTF-8."""
    for match in _TOKEN.finditer(written.decode()):
        assert match.lastgroup is not None
        yield Token(match.lastgroup, match[0])
