"""Samples: synthetic payloads of a type, to show a receiver what has not happened yet."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta
from typing import Any

from inspector.core.data_keys import DIGESTS, EMAILS, HEX_IDS, UUIDS
from inspector.core.export.learnt import MAX_NESTING, Learnt
from inspector.core.payload import ITEMS, KEYS, JsonType, Path
from inspector.core.redact import MASK
from inspector.core.shapes import EMPTY_ARRAY, EMPTY_OBJECT, NULL, Shape
from inspector.core.statistics import FieldValues

_PYTHON: dict[type, JsonType] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
}
_START = datetime(2026, 1, 1, tzinfo=UTC)


def sample(learnt: Learnt, chance: random.Random, *, all_fields: bool = False) -> Any:
    """One payload that fits the type: required fields only, or all that any event has had.

    Ids, digests and times are made up in the format of those seen; other scalars are ones that were seen.
    `chance` decides everything else, so the same seed gives the same payload.
    """
    return _Maker(learnt, chance, all_fields).value(learnt.shape.merged, ())


class _Maker:
    def __init__(self, learnt: Learnt, chance: random.Random, all_fields: bool) -> None:
        self.values = learnt.values
        self.chance = chance
        self.all_fields = all_fields

    def value(self, place: Shape, path: Path) -> Any:
        types = [name for name in place.types if name != "null"]
        if self.all_fields:
            # The richest of the types: the last in their order.
            wanted: JsonType = types[-1] if types else "null"
        elif place[0] & NULL and (not types or self.chance.random() < 0.25):
            wanted = "null"
        else:
            wanted = self.chance.choice(types) if types else "null"
        if wanted == "object":
            return self._object(place, path)
        if wanted == "array":
            empty = place[1] is None or len(path) >= MAX_NESTING
            if empty or (not self.all_fields and place[0] & EMPTY_ARRAY and self.chance.random() < 0.5):
                return []
            return [self.value(place[1], (*path, ITEMS))]
        return self._scalar(wanted, self.values.at(path))

    def _object(self, place: Shape, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if len(path) >= MAX_NESTING:
            return made
        for key, child in zip(place[3], place[5:], strict=True):
            if self.all_fields or key not in place[4]:
                made[key] = self.value(child, (*path, key))
        if place[2] is not None and (self.all_fields or not (place[0] & EMPTY_OBJECT or made)):
            made[self._key(place, made)] = self.value(place[2], (*path, KEYS))
        return made

    def _key(self, place: Shape, taken: dict[str, Any]) -> str:
        if place[0] & DIGESTS:
            return f"sha256:{self._hex(64)}"
        if place[0] & HEX_IDS:
            return self._hex(64)
        if place[0] & UUIDS:
            return self._like("UUID", "")
        if place[0] & EMAILS:
            return "somebody@example.com"
        return next(name for number in range(1, 10_000) if (name := f"key{number}") not in taken)

    def _scalar(self, wanted: JsonType, seen: FieldValues) -> Any:
        known = [value for value in seen.examples if _PYTHON[type(value)] == wanted]
        if wanted == "null":
            return None
        if wanted == "string":
            whole = [text for text in known if not text.endswith("…") and text != MASK]
            if seen.format is not None and not seen.constant and whole:
                return self._like(seen.format, self.chance.choice(whole))
            return self.chance.choice(whole) if whole else "text"
        if known:
            return self.chance.choice(known)
        return {"boolean": False, "integer": 1, "number": 1.5}[wanted]

    def _like(self, name: str, text: str) -> str:
        """A new string of a format, or the one that was seen where only real ones make sense."""
        if name in ("hex id", "hex digest"):
            head, colon, digits = text.rpartition(":")
            return f"{head}{colon}{self._hex(len(digits))}"
        if name == "UUID":
            digits = self._hex(32)
            return "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"8{digits[17:20]}", digits[20:]))
        if name in ("timestamp", "timestamp without zone") and len(text) >= 16:
            moment = _START + timedelta(microseconds=self.chance.randrange(10**6 * 86_400 * 300))
            return moment.strftime(f"%Y-%m-%d{text[10]}%H:%M:%S.%f") + ("Z" if name == "timestamp" else "")
        return text

    def _hex(self, digits: int) -> str:
        return "".join(self.chance.choices(string.hexdigits[:16], k=digits))
