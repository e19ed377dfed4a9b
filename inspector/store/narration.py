"""One event as a line: for `inspector listen`, on a terminal or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from inspector.core import units
from inspector.core.events import Event
from inspector.core.text import visible, visible_bytes


def as_json(event: Event) -> str:
    """``{"kind": "event", …}``"""
    return json.dumps({"kind": "event", **event.as_json()})


def as_text(event: Event) -> str:
    """Time, id, level, type or request line, resource, size, what stands out; every part safe to show."""
    when = units.clock(event.received_us, event.received_us)
    if event.rejected is not None:
        return visible(f"{when}  #{event.id}  rejected: {event.rejected}")
    name = event.type or f"{event.method} {visible_bytes(event.target or b'')}"
    parts = [
        when,
        f"#{event.id}",
        f"{event.level or '':5}",
        name,
        event.resource_id or "",
        units.size(event.size),
    ]
    text = "  ".join(visible(part) for part in parts if part)
    notes = [f"incomplete: {event.incomplete}"] if event.incomplete else []
    if event.new:
        notes.append("new shape")
    notes += event.labels
    if event.signature is not None and not event.signature.startswith("no secret"):
        notes.append(f"signature {event.signature}")
    return "  ".join([text, *map(visible, notes)])


def news_lines(number: int, words: Sequence[str], json_lines: bool) -> list[str]:
    """What is new in an event: one object, ``{"kind": "news", "id": 12, "new": ["…"]}``, or a line each."""
    if json_lines:
        return [json.dumps({"kind": "news", "id": number, "new": list(words)})]
    return [f"          #{number}  new: {visible(each)}" for each in words]


LINES: dict[str, Callable[[Event], str]] = {"json": as_json, "text": as_text}
