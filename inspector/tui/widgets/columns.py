"""One event as one row of cells: which columns fit a pane, and what stands in each.

Widths depend on the width of the pane alone, so nothing jumps when events arrive. A row comes as runs of
safe text with a role each; equal neighbours are one run, because every run costs bytes on the way to the
terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from inspector.core import shorten, units
from inspector.core.events import Event
from inspector.core.text import visible, visible_bytes
from inspector.tui.arrangement import Heading
from inspector.tui.widgets.glyphs import Glyphs

Role = Literal["text", "muted", "accent", "passed", "care", "error", "new"]
Runs = list[tuple[str, Role]]

_LONGEST = 1000
_LEVELS: Final[dict[str, tuple[str, Role]]] = {
    **dict.fromkeys(("info", "notice", "debug", "trace"), ("info", "muted")),
    **dict.fromkeys(("warn", "warning"), ("warn", "care")),
    **dict.fromkeys(("error", "critical", "fatal", "alert", "emergency"), ("error", "error")),
}


@dataclass(frozen=True, slots=True)
class Headings:
    """What the columns are called for the sender at hand."""

    level: str = "level"
    type: str = "type"
    resource: str = "resource"
    account: str = "account"


HEADINGS: Final = {
    None: Headings(),
    "anchore": Headings(),
    "github": Headings("", "event", "repository", "login"),
    "cloudevents": Headings("", "type", "subject", "source"),
    "stripe": Headings("", "type", "object", "mode"),
}
"""By the one sender a filter leaves; None while there are several."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 for a column that is not there. Level is a letter (1) or a word (5)."""

    level: int
    type: int
    resource: int
    account: int
    size: int


def columns_for(pane: int) -> Columns:
    """The columns of a list pane of a width in cells, its scrollbar and one blank before it included."""
    wide, middle, narrow = pane >= 90, pane >= 76, pane < 52
    level = 5 if middle else 1
    account = 8 if wide else 0
    size = 7 if middle else 0
    others = [8, level, 3, 4, *filter(None, (account, size))]
    room = pane - 4 - sum(others) - len(others) - (0 if narrow else 1)
    resource = 0 if narrow else round(max(0, room) * 0.32)
    return Columns(level, max(1, room - resource), resource, account, size)


def heading_runs(columns: Columns, headings: Headings) -> Runs:
    """The row above the list."""
    level = headings.level if columns.level == 5 else ""
    cells = [_fit("time", 8), _fit(level, columns.level), _fit(headings.type, columns.type)]
    if columns.resource:
        cells.append(_fit(headings.resource, columns.resource))
    if columns.account:
        cells.append(_fit(headings.account, columns.account))
    cells += ["   ", "sent"]
    if columns.size:
        cells.append("size".rjust(columns.size))
    return [("  " + " ".join(cells), "muted")]


def event_runs(
    event: Event,
    columns: Columns,
    glyphs: Glyphs,
    now_us: int,
    *,
    cursor: bool = False,
    utc: bool = False,
    lead: str = "",
) -> Runs:
    """The row of an event, without the background of the cursor; `lead` stands before what it is."""
    runs: Runs = []
    mark = {"+": glyphs.mark}.get(event.mark or "", event.mark) or (glyphs.cursor if cursor else " ")
    runs.append((visible(mark)[:1] + " ", "accent"))
    runs.append((units.clock(event.received_us, now_us, utc) + " ", "muted"))
    level, role = _level(event, columns.level, glyphs)
    runs.append((_fit(level, columns.level) + " ", role))
    runs.append((lead, "muted"))
    runs += _what(event, replace(columns, type=max(1, columns.type - len(lead))), glyphs)
    flags: tuple[tuple[str, Role], ...] = (
        (glyphs.new if event.new else " ", "new"),
        (glyphs.again if event.duplicate_of is not None else " ", "care"),
        (glyphs.star if event.starred else " ", "accent"),
    )
    runs += [("" + sign, role) for sign, role in flags]
    runs.append((" ", "muted"))
    if event.sent is None:
        runs.append((" " * 4, "muted"))
    else:
        passed = 200 <= event.sent <= 299
        sent = f"{glyphs.sent}{event.sent or 'err'}"
        runs.append((_fit(sent, 4), "passed" if passed else "error"))
    if columns.size:
        runs.append((units.size(event.size).rjust(columns.size + 1), "muted"))
    return _merged(runs)


