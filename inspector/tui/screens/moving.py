"""Moving about: between panes and events, searches, one step back, and to the other screens and back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from shlex import quote

from textual import on

from inspector.tui import keys
from inspector.tui.screens.copy_actions import CopyActions
from inspector.tui.screens.filter_actions import FilterActions
from inspector.tui.screens.listener_actions import ListenerActions
from inspector.tui.screens.reading import Reading
from inspector.tui.widgets.event_list import EventList
from inspector.tui.widgets.viewer import Viewer

_LOOK_AHEAD = 2000


class Moving(CopyActions, ListenerActions, FilterActions, Reading):
    """Goes from one thing to another."""

    @on(Viewer.Opened)
    def _open_value(self) -> None:
        pane = self._pane()
        if pane is not None:
            self.show_value(pane.viewer)

    @on(EventList.Opened)
    def _read_event(self) -> None:
        self.show_pane("detail")

    def action_read(self) -> None:
        """Go to the detail of the event under the cursor; a heading is folded or opened."""
        if self.events.heading is not None:
            self.events.action_fold()
        elif self.events.cursor is not None:
            self.show_pane("detail")

    def action_event(self, step: int) -> None:
        """The next event of the list, while the focus stays."""
        self.events.action_move(step)

    def action_follow(self) -> None:
        """Go to the newest event and follow."""
        if self.events.cursor is None:
            return
        if self.focused_pane() == "list":
            self.events.follow()
        else:
            self.show_pane("list")
            self.call_after_refresh(self.events.follow)

    def action_order(self) -> None:
        """Newest first, or last."""
        self.events.order = "oldest" if self.events.order == "newest" else "newest"
        self.keep("newest-first", self.events.order == "newest")
        self.update_title()
        self.tell("Newest first" if self.events.order == "newest" else "Newest last")

    def action_find(self) -> None:
        """Filter the list, or find in the detail."""
        if self.has_class("-empty"):
            self.tell("There is nothing to filter yet.")
            return
        pane = self._pane()
        if pane is not None:
            pane.open_find()
        else:
            self.open_filter()

    def action_find_next(self, step: int) -> None:
        """The next match in the detail, or the next event that stands out in the list."""
        pane = self._pane()
        if pane is not None:
            pane.viewer.find_next() if step > 0 else pane.viewer.find_previous()
            return
        ids, cursor = self.source.ids, self.events.cursor
        if cursor is None:
            return
        if (step > 0) == (self.events.order == "newest"):
            at = bisect_left(ids, cursor)
            ahead = ids[max(0, at - _LOOK_AHEAD) : at][::-1]
        else:
            at = bisect_right(ids, cursor)
            ahead = ids[at : at + _LOOK_AHEAD]
        for event in self.session.reader.events(ahead):
            if event.new or event.rejected or not event.complete or event.level == "error":
                self.events.pause()
                self.events.go_to(event.id)
                return
        self.tell("No further event stands out: new, rejected, incomplete or an error.")

    def action_back(self) -> None:
        """One step back: search, scan, zoom, pane, filter."""
        for pane in (self.details, self.extra):
            if pane.close_find():
                self.update_footer()
                return
        if self.stop_scan():
            return
        if self.zoomed:
            self.action_zoom()
        elif self.focused_pane() != "list":
            self.show_pane("list")
        elif not self.wanted.is_empty:
            self.clear_filter()

    def action_send_sample(self) -> None:
        """Post a sample event to our own listener."""
        self.send_sample()

    def action_copy_curl(self) -> None:
        """Copy the line that posts a small event."""
        self.copy_curl()

    # -- other screens

    def action_help(self) -> None:
        """The keys of this pane."""
        from inspector.tui.screens.help import HelpScreen

        pane = self.focused_pane()
        where = {"list": "L", "detail": "D", "extra": "A"}[pane]
        names = {"list": "the list", "detail": "the detail", "extra": "this pane"}
        twin = self._twin(pane)
        self.app.push_screen(HelpScreen(f"Keys in {names[pane]}", keys.groups_of(self.app, where), twin))

    def _twin(self, pane: str) -> str:
        """What shows the same in a shell."""
        event = self.current
        if event is None or pane == "list":
            words = "inspector types" if self.grouped == "type" else "inspector events"
            return words if self.wanted.is_empty else f"{words} {quote(self.wanted.text)}"
        tab = (self.extra if pane == "extra" else self.details).tab
        if tab == "Shape" and event.type is not None:
            return f"inspector shape {quote(event.type)}"
        options = {"Raw": " --raw", "Attempts": " --attempts"}
        return f"inspector show {event.id}{options.get(tab, '')}"

    def action_shapes(self) -> None:
        """The shapes of all types, on the one of this event."""
        from inspector.tui.screens.shapes import ShapesScreen

        event = self.current
        select = (event.sender, event.type) if event is not None and event.type is not None else None
        self.app.push_screen(ShapesScreen(self.session.store, select, glyphs=self.glyphs), self.go_from)

    def action_matrix(self) -> None:
        """All types of this event's sender against all fields, on the type of this event."""
        from inspector.tui.screens.matrix import MatrixScreen

        event = self.current
        key = (event.sender, event.type) if event is not None and event.type is not None else ("anchore",)
        self.app.push_screen(MatrixScreen(self.session.store, *key, glyphs=self.glyphs), self.go_from)

    def go_from(self, result: str | int | None) -> None:
        """What another screen ended with: a filter for the list, an event to go to, or nothing."""
        if isinstance(result, int):
            self.go_to_event(result)
        elif result:
            self.filter_by(result)

    def go_to_event(self, number: int) -> None:
        """Put the cursor on an event; a filter that hides it is cleared."""
        if self.source.hides(number):
            self.clear_filter()
        self.events.pause()
        self.events.go_to(number)

    def on_screen_resume(self) -> None:
        """Back from another screen: the list follows on if it can."""
        self.update_status()
