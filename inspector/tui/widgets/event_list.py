"""The event list: as many events as there are, of which only the rows on screen are made.

The list shows the ids of a `Source` (``ids`` ascending, ``event(id)``), newest first unless `order` is
``"oldest"``. The cursor is an event id. Use::

    events = EventList(source, glyphs=UNICODE, now=clock_us, utc=False)
    events.sync()                      # after the source's ids changed, at most 10 times a second
    events.show(source)                # another source (a filter); the cursor stays on its event
    events.changed()                   # rows changed (sent, starred, marked)
    events.show_groups(rows)           # in groups; None: one event a row. `Outdated` asks for a new one
    events.go_to(event_id); events.follow(); events.pause()
    events.cursor -> int | None; events.following -> bool; events.missed -> int
    events.order = "oldest"
    events.empty = "None of 1,204 events match. esc clears the filter."

Messages: `EventList.Highlighted(event_id)`, `EventList.Opened(event_id)`, `EventList.Followed()`,
`EventList.Paused(missed)` (also each time the count grows), `EventList.Outdated()`, `EventList.Folded(headings)`.

In groups the cursor may stand on a heading, which stands for the event that was the newest of its group then.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections.abc import Callable
from textwrap import wrap
from typing import ClassVar, Literal, Protocol

from rich.segment import Segment
from textual import events as textual_events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from inspector.core.events import Event
from inspector.core.text import visible
from inspector.tui.arrangement import Arrangement, Flat
from inspector.tui.keys import bind
from inspector.tui.log import view_failed
from inspector.tui.widgets.columns import (
    Columns,
    Runs,
    columns_for,
    event_runs,
    group_runs,
    missing_runs,
)
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.list_heading import draw
from inspector.tui.widgets.moves import MOVES
from inspector.tui.widgets.roles import Roles

Order = Literal["newest", "oldest"]


class Source(Protocol):
    """Where the list takes its events from; pages and caches are the source's business."""

    @property
    def ids(self) -> array[int]:
        """Ids in order of arrival, ascending; `EventList.sync` takes a change in."""
        ...

    @property
    def last_id(self) -> int:
        """The highest id known, 0 before the first: also where `ids` are only some."""
        ...

    def event(self, number: int, /) -> Event | None:
        """The event, or None when it is no longer there. Called for each visible row: it has to be quick."""
        ...


def _now_us() -> int:
    return time.time_ns() // 1000


