"""Which keys help next, by what the screen shows: the most useful one first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.core.text import visible
from inspector.tui.widgets.footer import Hint

if TYPE_CHECKING:
    from inspector.tui.screens.main import MainScreen


def hints_for(screen: MainScreen, pane: str) -> list[Hint]:
    """The hints for a pane, in the order in which they are left out for lack of room, last first."""
    if screen.has_class("-empty"):
        return _on_empty(screen)
    if screen.filter_bar.is_open:
        return [("tab", "completes", ""), ("enter", "keeps it", ""), ("esc", "as before", "")]
    hints = _first(screen, pane)
    hints += _in_list(screen) if pane == "list" else _in_detail(screen, pane)
    seen: set[str] = set()
    unique = []
    for hint in hints:
        if hint[0] not in seen:
            seen.add(hint[0])
            unique.append(hint)
    return unique


def _on_empty(screen: MainScreen) -> list[Hint]:
    if screen.down or not screen.session.url:
        return [("i", "what happened", "listener"), ("q", "quit", "close")]
    return [
        ("enter", "send a sample", "send_sample"),
        ("y", "copy the curl line", "copy_curl"),
        ("c", "copy the address", "copy_address"),
        ("t", "tunnel", "tunnel"),
        ("a", "what to answer", "answers"),
        ("i", "more", "listener"),
        ("q", "quit", "close"),
    ]


def _first(screen: MainScreen, pane: str) -> list[Hint]:
    """What this state calls for."""
    if screen.down:
        return [("i", "what happened", "listener")]
    if pane == "list" and not screen.wanted.is_empty and not len(screen.source.ids):
        return [("esc", "stops" if screen.scanning else "clears the filter", "back")]
    paused = [("p", "answer again", "pause")] if screen.status_line.status.paused else []
    if screen.events.missed:
        return [("f", f"newest ({screen.events.missed:,} new)", "follow"), *paused]
    return paused


def _in_list(screen: MainScreen) -> list[Hint]:
    event = screen.shown.event if screen.shown is not None else None
    hints: list[Hint] = [("enter", "read", "read")]
    if event is not None and event.new:
        hints.append(("5", "what is new", "tab(5)"))
    hints += _common(screen)
    hints += [("/", "filter", "find")]
    if not screen.wanted.is_empty:
        hints.append(("esc", "clears the filter", "back"))
    hints += [
        ("S", "shapes", "shapes"),
        ("y", "copy", "copy"),
        ("s", "star", "star"),
        ("t", "tunnel", "tunnel"),
        ("a", "answers", "answers"),
        ("z", "zoom", "zoom"),
        ("q", "quit", "close"),
    ]
    return hints


def _in_detail(screen: MainScreen, pane: str) -> list[Hint]:
    hints: list[Hint] = [
        ("esc", "list", "back"),
        ("space", "fold", ""),
        ("y", "copy value", "copy"),
        ("/", "find", "find"),
    ]
    hints += _common(screen)
    hints += [
        ("]", "next event", "event(1)"),
        ("w", "wrap", ""),
        ("z", "zoom", "zoom"),
        ("tab", "other pane", "other_pane(1)"),
    ]
    return hints


def _common(screen: MainScreen) -> list[Hint]:
    hints: list[Hint] = []
    event = screen.shown.event if screen.shown is not None else None
    if event is None or event.rejected is None:
        again = event is not None and event.sent is not None and not 200 <= event.sent <= 299
        hints.append(("r", "replay again" if again else f"replay{_where(screen.target)}", "replay"))
    marks = screen.session.marks.values()
    if "a" in marks and "b" in marks:
        hints += [("d", "diff a and b", "diff"), ("m", "mark", "mark")]
    elif marks:
        hints += [("m", "mark the other", "mark"), ("d", "diff", "diff")]
    else:
        hints += [("m", "mark", "mark"), ("d", "diff", "diff")]
    return hints


def _where(target: str) -> str:
    """`` to :3000`` for a receiver on this machine, `` to example.com`` for another."""
    authority = target.partition("://")[2].partition("/")[0].partition("?")[0]
    if not authority:
        return ""
    host, _, port = authority.rpartition(":")
    if host in ("localhost", "127.0.0.1", "[::1]"):
        return f" to :{port}"
    return f" to {visible(authority)}"
