"""What the command palette offers on a screen: every action that has a key there, by its name; and events by their
number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rich.cells import set_cell_size
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from inspector.config.saved_filters import saved_filters
from inspector.core.text import visible
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

_OTHER_WORDS: Final = {
    "replay": "resend retry repeat redeliver",
    "replay-with": "resend edit target",
    "delete": "clear remove trash",
    "undo": "restore undelete",
    "star": "pin bookmark favourite keep",
    "comment": "note annotate",
    "mark": "select",
    "find": "search grep query",
    "follow": "tail live latest",
    "diff": "compare",
    "diff-with": "compare",
    "export": "save download har fixture",
    "editor": "open vim pager",
    "copy-as": "yank clipboard jq jsonpath",
    "shapes": "schema types fields",
    "matrix": "fields table",
    "baseline": "snapshot contract",
    "listener": "server url log",
    "copy-address": "url endpoint webhook",
    "answers": "respond response status mock delay",
    "pause": "stop hold 503",
    "tunnel": "ngrok public expose internet",
    "pane-zoom": "maximise maximize full screen",
    "pane-layout": "split",
    "wrap": "fold long lines",
    "hex": "binary bytes dump",
    "leave": "detach background",
    "close": "exit",
    "help": "shortcuts bindings",
}
"""What actions are called elsewhere, by id: who looks for that finds them, too."""
_GROUP_ORDER: Final = ("Event", "Find", "Detail", "Fold", "Move", "Listener", "Screen")
_NAME, _GROUP = 42, 11
"""Cells of the columns."""
_NUMBER = re.compile(r"#?([0-9]{1,18})")

PALETTE_CSS: Final = """
    CommandPalette > Vertical {
        width: 72; max-width: 100%; margin-top: 2; height: auto; visibility: visible; background: $panel;
        border: round $accent; border-title-color: $foreground; border-subtitle-color: $muted;
    }
    CommandPalette SearchIcon { display: none; }
    CommandPalette #--input, CommandPalette #--input.--list-visible { border: none; background: $panel; }
    CommandPalette #--results { overlay: none; background: $panel; }
    CommandPalette CommandInput, CommandPalette CommandInput:focus { border: none; height: 1; padding: 0 2; }
    CommandPalette CommandList, CommandPalette CommandList:focus {
        border: none; padding: 1 0 0 0; max-height: 60vh; background: $panel; scrollbar-size-vertical: 1;
        scrollbar-background: $panel; scrollbar-background-hover: $panel; scrollbar-background-active: $panel;
        scrollbar-color: $rule;
    }
    CommandPalette CommandList > .option-list--option { text-style: none; }
    CommandPalette CommandList > .option-list--option-highlighted {
        background: $cursor; color: $foreground; text-style: none;
    }
    CommandPalette LoadingIndicator { display: none; }
"""


class ActionPalette(CommandPalette):
    """Textual's palette, which says in its frame what it is and which keys act."""

    def on_mount(self) -> None:
        """Write the frame."""
        box = self.query_one("#--container", Vertical)
        box.border_title = Content("Any action by its name")
        box.border_subtitle = Content("enter runs, esc closes")


def open_palette(app: App[Any]) -> None:
    """Show every action, unless that is what is shown."""
    if not CommandPalette.is_open(app):
        app.push_screen(ActionPalette(placeholder="Search for an action", id="--command-palette"))


class Palette(Provider):
    """The actions, a line each: what it does, where it belongs, its keys."""

    async def discover(self) -> Hits:
        """All of them, group by group."""
        for one in sorted(self._commands(), key=lambda one: _GROUP_ORDER.index(one.help.split()[0])):
            yield DiscoveryHit(_shown(one), one.callback, one.title)

    async def search(self, query: str) -> Hits:
        """Those whose name is like the query, then those that are called so elsewhere; the event of a number."""
        event = await _event(self.screen, query)
        if event is not None:
            yield Hit(1, _shown(event), event.callback, event.title)
        matcher = self.matcher(query)
        for one in self._commands():
            score, places = matcher.fuzzy_search.match(query, one.title)
            if score > 0:
                yield Hit(score, _shown(one, places), one.callback, one.title)
            elif any(word.startswith(query.lower()) for word in _other_words(one)):
                yield Hit(0.01, _shown(one), one.callback, one.title)

    def _commands(self) -> Iterable[SystemCommand]:
        return self.app.get_system_commands(self.screen)


async def _event(screen: Screen[Any], query: str) -> SystemCommand | None:
    """Going to the event whose number was typed, if the store has it."""
    typed = _NUMBER.fullmatch(query.strip())
    if typed is None or not isinstance(screen, MainScreen):
        return None
    number = int(typed[1])
    if await screen.session.read(lambda reader: reader.event(number)) is None:
        return None
    note = ", clears the filter" if screen.source.hides(number) else ""
    going = partial(screen.call_later, screen.go_to_event, number)
    return SystemCommand(f"Go to event #{number}{note}", "Find", going)


def _other_words(command: SystemCommand) -> list[str]:
    id = getattr(command.callback, "id", "")
    return _OTHER_WORDS.get(id, "").split()


def _shown(command: SystemCommand, places: Iterable[int] = ()) -> Content:
    group, _, keys = command.help.partition(" ")
    name = Content(set_cell_size(visible(command.title), _NAME))
    for place in places:
        name = name.stylize("bold $accent", place, place + 1)
    return Content.assemble(name, (f"{group:<{_GROUP}}", "$muted"), (visible(keys.strip()), "bold $accent"))


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
            yield SystemCommand(name, group, _Runner(screen, action))
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
    return SystemCommand(
        binding.description, f"{BY_ID[id].group}   {keys}", _Runner(node, binding.action, id)
    )


class _Runner:
    """Runs an action where it is bound, once the palette is gone."""

    def __init__(self, node: Widget, action: str, id: str = "") -> None:
        self.node = node
        self.action = action
        self.id = id
        """Of the action, in the table of keys."""

    def __call__(self) -> None:
        self.node.call_later(self.node.run_action, self.action)
