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
    if screen.filter_bar.naming is not None:
        does = "saves it" if screen.filter_bar.naming else "forgets it"
        return [("enter", does, ""), ("esc", "back to the filter", "")]
    if screen.filter_bar.is_open:
        return [
            ("complete", "completes", ""),
            ("enter", "keeps it", ""),
            ("filter-save", "saves it", ""),
            ("esc", "as before", ""),
        ]
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
        return [("listener", "what happened", "listener"), ("close", "quit", "close")]
    return [
        ("open", "send a sample", "send_sample"),
        ("copy", "copy the curl line", "copy_curl"),
        ("copy-address", "copy the address", "copy_address"),
        ("tunnel", "tunnel", "tunnel"),
        ("answers", "what to answer", "answers"),
        ("listener", "more", "listener"),
        ("close", "quit", "close"),
    ]


def _first(screen: MainScreen, pane: str) -> list[Hint]:
    """What this state calls for."""
    if screen.down:
        return [("listener", "what happened", "listener")]
    if pane == "list" and not screen.wanted.is_empty and not len(screen.source.ids):
        return [("back", "stops" if screen.scanning else "clears the filter", "back")]
    paused = [("pause", "answer again", "pause")] if screen.status_line.status.paused else []
    if screen.events.missed:
        return [("follow", f"newest ({screen.events.missed:,} new)", "follow"), *paused]
    return paused


def _in_list(screen: MainScreen) -> list[Hint]:
    event = screen.shown.event if screen.shown is not None else None
    heading = screen.events.heading
    hints: list[Hint] = [("open", "read", "read")]
    if heading is not None:
        hints = [("open", "fold" if screen.events.heading_is_open else "open", "read")]
    elif event is not None and event.new:
        hints.append(("tab-5", "what is new", "tab(5)"))
    hints += _common(screen)
    hints += [("find", "filter", "find")]
    if not screen.wanted.is_empty:
        hints.append(("back", "clears the filter", "back"))
    hints += [
        ("shapes", "shapes", "shapes"),
        ("copy", "copy", "copy"),
        ("star", "star", "star"),
        ("tunnel", "tunnel", "tunnel"),
        ("answers", "answers", "answers"),
        ("pane-zoom", "zoom", "zoom"),
        ("close", "quit", "close"),
    ]
    return hints


def _in_detail(screen: MainScreen, pane: str) -> list[Hint]:
    hints: list[Hint] = [
        ("back", "list", "back"),
        ("fold-toggle", "fold", ""),
        ("copy", "copy value", "copy"),
        ("find", "find", "find"),
    ]
    hints += _common(screen)
    hints += [
        ("event-next", "next event", "event(1)"),
        ("wrap", "wrap", ""),
        ("pane-zoom", "zoom", "zoom"),
        ("pane-next", "other pane", "other_pane(1)"),
    ]
    return hints


def _common(screen: MainScreen) -> list[Hint]:
    hints: list[Hint] = []
    event = screen.shown.event if screen.shown is not None else None
    if event is None or event.rejected is None:
        again = event is not None and event.sent is not None and not 200 <= event.sent <= 299
        hints.append(("replay", "replay again" if again else f"replay{_where(screen.target)}", "replay"))
    marks = screen.session.marks.values()
    if "a" in marks and "b" in marks:
        hints += [("diff", "diff a and b", "diff"), ("mark", "mark", "mark")]
    elif marks:
        hints += [("mark", "mark the other", "mark"), ("diff", "diff", "diff")]
    else:
        hints += [("mark", "mark", "mark"), ("diff", "diff", "diff")]
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
