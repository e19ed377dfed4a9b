"""Replay with a say in it: where to, and what will leave, before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static

from inspector.core import units
from inspector.core.events import Attempt, Event, InspectorError, Request
from inspector.core.redact import redact_headers
from inspector.core.text import visible, visible_bytes
from inspector.replay.build import build
from inspector.replay.target import Target, parse_target
from inspector.tui.detail import title
from inspector.tui.keys import bind, key_of
from inspector.tui.screens.dialog import Dialog
from inspector.tui.screens.text_dialog import TextDialog

_SHOWN_BYTES = 256 * 1024


class ReplayDialog(Dialog[str]):
    """Asks for the target; the result is the target to send to now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("send", "send", priority=True),
        bind("show-bytes", "show_bytes", priority=True),
    ]

    def __init__(
        self,
        event: Event,
        request: Request | None,
        attempts: Sequence[Attempt],
        target: str,
        targets: Sequence[str],
    ) -> None:
        """`target` is the one used last, `targets` those used before, newest first."""
        super().__init__()
        self.event = event
        self.request = request
        self.attempts = list(attempts)
        self.target = target
        self.targets = [target, *(other for other in targets if other != target)] if target else list(targets)
        self._at = 0
        self.heading = f"Replay #{event.id}  {title(event)}"

    def compose(self) -> ComposeResult:
        """The box, with the key that sends."""
        self.hint = f"{key_of(self.app, 'send')} sends, esc closes"
        yield from super().compose()

    def body(self) -> ComposeResult:
        """Target, what came of it last, what leaves, buttons."""
        with Horizontal(classes="row"):
            yield Static(Content("Target    "), classes="label muted")
            yield Input(
                visible(self.target), placeholder="http://localhost:3000/hooks", id="target", compact=True
            )
        yield Static("", id="last", classes="muted", markup=False)
        yield Static("", id="what", markup=False, classes="gap")
        yield Static(
            Content("Only these bytes are sent, once; no redirect is followed."),
            classes="muted gap",
        )
        with Horizontal(classes="buttons"):
            yield Button(Content(f"Send {key_of(self.app, 'send')}"), id="send", compact=True)
            yield Button(Content("Show the bytes F3"), id="bytes", compact=True)
            yield Button(Content("Close"), id="close", compact=True)

    DEFAULT_CSS = """
    ReplayDialog .row { height: 1; }
    ReplayDialog .label { width: 10; }
    """

    def on_mount(self) -> None:
        """Type the target at once."""
        self.query_one("#target", Input).focus()
        self._describe()

    def _goal(self) -> Target:
        return parse_target(self.query_one("#target", Input).value.strip())

    @on(Input.Changed, "#target")
    def _describe(self) -> None:
        last, what = self.query_one("#last", Static), self.query_one("#what", Static)
        text = self.query_one("#target", Input).value.strip()
        words = self._last(text)
        last.update(Content(f"          {words}"))
        last.display = bool(words)
        if self.request is None:
            what.update(Content.styled("There is no request to send: it was rejected or deleted.", "$error"))
            return
        if not text:
            what.update(
                Content.styled(
                    "A bare address keeps the captured path; one with a path replaces it.", "$muted"
                )
            )
            return
        try:
            outgoing = build(self.request, self._goal())
        except InspectorError as error:
            what.update(Content.styled(visible(str(error)), "$error"))
            return
        first = visible_bytes(outgoing.head.split(b"\r\n", 1)[0])
        size = len(self.request.body)
        lines = [
            Content.assemble(("Request   ", "$muted"), first),
            Content.assemble(
                ("Headers   ", "$muted"),
                f"{units.count(len(self.request.headers), 'line')} as received"
                + (", but for:" if outgoing.changes else ""),
            ),
            *(
                Content.assemble("          ", (change, "$error" if change.startswith("-") else "$success"))
                for change in outgoing.changes
            ),
            Content.assemble(("Body      ", "$muted"), f"{units.count(size, 'byte')} as received"),
        ]
        what.update(Content("\n").join(lines))

    def _last(self, text: str) -> str:
        now = time.time_ns() // 1000
        for attempt in self.attempts:
            if attempt.target == text:
                result = (
                    f"answered {attempt.status}"
                    if attempt.status is not None
                    else visible(attempt.error or "")
                )
                return f"{result} in {attempt.ms:,.0f} ms, {units.ago(attempt.sent_us, now)}"
        others = len(self.targets) - 1
        return f"↓ {others} other{'s' if others != 1 else ''} used before" if others > 0 else ""

    def on_key(self, message: events.Key) -> None:
        """Go through the targets used before."""
        field = self.query_one("#target", Input)
        if message.key in ("down", "up") and self.focused is field and len(self.targets) > 1:
            self._at = (self._at + (1 if message.key == "down" else -1)) % len(self.targets)
            field.value = self.targets[self._at]
            field.cursor_position = len(field.value)
            message.stop()

    def action_send(self) -> None:
        """Send to what was typed before the key: as its own binding the key overtakes letters on their way."""
        self.query_one("#target", Input).call_later(self._send)

    def action_show_bytes(self) -> None:
        """Show exactly what would leave, secrets in header lines masked."""
        self.query_one("#target", Input).call_later(self._show_bytes)

    @on(Input.Submitted, "#target")
    def _send(self) -> None:
        try:
            self._goal()
        except InspectorError as error:
            self.query_one("#what", Static).update(Content.styled(visible(str(error)), "$error"))
            return
        if self.request is not None:
            self.dismiss(self.query_one("#target", Input).value.strip())

    def _show_bytes(self) -> None:
        if self.request is None:
            return
        try:
            outgoing = build(self.request, self._goal())
        except InspectorError as error:
            self.query_one("#what", Static).update(Content.styled(visible(str(error)), "$error"))
            return
        first, *lines = outgoing.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        pairs = tuple((name, value) for name, _, value in (line.partition(b": ") for line in lines))
        headers, masked = redact_headers(pairs)
        shown = [first, *(name + b": " + value for name, value in headers), b""]
        text = b"\n".join(shown).decode("utf-8", "backslashreplace") + "\n"
        text += outgoing.body[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
        if len(outgoing.body) > _SHOWN_BYTES:
            text += f"\n… {units.size(len(outgoing.body))} in all"
        note = f", {masked} masked" if masked else ""
        self.app.push_screen(TextDialog(f"The bytes that are sent{note}", text))

    @on(Button.Pressed)
    def _press(self, message: Button.Pressed) -> None:
        message.stop()
        if message.button.id == "send":
            self.action_send()
        elif message.button.id == "bytes":
            self.action_show_bytes()
        else:
            self.dismiss(None)
