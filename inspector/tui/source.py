"""The events the list shows: their ids, the rows of the pages looked at, and what arrived since.

`Source` lives on the screen's loop and reads only what is quick: the newest ids, a page of rows, the last id.
All ids of a large store (`read_older`), and the ids that match a filter (`scan.Scan`), are gathered in threads.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

from inspector.core.events import Event
from inspector.store.reader import Reader

FIRST_IDS = 10_000
"""Ids read before the first paint."""
PAGE = 64
_PAGES = 64


class Source:
    """The ids to show, ascending, and the events behind them."""

    def __init__(self, reader: Reader) -> None:
        """Read the newest ids of the store; `reader` is used on the caller's thread only."""
        self.generation = 0
        """Grows when the ids have changed in another way than by new ones at their end."""
        self.open(reader)

    def open(self, reader: Reader) -> None:
        """Begin anew with a store: the first one, or the one that took its place."""
        self.reader = reader
        self.all_ids: array[int] = reader.newest_ids(FIRST_IDS)
        """Every id known, ascending; the older ones come with `add_older`."""
        self.older_missing = len(self.all_ids) == FIRST_IDS
        self.matched: array[int] | None = None
        """Ids that match the filter, ascending; None without a filter."""
        self._rows: OrderedDict[int, dict[int, Event | None]] = OrderedDict()
        self.generation += 1
        self._version = reader.data_version()
        self.total: tuple[int, int] = reader.total()
        """How many events the store has, and how many bytes of bodies, when it was last looked at."""

    @property
    def ids(self) -> array[int]:
        """The ids the list shows, ascending."""
        return self.all_ids if self.matched is None else self.matched

    @property
    def last_id(self) -> int:
        """The highest id known; 0 before the first."""
        return self.all_ids[-1] if self.all_ids else 0

    def event(self, number: int) -> Event | None:
        """An event, read with the `PAGE` ids around it; None when it was deleted."""
        ids = self.ids
        at = bisect_left(ids, number)
        if at == len(ids) or ids[at] != number:
            return self.reader.event(number)
        page = at // PAGE
        found = self._rows.get(page)
        if found is None or number not in found:
            numbers = ids[page * PAGE : (page + 1) * PAGE]
            found = dict.fromkeys(numbers)  # a deleted event is remembered as None, not read again and again
            found.update((event.id, event) for event in self.reader.events(numbers))
            self._rows[page] = found
            if len(self._rows) > _PAGES:
                self._rows.popitem(last=False)
        return found.get(number)

    def hides(self, number: int) -> bool:
        """Whether a filter is in force that an event does not match, as far as is known."""
        if self.matched is None:
            return False
        at = bisect_left(self.matched, number)
        return at == len(self.matched) or self.matched[at] != number

    def forget_rows(self) -> None:
        """Drop the rows kept, because something about them changed."""
        self._rows.clear()

    def poll(self) -> tuple[bool, array[int]]:
        """Whether another process has written anything since the last call, and the ids that are new."""
        version = self.reader.data_version()
        if version == self._version:
            return False, array("q")
        self._version = version
        self._rows.clear()
        with self.reader.one_moment():
            fresh = self.reader.ids(after=self.last_id)
            self.total = self.reader.total()
        self.all_ids.extend(fresh)
        return True, fresh

    def add_older(self, older: array[int]) -> None:
        """Put ids below the oldest one known in front of all."""
        if self.all_ids:
            older = older[: bisect_left(older, self.all_ids[0])]
        self.all_ids[:0] = older
        self.older_missing = False
        self.generation += 1
        self._rows.clear()

    def replace_ids(self, numbers: array[int], known: int) -> None:
        """Take `numbers` for all ids; those that came since `known` was the highest one stay."""
        last = max(known, numbers[-1] if numbers else 0)
        numbers.extend(number for number in self.all_ids if number > last)
        self.all_ids = numbers
        self.older_missing = False
        self.generation += 1
        self._rows.clear()

    def take_out(self, known: int, left: array[int], shown: int, left_shown: array[int] | None) -> None:
        """Take deleted events out of the list: of the first `known` ids and the first `shown` matches these
        are left, and those that came behind them meanwhile; `generation` must be what it was before."""
        self.all_ids = left + self.all_ids[known:]
        if self.matched is not None and left_shown is not None:
            self.matched = left_shown + self.matched[shown:]
        self.generation += 1
        self._rows.clear()

    def show_matches(self, matched: array[int] | None) -> None:
        """Show only these ids (ascending), or all with None."""
        self.matched = matched
        self.generation += 1
        self._rows.clear()

    def add_found(self, found: array[int]) -> None:
        """Put matches (ascending) among those that are known, where they belong."""
        if self.matched is not None and found:
            # Only the stretch between the first and the last is put in order anew: a million ids take too long.
            first, last = bisect_left(self.matched, found[0]), bisect_left(self.matched, found[-1])
            between = self.matched[first:last]
            self.matched[first:last] = array("q", sorted(between + found)) if between else found
            self.generation += 1
            self._rows.clear()

    def add_matches(self, fresh: array[int]) -> None:
        """Add newly arrived ids that match the filter."""
        if self.matched is not None and fresh:
            last = self.matched[-1] if self.matched else 0
            self.matched.extend(number for number in fresh if number > last)


def without(numbers: array[int], gone: Collection[int]) -> array[int]:
    """Ids without some of them."""
    return array("q", [number for number in numbers if number not in gone])


def read_older(store: Path, before: int) -> array[int]:
    """All ids below `before`, in a thread with a connection of its own."""
    with Reader(store) as reader:
        return reader.ids(before=before)
