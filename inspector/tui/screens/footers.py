"""Which keys help next, by what the screen shows: the most useful one first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.core.text import visible
from inspector.tui.widgets.footer import Hint

if TYPE_CHECKING:
    from inspector.tui.screens.main import MainScreen
    from inspector.tui.widgets.detail import FindBar


def hints_for(screen: MainScreen, pane: str) -> list[Hint]:
    """The hints for a pane, in the order in which they are left out for lack of room, last first."""
    if screen.has_class("-empty"):
        return _on_empty(screen)
    if screen.filter_bar.naming is not None:
        does = "saves it" if screen.filter_bar.naming else "forgets it"
        return [("enter", does, ""), ("esc", "back to the filter", "")]
    if screen.filter_bar.is_open:
        hints = [("enter", "keeps it", ""), ("filter-save", "saves it", ""), ("esc", "as before", "")]
        if screen.filter_bar.can_complete:
            hints.insert(0, ("complete", "completes", ""))
        if screen.filter_bar.history:
            hints.append(("↑", "history", ""))
        return hints
    if any(bar.is_written_into for bar in _find_bars(screen)):
        return [("enter", "goes to the match", ""), ("esc", "ends the search", "")]
    hints = _first(screen, pane)
    hints += _in_list(screen) if pane == "list" else _in_detail(screen, pane)
    seen: set[str] = set()
    unique = []
    for hint in hints:
        if hint[0] not in seen:
            seen.add(hint[0])
            unique.append(hint)
    return unique


def _find_bars(screen: MainScreen) -> tuple[FindBar, FindBar]:
    return screen.details.find_bar, screen.extra.find_bar


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
    if pane == "list" and _is_bare(screen) and not screen.wanted.is_empty and not screen.zoomed:
        return [("back", "stops" if screen.scanning else "clears the filter", "back")]
    hints: list[Hint] = []
    if screen.trouble:
        hints.append(("listener", "what happened", "listener"))
    if screen.events.missed:
        hints.append(("follow", f"newest ({screen.events.missed:,} new)", "follow"))
    if screen.status_line.status.paused:
        hints.append(("pause", "answer again", "pause"))
    return hints


def _is_bare(screen: MainScreen) -> bool:
    """Whether the list is empty, so that there is nothing to act on."""
    return not len(screen.source.ids)


def _in_list(screen: MainScreen) -> list[Hint]:
    event = screen.shown.event if screen.shown is not None else None
    heading, bare = screen.events.heading, _is_bare(screen)
    hints: list[Hint] = []
    if heading is not None:
        hints = [("open", "fold" if screen.events.heading_is_open else "open", "read")]
    elif not bare:
        hints = [("open", "read", "read")]
        if event is not None and event.new:
            hints.append(("tab-5", "what is new", "tab(5)"))
    if not bare:
        hints += _common(screen)
    hints += [("find", "filter", "find")]
    if not screen.wanted.is_empty and not screen.zoomed:
        hints.append(("back", "clears the filter", "back"))
    hints += [("shapes", "shapes", "shapes")]
    if not bare:
        hints += [("copy", "copy", "copy"), ("star", "star", "star")]
    hints += [
        ("tunnel", "tunnel", "tunnel"),
        ("answers", "answers", "answers"),
        _zoom(screen),
        ("close", "quit", "close"),
    ]
    return hints


def _zoom(screen: MainScreen) -> Hint:
    return ("pane-zoom", "all panes" if screen.zoomed else "zoom", "zoom")


def _in_detail(screen: MainScreen, pane: str) -> list[Hint]:
    searching = any(bar.display for bar in _find_bars(screen))
    leads = "ends the search" if searching else "all panes" if screen.zoomed else "list"
    back: Hint = ("back", leads, "back")
    if _is_bare(screen):
        return [back, _zoom(screen), ("pane-next", "other pane", "other_pane(1)")]
    hints: list[Hint] = [back]
    if searching:
        hints += [("find-next", "next", "find_next(1)"), ("find-previous", "previous", "find_next(-1)")]
    hints += [
        ("fold-toggle", "fold", ""),
        ("copy", "copy value", "copy"),
        ("find", "find", "find"),
    ]
    hints += _common(screen)
    hints += [
        ("event-next", "next event", "event(1)"),
        ("wrap", "wrap", ""),
        _zoom(screen),
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
