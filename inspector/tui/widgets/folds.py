"""What of a document is folded: objects and arrays by their opening rows, whole sections by their number."""

from __future__ import annotations

from typing import Final

from inspector.tui.widgets.document import Document, Section
from inspector.tui.widgets.layout import HEADING, Layout
from inspector.tui.widgets.measure import Measure

NOTHING: Final[frozenset[int]] = frozenset()


class Folds:
    """The folds of one document; `kept` is shared between documents and remembers sections by their key."""

    __slots__ = ("_document", "_folded", "_kept", "_shut")

    def __init__(self, document: Document, kept: dict[str, bool]) -> None:
        self._document = document
        self._kept = kept
        self._folded: dict[int, set[int]] = {
            number: set(section.nested.shut())
            for number, section in enumerate(document.sections)
            if section.nested is not None
        }
        self._shut = {
            number
            for number, section in enumerate(document.sections)
            if section.foldable and not kept.get(section.key, not section.folded)
        }

    def layout(self, measures: list[Measure], width: int | None) -> Layout:
        """The lines that are left; `width` is None while rows are not wrapped."""
        return Layout(self._document, measures, self._folded, self._shut, width)

    def can_fold(self, number: int, row: int) -> bool:
        """Whether a row, or the heading of a section, holds something to fold."""
        section = self._section(number)
        if section is None:
            return False
        return section.foldable if row == HEADING else section.tree is not None and section.tree.opens(row)

    def is_folded(self, number: int, row: int) -> bool:
        """Whether what a row or heading holds is folded away."""
        return number in self._shut if row == HEADING else row in self._folded.get(number, NOTHING)

    def is_shut(self, number: int) -> bool:
        """Whether a section shows its heading alone."""
        return number in self._shut

    def fold(self, number: int, row: int, fold: bool) -> None:
        """Fold or open what a row or heading holds."""
        chosen = self._shut if row == HEADING else self._folded.setdefault(number, set())
        at = number if row == HEADING else row
        if fold:
            chosen.add(at)
        else:
            chosen.discard(at)
        if row == HEADING:
            self._kept[self._document.sections[number].key] = not fold

    def fold_all(self) -> None:
        """Fold every object and array but the outermost, and every section that can be."""
        for number, section in enumerate(self._document.sections):
            if section.tree is not None:
                self._folded[number] = {row for row in section.tree.openers() if row > 0}
            if section.foldable:
                self._shut.add(number)

    def unfold_all(self) -> None:
        """Open everything."""
        self._folded.clear()
        self._shut.clear()

    def take_over(self, other: Folds) -> None:
        """Fold what is folded in another document, section by section of the same key and row by row."""
        numbers = {section.key: number for number, section in enumerate(self._document.sections)}
        for number, section in enumerate(other._document.sections):
            mine = numbers.get(section.key)
            if mine is None:
                continue
            (self._shut.add if number in other._shut else self._shut.discard)(mine)
            tree, seen = self._document.sections[mine].tree, len(section.lines)
            if tree is not None:
                rows = other._folded.get(number, NOTHING)
                beyond = {row for row in self._folded.get(mine, NOTHING) if row >= seen}
                self._folded[mine] = beyond | {row for row in rows if row < len(tree) and tree.opens(row)}

    def open_up(self, number: int, row: int) -> bool:
        """Open everything a row is folded into; False when it was in sight already."""
        section = self._section(number)
        rows = self._folded.get(number)
        around = (
            set(section.tree.parents(row)) & rows if section is not None and section.tree and rows else set()
        )
        if number not in self._shut and not around:
            return False
        self._shut.discard(number)
        if rows is not None:
            rows -= around
        return True

    def _section(self, number: int) -> Section | None:
        sections = self._document.sections
        return sections[number] if number < len(sections) else None
