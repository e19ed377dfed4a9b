"""What can be copied of an event: the value under the cursor, its path, body, headers, a curl command."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from inspector.core import units
from inspector.core.bodies import decoded
from inspector.core.events import InspectorError
from inspector.core.path_forms import as_jq, as_jsonpath
from inspector.core.payload import show_path
from inspector.core.redact import redact_headers, redact_request
from inspector.core.text import visible
from inspector.tui.detail import plain_value, title
from inspector.tui.document_parts import latin, masked_text
from inspector.tui.screens.confirm import ChoiceDialog
from inspector.tui.screens.filter_actions import filter_word
from inspector.tui.screens.ground import CLIPBOARD_BYTES, Ground
from inspector.tui.screens.text_dialog import TextDialog
from inspector.tui.widgets.detail import DetailPane
from inspector.tui.widgets.place import Place
from inspector.tui.widgets.viewer import Viewer

_LONGEST_VALUE = 500
_LONGEST_ESCAPE = 12
"""Characters that JSON needs for one character at most."""


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
            text = _decoded(place.value_text) if place is not None else ""
            if place is None or not text:
                self.tell("There is no value on this line.")
                return
            name = place.name or (show_path(place.path[-1:]) if place.path else "the line")
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
        choices = [] if place is None else _choices_of(place)
        choices += [
            ("b", "body, as received", "body"),
            ("h", "headers, as received, secrets masked", "headers"),
            ("H", "headers with secrets", "headers-reveal"),
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
        if place is not None and what in ("value", "string", "inside"):
            text = _inside(place) if what == "inside" else place.value_text
            text = _decoded(text) if what == "value" else text
            self.to_clipboard(text, f"Copied {units.count(len(text), 'character')}", otherwise)
        elif place is not None and place.path is not None and what in ("path", "jq", "jsonpath"):
            path = place.path
            shown = show_path(path) if what == "path" else as_jq(path) if what == "jq" else as_jsonpath(path)
            self.to_clipboard(shown or "", f"Copied {shown}")
        elif what == "filter" and place is not None and place.path is not None:
            name = show_path(place.path)
            value = plain_value(place.value_text)
            word = filter_word(name, value) if len(value) < _LONGEST_VALUE else f"{name}:*"
            self.to_clipboard(word, f"Copied {word}")
        elif what == "show":
            self.to_clipboard(f"inspector show {number}", f"Copied inspector show {number}")
        elif what == "reveal":
            self.look = replace(self.look, reveal=not self.look.reveal)
            self.reload_detail()
        elif what in ("body", "headers", "headers-reveal", "curl", "curl-reveal"):
            self.start(partial(self._copy_request, what, number, otherwise), "copy", exclusive=True)

    async def _copy_request(self, what: str, number: int, otherwise: str) -> None:
        request = await self.session.read(lambda reader: reader.request(number))
        if request is None:
            raise InspectorError("There is no request to copy: it was rejected or deleted.")
        if what == "body":
            if not request.body:
                raise InspectorError("The body is empty.")
            data, notes = await asyncio.to_thread(decoded, request)
            try:
                text = data.decode()
            except UnicodeDecodeError:
                raise InspectorError(f"The body is not text. {otherwise} > body.bin") from None
            how = f", {notes[0]}" if notes else ""
            self.to_clipboard(text, f"Copied the body, {units.size(len(data))}{how}", otherwise)
            return
        reveal = what.endswith("-reveal")
        if what.startswith("headers"):
            headers, hidden = (request.headers, 0) if reveal else redact_headers(request.headers)
            text = "\n".join(f"{latin(name)}: {masked_text(value)}" for name, value in headers)
            note = f", {hidden:,} masked" if hidden else ""
            self.to_clipboard(text, f"Copied {units.count(len(headers), 'header line')}{note}", otherwise)
            return
        from inspector.replay.curl import as_curl

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


def _decoded(value_text: str) -> str:
    """A value as it is copied; what is too large for that in any case is not decoded first."""
    return value_text if len(value_text) > _LONGEST_ESCAPE * CLIPBOARD_BYTES else plain_value(value_text)


def _choices_of(place: Place) -> list[tuple[str, str, str]]:
    """What can be copied of the place under the cursor: its value in each form, its path in each notation."""
    tree, path = place.source.tree, place.path
    if tree is None or path is None:
        if place.name and place.name == place.value_text:
            return [("v", place.name, "value")]
        return [("v", f"value of {place.name}" if place.name else "this line", "value")]
    words = tree.type_words(place.row)
    if words.startswith("string"):
        choices = [("v", f"value: {words}", "value"), ("s", "the string as it was sent, in quotes", "string")]
    else:
        choices = [("v", f"value, as it was sent: {words}", "value")]
    if place.source.nested is not None and (held := place.source.nested.holds(place.row)):
        choices.append(("d", f"what is decoded from it: {held}", "inside"))
    choices += [("p", f"path  {show_path(path)}", "path"), ("q", f"jq path  {as_jq(path)}", "jq")]
    if (jsonpath := as_jsonpath(path)) is not None:
        choices += [
            ("P", f"JSONPath  {jsonpath}", "jsonpath"),
            ("f", "filter for events with this value", "filter"),
        ]
    return choices


def _inside(place: Place) -> str:
    """What the string under the cursor holds, decoded."""
    nested = place.source.nested
    return "" if nested is None else nested.value_text(place.row + 1)