class EventList(ScrollView, can_focus=True, inherit_bindings=False):
    """Events, newest first; the cursor is on an event, not on a row."""

    DEFAULT_CSS = """
    EventList {
        background: $surface; color: $foreground;
        overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        bind("fold-close", "fold(True)", "Fold"),
        bind("fold-open", "fold(False)", "Open"),
        bind("fold-toggle", "fold", "Fold or open"),
        bind("fold-close-all", "fold_all(True)", "Fold all"),
        bind("fold-open-all", "fold_all(False)", "Open all"),
    ]

    order: reactive[Order] = reactive[Order]("newest", init=False)
    empty: reactive[str] = reactive("")
    """Stands in the place of rows while there are none."""

    class Highlighted(Message):
        """The cursor came to another event, or to none."""

        def __init__(self, event_id: int | None) -> None:
            super().__init__()
            self.event_id = event_id

    class Opened(Message):
        """Enter or a double click on an event."""

        def __init__(self, event_id: int) -> None:
            super().__init__()
            self.event_id = event_id

    class Followed(Message):
        """The list follows the newest event from now on."""

    class Paused(Message):
        """The list stays where it is; `missed` events came since. Posted again when the number changes."""

        def __init__(self, missed: int) -> None:
            super().__init__()
            self.missed = missed

    class Outdated(Message):
        """The list is in groups and its events have changed: somebody should arrange them anew."""

    class Folded(Message):
        """These headings are to be folded or opened; None: all."""

        def __init__(self, headings: tuple[int, ...] | None, close: bool) -> None:
            super().__init__()
            self.headings = headings
            self.close = close

    def __init__(
        self,
        source: Source,
        *,
        glyphs: Glyphs = UNICODE,
        now: Callable[[], int] = _now_us,
        utc: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`now` tells the time in microseconds since 1970: rows of another day show their day."""
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self.utc = utc
        self._roles = Roles(self)
        self._now = now
        self._source = source
        # A copy, so that what stands on which row changes in `sync` alone; it is quick even for a million.
        self._ids: array[int] = source.ids[:]
        self._rows: Arrangement = Flat(self._ids)
        self._grouped = False
        self._cursor: int | None = self._newest()
        self._cursor_event = self._cursor
        self._meant: tuple[int | None, int | None] = (None, None)
        """Where the cursor was put when the rows were grouped in another way, and the event it was on before."""
        self._following = False
        self._seen: int | None = None
        self._missed = 0

    # What others ask

    @property
    def cursor(self) -> int | None:
        """Id of the event the cursor is on, or stands for; None while there are no events."""
        return self._cursor_event

    @property
    def heading(self) -> int | None:
        """The heading the cursor is on, a negative number; None on an event."""
        return self._cursor if self._cursor is not None and self._cursor < 0 else None

    @property
    def following(self) -> bool:
        """Whether the cursor goes to each event that arrives."""
        return self._following

    @property
    def missed(self) -> int:
        """How many events came since the list was paused."""
        return self._missed

    @property
    def missed_ids(self) -> array[int]:
        """The events that came since the list was paused."""
        return self._ids[len(self._ids) - self._missed :] if self._missed else array("q")

    # What others tell

    def on_mount(self) -> None:
        """Show what the source has."""
        self.sync()

    def show(self, source: Source) -> None:
        """Take events from another source; the cursor stays on its event or goes to the nearest older one."""
        self._source = source
        self.sync()

    def sync(self) -> None:
        """Take in that the ids of the source changed; what is being read stays where it is on the screen."""
        self._ids = self._source.ids[:]
        if self._grouped:
            self.post_message(self.Outdated())
        else:
            self._place(Flat(self._ids))
        if not self._following:
            missed = len(self._ids) - bisect_right(self._ids, self._seen) if self._seen is not None else 0
            if missed != self._missed:
                self._missed = missed
                self.post_message(self.Paused(missed))

    def show_groups(self, rows: Arrangement | None) -> None:
        """Show the events in groups, or one a row with None; the cursor stays on its event or its group."""
        if not self._grouped and rows is None:
            return
        self._grouped = rows is not None
        if rows is not None and not rows.follows:
            self.pause()
        if type(rows) is type(self._rows):
            self._place(rows or Flat(self._ids))
            return
        below = self._row(self._cursor) - self.scroll_offset.y if self._cursor is not None else 0
        # Headings have other numbers there. One that took the place of an event gives it back, unless it was left.
        stood, meant = self._meant
        if self._cursor != stood or meant is None:
            meant = self._cursor_event
        shown, self._cursor, self._cursor_event = self._cursor_event, meant, meant
        self._place(rows or Flat(self._ids), max(0, min(below, self.size.height - 1)))
        self._meant = self._cursor, meant
        if self._cursor_event == meant != shown:
            self.post_message(self.Highlighted(meant))
        self._follow_at_newest()

    def _follow_at_newest(self) -> None:
        """With the focus, the list follows when the cursor is on the newest event and nothing was missed."""
        if self.has_focus and self._rows.follows and self._cursor == self._newest() and not self._missed:
            self.follow()

    def _place(self, rows: Arrangement, below: int | None = None) -> None:
        """Show other rows, with the one at the top and the cursor where they were.

        Of rows of another kind none is the same but that of the cursor, which stood `below` the top.
        """
        top = self.scroll_offset.y
        at_cursor = self._cursor is not None and len(self._rows) > 0
        held = self._row(self._cursor) - top if at_cursor and self._cursor is not None else -1
        in_sight = 0 <= held < self.size.height
        anchor = self._cursor if in_sight and self._grouped else self._id_at(top)
        offset = held if in_sight and self._grouped else 0
        self._rows = rows
        self._grow(len(rows))
        before = self._cursor_event
        if self._following or self._cursor is None:
            self._put_cursor(self._newest())
        elif (settled := rows.settle(self._cursor)) != self._cursor:
            self._put_cursor(settled)
        if below is not None:
            anchor, offset = self._cursor, below
        if self._following:
            self._show_cursor()
        elif anchor is not None and (stands := rows.settle(anchor)) is not None:
            self.scroll_to(y=self._row(stands) - offset, animate=False, force=True)
        self.refresh()
        if self._cursor_event != before:
            self.post_message(self.Highlighted(self._cursor_event))

    def _grow(self, rows: int) -> None:
        """Scroll over so many rows. Only the scrollbar changes: a pass over the layout would paint the whole
        screen anew, ten times a second while events arrive."""
        size = Size(0, rows)
        if size != self.virtual_size:
            self.set_reactive(EventList.virtual_size, size)
            self._scroll_update(size)

    def changed(self) -> None:
        """Take in that rows changed though the ids did not: sent, starred, marked."""
        self.refresh()
        if self._grouped:
            self.post_message(self.Outdated())

    def go_to(self, event_id: int) -> None:
        """Put the cursor on an event, or on the nearest older one; a group it is folded in opens."""
        settled = self._rows.settle(event_id)
        if settled is not None and settled < 0:
            self._cursor, self._cursor_event = event_id, event_id
            self.post_message(self.Folded((settled,), close=False))
            self.post_message(self.Highlighted(event_id))
        else:
            self._set_cursor(settled)

    def rest_on(self, event_id: int) -> None:
        """Put the cursor on an event or the nearest older one, as more of them become known; not where it follows,
        nor among groups, where its heading stands for it."""
        if not self._following and not self._grouped:
            settled = self._rows.settle(event_id)
            if settled != self._cursor:
                self._set_cursor(settled)

    def follow(self) -> None:
        """Go to the newest event and to every one that arrives; among groups by type to the newest group."""
        if not self._rows.follows:
            self._missed, self._seen = 0, self._source.last_id
            self._set_cursor(self._newest())
            self.post_message(self.Paused(0))
            return
        was = self._following
        self._following = True
        self._missed, self._seen = 0, None
        self._set_cursor(self._newest())
        if not was:
            self.post_message(self.Followed())

    def pause(self) -> None:
        """Stay where the list is and count what arrives."""
        if self._following or self._seen is None:
            was, self._following = self._following, False
            self._seen = self._source.last_id
            self._missed = 0
            if was:
                self.post_message(self.Paused(0))

    # Rows and entries

    def _newest(self) -> int | None:
        return self._rows.newest()

    def _id_at(self, row: int) -> int | None:
        """The entry on a row: an event's id, or the negative number of a heading."""
        return self._rows.at(row, self.order == "newest")

    def _row(self, entry: int) -> int:
        return self._rows.row(entry, self.order == "newest")

    def _put_cursor(self, entry: int | None) -> None:
        self._cursor = entry
        self._cursor_event = None if entry is None else self._rows.event(entry)

    def _set_cursor(self, entry: int | None) -> None:
        before = self._cursor_event
        self._put_cursor(entry)
        self._show_cursor()
        self.refresh()
        if self._cursor_event != before:
            self.post_message(self.Highlighted(self._cursor_event))

    def _show_cursor(self) -> None:
        if self._cursor is not None:
            region = Region(0, self._row(self._cursor), 1, 1)
            self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)

    # What the reader does

    def _move_to(self, row: int) -> None:
        if not len(self._rows):
            return
        event_id = self._id_at(max(0, min(row, len(self._rows) - 1)))
        if event_id == self._newest() and self.has_focus and self._rows.follows:
            self.follow()
        else:
            self.pause()
            self._set_cursor(event_id)

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        if self._cursor is not None:
            self._move_to(self._row(self._cursor) + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by the height of the list."""
        self.action_move(step * max(1, self.size.height - 1))

    def action_half(self, step: int) -> None:
        """Move the cursor by half the height of the list."""
        self.action_move(step * max(1, self.size.height // 2))

    def action_edge(self, step: int) -> None:
        """Move the cursor to the first or last row."""
        self._move_to(0 if step < 0 else len(self._rows) - 1)

    @property
    def heading_is_open(self) -> bool:
        """Whether the cursor is on a heading whose events are shown below it."""
        heading = None if self.heading is None else self._rows.heading(self.heading)
        return heading is not None and heading.is_open

    def action_open(self) -> None:
        """Open the event the cursor is on, or the group."""
        if self.heading is not None:
            self.action_fold()
        elif self._cursor is not None:
            self.post_message(self.Opened(self._cursor))

    def action_fold(self, close: bool | None = None) -> None:
        """Fold or open the group the cursor is in; from an event to its heading."""
        entry = self._cursor
        if entry is None:
            return
        if entry > 0 and self._rows.depth(entry) and close:
            row = self._row(entry)
            while (above := self._id_at(row)) is not None and above > 0:
                row -= 1
            self._move_to(row)
            return
        heading = self._rows.heading(entry)
        if heading is not None and close is not (not heading.is_open):
            self.post_message(self.Folded((entry,), heading.is_open))

    def action_fold_all(self, close: bool) -> None:
        """Fold or open every group."""
        if self._grouped:
            self.post_message(self.Folded(None, close))

    def on_click(self, message: textual_events.Click) -> None:
        """A click moves the cursor, a double click opens."""
        event_id = self._id_at(message.y + self.scroll_offset.y)
        if event_id is None or message.y >= self.size.height:
            return
        self._move_to(self._row(event_id))
        if message.chain == 2 or (event_id < 0 and message.x == 1):
            self.action_open()

    def on_focus(self) -> None:
        """Follow from now on, if it can."""
        self._follow_at_newest()
        self.refresh()

    def on_blur(self) -> None:
        """Without the focus the list rests; a terminal that lost its window's focus is no reason to."""
        if self.app.app_focus:
            self.pause()
        self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor in sight of a reader who follows."""
        if self._following:
            self._show_cursor()

    def watch_order(self) -> None:
        """Turn the list over around the cursor."""
        self._show_cursor()
        self.refresh()

    def watch_empty(self) -> None:
        """Show the new words."""
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling away from the newest event pauses the list."""
        super().watch_scroll_y(old_value, new_value)
        if self._following and self._cursor is not None:
            row = self._row(self._cursor) - round(new_value)
            if not 0 <= row < max(1, self.size.height):
                self.pause()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Row `y` of the visible part."""
        width = self.scrollable_content_region.width
        base = self._roles.base
        entry = self._id_at(y + self.scroll_offset.y)
        if entry is None:
            told = wrap(visible(self.empty), max(1, width - 6)) if not len(self._rows) else []
            words = f"   {told[y - 1]}" if 0 < y <= len(told) else ""
            return Strip([Segment(words, base)]).adjust_cell_length(width, base)
        here = entry == self._cursor
        try:
            runs = self._runs(entry, columns_for(width + 1), here)
        except Exception as error:  # a row that cannot be drawn must not take the screen down
            runs = [(f"  #{entry}  {view_failed('a row of the list', error)}", "error")]
        if here:
            base += self._roles.cursor
        return draw(self._roles, runs, base, width)

    def _runs(self, entry: int, columns: Columns, here: bool) -> Runs:
        heading = self._rows.heading(entry)
        if heading is not None and heading.name:
            return group_runs(heading, columns, self.glyphs, self._now(), cursor=here, utc=self.utc)
        event_id = self._rows.event(entry)
        event = self._source.event(event_id)
        if event is None:
            return missing_runs(event_id)
        runs = event_runs(
            event,
            columns,
            self.glyphs,
            self._now(),
            cursor=here,
            utc=self.utc,
            lead=f"{heading.count}x " if heading is not None else "  " * self._rows.depth(entry),
        )
        if heading is not None:
            fold = self.glyphs.opened if heading.is_open else self.glyphs.folded
            runs[0] = (runs[0][0][:1] + fold + runs[0][0][2:], runs[0][1])
        return runs
