"""The detail of the main screen: the event under the cursor, read off the loop, on the tab that is open."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial

from textual import on

from inspector.core.type_shape import TypeShape
from inspector.store.reader import Reader
from inspector.tui.detail import TABS, Detail, read_detail
from inspector.tui.screens.panes import Panes
from inspector.tui.session import Session
from inspector.tui.widgets.event_list import EventList
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.viewer import Viewer

FOLLOW_S = 0.25
"""While following, the detail changes at most this often."""
_SHAPE_AGE_S = 2.0
_MOST_SHAPES = 200
_AT_ONCE = 400_000
"""Bytes of a decoded body above which its first part is shown before the whole is read."""
_PASSING_S = 0.05


class Reading(Panes):
    """Shows the event the cursor is on."""

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self.shown: Detail | None = None
        self._loading_now = False
        self._wanted_event: int | None = None
        self._stale = False
        self._loaded_at = 0.0
        self._shapes: dict[tuple[str | None, str], tuple[TypeShape, float]] = {}
        self._will_learn = False
        self._tab_before: tuple[int, str] | None = None

    def show_event(self, number: int | None) -> None:
        """Read an event and show it; a tab that was opened for another one only goes back to what it was."""
        if self._tab_before is not None and self._tab_before[0] != number:
            self.details.tab, self._tab_before = self._tab_before[1], None
        self._wanted_event = number
        self._load_soon()
        self.update_footer()

    @on(EventList.Highlighted)
    def _follow_cursor(self, message: EventList.Highlighted) -> None:
        self.show_event(message.event_id)

    def reload_detail(self) -> None:
        """Read the event under the cursor again, and show it as it is now."""
        self._stale = True
        self._load_soon()

    def _load_soon(self) -> None:
        if self._loading_now:
            return
        self._loading_now = True
        wait = (
            FOLLOW_S - (time.monotonic() - self._loaded_at) if self.events.following or self._stale else 0.0
        )
        if wait > 0:
            self.set_timer(wait, partial(self.start, self._load, "detail"))
        else:
            self.start(self._load, "detail")

    async def _load(self) -> None:
        """Read the wanted event; whatever was wanted meanwhile is overtaken by the last wish."""
        try:
            while True:
                number, self._stale = self._wanted_event, False
                await self._load_one(number)
                self._loaded_at = time.monotonic()
                if (self._wanted_event == number and not self._stale) or self.events.following:
                    break
        finally:
            self._loading_now = False
        if self._wanted_event != number or self._stale:
            self._load_soon()

    async def _load_one(self, number: int | None) -> None:
        if number is None:
            self._show_detail(None)
            return
        known = self.shown if self.shown is not None and self.shown.event.id == number else None
        detail = await self.session.read(partial(read_detail, number=number, known=known, upto=_AT_ONCE))
        if number != self._wanted_event and not self.events.following:
            return
        if known is None:
            self.workers.cancel_group(self, "whole")
        if self.shown is not known and self.shown is not None and self.shown.event.id == number:
            return  # the whole came meanwhile
        self._show_detail(detail)
        if detail is None:
            return
        if detail.first_part and known is None:
            self.start(partial(self._load_whole, number), "whole")
        await self._learn_shape(detail)

    async def _load_whole(self, number: int) -> None:
        """Read all of an event of which the first part is shown, unless it is passed by at once."""
        await asyncio.sleep(_PASSING_S)
        detail = await self.session.read_apart(number)
        first = self.shown
        if detail is not None and first is not None and first.event.id == number:
            now = (
                first.event,
                first.attempts,
                first.new_fields,
                first.news,
            )  # read again meanwhile, if something changed
            self._show_detail(replace(detail, event=now[0], attempts=now[1], new_fields=now[2], news=now[3]))

    async def _learn_shape(self, detail: Detail) -> None:
        if detail.event.type is None or detail.event.shape is None:
            return
        key = (detail.event.sender, detail.event.type)
        known = self._shapes.get(key)
        if known is None or time.monotonic() - known[1] > _SHAPE_AGE_S:
            shape = await self.session.read(partial(_shape_of, key=key))
            if len(self._shapes) > _MOST_SHAPES:
                self._shapes.clear()
            self._shapes[key] = (shape, time.monotonic())
            if self.shown is detail and (known is None or known[0] != shape):
                self._show_detail(detail)
        else:
            self.learn_later()

    def learn_later(self) -> None:
        """Count the fields of the type that is shown again, as soon as what is known of it is old."""
        if not self._will_learn:
            self._will_learn = True
            self.set_timer(_SHAPE_AGE_S, self._learn_again)

    def _learn_again(self) -> None:
        self._will_learn = False
        if self.shown is not None:
            self.start(partial(self._learn_shape, self.shown), "shape")

    def _show_detail(self, detail: Detail | None) -> None:
        self.shown = detail
        shape = None
        if detail is not None and detail.event.type is not None:
            known = self._shapes.get((detail.event.sender, detail.event.type))
            shape = known[0] if known is not None else None
        for pane in (self.details, self.extra):
            pane.show(detail, shape, self.look)
        self.update_footer()

    def open_tab(self, tab: str, *, for_now: bool = False) -> None:
        """Open a tab where it is shown."""
        if self.placed == "wide" and tab in TABS[4:] and self.zoomed != "detail":
            self.extra.tab = tab
            return
        if for_now and self.details.tab != tab and self.events.cursor is not None:
            self._tab_before = (self.events.cursor, self.details.tab)
        elif not for_now:
            self._tab_before = None
        self.details.tab = tab

    def action_tab(self, number: int) -> None:
        """Open a tab by its number."""
        if self.has_class("-empty"):
            return
        tab = TABS[number - 1]
        self.open_tab(tab)
        if self.placed == "one" and self.front == "list":
            self.show_pane("detail")
        elif self.placed == "wide" and self.focused_pane() != "list":
            self.show_pane("extra" if number > 4 else "detail")

    def action_hex(self) -> None:
        """Show bytes as hex, or not."""
        self.look = replace(self.look, hex=not self.look.hex)
        if self.details.tab not in ("Body", "Raw"):
            self.open_tab("Raw")
        self._show_detail(self.shown)

    @on(Viewer.Failed)
    def _say_failed(self, message: Viewer.Failed) -> None:
        self.tell(message.sentence, error=True)


def _shape_of(reader: Reader, key: tuple[str | None, str]) -> TypeShape:
    return reader.shape_of_types([key])
