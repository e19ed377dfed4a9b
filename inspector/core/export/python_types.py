"""Python types of event types: TypedDicts for the standard library alone, or Pydantic models that parse."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

from inspector.core.export.learnt import MAX_NESTING, Learnt, exported, learnt_from
from inspector.core.export.type_names import TypeNames, has_name
from inspector.core.payload import ITEMS, KEYS, Path
from inspector.core.places import steps
from inspector.core.shapes import Shape
from inspector.core.text import visible

EVENT = "WebhookEvent"
"""The name of any of the types, where there are several."""
_IMPORTED = {"Any", "BaseModel", "ConfigDict", "Field", "NotRequired", "RootModel", "TypedDict"}
_USED = frozenset({"bool", "dict", "float", "int", "list", "str", *_IMPORTED})
_RESERVED = (EVENT, *_USED, *keyword.kwlist, "Ellipsis", "NotImplemented")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SCALARS = {"boolean": "bool", "integer": "int", "number": "float", "string": "str"}
_MODEL_WORDS = frozenset(
    {
        "construct",
        "copy",
        "dict",
        "fields",
        "from_orm",
        "json",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "root",
        "schema",
        "schema_json",
        "update_forward_refs",
        "validate",
    }
)
"""Names that a Pydantic model has itself, beside those that begin with ``model_``."""


def typed_dicts(types: Sequence[Learnt]) -> str:
    """A module of TypedDicts (Python 3.11), in the functional form where a key is no plain name.

    A TypedDict cannot say what keys beside the named ones hold, so an object with both is a plain ``dict``.
    """
    names = TypeNames(types, _RESERVED)
    parts = []
    for name, (_, path, place) in names.definitions.items():
        if place[2] is None:
            parts.append(_typed_dict(names, name, place, path))
    for name, each in zip(names.roots, types, strict=True):
        about = f"# {visible(each.name)}: {each.words}.\n"
        root = exported(each.shape.merged)
        if root.types == ("object",) and has_name(root) and root[2] is None:
            parts.append(about + _typed_dict(names, name, root, ()))
        else:
            named = f"{name}Object"
            if has_name(root) and root[2] is None:
                parts.append(_typed_dict(names, named, root, ()))
            parts.append(f"{about}{name} = {_type_of(names, root, (), named, whole=False)}")
    return _module(types, names, parts, ("typing", ("Any", "NotRequired", "TypedDict")))


def pydantic_models(types: Sequence[Learnt]) -> str:
    """A module of Pydantic models (version 2): fields that no event had are ignored, odd keys are aliases."""
    names = TypeNames(types, _RESERVED)
    parts = []
    for name, (_, path, place) in names.definitions.items():
        parts.append(_model(names, name, place, path))
    for name, each in zip(names.roots, types, strict=True):
        about = f"# {visible(each.name)}: {each.words}.\n"
        root = exported(each.shape.merged)
        if root.types == ("object",) and has_name(root):
            parts.append(about + _model(names, name, root, ()))
        else:
            named = f"{name}Object"
            if has_name(root):
                parts.append(_model(names, named, root, ()))
            parts.append(f"{about}class {name}(RootModel[{_type_of(names, root, (), named)}]):\n    pass")
    return _module(
        types,
        names,
        parts,
        ("typing", ("Any",)),
        ("pydantic", ("BaseModel", "ConfigDict", "Field", "RootModel")),
    )


def _module(
    types: Sequence[Learnt], names: TypeNames, parts: list[str], *imports: tuple[str, tuple[str, ...]]
) -> str:
    """The module as a whole; it imports what it uses."""
    if len(types) > 1:
        parts.append(f"{EVENT} = (\n    " + "\n    | ".join(names.roots) + "\n)")
    text = "\n\n\n".join(parts)
    lines = [f"# {learnt_from(types)}"]
    for module, wanted in imports:
        used = [name for name in wanted if re.search(rf"\b{name}\b", text)]
        if used:
            lines.append(f"from {module} import {', '.join(used)}")
    return "\n".join(lines) + "\n\n\n" + text + "\n"


def _typed_dict(names: TypeNames, name: str, place: Shape, path: Path) -> str:
    fields = []
    for key, child in zip(place[3], place[5:], strict=True):
        kind = _type_of(names, child, (*path, key), whole=False)
        fields.append((key, f"NotRequired[{kind}]" if key in place[4] else kind))
    if all(_is_attribute(key, names) for key, _ in fields):
        return f"class {name}(TypedDict):\n" + "\n".join(f"    {key}: {kind}" for key, kind in fields)
    body = "\n".join(f"        {key!a}: {kind}," for key, kind in fields)
    return f'{name} = TypedDict(\n    "{name}",\n    {{\n{body}\n    }},\n)'


def _is_attribute(key: str, names: TypeNames) -> bool:
    """True for a key that can stand in a class body, and there hides no type that the body uses."""
    return (
        _PLAIN.fullmatch(key) is not None
        and not keyword.iskeyword(key)
        and not key.startswith("__")
        and key not in _USED
        and key not in names.definitions
        and key not in names.roots
    )


def _model(names: TypeNames, name: str, place: Shape, path: Path) -> str:
    lines = []
    used: set[str] = set()
    extra = ""
    if place[2] is not None:
        extra = _type_of(names, place[2], (*path, KEYS))
        lines += ['    model_config = ConfigDict(extra="allow")']
        lines += [f"    __pydantic_extra__: dict[str, {extra}]"]
    for key, child in zip(place[3], place[5:], strict=True):
        kind = _type_of(names, child, (*path, key))
        optional = key in place[4]
        if optional and "None" not in kind.split(" | ") and kind != "Any":
            kind += " | None"
        attribute = _attribute(key, names, used)
        settings = ["default=None"] if optional else []
        if attribute != key:
            settings.append(f"alias={key!a}")
        if not settings:
            lines.append(f"    {attribute}: {kind}")
        elif settings == ["default=None"]:
            lines.append(f"    {attribute}: {kind} = None")
        else:
            lines.append(f"    {attribute}: {kind} = Field({', '.join(settings)})")
    return f"class {name}(BaseModel):\n" + "\n".join(lines)


def _attribute(key: str, names: TypeNames, used: set[str]) -> str:
    """A name for the field of this key: the key itself where that can be one."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", key).lstrip("_")
    if not name or name[0].isdigit():
        name = f"field_{name}"
    if name.startswith("model_") or name in _MODEL_WORDS or not _is_attribute(name, names):
        name = f"{name}_" if not name.startswith("model_") else f"field_{name}"
    while name in used:
        name += "_"
    used.add(name)
    return name


def _type_of(names: TypeNames, place: Shape, path: Path, root: str = "", *, whole: bool = True) -> str:
    """The type at one place; `root` is the name of the object that is the payload itself.

    `whole` when an object with other keys beside the named ones has a type of its own.
    """
    place = exported(place)
    types = place.types
    if len(path) >= MAX_NESTING or not types:
        return "Any"
    parts = [_SCALARS[name] for name in types if name in _SCALARS]
    if "array" in types:
        below = "Any" if place[1] is None else _type_of(names, place[1], (*path, ITEMS), whole=whole)
        parts.append(f"list[{below}]")
    if "object" in types:
        if has_name(place) and (whole or place[2] is None):
            parts.append(names[place] if path else root)
        else:
            kinds: dict[str, None] = {}
            for step, child in steps(place):
                if step is not ITEMS:
                    kinds[_type_of(names, child, (*path, step), whole=whole)] = None
            parts.append(f"dict[str, {' | '.join(kinds) or 'Any'}]")
    if "null" in types:
        parts.append("None")
    return " | ".join(parts)
