"""Events written to files: one a line, as an HTTP archive, or as payload files. What is written can be read by its
owner only (mode 0600)."""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from inspector.core import units
from inspector.core.events import Event, InspectorError, Request
from inspector.core.identify import header_map, is_encoded, payload_of
from inspector.core.payload import NotJson, parse
from inspector.core.redact import redact_request
from inspector.core.senders import recognise
from inspector.core.strict_json import json_line
from inspector.store.exported import whole
from inspector.store.place import make_folder
from inspector.store.reader import Reader

Form = Literal["ndjson", "har", "files"]
_Exported = tuple[Event, Request | None, bytes | None]
"""An event, its request, and the raw head of a rejected one."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    events: int
    left_out: int = 0
    """Rejected events, where a form has no place for them."""
    masked: int = 0
    """Secrets that were masked."""

    def words(self) -> str:
        """A sentence or two."""
        rejected = f" {units.count(self.left_out, 'rejected event')} left out." if self.left_out else ""
        secrets = f" {units.count(self.masked, 'secret')} masked." if self.masked else ""
        return f"Exported {units.count(self.events, 'event')}.{rejected}{secrets}"


def write_events(
    reader: Reader, numbers: Sequence[int], form: Form, path: Path | None, *, show_secrets: bool = False
) -> Written:
    """Write events to a file, or payload files into a folder; None is standard output. InspectorError."""
    events = _events(reader, numbers)
    if form == "files":
        if path is None:
            raise InspectorError("--as files needs a folder: -o FOLDER.")
        return _write_files(path, events, show_secrets)
    with _writing(path) as out:
        if form == "ndjson":
            return Written(_write_lines(out, events))
        from inspector.store.har import write_har

        return Written(*write_har(out, events, show_secrets))


def _events(reader: Reader, numbers: Sequence[int]) -> Iterator[_Exported]:
    for start in range(0, len(numbers), 100):
        for event in reader.events([*numbers[start : start + 100]]):
            yield event, reader.request(event.id), reader.raw_head(event.id)


def _write_lines(out: IO[str], events: Iterator[_Exported]) -> int:
    number = 0
    for event, request, raw in events:
        out.write(json_line(whole(event, request, raw)) + "\n")
        number += 1
    return number


@contextmanager
def _writing(path: Path | None) -> Iterator[IO[str]]:
    """A text file to write to: 0600, and there under its name only once it is whole. None is standard
    output."""
    if path is None:
        yield sys.stdout
        return
    if path.is_dir():
        raise InspectorError(f"{path} is a folder; name a file in it.")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        with path.open("w", encoding="utf-8") as out:  # a pipe or a device
            yield out
        return
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InspectorError(f"cannot write {path}: {(error.strerror or str(error)).lower()}.") from None
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


# -- payload files


def _write_files(folder: Path, events: Iterator[_Exported], show_secrets: bool) -> Written:
    try:
        make_folder(folder)
    except OSError as error:
        raise InspectorError(f"cannot make {folder}: {(error.strerror or str(error)).lower()}.") from None
    number = left_out = masked = 0
    for event, request, _ in events:
        if request is None or event.rejected is not None:
            left_out += 1
            continue
        shown, secrets = (request, 0) if show_secrets else redact_request(request)
        masked += secrets
        ending, data = (
            (".json", shown.body) if _body_says_it_all(event, request) else (".http", raw_form(shown))
        )
        _write_file(folder / f"{_safe(event.type or 'event')}--{event.id}{ending}", data)
        number += 1
    return Written(number, left_out, masked)


def _write_file(path: Path, data: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InspectorError(f"{path} is there already; name a new folder.") from None
    except OSError as error:
        raise InspectorError(f"cannot write {path}: {(error.strerror or str(error)).lower()}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _safe(name: str) -> str:
    """A type as part of a file's name: what could be a folder, a dot file or an option is written as
    ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".-")[:100] or "event"


def _body_says_it_all(event: Event, request: Request) -> bool:
    """True when the body alone, posted as JSON, would be the same event to us."""
    headers = header_map(request.headers)
    if request.method != "POST" or is_encoded(headers):
        return False
    try:
        payload = payload_of(headers, request.body)
        alone = parse(request.body)
    except NotJson:
        return False
    identity = recognise({}, alone)
    return payload == alone and (identity.sender, identity.type) == (event.sender, event.type)


def raw_form(request: Request) -> bytes:
    """A request as a ``.http`` file holds it: request line, header lines, blank line, body."""
    line = b"%s %s HTTP/%s" % (
        request.method.encode("latin-1"),
        request.target,
        request.version.encode("ascii"),
    )
    head = [line, *(b"%s: %s" % pair for pair in request.headers), b"", b""]
    return b"\r\n".join(head) + request.body
