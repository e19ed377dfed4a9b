"""Keys that the user chose: read, held against each other in every pane, and told where they cannot be."""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import Keys
from textual.widgets import Input

from inspector.config.file import ConfigFile, Mistake
from inspector.core.text import visible
from inspector.tui.keys import BY_ID, NAMES, key_name, name_of_character

_WRITTEN: Final = {written: name for name, written in NAMES.items()} | {"pgup": "pageup", "pgdn": "pagedown"}
_KNOWN: Final = {str(key.value) for key in Keys} | set(NAMES) | {"space", "plus", "minus"}
_WITH: Final = re.compile(r"((?:ctrl|alt|shift|super|meta|hyper)\+)+")
_EVERYWHERE: Final = {"ctrl+q": "quits", "ctrl+p": "opens the palette", "ctrl+c": "copies what is selected"}
"""Keys that do the same on every screen, for good."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A place where keys act together: no key can do two things there."""

    name: str
    """For a sentence: ``the list``."""
    does: Mapping[str, str]
    """What each action does there, by its id, in the order of the help."""
    taken: frozenset[str] = frozenset()
    """Keys that cannot be chosen there."""
    typing: bool = False
    """A text is typed there: what types a character cannot be chosen."""


def panes() -> tuple[Pane, ...]:
    """Every pane of every screen, made from their bindings."""
    from inspector.tui.screens.diff import DiffScreen
    from inspector.tui.screens.diff_rows import ChangeRows
    from inspector.tui.screens.field_rows import FieldRows
    from inspector.tui.screens.listener_dialog import ListenerDialog
    from inspector.tui.screens.main import MainScreen
    from inspector.tui.screens.matrix import MatrixScreen
    from inspector.tui.screens.matrix_rows import MatrixRows
    from inspector.tui.screens.replay_dialog import ReplayDialog
    from inspector.tui.screens.shapes import ShapesScreen
    from inspector.tui.screens.type_rows import TypeRows
    from inspector.tui.widgets.event_list import EventList
    from inspector.tui.widgets.filter_bar import FilterInput
    from inspector.tui.widgets.viewer import Viewer

    editing = frozenset(key for key, _ in _bound(Input.BINDINGS)) | {"escape", "enter", "up", "down"}
    return (
        Pane("the list", _does(MainScreen, EventList)),
        Pane("the detail", _does(MainScreen, Viewer)),
        Pane("the shapes", _does(ShapesScreen, TypeRows, FieldRows)),
        Pane("the matrix", _does(MatrixScreen, MatrixRows)),
        Pane("the diff", _does(DiffScreen, ChangeRows)),
        Pane("the filter bar", _does(FilterInput), editing, typing=True),
        Pane("the replay dialog", _does(ReplayDialog), editing, typing=True),
        Pane("the listener's dialog", _does(ListenerDialog), frozenset({"enter", "s", "escape"})),
    )


def _does(*classes: type[DOMNode]) -> dict[str, str]:
    """What our bindings of these classes do, by id."""
    found: dict[str, str] = {}
    for one in classes:
        for binding in bindings_of(one):
            found.setdefault(str(binding.id), binding.description)
    return found


def pages_of() -> dict[str, list[str]]:
    """Where each action is, by its id: ``{"quiet": ["the shapes", "the matrix", "the diff"]}``."""
    found: dict[str, list[str]] = {}
    for pane in panes():
        for id in pane.does:
            found.setdefault(id, []).append(pane.name)
    return found


def bindings_of(one: type[DOMNode]) -> list[Binding]:
    """Our bindings of a class that have an id; its own come before those of the classes it is made from."""
    found: list[Binding] = []
    bound: set[str] = set()
    for base in one.__mro__:
        if base.__module__.startswith("inspector."):
            bindings = dict(_bound(base.__dict__.get("BINDINGS", ())))
            found += dict.fromkeys(
                binding for key, binding in bindings.items() if key not in bound and binding.id
            )
            bound |= set(bindings)
    return found


