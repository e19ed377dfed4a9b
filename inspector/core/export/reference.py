"""The field reference of event types: the rows that the Markdown and the HTML page show alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inspector.core.export.learnt import Learnt
from inspector.core.payload import show_path
from inspector.core.text import visible
from inspector.core.units import count


@dataclass(frozen=True, slots=True)
class Row:
    """One field, each text safe to show but not yet escaped for any markup."""

    path: str
    types: str
    presence: str
    values: str


def rows(learnt: Learnt) -> Iterator[Row]:
    """The fields of a type, parents first."""
    for field in learnt.shape.fields:
        presence = "always" if field.present == field.of else f"{count(field.present)} of {count(field.of)}"
        if field.optional:
            presence += ", optional"
        parts = [learnt.values.in_words(field.path)]
        if field.collapsed_reason is not None:
            parts.insert(0, f"any key: {field.collapsed_reason.removeprefix('keys are ')}")
        elif field.keys_words:
            parts.insert(0, field.keys_words)
        if field.duplicated:
            parts.append("the key stood twice in one object")
        values = "; ".join(part for part in parts if part)
        yield Row(visible(show_path(field.path)), visible(field.words), presence, visible(values))


def about(learnt: Learnt) -> str:
    """A line on the type: ``sent by anchore; 41 events, 3 variants``."""
    sender = f"Sent by {visible(learnt.sender)}; " if learnt.sender else ""
    some = 0 < learnt.values.payloads < learnt.shape.events
    read = f", values of {count(learnt.values.payloads)} of them" if some else ""
    return f"{sender}{learnt.words}{read}."