def group_runs(
    heading: Heading,
    columns: Columns,
    glyphs: Glyphs,
    now_us: int,
    *,
    cursor: bool = False,
    utc: bool = False,
) -> Runs:
    """The row of a group by type: its newest event's time, its type, how many events there are, the flag of a
    new shape, and how many were not answered 2xx."""
    fold = glyphs.opened if heading.is_open else glyphs.folded
    room = columns.level + 1 + columns.type + (1 + columns.resource if columns.resource else 0)
    room += columns.account + 1 if columns.account else 0
    count = f" {heading.count:,}"
    failed = f" {heading.failed:,} failed of" if heading.failed else ""
    name = shorten.event_type(
        visible(heading.name[:_LONGEST]), max(1, room - len(count) - len(failed)), cell_len, glyphs.ellipsis
    )
    return _merged(
        [
            (glyphs.cursor if cursor else " ", "accent"),
            (fold, "muted"),
            (units.clock(heading.newest_us, now_us, utc) + " ", "muted"),
            (_fit(name, max(1, room - len(count) - len(failed))), "text"),
            (failed, "error"),
            (count + " ", "text"),
            (glyphs.new if heading.new else " ", "new"),
        ]
    )


def missing_runs(event_id: int) -> Runs:
    """The row of an event that is no longer there."""
    return [(f"  #{event_id} was deleted", "muted")]


def _level(event: Event, width: int, glyphs: Glyphs) -> tuple[str, Role]:
    if event.rejected is not None:
        return glyphs.rejected, "error"
    if not event.complete:
        return glyphs.incomplete, "care"
    if not event.level:
        return "", "muted"
    name, role = _LEVELS.get(event.level.lower(), (event.level, "text"))
    if width > 1:
        return visible(name[:_LONGEST]), role
    signs = {"info": glyphs.info, "warn": glyphs.warn, "error": glyphs.error}
    return signs.get(name) or visible(name[:1].upper())[:1], role


def _what(event: Event, columns: Columns, glyphs: Glyphs) -> Runs:
    """Type, resource and account, or across them why the request is not whole; a space after each."""
    both = columns.type + (1 + columns.resource if columns.resource else 0)
    account = columns.account + 1 if columns.account else 0
    if event.rejected is not None or not event.complete:
        reason, role = _reason(event)
        return [(_end(reason, both, glyphs) + " " * (1 + account), role)]
    runs: Runs = []
    if event.type is None:
        resource, owner = _host(event.remote), ""
        runs.append((_end(_request_line(event), columns.type, glyphs) + " ", "text"))
    else:
        resource, owner = event.resource_id or "", event.account or ""
        name = visible(event.type[:_LONGEST])
        cut = shorten.event_type(name, columns.type, cell_len, glyphs.ellipsis)
        runs.append((_fit(cut, columns.type) + " ", "text"))
    if columns.resource:
        cut = shorten.resource(visible(resource[:_LONGEST]), columns.resource, cell_len, glyphs.ellipsis)
        runs.append((_fit(cut, columns.resource) + " ", "muted"))
    if columns.account:
        # A CloudEvent's source is an address, whose end tells more than its beginning.
        cut = shorten.resource(visible(owner[:_LONGEST]), columns.account, cell_len, glyphs.ellipsis)
        shown = _fit(cut, columns.account) if "/" in owner else _end(owner, columns.account, glyphs)
        runs.append((shown + " ", "muted"))
    return runs


def _reason(event: Event) -> tuple[str, Role]:
    times = f", {event.count:,} times" if event.count > 1 else ""
    if event.rejected is not None:
        return f"rejected{times}: {event.rejected}", "error"
    return f"incomplete{times}: {event.incomplete or 'the body is not whole'}", "care"


def _request_line(event: Event) -> str:
    target = "" if event.target is None else visible_bytes(event.target[:_LONGEST])
    return f"{event.method or '?'} {target}"


def _host(remote: str) -> str:
    """The address of a peer without its port."""
    return remote.rpartition(":")[0] or remote


def _end(text: str, width: int, glyphs: Glyphs) -> str:
    return _fit(shorten.end(visible(text[:_LONGEST]), width, cell_len, glyphs.ellipsis), width)


def _fit(text: str, width: int) -> str:
    return set_cell_size(text, width)


def _merged(runs: Iterable[tuple[str, Role]]) -> Runs:
    """Neighbours of one role as one run; blanks take the role of what stands before them."""
    merged: Runs = []
    for text, role in runs:
        if merged and (merged[-1][1] == role or text.isspace()):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        else:
            merged.append((text, role))
    return merged
