"""The viewer: a document of any size in one scroll, with a cursor, folding, search, wrapping and selection.

Only the rows on screen are made, coloured (Pygments) and drawn. Use::

    viewer = Viewer(glyphs=UNICODE)
    viewer.show(document)                    # at once, the cursor on `start` or the first row
    viewer.read(build, size)                 # build() -> Document, in a thread above 1 MB with "reading …"
    viewer.read(build, size, first=preview)  # until then what preview() -> Document builds; the cursor stays
    viewer.find("digest")                    # marks matches, goes to the first; Found(current, total)
    viewer.find_next(); viewer.find_previous(); viewer.find("")
    viewer.go_to_section("details"); viewer.go_to_path(("details", "a"))
    viewer.place                             # Place | None: where the cursor is
    viewer.wrapped                           # reactive bool

Messages: `Viewer.CursorMoved(place)`, `Viewer.Opened(place)` (enter or a double click on what does not fold),
`Viewer.Found(current, total)`, `Viewer.Failed(sentence)` (a document that could not be built).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

from rich.style import Style
from textual import events as textual_events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from inspector.core import units
from inspector.core.payload import Path
from inspector.tui.keys import bind, key_of
from inspector.tui.log import view_failed
from inspector.tui.widgets.document import Document
from inspector.tui.widgets.folds import Folds
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.layout import HEADING
from inspector.tui.widgets.moves import MOVES
from inspector.tui.widgets.painter import GUTTER, Line, Painter
from inspector.tui.widgets.place import Place, place_in
from inspector.tui.widgets.prepared import Prepared, prepare, saying
from inspector.tui.widgets.roles import Roles
from inspector.tui.widgets.search import Matches, weight

__all__ = ["Place", "Viewer"]

IN_A_THREAD: Final = 1_000_000
"""Bytes above which a document is built, and searched, in a thread."""
_REVERSED: Final = Style(reverse=True)


class Viewer(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a `Document`."""

    DEFAULT_CSS = """
    Viewer {
        background: $surface; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        bind("fold-close", "fold", "Fold"),
        bind("fold-open", "unfold", "Open"),
        bind("fold-toggle", "toggle_fold", "Fold or open"),
        bind("fold-close-all", "fold_all", "Fold all"),
        bind("fold-open-all", "unfold_all", "Open all"),
        bind("sibling-next", "sibling(1)", "Next at the same depth"),
        bind("sibling-previous", "sibling(-1)", "Previous at the same depth"),
        bind("scroll-left", "sideways(-1)", "Scroll to the left"),
        bind("scroll-right", "sideways(1)", "Scroll to the right"),
        bind("details", "section('details')", "To details"),
        bind("wrap", "wrap", "Wrap long lines"),
        bind("find-next", "find_next", "Next match"),
        bind("find-previous", "find_previous", "Previous match"),
    ]

    wrapped: reactive[bool] = reactive(False, init=False)

    class CursorMoved(Message):
        """The cursor is on another row, or another document is shown."""

        def __init__(self, place: Place | None) -> None:
            super().__init__()
            self.place = place

    class Opened(Message):
        """Enter or a double click on a value that does not fold."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    class Found(Message):
        """A search ended or went on: match `current` (from 1, 0 without any) of `total`."""

        def __init__(self, current: int, total: int) -> None:
            super().__init__()
            self.current = current
            self.total = total

    class Failed(Message):
        """A document could not be built; the viewer shows the sentence instead."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    class _Built(Message, bubble=False):
        def __init__(self, turn: int, built: Prepared | Exception, stay: bool) -> None:
            super().__init__()
            self.turn = turn
            self.built = built
            self.stay = stay

    class _Searched(Message, bubble=False):
        def __init__(self, turn: int, matches: Matches) -> None:
            super().__init__()
            self.turn = turn
            self.matches = matches

    def __init__(
        self,
        document: Document | None = None,
        *,
        glyphs: Glyphs = UNICODE,
        start: str = "details",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`start` is the key of the section on which the cursor begins, where a document has it."""
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self.start = start
        self._roles = Roles(self)
        self._turn = 0
        self._search_turn = 0
        self._needle = ""
        self._left = 0
        self._opened: dict[str, bool] = {}
        self._take(Prepared.of(document or Document()))

    # What others tell

    def on_mount(self) -> None:
        """Lay out what was given."""
        self._lay_out()

    def show(self, document: Document) -> None:
        """Show a document that is at hand; for one of megabytes use `read`."""
        self._turn += 1
        self._show(Prepared.of(document))

    def read(
        self,
        build: Callable[[], Document],
        size: int,
        *,
        first: Callable[[], Document] | None = None,
        same: bool = False,
    ) -> None:
        """Show what `build` returns; above a megabyte of `size` it runs in a thread; the last call wins.

        Until then `first` stands there, quickly built from the beginning of the whole; with `same`, when it is
        what is shown already, nothing changes. Cursor, folds and scroll stay where they are in both cases.
        """
        self._turn += 1
        stay = same or first is not None
        if size <= IN_A_THREAD:
            self._finish(prepare(build), same)
            return
        words = f"reading {units.size(size)} …"
        if not same:
            self._finish(prepare(first or partial(saying, words)), False)
        self.run_worker(
            partial(self._build, build, self._turn, stay),
            name="read",
            description=words,
            group=f"read-{self.id}",
            exclusive=True,
            exit_on_error=False,
            thread=True,
        )

    def find(self, text: str) -> None:
        """Mark every match of a text and go to the first one from the cursor; empty ends the search."""
        self._needle = text
        self._search_turn += 1
        if text and weight(self._document) > IN_A_THREAD:
            self.run_worker(
                partial(self._search, self._document, text, self._search_turn),
                name="find",
                group=f"find-{self.id}",
                exclusive=True,
                exit_on_error=False,
                thread=True,
            )
            return
        self._take_matches(Matches(self._document, text) if text else None)

    def find_next(self, step: int = 1) -> None:
        """Go to the next match, after the last to the first; what it is folded into opens."""
        matches = self._painter.matches
        if matches is None or not len(matches):
            return
        self._go_to_match((self._current + step) % len(matches))

    def find_previous(self) -> None:
        """Go to the match before."""
        self.find_next(-1)

    def go_to_section(self, key: str) -> bool:
        """Put the cursor on the first row of a section and open it; False when there is none of that name."""
        for number, section in enumerate(self._document.sections):
            if section.key == key:
                self._open_up(number, 0)
                self._set_cursor(number, 0 if len(section.lines) else HEADING, top=True)
                return True
        return False

    def go_to_path(self, path: Path) -> bool:
        """Put the cursor on the value at a path and open what it is folded into; False when there is none."""
        found = self._find_path(path)
        if found is None:
            return False
        self._open_up(*found)
        self._set_cursor(*found)
        return True

    # What others ask

    @property
    def document(self) -> Document:
        """What is shown."""
        return self._document

    @property
    def place(self) -> Place | None:
        """Where the cursor is; None in an empty document."""
        if self._layout.total == 0:
            return None
        number, row = self._cursor
        return place_in(self._document.sections[number], row)

    @property
    def matches(self) -> tuple[int, int]:
        """The match the cursor is on (from 1, 0 without any) and how many there are."""
        found = self._painter.matches
        return (0, 0) if found is None or not len(found) else (self._current + 1, len(found))

    # Documents

    def _build(self, build: Callable[[], Document], turn: int, stay: bool) -> None:
        """Runs in a thread."""
        self.post_message(self._Built(turn, prepare(build, self._measures), stay))

    def on_viewer__built(self, message: _Built) -> None:
        """Show what the thread built, unless something else was asked for since."""
        if message.turn == self._turn:
            self._finish(message.built, message.stay)

    def _finish(self, built: Prepared | Exception, stay: bool) -> None:
        if isinstance(built, Exception):
            raw = key_of(self.app, "tab-4")
            sentence = view_failed("a document", built, f"{raw} has the raw bytes, the log the rest.")
            self.post_message(self.Failed(sentence))
            self._show(Prepared.of(saying(sentence)))
            self._failing = True  # should these words fail, too, nothing else is tried
            return
        self._show(built, stay)

    def _take(self, prepared: Prepared) -> None:
        self._failing = False
        self._document, self._measures = prepared
        sections = self._document.sections
        self._folds = Folds(self._document, self._opened)
        self._painter = Painter(self._document, self._measures, self.glyphs, self._role_style)
        self._layout = self._folds.layout(self._measures, self._wrap_width)
        start = next((at for at, section in enumerate(sections) if section.key == self.start), 0)
        if self._folds.is_shut(start) or not sections or not len(sections[start].lines):
            start = 0
        first = self._layout.spot(self._layout.line_of(start, 0)) if sections else None
        self._cursor: tuple[int, int] = (0, HEADING) if first is None else (first.section, first.row)
        self._current = 0

    def _show(self, prepared: Prepared, stay: bool = False) -> None:
        before = self.place.path if self.has_focus and self.place is not None else None
        if stay and self._replace(prepared):
            self.post_message(self.CursorMoved(self.place))
            return
        self._take(prepared)
        self._left = 0
        self._lay_out()
        self.scroll_to(y=0, animate=False, force=True)
        if self._needle:
            self.find(self._needle)
        elif before:
            self.go_to_path(before)
        self.post_message(self.CursorMoved(self.place))

    def _replace(self, prepared: Prepared) -> bool:
        """Take a document that begins like the one shown, so that nothing moves; False when it does not."""
        sections, (number, row) = self._document.sections, self._cursor
        if not sections:
            return False
        key, height = sections[number].key, self._line_of_cursor() - self.scroll_offset.y
        folds = self._folds
        self._take(prepared)
        number = next((at for at, section in enumerate(self._document.sections) if section.key == key), -1)
        if number < 0:
            return False
        self._folds.take_over(folds)
        self._cursor = number, min(row, len(self._document.sections[number].lines) - 1)
        self._lay_out()
        self.scroll_to(y=max(0, self._line_of_cursor() - height), animate=False, force=True, immediate=True)
        if self._needle:
            self.find(self._needle)
        return True

    def _lay_out(self) -> None:
        self._layout = self._folds.layout(self._measures, self._wrap_width)
        self.virtual_size = Size(0, self._layout.total)
        self.refresh()

    @property
    def _wrap_width(self) -> int | None:
        return max(2, self._width - GUTTER) if self.wrapped and self.is_attached else None

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _find_path(self, path: Path) -> tuple[int, int] | None:
        for number, section in enumerate(self._document.sections):
            if section.tree is not None and (row := section.tree.row_of(path)) is not None:
                return number, row
        return None

    # The cursor

    def _set_cursor(self, section: int, row: int, top: bool = False) -> None:
        before, self._cursor = self._cursor, (section, row)
        line = self._layout.line_of(section, row)
        spot = self._layout.spot(line)
        if spot is not None:
            self._cursor = (spot.section, spot.row)
        height = min(self._lines_of_cursor(), max(1, self.size.height))
        self.scroll_to_region(
            Region(0, line, 1, height), animate=False, force=True, x_axis=False, immediate=True, top=top
        )
        self.refresh()
        if self._cursor != before:
            self.post_message(self.CursorMoved(self.place))

    def _lines_of_cursor(self) -> int:
        width = self._wrap_width
        number, row = self._cursor
        if width is None or row == HEADING:
            return 1
        nested = self._document.sections[number].nested
        if self._folds.is_folded(number, row) and (nested is None or not nested.holds(row)):
            return 1
        return self._measures[number].height(row, width)

    def _line_of_cursor(self) -> int:
        return self._layout.line_of(*self._cursor)

    def _go_to_line(self, line: int) -> None:
        spot = self._layout.spot(max(0, min(line, self._layout.total - 1)))
        if spot is not None:
            self._set_cursor(spot.section, spot.row)

    def action_move(self, step: int) -> None:
        """Move the cursor by rows; a wrapped row taller than the pane is scrolled through first."""
        line, height = self._line_of_cursor(), self._lines_of_cursor()
        if height > self.size.height:
            top = self.scroll_offset.y
            if (step > 0 and line + height > top + self.size.height) or (step < 0 and line < top):
                self.scroll_to(y=top + step, animate=False, force=True)
                return
        self._go_to_line(line + height - 1 + step if step > 0 else line + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by the height of the pane."""
        self._go_to_line(self._line_of_cursor() + step * max(1, self.size.height - 1))

    def action_half(self, step: int) -> None:
        """Move the cursor by half the height of the pane."""
        self._go_to_line(self._line_of_cursor() + step * max(1, self.size.height // 2))

    def action_edge(self, step: int) -> None:
        """Move the cursor to the first or last line."""
        self._go_to_line(0 if step < 0 else self._layout.total - 1)

    def action_sibling(self, step: int) -> None:
        """Move to the next or previous value of the same object or array, or to another heading."""
        number, row = self._cursor
        tree = self._document.sections[number].tree if self._document.sections else None
        if row != HEADING and tree is not None and (other := tree.sibling(row, step)) is not None:
            self._set_cursor(number, other)
        elif row == HEADING and 0 <= number + step < len(self._document.sections):
            self._go_to_line(self._layout.line_of(number + step, HEADING))

    def action_section(self, key: str) -> None:
        """Go to a section by its key."""
        self.go_to_section(key)

    # Folding

    def _fold(self, fold: bool) -> None:
        number, row = self._cursor
        self._folds.fold(number, row, fold)
        self._lay_out()
        self._set_cursor(number, row)
        if not fold:
            self._show_opened(number, row)

    def _show_opened(self, number: int, row: int) -> None:
        """Scroll until what was opened is in sight, as far as the pane is high enough."""
        section = self._document.sections[number]
        last = len(section.lines) - 1 if row == HEADING or section.tree is None else section.tree.closing(row)
        first, end = self._layout.line_of(number, row), self._layout.line_of(number, last)
        height = min(end - first + 1, max(1, self.size.height))
        self.scroll_to_region(
            Region(0, first, 1, height), animate=False, force=True, x_axis=False, immediate=True
        )

    def action_fold(self) -> None:
        """Fold what begins here; else go to the row that holds it."""
        if self._folds.can_fold(*self._cursor) and not self._folds.is_folded(*self._cursor):
            self._fold(True)
            return
        number, row = self._cursor
        section = self._document.sections[number] if self._document.sections else None
        if section is None or row == HEADING:
            return
        if section.tree is not None:
            outer = section.tree.opening(row)
            parent = outer if outer != row else section.tree.parent(row)
            if parent is not None:
                self._set_cursor(number, parent)
                return
        if section.foldable:
            self._set_cursor(number, HEADING)

    def action_unfold(self) -> None:
        """Open what is folded here."""
        if self._folds.can_fold(*self._cursor) and self._folds.is_folded(*self._cursor):
            self._fold(False)

    def action_toggle_fold(self) -> None:
        """Fold what is open, open what is folded."""
        if self._folds.can_fold(*self._cursor):
            self._fold(not self._folds.is_folded(*self._cursor))

    def action_fold_all(self) -> None:
        """Fold every object and array but the outermost, and every section that can be."""
        self._folds.fold_all()
        self._keep_cursor()

    def action_unfold_all(self) -> None:
        """Open everything."""
        self._folds.unfold_all()
        self._keep_cursor()

    def _keep_cursor(self) -> None:
        """Lay out anew and put the cursor on what now stands for its row, as high on the screen."""
        height = self._line_of_cursor() - self.scroll_offset.y
        self._lay_out()
        self.scroll_to(y=max(0, self._line_of_cursor() - height), animate=False, force=True)
        self._set_cursor(*self._cursor)

    def _open_up(self, number: int, row: int) -> None:
        """Open everything a row is folded into."""
        if self._folds.open_up(number, row):
            self._lay_out()

    def action_open(self) -> None:
        """Open or fold what folds; tell of anything else."""
        if self._folds.can_fold(*self._cursor):
            self.action_toggle_fold()
        elif self.place is not None and self._cursor[1] != HEADING:
            self.post_message(self.Opened(self.place))

    # Search

    def _search(self, document: Document, text: str, turn: int) -> None:
        """Runs in a thread, until something else is searched for."""
        matches = Matches(document, text, lambda: turn != self._search_turn)
        self.post_message(self._Searched(turn, matches))

    def on_viewer__searched(self, message: _Searched) -> None:
        """Take what the thread found, unless something else was searched for since."""
        if message.turn == self._search_turn:
            self._take_matches(message.matches)

    def _take_matches(self, matches: Matches | None) -> None:
        self._painter.matches = matches
        self._painter.forget()
        self.refresh()
        if matches is not None and len(matches):
            first = matches.first_from(*self._cursor)
            self._go_to_match(first if first < len(matches) else 0)
        else:
            self.post_message(self.Found(0, 0))

    def _go_to_match(self, number: int) -> None:
        matches = self._painter.matches
        if matches is None:
            return
        self._current = number
        match = matches[number]
        self._open_up(match.section, match.row)
        self._set_cursor(match.section, match.row)
        if not self.wrapped:
            self._show_character(match.section, match.row, match.start, len(matches.needle))
        self.post_message(self.Found(number + 1, len(matches)))

    def _show_character(self, section: int, row: int, start: int, length: int) -> None:
        """Scroll sideways until a match is in sight; characters are near enough to cells for that."""
        room = max(1, self._width - GUTTER - 1)
        if not self._left <= start <= self._left + room - length:
            self._left = max(0, start - room // 2) if start + length > room else 0
            self.refresh()

    def action_find_next(self) -> None:
        """Next match."""
        self.find_next()

    def action_find_previous(self) -> None:
        """Previous match."""
        self.find_previous()

    # Sideways, wrapping, mouse, selection

    def action_sideways(self, step: int) -> None:
        """Scroll by half the width, as far as the widest row in sight goes."""
        room = max(1, self._width - GUTTER)
        top = self.scroll_offset.y
        spots = (self._layout.spot(line) for line in range(top, top + self.size.height))
        widest = max((self._painter.cells(spot) for spot in spots if spot is not None), default=0)
        self._left = max(0, min(self._left + step * max(1, room // 2), widest - room + 1))
        self.refresh()

    def action_wrap(self) -> None:
        """Wrap long rows, or cut them at the edge."""
        self.wrapped = not self.wrapped

    def watch_wrapped(self) -> None:
        """Lay out the other way."""
        self._left = 0
        self._keep_cursor()

    def on_resize(self) -> None:
        """Wrap at the new width."""
        if self.wrapped:
            self._keep_cursor()

    def on_focus(self) -> None:
        """The cursor's row looks different with the focus."""
        self.refresh()

    def on_blur(self) -> None:
        """And without."""
        self.refresh()

    def on_click(self, message: textual_events.Click) -> None:
        """A click moves the cursor, on a fold mark it folds; a double click opens."""
        spot = self._layout.spot(message.y + self.scroll_offset.y)
        if spot is None or self.text_selection is not None:
            return
        self._set_cursor(spot.section, spot.row)
        if message.x < GUTTER and self._folds.can_fold(*self._cursor):
            self.action_toggle_fold()
        elif message.chain == 2:
            self.action_open()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text selected with the mouse, as it is shown, without the gutter."""
        first = 0 if selection.start is None else selection.start.y
        last = self._layout.total - 1 if selection.end is None else selection.end.y
        picked: list[str] = []
        for number in range(first, min(last, self._layout.total - 1) + 1):
            line, span = self._line(number), selection.get_span(number)
            if line is None or span is None:
                continue
            text = self._painter.text(line)
            start, end = max(GUTTER, span[0]), len(text) if span[1] < 0 else span[1]
            piece = text[start:end]
            if line.spot.line and picked:
                picked[-1] += piece
            else:
                picked.append(piece)
        return "\n".join(picked), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()

    # Drawing

    def _line(self, number: int) -> Line | None:
        spot = self._layout.spot(number)
        if spot is None:
            return None
        folded = self._folds.is_folded(spot.section, spot.row)
        return Line(spot, folded, spot[:2] == self._cursor, self._left, self._width, self.wrapped)

    def render_line(self, y: int) -> Strip:
        """Line `y` of the visible part."""
        number = y + self.scroll_offset.y
        line = self._line(number)
        if line is None:
            return Strip.blank(self._width, self._role_style("text"))
        selection = self.text_selection
        span = None if selection is None else selection.get_span(number)
        try:
            return self._painter.strip(line, span, number)
        except Exception as error:  # a row that cannot be drawn must not take the screen down
            if not self._failing:
                self._failing = True
                self.call_later(self._finish, error, False)
            return Strip.blank(self._width, self._role_style("text"))

    def _role_style(self, role: str) -> Style:
        if role == "selected":
            return self.screen.get_component_rich_style("screen--selection")
        if role == "cursor":
            return self._roles.cursor
        if role == "match" or (role == "escape" and self.app.no_color):
            return _REVERSED
        return self._roles.base if role == "text" else self._roles[role]
