"""The lines of a diff, and how they read: shapes, values and headers of two sides in one form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from rich.cells import cell_len

from inspector.core.alignment import swapped
from inspector.core.diff import Change
from inspector.core.events import Request
from inspector.core.header_diff import diff_headers
from inspector.core.payload import ITEMS, Path, show_path
from inspector.core.places import path_order
from inspector.core.shorten import differing, event_type
from inspector.core.shorten import end as cut_end
from inspector.core.shorten import start as cut_start
from inspector.core.text import visible
from inspector.core.type_shape import Field, TypeShape
from inspector.core.value_diff import ValueLine
from inspector.tui.widgets.glyphs import ASCII
from inspector.tui.widgets.rows import Fold, Piece, Row, Rows, fitted, outside

_LONGEST: Final = 200
"""Characters of a value."""
SIGNS: Final = {"removed": "-", "added": "+", "retyped": "~", "optional": "?", "required": "!"}
_COLOURS: Final = {
    "-": "error",
    "+": "passed",
    "~": "care",
    "?": "care",
    "!": "care",
    "»": "new",
    "": "muted",
}
_SHORTEST_NAME: Final = 12
"""Cells a type keeps before the filter behind its ``@`` is cut."""
MEANINGS: Final = (
    ("-", "removed"),
    ("+", "added"),
    ("~", "retyped"),
    ("?", "now optional"),
    ("!", "now required"),
    ("»", "moved"),
)
"""The signs and what they mean."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a diff. All texts are raw."""

    sign: str
    """``-``, ``+``, ``~``, ``?``, ``!``, ``»``, or empty for what is alike."""
    path: Path
    a: str = ""
    """What stands here in A; empty where nothing does."""
    b: str = ""
    in_a: str = ""
    """How common it is in A: ``all``, ``1 of 301``; empty where it is one event."""
    in_b: str = ""
    breaking: bool = False
    note: str = ""
    """For a moved field, from where: ``from details``."""
    told: str = ""
    """What the line says, as a sentence."""
    name: str | None = None
    """Instead of the path, for header lines."""


Hints = Mapping[Path, str]
"""What the values of a field look like, in words."""


def shape_lines(
    a: TypeShape, b: TypeShape, changes: Sequence[Change], alike: bool, hints: tuple[Hints, Hints] = ({}, {})
) -> list[Line]:
    """The lines of a shape diff in the order of paths; with `alike` the fields that are the same, too."""
    lines = [_shape_line(change, a, b, hints) for change in changes]
    if alike:
        changed = {change.path for change in changes}
        same = [
            Line(
                "",
                field.path,
                _words(field, hints[0]),
                _words(b.field(field.path), hints[1]),
                presence(a, field),
                presence(b, b.field(field.path)),
                told="The same on both sides.",
            )
            for field in a.fields
            if field.path not in changed
        ]
        lines = sorted(lines + same, key=lambda line: path_order(line.path))
    return lines


def count_alike(a: TypeShape, changes: Sequence[Change]) -> int:
    """How many fields of A are the same in B."""
    changed = {change.path for change in changes}
    return sum(field.path not in changed for field in a.fields)


def presence(shape: TypeShape, field: Field | None) -> str:
    """How common a field is: ``all``, ``1 of 301``; empty where there is only one event to tell from, and
    where a baseline knows no more than that not all had it."""
    if field is None or field.of <= 1 or _is_uncounted(shape, field):
        return ""
    return "all" if field.present == field.of else f"{field.present:,} of {field.of:,}"


def _is_uncounted(shape: TypeShape, field: Field) -> bool:
    """True for what some events of a baseline lacked: its one variant stands for all, and counts nothing.

    Events of one variant have the same fields, but for those inside elements and values under data keys.
    """
    if len(shape.variants) > 1:
        return False
    for end, step in enumerate(field.path, 1):
        if not isinstance(step, str):
            around = shape.field(field.path[: end - 1])
            return around is not None and (len(around.types) > 1 or around.empty > 0)
        above = shape.field(field.path[:end])
        if above is not None and above.optional:
            return True
    return False


def _words(field: Field | None, hints: Hints) -> str:
    if field is None:
        return ""
    hint = hints.get(field.path, "")
    return f"{field.words}, {hint}" if hint else field.words


