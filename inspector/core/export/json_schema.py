"""JSON Schema 2020-12 of event types: every event they were learnt from validates against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inspector.core.events import JsonObject
from inspector.core.export.learnt import MAX_NESTING, Learnt, exported, is_open, key_reasons, learnt_from
from inspector.core.payload import ITEMS, KEYS, Path
from inspector.core.shapes import Shape
from inspector.core.text import visible
from inspector.core.type_shape import TypeShape

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LEARNT = "Learnt by inspector"
"""How the ``$comment`` of a schema of ours begins."""

Schema = JsonObject | bool


def json_schema(types: Sequence[Learnt], title: str, *, closed: bool = True) -> JsonObject:
    """The schema of one type, or of several: then each is in ``$defs`` and an event is one of them.

    `closed` refuses what no event has had: further fields, elements of arrays that always were empty.
    """
    head: JsonObject = {
        "$schema": DIALECT,
        "title": visible(title),
        "$comment": learnt_from(types),
    }
    if len(types) == 1:
        return {**head, **_whole(types[0].shape, closed)}
    labels = [f"{each.sender or ''}:{each.name}" if _twice(types, each) else each.name for each in types]
    return {
        **head,
        "anyOf": [{"$ref": f"#/$defs/{_pointer(label)}"} for label in labels],
        "$defs": {label: _whole(each.shape, closed) for label, each in zip(labels, types, strict=True)},
    }


def _twice(types: Sequence[Learnt], one: Learnt) -> bool:
    return sum(each.name == one.name for each in types) > 1


def _pointer(key: str) -> str:
    """A key as one step of a JSON Pointer in a URI fragment."""
    from urllib.parse import quote

    return quote(key.replace("~", "~0").replace("/", "~1"), safe="~", errors="surrogatepass")


def _whole(shape: TypeShape, closed: bool) -> JsonObject:
    found = _schema(shape.merged, (), key_reasons(shape), closed, MAX_NESTING)
    return found if isinstance(found, dict) else {}


def _schema(place: Shape, path: Path, reasons: Mapping[Path, str], closed: bool, nesting: int) -> Schema:
    """What may stand at one place: scalars in one branch, arrays and objects in one each."""
    types = place.types
    if not types or not nesting:
        return True
    branches: list[JsonObject] = []
    scalars = [name for name in types if name not in ("array", "object")]
    if "number" in scalars and "integer" in scalars:
        scalars.remove("integer")
    if scalars:
        branches.append({"type": scalars[0] if len(scalars) == 1 else scalars})
    open_below = is_open(place)
    place = exported(place)
    if "array" in types:
        branch: JsonObject = {"type": "array"}
        if place[1] is not None:
            branch["items"] = _schema(place[1], (*path, ITEMS), reasons, closed, nesting - 1)
        elif closed and not open_below:
            branch["maxItems"] = 0
        branches.append(branch)
    if "object" in types:
        branch = {"type": "object"}
        if place[3]:
            branch["properties"] = {
                key: _schema(child, (*path, key), reasons, closed, nesting - 1)
                for key, child in zip(place[3], place[5:], strict=True)
            }
            required = [key for key in place[3] if key not in place[4]]
            if required:
                branch["required"] = required
        if place[2] is not None:
            values: Any = _schema(place[2], (*path, KEYS), reasons, closed, nesting - 1)
            why = reasons.get((*path, KEYS))
            if why is not None and isinstance(values, dict):
                values = {"description": f"Keys are data: {visible(why)}.", **values}
            branch["additionalProperties"] = values
        elif closed and not open_below:
            branch["additionalProperties"] = False
        branches.append(branch)
    return branches[0] if len(branches) == 1 else {"anyOf": branches}
