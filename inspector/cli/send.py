"""``inspector replay``, ``send`` and ``import``: bytes out, and payload files in."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from inspector.cli.output import emit, json_option, narrate, style
from inspector.core import units
from inspector.core.events import Attempt, InspectorError, Request
from inspector.core.filters import parse_filter
from inspector.core.text import visible
from inspector.store.place import store_path
from inspector.store.reader import Reader

_HOLD_S = 0.012
"""How long `import` holds the write lock at most, so that a listener beside it is not held up."""
_PAUSE_S = 0.006


# -- replay


@click.command("replay", short_help="Send captured events again, byte for byte.")
@click.argument("ids", nargs=-1, metavar="[IDS]...")
@click.option("--to", required=True, metavar="URL", help="Where to: http://localhost:3000 keeps the captured path.")
@click.option("--filter", "words", default=None, metavar="F", help="Every event that matches this filter.")
@click.option("--one-per-shape", is_flag=True, help="One event of every shape (of those chosen, or of all).")
@click.option("--incomplete", is_flag=True, help="Incomplete events too, as far as they came.")
@click.option("--timeout", default=15.0, show_default=True, type=click.FloatRange(0.05, 600), help="Seconds for one attempt.")
@json_option
@click.pass_obj
def replay_command(
    store: str | None,
    ids: tuple[str, ...],
    to: str,
    words: str | None,
    one_per_shape: bool,
    incomplete: bool,
    timeout: float,
    as_json: bool,
) -> int:
    """Send captured events again: same method, path, header lines and bytes, in the order of their ids.

    Only Host, Content-Length, Transfer-Encoding and Connection change. No redirect is followed. Every attempt is kept.
    IDS are numbers and ranges: 12 15-20. Exit code 1 unless every answer was 2xx.
    """
    from inspector.replay.send import replay, verdict
    from inspector.replay.target import parse_target
    from inspector.store.edits import Edits

    target = parse_target(to)
    path = store_path(store)
    with Reader(path) as reader:
        chosen = _chosen(reader, ids, words, one_per_shape)
        if not chosen:
            raise InspectorError("no event to replay: none matches.", code=1)
        own = own_addresses(path, reader)
        passed = 0
        with Edits(path) as edits:
            for number in chosen:
                event, request = reader.event(number), reader.request(number)
                if event is None:
                    attempt = _unsent(number, to, f"there is no event {number}.")
                elif request is None or event.rejected is not None:
                    attempt = _unsent(number, to, f"event {number} was rejected; there is no request to send.")
                elif not event.complete and not incomplete:
                    attempt = _unsent(number, to, f"event {number} is incomplete; --incomplete sends what came.")
                else:
                    attempt = asyncio.run(
                        replay(request, number, target, total_timeout=timeout, own_addresses=own)
                    )
                    edits.add_attempt(attempt)
                passed += attempt.passed
                if as_json:
                    emit(attempt.as_json())
                    click.get_text_stream("stdout").flush()
                else:
                    sign = style("passed", fg="green") if attempt.passed else style("failed", fg="red")
                    text = attempt.error if attempt.status is None and attempt.error else verdict(attempt)
                    print(f"{sign}  #{number}  {visible(text)}")
    if not as_json and len(chosen) > 1:
        narrate(f"{units.count(len(chosen))} sent: {units.count(passed)} passed, {units.count(len(chosen) - passed)} failed.")
    return 0 if passed == len(chosen) else 1


def _unsent(number: int, to: str, error: str) -> Attempt:
    return Attempt(number, to, time.time_ns() // 1000, 0.0, error=error)


def _chosen(reader: Reader, ids: Sequence[str], words: str | None, one_per_shape: bool) -> list[int]:
    """The ids to replay, ascending."""
    if not ids and words is None and not one_per_shape:
        raise InspectorError("say what to replay: ids, --filter F or --one-per-shape.")
    numbers: set[int] = set()
    for word in ids:
        first, dash, last = word.removeprefix("#").partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise InspectorError(f"{word!r} is no id; write 12, or 15-20 for a range.")
        if dash:
            numbers.update(reader.ids(int(first) - 1, int(last) + 1))
        else:
            numbers.add(int(first))
    if words is not None:
        numbers.update(reader.matching(parse_filter(words)))
    elif one_per_shape and not ids:
        numbers.update(reader.ids())
    chosen = sorted(numbers)
    if not one_per_shape:
        return chosen
    kept: dict[tuple[str | None, str | None, str], int] = {}
    for start in range(0, len(chosen), 500):
        for event in reader.events(chosen[start : start + 500]):
            if event.shape is not None and event.complete:
                kept.setdefault((event.sender, event.type, event.shape), event.id)
    return sorted(kept.values())


def own_addresses(path: Path, reader: Reader) -> list[tuple[str, int]]:
    """Where this store's own listener can be reached: what a replay must not be sent to."""
    from urllib.parse import urlsplit

    from inspector.capture.child import running

    listener = running(path)
    if listener is None:
        return []
    port = int(listener["port"])
    found = [(str(listener["host"]), port), ("127.0.0.1", port), ("::1", port)]
    tunnel = reader.state("tunnel")
    if isinstance(tunnel, dict) and tunnel.get("url"):
        host = urlsplit(str(tunnel["url"])).hostname
        found += [(host, 443), (host, 80)] if host else []
    return found


# -- send


