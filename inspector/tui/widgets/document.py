"""What a `Viewer` shows: a document of sections, each a source of raw rows.

Three kinds of section: a `Head` of styled lines that the program words itself, `JsonText` that folds (as
`NestedText` also what its strings hold), and any other `Lines` (text, hex). Texts in them are raw; the viewer
makes every one visible. A document is built once, off the screen's loop when it is large, and never changes;
what is folded is the viewer's own state.

The detail pane of an event, for example::

    tree = view.json
    Document((
        Section("head", None, Head((HeadLine((Span("user.image.analysis.completed", "title"),),
                                             (Span("#1204", "muted"),)),))),
        Section("details", "details", tree.part(("details",)), "json"),
        Section("envelope", "envelope", tree.replaced(("details",), "above"), "json",
                summary="id, source, resource, 3 more", foldable=True, folded=True),
    ), new_paths=frozenset({("details", "team")}))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from inspector.core.bodies import BodyView, Language
from inspector.core.jsontext import JsonText
from inspector.core.lines import Lines
from inspector.core.nested import NestedText
from inspector.core.payload import Path

Role = Literal[
    "text", "title", "muted", "accent", "passed", "care", "error", "new",
    "key", "string", "number", "constant", "escape", "rule",
]  # fmt: skip
"""How a piece of text looks (`widgets/roles.py`)."""
_SENTENCE = 50
"""Characters of a line of a sentence."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text that looks the same throughout."""

    text: str
    role: Role = "text"


@dataclass(frozen=True, slots=True)
class HeadLine:
    """One line in our own words, with an optional part at the right edge and the mark of what is new."""

    spans: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()
    new: bool = False
    name: str = ""
    """What the line holds a value of: the name of a header."""
    value: str = ""
    """That value, for copying; empty where the line is to be copied."""
    told: str = ""
    """What that is, in words: at the right edge where there is room, and for the path bar."""
    about: str = ""
    """What the path bar tells of it, instead."""

    @property
    def text(self) -> str:
        """The words without their looks."""
        return "".join(span.text for span in self.spans)


def sentences(texts: Iterable[str], role: Role, width: int = _SENTENCE) -> Head:
    """Sentences of our own as lines that fit the narrowest pane beside a list: what is wrong is to be read whole."""
    return Head([HeadLine((Span(part, role),)) for text in texts for part in wrap(text, width)])


class Head:
    """Styled lines as a source of rows."""

    __slots__ = ("lines",)

    def __init__(self, lines: Sequence[HeadLine]) -> None:
        self.lines = tuple(lines)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, row: int) -> str:
        return self.lines[row].text

    def slice(self, row: int, start: int, end: int) -> str:
        return self.lines[row].text[start:end]

    def length(self, row: int) -> int:
        return len(self.lines[row].text)

    def lengths(self) -> Iterator[int]:
        return (len(line.text) for line in self.lines)

    def longest(self) -> int:
        return max((len(line.text) for line in self.lines), default=0)

    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Section:
    """A block of rows below each other, under a heading when it has a title."""

    key: str
    """Names the section for `Viewer.go_to_section` and for remembering what was folded."""
    title: str | None
    source: Lines | JsonText | NestedText
    language: Language = "text"
    summary: str = ""
    """Stands beside the title while the section is folded."""
    note: str = ""
    """Stands at the right end of the heading: ``3 masked``."""
    foldable: bool = False
    folded: bool = False

    @property
    def tree(self) -> JsonText | NestedText | None:
        """The index of places, when the source has one."""
        return self.source if isinstance(self.source, JsonText | NestedText) else None

    @property
    def nested(self) -> NestedText | None:
        """The same, when strings in it open."""
        return self.source if isinstance(self.source, NestedText) else None

    @property
    def lines(self) -> Lines:
        """The rows."""
        return self.source.lines if isinstance(self.source, JsonText | NestedText) else self.source


@dataclass(frozen=True, slots=True)
class Document:
    """Sections in the order in which they are read."""

    sections: tuple[Section, ...] = ()
    new_paths: frozenset[Path] = frozenset()
    """Paths (with ITEMS and KEYS) of fields never seen before; their rows are marked."""

    @classmethod
    def of(
        cls,
        view: BodyView,
        new_paths: frozenset[Path] = frozenset(),
        source: JsonText | NestedText | None = None,
    ) -> Document:
        """A body alone: its notes as first lines, then its rows, which are those of `source` where it is
        given."""
        sections = [Section("body", None, source or view.json or view.lines, view.language)]
        if view.notes:
            sections.insert(0, Section("notes", None, sentences(view.notes, "muted")))
        return cls(tuple(sections), new_paths)