def _shape_line(change: Change, in_a: TypeShape, in_b: TypeShape, hints: tuple[Hints, Hints]) -> Line:
    a, b = in_a.field(change.path), in_b.field(change.path)
    moved_here = change.change == "added" and change.moved is not None
    return Line(
        "»" if moved_here else SIGNS[change.change],
        change.path,
        _words(a, hints[0]),
        _words(b, hints[1]),
        presence(in_a, a),
        presence(in_b, b),
        change.breaking,
        f"from {_moved_from(change)}" if moved_here else "",
        _told(change, in_a, in_b),
    )


def _moved_from(change: Change) -> str:
    """From where, as short as it is clear: the object when the name stays, else the whole path."""
    assert change.moved is not None
    if change.moved[-1] == change.path[-1] and len(change.moved) > 1:
        return show_path(change.moved[:-1])
    return show_path(change.moved)


def _told(change: Change, a: TypeShape, b: TypeShape) -> str:
    if change.moved is not None:
        if change.change == "removed":
            return f"Only in a. b has the same field at {show_path(change.moved)}, so it is read as moved."
        return f"Only in b. a has the same field at {show_path(change.moved)}, so it is read as moved."
    if change.change == "removed":
        return f"Only in a{_of(a, change.path)}. " + (
            "What reads it breaks with b." if change.breaking else "b has no such field."
        )
    if change.change == "added":
        return f"Only in b{_of(b, change.path)}. a has no such field."
    if change.change == "retyped":
        told = f"{change.a} in a, {change.b} in b."
        return told + (
            " b has a type that a never had." if change.breaking else " b has no type that is new."
        )
    if change.change == "optional":
        return (
            f"{_there(a, change.path, 'a')}. {_there(b, change.path, 'b')}. What relies on it breaks with b."
        )
    return f"{_there(a, change.path, 'a')}. {_there(b, change.path, 'b')}."


def _there(shape: TypeShape, path: Path, letter: str) -> str:
    """How far a side has a field: ``In 3 of the 301 events of a``, ``In every object of b that it belongs to``."""
    field = shape.field(path)
    if field is None:
        return f"Not in {letter}"
    if _is_uncounted(shape, field):
        return f"Not in every event of {letter}"
    if field.present < field.of:
        return f"In {field.present:,} of the {field.of:,} events of {letter}"
    of = "the one event" if field.of == 1 else f"all {field.of:,} events"
    if field.optional:
        return f"In {of} of {letter}, but not in each object it belongs to"
    return f"In {of} of {letter}" + (", in each object it belongs to" if ITEMS in field.path else "")


def _of(shape: TypeShape, path: Path) -> str:
    words = presence(shape, shape.field(path))
    return "" if not words else f", in {words} events" if words != "all" else ", in all its events"


def value_lines(values: Sequence[ValueLine], alike: bool) -> list[Line]:
    """The lines of two payloads compared by value."""
    told = {
        "-": "Only in a.",
        "+": "Only in b.",
        "~": "Another value in b.",
        "=": "The same on both sides.",
    }
    return [
        Line(
            "" if value.sign == "=" else value.sign,
            value.path,
            *value.in_words(_LONGEST),
            told=told[value.sign],
        )
        for value in values
        if alike or value.sign != "="
    ]


def header_lines(a: Request, b: Request, alike: bool) -> list[Line]:
    """The lines of two heads; secrets are masked."""
    told = {"": "The same on both sides.", "+": "Only in b.", "-": "Only in a.", "~": "Another value in b."}
    found: list[Line] = []
    for line in diff_headers(a, b):
        sign = "" if line.sign == "=" else line.sign
        if alike or sign:
            texts = ", ".join(line.a), ", ".join(line.b)
            found.append(Line(sign, (line.name.lower(),), *texts, told=told[sign], name=line.name))
    return found


def as_rows(lines: Sequence[Line]) -> list[Row]:
    """Lines as rows: what stands inside another line's object is inside that row."""
    rows: list[Row] = []
    open_paths: list[Path] = []
    seen: dict[Hashable, int] = {}
    for line in lines:
        while open_paths and line.path[: len(open_paths[-1])] != open_paths[-1]:
            open_paths.pop()
        if open_paths and open_paths[-1] == line.path:
            open_paths.pop()
        # Without the sign, which is another when the sides are swapped.
        seen[line.path] = seen.get(line.path, 0) + 1
        rows.append(
            Row((line.path, seen[line.path]), (line, open_paths[-1] if open_paths else ()), len(open_paths))
        )
        if line.name is None and line.path:
            open_paths.append(line.path)
    return rows


