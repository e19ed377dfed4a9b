"""The keys of a screen, over its right side: made from the bindings in force, so that it is never wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.text import visible
from inspector.tui.keys import bind, key_name, key_of
from inspector.tui.screens.leaving import LeftOnce

HelpRow = tuple[str, str, str, str]
"""Id of the action, its keys as people write them, what it does, where it acts."""
Groups = Sequence[tuple[str, Sequence[HelpRow]]]


def groups_in_force(screen: Screen[Any]) -> list[tuple[str, list[HelpRow]]]:
    """The keys that act on a screen now, remapped ones too: its own first, then those of the focused pane.

    Bindings of Textual's own widgets and of the app are left out.
    """
    groups: dict[str, dict[str, HelpRow]] = {"This screen": {}, "Move and fold": {}}
    own = "This screen"
    for active in screen.active_bindings.values():
        node, binding = active.node, active.binding
        if not isinstance(node, Widget) or not binding.id or not binding.description:
            continue
        rows = groups[own if node is screen else "Move and fold"]
        keys = key_name(binding.key)
        if binding.id in rows:
            if keys in rows[binding.id][1].split():
                continue  # Textual has a key twice for an action that had two before
            keys = f"{rows[binding.id][1]} {keys}"
        rows[binding.id] = (binding.id, keys, binding.description, "")
    return [(name, list(rows.values())) for name, rows in groups.items() if rows]


class HelpScreen(LeftOnce[None], ModalScreen[None]):
    """Lists keys by group; ``?`` and ``esc`` close it."""

    DEFAULT_CSS = """
    HelpScreen { align: right top; background: $background 40%; }
    HelpScreen > VerticalScroll {
        width: 60; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        background: $panel; color: $foreground;
        border: round $accent; border-title-color: $foreground; border-subtitle-color: $muted;
        scrollbar-size-vertical: 1; scrollbar-background: $panel; scrollbar-background-hover: $panel;
        scrollbar-background-active: $panel; scrollbar-color: $rule;
    }
    HelpScreen Static { width: 1fr; height: auto; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        bind("help", "close", "Close"),
        bind("close", "close", "Close"),
        bind("move-down", "scroll_by(1)"),
        bind("move-up", "scroll_by(-1)"),
        bind("move-page-down", "scroll_by(10)"),
        bind("move-page-up", "scroll_by(-10)"),
        bind("fold-toggle", "scroll_by(10)", "Page down"),
        bind("move-first", "scroll_by(-10000)"),
        bind("move-last", "scroll_by(10000)"),
    ]

    def __init__(
        self, title: str, groups: Groups, twin: str = "", *, signs: Sequence[tuple[str, str]] = ()
    ) -> None:
        """`twin` is the same on the command line: ``inspector show 1204`` (raw); `signs` have a meaning each."""
        super().__init__()
        self.heading = title
        self.groups = groups
        self.twin = twin
        self.signs = signs

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = Content(visible(self.heading))
            box.border_subtitle = Content(f"{key_of(self.app, 'help')} closes")
            yield Static(self._content())

    def _content(self) -> Content:
        most = max((len(keys) for _, rows in self.groups for _, keys, _, _ in rows), default=0)
        column = min(most, 16) + 2
        lines: list[Content] = []
        for name, rows in self.groups:
            lines += [Content("")] if lines else []
            lines.append(Content.styled(visible(name), "bold $muted"))
            lines += [
                Content.assemble(
                    (keys.ljust(column), "bold $accent"),
                    ("" if len(keys) < column else " ", ""),
                    visible(does),
                )
                for _, keys, does, _ in rows
            ]
        if self.signs:
            lines += [Content(""), Content.styled("Signs", "bold $muted")]
            lines += [Content(f"{sign:<{column}}{visible(meaning)}") for sign, meaning in self.signs]
        lines += [Content(""), Content.styled("A small letter does it, a capital asks how.", "$muted")]
        if self.twin:
            lines.append(Content.assemble(("In a shell:   ", "$muted"), (visible(self.twin), "$key")))
        return Content("\n").join(lines)

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)

    def action_scroll_by(self, lines: int) -> None:
        """Scroll the list."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
