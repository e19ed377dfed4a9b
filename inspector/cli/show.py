"""``inspector show``: one event, for people, as JSON, as bytes, or as a curl command."""

from __future__ import annotations

import sys
import time

import click

from inspector.cli.arguments import EVENT_ID, json_option
from inspector.cli.output import coloured, emit, style
from inspector.core import units
from inspector.core.events import Event, InspectorError, Request
from inspector.core.labels import LABELS
from inspector.core.text import visible, visible_bytes, visible_lines
from inspector.store.exported import whole
from inspector.store.place import store_path
from inspector.store.reader import Reader


@click.command("show", short_help="Show one event.")
@click.argument("event_id", metavar="ID", type=EVENT_ID)
@json_option
@click.option("--raw", is_flag=True, help="Write exactly the body's bytes.")
@click.option("--attempts", is_flag=True, help="Where it was sent, and what was answered.")
@click.option("--curl", is_flag=True, help="A curl command that sends it again; secrets are masked.")
@click.option("--show-secrets", is_flag=True, help="With --curl: do not mask.")
@click.option("--to", default=None, metavar="URL", help="With --curl: where to (http://localhost:3000).")
@click.pass_obj
def show_command(
    store: str | None,
    event_id: int,
    as_json: bool,
    raw: bool,
    attempts: bool,
    curl: bool,
    show_secrets: bool,
    to: str | None,
) -> None:
    """Show one event: request line, headers, and the body with its details highlighted.

    \b
    Examples:
      inspector show 12
      inspector show 12 --raw > body.json
      inspector show 12 --attempts
      inspector show 12 --curl --to http://localhost:3000/hooks
    """
    if raw + curl + as_json > 1:
        raise InspectorError("--json, --raw and --curl exclude each other.")
    if attempts and (raw or curl):
        raise InspectorError("--attempts goes with --json only.")
    with Reader(store_path(store)) as reader:
        event = reader.event(event_id)
        if event is None:
            raise InspectorError(f"there is no event {event_id}; inspector events lists them.", code=1)
        request = reader.request(event_id)
        if attempts:
            from inspector.cli.attempts import print_attempts

            print_attempts(event_id, reader.attempts(event_id), as_json)
        elif as_json:
            emit(whole(event, request, reader.raw_head(event_id)))
        elif raw:
            sys.stdout.buffer.write(request.body if request is not None else reader.raw_head(event_id) or b"")
            sys.stdout.buffer.flush()
        elif curl:
            if request is None:
                raise InspectorError(
                    f"event {event_id} was rejected ({event.rejected}); there is no request to send.", code=1
                )
            from inspector.replay.curl import as_curl

            print(as_curl(request, to or "http://localhost:3000", reveal=show_secrets))
        else:
            _print_event(reader, event, request)


def _print_event(reader: Reader, event: Event, request: Request | None) -> None:
    def line(label: str, text: str | None) -> None:
        if text:
            print(f"{style(f'{label:9}', dim=True)} {visible(text)}")

    starred = ", starred" if event.starred else ""
    print(
        style(visible(event.type or f"event {event.id}"), bold=True)
        + style(f"   #{event.id}{starred}", dim=True)
    )
    line("comment", event.comment)
    line("level", event.level)
    line("message", event.message)
    line("resource", " ".join(part for part in (event.resource_type, event.resource_id) if part))
    line("account", event.account)
    line("sender", event.sender)
    line("delivery", event.delivery_id)
    origin = event.remote + (f", for {event.forwarded_for}" if event.forwarded_for else "")
    line(
        "received",
        f"{event.received_at}, {units.ago(event.received_us, time.time_ns() // 1000)}, from {origin}",
    )
    for label in event.labels:
        line("labelled", f"{label}: {LABELS.get(label, '')}")
    line("signature", event.signature)
    line("rejected", event.rejected)
    line("incomplete", event.incomplete)
    line("shape", event.shape and event.shape + (", never seen before for this type" if event.new else ""))
    if event.new:
        from inspector.store.news import told_news

        for words in told_news(reader, event):
            line("new", words)
    line("answered", None if event.status is None else str(event.status))
    if event.duplicate_of is not None:
        line("again", f"a later delivery of #{event.duplicate_of}")
    if sent := reader.attempts(event.id):
        last = f"answered {sent[0].status}" if sent[0].status is not None else sent[0].error or "no answer"
        line("replayed", f"{units.count(len(sent), 'time')}, {last}; --attempts has the answers")
    print()
    if request is None:
        raw = reader.raw_head(event.id) or b""
        print(visible_lines(raw.decode("latin-1").replace("\r\n", "\n")))
        return
    print(f"{visible(request.method)} {visible_bytes(request.target)} HTTP/{visible(request.version)}")
    _print_lines(request.headers)
    print()
    _print_body(request)
    if request.trailers:
        print(style("after the body:", dim=True))
        _print_lines(request.trailers)


def _print_lines(lines: tuple[tuple[bytes, bytes], ...]) -> None:
    for name, value in lines:
        print(f"{style(visible_bytes(name), dim=True)}: {visible_bytes(value)}")


def _print_body(request: Request) -> None:
    from inspector.core.bodies import view_of

    view = view_of(request)
    for note in view.notes:
        print(style(visible(note), dim=True))
    text = visible_lines(view.text)
    if coloured() and view.language == "json" and len(text) < 1_000_000:
        from pygments import highlight  # type: ignore[import-untyped]
        from pygments.formatters import TerminalFormatter  # type: ignore[import-untyped]
        from pygments.lexers import JsonLexer  # type: ignore[import-untyped]

        text = highlight(text, JsonLexer(stripnl=False, ensurenl=False), TerminalFormatter())
    if text:
        print(text)
