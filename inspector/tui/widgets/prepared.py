"""A document made ready to draw: built and measured, in a thread when large; a failing builder is told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from inspector.tui.widgets.document import Document, Head, HeadLine, Section, Span
from inspector.tui.widgets.measure import Measure


class Prepared(NamedTuple):
    """A document with what is known of its rows before they are drawn."""

    document: Document
    measures: list[Measure]

    @classmethod
    def of(cls, document: Document, known: Sequence[Measure] = ()) -> Prepared:
        """Measure a document, but for rows that are known; above a megabyte, in a thread."""
        before = {id(measure.lines): measure for measure in known}
        return cls(
            document,
            [before.get(id(section.lines)) or Measure(section.lines) for section in document.sections],
        )


def prepare(build: Callable[[], Document], known: Sequence[Measure] = ()) -> Prepared | Exception:
    """The document, or why there is none; any failure of a view ends here, so that the app lives."""
    try:
        return Prepared.of(build(), known)
    except Exception as error:
        return error


def saying(words: str) -> Document:
    """A document that says one thing."""
    return Document((Section("words", None, Head((HeadLine(), HeadLine((Span(words, "muted"),))))),))
