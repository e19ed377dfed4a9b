"""What all parts of the main screen stand on: session, panes, toasts, edits off the loop, the clipboard."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial

from rich.cells import cell_len

from inspector.core import units
from inspector.core.events import Event, InspectorError
from inspector.core.shorten import middle
from inspector.core.text import count_unsafe, visible
from inspector.store.edits import Edits
from inspector.tui.clipboard import pasteable
from inspector.tui.detail import Look
from inspector.tui.keys import key_of
from inspector.tui.screens.boundary import Boundary
from inspector.tui.session import Session
from inspector.tui.source import Source
from inspector.tui.widgets.detail import DetailPane
from inspector.tui.widgets.event_list import EventList
from inspector.tui.widgets.filter_bar import FilterBar
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.pane import UNSEEN

_COPIED = 56
"""Cells of what was copied in a toast that has more to say."""
CLIPBOARD_BYTES = 75_000
"""Many terminals drop a longer clipboard sequence without a word."""


class Ground(Boundary[None]):
    """The panes, and what every action needs."""

    DEFAULT_CSS = f"Ground {{ {UNSEEN}; }}"

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__()
        self.session = session
        self.glyphs = glyphs
        self.source = Source(session.reader)
        self.events = EventList(self.source, glyphs=glyphs, id="events")
        if not session.preferences.newest_first:
            self.events.set_reactive(EventList.order, "oldest")
        self.details = DetailPane(("Details",), glyphs, id="detail")
        self.extra = DetailPane(("Shape", "Attempts"), glyphs, id="extra")
        self.filter_bar = FilterBar(id="filter")
        self.grouped = ""
        """``type`` or ``delivery`` while the list is in groups."""
        self.look = Look(target=str(session.setting("replay_target") or ""), keys=session.preferences.keys)
        self.down = ""
        """Why nothing listens, in words; empty while something does."""

    def key_for(self, id: str) -> str:
        """The key of an action, as the user has it, for a sentence."""
        return key_of(self.app, id)

    @property
    def current(self) -> Event | None:
        """The event the cursor is on."""
        number = self.events.cursor
        return None if number is None else self.source.event(number)

    @property
    def target(self) -> str:
        """The replay target used last, or empty."""
        return self.look.target

    @abstractmethod
    def reload_detail(self) -> None:
        """Read the event under the cursor again."""

    @abstractmethod
    def go_from(self, result: str | int | None) -> None:
        """What another screen ended with: a filter for the list, an event to go to, or nothing."""

    @property
    @abstractmethod
    def wanted_is_empty(self) -> bool:
        """Whether no filter is in force."""

    @abstractmethod
    def show_empty(self) -> None:
        """Show the welcome while no event is stored."""

    @abstractmethod
    def update_title(self) -> None:
        """Write the title of the list."""

    @abstractmethod
    def update_status(self) -> None:
        """Write the first row."""

    @abstractmethod
    def update_footer(self) -> None:
        """Show the keys that help now."""

    @abstractmethod
    def open_tab(self, tab: str, *, for_now: bool = False) -> None:
        """Open a tab of the detail; `for_now`: only while this event is shown."""

    def tell(self, text: str, *, error: bool = False) -> None:
        """A toast; errors stay longer."""
        self.notify(
            visible(text),
            severity="error" if error else "information",
            timeout=10 if error else 4,
            markup=False,
        )

    def start(self, work: Callable[[], Awaitable[object]], group: str, *, exclusive: bool = False) -> None:
        """Await `work()` beside the screen; an InspectorError becomes a toast, anything else is logged, too."""

        async def guarded() -> None:
            try:
                await work()
            except InspectorError as error:
                self.tell(str(error), error=True)

        self.run_worker(guarded, group=group, exclusive=exclusive)

    def edit(self, work: Callable[[Edits], object], done: str = "") -> None:
        """Write to the store off the loop, then say `done`."""

        async def write() -> None:
            await self.session.edit(work)
            self.source.forget_rows()
            self.events.changed()
            if done:
                self.tell(done)

        self.start(write, "edit")

    def remember(self, name: str, value: object) -> None:
        """Keep something in this store, for every screen on it."""
        self.edit(lambda edits: edits.set_setting(name, value))

    def keep(self, name: str, value: object) -> None:
        """Keep a look of the screen for its next start, on any store."""
        self.start(partial(self.session.remember, name, value), "state")

    def to_clipboard(self, text: str, done: str, otherwise: str = "") -> None:
        """Copy through the terminal, if it is not too long; `otherwise` says how else to get at it."""
        safe = text if len(text) > CLIPBOARD_BYTES else pasteable(text)
        length = len(safe.encode("utf-8", "surrogatepass"))
        if length > CLIPBOARD_BYTES:
            hint = f" {otherwise}" if otherwise else ""
            self.tell(f"Too large for the clipboard ({units.size(length)}).{hint}", error=True)
            return
        self.app.copy_to_clipboard(safe)
        escaped = count_unsafe(text.replace("\r\n", "\n"))
        if escaped:
            what = middle(visible(done), _COPIED, cell_len)
            done = f"{what}; {units.count(escaped, 'control character')} escaped"
        self.tell(done)


def clock_us() -> int:
    """The wall clock in microseconds since 1970."""
    return time.time_ns() // 1000
