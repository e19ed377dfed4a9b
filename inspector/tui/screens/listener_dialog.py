"""The listener in words: where it is reached, lines to paste, what it answered with, its last log lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from inspector.core.text import visible
from inspector.tui.keys import bind, key_of
from inspector.tui.sample import curl_line, python_line
from inspector.tui.screens.dialog import Dialog


class ListenerDialog(Dialog[str]):
    """Result: ``sample`` (post one), ``curl`` or ``address`` (copy it), ``start`` (a listener), or None."""

    heading = "The listener"
    WIDTH = 116
    DEFAULT_CSS = f"""
    ListenerDialog > #box {{ width: {WIDTH}; }}
    ListenerDialog .code {{ color: $string; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose('sample')", show=False),
        bind("copy", "choose('curl')", "Copy a curl line"),
        bind("copy-address", "choose('address')", "Copy the address"),
        Binding("s", "choose('start')", show=False),
        bind("listener", "leave", "Close"),
        bind("close", "leave", "Close"),
    ]

    def __init__(
        self,
        *,
        url: str,
        public_url: str | None,
        how: str,
        down: str,
        answers: str = "",
        trouble: str = "",
        listener: dict[str, Any],
        log: Sequence[str],
    ) -> None:
        """`how` says whether it was started or joined, `down` why nothing listens (empty when it does).

        `answers` is the rule in force, ``answers 200``; `trouble` says why events cannot be stored.
        """
        super().__init__()
        self.url = url
        self.public_url = public_url
        self.how = how
        self.down = down
        self.answers = answers
        self.trouble = trouble
        self.listener = listener
        self.log_lines = list(log)

    def compose(self) -> ComposeResult:
        """The box, with the keys that act in it."""
        if self.down:
            self.hint = "s starts it again, esc closes"
        else:
            curl, address = (key_of(self.app, id) for id in ("copy", "copy-address"))
            self.hint = f"enter sends a sample, {curl} copies curl, {address} copies the address, esc closes"
        yield from super().compose()

    def body(self) -> ComposeResult:
        """State, snippets, log."""
        if self.down:
            why = self.down[:1].upper() + self.down[1:] + ("" if self.down.endswith((".", "…")) else ".")
            yield Static(Content.styled(visible(why), "$error"))
            yield Static(
                Content("Everything that was stored is here and can be read, compared and replayed.")
            )
        else:
            yield Static(Content(visible(self.how)))
        if self.url:
            yield _row("Address", self.url)
            if self.public_url:
                yield _row("Public", self.public_url)
            if self.trouble:
                yield Static(
                    Content.styled(
                        f"Events cannot be stored, senders get 503: {visible(self.trouble)}", "$error"
                    )
                )
            elif self.answers and not self.down:
                answers, pause = (key_of(self.app, id) for id in ("answers", "pause"))
                rule = self.answers.removeprefix("answers ")
                yield _row("Answers", f"{rule}   ({answers} changes that, {pause} pauses)")
            if self.listener.get("certificate"):
                yield _row("Trust", str(self.listener["certificate"]))
            host = str(self.listener.get("host", ""))
            if self.listener.get("loopback") is False and not self.down:
                everywhere = next((one for one in ("0.0.0.0", "[::]") if f"//{one}:" in self.url), "")
                by = f", by this machine's name or address in place of {everywhere}" if everywhere else ""
                yield Static(
                    Content.styled(
                        f"Other machines can reach it{by}: they can send events, and read nothing.",
                        "$warning",
                    )
                )
            if self.listener.get("beside") and not self.down:
                yield Static(
                    Content.styled(
                        f"At this port, {visible(str(self.listener['beside']))} listens on [::1]: senders that are "
                        "given localhost may reach that one.",
                        "$warning",
                    )
                )
            if not self.down and host in ("127.0.0.1", "localhost", "::1"):
                yield Static(
                    Content(
                        f"Only this machine reaches it. For a sender elsewhere: {key_of(self.app, 'tunnel')} opens a "
                        "tunnel, or start inspector with --host 0.0.0.0."
                    ),
                    classes="muted",
                )
            base = visible(self.public_url or self.url)
            yield Static(Content("From a shell, and from Python:"), classes="muted gap")
            room = min(self.WIDTH, self.app.size.width) - 4
            yield Static(Content(curl_line(base, room)), classes="code")
            yield Static(Content(python_line(base)), classes="code")
            yield Static(
                Content("In Anchore, the address is the URL of a webhook configuration."), classes="muted"
            )
        yield Static(
            Content("Its last lines:" if self.log_lines else "Its log is empty."), classes="muted gap"
        )
        if self.log_lines:
            yield Static(Content("\n".join(visible(line) for line in self.log_lines)))

    def action_choose(self, result: str) -> None:
        """Close with what to do next."""
        self.dismiss(result)


def _row(name: str, text: str) -> Static:
    return Static(Content.assemble((f"{name:<10}", "$muted"), visible(text)))
