"""Baselines pinned in the store: what a type looked like when the user said that it is as it should be.

Each is a row of `setting`, in the form that `core.baseline` gives a file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from inspector.core.baseline import Pinned, baseline_text, is_baseline, pinned, read_baseline
from inspector.core.drift import Drift
from inspector.core.events import InspectorError
from inspector.core.export.learnt import Learnt
from inspector.core.type_shape import TypeShape
from inspector.store.edits import Edits
from inspector.store.reader import Reader

_PREFIX = "baseline "
Key = tuple[str | None, str]
"""Sender and type."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A type as it was pinned."""

    type: Pinned
    pinned_us: int
    """When, microseconds since 1970 in UTC."""
    last_event: int
    """The newest event of the type at that time."""


def pin(edits: Edits, learnt: Learnt, pinned_us: int) -> None:
    """Keep what a type looks like now; what was pinned of it before is replaced."""
    document: dict[str, Any] = json.loads(baseline_text([pinned(learnt)]))
    last = max((variant.last_event for variant in learnt.shape.variants), default=0)
    edits.set_setting(
        _name(learnt.sender, learnt.name), {**document, "pinned_us": pinned_us, "last_event": last}
    )


def unpin(edits: Edits, sender: str | None, name: str) -> None:
    """Forget what was pinned of a type."""
    edits.set_setting(_name(sender, name), None)


def read_pin(reader: Reader, sender: str | None, name: str) -> Pin | None:
    """What is pinned of a type, or None; also None when a newer program has written it in another form."""
    value = reader.setting(_name(sender, name))
    if not is_baseline(value):
        return None
    try:
        (found,) = read_baseline(value, name)
        return Pin(found, int(value["pinned_us"]), int(value["last_event"]))
    except (InspectorError, ValueError, KeyError, TypeError):
        return None


def read_pins(reader: Reader) -> dict[Key, Pin]:
    """All that is pinned, by (sender, type)."""
    found: dict[Key, Pin] = {}
    for (name,) in reader.db.execute("SELECT name FROM setting WHERE name GLOB ?", (f"{_PREFIX}*",)):
        try:
            sender, type_ = json.loads(name.removeprefix(_PREFIX))
        except ValueError:
            continue
        if (one := read_pin(reader, sender, type_)) is not None:
            found[sender, type_] = one
    return found


def drift_since(pin: Pin, shape: TypeShape) -> list[Drift]:
    """In what a type has departed from what was pinned of it; none when all its variants were there."""
    if all(variant.hash in pin.type.variants for variant in shape.variants):
        return []
    return pin.type.drift(shape.merged)


def _name(sender: str | None, name: str) -> str:
    """The name of the setting; the type may hold any character."""
    return _PREFIX + json.dumps([sender, name])
