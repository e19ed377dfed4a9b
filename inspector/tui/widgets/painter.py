"""The lines of a document as strips: gutter, colours, cursor, matches, selection.

The painter knows how a line looks, the viewer which lines there are and what the reader does. Made rows are
kept until the document, the folds or the search change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from inspector.core.payload import ITEMS, KEYS, Path
from inspector.core.text import visible
from inspector.tui.widgets.colouring import Run, coloured, cut, plain, with_hits
from inspector.tui.widgets.document import Document, Head, HeadLine, Role, Span
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.layout import HEADING, Spot
from inspector.tui.widgets.measure import WINDOW, Measure
from inspector.tui.widgets.search import Matches

GUTTER: Final = 2
_KEPT = 2000
_SUMMARY = 200


class Line(NamedTuple):
    """A line before it is drawn: what stands on it, where its text is cut, and how it is marked."""

    spot: Spot
    folded: bool
    cursor: bool
    left: int
    """Cells scrolled sideways; not used while wrapped."""
    width: int
    wrapped: bool


class Painter:
    """Draws the lines of one document."""

    def __init__(
        self, document: Document, measures: list[Measure], glyphs: Glyphs, style: Callable[[str], Style]
    ) -> None:
        """`style` gives the style of a role, of ``cursor``, ``match`` and ``selected``."""
        self.document = document
        self.matches: Matches | None = None
        self._measures = measures
        self._glyphs = glyphs
        self._style = style
        self._rows: dict[tuple[int, int, int], list[Run]] = {}
        self._new: dict[tuple[int, int], bool] = {}

    def forget(self) -> None:
        """Make rows anew: the search changed."""
        self._rows.clear()

    def strip(self, line: Line, selected: tuple[int, int] | None, offset_y: int) -> Strip:
        """The line as drawn; `selected` are characters of its text, the gutter included, -1 for the end."""
        runs, first = self._heading(line) if line.spot.row == HEADING else self._body(line)
        base = self._style("text")
        if line.cursor:
            base += self._style("cursor")
        runs = [*self._gutter(line), *runs]
        segments = [Segment(run.text, self._styled(run, base)) for run in runs]
        if selected is not None:
            segments = _selected(segments, selected, first, self._style("selected"))
        strip = Strip(segments).adjust_cell_length(line.width, base)
        return strip.apply_offsets(first, offset_y)

    def text(self, line: Line) -> str:
        """The text of the whole line, the gutter as blanks, for copying."""
        whole = line if line.wrapped else line._replace(left=0, width=1 << 40)
        runs, _ = self._heading(whole) if line.spot.row == HEADING else self._body(whole)
        return " " * GUTTER + "".join(run.text for run in runs).rstrip()

    def cells(self, spot: Spot) -> int:
        """How wide the row of a line is."""
        return 0 if spot.row == HEADING else self._measures[spot.section].cells(spot.row)

    # Parts of a line

    def _styled(self, run: Run, base: Style) -> Style:
        # The style of plain text has a background of its own, which would hide the cursor's.
        style = base if run.role == "text" else base + self._style(run.role)
        return style + self._style("match") if run.hit else style

    def _gutter(self, line: Line) -> list[Run]:
        section = self.document.sections[line.spot.section]
        glyphs, row = self._glyphs, line.spot.row
        if line.spot.line:
            return [Run(" " * GUTTER, "muted")]
        if row == HEADING:
            foldable = section.foldable
        else:  # the outermost brace needs no sign: folding it is rarely what is meant
            foldable = section.tree is not None and section.tree.opens(row) and (row > 0 or line.folded)
        fold = (glyphs.folded if line.folded else glyphs.opened) if foldable else " "
        mark = glyphs.cursor if line.cursor else glyphs.new if self._is_new(line.spot) else " "
        return [Run(mark, "accent" if line.cursor else "new"), Run(fold, "muted")]

    def _heading(self, line: Line) -> tuple[list[Run], int]:
        section = self.document.sections[line.spot.section]
        room = max(0, line.width - GUTTER)
        right = plain(visible(section.note), "muted") if section.note else []
        if line.folded and self.matches is not None:
            inside = self.matches.within(line.spot.section, 0, len(section.lines))
            if inside:
                right = [Run(f"{inside:,} match{'' if inside == 1 else 'es'} inside", "text")]
        runs = plain(visible(section.title or ""), "accent")
        if line.folded:
            if section.summary:
                runs += [Run("   ", "muted"), *plain(visible(section.summary), "muted")]
            return self._justified(runs, right, room, " "), 0
        return self._justified([*runs, Run(" ", "muted")], right, room, self._glyphs.rule), 0

    def _justified(self, runs: list[Run], right: list[Run], room: int, filler: str) -> list[Run]:
        """`runs`, then `filler` up to what stands at the right edge."""
        after = _cells(right) + 1 if right else 0
        room -= bool(right)  # so that it does not run into the scrollbar
        shown = self._ended(runs, max(0, room - after))
        gap = room - _cells(shown) - after
        if gap > 0 and (right or filler != " ") and room < 1 << 30:
            shown = [*shown, Run(filler * gap, "rule")]
        return [*shown, Run(" ", "rule"), *right] if right and gap >= 0 else shown

    def _body(self, line: Line) -> tuple[list[Run], int]:
        section = self.document.sections[line.spot.section]
        row, room = line.spot.row, max(1, line.width - GUTTER)
        nested = section.nested
        note = "" if nested is None else (nested.holds(row) if line.folded else nested.held(row))
        if line.folded and (nested is None or not note):
            return self._ended(self._folded(line), room), 0
        if note and not line.wrapped:
            return self._noted(line, note, room)
        return self._plain_body(line, room)

    def _noted(self, line: Line, note: str, room: int) -> tuple[list[Run], int]:
        """A row and what is to be said of it: behind it, or where it is long at the right edge."""
        words = f"   {note}"
        if len(words) > room // 2:
            return self._plain_body(line, room)
        runs, first = self._plain_body(line, room - len(words))
        return [*runs, Run(words, "accent")], first

    def _plain_body(self, line: Line, room: int) -> tuple[list[Run], int]:
        section = self.document.sections[line.spot.section]
        row = line.spot.row
        if isinstance(section.source, Head):
            head = section.source.lines[row]
            if not line.wrapped:
                return self._head(head, room, line.spot), 0
        measure = self._measures[line.spot.section]
        start = line.spot.line * measure.stride(row, room) if line.wrapped else line.left
        end = start + (measure.stride(row, room) if line.wrapped else room)
        runs, first = self._between(line.spot, start, min(end, measure.cells(row) + 1))
        if not line.wrapped and measure.cells(row) > end:
            runs, _, _ = cut(runs, 0, room - 1)
            runs = [*runs, Run(" " * (room - 1 - _cells(runs)) + self._glyphs.ellipsis, "muted")]
        return runs, 0 if line.wrapped else first

    def _between(self, spot: Spot, start: int, end: int) -> tuple[list[Run], int]:
        """The part of a row from cell `start` to `end`, and the index of its first character."""
        measure = self._measures[spot.section]
        character, cell = measure.window(spot.row, start)
        runs, index, used = cut(self._window(spot, character), start - cell, end - cell)
        first = character + index
        length = self.document.sections[spot.section].lines.length(spot.row)
        while used < end - start and character + WINDOW < length:
            character += WINDOW
            more, _, wide = cut(self._window(spot, character), 0, end - start - used)
            if not wide:
                break
            runs += more
            used += wide
        return runs, first

    def _window(self, spot: Spot, character: int) -> list[Run]:
        """`WINDOW` characters of a row, coloured, with what a search found in them."""
        kept = self._rows.get((spot.section, spot.row, character))
        if kept is not None:
            return kept
        section = self.document.sections[spot.section]
        raw = section.lines.slice(spot.row, character, character + WINDOW)
        if isinstance(section.source, Head):
            runs = _spans(section.source.lines[spot.row].spans)
        else:
            inside = section.tree is not None and character > 0
            nested = section.nested
            runs = coloured(raw, section.language if nested is None else nested.language(spot.row), inside)
        runs = with_hits(runs, self._hits(spot, raw, character))
        if len(self._rows) >= _KEPT:
            self._rows.clear()
        self._rows[spot.section, spot.row, character] = runs
        return runs

    def _hits(self, spot: Spot, raw: str, character: int) -> list[tuple[int, int]]:
        """Where matches stand in a window, in characters of its safe text."""
        if self.matches is None or self.document.sections[spot.section].language == "hex":
            return []
        spans: list[tuple[int, int]] = []
        length = len(self.matches.needle)
        begin = max(0, character - length)
        for at in self.matches.on_row(spot.section, spot.row, begin, character + len(raw)):
            start, end = max(0, at - character), min(len(raw), at + length - character)
            if start < end:
                spans.append((len(visible(raw[:start])), len(visible(raw[:end]))))
        return spans

    def _head(self, head: HeadLine, room: int, spot: Spot) -> list[Run]:
        shown, right = self._window(spot, 0), _spans(head.right)
        told = [*plain(head.told, "muted"), Run("   ", "muted")] if right else plain(head.told, "muted")
        if head.new and not right:
            shown = self._begun(shown, room)
        if head.told and _cells(shown) + _cells(told) + _cells(right) + 3 <= room:
            right = [*told, *right]
        return self._justified(shown, right, room, " ")

    def _folded(self, line: Line) -> list[Run]:
        section, row = self.document.sections[line.spot.section], line.spot.row
        tree = section.tree
        if tree is None:
            return []
        opening = tree.lines.slice(row, 0, WINDOW)
        last = tree.closing(row)
        inside = 0 if self.matches is None else self.matches.within(line.spot.section, row + 1, last)
        note = f"   {inside:,} match{'' if inside == 1 else 'es'} inside" if inside else ""
        before = opening[:-1]
        room = min(_SUMMARY, max(20, line.width - GUTTER - len(before) - 1 - len(note)))
        comma = "," if tree.lines.line(last).endswith(",") else ""
        runs = coloured(before + tree.summary(row, room) + comma, "json")
        runs = with_hits(runs, self._hits(line.spot, before, 0))
        return [*runs, Run(note, "text")] if note else runs

    def _ended(self, runs: list[Run], room: int) -> list[Run]:
        """The runs cut to `room` cells, the last of them an ellipsis."""
        if _cells(runs) <= room:
            return runs
        kept, _, _ = cut(runs, 0, room - 1)
        return [*kept, Run(self._glyphs.ellipsis, "muted")] if room > 0 else []

    def _begun(self, runs: list[Run], room: int) -> list[Run]:
        """What is told of a path, for `room` cells: the path loses its beginning, but for its last step."""
        over = _cells(runs) - room
        path = "".join(run.text for run in runs).partition(" ")[0]
        first = min(over + 1, cell_len(path[: path.rfind(".") + 1]))
        if over <= 0 or first <= 0:
            return self._ended(runs, room)
        first += path[first : first + 1] == "."
        kept, _, _ = cut(runs, first, 1 << 30)
        return self._ended([Run(self._glyphs.ellipsis, "muted"), *kept], room)

    def _is_new(self, spot: Spot) -> bool:
        section = self.document.sections[spot.section]
        if isinstance(section.source, Head):
            return spot.row != HEADING and section.source.lines[spot.row].new
        tree = section.tree
        if not self.document.new_paths or tree is None or spot.row == HEADING or tree.closes(spot.row):
            return False
        known = self._new.get((spot.section, spot.row))
        if known is None:
            if len(self._new) >= _KEPT:
                self._new.clear()
            known = is_among(tree.path_at(spot.row), self.document.new_paths)
            self._new[spot.section, spot.row] = known
        return known


def is_among(path: Path, paths: frozenset[Path]) -> bool:
    """Whether a path with real indexes is one of `paths`, in which ITEMS and KEYS stand for any."""
    general = tuple(ITEMS if isinstance(step, int) else step for step in path)
    if general in paths or path in paths:
        return True
    return any(
        len(other) == len(general)
        and all(theirs in (ours, KEYS) for ours, theirs in zip(general, other, strict=True))
        for other in paths
        if KEYS in other
    )


def _spans(spans: tuple[Span, ...]) -> list[Run]:
    return [run for span in spans for run in plain(span.text, span.role)]


def _cells(runs: list[Run]) -> int:
    return sum(Segment(run.text).cell_length for run in runs)


def _selected(segments: list[Segment], span: tuple[int, int], first: int, style: Style) -> list[Segment]:
    """The segments with a style laid over characters `span` of the line; `first` is where its text begins."""
    start, end = span[0] - first, span[1] - first if span[1] >= 0 else 1 << 40
    laid: list[Segment] = []
    at = 0
    for text, old, _ in segments:
        low, high = (min(max(0, edge - at), len(text)) for edge in (start, end))
        for piece, under in ((text[:low], False), (text[low:high], True), (text[high:], False)):
            if piece:
                laid.append(Segment(piece, (old or Style()) + style if under else old))
        at += len(text)
    return laid


__all__ = ["GUTTER", "Line", "Painter", "Role", "is_among"]
