"""Events to files: a copy in the editor, and exports."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textual.app import SuspendNotSupported

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.store.event_files import Form, Written, write_events
from inspector.store.reader import Reader
from inspector.tui.detail import plain_value
from inspector.tui.screens.confirm import PromptDialog
from inspector.tui.screens.copy_actions import CopyActions
from inspector.tui.screens.delete_actions import DeleteActions

NO_EDITOR = "No editor is set. Set VISUAL or EDITOR before the start, for example: export EDITOR=vi"
_FORMS: dict[str, Form] = {".ndjson": "ndjson", ".har": "har"}


class FileActions(CopyActions, DeleteActions):
    """Writes what was captured to files; nothing of it changes in the store."""

    # -- the editor

    def action_editor(self) -> None:
        """Open a copy of the value under the cursor, or of the body, in the user's editor."""
        number, pane = self.events.cursor, self._pane()
        place = pane.viewer.place if pane is not None else None
        if number is None:
            self.tell("No event to open.")
        elif place is not None and place.path and (text := plain_value(place.value_text)):
            self._edit_copy(f"event-{number}-value.txt", text.encode("utf-8", "backslashreplace"))
        else:
            self.start(partial(self._edit_body, number), "editor", exclusive=True)

    async def _edit_body(self, number: int) -> None:
        request = await self.session.read(lambda reader: reader.request(number))
        if request is None or not request.body:
            raise InspectorError("There is no body to open.")
        is_json = request.body.lstrip()[:1] in (b"{", b"[")
        self._edit_copy(f"event-{number}.{'json' if is_json else 'txt'}", request.body)

    def _edit_copy(self, name: str, content: bytes) -> None:
        """Run the editor on a file that only the user can read, and that is gone afterwards."""
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
        try:
            words = shlex.split(command)
        except ValueError:
            words = []
        if not words:
            self.tell(NO_EDITOR, error=True)
            return
        try:
            with tempfile.TemporaryDirectory(prefix="inspector-", ignore_cleanup_errors=True) as folder:
                path = Path(folder, name)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                with self.app.suspend():
                    ended = subprocess.run([*words, str(path)], check=False).returncode
                self.app.refresh(layout=True)
                changed = path.exists() and path.read_bytes() != content
        except SuspendNotSupported:
            self.tell(f"An editor cannot be opened here; {self.key_for('export')} writes a file.", error=True)
            return
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self.tell(f"{words[0]} cannot be run on a copy: {why}.", error=True)
            return
        if ended:
            self.tell(f"{words[0]} ended with {ended}.", error=True)
        elif changed:
            self.tell("It was a copy: the stored event is as it was.")

    # -- exports

    def action_export(self) -> None:
        """Write the marked events, the group under the cursor, or what is listed to a file."""
        if self.events.cursor is None:
            self.tell("No event to export.")
        else:
            self.start(self._ask_export, "export", exclusive=True)

    async def _ask_export(self) -> None:
        group = await self.group_ids()
        numbers: Sequence[int]
        if self.session.marks:
            numbers, which = sorted(self.session.marks), "Marked"
        elif group is not None:
            numbers, which = group[1], "The group"
        else:
            numbers, which = self.source.ids[:], "All" if self.wanted_is_empty else "Listed"
        if self.source.older_missing and not self.session.marks and group is None:
            raise InspectorError("The list is still being read; again in a moment.")
        words = (
            f"{which}: {units.count(len(numbers), 'event')}. The ending says how: .ndjson holds everything, secrets "
            f"too; .har and a folder/ of payload files mask them; .body is the body of #{self.events.cursor} alone."
        )
        self.app.push_screen(
            PromptDialog("Export", words, "events.ndjson", does="writes it"),
            partial(self._export_to, numbers),
        )

    def _export_to(self, numbers: Sequence[int], answer: str | None) -> None:
        if answer is not None and answer.strip():
            self.start(partial(self._export, numbers, answer.strip()), "export")

    async def _export(self, numbers: Sequence[int], answer: str) -> None:
        path = Path(answer).expanduser()
        cursor = self.events.cursor
        form: Form | None = "files" if answer.endswith("/") else _FORMS.get(path.suffix.lower())
        if path.exists():
            raise InspectorError(f"{path} exists already; nothing was written.")
        if form is None and path.suffix.lower() != ".body":
            raise InspectorError(
                f"{path.name} ends in none of .ndjson, .har, .body and /; nothing was written."
            )
        self.busy = "exporting …"
        self.update_title()
        try:
            if form is None:
                size = await self.session.read(lambda reader: _write_body(reader, cursor or 0, path))
                told = f"Wrote {units.size(size)} to {path}"
            else:
                written = await self.session.read(partial(_write, numbers, form, path))
                told = f"{written.words()} {path}"
        finally:
            self.busy = ""
            self.update_title()
        self.tell(told)


def _write(numbers: Sequence[int], form: Form, path: Path, reader: Reader) -> Written:
    return write_events(reader, numbers, form, path)


def _write_body(reader: Reader, number: int, path: Path) -> int:
    """Write the body of an event into a new file; returns its size."""
    request = reader.request(number)
    if request is None:
        raise InspectorError(f"#{number} has no body: it was rejected or deleted.")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InspectorError(
            f"cannot write {visible(str(path))}: {(error.strerror or str(error)).lower()}."
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(request.body)
    return len(request.body)
