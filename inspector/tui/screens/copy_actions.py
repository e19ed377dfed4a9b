"""What can be copied of an event: the value under the cursor, its path, the body, a curl command."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.payload import show_path
from inspector.core.redact import redact_request
from inspector.core.text import visible
from inspector.tui.detail import plain_value, title
from inspector.tui.screens.confirm import ChoiceDialog
from inspector.tui.screens.filter_actions import filter_word
from inspector.tui.screens.ground import Ground
from inspector.tui.screens.text_dialog import TextDialog
from inspector.tui.widgets.detail import DetailPane
from inspector.tui.widgets.viewer import Viewer

_LONGEST_VALUE = 500


class CopyActions(Ground):
    """Copies through the terminal's clipboard."""

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
            self.start(partial(self._copy_request, what, number, otherwise), "copy", exclusive=True)

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
