"""A path in the notation of other tools: jq and JSONPath (RFC 9535)."""

from __future__ import annotations

import json
import re

from inspector.core.payload import ITEMS, Into, Path, Star

_JQ_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def as_jq(path: Path) -> str:
    """``.details.errors[0]."a-b"``; into the JSON of a string ``.error | fromjson | .code``."""
    parts = ["."]
    begins = True
    for step in path:
        if isinstance(step, Into):
            parts.append(f" | {step.sign}")
            parts.append(" | .")
            begins = True
            continue
        if isinstance(step, Star):
            parts.append("[]")
        elif isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            name = step if _JQ_NAME.fullmatch(step) else json.dumps(step)
            parts.append(name if begins else f".{name}")
        begins = False
    text = "".join(parts)
    return text.removesuffix(" | .") if begins and len(parts) > 1 else text


def as_jsonpath(path: Path) -> str | None:
    """``$.details.errors[0]['a-b']``; None for what stands inside a string, where JSONPath cannot go."""
    parts = ["$"]
    for step in path:
        if isinstance(step, Into):
            return None
        if isinstance(step, Star):
            parts.append("[*]" if step is ITEMS else ".*")
        elif isinstance(step, int):
            parts.append(f"[{step}]")
        elif _JQ_NAME.fullmatch(step):
            parts.append(f".{step}")
        else:
            escaped = json.dumps(step)[1:-1].replace('\\"', '"').replace("'", "\\'")
            parts.append(f"['{escaped}']")
    return "".join(parts)
