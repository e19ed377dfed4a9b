"""The filter of the list: typed, looked for in a thread, kept or left; and what arrives meanwhile."""

from __future__ import annotations

import asyncio
import re
from array import array
from bisect import bisect_right
from functools import partial

from textual import on
from textual.message import Message

from inspector.config.saved_filters import filter_history, keep_history, save_filter, saved_filters
from inspector.core import units
from inspector.core.conditions import FLAGS
from inspector.core.filter_words import WORDS
from inspector.core.filters import Filter, FilterError, parse_filter, quoted
from inspector.core.payload import show_path
from inspector.store.reader import Reader
from inspector.tui.scan import Scan
from inspector.tui.screens.ground import Ground
from inspector.tui.session import Session
from inspector.tui.widgets.filter_bar import Completion, FilterBar
from inspector.tui.widgets.glyphs import Glyphs

_MAX_PATHS = 2000
_PLAIN = re.compile(r"[^\s\"*\\]+")


class FilterActions(Ground):
    """Holds the filter in force and the scan that is on."""

    class Scanned(Message):
        """A scan has something to tell."""

        def __init__(self, scan: Scan, found: array[int], read: int, done: bool) -> None:
            super().__init__()
            self.scan = scan
            self.found = found
            self.read = read
            """How many ids it has looked at."""
            self.done = done

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self.wanted = Filter()
        """The filter in force."""
        self.filter_before = Filter()
        self.filter_bar.history = filter_history(session.preferences.state)
        self._scan: Scan | None = None
        self._scanned_to = 0
        self.scanning = False
        self._read = 0
        """How many ids the scan has looked at."""
        self._begun = False
        self._stopped = False
        self._came_from: int | None = None
        """The event the reader was on before filtering."""
        self._rested: int | None = None
        """The event on which a scan has left the cursor."""
        self._unmatched: array[int] = array("q")
        self._matching = False

    def on_unmount(self) -> None:
        """Let go of a scan: the end of the program waits for its thread."""
        if self._scan is not None:
            self._scan.cancel()

    @property
    def wanted_is_empty(self) -> bool:
        """Whether no filter is in force."""
        return self.wanted.is_empty

    def open_filter(self) -> None:
        """Show the bar; the list filters as one types."""
        self.filter_before = self.wanted
        self.filter_bar.open(self.wanted.text)
        self.events.pause()
        self.start(self._learn_completions, "completions", exclusive=True)

    async def _learn_completions(self) -> None:
        saved = saved_filters(self.session.preferences.state)
        named = [Completion(f"@{name}", text) for name, text in saved.items()]
        self.filter_bar.offer(named + await self.session.read(_completions))

    def _parsed(self, text: str) -> Filter:
        """A filter as it is typed, saved ones by their names; FilterError when it cannot be read."""
        return parse_filter(text, saved=saved_filters(self.session.preferences.state))

    def _remember(self, text: str) -> None:
        """Keep a filter for the arrow keys, also of the next start."""
        self.filter_bar.remember(text)
        keep = partial(keep_history, self.session.preferences.state, self.filter_bar.history)
        self.start(partial(asyncio.to_thread, keep), "state")

    @on(FilterBar.KeysChanged)
    def _name_keys(self) -> None:
        self.update_footer()

    @on(FilterBar.Saved)
    def _save(self, message: FilterBar.Saved) -> None:
        async def save() -> None:
            await asyncio.to_thread(save_filter, self.session.preferences.state, message.name, message.text)
            name = message.name.removeprefix("@")
            self.tell(f"Saved: @{name} stands for it" if message.text else f"Forgot @{name}")
            await self._learn_completions()

        self.start(save, "state")

    def filter_by(self, text: str) -> None:
        """Put a filter in force, as if it had been typed and kept."""
        try:
            wanted = self._parsed(text)
        except FilterError as error:
            self.tell(str(error), error=True)
            return
        self._remember(text)
        self._apply(wanted)
        self.events.focus()

    @on(FilterBar.Edited)
    def _edit_filter(self, message: FilterBar.Edited) -> None:
        try:
            wanted = self._parsed(message.text)
        except FilterError as error:
            self._point_at(error)
            return
        self.filter_bar.show_mistakes(None)
        if wanted != self.wanted:
            self._apply(wanted)

    @on(FilterBar.Kept)
    def _keep_filter(self, message: FilterBar.Kept) -> None:
        try:
            wanted = self._parsed(message.text)
        except FilterError as error:
            self._point_at(error, insist=True)
            return
        if wanted != self.wanted:
            self._apply(wanted)
        self._remember(message.text.strip())
        self._close_bar()

    def _point_at(self, error: FilterError, *, insist: bool = False) -> None:
        self.filter_bar.show_mistakes(error, insist=insist)
        self.filter_bar.show_count("")

    @on(FilterBar.Left)
    def _leave_filter(self) -> None:
        self._close_bar()
        if self.wanted != self.filter_before:
            self._apply(self.filter_before)

    def _close_bar(self) -> None:
        self.filter_bar.show_mistakes(None)
        self.filter_bar.close()
        self.events.focus()

    def clear_filter(self) -> None:
        """Show all events again."""
        self._apply(Filter())

    def _apply(self, wanted: Filter) -> None:
        if self._scan is not None:
            self._scan.cancel()
            self._scan = None
        self.wanted = wanted
        self.filter_bar.in_force = wanted.text
        self.scanning = self._stopped = False
        if wanted.is_empty:
            self.source.show_matches(None)
            self.events.empty = ""
            self.filter_bar.show_count("")
            self.events.sync()
            self.update_title()
            self.update_footer()
            return
        if self.events.cursor != self._rested or self._came_from is None:
            self._came_from = self._rested = self.events.cursor
        self.scanning, self._begun, self._read = True, False, 0
        self._scanned_to = self.source.last_id
        self.filter_bar.show_count("…")
        scan = Scan(self.session.store, wanted, after=0, upto=self._scanned_to, tell=self._told)
        self._scan = scan
        self.start(partial(self._run, scan), "scan")
        self.update_title()
        self.update_footer()

    async def _run(self, scan: Scan) -> None:
        try:
            await asyncio.to_thread(scan.run)
        finally:
            scan.cancel()

    def _told(self, found: array[int], read: int, done: bool) -> None:
        """Called in the scan's thread."""
        scan = self._scan
        if scan is not None and not scan.cancelled:
            self.post_message(self.Scanned(scan, found, read, done))

    @on(Scanned)
    def _show_matches(self, message: Scanned) -> None:
        if message.scan is not self._scan or not self.scanning:
            return
        if self._begun:
            self.source.add_found(message.found)
        else:
            # What arrived and matched since the scan began stands above all that it finds.
            known = self.source.matched or array("q")
            self.source.show_matches(message.found + known[bisect_right(known, self._scanned_to) :])
            self._begun = True
        stays = self.events.cursor in (None, self._rested)
        total = len(self.source.all_ids)
        found = len(self.source.ids)
        self.scanning = not message.done
        if message.done:
            self.filter_bar.show_count(f"{found:,} of {total:,}")
            clears = f"{self.key_for('back')} clears the filter."
            self.events.empty = f"None of {units.count(total, 'event')} match. {clears}"
            if self.wanted.wider:
                self.events.empty += f" {self.wanted.wider}"
        else:
            self._read = message.read
            self.filter_bar.show_count(f"{found:,} so far …")
            self.events.empty = (
                f"None yet, {self._read:,} of {self._scanned_to:,} read. {self.key_for('back')} stops."
            )
        self.events.sync()
        if stays:
            self._rest()
        self.update_title()
        self.update_footer()

    def _rest(self) -> None:
        """Put a cursor that the reader has not moved since on the match nearest to where it was: matches come in any
        order."""
        if self._came_from is not None:
            self.events.rest_on(self._came_from)
        self._rested = self.events.cursor

    @property
    def scan_words(self) -> str:
        """How far the scan is that goes on, or where it was stopped; empty when all is read."""
        if self.scanning:
            share = self._read * 100 // max(1, self._scanned_to)
            return f"so far, {share} % read …" if self._read else "so far …"
        return f"in {self._read:,} of {self._scanned_to:,} read, then stopped" if self._stopped else ""

    def stop_scan(self) -> bool:
        """Stop a scan that is on and keep what it found; False when none was."""
        if not self.scanning or self._scan is None:
            return False
        self._scan.cancel()
        self.scanning, self._stopped = False, True
        if not self._begun:
            self.source.show_matches(array("q"))
        self.filter_bar.show_count(f"{len(self.source.ids):,}, stopped")
        self.events.empty = (
            f"None in {self._read:,} read of {self._scanned_to:,}. {self.key_for('back')} clears the filter."
        )
        self.events.sync()
        self.update_title()
        self.update_footer()
        return True

    def match_fresh(self, fresh: array[int]) -> None:
        """Let newly arrived events through the filter."""
        if not len(fresh):
            return
        self._unmatched.extend(fresh)
        if not self._matching:
            self.start(self._match, "match")

    async def _match(self) -> None:
        # One at a time, in order of arrival: ids must stay ascending.
        self._matching = True
        try:
            while self._unmatched:
                batch, self._unmatched = self._unmatched, array("q")
                wanted = self.wanted
                found = await self.session.read(partial(_matches, wanted, batch[0], batch[-1]))
                if wanted is self.wanted and not wanted.is_empty and found:
                    if self.source.matched is None:
                        self.source.show_matches(array("q"))
                    self.source.add_matches(found)
                    self.events.sync()
                    self.update_title()
        finally:
            self._matching = False


