"""The list in groups: by type, or by delivery. Groups are read in a thread and arranged anew as events come."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from textual import on

from inspector.core import units
from inspector.store.groups import (
    UNIDENTIFIED,
    TypeGroup,
    TypeKey,
    read_members,
    redelivered,
    type_groups,
    type_groups_of,
)
from inspector.store.reader import Reader
from inspector.tui.arrangement import Arrangement, ByDelivery, ByType, Folder, Heading
from inspector.tui.screens.ground import Ground
from inspector.tui.session import Session
from inspector.tui.widgets.event_list import EventList
from inspector.tui.widgets.glyphs import Glyphs

_AGAIN_S = 0.25
"""Between two arrangements, seconds."""
_MODES = ("", "type", "delivery")


@dataclass(slots=True)
class _Read:
    """What the last arrangement was made of; used again while nothing but new events came."""

    generation: int = -1
    upto: int = 0
    members: dict[TypeKey, array[int]] = field(default_factory=dict)
    keys: array[int] = field(default_factory=lambda: array("q"))
    again: dict[int, array[int]] = field(default_factory=dict)


class GroupActions(Ground):
    """Groups the list, and folds and opens the groups."""

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self.groups: dict[int, TypeGroup] = {}
        """By the number of their heading, while the list is in groups by type."""
        self._numbers: dict[TypeKey, int] = {}
        self._open: dict[str, set[int]] = {"type": set(), "delivery": set()}
        """Headings that are open, as positive numbers."""
        self._all_open: dict[str, bool] = {"type": False, "delivery": False}
        self._last = _Read()
        self._grouping = False
        self._outdated = False

    def action_group(self) -> None:
        """By type, by delivery, one event a row."""
        self.grouped = _MODES[(_MODES.index(self.grouped) + 1) % len(_MODES)]
        self._last = _Read()
        if self.grouped:
            self._regroup_soon()
        else:
            self.events.show_groups(None)
        self.update_title()
        self.update_footer()
        self.tell(
            f"By {self.grouped}; {self.key_for('group')} goes on" if self.grouped else "One event a row"
        )

    @on(EventList.Outdated)
    def _regroup_soon(self) -> None:
        self._outdated = True
        if not self._grouping and self.grouped:
            self._grouping = True
            self.start(self._regroup, "groups")

    @on(EventList.Folded)
    def _fold(self, message: EventList.Folded) -> None:
        opened = self._open[self.grouped or "type"]
        if message.headings is None:
            opened.clear()
            self._all_open[self.grouped or "type"] = not message.close
        elif message.close is self._all_open[self.grouped or "type"]:
            opened.update(
                -heading for heading in message.headings
            )  # as exceptions, while all others are open
        else:
            opened.difference_update(-heading for heading in message.headings)
        self._regroup_soon()

    def _is_open(self, number: int, mode: str) -> bool:
        # Not by how the list is grouped now, which may have changed since the thread began.
        return (number in self._open[mode]) is not self._all_open[mode]

    async def _regroup(self) -> None:
        try:
            while self._outdated and (mode := self.grouped):
                self._outdated = False
                source = self.source
                filtered = source.matched is not None
                ids = source.ids[:] if filtered or mode == "delivery" else array("q")
                if self._last.generation != source.generation:
                    self._last = _Read(source.generation)
                read = self._by_type if mode == "type" else self._by_delivery
                rows = await self.session.read(partial(read, ids=ids, filtered=filtered, before=self._last))
                if mode == self.grouped:
                    self.events.show_groups(rows)
                    self.update_title()
                    self.update_footer()
                await asyncio.sleep(_AGAIN_S)
        finally:
            self._grouping = False
        if self._outdated and self.grouped:
            self._regroup_soon()

    # -- in the thread

    def _by_type(self, reader: Reader, *, ids: array[int], filtered: bool, before: _Read) -> Arrangement:
        groups = type_groups_of(reader, ids) if filtered else type_groups(reader)
        for key in groups:
            self._numbers.setdefault(key, len(self._numbers) + 1)
        opened = [group for key, group in groups.items() if self._is_open(self._numbers[key], "type")]
        if not filtered:
            upto = reader.last_id()
            for known in (True, False):
                some = [group for group in opened if (group.key in before.members) is known]
                for group in some:
                    group.ids = before.members[group.key][:] if known else array("q")
                if some:
                    read_members(reader, some, before.upto if known else 0, upto)
            before.members = {group.key: group.ids for group in opened if group.ids is not None}
            before.upto = upto
            if reader.db.execute("SELECT 1 FROM event WHERE pending").fetchone():
                before.generation = -1  # it will go to another group
        names = Counter(name for _, name in groups)
        open_keys = {group.key for group in opened}
        folders = []
        for key in sorted(groups, key=lambda key: (key[1] is None, key[1] == "", key[1], key[0])):
            group, number = groups[key], self._numbers[key]
            is_open = key in open_keys
            heading = Heading(
                _name(key, names[key[1]] > 1),
                group.count,
                group.newest,
                group.newest_us,
                group.failed,
                group.new,
                is_open,
            )
            folders.append(Folder(number, heading, group.ids if is_open else None))
        self.groups = {self._numbers[key]: group for key, group in groups.items()}
        return ByType(folders, self._number_of)

    def _number_of(self, number: int) -> int | None:
        """The folder of an event; for the loop's thread."""
        row = self.session.reader.db.execute(
            "SELECT shape.sender, shape.type FROM event JOIN shape ON shape.id = event.shape WHERE event.id = ?",
            (number,),
        ).fetchone()
        return self._numbers.get(UNIDENTIFIED if row is None else (row[0], row[1]))

    def _by_delivery(self, reader: Reader, *, ids: array[int], filtered: bool, before: _Read) -> Arrangement:
        upto = ids[-1] if ids else 0
        fresh = ids[bisect_right(ids, before.upto) :]
        twice = dict(redelivered(reader, before.upto, upto)) if fresh else {}
        keys = before.keys + (array("q", [n for n in fresh if n not in twice]) if twice else fresh)
        again = dict(before.again)
        for number, first in twice.items():
            at = bisect_left(fresh, number)
            if at == len(fresh) or fresh[at] != number:
                continue  # the filter does not let it through
            place = bisect_left(keys, first)
            if place == len(keys) or keys[place] != first:
                insort(keys, first)
                again[first] = array("q")
            known = again.get(first)
            again[first] = (array("q", [first]) if known is None else known) + array("q", [number])
        before.keys, before.again, before.upto = keys, again, upto
        return ByDelivery(keys, again, {key for key in again if self._is_open(key, "delivery")})

    # -- the group under the cursor

    async def group_ids(self) -> tuple[str, array[int]] | None:
        """What the group under the cursor is called, and its events; None when the cursor is on an event."""
        heading = self.events.heading
        if heading is None:
            return None
        if self.grouped == "delivery":
            events = self._last.again.get(-heading, array("q"))
            return f"the {units.count(len(events), 'delivery', 'deliveries')} of #{-heading},", events[:]
        group = self.groups[-heading]
        ids = group.ids
        if ids is None:
            one = TypeGroup(group.key, rows=group.rows, ids=array("q"))
            await self.session.read(lambda reader: read_members(reader, [one], 0, reader.last_id()))
            ids = one.ids
        assert ids is not None
        return f"all of {_name(group.key)},", ids[:]

    @property
    def group_words(self) -> str:
        """For the title of the list."""
        if self.grouped == "type" and self.groups:
            return f"by type, {len(self.groups):,}"
        return f"by {self.grouped}" if self.grouped else ""


def _name(key: TypeKey, with_sender: bool = False) -> str:
    sender, name = key
    if name is None:
        return "rejected, or not identified"
    if not name:
        return f"{sender}, no type" if sender else "no type"
    return f"{sender}: {name}" if with_sender and sender else name
