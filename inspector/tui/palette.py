"""What the command palette offers on a screen: every action that has a key there, by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from inspector.config.saved_filters import saved_filters
from inspector.tui.keymap import bindings_of
from inspector.tui.keys import BY_ID, keys_in_force
from inspector.tui.screens.main import MainScreen

if TYPE_CHECKING:
    from inspector.tui.app import InspectorApp

_WITHOUT_KEYS: Final = (
    ("Send a sample event", "Listener", "send_sample"),
    ("Copy a curl line", "Listener", "copy_curl"),
    ("Delete all events listed", "Event", "delete_all"),
)
"""Actions of the main screen that have no key: (name, group, action)."""


def commands(app: InspectorApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The actions of a screen, then of the pane in it, then those of the app."""
    seen: set[str] = set()
    for node in _nodes(screen):
        for binding in bindings_of(type(node)):
            id = str(binding.id)
            if id not in seen and is_offered(id):
                seen.add(id)
                yield _command(app, node, binding)
    if isinstance(screen, MainScreen):
        for name, group, action in _WITHOUT_KEYS:
            yield SystemCommand(name, group, _runner(screen, action))
        for name in saved_filters(app.preferences.state):
            yield SystemCommand(f"Filter: {name}", f"Find   @{name}", partial(screen.filter_by, f"@{name}"))
    yield SystemCommand("Choose a theme", "Screen", app.search_themes)
    yield SystemCommand("Dark colours", "Screen", lambda: app.action_set_look("dark"))
    yield SystemCommand("Light colours", "Screen", lambda: app.action_set_look("light"))


def is_offered(id: str) -> bool:
    """False for what moves a cursor, and for the palette itself."""
    return BY_ID[id].group != "Move" and id != "palette"


def _nodes(screen: Screen[Any]) -> Iterable[Widget]:
    """The screen and what has bindings in it: the pane with the focus, on the main screen also a viewer."""
    yield screen
    if isinstance(screen, MainScreen):
        yield (screen.extra if screen.extra.has_focus_within else screen.details).viewer
    elif isinstance(screen.focused, Widget):
        yield screen.focused


def _command(app: App[Any], node: Widget, binding: Binding) -> SystemCommand:
    id = str(binding.id)
    keys = " ".join(keys_in_force(app, id))
    return SystemCommand(binding.description, f"{BY_ID[id].group}   {keys}", _runner(node, binding.action))


def _runner(node: Widget, action: str) -> Any:
    def run() -> None:
        node.call_later(node.run_action, action)

    return run
