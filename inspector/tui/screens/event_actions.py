"""What can be done with an event: mark, star, comment, replay, compare."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from inspector.core.events import Attempt, InspectorError, Request
from inspector.core.text import storable
from inspector.store.reader import Reader
from inspector.tui.screens.confirm import PromptDialog
from inspector.tui.screens.copy_actions import CopyActions

_SLOW_S = 0.5
_TARGETS_KEPT = 8


class EventActions(CopyActions):
    """Actions on the event under the cursor."""

    # -- notes

    def action_mark(self) -> None:
        """Mark the event a, b or further, or take its mark away; the cursor goes on to the next."""
        number = self.events.cursor
        if number is None:
            self.tell("No event to mark.")
            return
        letter = self.session.toggle_mark(number)
        self.edit(lambda edits: edits.set_note(number, mark=letter))
        self.update_footer()

    def action_mark_none(self) -> None:
        """Take all marks away."""
        if not self.session.marks:
            self.tell("Nothing is marked.")
            return
        self.session.marks.clear()
        self.edit(lambda edits: edits.clear_marks(), "All marks are gone.")
        self.update_footer()

    def action_star(self) -> None:
        """Star the event, or not."""
        event = self.current
        if event is None:
            self.tell("No event to star.")
            return
        number, starred = event.id, not event.starred
        self.edit(
            lambda edits: edits.set_note(number, starred=starred),
            f"Starred #{number}." if starred else f"The star of #{number} is gone.",
        )

    def action_comment(self) -> None:
        """Write a comment; an empty one is none."""
        event = self.current
        if event is None:
            self.tell("No event to comment on.")
            return
        number = event.id

        def write(text: str | None) -> None:
            if text is not None:
                self.edit(lambda edits: edits.set_note(number, comment=storable(text.strip()) or None))

        dialog = PromptDialog(
            f"Comment on #{number}",
            "Stands above the event. An empty line takes it away.",
            event.comment or "",
            does="keeps it",
        )
        self.app.push_screen(dialog, write)

    # -- replay

    def action_replay(self) -> None:
        """Send the event to the target once more; asks for the target when there is none."""
        event = self.current
        if event is None:
            self.tell("No event to replay.")
        elif not self.target:
            self.action_replay_with()
        else:
            self.start(partial(self._send, event.id, self.target), "replay")

    def action_replay_with(self) -> None:
        """Choose the target and see what leaves, then send."""
        event = self.current
        if event is None:
            self.tell("No event to replay.")
            return
        number = event.id

        def fetch(reader: Reader) -> tuple[Request | None, list[Attempt]]:
            return reader.request(number), reader.attempts(number)

        async def ask() -> None:
            request, attempts = await self.session.read(fetch)
            known = self.session.setting("replay_targets")
            targets = [str(target) for target in known] if isinstance(known, list) else []
            # Imported here: the first paint must not wait for what is needed rarely.
            from inspector.tui.screens.replay_dialog import ReplayDialog

            dialog = ReplayDialog(event, request, attempts, self.target, targets)
            self.app.push_screen(dialog, partial(self._chosen, number, targets))

        self.start(ask, "replay-dialog", exclusive=True)

    def _chosen(self, number: int, targets: Sequence[str], target: str | None) -> None:
        if not target:
            return
        self.start(partial(self._send_to, number, target, targets), "replay")

    async def _send_to(self, number: int, target: str, targets: Sequence[str]) -> None:
        """Send to a target that was just chosen; it is the one of the next replay, unless it is our own listener."""
        from inspector.replay.address import OWN

        before = self.target
        self._set_target(target)
        attempt = await self._send(number, target)
        if attempt.error == OWN:
            if self.target == target:
                self._set_target(before)
            return
        used = [target, before, *targets] if before else [target, *targets]
        self.remember("replay_target", target)
        self.remember("replay_targets", list(dict.fromkeys(used))[:_TARGETS_KEPT])

    def _set_target(self, target: str) -> None:
        self.look = replace(self.look, target=target)
        self.update_footer()

    async def _send(self, number: int, target: str) -> Attempt:
        from inspector.replay.send import verdict

        slow = asyncio.get_running_loop().call_later(
            _SLOW_S, lambda: self.tell(f"Sending #{number} to {target} …")
        )
        try:
            attempt, before = await self.session.replay(number, target)
        finally:
            slow.cancel()
        self.source.forget_rows()
        self.events.changed()
        words = verdict(attempt)
        earlier = (
            f" ({before.status} before)"
            if before is not None and before.status not in (None, attempt.status)
            else ""
        )
        self.tell(
            f"#{number} {words}{earlier}" if attempt.status is not None else words, error=not attempt.passed
        )
        if number == self.events.cursor:
            self.open_tab("Attempts", for_now=True)
            self.reload_detail()
        return attempt

    # -- compare

    def action_diff(self) -> None:
        """Compare a and b, or this event with the one before of its type."""
        a, b = self.session.marked("a"), self.session.marked("b")
        if a is not None and b is not None:
            self.start(partial(self._diff, str(a), str(b)), "diff", exclusive=True)
            return
        number = self.events.cursor
        if number is None:
            self.tell(f"Mark two events first: {self.key_for('mark')}.")
            return
        self.start(partial(self._diff_before, number), "diff", exclusive=True)

    def action_diff_with(self) -> None:
        """Compare this event with another, a type or a file."""
        number = self.events.cursor
        if number is None:
            self.tell("No event to compare.")
            return

        def chosen(text: str | None) -> None:
            if text and text.strip():
                self.start(partial(self._diff, text.strip(), str(number)), "diff", exclusive=True)

        self.app.push_screen(
            PromptDialog(
                f"Diff #{number} with …",
                "An event (1187), a type (user.image.* or sender:type), some of its own type (@before:1d), "
                "or a payload file (./before.json).",
                does="compares",
            ),
            chosen,
        )

    async def _diff_before(self, number: int) -> None:
        earlier = await self.session.read(lambda reader: reader.neighbour(number))
        if earlier is None:
            raise InspectorError(
                f"It is the first of its type. Mark two events with {self.key_for('mark')}, "
                f"or {self.key_for('diff-with')} chooses the other side."
            )
        await self._diff(str(earlier), str(number))

    async def _diff(self, a: str, b: str) -> None:
        from inspector.store.sides import resolve_sides
        from inspector.tui.screens.diff import DiffScreen

        one, other = await self.session.read(lambda reader: resolve_sides(reader, a, b))
        self.app.push_screen(DiffScreen(self.session.store, one, other, glyphs=self.glyphs), self.go_from)
