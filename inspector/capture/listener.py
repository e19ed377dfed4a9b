"""The HTTP edge: whatever arrives becomes an event, and is answered only once that event is on disk.

aiohttp's low-level server does the parsing; a subclass of its protocol keeps the raw head of what the parser refuses,
and notes when a head or a body began, so that one sweep over the connections enforces the deadlines. No router, no
decompression, no decoding: target, header lines and body are taken as bytes. Facts about aiohttp 3.14 that this rests on
(`RequestHandler.data_received`, `handle_error`, a request factory, an answer of our own) are held by
``tests/capture/test_raw_http.py``.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from inspector.capture.answers import Answer, Answers
from inspector.capture.limits import Limits
from inspector.capture.refused import Refused, words_for
from inspector.core.events import Request
from inspector.store.commit import GroupCommit
from inspector.store.writer import PIECE, Arrival, StoreFailed, now

NOT_STORED = Answer(503, b'{"status":"not stored"}', ((b"Retry-After", b"5"),))
PAUSED = Answer(503, b'{"status":"paused"}', ((b"Retry-After", b"30"),))
REFUSED = Answer(400, b'{"status":"refused"}')
TOO_LARGE = Answer(413, b'{"status":"too large"}')
TOO_SLOW = Answer(408, b'{"status":"too slow"}')
TOO_MANY = Answer(503, b'{"status":"too many connections"}', ((b"Retry-After", b"5"),))

_SPILL = 64 * 1024
_SILENT = logging.getLogger("inspector.capture.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class _Late(Exception):
    """The body's deadline has passed."""


class _Incoming:
    """What aiohttp makes of one request, as little as possible: it stands in for `web.BaseRequest`."""

    __slots__ = ("_task", "message", "payload", "protocol")

    def __init__(self, message: Any, payload: Any, protocol: Connection, task: Any) -> None:
        self.message = message
        self.payload = payload
        self.protocol = protocol
        self._task = task

    def _finish(self) -> None:
        """aiohttp calls this when the request is done; there is nothing to let go of."""

    def _cancel(self, exception: BaseException) -> None:
        """aiohttp calls this when the connection is lost: whoever reads the body must hear it."""
        self.payload.set_exception(exception)


class _Wire:
    """An answer ready to be written; it stands in for `web.StreamResponse`."""

    __slots__ = ("data", "keep_alive")

    def __init__(self, data: bytes, keep_alive: bool) -> None:
        self.data = data
        self.keep_alive = keep_alive

    async def prepare(self, request: _Incoming) -> None:
        """Nothing is left to prepare."""

    async def write_eof(self) -> None:
        """The bytes were written by the handler."""


