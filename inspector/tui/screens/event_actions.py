"""What can be done with an event: mark, star, comment, delete, copy, replay, compare."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from inspector.core import units
from inspector.core.events import Attempt, InspectorError, Request
from inspector.core.payload import show_path
from inspector.core.redact import redact_request
from inspector.core.text import storable, visible
from inspector.store.reader import Reader
from inspector.tui.documents import plain_value, title
from inspector.tui.screens.confirm import ChoiceDialog, ConfirmDialog, PromptDialog
from inspector.tui.screens.filter_actions import filter_word
from inspector.tui.screens.ground import Ground
from inspector.tui.screens.text_dialog import TextDialog
from inspector.tui.widgets.detail import DetailPane
from inspector.tui.widgets.viewer import Viewer

_SLOW_S = 0.5
_TARGETS_KEPT = 8
_LONGEST_VALUE = 500


class EventActions(Ground):
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
        )
        self.app.push_screen(dialog, write)

    # -- delete

    def action_delete(self) -> None:
        """Delete the marked events, or this one; asks first. Starred ones stay."""
        numbers = sorted(self.session.marks) or ([] if self.events.cursor is None else [self.events.cursor])
        if not numbers:
            self.tell("No event to delete.")
            return
        kept = [
            number for number in numbers if (event := self.source.event(number)) is not None and event.starred
        ]
        going = [number for number in numbers if number not in kept]
        if not going:
            self.tell("Starred events are not deleted; s takes the star away.")
            return
        which = "the marked " if self.session.marks else f"#{going[0]}, this "
        count = units.count(len(going), "event") if self.session.marks else "event"
        question = f"Delete {which}{count} for good? Types and shapes count them no more."
        if kept:
            question += f" {units.count(len(kept), 'starred one')} stay{'s' if len(kept) == 1 else ''}."

        def answer(result: str | None) -> None:
            if result == "delete":
                self.start(self._delete(going), "edit")

        self.app.push_screen(
            ConfirmDialog(question, [("delete", "Delete"), ("keep", "Keep")], "Delete"), answer
        )

    async def _delete(self, numbers: list[int]) -> None:
        deleted = await self.session.edit(lambda edits: edits.delete(numbers))
        for number in numbers:
            self.session.marks.pop(number, None)
        self.source.remove(set(numbers))
        self.events.sync()
        self.update_footer()
        self.tell(f"Deleted {units.count(deleted, 'event')}.")

    # -- replay

    def action_replay(self) -> None:
        """Send the event to the target once more; asks for the target when there is none."""
        event = self.current
        if event is None:
            self.tell("No event to replay.")
        elif not self.target:
            self.action_replay_with()
        else:
            self.start(self._send(event.id, self.target), "replay")

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

        self.start(ask(), "replay-dialog", exclusive=True)

    def _chosen(self, number: int, targets: Sequence[str], target: str | None) -> None:
        if not target:
            return
        used = [target, self.target, *targets] if self.target else [target, *targets]
        self.look = replace(self.look, target=target)
        self.remember("replay_target", target)
        self.remember("replay_targets", list(dict.fromkeys(used))[:_TARGETS_KEPT])
        self.update_footer()
        self.start(self._send(number, target), "replay")

    async def _send(self, number: int, target: str) -> None:
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

    # -- compare

    def action_diff(self) -> None:
        """Compare a and b, or this event with the one before of its type."""
        a, b = self.session.marked("a"), self.session.marked("b")
        if a is not None and b is not None:
            self.start(self._diff(str(a), str(b)), "diff", exclusive=True)
            return
        number = self.events.cursor
        if number is None:
            self.tell("Mark two events first: m.")
            return
        self.start(self._diff_before(number), "diff", exclusive=True)

    def action_diff_with(self) -> None:
        """Compare this event with another, a type or a file."""
        number = self.events.cursor
        if number is None:
            self.tell("No event to compare.")
            return

        def chosen(text: str | None) -> None:
            if text and text.strip():
                self.start(self._diff(text.strip(), str(number)), "diff", exclusive=True)

        self.app.push_screen(
            PromptDialog(
                f"Diff #{number} with …",
                "An event (1187), a type (user.image.* or sender:type), or a payload file (./before.json).",
            ),
            chosen,
        )

    async def _diff_before(self, number: int) -> None:
        earlier = await self.session.read(lambda reader: reader.neighbour(number))
        if earlier is None:
            raise InspectorError(
                "It is the first of its type. Mark two events with m, or D chooses the other side."
            )
        await self._diff(str(earlier), str(number))

    async def _diff(self, a: str, b: str) -> None:
        from inspector.store.sides import resolve_side
        from inspector.tui.screens.diff import DiffScreen

        one, other = await self.session.read(
            lambda reader: (resolve_side(reader, a), resolve_side(reader, b))
        )
        self.app.push_screen(DiffScreen(self.session.store, one, other, glyphs=self.glyphs), self.go_from)

    # -- copy

    def _pane(self) -> DetailPane | None:
        """The detail pane that has the focus."""
        for pane in (self.details, self.extra):
            if pane.viewer.has_focus:
                return pane
        return None

    def action_copy(self) -> None:
        """Copy the value under the cursor, or the type of the event in the list."""
        pane, event = self._pane(), self.current
        if event is None:
            self.tell("Nothing to copy.")
        elif pane is None:
            self.to_clipboard(title(event), f"Copied {title(event)}")
        else:
            place = pane.viewer.place
            text = plain_value(place.value_text) if place is not None else ""
            if place is None or not text:
                self.tell("There is no value on this line.")
                return
            name = show_path(place.path[-1:]) if place.path else "the line"
            self.to_clipboard(
                text,
                f"Copied {name}, {units.count(len(text), 'character')}",
                f"In a shell: inspector show {event.id} --raw",
            )

    def action_copy_as(self) -> None:
        """Choose what to copy."""
        event = self.current
        if event is None:
            self.tell("Nothing to copy.")
            return
        pane = self._pane()
        place = pane.viewer.place if pane is not None else None
        choices = []
        if place is not None and place.path is not None:
            choices = [
                ("v", "value, or the subtree as JSON", "value"),
                ("p", f"path  {show_path(place.path)}", "path"),
                ("f", "filter for events with this value", "filter"),
            ]
        choices += [
            ("b", "body, as received", "body"),
            ("c", "curl command, secrets masked", "curl"),
            ("C", "curl command with secrets", "curl-reveal"),
            ("i", f"inspector show {event.id}", "show"),
            (
                "r",
                "hide secrets again" if self.look.reveal else "show masked secrets on the screen",
                "reveal",
            ),
        ]

        def chosen(result: str | None) -> None:
            if result is not None:
                self._copy(result, event.id, pane)

        self.app.push_screen(ChoiceDialog("Copy", choices), chosen)

    def _copy(self, what: str, number: int, pane: DetailPane | None) -> None:
        place = pane.viewer.place if pane is not None else None
        otherwise = f"In a shell: inspector show {number} --raw"
        if what == "value" and place is not None:
            self.to_clipboard(
                place.value_text, f"Copied {units.count(len(place.value_text), 'character')}", otherwise
            )
        elif what == "path" and place is not None and place.path is not None:
            self.to_clipboard(show_path(place.path), f"Copied {show_path(place.path)}")
        elif what == "filter" and place is not None and place.path is not None:
            path = show_path(place.path)
            value = plain_value(place.value_text)
            word = filter_word(path, value) if len(value) < _LONGEST_VALUE else f"{path}:*"
            self.to_clipboard(word, f"Copied {word}")
        elif what == "show":
            self.to_clipboard(f"inspector show {number}", f"Copied inspector show {number}")
        elif what == "reveal":
            self.look = replace(self.look, reveal=not self.look.reveal)
            self.reload_detail()
        elif what in ("body", "curl", "curl-reveal"):
            self.start(self._copy_request(what, number, otherwise), "copy", exclusive=True)

    async def _copy_request(self, what: str, number: int, otherwise: str) -> None:
        request = await self.session.read(lambda reader: reader.request(number))
        if request is None:
            raise InspectorError("There is no request to copy: it was rejected or deleted.")
        if what == "body":
            if not request.body:
                raise InspectorError("The body is empty.")
            try:
                text = request.body.decode()
            except UnicodeDecodeError:
                raise InspectorError(f"The body is not text. {otherwise} > body.bin") from None
            self.to_clipboard(text, f"Copied the body, {units.size(len(request.body))}", otherwise)
            return
        from inspector.replay.curl import as_curl

        reveal = what == "curl-reveal"
        base = self.target or self.session.url or "http://127.0.0.1:8585"
        masked = 0 if reveal else redact_request(request)[1]
        note = f", {units.count(masked, 'secret')} masked" if masked else ""
        command = await asyncio.to_thread(as_curl, request, base, reveal=reveal)
        self.to_clipboard(
            command, f"Copied as curl to {base}{note}", f"In a shell: inspector show {number} --curl"
        )

    # -- a value in full

    def show_value(self, viewer: Viewer) -> None:
        """Show the value under the cursor in full, wrapped."""
        place = viewer.place
        if place is None or not place.value_text:
            return
        name = visible(show_path(place.path)) if place.path else "value"
        self.app.push_screen(TextDialog(name, plain_value(place.value_text), self.glyphs))