def key_swapped(row: Row) -> Hashable:
    """The key of the same row once the sides are swapped."""
    path, number = cast(tuple[Path, int], row.key)
    return swapped(path), number


Heading = Callable[[int], list[list[Piece]]]


@dataclass(frozen=True, slots=True)
class _Columns:
    path: int
    a: int
    b: int
    """Beside: of each side. Unified: `a` is for both, `b` is 0."""
    present: int
    breaking: int


class ChangeRows(Rows):
    """Draws the lines of a diff, side by side or unified."""

    beside = True
    """Side by side; unified otherwise."""
    present = 3
    """Cells of the column that says how common a field is."""
    breaks = True
    """Whether a line may say that it breaks what reads a."""

    def columns(self, width: int) -> _Columns:
        """Cells of each column."""
        breaking = 1 if not self.breaks else 10 if width >= 56 else 0
        present = self.present + 1 if self.present else 0
        room = max(8, width - 4 - breaking)
        if not self.beside:
            path = room * 44 // 100
            return _Columns(path, room - path - present - 1, 0, present, breaking)
        path = room * 34 // 100
        side = (room - path - 3) // 2 - present
        return _Columns(path, side, room - path - 3 - side - 2 * present, present, breaking)

    def heading(
        self, a: tuple[str, str], b: tuple[str, str], width: int
    ) -> list[tuple[list[Piece], list[Piece]]]:
        """The lines above: who a and b are, and what they are learnt from (both raw)."""
        columns = self.columns(width)
        if not self.beside:
            return _unified_heading(a, b, width)
        side = columns.a + columns.present
        first: list[Piece] = [(" " * (columns.path + 4), "")]
        second: list[Piece] = fitted([("    field", "muted")], columns.path + 4)
        for gap, letter, (label, events) in ((" ", "a", a), ("  ", "b", b)):
            first += [
                (gap, ""),
                (f"{letter} ", "accent"),
                *fitted([(_short(label, side - 2), "strong")], side - 2),
            ]
            second += [(gap, ""), *fitted([(f"  {visible(events)}", "muted")], side)]
            side = columns.b + columns.present
        return [(first, []), (second, [])]

    def pieces(self, row: Row, width: int, fold: Fold, cursor: bool) -> list[Piece]:
        """One line, as its columns."""
        line, parent = row.value
        columns = self.columns(width)
        sign = ">" if line.sign == "»" and self.glyphs is ASCII else line.sign
        mark = self.glyphs.opened if fold == "open" else self.glyphs.folded if fold else " "
        name = line.name if line.name is not None else _relative(line.path, parent)
        plain = "" if line.sign else "muted"
        found: list[Piece] = [
            (self.glyphs.cursor if cursor else " ", "accent"),
            (f"{sign or ' '} ", _COLOURS[line.sign]),
            (mark, "muted"),
            *fitted(self._named(name, row.depth, columns.path, plain or "key"), columns.path),
        ]
        a, b = line.a, line.b
        if line.sign == "~":
            a, b = differing(a, b, columns.a if self.beside else (columns.a - 4) // 2, self.glyphs.ellipsis)
        if not self.beside:
            found += [(" ", ""), *self._words(self._unified(line, a, b, columns.a), columns.a, plain)]
            found += self._present(_unified_presence(line), columns.present)
        else:
            if line.note:
                found += [(" ", ""), *fitted(outside(line.note, "new"), columns.a + columns.present)]
            else:
                found += [(" ", ""), *self._words(a, columns.a, plain)]
                found += self._present(line.in_a, columns.present)
            found += [("  ", ""), *self._words(b, columns.b, plain)]
            found += self._present(line.in_b, columns.present)
        if not self.breaks:
            found.append((" " * columns.breaking, ""))
        elif columns.breaking:
            found += fitted([("  ", ""), ("breaking" if line.breaking else "", "error")], columns.breaking)
        return found

    @staticmethod
    def _named(name: str, depth: int, cells: int, style: str) -> list[Piece]:
        """The name, indented; a long path loses its beginning."""
        indent = "  " * min(depth, cells // 4)
        if len(name) + len(indent) > cells:
            return [(indent, ""), (cut_start(visible(name), cells - len(indent), cell_len), style)]
        return [(indent, ""), *outside(name, style)]

    def _words(self, words: str, cells: int, style: str) -> list[Piece]:
        if not words:
            return fitted([("-" if self.glyphs is ASCII else "–", "muted")], cells)
        return fitted(outside(words, style), cells, self.glyphs.ellipsis)

    def _present(self, words: str, cells: int) -> list[Piece]:
        return fitted([(words, "muted" if words == "all" else "care")], cells, right=True) if cells else []

    def _unified(self, line: Line, a: str, b: str, cells: int) -> str:
        if line.sign == "~":
            # Each side keeps half, and what the other does not need.
            room = cells - 2 - cell_len(self.glyphs.sent)
            a = cut_end(a, max(room // 2, room - _cells(b)), _cells, self.glyphs.ellipsis)
            b = cut_end(b, room - _cells(a), _cells, self.glyphs.ellipsis)
            return f"{a} {self.glyphs.sent} {b}"
        if line.note:
            return f"{line.note}  {line.b}"
        return line.a if line.sign == "-" else line.b

    def fold_column(self, row: Row) -> int | None:
        """The fold sign stands before the name."""
        return 3


def _cells(raw: str) -> int:
    """Cells of a text as it is shown."""
    return cell_len(visible(raw))


def _unified_presence(line: Line) -> str:
    return line.in_a if line.sign in ("-", "!") else line.in_b


def _relative(path: Path, parent: Path) -> str:
    """A path as it reads inside its parent: ``.image_digest``, ``[]``."""
    if not parent:
        return show_path(path)
    return show_path(path)[len(show_path(parent)) :]


def _unified_heading(
    a: tuple[str, str], b: tuple[str, str], width: int
) -> list[tuple[list[Piece], list[Piece]]]:
    """Who a and b are, on one line; where that would cut a filter behind an ``@``, on a line each."""
    half = (width - 8) // 2
    fit = all(
        "@" not in label or cell_len(visible(label)) + cell_len(visible(events)) + 5 <= half
        for label, events in (a, b)
    )
    room = half if fit else width - 6
    sides: list[list[Piece]] = []
    for letter, (label, events) in (("a", a), ("b", b)):
        about = visible(events)
        named = _short(label, room - cell_len(about) - 5)
        if " " not in about:
            # The type of an event: its end tells more than its beginning.
            about = event_type(about, max(4, room - cell_len(named) - 4), cell_len)
        pieces: list[Piece] = [(f"{letter} ", "accent"), (f"{named}  ", "strong"), (about, "muted")]
        sides.append(fitted(pieces, room))
    if fit:
        return [([("    ", ""), *sides[0], ("  ", ""), *sides[1]], [])]
    return [([("    ", ""), *side], []) for side in sides]


def _short(label: str, width: int) -> str:
    """A label cut to a width: a type loses its beginning, what stands after an ``@`` stays as long as it can."""
    name, at, words = visible(label).partition("@")
    room = width - cell_len(at + words)
    if at and room < _SHORTEST_NAME:
        return cut_end(event_type(name, _SHORTEST_NAME, cell_len) + at + words, max(4, width), cell_len)
    return event_type(name, max(4, room), cell_len) + at + words


def markdown(a: str, b: str, changes: Sequence[Change]) -> str:
    """The shape diff as a Markdown document for a colleague; texts from outside are escaped."""
    lines = [f"# {_cell(a)} and {_cell(b)}", ""]
    if not changes:
        return "\n".join([*lines, "The same shape.", ""])
    lines += ["| | field | a | b | |", "|---|---|---|---|---|"]
    for change in changes:
        note = "breaking" if change.breaking else ""
        if change.moved is not None:
            note = f"{note}, moved: {show_path(change.moved)}".removeprefix(", ")
        cells = (SIGNS[change.change], show_path(change.path), change.a or "", change.b or "", note)
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    escaped = visible(text)
    for sign in "\\`*_[]<>|#":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped


def export_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The changes as `inspector diff --json` prints them."""
    return [change.as_json() for change in changes]
