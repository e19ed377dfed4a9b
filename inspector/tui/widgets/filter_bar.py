"""The filter bar: lies over the heading of the list, completes words, and points at mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from inspector.core import shorten, units
from inspector.core.filters import FilterError
from inspector.core.text import visible
from inspector.tui.keys import bind, key_of

_MAX_SHOWN = 5
_HISTORY = 50
_INDENT = 5
_WORD = 44
_LEAST_WORD = 20
"""Cells before a completion, of a usual one, and of one that is cut for its note."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on."""

    word: str
    """What stands in the filter then: ``type:user.image.*``. Text from outside."""
    note: str = ""
    """What it is, and in how many events."""


class FilterInput(Input):
    """The line itself; the bar decides on the keys that are not typing."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("complete", "complete"), bind("filter-save", "save")]

    class NameWanted(Message):
        """The filter is to be saved by a name."""

    def action_save(self) -> None:
        """Save the filter by a name."""
        self.post_message(self.NameWanted())

    class CompletionWanted(Message):
        """The word at the end is to be completed."""

    def action_complete(self) -> None:
        """Complete the word at the end."""
        self.post_message(self.CompletionWanted())

    def _on_paste(self, message: events.Paste) -> None:
        # A filter is one line: what is pasted loses its line ends. Textual calls the handler of Input after this one.
        message.text = " ".join(message.text.split())


class FilterBar(Vertical):
    """Shown while a filter is typed. Messages: `Edited`, `Kept`, `Left`."""

    DEFAULT_CSS = """
    FilterBar { height: auto; width: 1fr; display: none; background: $panel; }
    FilterBar.-open { display: block; }
    FilterBar > Horizontal { height: 1; }
    FilterBar #filter-sign { width: 3; color: $accent; text-style: bold; }
    FilterBar #filter-count { width: auto; color: $muted; }
    FilterBar Input { width: 1fr; border: none; height: 1; padding: 0; background: $panel; }
    FilterBar #filter-notes { height: auto; padding: 0; }
    """

    class Edited(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """Enter: the filter holds, and the list has the focus."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """Esc: the list is as it was before."""

    class KeysChanged(Message):
        """Other keys act in the bar now: a name is asked for, or there is something to complete, or no more."""

    class Saved(Message):
        """A filter is to be kept by a name; an empty one, to be forgotten."""

        def __init__(self, name: str, text: str) -> None:
            super().__init__()
            self.name = name
            self.text = text

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.completions: Sequence[Completion] = ()
        """All that is known, for the last word to go on with."""
        self.history: list[str] = []
        """Filters that were used, the newest last."""
        self._draft = ""
        """What was typed before the arrow keys went through the history."""
        self.naming: str | None = None
        """The filter that a name is asked for; empty when one is to be forgotten."""
        self._at = 0
        self._chosen = 0
        self._offered: list[Completion] = []
        self._mistakes: FilterError | None = None
        self._count_cells = 0
        self._doubt: FilterError | None = None
        """A mistake that may turn out to be a word only begun."""
        self.in_force = ""
        """The last filter that could be read."""

    def compose(self) -> ComposeResult:
        """Sign, line and count; below them completions or mistakes."""
        with Horizontal():
            yield Static(" / ", id="filter-sign", markup=False)
            yield FilterInput(id="filter-input", compact=True, select_on_focus=False)
            yield Static("", id="filter-count", markup=False)
        yield Static("", id="filter-notes", markup=False)

    @property
    def line(self) -> Input:
        """The input."""
        return self.query_one("#filter-input", Input)

    def open(self, text: str) -> None:
        """Show the bar with the filter as it stands."""
        self.add_class("-open")
        self._at = len(self.history)
        self.line.value = text
        self.line.cursor_position = len(text)
        self.screen.set_focus(self.line)  # at once: `focus` lets the keys that wait go to the list
        self._write_notes()

    def close(self) -> None:
        """Hide it."""
        self.naming = None
        self.remove_class("-open")

    @on(FilterInput.NameWanted)
    def ask_for_name(self) -> None:
        """Ask in the same line for the name to save the filter by."""
        if self.naming is not None or self._mistakes is not None:
            return
        self.naming = self.line.value.strip()
        self.post_message(self.KeysChanged())
        self._put("")
        self._write_notes()

    def _leave_naming(self) -> None:
        """Back to the filter as it was typed."""
        text, self.naming = self.naming or "", None
        self.post_message(self.KeysChanged())
        self._put(text)
        self._write_notes()

    def _put(self, text: str) -> None:
        self.line.value = text
        self.line.cursor_position = len(text)

    @property
    def can_complete(self) -> bool:
        """Whether there are ways to go on with the last word."""
        return bool(self._offered)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-open")

    def remember(self, text: str) -> None:
        """Keep a filter for the arrow keys; each stands there once."""
        if text:
            self.history = [*(other for other in self.history if other != text), text][-_HISTORY:]

    def show_count(self, text: str) -> None:
        """What came of the filter so far: ``44 so far …``; mistakes go before it."""
        if self._mistakes is not None:
            text = units.count(len(self._mistakes.mistakes), "mistake")
        content = Content(f"{text} ")
        before, self._count_cells = self._count_cells, content.cell_length
        # A pass over the layout paints the whole screen anew; a search tells its count ten times a second.
        self.query_one("#filter-count", Static).update(content, layout=before != self._count_cells)

    def show_mistakes(self, error: FilterError | None, *, insist: bool = False) -> None:
        """Point at what cannot be read, or at nothing.

        A last word that is only begun is no mistake while there are ways to go on with it, but with `insist`.
        """
        self._mistakes = error
        self._doubt = None if insist else error
        if error is not None and not insist:
            begun = len(self.line.value) - len(self._last_word())
            if self._matching() and all(mistake.start >= begun for mistake in error.mistakes):
                self._mistakes = None
        self._write_notes()

    def offer(self, completions: Sequence[Completion]) -> None:
        """Take in all that is known; what was typed before it came is looked at again."""
        self.completions = completions
        if self._doubt is not None:
            self.show_mistakes(self._doubt)
            self.show_count("")
        else:
            self._write_notes()

    def _write_notes(self) -> None:
        self.query_one("#filter-sign", Static).update(Content(" / " if self.naming is None else " @ "))
        if self.naming is None:
            could = self.can_complete
            self._offered = [] if self._mistakes is not None else self._matching()
            if self.can_complete is not could:
                self.post_message(self.KeysChanged())
        told = self._about_name() if self.naming is not None else self._about_filter()
        notes = self.query_one("#filter-notes", Static)
        # With nothing to say the bar is one row, and lies over no event.
        notes.display = bool(told.plain)
        notes.update(told)

    def _about_filter(self) -> Content:
        """Its mistakes, or the ways to go on; empty where there are neither."""
        if self._mistakes is not None:
            return _pointers(self._mistakes, self.in_force)
        if not self._offered:
            return Content("")
        self._chosen = min(self._chosen, len(self._offered) - 1)
        width = max([_WORD, *(cell_len(visible(offered.word)) for offered in self._offered)])
        lines = [self._offer(offered, width, at == self._chosen) for at, offered in enumerate(self._offered)]
        hint = f"   {key_of(self.app, 'complete')} completes   ↓ chooses   esc as before"
        return Content("\n").join([*lines, Content.styled(hint, "$muted")])

    def _about_name(self) -> Content:
        """What the name is for, and how to go on; the names there are, since one of them may be meant."""
        if self.naming:
            told = Content.assemble("   is the name for  ", (visible(self.naming), "bold"))
        else:
            told = Content("   is the name of the saved filter to forget")
        names = [one.word for one in self.completions if one.word.startswith("@")]
        lines = [told, Content.styled("   enter saves it   esc back to the filter", "$muted")]
        if not self.naming:
            lines[1] = Content.styled("   enter forgets it   esc back to the filter", "$muted")
        if names:
            lines.insert(1, Content.assemble(("   saved so far  ", "$muted"), visible(" ".join(names[:12]))))
        return Content("\n").join(lines)

    def _offer(self, offered: Completion, width: int, chosen: bool) -> Content:
        """One line: the word in `width` cells, or cut to the room there is, and its note."""
        note = f"  {visible(offered.note)}" if offered.note else ""
        room = max(_LEAST_WORD, (self.size.width or _WORD) - _INDENT - cell_len(note) - 1)
        word = shorten.end(visible(offered.word), room, cell_len)
        return Content.assemble(
            (f"{'   ›' if chosen else '':<{_INDENT}}", "$accent"),
            (set_cell_size(word, min(room, width)), "bold" if chosen else ""),
            (note, "$muted"),
        )

    def _matching(self) -> list[Completion]:
        last = self._last_word().lstrip("-").lower()
        if not last:
            return []
        begins = [
            one for one in self.completions if one.word.lower().startswith(last) and one.word.lower() != last
        ]
        if ":" not in last:
            # A name first, its values when the colon stands.
            begins.sort(key=lambda one: not one.word.endswith(":"))
            begins = [one for one in begins if one.word.endswith(":")] or begins
        name, colon, value = last.partition(":")
        whole = any(one.word.lower() == last for one in self.completions)
        if whole or not colon or len(value) < 2:
            return begins[:_MAX_SHOWN]
        within = [
            one
            for one in self.completions
            if one not in begins and one.word.lower().startswith(f"{name}:") and value in one.word.lower()
        ]
        return (begins + within)[:_MAX_SHOWN]

    def _last_word(self) -> str:
        text = self.line.value
        return "" if text.endswith(" ") else text.rpartition(" ")[2]

    @on(Input.Changed)
    def _edited(self, message: Input.Changed) -> None:
        message.stop()
        self._chosen = 0
        self._write_notes()
        if self.is_open and self.naming is None:
            self.post_message(self.Edited(message.value))

    @on(Input.Submitted)
    def _kept(self, message: Input.Submitted) -> None:
        message.stop()
        if self.naming is None:
            self.post_message(self.Kept(message.value))
        elif message.value.strip():
            self.post_message(self.Saved(message.value.strip(), self.naming))
            self._leave_naming()

    def on_key(self, message: events.Key) -> None:
        """Complete, go through the history or the offers, leave."""
        if message.key == "escape" and self.naming is not None:
            self._leave_naming()
        elif message.key == "escape":
            self.post_message(self.Left())
        elif self.naming is not None:
            return
        elif message.key == "down" and self._offered and self._at >= len(self.history):
            self._chosen = (self._chosen + 1) % len(self._offered)
            self._write_notes()
        elif message.key in ("up", "down"):
            self._recall(-1 if message.key == "up" else 1)
        else:
            return
        message.stop()
        message.prevent_default()

    @on(FilterInput.CompletionWanted)
    def _complete(self) -> None:
        if not self._offered or self.naming is not None:
            return
        word = self._offered[self._chosen].word
        text = self.line.value
        before = text[: len(text) - len(self._last_word())]
        minus = "-" if self._last_word().startswith("-") else ""
        self.line.value = f"{before}{minus}{word}" + ("" if word.endswith(":") else " ")
        self.line.cursor_position = len(self.line.value)

    def _recall(self, step: int) -> None:
        at = self._at + step
        if not 0 <= at <= len(self.history):
            return
        if self._at == len(self.history):
            self._draft = self.line.value
        self._at = at
        self._put(self.history[at] if at < len(self.history) else self._draft)


def _pointers(error: FilterError, in_force: str) -> Content:
    """A line for each mistake: signs below the place, then the words."""
    lines = []
    for mistake in error.mistakes[:3]:
        before = len(visible(error.text[: mistake.start]))
        width = max(1, len(visible(error.text[mistake.start : mistake.end])))
        words = f"{mistake.text}; {mistake.hint}" if mistake.hint else mistake.text
        # Far to the right the words would leave the pane: they stand before the signs there.
        sign = ("^" * width, "$error")
        if before > 30:
            text = f"{visible(words)} "
            lines.append(Content.assemble(" " * max(0, 3 + before - len(text)), (text, "$foreground"), sign))
        else:
            lines.append(Content.assemble(" " * (3 + before), sign, (f" {visible(words)}", "$foreground")))
    still = "   The list is still that of  " if in_force else "   The list is not filtered."
    lines.append(Content.assemble((still, "$muted"), visible(in_force)))
    return Content("\n").join(lines)
