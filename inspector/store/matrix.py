"""The matrix of several types: which field stands in which of them, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inspector.core.payload import Path
from inspector.core.places import path_order
from inspector.core.type_shape import Field
from inspector.store.reader import EventType, Reader

Stand = Literal["always", "sometimes", "mixed", "never"]


@dataclass(frozen=True, slots=True)
class Column:
    """One type of the matrix."""

    sender: str | None
    type: str
    fields: dict[Path, Field]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field, in each type."""

    path: Path
    fields: tuple[Field | None, ...]

    def stands(self, at: int) -> Stand:
        """How it stands in one type: ``mixed`` is with more than one type of value."""
        field = self.fields[at]
        if field is None:
            return "never"
        if len(field.types) > 1:
            return "mixed"
        return "sometimes" if field.present < field.of or field.optional else "always"

    @property
    def is_plain(self) -> bool:
        """True when every type always has it, with the same one type of value."""
        types = {field.types for field in self.fields if field is not None}
        return (
            len(types) == 1
            and len(next(iter(types))) == 1
            and all(field is not None and field.present == field.of for field in self.fields)
        )


@dataclass(frozen=True, slots=True)
class Matrix:
    """Types across, fields down."""

    columns: tuple[Column, ...] = ()
    fields: tuple[FieldLine, ...] = ()
    of_details: bool = False
    """Only the fields of Anchore's ``details``."""

    @property
    def names(self) -> list[str]:
        """The types by name, ``sender:type`` where two senders have one. Text from outside."""
        types = [column.type for column in self.columns]
        return [
            f"{column.sender or ''}:{column.type}" if types.count(column.type) > 1 else column.type
            for column in self.columns
        ]

    @property
    def about(self) -> str:
        """What is shown of whom: ``details of anchore``. Text from outside."""
        senders = ", ".join(sorted({column.sender or "no sender" for column in self.columns}))
        return f"{'details' if self.of_details else 'fields'} of {senders}"


def types_of(reader: Reader, sender: str | None) -> list[EventType]:
    """The types of a sender; of one without any, those of the sender of the most frequent type."""
    types = reader.types()
    if types and all(entry.sender != sender for entry in types):
        sender = max(types, key=lambda entry: entry.count).sender
    return [entry for entry in types if entry.sender == sender]


def read_matrix(reader: Reader, name: str | None) -> Matrix:
    """The matrix of the types an argument means, without one of Anchore's; InspectorError when there is none."""
    return matrix_of(reader, types_of(reader, "anchore") if name is None else reader.resolve_type(name))


def matrix_of(reader: Reader, types: Sequence[EventType]) -> Matrix:
    """The matrix of some types: of Anchore's alone the fields of `details`, else those of the whole payload."""
    of_details = bool(types) and all(entry.sender == "anchore" for entry in types)
    columns: list[Column] = []
    for entry in types:
        shape = reader.shape_of_types([(entry.sender, entry.type)])
        if of_details and shape.field(("details",)) is None:
            continue
        fields = {
            field.path: field
            for field in shape.fields
            if not of_details or (len(field.path) > 1 and field.path[0] == "details")
        }
        columns.append(Column(entry.sender, entry.type, fields))
    paths = sorted({path for column in columns for path in column.fields}, key=path_order)
    lines = (FieldLine(path, tuple(column.fields.get(path) for column in columns)) for path in paths)
    return Matrix(tuple(columns), tuple(lines), of_details)
