"""``inspector events`` and ``inspector wait``: what is in the store, and what comes into it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import click

from inspector.cli.arguments import COUNT, LENGTH, FilterCommand, filter_argument, filter_of, json_option
from inspector.cli.output import Column, cut_type, emit, narrate, print_table, style
from inspector.core import shorten, units
from inspector.core.events import Event, InspectorError
from inspector.core.text import visible_bytes
from inspector.store.place import store_path
from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.core.filters import Filter

MOST = 100


@click.command("events", cls=FilterCommand, short_help="List events, newest last.")
@filter_argument
@click.option(
    "--limit", type=COUNT, default=None, metavar="N", help=f"The last N (default {MOST}; all with --json)."
)
@click.option("--follow", "-f", is_flag=True, help="Go on with those that arrive, until ctrl+c.")
@json_option
@click.pass_obj
def events_command(
    store: str | None, words: tuple[str, ...], limit: int | None, follow: bool, as_json: bool
) -> None:
    """List events, newest last; FILTER narrows them.

    \b
    Filter words (all must hold; - negates; * crosses dots):
      type:user.image.*  level:error  sender:github  method:PUT  since:10m
      details.curr_eval.analysis_status:analyzed  is:new  is:rejected  "some text"
    """
    wanted = filter_of(words)
    with Reader(store_path(store)) as reader:
        last = reader.last_id()
        most = limit if limit is not None else (None if as_json else MOST)
        found = _found(reader, wanted, most)
        if as_json:
            for event in _read(reader, found):
                emit(event.as_json())
        elif follow:
            _print_lines(reader, _read(reader, found))
        else:
            _print_events(reader.events(found))
            _tell(reader, found, limit, wanted)
        if follow:
            _follow(reader, wanted, last, set(found), as_json)


def _found(reader: Reader, wanted: Filter | None, most: int | None) -> list[int]:
    """Ids of the newest `most` events (None: all) that match, ascending."""
    if wanted is None:
        return list(reader.ids() if most is None else reader.newest_ids(most))
    found = list(islice(reader.matching(wanted), most))
    found.reverse()
    return found


def _read(reader: Reader, numbers: list[int]) -> Iterable[Event]:
    for start in range(0, len(numbers), 500):
        yield from reader.events(numbers[start : start + 500])


def _tell(reader: Reader, found: list[int], limit: int | None, wanted: Filter | None) -> None:
    """Say on stderr why there is nothing, or that there is more."""
    total, _ = reader.total()
    filtered = wanted is not None
    if not total:
        narrate("No events yet. inspector listen captures some.")
    elif not found and wanted is not None:
        narrate(f"None of {units.count(total, 'event')} match. {wanted.wider}".rstrip())
    elif limit is None and len(found) == MOST and (filtered or total > MOST):
        narrate(f"The last {MOST} are shown; --limit N shows more.")


def _print_events(events: list[Event]) -> None:
    moment = time.time_ns() // 1000
    rows = []
    for event in events:
        if event.rejected is not None:
            times = f" ({units.count(event.count)} times)" if event.count > 1 else ""
            what = f"rejected: {event.rejected}{times}"
        elif event.type is None:
            what = f"{event.method} {visible_bytes(event.target or b'')}"
        else:
            what = event.type
        if event.incomplete:
            what += f"  incomplete: {event.incomplete}"
        signs = (("N", event.new), ("D", event.duplicate_of is not None), ("*", event.starred))
        rows.append(
            (
                str(event.id),
                units.clock(event.received_us, moment),
                event.level or "",
                what,
                event.resource_id or (event.remote if event.type is None else ""),
                "".join(sign for sign, on in signs if on),
                "" if event.sent is None else f">{event.sent or 'err'}",
                units.size(event.size),
            )
        )

    def looks(at: int, cell: str) -> str:
        if at == 2 and cell.strip() == "error":
            return style(cell, fg="red")
        return style(cell, dim=True) if at in (0, 1, 7) else cell

    columns = (
        Column("id", right=True),
        Column("time"),
        Column("level"),
        Column("type", gives=2, cut=cut_type),
        Column("resource", gives=1, least=14, cut=shorten.resource),
        Column(),
        Column("sent"),
        Column("size", right=True),
    )
    print_table(columns, rows, looks)


def _print_lines(reader: Reader, events: Iterable[Event], as_json: bool = False) -> None:
    """Print events one by one, as `inspector listen` does, each at once and with what is new in it."""
    from inspector.store.narration import as_text, news_lines
    from inspector.store.news import told_news

    for event in events:
        if as_json:
            emit(event.as_json())
        else:
            print("\n".join([as_text(event), *news_lines(event.id, told_news(reader, event), False)]))
        sys.stdout.flush()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _follow(reader: Reader, wanted: Filter | None, last: int, shown: set[int], as_json: bool) -> None:
    from inspector.cli.follow import arriving

    sys.stdout.flush()
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _print_lines(
            reader, (event for event in arriving(reader, wanted, last) if event.id not in shown), as_json
        )
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command("wait", cls=FilterCommand, short_help="Wait for an event that matches.")
@filter_argument
@click.option("--timeout", type=LENGTH, default=None, metavar="TIME", help="Give up after 30s, 2m (never).")
@click.option("--new", "only_new", is_flag=True, help="Only one that arrives from now on.")
@json_option
@click.pass_obj
def wait_command(
    store: str | None, words: tuple[str, ...], timeout: float | None, only_new: bool, as_json: bool
) -> int:
    """Wait until an event matches FILTER, print it, and end.

    One that is stored already is an answer at once (the newest that matches); since:1m narrows that, --new
    waits for one that is still to come. Exit code 1 when none came in time.

    \b
    Examples:
      inspector wait type:user.image.analysis.completed since:1m --timeout 5m
    """
    wanted = filter_of(words)
    from inspector.cli.follow import arriving

    deadline = None if timeout is None else time.monotonic() + timeout
    with Reader(store_path(store)) as reader:
        after = reader.last_id()
        found: Event | None = None
        if not only_new:
            newest = _found(reader, wanted, 1)
            found = reader.event(newest[0]) if newest else None
            # What waits to be identified may turn out to be the one.
            recent = reader.events(reader.newest_ids(50))
            after = min((event.id - 1 for event in recent if event.pending), default=after)
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            if found is None:
                found = next(arriving(reader, wanted, after, deadline), None)
        except KeyboardInterrupt:
            return 1
        finally:
            signal.signal(signal.SIGTERM, before)
        if found is None:
            raise InspectorError(f"no event that matches came within {timeout:g} s.", code=1)
        _print_lines(reader, [found], as_json)
    return 0