def _bound(bindings: Iterable[BindingType]) -> Iterator[tuple[str, Binding]]:
    for binding in bindings:
        one = binding if isinstance(binding, Binding) else Binding(*binding)
        yield from ((key.strip(), one) for key in one.key.split(","))


def read_keys(file: ConfigFile) -> tuple[dict[str, str], list[Mistake]]:
    """The keymap that the table ``[keys]`` asks for, by id, and what is wrong with it.

    What is wrong is left at its default, and the rest holds.
    """
    chosen: dict[str, str] = {}
    mistakes: list[Mistake] = []

    def refuse(id: str, problem: str) -> None:
        mistakes.append(Mistake("keys", f"{file.place('keys', id)}: {problem}"))

    for id, written in file.keys.items():
        if id not in BY_ID:
            close = difflib.get_close_matches(id, BY_ID, 1, 0.5)
            refuse(id, f"there is no such action; {f'did you mean {close[0]}?' if close else _LISTED}")
            continue
        try:
            chosen[id] = ",".join(dict.fromkeys(_key(one) for one in _split(written)))
        except ValueError as error:
            refuse(id, str(error))
    places = panes() if chosen else ()
    while (clash := _clash(places, chosen)) is not None:
        id, problem = clash
        del chosen[id]
        refuse(id, problem)
    return chosen, mistakes


_LISTED: Final = "inspector config --keys lists them."


def _split(written: str) -> Sequence[str]:
    """``j,down`` as its keys; a comma by itself is the key."""
    if written.strip() == ",":
        return [","]
    return [one.strip() or one for one in written.split(",")]


def _key(written: str) -> str:
    """Textual's name of one key; ValueError says what to write."""
    shown = visible(written)
    if written == " ":
        return "space"
    if not written:
        raise ValueError("a key is missing; a comma is written comma.")
    if written in _WRITTEN:
        return _WRITTEN[written]
    if len(written) == 1 and written.isprintable():
        return name_of_character(written)
    name = written.lower()
    modifiers = _WITH.match(name)
    base = name[modifiers.end() :] if modifiers else name
    if modifiers and modifiers[0] == "shift+" and len(base) == 1 and base.isalpha():
        raise ValueError(f"{shown} is written {base.upper()}.")
    base = _WRITTEN.get(base, base)
    if base in _KNOWN or (modifiers and len(base) == 1):
        return (modifiers[0] if modifiers else "") + base
    raise ValueError(
        f"there is no key {shown}; write a, A, ctrl+a, f5, enter, space, up, ? or question_mark."
    )


def _clash(places: Sequence[Pane], chosen: Mapping[str, str]) -> tuple[str, str] | None:
    """The first choice that cannot be, and why; None when all can."""
    order = list(chosen)
    for pane in places:
        taken: dict[str, str] = {}
        for id in pane.does:
            for key in chosen.get(id, BY_ID[id].keys).split(","):
                shown = key_name(key)
                if id in chosen and key in _EVERYWHERE:
                    return id, f"{shown} {_EVERYWHERE[key]} everywhere; choose another key."
                if id in chosen and (key in pane.taken or (pane.typing and _types(key))):
                    return id, f"{shown} has its own meaning in {pane.name}; choose another key."
                other = taken.setdefault(key, id)
                if other == id:
                    continue
                # The one that was chosen last gives way; one of the two was.
                late, early = sorted((id, other), key=lambda one: order.index(one) if one in order else -1)[
                    ::-1
                ]
                words = f"{shown} is the key of {early} in {pane.name} ({pane.does[early]})"
                return late, f"{words}; choose another, or give {early} another one."
    return None


def _types(key: str) -> bool:
    """True for a key that types a character."""
    return key == "space" or len(key) == 1 or NAMES.get(key) in tuple(string.punctuation)
