"""Where the cursor of a viewer is, in terms of the document: path, type in words, the text of the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inspector.core import units
from inspector.core.payload import Path
from inspector.core.text import count_unsafe
from inspector.tui.widgets.document import Head, HeadLine, Section
from inspector.tui.widgets.layout import HEADING

_MOST_UNSAFE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cursor is."""

    section: str
    """Key of the section."""
    row: int
    """Row of the section's source, -1 on its heading."""
    path: Path | None
    """Path of the value, with real indexes; None where there is no JSON value."""
    words: str
    """What stands there: ``string, 71 chars``, ``object, 3 keys``; empty for a heading."""
    source: Section
    """The section itself."""
    name: str = ""
    """What the line is called where it has no path: the name of a header, the path of a field of a shape."""

    @property
    def value_text(self) -> str:
        """The JSON text of the value, or the text of the row. Built when asked for: it may be large."""
        if self.row == HEADING:
            return ""
        tree = self.source.tree
        if tree is not None:
            return tree.value_text(self.row)
        return self._head_line.value or self.source.lines.line(self.row)

    @property
    def _head_line(self) -> HeadLine:
        source = self.source.source
        return source.lines[self.row] if isinstance(source, Head) else HeadLine()


def place_in(section: Section, row: int) -> Place:
    """The place of a row, or of the heading, of a section."""
    if row == HEADING:
        return Place(section.key, row, None, "", section)
    tree = section.tree
    if isinstance(section.source, Head) and (line := section.source.lines[row]).name:
        odd = ", ".join(span.text for span in line.right)
        words = line.about or "; ".join(filter(None, (line.told, odd)))
        return Place(section.key, row, None, words, section, line.name)
    if tree is None:
        return Place(section.key, row, None, _unsafe_words(section, row).removeprefix(", "), section)
    words = tree.type_words(row) + _unsafe_words(section, row)
    return Place(section.key, row, tree.path_at(row), words, section)


def _unsafe_words(section: Section, row: int) -> str:
    tree = section.tree
    if tree is not None and tree.opens(row):
        return ""
    number = count_unsafe(section.lines.slice(row, 0, _MOST_UNSAFE))
    return f", {units.count(number, 'control character')}, escaped" if number else ""
