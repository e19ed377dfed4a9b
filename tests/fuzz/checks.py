"""What must hold for whatever arrives: each check takes hostile input and fails with an AssertionError.

Used by the tests beside it, in sizes for every day, and by ``benchmarks/fuzz.py`` for as long as one likes.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from inspector.capture import refused
from inspector.capture.limits import Limits
from inspector.capture.listener import Listener
from inspector.cli.take_in import read_file, take_in
from inspector.core.bodies import hex_of, view_of
from inspector.core.diff import diff
from inspector.core.events import InspectorError, Request
from inspector.core.filters import FilterError, parse_filter
from inspector.core.identify import identify_request
from inspector.core.jsontext import reindent
from inspector.core.preview import preview_of
from inspector.core.redact import redact_request
from inspector.core.shapes import from_json, shape_hash, to_json
from inspector.core.text import for_output, visible
from inspector.core.type_shape import Variant, type_shape
from inspector.store.commit import GroupCommit
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter

Result = TypeVar("Result")

HANG_S = 1.0
NO_END_S = 20.0
_ANSWER = re.compile(
    rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\nContent-Type: application/json\r\nContent-Length: (\d+)\r\n"
    rb"(?:Retry-After: \d+\r\n)?Connection: (?:close|keep-alive)\r\n\r\n"
)
_BODIES = (
    b'{"status":"received"}',
    b'{"status":"refused"}',
    b'{"status":"too slow"}',
    b'{"status":"too large"}',
)
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def in_time(check: Callable[..., None], *given: Any) -> None:
    """Run a check; when it took longer than a second of work, again."""
    for last in (False, True):
        began = time.thread_time()
        check(*given)
        if time.thread_time() - began < HANG_S:
            return
        assert not last, f"{check.__name__} takes {time.thread_time() - began:.1f} s"


def _outcome(work: Callable[[], Result]) -> Result | InspectorError:
    """What comes of it, or the refusal: one with a message that can be shown."""
    try:
        return work()
    except InspectorError as error:
        refusal = error
    assert str(refusal)
    assert not _UNSAFE.search(str(refusal)), repr(str(refusal))
    return refusal


def check_body(body: bytes, content_type: bytes, encoding: bytes) -> None:
    """Whatever a body is: it is identified, shown in every way, masked, and shaped, and stays as it was."""
    lines = ((b"Content-Type", content_type), (b"Content-Encoding", encoding))
    request = Request("POST", b"/", tuple(line for line in lines if line[1]), body)
    for view in (view_of(request), preview_of(request), hex_of(request)):
        assert isinstance(view.text, str)
        visible(view.text).encode()
    reindent(view_of(request).text)
    found = identify_request(request)
    for text in (found.identity.type, found.identity.delivery_id, found.identity.message):
        assert text is None or (isinstance(text, str) and text.encode() is not None)
    if found.shape is not None:
        again = from_json(to_json(found.shape))
        assert shape_hash(again) == shape_hash(found.shape)
        shape = type_shape([Variant(found.shape, 1, 1, 1, shape_hash(found.shape))])
        assert diff(shape, shape) == []
    masked, _ = redact_request(request)
    assert masked.method == "POST"
    assert request.body == body


def check_filter(text: str, db: sqlite3.Connection) -> None:
    """Whatever is typed is a filter, which reads back as itself and which SQLite takes, or a told mistake."""
    now_us = 1_790_000_000_000_000
    wanted = _outcome(lambda: parse_filter(text, now_us))
    if isinstance(wanted, InspectorError):
        assert isinstance(wanted, FilterError)
        for mistake in wanted.mistakes:
            assert not _UNSAFE.search(mistake.text + mistake.hint), repr(mistake)
            assert 0 <= mistake.start <= mistake.end <= len(wanted.text)
        return
    assert parse_filter(wanted.text, now_us) == wanted
    where, values = wanted.sql()
    db.execute(
        "SELECT event.id FROM event LEFT JOIN note ON note.event = event.id "
        f"LEFT JOIN shape ON shape.id = event.shape WHERE {where}",
        values,
    ).fetchall()
    wanted.matches_body(Request("POST", b"/a?b", ((b"X-A", b"1"),), b'{"a":[{"b":1}]}'), {"a": [{"b": 1}]})


def check_import(file: Path, data: bytes, writer: StoreWriter | None) -> None:
    """Whatever a file holds is taken in as events, which are there as they were read, or refused in a sentence."""
    file.write_bytes(data)
    events = _outcome(lambda: list(read_file(str(file))))
    if isinstance(events, InspectorError):
        return
    assert events
    if writer is None:
        return
    before = last_id(writer)
    take_in(writer, events)
    assert last_id(writer) == before + len(events)
    with closing(Reader(writer.path)) as reader:
        for number, event in enumerate(events, before + 1):
            stored = reader.event(number)
            assert stored is not None
            for_output(str(stored.as_json()))
            if event.arrival.request is not None and stored.rejected is None:
                assert reader.request(number) == event.arrival.request


def last_id(writer: StoreWriter) -> int:
    """The highest id that was given out."""
    return int(writer.db.execute("SELECT last_id FROM total").fetchone()[0])


class Edge:
    """A listener of our own on a real socket, in a thread; a context manager."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.told: list[str] = []
        """What the listener has logged; it has no reason to."""
        self.acknowledged = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Edge:
        self._single, refused.SINGLE = refused.SINGLE, 1 << 40  # every refusal by itself
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)
        self._loop.close()
        refused.SINGLE = self._single

    async def _serve(self) -> None:
        commit = GroupCommit(self.store)
        await commit.open()
        limits = Limits(body=20_000, head_deadline=60, body_deadline=60)
        listener = Listener(commit, limits, self.told.append)
        listener.start()
        runner = web.ServerRunner(listener.server)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stopped.wait()
        await listener.stop(1)
        await runner.cleanup()
        await commit.close()

    def check(self, data: bytes, cut: int) -> None:
        """Send bytes in two parts and close our side: answers are our fixed texts, none is a 5xx, all in time."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=NO_END_S) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answer = b""
            try:
                at = cut % (len(data) + 1)
                client.sendall(data[:at])
                client.sendall(data[at:])
                client.shutdown(socket.SHUT_WR)
                while some := client.recv(65_536):
                    answer += some
            except TimeoutError:
                raise AssertionError(f"no end after {NO_END_S} s: {data!r}") from None
            except OSError:
                return  # it had heard enough and hung up; what it had answered is lost with the connection
        self.acknowledged += sum(200 <= status < 300 for status in statuses(answer))
        assert self.told == []

    def check_stored(self) -> None:
        """Every acknowledged request is an event."""
        with closing(Reader(self.store)) as reader:
            stored = [event.status for event in reader.events(reader.ids())]
        assert sum(status == 200 for status in stored) >= self.acknowledged


def statuses(answer: bytes) -> list[int]:
    """The statuses of the answers; fails when an answer is not one of the fixed texts."""
    found = []
    position = 0
    while position < len(answer):
        if answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n", position):
            position += 25
            continue
        match = _ANSWER.match(answer, position)
        assert match is not None, answer[position : position + 200]
        position = match.end()
        if position < len(answer) and not answer.startswith(b"HTTP/", position):  # else to a HEAD
            body = answer[position : position + int(match[2])]
            assert body in _BODIES, body
            position += len(body)
        found.append(int(match[1]))
    assert all(status in (200, 400, 408, 413) for status in found), found
    return found
