"""The main screen: status, list, detail, keys. It follows the store; what it can do stands in its parts."""

from __future__ import annotations

import asyncio
import time
from array import array
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import Static

from inspector.capture.turns import TURNS
from inspector.core import units
from inspector.core.text import visible
from inspector.tui import keys
from inspector.tui.screens.event_actions import EventActions
from inspector.tui.screens.file_actions import FileActions
from inspector.tui.screens.footers import hints_for
from inspector.tui.screens.ground import clock_us
from inspector.tui.screens.moving import Moving
from inspector.tui.session import Session
from inspector.tui.source import read_older
from inspector.tui.widgets.columns import HEADINGS
from inspector.tui.widgets.event_list import EventList
from inspector.tui.widgets.footer import KeyFooter
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.list_heading import ListHeading
from inspector.tui.widgets.pane import Pane
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.status_line import Rate, Status, StatusLine
from inspector.tui.widgets.tour import Tour

POLL_S = 0.1
STATUS_S = 1.0
WATCH_S = 0.25
"""How soon it is told that the capture process is gone."""


class MainScreen(EventActions, FileActions, Moving):
    """List and detail on one store."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]
    DEFAULT_CSS = """
    MainScreen { background: $background; layers: base; }
    MainScreen #panes { height: 1fr; width: 1fr; layout: horizontal; }
    MainScreen #list-pane { width: 54%; height: 1fr; layers: base bar; }
    MainScreen #list-pane > FilterBar { layer: bar; dock: top; margin-top: 1; }
    MainScreen #list-pane > Tour { layer: bar; dock: bottom; }
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
        self.tour = Tour()
        self.rate = Rate()
        self._missed_new = 0
        self._miscounted = 0
        """By how many the ids known were not as many as the store counts, after they were read again."""
        self._status_at = 0.0

    def compose(self) -> ComposeResult:
        """Status, panes, footer."""
        yield self.status_line
        with Pane(id="panes"):
            with Pane(id="list-pane"):
                yield self.list_title
                yield self.list_heading
                yield self.events
                yield self.filter_bar
                yield self.tour
            yield self.details
            yield self.extra
        yield self.empty_pane
        yield Static(Content("Make the terminal 40×8 or larger."), id="tiny")
        yield self.footer

    def on_mount(self) -> None:
        """Start looking at the store."""
        self._wrap_as_before()
        self._begin_tour()
        self.show_empty()
        self.update_status()
        self.update_title()
        self.set_interval(POLL_S, self._poll)
        self.set_interval(STATUS_S, self._tick)
        self.set_interval(WATCH_S, self.watch_listener)
        self.start(self._read_past, "older")
        if self.source.all_ids:
            self.show_event(self.events.cursor)

    def _wrap_as_before(self) -> None:
        """Wrap as the user set it, or as it was; and remember changes."""
        for pane in (self.details, self.extra):
            pane.viewer.wrapped = self.session.preferences.wrap
            self.watch(pane.viewer, "wrapped", partial(self.keep, "wrap"), init=False)

    def _begin_tour(self) -> None:
        """Tell a few things, once and never again: so not where that cannot be remembered."""
        state = self.session.preferences.state
        if state.is_kept and not state.get("tour"):
            self.keep("tour", True)
            self.empty_pane.welcome.tour = True
            self.tour.add_class("-open")

    def end_tour(self) -> None:
        """Somebody has begun to work."""
        self.tour.remove_class("-open")

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
            TURNS.arrived()
            self.rate.add(len(fresh), time.time())
            self.learn_later()
            if not self.events.following and len(fresh) <= 500:
                self._missed_new += self.session.reader.count_new(fresh[0], fresh[-1])
            if self.wanted.is_empty:
                self.events.sync()
            else:
                self.match_fresh(fresh)
            if self.has_class("-empty"):
                self.show_empty()
        else:
            self.events.changed()
        if not self.busy and not self.source.older_missing and self._differs() != self._miscounted:
            self.start(self.read_ids, "ids")
        shown = self.shown
        if shown is not None and shown.event.id == self.events.cursor and self.current != shown.event:
            self.reload_detail()
        self.update_title()
        if time.monotonic() - self._status_at > 2 * POLL_S:
            self.update_status()

    def _differs(self) -> int:
        return self.source.total[0] - len(self.source.all_ids)

    async def read_ids(self) -> None:
        """Read all ids again: some were deleted, or brought back."""
        self._miscounted = self._differs()  # one reading at a time
        known = self.source.last_id
        numbers = await self.session.read(lambda reader: reader.ids())
        more = len(numbers) > len(self.source.all_ids)
        self.source.replace_ids(numbers, known)
        self._miscounted = self._differs()
        if not self.wanted.is_empty and more:
            self._apply(self.wanted)
        elif self.source.matched is not None:
            last = self.source.last_id
            present = await asyncio.to_thread(frozenset, numbers)
            if (matched := self.source.matched) is not None:
                left = [number for number in matched if number in present or number > last]
                self.source.show_matches(array("q", left))
        self.events.sync()
        self.show_empty()
        self.update_title()

    def _tick(self) -> None:
        if self.session.reopen():
            self._begin_anew()
        self.watch_trouble()
        self.watch_tunnel()
        self.update_status()

    def _begin_anew(self) -> None:
        """Show the store that took the place of the one that was open: ids mean other events now."""
        self.source.open(self.session.reader)
        self.rate = Rate()
        self.clear_filter()
        self.events.sync()
        self.action_follow()
        self.show_empty()
        self.show_event(self.events.cursor)
        self.reload_detail()
        self.update_title()
        self.start(self._read_past, "older")
        self.tell("The store was deleted or replaced. This is the one that is at its place now.", error=True)

    def update_status(self) -> None:
        """Write the first row."""
        session = self.session
        self._status_at = time.monotonic()
        answers, tunnel, listener = self.answers(), session.state("tunnel"), session.state("listener")
        now = clock_us()
        url = visible(session.url)
        without = "not listening, reading only" if session.capture is None and not url else ""
        was_paused = self.status_line.status.paused
        home = str(session.store).replace(str(session.store.home()), "~", 1)
        self.status_line.status = Status(
            url=url,
            listening=bool(url) and not self.down,
            down=visible(self.down or without),
            answers=visible(str(answers.get("text") or "")),
            paused=bool(answers.get("paused")),
            exposed=isinstance(listener, dict) and listener.get("loopback") is False,
            tunnel=tunnel if isinstance(tunnel, dict) else None,
            trouble=self.trouble,
            events=self.source.total[0],
            bytes=session.reader.file_size(),
            store=visible(home),
            counts=tuple(self.rate.counts(now / 1e6)),
            rate=self.rate.per_second(now / 1e6),
            now_us=now,
        )
        if self.status_line.status.paused != was_paused:
            self.update_footer()
        welcome = self.empty_pane.welcome
        welcome.url, welcome.down = session.url, self.down

    def update_title(self) -> None:
        """Write the title of the list."""
        total, shown = max(self.source.total[0], len(self.source.ids)), len(self.source.ids)
        if self.wanted.is_empty:
            parts = [Part(f"Events {total:,}", "bold $foreground")]
        elif words := self.scan_words:
            parts = [Part(f"Events   {shown:,} {words}", "bold $foreground")]
        else:
            parts = [Part(f"Events   {shown:,} of {len(self.source.all_ids):,}", "bold $foreground")]
        if self.grouped:
            parts.append(Part(f"   {self.group_words}", "$muted"))
        if self.busy:
            parts.append(Part(f"   {self.busy}", "$warning"))
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
        elif self.events.has_focus and self.grouped != "type":
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

    # -- mouse

    @on(PaneTitle.Pressed)
    def _press_title(self, message: PaneTitle.Pressed) -> None:
        if message.name == "follow":
            self.action_follow()

    @on(StatusLine.Pressed)
    def _press_status(self, message: StatusLine.Pressed) -> None:
        if message.name == "tunnel":
            self.action_tunnel()
        elif message.name == "answers":
            self.action_answers()
        elif message.name == "trouble" or self.down:
            self.action_listener()
        else:
            self.action_copy_address()

    @on(KeyFooter.Pressed)
    async def _press_hint(self, message: KeyFooter.Pressed) -> None:
        await self.run_action(message.action)
