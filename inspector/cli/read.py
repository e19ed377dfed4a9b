"""``inspector events`` and ``inspector show``: what is in the store."""

from __future__ import annotations

import base64
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from inspector.cli.output import coloured, emit, filter_argument, filter_of, json_option, narrate, print_table, style
from inspector.core import units
from inspector.core.events import Event, InspectorError, Request
from inspector.core.text import visible, visible_bytes, visible_lines
from inspector.store.place import store_path
from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.core.filters import Filter

MOST = 100


@click.command("events", short_help="List events, newest last.")
@filter_argument
@click.option("--limit", type=click.IntRange(0), default=None, metavar="N", help=f"The last N (default {MOST}, or all with --json).")
@json_option
@click.pass_obj
def events_command(store: str | None, words: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """List events, newest last; FILTER narrows them.

    \b
    Filter words (all must hold; - negates; * crosses dots):
      type:user.image.*  level:error  sender:github  method:PUT  since:10m
      details.curr_eval.analysis_status:analyzed  is:new  is:rejected  "some text"
    """
    wanted = filter_of(words)
    with Reader(store_path(store)) as reader:
        most = limit if limit is not None else (None if as_json else MOST)
        found = _found(reader, wanted, most)
        if as_json:
            for start in range(0, len(found), 500):
                for event in reader.events(found[start : start + 500]):
                    emit(event.as_json())
            return
        _print_events(reader.events(found))
        total, _ = reader.total()
        if not found and total and words:
            narrate(f"None of {units.count(total, 'event')} match.")
        elif not total:
            narrate("No events yet. inspector listen captures some.")
        elif limit is None and len(found) == MOST:
            narrate(f"The last {MOST} are shown; --limit N shows more.")


def _found(reader: Reader, wanted: Filter | None, most: int | None) -> list[int]:
    """Ids of the newest `most` events (None: all) that match, ascending."""
    if wanted is None:
        return list(reader.ids() if most is None else reader.newest_ids(most))
    found = list(islice(reader.matching(wanted), most))
    found.reverse()
    return found


def _print_events(events: list[Event]) -> None:
    moment = time.time_ns() // 1000
    rows = []
    for event in events:
        if event.rejected is not None:
            what = f"rejected: {event.rejected}" + (f" ({units.count(event.count)} times)" if event.count > 1 else "")
        elif event.type is None:
            what = f"{event.method} {visible_bytes(event.target or b'')}"
        else:
            what = event.type
        if event.incomplete:
            what += f"  incomplete: {event.incomplete}"
        flags = "".join(
            sign for sign, on in (("N", event.new), ("D", event.duplicate_of is not None), ("*", event.starred)) if on
        )
        sent = "" if event.sent is None else f">{event.sent or 'err'}"
        rows.append(
            (
                str(event.id),
                units.clock(event.received_us, moment),
                event.level or "",
                what,
                event.resource_id or (event.remote if event.type is None else ""),
                flags,
                sent,
                units.size(event.size),
            )
        )

    def looks(at: int, cell: str) -> str:
        if at == 2 and cell.strip() == "error":
            return style(cell, fg="red")
        return style(cell, dim=True) if at in (0, 1, 7) else cell

    print_table(("id", "time", "level", "type", "resource", "", "sent", "size"), rows, right=(0, 7), looks=looks)


@click.command("show", short_help="Show one event.")
@click.argument("event_id", metavar="ID", type=int)
@json_option
@click.option("--raw", is_flag=True, help="Write exactly the body's bytes.")
@click.option("--curl", is_flag=True, help="A curl command that sends it again; secrets are masked.")
@click.option("--show-secrets", is_flag=True, help="With --curl: do not mask.")
@click.option("--to", default=None, metavar="URL", help="With --curl: where to (http://localhost:3000).")
@click.pass_obj
def show_command(
    store: str | None, event_id: int, as_json: bool, raw: bool, curl: bool, show_secrets: bool, to: str | None
) -> None:
    """Show one event: request line, headers, and the body with its details highlighted."""
    if raw + curl + as_json > 1:
        raise InspectorError("--json, --raw and --curl exclude each other.")
    with Reader(store_path(store)) as reader:
        event = reader.event(event_id)
        if event is None:
            raise InspectorError(f"there is no event {event_id}; inspector events lists them.", code=1)
        request = reader.request(event_id)
        if as_json:
            emit(_whole(event, request, reader.raw_head(event_id)))
        elif raw:
            sys.stdout.buffer.write(request.body if request is not None else reader.raw_head(event_id) or b"")
            sys.stdout.buffer.flush()
        elif curl:
            if request is None:
                raise InspectorError(f"event {event_id} was rejected ({event.rejected}); there is no request to send.", code=1)
            from inspector.replay.curl import as_curl

            print(as_curl(request, to or "http://localhost:3000", reveal=show_secrets))
        else:
            _print_event(reader, event, request)


def _whole(event: Event, request: Request | None, raw_head: bytes | None) -> dict[str, Any]:
    whole = event.as_json()
    lines = () if request is None else request.headers
    whole["version"] = None if request is None else request.version
    whole["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in lines]
    body = b"" if request is None else request.body
    try:
        whole["body"] = body.decode("utf-8")
    except UnicodeDecodeError:
        whole["body_base64"] = base64.b64encode(body).decode()
    if raw_head is not None:
        whole["raw_head"] = raw_head.decode("latin-1")
    return whole


def _print_event(reader: Reader, event: Event, request: Request | None) -> None:
    def line(label: str, text: str | None) -> None:
        if text:
            print(f"{style(f'{label:9}', dim=True)} {visible(text)}")

    print(style(visible(event.type or f"event {event.id}"), bold=True) + style(f"   #{event.id}", dim=True))
    line("level", event.level)
    line("message", event.message)
    line("resource", " ".join(part for part in (event.resource_type, event.resource_id) if part))
    line("account", event.account)
    line("sender", event.sender)
    line("delivery", event.delivery_id)
    line("received", f"{event.received_at}, {units.ago(event.received_us, time.time_ns() // 1000)}, from {event.remote}")
    line("rejected", event.rejected)
    line("incomplete", event.incomplete)
    line("shape", event.shape and event.shape + (", never seen before for this type" if event.new else ""))
    line("answered", None if event.status is None else str(event.status))
    if event.duplicate_of is not None:
        line("again", f"a later delivery of #{event.duplicate_of}")
    print()
    if request is None:
        raw = reader.raw_head(event.id) or b""
        print(visible_lines(raw.decode("latin-1").replace("\r\n", "\n")))
        return
    print(f"{visible(request.method)} {visible_bytes(request.target)} HTTP/{visible(request.version)}")
    for name, value in request.headers:
        print(f"{style(visible_bytes(name), dim=True)}: {visible_bytes(value)}")
    print()
    _print_body(request)


def _print_body(request: Request) -> None:
    from inspector.core.bodies import view_of

    view = view_of(request)
    for note in view.notes:
        print(style(visible(note), dim=True))
    text = visible_lines(view.text)
    if coloured() and view.language == "json" and len(text) < 1_000_000:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import JsonLexer

        text = highlight(text, JsonLexer(stripnl=False, ensurenl=False), TerminalFormatter())
    if text:
        print(text)
