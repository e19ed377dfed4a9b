"""The main screen: status, list, detail, keys. It follows the store; what it can do stands in its parts."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import Input, Static

from inspector.core import units
from inspector.core.text import visible
from inspector.tui import keys
from inspector.tui.screens.event_actions import EventActions
from inspector.tui.screens.filter_actions import FilterActions
from inspector.tui.screens.footers import hints_for
from inspector.tui.screens.ground import clock_us
from inspector.tui.screens.listener_actions import ListenerActions
from inspector.tui.screens.reading import Reading
from inspector.tui.session import Session
from inspector.tui.source import read_older
from inspector.tui.widgets.event_list import HEADINGS, EventList, ListHeading
from inspector.tui.widgets.footer import KeyFooter
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.status_line import Rate, Status, StatusLine
from inspector.tui.widgets.viewer import Viewer

POLL_S = 0.1
STATUS_S = 1.0
_LOOK_AHEAD = 2000


class MainScreen(EventActions, ListenerActions, FilterActions, Reading):
    """List and detail on one store."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]
    DEFAULT_CSS = """
    MainScreen { background: $background; layers: base; }
    MainScreen #panes { height: 1fr; width: 1fr; layout: horizontal; }
    MainScreen #list-pane { width: 54%; height: 1fr; layers: base bar; }
    MainScreen #list-pane > FilterBar { layer: bar; dock: top; margin-top: 1; }
    MainScreen #extra { display: none; }
    MainScreen #tiny { display: none; width: 1fr; height: 1fr; content-align: center middle; }

    MainScreen.-wide #list-pane { width: 96; }
    MainScreen.-wide #detail { width: 62; }
    MainScreen.-wide #extra { display: block; }
    MainScreen.-stacked #panes { layout: vertical; }
    MainScreen.-stacked #list-pane { width: 1fr; height: 42%; min-height: 10; }
    MainScreen.-one #list-pane { width: 1fr; }
    MainScreen.-only-list DetailPane { display: none; }
    MainScreen.-only-detail #list-pane, MainScreen.-only-detail #extra { display: none; }
    MainScreen.-only-extra #list-pane, MainScreen.-only-extra #detail { display: none; }
    MainScreen.-only-extra #extra { display: block; width: 1fr; }
    MainScreen.-only-list #list-pane { width: 1fr; height: 1fr; }
    MainScreen.-only-detail #detail { width: 1fr; }
    MainScreen.-empty #panes { display: none; }
    MainScreen.-empty EmptyPane { display: block; }
    MainScreen.-tiny StatusLine, MainScreen.-tiny KeyFooter { display: none; }
    MainScreen.-tiny #panes, MainScreen.-tiny EmptyPane { display: none; }
    MainScreen.-tiny #tiny { display: block; }
    """

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self.status_line = StatusLine(glyphs)
        self.footer = KeyFooter()
        self.list_heading = ListHeading()
        self.rate = Rate()
        self._missed_new = 0
        self._total, self._bytes = session.reader.total()
        self._status_at = 0.0

    def compose(self) -> ComposeResult:
        """Status, panes, footer."""
        yield self.status_line
        with Container(id="panes"):
            with Vertical(id="list-pane"):
                yield self.list_title
                yield self.list_heading
                yield self.events
                yield self.filter_bar
            yield self.details
            yield self.extra
        yield self.empty_pane
        yield Static(Content("Make the terminal 40×8 or larger."), id="tiny")
        yield self.footer

    def on_mount(self) -> None:
        """Start looking at the store."""
        first_start = self.session.setting("tour_seen") is None
        self.empty_pane.welcome.tour = first_start
        if first_start and self.session.capture is not None:
            self.remember("tour_seen", True)
        self.show_empty()
        self.update_status()
        self.update_title()
        self.set_interval(POLL_S, self._poll)
        self.set_interval(STATUS_S, self._tick)
        self.start(self._read_past(), "older")
        if self.source.all_ids:
            self.show_event(self.events.cursor)

    async def _read_past(self) -> None:
        """Read what the first paint did not wait for: older ids, and the rate of the last minute."""
        if self.source.older_missing and self.source.all_ids:
            older = await self.session.read(lambda reader: read_older(reader.path, self.source.all_ids[0]))
            self.source.add_older(older)
            self.events.sync()
            self.update_title()
        now = clock_us()
        arrived = await self.session.read(lambda reader: reader.arrivals_since(now - 60_000_000))
        rate = Rate()
        for us in reversed(arrived):
            rate.add(1, us / 1e6)
        self.rate = rate
        self.update_status()

    # -- following the store

    def _poll(self) -> None:
        changed, fresh = self.source.poll()
        if not changed:
            return
        if len(fresh):
            self.rate.add(len(fresh), time.time())
            if not self.events.following and len(fresh) <= 500:
                self._missed_new += sum(event.new for event in self.session.reader.events(fresh))
            if self.wanted.is_empty:
                self.events.sync()
            else:
                self.match_fresh(fresh)
            if self.has_class("-empty"):
                self.show_empty()
        else:
            self.events.changed()
        self._total, self._bytes = self.session.reader.total()
        if self._total < len(self.source.all_ids) and not self.source.older_missing:
            self.start(self._read_ids(), "ids", exclusive=True)
        shown = self.shown
        if shown is not None and shown.event.id == self.events.cursor and self.current != shown.event:
            self.reload_detail()
        self.update_title()
        if time.monotonic() - self._status_at > 2 * POLL_S:
            self.update_status()

    async def _read_ids(self) -> None:
        """Read all ids again: somebody deleted some."""
        numbers = await self.session.read(lambda reader: reader.ids())
        self.source.replace_ids(numbers)
        if not self.wanted.is_empty and self.source.matched is not None:
            present = set(numbers)
            self.source.show_matches(type(numbers)("q", [n for n in self.source.matched if n in present]))
        self.events.sync()
        self.show_empty()
        self.update_title()

    def _tick(self) -> None:
        self.watch_listener()
        self.update_status()

    def update_status(self) -> None:
        """Write the first row."""
        session = self.session
        self._status_at = time.monotonic()
        answers, tunnel, trouble = (session.state(name) for name in ("answers", "tunnel", "trouble"))
        now = clock_us()
        url = visible(session.url)
        without = "not listening, reading only" if session.capture is None and not url else ""
        home = str(session.store).replace(str(session.store.home()), "~", 1)
        self.status_line.status = Status(
            url=url,
            listening=bool(url) and not self.down,
            down=visible(self.down or without),
            answers=_words(answers),
            tunnel=tunnel if isinstance(tunnel, dict) else None,
            trouble=_words(trouble),
            events=self._total,
            bytes=session.reader.file_size(),
            store=visible(home),
            counts=tuple(self.rate.counts(now / 1e6)),
            rate=self.rate.per_second(now / 1e6),
            now_us=now,
        )
        welcome = self.empty_pane.welcome
        welcome.url, welcome.down = session.url, self.down

    def update_title(self) -> None:
        """Write the title of the list."""
        total, shown = max(self._total, len(self.source.ids)), len(self.source.ids)
        if self.wanted.is_empty:
            parts = [Part(f"Events {total:,}", "bold $foreground")]
        elif self.scanning:
            parts = [Part(f"Events   {shown:,} so far …", "bold $foreground")]
        else:
            parts = [Part(f"Events   {shown:,} of {len(self.source.all_ids):,}", "bold $foreground")]
        where = "above" if self.events.order == "newest" else "below"
        if self.down:
            parts.append(Part("   what was stored is all here", "$muted"))
        elif self.events.following:
            parts.append(Part("   following", "$muted"))
        elif self.events.missed:
            words = f"   paused, {self.events.missed:,} new {where}"
            if self._missed_new:
                words += f", {units.count(self._missed_new, 'new shape')} {self.glyphs.new}"
            parts.append(Part(words, "$warning", "follow"))
        elif self.events.has_focus:
            parts.append(Part("   paused", "$muted"))
        self.list_title.parts = tuple(parts)
        senders = {term.value for term in self.wanted.terms if term.word == "sender" and not term.negated}
        self.list_heading.headings = HEADINGS.get(
            senders.pop() if len(senders) == 1 else None, HEADINGS[None]
        )

    def update_footer(self) -> None:
        """Show the keys that help next."""
        try:
            self.footer.show(hints_for(self, self.focused_pane()))
        except NoMatches:
            pass  # before the first paint

    @on(EventList.Paused)
    def _say_paused(self) -> None:
        self.update_title()
        self.update_footer()

    @on(EventList.Followed)
    def _say_following(self) -> None:
        self._missed_new = 0
        self.update_title()
        self.update_footer()

    # -- moving about

    @on(Viewer.Opened)
    def _open_value(self) -> None:
        pane = self._pane()
        if pane is not None:
            self.show_value(pane.viewer)

    @on(EventList.Opened)
    def _read_event(self) -> None:
        self.show_pane("detail")

    def action_read(self) -> None:
        """Go to the detail of the event under the cursor."""
        if self.events.cursor is not None:
            self.show_pane("detail")

    def action_event(self, step: int) -> None:
        """The next event of the list, while the focus stays."""
        self.events.action_move(step)

    def action_follow(self) -> None:
        """Go to the newest event and follow."""
        if self.events.cursor is None:
            return
        if self.focused_pane() != "list":
            self.show_pane("list")
        self.call_after_refresh(self.events.follow)

    def action_order(self) -> None:
        """Newest first, or last."""
        self.events.order = "oldest" if self.events.order == "newest" else "newest"
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
        older = (
            [n for n in ids if n < cursor][::-1]
            if (step > 0) == (self.events.order == "newest")
            else [n for n in ids if n > cursor]
        )
        for event in self.session.reader.events(older[:_LOOK_AHEAD]):
            if event.new or event.rejected or not event.complete or event.level == "error":
                self.events.pause()
                self.events.go_to(event.id)
                return
        self.tell("No further event stands out: new, rejected, incomplete or an error.")

    def action_back(self) -> None:
        """One step back: search, scan, zoom, pane, filter."""
        for pane in (self.details, self.extra):
            if pane.close_find():
                return
        if self.stop_scan():
            return
        if self.zoomed:
            self.zoomed = ""
            self.place_panes()
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

    def on_key(self, message: events.Key) -> None:
        """The keys of the empty screen."""
        if not self.has_class("-empty") or isinstance(self.focused, Input):
            return
        if message.key == "enter":
            message.stop()
            self.send_sample()
        elif message.key == "y":
            message.stop()
            self.copy_curl()

    # -- other screens

    def action_help(self) -> None:
        """The keys of this pane."""
        from inspector.tui.screens.help import HelpScreen

        pane = self.focused_pane()
        where = {"list": "L", "detail": "D", "extra": "A"}[pane]
        names = {"list": "the list", "detail": "the detail", "extra": "this pane"}
        event = self.events.cursor
        twin = f"inspector show {event}" if event is not None and pane != "list" else "inspector events"
        if pane == "list" and not self.wanted.is_empty:
            twin += f" {self.wanted.text}"
        self.app.push_screen(HelpScreen(f"Keys in {names[pane]}", keys.groups_of(where), twin))

    def action_shapes(self) -> None:
        """The shapes of all types, on the one of this event."""
        from inspector.tui.screens.shapes import ShapesScreen

        event = self.current
        select = (event.sender, event.type) if event is not None and event.type is not None else None
        self.app.push_screen(ShapesScreen(self.session.store, select), self.go_from)

    def action_matrix(self) -> None:
        """All types against all fields."""
        from inspector.tui.screens.matrix import MatrixScreen

        self.app.push_screen(MatrixScreen(self.session.store), self.go_from)

    def go_from(self, result: str | int | None) -> None:
        """What another screen ended with: a filter for the list, an event to go to, or nothing."""
        if isinstance(result, int):
            if not self.wanted.is_empty:
                self.clear_filter()
            self.events.pause()
            self.events.go_to(result)
        elif result:
            self.filter_by(result)

    def on_screen_resume(self) -> None:
        """Back from another screen: the list follows on if it can."""
        self.update_status()

    # -- mouse

    @on(PaneTitle.Pressed)
    def _press_title(self, message: PaneTitle.Pressed) -> None:
        if message.name == "follow":
            self.action_follow()

    @on(StatusLine.Pressed)
    def _press_status(self, message: StatusLine.Pressed) -> None:
        if message.name == "tunnel":
            self.action_tunnel()
        elif self.down:
            self.action_listener()
        else:
            self.action_copy_address()

    @on(KeyFooter.Pressed)
    async def _press_hint(self, message: KeyFooter.Pressed) -> None:
        await self.run_action(message.action)


def _words(state: Any) -> str:
    return visible(str(state.get("text") or "")) if isinstance(state, dict) else ""
