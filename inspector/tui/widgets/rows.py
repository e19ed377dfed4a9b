"""A virtual table that folds: any number of rows, of which only those on the screen are drawn.

A screen makes a subclass that says how a row reads (`pieces`), hands it rows in document order (`show`) and
hears of the cursor by `Highlighted` and `Opened`. The cursor and the folds belong to row keys, so they stay
when the rows are read again. Pieces are safe text (`core.text.visible`); `outside` makes them of text from
outside.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from inspector.core.shorten import end as cut_end
from inspector.core.text import UNSAFE, visible
from inspector.tui.keys import bind
from inspector.tui.log import view_failed
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.moves import MOVES
from inspector.tui.widgets.roles import Roles

Piece = tuple[str, str]
"""Safe text, and its role (`Roles`), ``strong``, or empty for plain."""

Fold = Literal["", "open", "folded"]

_BOLD: Final = Style(bold=True)
_UNSAFE: Final = re.compile(f"([{UNSAFE}\n\t]+)")


def outside(text: str, style: str = "") -> list[Piece]:
    """Text from outside as pieces, what had to be escaped in the style of escapes."""
    if text.isascii() and text.isprintable():
        return [(text, style)]
    parts = _UNSAFE.split(text)
    return [
        (visible(part), "escape" if index % 2 and part.strip("\t") else style)
        for index, part in enumerate(parts)
        if part
    ]


def width_of(pieces: Iterable[Piece]) -> int:
    """Cells that pieces take."""
    return sum(cell_len(text) for text, _ in pieces)


def fitted(pieces: Sequence[Piece], width: int, ellipsis: str = "…", right: bool = False) -> list[Piece]:
    """The pieces cut or filled up to exactly `width` cells; blanks come first with `right`."""
    room = width
    found: list[Piece] = []
    for index, (text, style) in enumerate(pieces):
        cells = cell_len(text)
        if cells > room or (cells == room and width_of(pieces[index + 1 :])):
            text = cut_end(text + "  ", room, cell_len, ellipsis) if room else ""
            found.append((text, style))
            room -= cell_len(text)
            break
        found.append((text, style))
        room -= cells
    if room:
        found.insert(0 if right else len(found), (" " * room, ""))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One row; rows that follow with a greater depth are inside it."""

    key: Hashable
    """What it is, the same whenever the rows are read again."""
    value: Any
    depth: int = 0
    folded: bool = False
    """Whether it starts folded."""