def _matches(wanted: Filter, first: int, last: int, reader: Reader) -> array[int]:
    return array("q", reader.matching(wanted, after=first - 1, before=last + 1, newest_first=False))


def filter_word(name: str, value: str) -> str:
    """``name:value`` as one word, with quotes where the value needs them."""
    return f"{name}:{value}" if _PLAIN.fullmatch(value) else f"{name}:{quoted(value)}"


def _completions(reader: Reader) -> list[Completion]:
    """Words of the filter language, and values for them that the store has."""
    found = [Completion(f"{name}:") for name in WORDS]
    found += [Completion(f"is:{badge}") for badge in FLAGS]
    levels = dict.fromkeys(["info", "warn", "error", *map(str.lower, reader.levels())])
    found += [Completion(filter_word("level", level)) for level in levels]
    found += [Completion(f"since:{length}") for length in ("10m", "1h", "24h")]
    types = sorted(reader.types(), key=lambda one: -one.count)
    senders = {one.sender for one in types if one.sender}
    found += [Completion(filter_word("sender", sender)) for sender in sorted(senders)]
    found += [Completion(filter_word("type", one.type), units.count(one.count, "event")) for one in types]
    if types:
        fields = reader.shape_of_types([(one.sender, one.type) for one in types]).fields
        for field in fields[:_MAX_PATHS]:
            note = f"{field.words:<20} {units.count(field.present, 'event')}"
            path = show_path(field.path)
            # A path needs a dot to be told from a word of the language.
            found.append(Completion(f"{path if '.' in path or '[' in path else '.' + path}:", note))
    return found