class Connection(RequestHandler):
    """One connection: aiohttp's protocol, plus the raw head and the times the deadlines need."""

    __slots__ = ("answered", "body_since", "head", "head_since", "late", "listener", "peer", "received")

    def __init__(self, manager: Any, listener: Listener, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self.listener = listener
        self.peer = ""
        self.head = b""
        """Bytes since the last complete head, at most `Limits.raw` of them."""
        self.head_since: float | None = None
        self.body_since: float | None = None
        self.late = False
        self.received = (0, 0)
        """Both clocks at the first byte of the head."""
        self.answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection in, or turn it away with 503 when there are too many."""
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"
        listener = self.listener
        if len(listener.connections) >= listener.limits.connections:
            cast(asyncio.Transport, transport).write(TOO_MANY.bytes_for("GET", False))
            transport.close()
            listener.refuse(self.peer, "too many connections at once", b"", 503)
            self._manager = None  # connection_lost of a connection that never was
            return
        listener.connections.add(self)
        self.head_since = time.monotonic()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it out; what had come of a head that never ended is kept as a rejected event."""
        if self in self.listener.connections:
            self.listener.connections.discard(self)
            if self.head and not self.late and self.body_since is None:
                self.listener.refuse(self.peer, "the sender hung up before the head was complete", self.head, None)
            self.head = b""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Keep the raw bytes of a head that is not complete yet, then let aiohttp parse."""
        if self.body_since is None and data:
            if not self.head:
                self.received = now()
                if self.head_since is None:
                    self.head_since = time.monotonic()
                self.head = data
            elif len(self.head) < self.listener.limits.raw:
                self.head += data
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self.head_since = None
            if self._messages or self._current_request is not None:
                # The parser stopped at an error when its last message is one: `handle_error` takes the head then.
                last = self._messages[-1][0] if self._messages else None
                if last is None or hasattr(last, "raw_headers"):
                    self.head = b""

    def handle_error(
        self, request: Any, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> Any:
        """Keep what the parser refused as a rejected event; the answer is a fixed text that echoes nothing."""
        raw, self.head = self.head, b""
        self.late = True
        if isinstance(exc, HttpProcessingError) or status == 400:
            if not self.answered:
                self.listener.refuse(self.peer, words_for(raw, exc, message), raw, 400, self.received)
            answer = REFUSED
        else:
            self.listener.failed(exc)
            answer = NOT_STORED
        return self.send(answer, "POST", False)

    def send(self, answer: Answer, method: str, keep_alive: bool) -> _Wire:
        """Write an answer; nothing is sent twice and nothing into a closed connection."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.write(answer.bytes_for(method, keep_alive))
        return _Wire(b"", keep_alive)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """aiohttp's own tracebacks become one counted line."""
        self.listener.failed(kw.get("exc_info"))

    def sweep(self, moment: float) -> None:
        """Close a connection whose head is late; tell the reader of a body that is."""
        limits = self.listener.limits
        if self.head_since is not None and moment - self.head_since > limits.head_deadline:
            self.late = True
            if self.head:
                self.listener.refuse(
                    self.peer,
                    f"the head was not complete after {limits.head_deadline:g} s",
                    self.head,
                    408,
                    self.received,
                )
                self.send(TOO_SLOW, "POST", False)
            self.head = b""
            self.head_since = None
            self.force_close()
        elif self.body_since is not None and moment - self.body_since > limits.body_deadline:
            self.body_since = moment
            request = self._current_request
            if request is not None:
                cast(_Incoming, request).payload.set_exception(_Late())


class _Server(web.Server):
    """Makes our `Connection` for every new connection."""

    def __init__(self, listener: Listener, **settings: Any) -> None:
        super().__init__(listener.handle, request_factory=self._incoming, **settings)  # type: ignore[arg-type]
        self._listener = listener
        self._settings = settings

    def __call__(self) -> RequestHandler:
        return Connection(self, self._listener, loop=self._loop, **self._settings)

    @staticmethod
    def _incoming(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> _Incoming:
        return _Incoming(message, payload, protocol, task)


class Listener:
    """Takes requests in, stores them through `commit`, and answers by the rules in `answers`."""

    def __init__(self, commit: GroupCommit, limits: Limits, log: Callable[[str], None]) -> None:
        """`log` gets one line for each thing that went wrong, already safe to show."""
        self.commit = commit
        self.limits = limits.settled()
        self.answers = Answers()
        self.paused = False
        self.connections: set[Connection] = set()
        self.refused = Refused(commit, log)
        self._log = log
        self._in_flight = 0
        self._failures = 0
        self._sweeper: asyncio.Task[None] | None = None
        self.server = _Server(
            self,
            auto_decompress=False,
            max_line_size=self.limits.line,
            max_field_size=self.limits.field,
            max_headers=self.limits.fields,
            keepalive_timeout=30,
            lingering_time=1,
            access_log=None,
            logger=_SILENT,
        )

    def start(self) -> None:
        """Begin to enforce the deadlines."""
        self._sweeper = asyncio.create_task(self._sweep(), name="deadlines")

    async def _sweep(self) -> None:
        step = min(0.5, self.limits.head_deadline / 4, self.limits.body_deadline / 4)
        while True:
            await asyncio.sleep(step)
            moment = time.monotonic()
            for connection in list(self.connections):
                connection.sweep(moment)
            self.refused.flush(moment)

    async def stop(self, timeout: float) -> None:
        """Finish what is being handled (at most `timeout` seconds), close every connection, write what was refused."""
        self.server.pre_shutdown()
        await self.server.shutdown(timeout)
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self.refused.close()

    def refuse(
        self, peer: str, reason: str, raw: bytes, status: int | None, received: tuple[int, int] | None = None
    ) -> None:
        """Keep a refused request as a rejected event, in the background."""
        self.refused.add(peer, reason, raw[: self.limits.raw], status, received or now())

    def failed(self, error: BaseException | Any) -> None:
        """Log something unexpected, the first time in full words and then once for every hundred."""
        self._failures += 1
        if self._failures == 1 or self._failures % 100 == 0:
            self._log(f"a request could not be handled ({type(error).__name__}: {error}); {self._failures} so far")

    async def handle(self, incoming: _Incoming) -> _Wire:
        """One request: read it, store it, answer it."""
        message, payload, connection = incoming.message, incoming.payload, incoming.protocol
        method: str = message.method
        target = message.path.encode("utf-8", "surrogateescape")
        received = connection.received
        version = message.version
        keep_alive = not message.should_close and not connection._close
        if self.paused:
            return connection.send(PAUSED, method, False)
        answer = self.answers.choose(method, target)
        incomplete: str | None = None
        upload: int | None = None
        size = 0
        digest = b""
        if payload.is_eof():
            body = payload.read_nowait(-1)
        else:
            if version >= (1, 1) and message.headers.get("Expect", "").lower() == "100-continue" and connection.transport:
                connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.body_since = time.monotonic()
            try:
                body, upload, size, digest, incomplete, status = await self._read(payload)
            except StoreFailed:
                return connection.send(NOT_STORED, method, False)
            finally:
                connection.body_since = None
                connection.head = b""
            if status == 413:
                answer, keep_alive = TOO_LARGE, False
            elif status == 408:
                answer, keep_alive = TOO_SLOW, False
            elif status is not None:
                answer, keep_alive = REFUSED, False
        if incomplete is None and len(body) > self.limits.body:
            body, incomplete, answer, keep_alive = body[: self.limits.body], self.limits.body_words(), TOO_LARGE, False
        gone = incomplete is not None and connection.transport is None
        request = Request(method, target, message.raw_headers, body, f"{version.major}.{version.minor}")
        arrival = Arrival(
            request,
            connection.peer,
            received[0],
            received[1],
            None if gone or answer.drop else answer.status,
            incomplete,
            upload=upload,
            size=size,
            sha256=digest,
        )
        connection.answered += 1 if incomplete else 0
        try:
            await self.commit.put(arrival)
        except StoreFailed:
            return connection.send(NOT_STORED, method, False)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.drop:
            connection.force_close()
            return _Wire(b"", False)
        return connection.send(answer, method, keep_alive)

    async def _read(self, payload: Any) -> tuple[bytes, int | None, int, bytes, str | None, int | None]:
        """Read a body that has not come whole.

        Returns body, upload number, size and digest (for one stored in pieces), why it is incomplete, and the status of
        an answer other than the chosen one.
        """
        kept = bytearray()
        upload: int | None = None
        pieces = size = 0
        digest = hashlib.sha256()
        incomplete: str | None = None
        status: int | None = None
        try:
            while True:
                try:
                    data = await payload.readany()
                except _Late:
                    incomplete, status = f"timeout: the body was not complete after {self.limits.body_deadline:g} s", 408
                    break
                except (ConnectionError, asyncio.IncompleteReadError):
                    incomplete = "the sender hung up before the body was complete"
                    break
                except Exception as error:
                    incomplete, status = f"broken body: {words_for(b'', error, str(error))}", 400
                    break
                if not data:
                    break
                size += len(data)
                if size > self.limits.body:
                    data = data[: len(data) - (size - self.limits.body)]
                    size = self.limits.body
                    incomplete, status = self.limits.body_words(), 413
                kept += data
                self._in_flight += len(data)
                while len(kept) >= PIECE or (len(kept) >= _SPILL and self._in_flight > self.limits.in_flight):
                    part = bytes(kept[:PIECE])
                    del kept[: len(part)]
                    digest.update(part)
                    self._in_flight -= len(part)
                    upload = await self.commit.put_piece(upload, pieces, part)
                    pieces += 1
                if status == 413:
                    break
            if upload is None:
                return bytes(kept), None, 0, b"", incomplete, status
            if kept:
                digest.update(kept)
                await self.commit.put_piece(upload, pieces, bytes(kept))
            return b"", upload, size, digest.digest(), incomplete, status
        finally:
            self._in_flight -= len(kept)
