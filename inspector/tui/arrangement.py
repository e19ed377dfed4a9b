"""How the rows of the list stand: one event a row, in groups by type, or each delivery with its repetitions.

An entry is what stands on a row: the id of an event, or a negative number for the heading of a group. An
arrangement is made anew when its events change; making one costs as much as it has groups, not events.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heading:
    """What the heading of a group tells."""

    name: str
    """The type, as text from outside; empty for a delivery, which is told by its newest event."""
    count: int
    newest: int
    """Id of its newest event."""
    newest_us: int = 0
    failed: int = 0
    new: int = 0
    is_open: bool = False


class Arrangement(Protocol):
    """Rows from 0 on, the newest event first or last."""

    follows: bool
    """Whether the newest event always stands at one end, so that it can be followed."""

    def __len__(self) -> int: ...

    def at(self, row: int, newest_first: bool, /) -> int | None:
        """The entry on a row; None where there is none."""
        ...

    def row(self, entry: int, newest_first: bool, /) -> int:
        """The row of an entry that `settle` gave."""
        ...

    def settle(self, entry: int, /) -> int | None:
        """The entry itself, or what stands for it: the heading it is folded under, the next older one."""
        ...

    def newest(self) -> int | None:
        """The entry of the newest event."""
        ...

    def event(self, entry: int, /) -> int:
        """The event an entry stands for: of a heading, the newest one."""
        ...

    def heading(self, entry: int, /) -> Heading | None:
        """What a heading tells; None for an event."""
        ...

    def depth(self, entry: int, /) -> int:
        """How far an event is indented: 1 within an open group."""
        ...


class Flat:
    """One event a row; `ids` ascending."""

    follows = True

    def __init__(self, ids: array[int]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, row: int, newest_first: bool) -> int | None:
        index = len(self.ids) - 1 - row if newest_first else row
        return self.ids[index] if 0 <= index < len(self.ids) else None

    def row(self, entry: int, newest_first: bool) -> int:
        index = min(bisect_left(self.ids, entry), len(self.ids) - 1)
        return len(self.ids) - 1 - index if newest_first else index

    def settle(self, entry: int) -> int | None:
        return self.ids[max(0, bisect_right(self.ids, entry) - 1)] if self.ids else None

    def newest(self) -> int | None:
        return self.ids[-1] if self.ids else None

    def event(self, entry: int) -> int:
        return entry

    def heading(self, entry: int) -> Heading | None:
        return None

    def depth(self, entry: int) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Folder:
    """A group by type: its number, what its heading tells, and its events (ascending) when it is open."""

    number: int
    heading: Heading
    ids: array[int] | None


class ByType:
    """Headings in a set order, so that nothing moves as events come; what is open has its events below it."""

    follows = False

    def __init__(self, folders: Sequence[Folder], number_of: Callable[[int], int | None]) -> None:
        """`number_of` tells the folder of an event that stands on no row."""
        self.folders = list(folders)
        self._number_of = number_of
        self._places = {folder.number: place for place, folder in enumerate(self.folders)}
        self._starts = [0, *accumulate(1 + len(folder.ids or ()) for folder in self.folders)]

    def __len__(self) -> int:
        return self._starts[-1]

    def at(self, row: int, newest_first: bool) -> int | None:
        if not 0 <= row < len(self):
            return None
        place = bisect_right(self._starts, row) - 1
        folder, below = self.folders[place], row - self._starts[place]
        if not below or folder.ids is None:
            return -folder.number
        return folder.ids[len(folder.ids) - below if newest_first else below - 1]

    def _folder_with(self, event: int) -> int | None:
        for place, folder in enumerate(self.folders):
            ids = folder.ids
            if ids and ids[0] <= event <= ids[-1] and ids[bisect_left(ids, event)] == event:
                return place
        return None

    def row(self, entry: int, newest_first: bool) -> int:
        if entry < 0:
            return self._starts[self._places.get(-entry, 0)]
        place = self._folder_with(entry)
        if place is None:
            return 0
        ids = self.folders[place].ids
        assert ids is not None
        index = bisect_left(ids, entry)
        return self._starts[place] + (len(ids) - index if newest_first else index + 1)

    def settle(self, entry: int) -> int | None:
        if not self.folders:
            return None
        if entry < 0:
            return entry if -entry in self._places else -self.folders[0].number
        if self._folder_with(entry) is not None:
            return entry
        number = self._number_of(entry)
        return -number if number in self._places else -self.folders[0].number

    def newest(self) -> int | None:
        if not self.folders:
            return None
        return -max(self.folders, key=lambda folder: folder.heading.newest).number

    def event(self, entry: int) -> int:
        heading = self.heading(entry)
        return entry if heading is None else heading.newest

    def heading(self, entry: int) -> Heading | None:
        place = self._places.get(-entry)
        return None if entry > 0 or place is None else self.folders[place].heading

    def depth(self, entry: int) -> int:
        return int(entry > 0)


class ByDelivery:
    """One row for each delivery, in the order in which they came first; those that came again fold."""

    follows = True

    def __init__(self, keys: array[int], again: Mapping[int, array[int]], opened: set[int]) -> None:
        """`keys` are the ids of the first deliveries, ascending; `again` has, by key, the events (ascending)
        of those that came more than once or whose first one is gone."""
        self.keys = keys
        self.again = again
        self._opened = opened & again.keys()
        self._open = sorted(self._opened)
        self._places = {True: self._lay_out(True), False: self._lay_out(False)}
        self._first = {event: key for key, events in again.items() for event in events}

    def _lay_out(self, newest_first: bool) -> tuple[list[int], list[int]]:
        """Rows of the open headings, and how many rows stand below all up to each."""
        order = self._open[::-1] if newest_first else self._open
        below = list(accumulate((len(self.again[key]) for key in order), initial=0))
        return [self._place(key, newest_first) + below[i] for i, key in enumerate(order)], below

    def _place(self, key: int, newest_first: bool) -> int:
        index = bisect_left(self.keys, key)
        return len(self.keys) - 1 - index if newest_first else index

    def __len__(self) -> int:
        return len(self.keys) + sum(len(self.again[key]) for key in self._open)

    def at(self, row: int, newest_first: bool) -> int | None:
        if not 0 <= row < len(self):
            return None
        starts, below = self._places[newest_first]
        i = bisect_right(starts, row) - 1
        if i >= 0:
            key = self._open[-1 - i] if newest_first else self._open[i]
            events, inside = self.again[key], row - starts[i]
            if 0 < inside <= len(events):
                return events[len(events) - inside if newest_first else inside - 1]
        place = row - below[i + 1] if i >= 0 and row > starts[i] else row - below[max(0, i)]
        key = self.keys[len(self.keys) - 1 - place if newest_first else place]
        return -key if key in self.again else key

    def row(self, entry: int, newest_first: bool) -> int:
        key = self._first.get(entry, abs(entry))
        below = self._places[newest_first][1]
        place = self._place(key, newest_first)
        older = bisect_left(self._open, key)
        before = len(self._open) - older - (key in self._opened) if newest_first else older
        start = place + below[before]
        if entry < 0 or key not in self.again:
            return start
        events = self.again[key]
        index = bisect_left(events, entry)
        return start + (len(events) - index if newest_first else index + 1)

    def settle(self, entry: int) -> int | None:
        if not self.keys:
            return None
        key = self._first.get(entry, abs(entry))
        if key in self.again:
            return entry if entry > 0 and key in self._opened else -key
        key = self.keys[max(0, bisect_right(self.keys, key) - 1)]
        return -key if key in self.again else key

    def newest(self) -> int | None:
        return self.settle(self.keys[-1]) if self.keys else None

    def event(self, entry: int) -> int:
        return self.again[-entry][-1] if -entry in self.again else abs(entry)

    def heading(self, entry: int) -> Heading | None:
        events = self.again.get(-entry) if entry < 0 else None
        if events is None:
            return None
        return Heading("", len(events), events[-1], is_open=-entry in self._opened)

    def depth(self, entry: int) -> int:
        return int(entry in self._first)