class Rows(ScrollView, can_focus=True):
    """Draws rows, moves the cursor, folds and finds. Subclasses say how a row reads."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Rows {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        scrollbar-background: $background; scrollbar-background-hover: $background;
        scrollbar-background-active: $background; scrollbar-color: $rule;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        bind("fold-close", "fold_close", "Fold"),
        bind("fold-open", "fold_open", "Open what is folded"),
        bind("fold-toggle", "fold_toggle", "Fold or open"),
        bind("fold-close-all", "fold_all(True)", "Fold all"),
        bind("fold-open-all", "fold_all(False)", "Open all"),
        bind("sibling-next", "sibling(1)", "Next at the same depth"),
        bind("sibling-previous", "sibling(-1)", "Previous at the same depth"),
    ]

    class Highlighted(Message):
        """The cursor is on another row, or the row under it has changed."""

        def __init__(self, rows: Rows, row: Row | None) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> Rows:
            """The table it happened in."""
            return self.rows

    class Opened(Message):
        """A row was chosen with enter or a double click."""

        def __init__(self, rows: Rows, row: Row) -> None:
            super().__init__()
            self.rows = rows
            self.row = row

        @property
        def control(self) -> Rows:
            """The table it happened in."""
            return self.rows

    cursor: reactive[int] = reactive(0, repaint=False)
    """The row of the cursor, counted among those not hidden in a fold."""

    def __init__(self, glyphs: Glyphs = UNICODE, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.rows: list[Row] = []
        self._shown = array("l")
        self._folded: set[Hashable] = set()
        self._known: set[Hashable] = set()
        self._said = ""
        self._roles = Roles(self)

    # -- what subclasses say

    @abstractmethod
    def pieces(self, row: Row, width: int, fold: Fold, cursor: bool) -> list[Piece]:
        """How a row reads in `width` cells; what is longer is cut."""

    def fold_column(self, row: Row) -> int | None:
        """The cell of the row's fold sign, for the mouse."""
        return None

    # -- rows

    def say(self, sentence: str) -> None:
        """Say something in place of rows, until there are some."""
        self._said = sentence
        self.refresh()

    def show(self, rows: Sequence[Row], keep: bool = True) -> None:
        """Show these rows; with `keep` the cursor stays on its row, if that is still there."""
        self._said = ""
        current = self.row.key if keep and self.row is not None else None
        self.rows = list(rows)
        keys = {row.key for row in self.rows}
        self._folded |= {row.key for row in self.rows if row.folded and row.key not in self._known}
        self._known |= keys
        self._lay_out()
        at = self.index_of(current) if current is not None else None
        self._set_cursor(at if at is not None else (self.cursor if keep else 0), force=True)

    def _lay_out(self) -> None:
        """Find the rows that no fold hides."""
        shown = array("l")
        hidden_below: int | None = None
        for index, row in enumerate(self.rows):
            if hidden_below is not None and row.depth > hidden_below:
                continue
            hidden_below = row.depth if row.key in self._folded and self._has_children(index) else None
            shown.append(index)
        self._shown = shown
        self.virtual_size = Size(self.size.width, len(shown))
        self.refresh()

    def _has_children(self, index: int) -> bool:
        return index + 1 < len(self.rows) and self.rows[index + 1].depth > self.rows[index].depth

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self._shown[self.cursor]] if 0 <= self.cursor < len(self._shown) else None

    def index_of(self, key: Hashable) -> int | None:
        """Where the row with this key stands among those shown, or None."""
        return next((at for at, index in enumerate(self._shown) if self.rows[index].key == key), None)

    def reveal(self, key: Hashable) -> bool:
        """Open the folds around a row and put the cursor on it, with rows on both sides of it in view; False when
        there is none."""
        index = next((index for index, row in enumerate(self.rows) if row.key == key), None)
        if index is None:
            return False
        self._open_around(index)
        self._set_cursor(self._shown.index(index), force=True)
        self.call_after_refresh(self.scroll_to_cursor, centre=True)
        return True

    def _open_around(self, index: int) -> None:
        depth = self.rows[index].depth
        for above in range(index - 1, -1, -1):
            if self.rows[above].depth < depth:
                depth = self.rows[above].depth
                self._folded.discard(self.rows[above].key)
        self._lay_out()

    def go_to(self, wanted: Callable[[Row], bool], step: int) -> bool:
        """Move to the next wanted row (`step` 1) or the one before (-1), around the end, folds opened."""
        count = len(self.rows)
        start = self._shown[self.cursor] if self.row is not None else 0
        for distance in range(1, count + 1):
            index = (start + step * distance) % count
            if wanted(self.rows[index]):
                self._open_around(index)
                self._set_cursor(self._shown.index(index))
                return True
        return False

    # -- the cursor

    def validate_cursor(self, value: int) -> int:
        """Keep it on a row."""
        return max(0, min(value, len(self._shown) - 1))

    def _set_cursor(self, at: int, force: bool = False) -> None:
        before = self.cursor
        self.cursor = at
        if force or before != self.cursor:
            self.refresh()
            self.scroll_to_cursor()
            if force:  # the number of rows has changed, which the layout takes in only now
                self.call_after_refresh(self.scroll_to_cursor)
            self.post_message(self.Highlighted(self, self.row))

    def scroll_to_cursor(self, centre: bool = False) -> None:
        """Bring the row of the cursor into view; with `centre` into the middle, where it stands at an edge."""
        row = Region(0, self.cursor, 1, 1)
        inside = 0 < self.cursor - self.scroll_offset.y < self.scrollable_content_region.height - 1
        centre = centre and not inside
        self.scroll_to_region(row, animate=False, x_axis=False, force=True, center=centre)

    def on_resize(self) -> None:
        """The width is that of the pane, whatever the rows hold."""
        self.virtual_size = Size(self.size.width, len(self._shown))
        self.scroll_to_cursor()

    def action_move(self, step: int) -> None:
        self._set_cursor(self.cursor + step)

    def action_page(self, step: int) -> None:
        self._set_cursor(self.cursor + step * max(1, self.size.height - 1))

    def action_half(self, step: int) -> None:
        self._set_cursor(self.cursor + step * max(1, self.size.height // 2))

    def action_edge(self, step: int) -> None:
        self._set_cursor(0 if step < 0 else len(self._shown) - 1)

    def action_open(self) -> None:
        if self.row is not None:
            self.post_message(self.Opened(self, self.row))

    def action_sibling(self, step: int) -> None:
        row = self.row
        if row is None:
            return
        at = self.cursor + step
        while 0 <= at < len(self._shown) and self.rows[self._shown[at]].depth > row.depth:
            at += step
        if 0 <= at < len(self._shown):
            self._set_cursor(at)

    # -- folds

    def fold_of(self, at: int) -> Fold:
        """Whether the shown row `at` is open, folded, or has nothing inside."""
        index = self._shown[at]
        if not self._has_children(index):
            return ""
        return "folded" if self.rows[index].key in self._folded else "open"

    def action_fold_close(self) -> None:
        if self.row is None:
            return
        if self.fold_of(self.cursor) == "open":
            self.action_fold_toggle()
            return
        depth = self.row.depth
        at = self.cursor
        while at > 0 and self.rows[self._shown[at]].depth >= depth:
            at -= 1
        if self.rows[self._shown[at]].depth < depth:
            self._set_cursor(at)

    def action_fold_open(self) -> None:
        if self.row is None:
            return
        fold = self.fold_of(self.cursor)
        if fold == "folded":
            self.action_fold_toggle()
        elif fold == "open":
            self.action_move(1)

    def action_fold_toggle(self) -> None:
        if self.row is not None and self.fold_of(self.cursor):
            self._folded.symmetric_difference_update({self.row.key})
            self._lay_out()
            self._set_cursor(self.cursor, force=True)

    def action_fold_all(self, close: bool) -> None:
        row = self.row
        if row is None:
            return
        index = self._shown[self.cursor]
        if close:
            while self.rows[index].depth:
                index -= 1
            self._folded = {each.key for i, each in enumerate(self.rows) if self._has_children(i)}
        else:
            self._folded = set()
        self._lay_out()
        self._set_cursor(self.index_of(self.rows[index].key) or 0, force=True)

    # -- the mouse

    def on_click(self, message: events.Click) -> None:
        """Move the cursor; fold at the fold sign; open with a double click."""
        at = self.scroll_offset.y + message.y
        if not 0 <= at < len(self._shown):
            return
        self._set_cursor(at)
        row = self.row
        if row is not None and self.fold_of(at) and message.x == self.fold_column(row):
            self.action_fold_toggle()
        elif message.chain == 2:
            self.action_open()

    # -- drawing

    def _style(self, name: str, cursor: bool) -> Style:
        style = self._roles.base
        if cursor:
            style += self._roles.cursor
        if name and name != "strong":
            style += self._roles[name]
        return style + _BOLD if name in ("accent", "strong") else style

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.scrollable_content_region.width
        at = self.scroll_offset.y + y
        if at >= len(self._shown):
            if self._said and y == 1:
                return Strip([Segment(f"  {self._said}", self._style("error", False))]).crop_extend(
                    0, width, self._style("", False)
                )
            return Strip.blank(width, self._style("", False))
        cursor = at == self.cursor
        try:
            pieces = self.pieces(self.rows[self._shown[at]], width, self.fold_of(at), cursor)
        except Exception as error:  # a row that cannot be drawn must not take the screen down
            pieces = [(f"  {view_failed(f'a row of {type(self).__name__}', error)}", "error")]
        segments: list[Segment] = []
        text, style = "", ""
        for more, name in pieces:
            if name == style or not more.strip(" "):
                text += more
                continue
            if text:
                segments.append(Segment(text, self._style(style, cursor)))
            text, style = more, name
        segments.append(Segment(text, self._style(style, cursor)))
        return Strip(segments).crop_extend(0, width, self._style("", cursor))
