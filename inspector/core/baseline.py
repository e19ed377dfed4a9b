"""Baselines: what event types looked like at one time, as a file that is kept with the code.

It holds the structure, a field a line, and nothing of the values: a change of a type reads as a change of its
lines, and the same shapes give the same file, whatever the order of the events.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from inspector.core.collapse import Collapse, collapse_each
from inspector.core.data_keys import CUT
from inspector.core.drift import Drift, drift
from inspector.core.events import InspectorError
from inspector.core.export.learnt import Learnt
from inspector.core.payload import ITEMS, KEYS, Path, read_path, show_path
from inspector.core.places import path_order, paths
from inspector.core.shapes import BITS, OBJECT, Shape, shape_of
from inspector.core.told_names import with_names

VERSION: Final = 1
MARK: Final = "inspector_baseline"
"""The key that tells a baseline from a JSON Schema; its value is `VERSION`."""


@dataclass(frozen=True)
class Pinned:
    """One type as a baseline has it."""

    sender: str | None
    name: str
    shape: Shape
    """What every event was seen to fit."""
    events: int
    """Of how many events it was learnt."""
    variants: frozenset[str]
    """Hashes of the distinct shapes seen."""
    collapses: tuple[Collapse, ...] = ()
    always: frozenset[Path] = field(default_factory=frozenset)
    """The paths that every event had."""
    names: frozenset[Path] = frozenset()
    """Where keys are names because the user said so."""

    def drift_of(self, payload: Any) -> list[Drift]:
        """In what a payload departs from this. Raises NotJson where it has no shape."""
        return self.drift(with_names(shape_of(payload), payload, self.names))

    def drift(self, event: Shape) -> list[Drift]:
        """In what the shape of an event, its names told, departs from this."""

        def present(path: Path) -> int | None:
            return self.events if path in self.always else None

        return drift(collapse_each(event, self.collapses), self.shape, present)


def pinned(learnt: Learnt) -> Pinned:
    """A type as a baseline would have it."""
    shape = learnt.shape
    return Pinned(
        learnt.sender,
        learnt.name,
        shape.merged,
        shape.events,
        frozenset(variant.hash for variant in shape.variants),
        shape.collapses,
        _always(shape.merged),
        shape.names,
    )


def baseline_text(types: Sequence[Pinned]) -> str:
    """The baseline file of these types: ASCII JSON, sorted, a field a line."""
    parts = [_type_text(each) for each in sorted(types, key=lambda each: (each.sender or "", each.name))]
    listed = ",\n".join(parts)
    return f'{{\n  "{MARK}": {VERSION},\n  "types": [\n{listed}\n  ]\n}}\n'


def _type_text(each: Pinned) -> str:
    head: dict[str, Any] = {
        "sender": each.sender,
        "type": each.name,
        "events": each.events,
        "variants": sorted(each.variants),
    }
    lines = [f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    late = [
        {"path": show_path(rule.path), "reason": rule.reason, "keep": list(rule.keep)}
        for rule in each.collapses
    ]
    lines.append(f'      "collapses": {_one_a_line(late)}')
    if each.names:
        lines.append(f'      "names": {json.dumps(sorted(map(show_path, each.names)))}')
    lines.append(f'      "fields": {_one_a_line(_fields(each.shape))}')
    return "    {\n" + ",\n".join(lines) + "\n    }"


def _one_a_line(values: Sequence[Any]) -> str:
    if not values:
        return "[]"
    return "[\n" + ",\n".join(f"        {json.dumps(value)}" for value in values) + "\n      ]"


def _fields(shape: Shape) -> list[dict[str, Any]]:
    optional = {(*path, key) for path, place in paths(shape) for key in place[4]}
    found = []
    for path, place in sorted(paths(shape), key=lambda each: path_order(each[0])):
        line: dict[str, Any] = {"path": show_path(path), "types": list(place.types)}
        if path in optional:
            line["optional"] = True
        if place[0] & CUT:
            line["open"] = True
        found.append(line)
    return found


def _always(shape: Shape) -> frozenset[Path]:
    """The paths that every payload of a shape has: keys only, none of them optional, below objects only."""
    found: set[Path] = set()
    waiting: list[tuple[Path, Shape]] = [((), shape)]
    while waiting:
        path, place = waiting.pop()
        found.add(path)
        if place.types == ("object",):
            for key, child in zip(place[3], place[5:], strict=True):
                if key not in place[4]:
                    waiting.append(((*path, key), child))
    return frozenset(found)


def is_baseline(document: Any) -> bool:
    """True for a JSON document that means to be a baseline."""
    return isinstance(document, dict) and MARK in document


def read_baseline(document: Any, name: str) -> list[Pinned]:
    """The types in a baseline; InspectorError, in which the file is called `name`, when it cannot be read."""
    if document[MARK] != VERSION:
        raise InspectorError(f"{name} is the baseline of another version; inspector baseline writes it anew.")
    try:
        return [_read_type(each) for each in document["types"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InspectorError(
            f"{name} is no whole baseline ({type(error).__name__}: {error}). inspector baseline writes one."
        ) from None


def _read_type(each: dict[str, Any]) -> Pinned:
    places: dict[Path, tuple[int, bool]] = {}
    for line in each["fields"]:
        mask = CUT if line.get("open") else 0
        for name in line["types"]:
            mask |= BITS[name]
        places[read_path(line["path"])] = mask, bool(line.get("optional"))
    below: dict[Path, dict[Any, Shape]] = {}
    whole = Shape((0, None, None, (), ()))
    for path in sorted(places, key=len, reverse=True):
        found = below.pop(path, {})
        keys = tuple(sorted(key for key in found if isinstance(key, str)))
        lacking = tuple(key for key in keys if places[(*path, key)][1])
        mask = places[path][0] | (OBJECT if keys or KEYS in found else 0)
        whole = Shape((mask, found.get(ITEMS), found.get(KEYS), keys, lacking, *map(found.get, keys)))
        if path:
            below.setdefault(path[:-1], {})[path[-1]] = whole
    if below or () not in places:
        raise ValueError("a field without the object it is in")
    return Pinned(
        None if each["sender"] is None else str(each["sender"]),
        str(each["type"]),
        whole,
        int(each["events"]),
        frozenset(map(str, each["variants"])),
        tuple(
            Collapse(read_path(rule["path"]), str(rule["reason"]), tuple(rule["keep"]))
            for rule in each["collapses"]
        ),
        _always(whole),
        frozenset(map(read_path, each.get("names", ()))),
    )
