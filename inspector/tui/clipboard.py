"""Text on its way to the clipboard: what is pasted into a terminal must not act there, either."""

from __future__ import annotations

import re

from inspector.core.text import UNSAFE, visible

_UNSAFE = re.compile(f"[{UNSAFE}]")


def pasteable(text: str) -> str:
    """`text` with its unsafe characters escaped, as the screen shows them; newlines and tabs stay."""
    return _UNSAFE.sub(lambda match: visible(match[0]), text.replace("\r\n", "\n"))