@click.command("send", short_help="Post payload files, by default to the running listener.")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("--to", default=None, metavar="URL", help="Where to; else the listener of this store.")
@json_option
@click.pass_obj
def send_command(store: str | None, files: tuple[str, ...], to: str | None, as_json: bool) -> int:
    """Post payload files (.json, or raw requests as .http) to a URL, by default to the listener that runs for this store.

    Exit code 1 unless every answer was 2xx.
    """
    from inspector.capture.child import running
    from inspector.replay.send import verdict

    if to is None:
        path = store_path(store)
        listener = running(path)
        if listener is None:
            raise InspectorError(f"no listener runs for {path}. Start inspector, or name a URL: --to URL.")
        to = str(listener["url"])
    passed = 0
    for file in files:
        attempt = asyncio.run(post_file(Path(file), to))
        passed += attempt.passed
        if as_json:
            emit({"file": file, "target": to, "status": attempt.status, "error": attempt.error, "ms": round(attempt.ms, 3)})
        else:
            sign = style("sent", fg="green") if attempt.passed else style("failed", fg="red")
            print(f"{sign}  {visible(file)}  {visible(verdict(attempt))}")
    return 0 if passed == len(files) else 1


async def post_file(file: Path, to: str) -> Attempt:
    """Send one payload file to a URL, in the bytes it stands for."""
    from inspector.replay.send import replay
    from inspector.replay.target import parse_target

    request = _complete(_read(file))
    return await replay(request, 0, parse_target(to))


def _read(file: Path) -> Request:
    from inspector.store.files import read_payload_file

    return read_payload_file(file)


def _complete(request: Request) -> Request:
    """A request as a sender would send it: with a Host line, and a User-Agent that says who sends."""
    from inspector import __version__

    lines = request.headers
    if request.header(b"host") is None:
        lines = ((b"Host", b"localhost"), *lines)
    if request.header(b"user-agent") is None:
        lines = (*lines, (b"User-Agent", f"inspector/{__version__}".encode()))
    if request.header(b"content-length") is None and request.header(b"transfer-encoding") is None:
        lines = (*lines, (b"Content-Length", b"%d" % len(request.body)))
    return Request(request.method, request.target, lines, request.body, request.version)


# -- import


@click.command("import", short_help="Take payload files into the store.")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@json_option
@click.pass_obj
def import_command(store: str | None, files: tuple[str, ...], as_json: bool) -> int:
    """Take files into the store, with or without a listener: a payload file (.json), a raw request (.http), a file with
    one payload a line (NDJSON), or events as `inspector show --json` prints them.

    It returns when all of them are identified. Nothing of a file is taken when it cannot be read whole.
    """
    from inspector.store.writer import Arrival, StoreWriter

    every: list[tuple[str, list[Arrival]]] = [(file, list(_arrivals(Path(file)))) for file in files]
    writer = StoreWriter(store_path(store))
    imported = 0
    try:
        for file, arrivals in every:
            at = 0
            while at < len(arrivals):
                started = time.monotonic()
                writer.begin()
                try:
                    while at < len(arrivals) and time.monotonic() - started < _HOLD_S:
                        writer.add(arrivals[at : at + 8], identify_all=True)
                        at += 8
                    writer.commit()
                except BaseException:
                    writer.rollback()
                    raise
                if at < len(arrivals):
                    time.sleep(_PAUSE_S)
            imported += len(arrivals)
            if as_json:
                emit({"file": file, "events": len(arrivals)})
    finally:
        writer.close()
    if not as_json:
        narrate(f"Imported {units.count(imported, 'event')} from {units.count(len(files), 'file')}.")
    return 0


def _arrivals(file: Path) -> Iterator[Any]:
    """The events a file holds, ready to be stored."""
    from inspector.core.payload import NotJson, parse
    from inspector.store.writer import Arrival, now

    if file.suffix.lower() == ".http":
        yield Arrival(_read(file), "import", *now(), status=None)
        return
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InspectorError(f"cannot read {file}: {(error.strerror or str(error)).lower()}.") from None
    if file.suffix.lower() not in (".ndjson", ".jsonl"):
        try:
            payload = parse(data)
        except NotJson as error:
            whole = error
        else:
            yield _exported(payload, str(file)) or Arrival(_post(data), "import", *now(), status=None)
            return
    else:
        whole = None
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            payload = parse(line)
        except NotJson as error:
            told = whole if whole is not None and number == 1 else error
            raise InspectorError(f"{file}, line {number}: {told} Nothing of this file was imported.") from None
        yield _exported(payload, f"{file}, line {number}") or Arrival(_post(line), "import", *now(), status=None)


def _post(body: bytes) -> Request:
    return Request("POST", b"/", ((b"Content-Type", b"application/json"),), body)


def _exported(value: Any, where: str) -> Any:
    """The event in a line of `show --json`, or None when the value is a payload like any other."""
    from datetime import datetime

    from inspector.store.writer import Arrival, now

    if not isinstance(value, dict) or not {"received_at", "method", "target", "headers", "remote"} <= set(value):
        return None
    try:
        received = int(datetime.fromisoformat(value["received_at"]).timestamp() * 1_000_000 + 0.5)
        raw = value.get("raw_head")
        if value["method"] is None or value["target"] is None:
            request = None
        else:
            body = base64.b64decode(value["body_base64"]) if "body_base64" in value else value["body"].encode()
            lines = tuple((_line_part(name), _line_part(line)) for name, line in value["headers"])
            request = Request(
                str(value["method"]), value["target"].encode("latin-1"), lines, body, str(value.get("version") or "1.1")
            )
        return Arrival(
            request,
            str(value["remote"])[:200],
            received,
            now()[1],
            value.get("status"),
            value.get("incomplete"),
            value.get("rejected"),
            None if raw is None else raw.encode("latin-1"),
            count=int(value.get("count", 1)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InspectorError(f"{where}: this looks like an exported event, but is broken ({error}).") from None


def _line_part(text: str) -> bytes:
    part = text.encode("latin-1")
    if b"\r" in part or b"\n" in part:
        raise ValueError("a header line holds a line break")
    return part

