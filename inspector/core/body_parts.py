"""The parts of a body that holds several things: JSON fields of a form, parts of a multipart body, JSON documents
one a line. Each is laid out as what it is, so that JSON in it folds and tells paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inspector.core import units
from inspector.core.bodies import (
    NO_END,
    BodyView,
    Language,
    boundary_of,
    form_fields,
    split_parts,
    text_of,
    view_bytes,
)
from inspector.core.jsontext import JsonText
from inspector.core.lines import Lines, TextLines
from inspector.core.nested import NestedText, unfolded
from inspector.core.payload import is_json

MAX_SHOWN: Final = 100
"""A body of more parts is shown in one piece."""


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One of several things in a body."""

    title: str
    """How it is called: ``fields``, ``payload``, ``part 2``. Text from outside."""
    source: Lines | JsonText | NestedText
    language: Language
    summary: str = ""
    """What it is, beside the title while it is folded."""


def parts_of(view: BodyView, content_type: str) -> tuple[BodyPart, ...]:
    """The parts of a body; empty when it is one thing, or has too many."""
    if view.kind == "form":
        parts = _form(text_of(view.data, content_type))
    elif view.kind == "multipart":
        parts = _multipart(view.data, boundary_of(content_type))
    elif view.kind == "documents":
        lines = (
            [line for line in view.text.split("\n") if line.strip()] if len(view.lines) <= MAX_SHOWN else []
        )
        parts = [
            BodyPart(f"document {number}", _tree(line), "json", _tree_words(line))
            for number, line in enumerate(lines, 1)
        ]
    else:
        return ()
    return tuple(parts) if len(parts) <= MAX_SHOWN else ()


def _form(text: str) -> list[BodyPart]:
    """The fields that are JSON as parts of their own after all others; none when no field is."""
    plain: list[str] = []
    parts: list[BodyPart] = []
    for key, value in form_fields(text):
        if value[:1] in ("{", "[") and is_json(value):
            parts.append(BodyPart(key, unfolded(JsonText(value, (key,))), "json", _tree_words(value)))
        else:
            plain.append(f"{key} = {value}".replace("\r\n", "\n").replace("\n", "\n  "))
    if parts and plain:
        fields = BodyPart("fields", TextLines("\n".join(plain)), "json", units.count(len(plain), "field"))
        parts.insert(0, fields)
    return parts


def _multipart(data: bytes, boundary: str) -> list[BodyPart]:
    """For each part its header lines, and what it holds."""
    parts: list[BodyPart] = []
    found = split_parts(data, boundary)
    if found is None:
        return parts
    for number, (head, body) in enumerate(found.parts, 1):
        kind = next((line for line in head if line.lower().startswith("content-type:")), "")
        view = view_bytes(body, kind.partition(":")[2].strip())
        size = units.count(len(body), "byte")
        if head:
            parts.append(BodyPart(f"part {number}, {size}", TextLines("\n".join(head)), "text"))
        source = view.lines if view.json is None else unfolded(view.json)
        parts.append(BodyPart(f"part {number} holds {view.kind}", source, view.language, size))
    if not found.ends:
        parts.append(BodyPart("end", TextLines(NO_END), "text"))
    return parts


def _tree(text: str) -> JsonText | NestedText:
    return unfolded(JsonText(text))


def _tree_words(text: str) -> str:
    return units.count(len(text), "character")
