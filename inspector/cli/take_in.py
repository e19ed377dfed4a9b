"""``inspector import``: payload files, captured events and archives into the store."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import click

from inspector.cli.arguments import json_option
from inspector.cli.output import emit, narrate
from inspector.core import units
from inspector.core.events import InspectorError, Request
from inspector.core.payload import NotJson, parse
from inspector.store.arrival import Arrival
from inspector.store.exported import Imported, is_exported, read_exported
from inspector.store.files import read_payload_file
from inspector.store.place import imports_lock, store_path
from inspector.store.writer import PIECE, StoreWriter, now

_AT_ONCE = 64
"""Events in one transaction, a few milliseconds' work: so long a listener beside waits for its turn."""
_LOCK_WAIT_S = 5.0
_ADD_NOTE = "INSERT INTO note (event, starred, comment) VALUES (?, ?, ?)"


@click.command("import", short_help="Take files into the store.")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@json_option
@click.pass_obj
def import_command(store: str | None, files: tuple[str, ...], as_json: bool) -> int:
    """Take files into the store, with or without a listener.

    \b
    FILES are each (- is standard input)
      a payload, as .json, or a raw request, as .http
      one payload a line (NDJSON)
      what inspector export or inspector show --json wrote, or a .har file

    It returns when all of them are identified. Nothing is taken when one of them cannot be read whole.
    """
    every = [(file, list(read_file(file))) for file in files]
    writer = StoreWriter(store_path(store))
    try:
        for file, events in every:
            take_in(writer, events)
            if as_json:
                emit({"file": file, "events": len(events)}, at_once=True)
    finally:
        writer.close()
    if not as_json:
        imported = sum(len(events) for _, events in every)
        narrate(f"Imported {units.count(imported, 'event')} from {units.count(len(files), 'file')}.")
    return 0


def take_in(writer: StoreWriter, events: list[Imported]) -> None:
    """Store events, a few at a time with pauses between, and identify every one of them."""
    with _pieces_safe(writer.path) if any(map(_is_large, events)) else nullcontext():
        _take_in(writer, events)


def _is_large(event: Imported) -> bool:
    request = event.arrival.request
    return request is not None and len(request.body) > PIECE


@contextmanager
def _pieces_safe(store: Path) -> Iterator[None]:
    """Keep a listener that starts now from sweeping pieces away before their event is there."""
    lock = imports_lock(store)
    deadline = time.monotonic() + _LOCK_WAIT_S
    try:
        while not lock.acquire(shared=True):  # a listener looks whether somebody holds it
            if time.monotonic() > deadline:
                raise InspectorError(f"{lock.path} is locked by another program. Try again.")
            time.sleep(0.01)
    except OSError as error:
        raise InspectorError(f"cannot open {lock.path}: {(error.strerror or str(error)).lower()}.") from None
    try:
        yield
    finally:
        lock.release()


def _take_in(writer: StoreWriter, events: list[Imported]) -> None:
    at = 0
    while at < len(events):
        some: list[Imported] = []
        size = 0
        while at < len(events) and len(some) < _AT_ONCE and size < PIECE:
            size += 0 if (request := events[at].arrival.request) is None else len(request.body)
            some.append(events[at])
            at += 1
        arrivals = [_in_pieces(writer, event.arrival) for event in some]
        with _transaction(writer):
            stored = writer.store(arrivals)
            for event, (number, _) in zip(some, stored, strict=True):
                if event.starred or event.comment is not None:
                    writer.db.execute(_ADD_NOTE, (number, event.starred, event.comment))
        for number, pending in stored:
            if pending:
                # Outside the transaction: what is large takes longer to decode than a listener can wait.
                writer.identify(number)


def _in_pieces(writer: StoreWriter, arrival: Arrival) -> Arrival:
    """The arrival with a large body stored beforehand, so that no transaction takes long."""
    request = arrival.request
    if request is None or len(request.body) <= PIECE:
        return arrival
    body, upload = request.body, 0
    for number, start in enumerate(range(0, len(body), PIECE)):
        with _transaction(writer):
            upload = upload or writer.new_upload()
            writer.add_piece(upload, number, body[start : start + PIECE])
    digest = hashlib.sha256(body).digest()
    return replace(arrival, request=replace(request, body=b""), upload=upload, size=len(body), sha256=digest)


@contextmanager
def _transaction(writer: StoreWriter) -> Iterator[None]:
    """One short transaction; after it a listener beside may have its turn."""
    writer.begin()
    started = time.monotonic()
    try:
        yield
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    time.sleep(min(0.005, (time.monotonic() - started) / 4))


def read_file(file: str) -> Iterator[Imported]:
    """The events that a file holds; InspectorError names the file and the line that cannot be read."""
    if file != "-" and Path(file).suffix.lower() == ".http":
        yield _arrived(read_payload_file(Path(file)))
        return
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InspectorError(f"cannot read {file}: {(error.strerror or str(error)).lower()}.") from None
    name = "standard input" if file == "-" else file
    if Path(file).suffix.lower() == ".har":
        from inspector.store.har import read_har

        yield from read_har(data, name)
        return
    whole: NotJson | None = None
    if Path(file).suffix.lower() not in (".ndjson", ".jsonl"):
        try:
            yield _event(parse(data), data, name)
            return
        except NotJson as error:
            whole = error
    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise InspectorError(f"{name} is empty. Nothing was imported.")
    for number, line in lines:
        try:
            payload = parse(line)
        except NotJson as error:
            told, where = error, number
            if number == lines[0][0] and whole is not None and whole.line is not None:
                told, where = whole, whole.line  # no NDJSON: one document, broken further on
            raise InspectorError(f"{name}, line {where}: {told} Nothing was imported.") from None
        yield _event(payload, line.removesuffix(b"\r"), f"{name}, line {number}")


def _event(payload: object, data: bytes, where: str) -> Imported:
    if is_exported(payload) and isinstance(payload, dict):
        return read_exported(payload, where)
    return _arrived(Request("POST", b"/", ((b"Content-Type", b"application/json"),), data))


def _arrived(request: Request) -> Imported:
    return Imported(Arrival(request, "import", *now(), status=None))
