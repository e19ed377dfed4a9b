"""Every key of the screen in one table: bindings, footer, help and palette are made from it.

`where` says in which panes a key acts: ``L`` list, ``D`` detail, ``A`` attempts, ``*`` all of the screen.
Keys without an action are bound by the widget that owns the pane, and stand here for the help alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

_GROUPS: Final = ("Event", "Find", "Detail", "Fold", "Move", "Listener", "Screen")
_NAMES: Final = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "semicolon": ";",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "vertical_line": "|",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One action with its keys."""

    id: str
    """Name in the keymap, the same for good: ``replay-with``."""
    keys: str
    """Textual's names with commas between: ``j,down``."""
    does: str
    """What it does, for help and palette."""
    where: str
    action: str = ""
    """Action of the main screen or of the app; empty when the widget of the pane binds it."""
    group: str = "Event"
    palette: bool = True

    @property
    def shown(self) -> str:
        """The keys as people write them: ``j ↓``."""
        return " ".join(key_name(name) for name in self.keys.split(","))


def key_name(name: str) -> str:
    """One key as people write it: ``slash`` is ``/``."""
    return _NAMES.get(name, name)


KEYS: Final[tuple[Key, ...]] = (
    Key("help", "question_mark,f1", "Keys of this pane", "*", "help", "Screen"),
    Key("palette", "colon", "Any action by its name", "*", "app.command_palette", "Screen", palette=False),
    Key("back", "escape", "One step back", "*", "back", "Screen", palette=False),
    Key("close", "q", "Quit", "*", "close", "Screen"),
    Key("leave", "Q", "Quit, leave the listener running", "*", "leave", "Screen"),
    Key("suspend", "ctrl+z", "Suspend", "*", "app.suspend_process", "Screen"),
    Key("pane-next", "tab", "Other pane", "*", "other_pane(1)", "Screen", palette=False),
    Key("pane-previous", "shift+tab", "Pane before", "*", "other_pane(-1)", "Screen", palette=False),
    Key("pane-zoom", "z", "Zoom this pane", "*", "zoom", "Screen"),
    Key("pane-layout", "vertical_line", "Beside, stacked, one pane", "*", "layout", "Screen"),
    Key("tab-1", "1", "Details", "*", "tab(1)", "Detail"),
    Key("tab-2", "2", "Body", "*", "tab(2)", "Detail"),
    Key("tab-3", "3", "Headers", "*", "tab(3)", "Detail"),
    Key("tab-4", "4", "Raw bytes", "*", "tab(4)", "Detail"),
    Key("tab-5", "5", "Shape", "*", "tab(5)", "Detail"),
    Key("tab-6", "6", "Attempts", "*", "tab(6)", "Detail"),
    Key("move-down", "j,down", "Line down", "LDA", group="Move"),
    Key("move-up", "k,up", "Line up", "LDA", group="Move"),
    Key("move-first", "g,home", "First line", "LDA", group="Move"),
    Key("move-last", "G,end", "Last line", "LDA", group="Move"),
    Key("move-page-down", "pagedown,ctrl+f", "Page down", "LDA", group="Move"),
    Key("move-page-up", "pageup,ctrl+b", "Page up", "LDA", group="Move"),
    Key("move-half-down", "ctrl+d", "Half a page down", "LDA", group="Move"),
    Key("move-half-up", "ctrl+u", "Half a page up", "LDA", group="Move"),
    Key("open", "enter", "Read it", "LDA", group="Move"),
    Key("fold-close", "h,left", "Fold", "LDA", group="Fold"),
    Key("fold-open", "l,right", "Open", "LDA", group="Fold"),
    Key("fold-toggle", "space", "Fold or open", "LDA", group="Fold"),
    Key("fold-close-all", "H", "Fold all", "LDA", group="Fold"),
    Key("fold-open-all", "L", "Open all", "LDA", group="Fold"),
    Key("sibling-next", "J", "Next at the same depth", "DA", group="Move"),
    Key("sibling-previous", "K", "Previous at the same depth", "DA", group="Move"),
    Key("scroll-left", "less_than_sign", "Scroll to the left", "DA", group="Move"),
    Key("scroll-right", "greater_than_sign", "Scroll to the right", "DA", group="Move"),
    Key("event-previous", "left_square_bracket", "Previous event, staying here", "DA", "event(-1)", "Move"),
    Key("event-next", "right_square_bracket", "Next event, staying here", "DA", "event(1)", "Move"),
    Key("details", "full_stop", "To details", "D", group="Move"),
    Key("wrap", "w", "Wrap long lines", "DA", group="Fold"),
    Key("hex", "x", "Hex dump of the body", "DA", "hex", "Detail"),
    Key("find", "slash", "Filter the list; find in the detail", "LDA", "find", "Find"),
    Key(
        "find-next",
        "n",
        "Next match, or event that stands out",
        "LDA",
        "find_next(1)",
        "Find",
        palette=False,
    ),
    Key("find-previous", "N", "The one before", "LDA", "find_next(-1)", "Find", palette=False),
    Key("follow", "f", "Newest event, and follow", "LDA", "follow", "Event"),
    Key("mark", "m", "Mark a, b, and more", "LDA", "mark"),
    Key("mark-none", "U", "Take all marks away", "LDA", "mark_none"),
    Key("star", "s", "Star", "LDA", "star"),
    Key("comment", "semicolon", "Comment", "LDA", "comment"),
    Key("delete", "X,delete", "Delete this, the marked ones, or all", "L", "delete"),
    Key("undo", "u", "Bring back what was deleted last", "L", "undo"),
    Key("group", "b", "Group by type, by delivery, or not", "L", "group"),
    Key("order", "o", "Newest first or last", "L", "order"),
    Key("replay", "r", "Replay to the target", "LDA", "replay"),
    Key("replay-with", "R", "Replay: choose the target", "LDA", "replay_with"),
    Key("diff", "d", "Diff a and b, or with the one before", "LDA", "diff"),
    Key("diff-with", "D", "Diff with an event, type or file", "LDA", "diff_with"),
    Key("editor", "e", "A copy of the value or body in your editor", "LDA", "editor"),
    Key("export", "E", "Export to a file", "LDA", "export"),
    Key("shapes", "S", "Shapes of all types", "*", "shapes", "Screen"),
    Key("matrix", "M", "Matrix of fields and types", "*", "matrix", "Screen"),
    Key("copy", "y", "Copy what the cursor is on", "LDA", "copy"),
    Key("copy-as", "Y", "Copy path, subtree, body, curl …", "LDA", "copy_as"),
    Key("listener", "i", "Address, snippets, log lines", "*", "listener", "Listener"),
    Key("copy-address", "c", "Copy the address", "*", "copy_address", "Listener"),
    Key("answers", "a", "What senders are answered", "*", "answers", "Listener"),
    Key("pause", "p", "Pause: 503 for every sender, or go on", "*", "pause", "Listener"),
    Key("tunnel", "t", "Tunnel, open or close", "*", "tunnel", "Listener"),
)

BY_ID: Final = {key.id: key for key in KEYS}


def bindings() -> list[Binding]:
    """The bindings of the main screen: every key with an action."""
    return [Binding(key.keys, key.action, key.does, show=False, id=key.id) for key in KEYS if key.action]


def keys_of(pane: str) -> Iterator[Key]:
    """The keys that act in a pane (``L``, ``D``, ``A``), those of everywhere last."""
    yield from (key for key in KEYS if pane in key.where)
    yield from (key for key in KEYS if key.where == "*")


def groups_of(pane: str) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """The keys of a pane for the help: (heading, rows of (id, keys, description, where))."""
    groups: dict[str, list[tuple[str, str, str, str]]] = {name: [] for name in _GROUPS}
    for key in keys_of(pane):
        groups[key.group].append((key.id, key.shown, key.does, key.where))
    return [(name, rows) for name, rows in groups.items() if rows]
