"""How a screen starts: what the user set, else what the screen remembers, else the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.config.config import Config
from inspector.config.state import State


@dataclass(frozen=True, slots=True)
class Preferences:
    """The looks of a screen at its start, and where it remembers changes of them."""

    theme: str = "auto"
    """``auto``, ``dark``, ``light``, or the name of a theme."""
    glyphs: str = "auto"
    newest_first: bool = True
    layout: str = ""
    """``beside``, ``stacked``, ``one``; empty goes by the size of the terminal."""
    zoomed: bool = False
    """The pane with the focus has everything."""
    wrap: bool = False
    mistakes: tuple[str, ...] = ()
    """What is wrong with the settings, a sentence each; the default holds for each."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys that the user chose, by the id of their action."""
    state: State = field(default_factory=State, compare=False)


def preferences_from(config: Config, state: State) -> Preferences:
    """What is set in file or environment comes first, then what was chosen on the screen before."""
    theme = config.chosen("screen.theme") or state.text("theme") or "auto"
    layout = config.chosen("screen.layout")
    if layout is None:
        layout = state.text("layout")
    keymap: dict[str, str] = {}
    mistakes = list(config.mistakes)
    if config.file.keys:
        from inspector.tui.keymap import read_keys

        keymap, wrong = read_keys(config.file)
        mistakes += wrong
    newest_first = _first(config.chosen("screen.newest-first"), state.get("newest-first"), True)
    wrap = _first(config.chosen("screen.wrap"), state.get("wrap"), False)
    return Preferences(
        theme=theme,
        glyphs=config.get("screen.glyphs"),
        newest_first=newest_first,
        layout="" if layout == "auto" else layout,
        zoomed=state.get("zoomed") is True,
        wrap=wrap,
        mistakes=tuple(mistake.text for mistake in mistakes),
        keys=keymap,
        state=state,
    )


def _first(chosen: object, remembered: object, default: bool) -> bool:
    """The first of these that is a boolean."""
    return next((one for one in (chosen, remembered) if isinstance(one, bool)), default)
