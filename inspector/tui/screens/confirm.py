"""Questions: yes or no before something is destroyed, a line of text, a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from inspector.core.text import visible
from inspector.tui.screens.dialog import Dialog


class ConfirmDialog(Dialog[str]):
    """A question with two or three answers; the last one is the safe one and has the focus."""

    # "esc closes" would be the wrong word below "Close the tunnel?".
    hint = "esc cancels"
    DEFAULT_CSS = """
    ConfirmDialog > #box { width: 64; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, answers: Sequence[tuple[str, str]], heading: str = "") -> None:
        """`answers` are (result, words); leaving with esc gives None, like the safe one."""
        super().__init__()
        self.question = question
        self.answers = list(answers)
        self.heading = heading

    def body(self) -> ComposeResult:
        """The question, and the buttons."""
        yield Static(Content(visible(self.question)))
        with Horizontal(classes="buttons"):
            for result, words in self.answers:
                yield Button(Content(words), id=f"answer-{result}", compact=True)

    def on_mount(self) -> None:
        """Put the focus on the safe answer."""
        self.query(Button).last().focus()

    @on(Button.Pressed)
    def _answer(self, message: Button.Pressed) -> None:
        message.stop()
        self.dismiss((message.button.id or "").removeprefix("answer-"))


class PromptDialog(Dialog[str]):
    """Asks for one line of text; an empty line is a result too."""

    def __init__(self, heading: str, words: str, value: str = "", *, does: str = "takes it") -> None:
        """`does` is what enter does with the line: ``writes it``."""
        super().__init__()
        self.heading = heading
        self.words = words
        self.value = value
        self.hint = f"enter {does}, esc cancels"

    def body(self) -> ComposeResult:
        """The words and the line."""
        yield Static(Content(visible(self.words)), classes="muted")
        yield Input(visible(self.value), classes="gap", compact=True)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _take(self, message: Input.Submitted) -> None:
        message.stop()
        self.dismiss(message.value)


class ChoiceDialog(Dialog[str]):
    """A short list; a choice is made with its letter or with enter."""

    def __init__(self, heading: str, choices: Sequence[tuple[str, str, str]]) -> None:
        """`choices` are (letter, words, result)."""
        super().__init__()
        self.heading = heading
        self.choices = list(choices)
        self.hint = "a letter or enter takes it, esc closes"

    DEFAULT_CSS = """
    ChoiceDialog OptionList { height: auto; max-height: 20; border: none; background: $panel; padding: 0; }
    ChoiceDialog OptionList:focus { background-tint: transparent; }
    """

    def body(self) -> ComposeResult:
        """One line for each choice."""
        yield OptionList(
            *(
                Option(Content.assemble((f" {letter} ", "bold $accent"), f"  {visible(words)}"), id=result)
                for letter, words, result in self.choices
            ),
            compact=True,
        )

    def on_mount(self) -> None:
        """Choose at once."""
        self.query_one(OptionList).focus()

    def on_key(self, message: events.Key) -> None:
        """Take the choice with this letter."""
        for letter, _, result in self.choices:
            if message.character == letter:
                message.stop()
                self.dismiss(result)
                return

    @on(OptionList.OptionSelected)
    def _take(self, message: OptionList.OptionSelected) -> None:
        message.stop()
        self.dismiss(message.option_id)
