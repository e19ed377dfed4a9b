"""TypeScript types of event types: an interface for every object with named fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from inspector.core.export.learnt import MAX_NESTING, Learnt, exported, key_reasons, learnt_from
from inspector.core.export.type_names import TypeNames, has_name
from inspector.core.payload import ITEMS, KEYS, Path
from inspector.core.shapes import Shape
from inspector.core.text import visible

EVENT = "WebhookEvent"
"""The name of any of the types, where there are several."""
_RESERVED = (EVENT, "Array", "Record", "Object", "String", "Number", "Boolean", "Symbol", "Function", "Date")
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SCALARS = {"boolean": "boolean", "integer": "number", "number": "number", "string": "string", "null": "null"}


def typescript(types: Sequence[Learnt]) -> str:
    """A module of types: one for each event type, those of the objects in it, and their union."""
    names = TypeNames(types, _RESERVED)
    parts = [f"// {learnt_from(types)}"]
    for name, (each, path, place) in names.definitions.items():
        parts.append(f"export interface {name} {_Writer(names, key_reasons(each.shape)).fields(place, path)}")
    for name, each in zip(names.roots, types, strict=True):
        about = f"// {visible(each.name)}: {each.words}.\n"
        writer = _Writer(names, key_reasons(each.shape))
        root = exported(each.shape.merged)
        if root.types == ("object",) and has_name(root):
            parts.append(f"{about}export interface {name} {writer.fields(root, ())}")
        else:
            parts.append(f"{about}export type {name} = {writer.type_of(root, ())};")
    if len(types) > 1:
        parts.append(f"export type {EVENT} =\n  | " + "\n  | ".join(names.roots) + ";")
    return "\n\n".join(parts) + "\n"


class _Writer:
    def __init__(self, names: TypeNames, reasons: Mapping[Path, str]) -> None:
        self.names = names
        self.reasons = reasons

    def fields(self, place: Shape, path: Path) -> str:
        """The body of an interface."""
        lines = []
        everything = []
        for key, child in zip(place[3], place[5:], strict=True):
            name = key if _PLAIN.fullmatch(key) else json.dumps(key)
            kind = self.type_of(child, (*path, key))
            optional = key in place[4]
            everything += [kind, "undefined"] if optional else [kind]
            lines.append(f"  {name}{'?' if optional else ''}: {kind};")
        if place[2] is not None:
            everything.append(self.type_of(place[2], (*path, KEYS)))
            lines.append(f"  [key: string]: {_union(everything)};{self._why(path)}")
        return "{\n" + "\n".join(lines) + "\n}"

    def type_of(self, place: Shape, path: Path) -> str:
        """The type at one place."""
        place = exported(place)
        if len(path) >= MAX_NESTING or not place.types:
            return "unknown"
        parts = [_SCALARS[name] for name in place.types if name in _SCALARS and name != "null"]
        if "array" in place.types:
            below = "unknown" if place[1] is None else self.type_of(place[1], (*path, ITEMS))
            parts.append(f"Array<{below}>")
        if "object" in place.types:
            if has_name(place):
                parts.append(self.names[place] if path else self.fields(place, path))
            else:
                below = "unknown" if place[2] is None else self.type_of(place[2], (*path, KEYS))
                parts.append(f"Record<string, {below}>")
        if "null" in place.types:
            parts.append("null")
        return _union(parts)

    def _why(self, path: Path) -> str:
        why = self.reasons.get((*path, KEYS))
        return f" // {visible(why)}" if why else ""


def _union(parts: Sequence[str]) -> str:
    return " | ".join(dict.fromkeys(parts)) if "unknown" not in parts else "unknown"
