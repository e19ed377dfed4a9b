"""Every key of the screen in one table: bindings, footer, help, palette, the keys page and the config file.

`where` says in which panes of the main screen a key acts: ``L`` list, ``D`` detail, ``A`` attempts, ``*`` all of
it. Keys without an action are bound by other screens and by widgets (`bind`), each in its own words.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from textual.app import App
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS

_GROUPS: Final = ("Event", "Find", "Detail", "Fold", "Move", "Listener", "Screen")


def name_of_character(character: str) -> str:
    """Textual's name of a key that types a character: ``question_mark`` for ``?``, ``A`` for ``A``."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


NAMES: Final = {
    **{name_of_character(character): character for character in string.punctuation},
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
"""Textual's names of keys, as people write them."""


@dataclass(frozen=True, slots=True)
class Key:
    """One action with its keys."""

    id: str
    """Name in the config file, the same for good: ``replay-with``."""
    keys: str
    """Textual's names with commas between: ``j,down``."""
    does: str
    """What it does, for help and palette."""
    where: str
    action: str = ""
    """Action of the main screen or of the app; empty when the widget of the pane binds it."""
    group: str = "Event"


def key_name(name: str) -> str:
    """One key as people write it: ``slash`` is ``/``."""
    return NAMES.get(name, name)


KEYS: Final[tuple[Key, ...]] = (
    Key("help", "question_mark,f1", "Keys of this pane", "*", "help", "Screen"),
    Key("palette", "colon", "Any action by its name", "*", "app.command_palette", "Screen"),
    Key("back", "escape", "One step back", "*", "back", "Screen"),
    Key("close", "q", "Quit", "*", "close", "Screen"),
    Key("leave", "Q", "Quit, leave the listener running", "*", "leave", "Screen"),
    Key("suspend", "ctrl+z", "Suspend", "*", "app.suspend_process", "Screen"),
    Key("pane-next", "tab", "Other pane", "*", "other_pane(1)", "Screen"),
    Key("pane-previous", "shift+tab", "Pane before", "*", "other_pane(-1)", "Screen"),
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
    ),
    Key("find-previous", "N", "The one before", "LDA", "find_next(-1)", "Find"),
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
    Key("editor", "e", "The value or body in your editor", "LDA", "editor"),
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
    # Of other screens, of the filter bar and of dialogs.
    Key("field-first", "o", "First event with the field", "", group="Find"),
    Key("baseline", "b", "Pin a baseline, or look at it", ""),
    Key("data-keys", "asterisk", "These keys are data, or names", ""),
    Key("quiet", "equals_sign", "Show what is unseen, empty or alike", ""),
    Key("cell-left", "h,left", "Column to the left", "", group="Move"),
    Key("cell-right", "l,right", "Column to the right", "", group="Move"),
    Key("swap", "s", "Swap a and b", ""),
    Key("complete", "tab", "Complete the word", "", group="Find"),
    Key("filter-save", "ctrl+s", "Save the filter by a name", "", group="Find"),
    Key("send", "ctrl+r", "Send", ""),
    Key("show-bytes", "f3", "Show the exact bytes", ""),
)

BY_ID: Final = {key.id: key for key in KEYS}


def bind(id: str, action: str, does: str = "", *, priority: bool = False) -> Binding:
    """The binding of an action that stands in the table, in the words of the screen that has it."""
    key = BY_ID[id]
    return Binding(key.keys, action, does or key.does, show=False, id=id, priority=priority)


def _keymap(app: App[Any]) -> Mapping[str, str]:
    keymap: dict[str, str] = getattr(app, "_keymap", {})  # Textual has no other way to ask for it
    return keymap


def _names(keymap: Mapping[str, str], id: str) -> list[str]:
    return [key_name(name) for name in (keymap.get(id) or BY_ID[id].keys).split(",")]


def keys_in_force(app: App[Any], id: str) -> list[str]:
    """The keys of an action, those that the user chose first; as people write them: ``["j", "↓"]``."""
    return _names(_keymap(app), id)


def first_key(keymap: Mapping[str, str], id: str) -> str:
    """The first key of an action, where the user's choice (id to Textual's names) is at hand, but no app."""
    return _names(keymap, id)[0]


def key_of(app: App[Any], id: str) -> str:
    """The first key of an action; of what is not in the table, the text itself."""
    return first_key(_keymap(app), id) if id in BY_ID else id


def bindings() -> list[Binding]:
    """The bindings of the main screen: every key with an action."""
    return [Binding(key.keys, key.action, key.does, show=False, id=key.id) for key in KEYS if key.action]


def keys_of(pane: str) -> Iterator[Key]:
    """The keys that act in a pane (``L``, ``D``, ``A``), those of everywhere last."""
    yield from (key for key in KEYS if pane in key.where)
    yield from (key for key in KEYS if key.where == "*")


def groups_of(app: App[Any], pane: str) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """The keys in force in a pane, for the help: (heading, rows of (id, keys, description, where))."""
    groups: dict[str, list[tuple[str, str, str, str]]] = {name: [] for name in _GROUPS}
    for key in keys_of(pane):
        groups[key.group].append((key.id, " ".join(keys_in_force(app, key.id)), key.does, key.where))
    return [(name, rows) for name, rows in groups.items() if rows]
