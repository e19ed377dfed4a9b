"""What senders are answered: the rules in force, the usual choices on a letter each, and a line for any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from inspector.capture.answer_words import explain, read_respond, respond_text
from inspector.capture.answers import read_rules
from inspector.capture.asking import plain_rules
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.tui.keys import bind, key_of, keys_in_force
from inspector.tui.screens.dialog import Dialog

USUAL: Final = (
    ("u", "200", "as usual"),
    ("f", "503", "fails"),
    ("t", "500,500,200", "fails twice, then works"),
    ("s", "200 after 3s", "works, but slowly"),
    ("l", "429 with Retry-After: 30", "too many requests"),
    ("x", "drop", "hangs up without a word"),
    ("b", "by-url", "/any/path/404 gives 404"),
)
"""Letter, answer as a line of words, what it is good for."""
_MOST_RULES = 5
_WHERE_CELLS = 24


class Choices(Static):
    """The usual choices, one a line."""

    class Pressed(Message):
        """A line was clicked: `index` in `USUAL`."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, in_force: str) -> None:
        lines = []
        for letter, words, good_for in USUAL:
            style = "bold $foreground" if words == in_force else "$foreground"
            lines.append(
                Content.assemble(
                    (f" {letter}", "bold $accent"), (f"  {words:<26}", style), (good_for, "$muted")
                )
            )
        super().__init__(Content("\n").join(lines), classes="gap")

    def on_click(self, message: events.Click) -> None:
        """Tell which line."""
        if 0 <= message.y < len(USUAL):
            self.post_message(self.Pressed(message.y))


class AnswersDialog(Dialog[dict[str, Any]]):
    """The result: answer rules in their JSON form."""

    AUTO_FOCUS = ""  # the letters act at once
    heading = "What senders are answered"
    hint = "a letter sets it, typing begins your own, esc closes"
    DEFAULT_CSS = """
    AnswersDialog .row { height: auto; }
    AnswersDialog .label { width: 8; color: $muted; }
    AnswersDialog #paused { color: $warning; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "app.focus_next", show=False),
        bind("answers", "leave", "Close"),
        bind("close", "leave", "Close"),
    ]

    def __init__(self, said: Mapping[str, Any]) -> None:
        """`said` is what the listener says of its answers: ``{"rules", "paused", …}``."""
        super().__init__()
        self.paused = bool(said.get("paused"))
        self.said = said
        try:
            self.in_force = respond_text(plain_rules(said))
        except InspectorError:  # another version's
            self.in_force = ""

    def _now(self) -> Content:
        if not self.in_force:
            return Content(visible(str(self.said.get("text") or "not known")))
        return _lines(plain_rules(self.said))

    def body(self) -> ComposeResult:
        """What holds now, the usual choices, the line, what it means."""
        if self.paused:
            until = f"Paused: every sender gets 503 until {key_of(self.app, 'pause')}. After that:"
            yield Static(Content(until), id="paused")
        with Horizontal(classes="row"):
            yield Static(Content("Then" if self.paused else "Now"), classes="label")
            yield Static(self._now())
        yield Choices(self.in_force)
        with Horizontal(classes="row gap"):
            yield Static(Content("Answer"), classes="label")
            yield Input(
                visible(self.in_force),
                placeholder="POST /hooks/* 503 after 2s with Retry-After: 5 body busy; 200",
                compact=True,
                select_on_focus=False,
            )
        with Horizontal(classes="row"):
            yield Static(Content("means"), classes="label")
            yield Static("", id="meaning", markup=False)
        yield Static(Content("Until the listener ends. Every event is stored anyway."), classes="muted")

    def on_mount(self) -> None:
        """Say what the line means."""
        self._describe()

    def on_key(self, message: events.Key) -> None:
        """Take the choice with this letter; with anything else that can be typed, begin a line of one's own.

        So that 503 may simply be typed; the key that opened it closes it.
        """
        if self.focused is not None or message.character is None or not message.is_printable:
            return
        for letter, words, _ in USUAL:
            if message.character == letter:
                message.stop()
                self._take(words)
                return
        if any(message.character in keys_in_force(self.app, id) for id in ("answers", "close")):
            return  # which is bound
        message.stop()
        field = self.query_one(Input)
        field.value = message.character
        field.focus()
        field.cursor_position = 1

    def on_descendant_focus(self) -> None:
        """Say which keys act now."""
        self.query_one("#box").border_subtitle = Content("enter sets it, esc closes")

    @on(Choices.Pressed)
    def _take_choice(self, message: Choices.Pressed) -> None:
        self._take(USUAL[message.index][1])

    @on(Input.Submitted)
    def _take_line(self, message: Input.Submitted) -> None:
        message.stop()
        self._take(message.value)

    def _take(self, text: str) -> None:
        try:
            rules = read_respond(text)
        except InspectorError as error:
            self.query_one("#meaning", Static).update(Content.styled(visible(str(error)), "$error"))
            return
        self.dismiss(rules)

    @on(Input.Changed)
    def _describe(self) -> None:
        text = self.query_one(Input).value
        meaning = self.query_one("#meaning", Static)
        if not text.strip():
            meaning.update(Content.styled("a status, or several; a method and a path before it", "$muted"))
            return
        try:
            meaning.update(_lines(read_respond(text)))
        except InspectorError as error:
            meaning.update(Content.styled(visible(str(error)), "$error"))


def _lines(rules: Any) -> Content:
    """What rules mean, a line for each."""
    lines: Sequence[tuple[str, str]] = explain(read_rules(rules))
    shown = [(visible(where), visible(what)) for where, what in lines[:_MOST_RULES]]
    column = min(_WHERE_CELLS, max(len(where) for where, _ in shown))
    content = [Content.assemble((where.ljust(column), "$muted"), "  ", what) for where, what in shown]
    if len(lines) > _MOST_RULES:
        content.append(Content.styled(f"and {units.count(len(lines) - _MOST_RULES, 'more rule')}", "$muted"))
    return Content("\n").join(content)
