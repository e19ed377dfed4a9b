"""Deleting events, and undoing that: asked first, done a few at a time in a thread."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from array import array
from collections.abc import Sequence
from functools import partial

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.store.deleted import Progress, delete, undo
from inspector.tui.screens.confirm import ConfirmDialog
from inspector.tui.screens.group_actions import GroupActions
from inspector.tui.session import Session
from inspector.tui.source import without
from inspector.tui.widgets.glyphs import Glyphs


class DeleteActions(GroupActions):
    """Takes events away, and brings them back."""

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self.busy = ""
        """What is being done with many events, in words; empty most of the time."""
        self._leaving = False

    def on_unmount(self) -> None:
        """Let go of a thread that deletes: the end of the program waits for it."""
        self._leaving = True

    @abstractmethod
    async def read_ids(self) -> None:
        """Read all ids again."""

    def action_delete(self) -> None:
        """Delete the marked events, or this one, or all that are listed; asks first. Starred ones stay."""
        marks = self.session.marks
        if self.events.heading is not None and not marks:
            self.start(self._delete_group, "group", exclusive=True)
            return
        numbers = sorted(marks) or ([] if self.events.cursor is None else [self.events.cursor])
        if not numbers:
            self.tell("No event to delete.")
            return
        going, starred = self._unstarred(numbers)
        listed = len(self.source.ids)
        if not going and listed <= len(numbers):
            self.tell(self._starred_stay)
            return
        which = f"#{(going or numbers)[0]}"
        if marks:
            which = f"the {len(going):,} marked events" if len(going) > 1 else f"{which}, the marked one"
        question = f"Delete {which}? {self._undone(len(going))}{_stay(starred)}"
        answers = [("delete", "Delete")]
        if not going:
            answers = []
            question = f"{which} is starred and stays; {self.key_for('star')} takes the star away."
        if listed > len(numbers):
            answers.append(("all", f"All {listed:,} listed …"))

        def answer(result: str | None) -> None:
            if result == "delete":
                self._go(going)
            elif result == "all":
                self.action_delete_all()

        self.app.push_screen(ConfirmDialog(question, [*answers, ("keep", "Keep")], "Delete"), answer)

    def _undone(self, deleted: int) -> str:
        back = "it" if deleted == 1 else "them"
        return f"{self.key_for('undo')} brings {back} back until the next start."

    @property
    def _starred_stay(self) -> str:
        return f"Starred events are not deleted; {self.key_for('star')} takes the star away."

    async def _delete_group(self) -> None:
        found = await self.group_ids()
        if found is not None:
            self.delete_these(found[1], found[0])

    def action_delete_all(self) -> None:
        """Delete all events that are listed, but for the starred ones; asks first."""
        listed = self.source.ids[:]
        if not listed:
            self.tell("No event to delete.")
        elif self.source.older_missing:
            self.tell("The list is still being read; again in a moment.")
        else:
            self.delete_these(listed, "all" if self.wanted_is_empty else "all that match,")

    def delete_these(self, numbers: Sequence[int], which: str) -> None:
        """Ask whether to delete these events, but for the starred ones, and do it."""
        going, starred = self._unstarred(numbers)
        if not going:
            self.tell(self._starred_stay)
            return
        question = f"Delete {which} {len(numbers):,}? {self._undone(len(numbers))}{_stay(starred)}"

        def answer(result: str | None) -> None:
            if result == "delete":
                self._go(going)

        dialog = ConfirmDialog(question, [("delete", f"Delete {len(going):,}"), ("keep", "Keep")], "Delete")
        self.app.push_screen(dialog, answer)

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        if self.busy:
            self.tell("Wait until it is done.")
        else:
            self.start(self._undo, "edit")

    def _unstarred(self, numbers: Sequence[int]) -> tuple[Sequence[int], int]:
        """Those without a star, and how many have one."""
        stars = {row[0] for row in self.session.reader.db.execute("SELECT event FROM note WHERE starred")}
        if not stars:
            return numbers, 0
        going = array("q", [number for number in numbers if number not in stars])
        return going, len(numbers) - len(going)

    def _go(self, numbers: Sequence[int]) -> None:
        if self.busy:
            self.tell("Wait until it is done.")
        else:
            self.start(partial(self._delete, numbers), "edit")

    async def _delete(self, numbers: Sequence[int]) -> None:
        self.busy = "deleting …"
        try:
            await self._take_out(numbers)
            work = partial(delete, self.session.store, numbers, self._progress("deleting"))
            deleted = await asyncio.to_thread(work)
        except BaseException:
            self.busy = ""
            await self.read_ids()
            raise
        self.busy = ""
        self.update_title()
        self.update_footer()
        back = "it" if deleted == 1 else "them"
        self.tell(f"Deleted {units.count(deleted, 'event')}, {self.key_for('undo')} brings {back} back.")

    async def _take_out(self, numbers: Sequence[int]) -> None:
        """Take events out of the list and the marks, before they go."""
        gone = await asyncio.to_thread(frozenset, numbers)
        for number in [number for number in self.session.marks if number in gone]:
            del self.session.marks[number]
        source, generation = self.source, -1
        while generation != source.generation:  # again, where older ids were put in front meanwhile
            generation = source.generation
            known, matched = source.all_ids[:], source.matched
            shown = None if matched is None else matched[:]
            left = await asyncio.to_thread(without, known, gone)
            left_shown = None if shown is None else await asyncio.to_thread(without, shown, gone)
        source.take_out(len(known), left, 0 if shown is None else len(shown), left_shown)
        self.events.sync()
        self.show_empty()
        self.update_title()

    async def _undo(self) -> None:
        self.busy = "bringing back …"
        try:
            back = await asyncio.to_thread(undo, self.session.store, self._progress("bringing back"))
        finally:
            self.busy = ""
            self.update_title()
        if not back:
            self.tell("Nothing to undo.")
            return
        await self.read_ids()
        self.tell(f"Brought back {units.count(len(back), 'event')}.")

    def _progress(self, doing: str) -> Progress:
        """For the thread: keep in words how far it is, and end it when the screen ends."""

        def progress(done: int, of: int) -> None:
            if self._leaving:
                raise InspectorError(f"stopped after {done:,} of {units.count(of, 'event')}.")
            self.busy = f"{doing} {done:,} of {of:,} …"

        return progress


def _stay(starred: int) -> str:
    return f" {units.count(starred)} starred {'stays' if starred == 1 else 'stay'}." if starred else ""
