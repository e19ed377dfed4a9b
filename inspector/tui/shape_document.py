"""The Shape tab: the fields of the event's type, with what is new in this event."""

from __future__ import annotations

import re

from inspector.core import units
from inspector.core.payload import ITEMS, KEYS, Path, show_path
from inspector.core.type_shape import TypeShape
from inspector.tui.detail import Detail, new_paths
from inspector.tui.document_parts import how_common, line, sentence
from inspector.tui.widgets.document import Document, Head, HeadLine, Section, Span

_MAX_LISTED = 50
_NAME_CELLS = 20
"""A longer name reaches into the column of the types, which would be too narrow beside it."""


def shape_document(detail: Detail, shape: TypeShape | None) -> Document:
    """The fields of `shape`, which is that of the event's type; None while it is being read."""
    event = detail.event
    if event.pending:
        return sentence("Its shape is still being read.")
    if event.shape is None or event.type is None:
        why = "the body is not JSON" if event.shape is None else "the event has no type"
        if event.shape is not None and shape is not None:
            return Document((Section("shape", None, Head(_field_lines(shape, detail))),))
        return sentence(f"No shape: {why}.")
    if shape is None:
        return sentence("reading …")
    known = f"{units.count(shape.events, 'event')}, {units.count(len(shape.variants), 'variant')}"
    lines = [
        HeadLine((Span(event.type, "title"),), name=event.type, value=event.type, about=known),
        line((known, "muted")),
        *(line((words, "new"), new=True) for words in detail.news[:_MAX_LISTED]),
        line(""),
        *_field_lines(shape, detail),
    ]
    return Document((Section("shape", None, Head(lines)),))


def _field_lines(shape: TypeShape, detail: Detail) -> list[HeadLine]:
    new = new_paths(detail)
    names = [(_indented(field.path), field) for field in shape.fields]
    width = min(_NAME_CELLS, max((len(name) for name, _ in names), default=0))
    lines = []
    for name, field in names:
        always = field.present == field.of
        common = "all" if always else f"{field.present:,} of {field.of:,}"
        # The fields of an object stand below it.
        words = re.sub(r"^object, [0-9,]+ fields?$", "object", field.words)
        spans = (Span(f"{name:<{width}}  ", "key"), Span(words, "text" if always else "care"))
        right = (Span(common, "muted" if always else "care"),)
        path, about = show_path(field.path), f"{words}, {how_common(field)}"
        lines.append(HeadLine(spans, right, field.path in new, name=path, value=path, about=about))
    return lines


def _indented(path: Path) -> str:
    """The last step of a path, two cells in for every step before it."""
    last = path[-1:] or ("",)
    name = "[]" if last[0] is ITEMS else "{*}" if last[0] is KEYS else show_path(last) if path else "."
    return "  " * max(0, len(path) - 1) + name
