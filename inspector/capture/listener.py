"""The HTTP edge: whatever arrives becomes an event, and is answered only once that event is on disk.

aiohttp's low-level server does the parsing, on connections of our own (`inspector.capture.connection`); one
sweep over the connections enforces the deadlines. No router, no decompression, no decoding: target, header
lines and body are taken as bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from inspector.capture.answers import Answer, Answers
from inspector.capture.connection import LITTLE, NOT_STORED, READ, REFUSED, TOO_SLOW, TRAILERS, Connection
from inspector.capture.credentials import Credentials
from inspector.capture.limits import Limits
from inspector.capture.origin import Origin
from inspector.capture.refused import Refused
from inspector.capture.stand_ins import HUNG_UP, Cut, Incoming, Written, end_early
from inspector.capture.supervise import supervised
from inspector.capture.tls import Door
from inspector.core.events import Request
from inspector.core.labels import HeaderLines
from inspector.core.units import count
from inspector.store.arrival import Arrival
from inspector.store.commit import WAIT_S, GroupCommit
from inspector.store.writer import PIECE, StoreFailed

PAUSED = Answer(503, b'{"status":"paused"}', ((b"Retry-After", b"30"),))
TOO_LARGE = Answer(413, b'{"status":"too large"}')
STOPPED = Answer(503, b'{"status":"stopped"}', ((b"Retry-After", b"5"),))
UNAUTHORIZED = Answer(
    401,
    b'{"status":"unauthorized"}',
    ((b"WWW-Authenticate", b'Basic realm="webhook inspector", charset="UTF-8"'),),
)

_LONG_TRAILERS = f"the header lines after the body are longer than {count(TRAILERS)} bytes"
_ENDINGS = {400: REFUSED, 408: TOO_SLOW, 413: TOO_LARGE, 503: STOPPED}
"""Answers to bodies that are not whole, by status."""
_SPILL = 64 * 1024
_LARGE = 4 * _SPILL
_PIECES, _SMALL_PIECES = 3, 24
"""Pieces of bodies that wait for the disk at once, so that small events come between them: from `_LARGE` bytes
on, and below."""
_CLEAR_UP_S = 1.0
_SILENT = logging.getLogger("inspector.capture.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class _Server(web.Server):
    """Makes our `Connection` for every new connection."""

    def __init__(self, listener: Listener, **settings: Any) -> None:
        super().__init__(listener.handle, request_factory=self._incoming, **settings)  # type: ignore[arg-type]
        self._listener = listener
        self._settings = settings

    def __call__(self) -> Any:
        connection = Connection(self, self._listener, loop=self._loop, **self._settings)
        context = self._listener.tls
        return connection if context is None else Door(self._listener, connection, context)

    @staticmethod
    def _incoming(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Incoming:
        return Incoming(message, payload, protocol, task)


class Listener:
    """Takes requests in, stores them through `commit`, and answers by the rules in `answers`."""

    def __init__(self, commit: GroupCommit, limits: Limits, log: Callable[[str], None]) -> None:
        """`log` gets one line for each thing that went wrong, already safe to show."""
        self.commit = commit
        self.limits = limits.settled()
        self.answers = Answers()
        self.paused = False
        """Answer every request 503, whatever the rules say; it is stored all the same."""
        self.connections: set[Connection] = set()
        self.tls: ssl.SSLContext | None = None
        """What https is spoken with; None for http."""
        self.doors: set[Door] = set()
        """Connections in their TLS handshake."""
        self.credentials: Credentials | None = None
        """What senders have to give; None for nothing."""
        self.origin = Origin()
        self.refused = Refused(commit, log)
        self._log = log
        self._in_flight = 0
        self._pieces = asyncio.Semaphore(_PIECES), asyncio.Semaphore(_SMALL_PIECES)
        self._failures = 0
        self._abandoned: set[int] = set()
        """Uploads that could not be stored to their end, and whose pieces are to go."""
        self._tasks: list[asyncio.Task[None]] = []
        self._late: set[asyncio.Future[None]] = set()
        """One for each answer that is given late, until it is due."""
        self.server = _Server(
            self,
            auto_decompress=False,
            max_line_size=self.limits.line,
            max_field_size=self.limits.field,
            max_headers=self.limits.fields,
            keepalive_timeout=30,
            lingering_time=0,
            access_log=None,
            logger=_SILENT,
        )

    def start(self) -> None:
        """Begin to enforce the deadlines, and to clear up after bodies that could not be stored whole."""
        for name, work in (("the watch over deadlines", self._sweep), ("clearing up", self._clear_up)):
            self._tasks.append(asyncio.create_task(supervised(name, work, self._log), name=name))

    async def _sweep(self) -> None:
        step = min(0.5, self.limits.head_deadline / 4, self.limits.body_deadline / 4)
        while True:
            await asyncio.sleep(step)
            moment = time.monotonic()
            for connection in list(self.connections):
                connection.sweep(moment)
            self.refused.flush(moment)

    async def _clear_up(self) -> None:
        """Delete the pieces that a failing disk has left without an event, once it works again."""
        while True:
            await asyncio.sleep(_CLEAR_UP_S)
            while self._abandoned and self.commit.trouble is None:
                upload = next(iter(self._abandoned))
                try:
                    more = await self.commit.run("abandon", upload)
                except StoreFailed:
                    break
                if not more:
                    self._abandoned.discard(upload)

    async def stop(self, timeout: float) -> None:  # noqa: ASYNC109 - aiohttp's shutdown keeps it
        """Finish what is in hand in `timeout` seconds, close every connection, write what was refused.

        Answers that were to be late are given now: their events say that they were.
        """
        for due in list(self._late):
            _is_due(due)
        for door in list(self.doors):
            door.close()
        self.server.pre_shutdown()
        await self.server.shutdown(timeout)
        for task in self._tasks:
            task.cancel()
        await self.refused.close()

    async def answered(self) -> None:
        """Wait until the answers are due that are being given late now."""
        if self._late:
            await asyncio.wait(set(self._late))

    def _due(self, seconds: float) -> asyncio.Future[None]:
        """Done when an answer is due that is given late: after so many seconds, or when the listener ends."""
        loop = asyncio.get_running_loop()
        due: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _is_due, due)
        self._late.add(due)
        due.add_done_callback(self._late.discard)
        due.add_done_callback(lambda _: timer.cancel())
        return due

    def refuse(
        self, peer: str, reason: str, raw: bytes, status: int | None, received: tuple[int, int]
    ) -> None:
        """Keep a refused request as a rejected event, in the background."""
        self.refused.add(peer, reason, raw[: self.limits.raw], status, received)

    def keep_unanswered(
        self, message: Any, payload: Any, connection: Connection, received: tuple[int, int]
    ) -> None:
        """Keep a request whose sender was gone before its turn came, in the background."""
        ended = payload.exception()
        incomplete = ended.words if isinstance(ended, Cut) else None if payload.is_eof() else HUNG_UP
        request = _request(message, _unread(payload), connection.trailers.pop(payload, ()) or ())
        labels, forwarded, _ = self._origin(request, connection)
        self.refused.keep(
            Arrival(
                request,
                connection.peer,
                *received,
                status=None,
                incomplete=incomplete,
                labels=labels,
                forwarded_for=forwarded,
            )
        )

    def _origin(self, request: Request, connection: Connection) -> tuple[str | None, str | None, bool]:
        """Labels of a request, the address that the tunnel told, and whether it has the right credentials."""
        labels, forwarded = self.origin.of(request.headers, connection.peer, connection.near)
        welcome = self.credentials is None or self.credentials.fit(request.headers)
        if not welcome:
            labels.append("wrong-credentials")
        return " ".join(labels) or None, forwarded, welcome

    def failed(self, error: BaseException | Any) -> None:
        """Log something unexpected, the first time in full words and then once for every hundred."""
        self._failures += 1
        if self._failures == 1 or self._failures % 100 == 0:
            self._log(
                f"a request could not be handled ({type(error).__name__}: {error}); {self._failures} so far"
            )

    async def handle(self, incoming: Incoming) -> Written:
        """One request: read it, store it, answer it."""
        message, payload, connection = incoming.message, incoming.payload, incoming.connection
        method: str = message.method
        keep_alive = not message.should_close and not connection._close
        cut: Cut | None = None
        upload: int | None = None
        size = 0
        digest = b""
        if payload.is_eof() and payload.exception() is None:
            body = payload.read_nowait(-1)
        else:
            transport = connection.transport
            if transport is None:
                end_early(payload, Cut(HUNG_UP, None))
            elif message.version >= (1, 1) and message.headers.get("Expect", "").lower() == "100-continue":
                transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.body_since = time.monotonic()
            try:
                body, upload, size, digest, cut = await self._read(payload, connection)
            except StoreFailed:
                return connection.send(NOT_STORED, method, False, last_words=True)
            finally:
                connection.body_since = None
        if len(body) > self.limits.body:
            body, cut = body[: self.limits.body], self._over()
        trailers = connection.trailers.pop(payload, ())
        if trailers is None:
            cut = cut or Cut(_LONG_TRAILERS, 400)
        request = _request(message, body, trailers or ())
        arrival, answer = self._judge(request, connection, incoming.received, cut)
        arrival.upload, arrival.size, arrival.sha256 = upload, size, digest
        try:
            await self.commit.put(arrival)
        except StoreFailed:
            if upload is not None:
                self._abandoned.add(upload)
            return connection.send(NOT_STORED, method, False)
        if cut is not None:
            return connection.send(answer, method, False, last_words=True)
        if answer.delay:
            await self._due(answer.delay)
        if answer.drop:
            connection.force_close()
            return Written(connection, False)
        return connection.send(answer, method, keep_alive)

    def take(self, message: Any, body: bytes, connection: Connection) -> None:
        """The same for a request that came whole: store it, then have its connection answer it."""
        arrival, answer = self._judge(_request(message, body), connection, connection.received, None)
        method: str = message.method

        def told(passed: bool | None, _: object) -> None:
            if not passed:
                connection.answer(NOT_STORED, method, False)
            elif answer.delay:
                self._due(answer.delay).add_done_callback(
                    lambda _: connection.answer(answer, method, True),
                )
            else:
                connection.answer(answer, method, True)

        try:
            self.commit.put_and_tell(arrival, told)
        except StoreFailed:
            told(False, None)

    def _judge(
        self, request: Request, connection: Connection, received: tuple[int, int], cut: Cut | None
    ) -> tuple[Arrival, Answer]:
        """What is stored of a request, and what its sender is answered then."""
        labels, forwarded, welcome = self._origin(request, connection)
        answer = self._answer(request.method, request.target, welcome)
        if cut is not None and cut.status is not None:
            answer = _ENDINGS[cut.status]
        unheard = answer.drop or (cut is not None and cut.status is None)
        arrival = Arrival(
            request,
            connection.peer,
            *received,
            status=None if unheard else answer.status,
            incomplete=None if cut is None else cut.words,
            labels=labels,
            forwarded_for=forwarded,
        )
        return arrival, answer

    def _answer(self, method: str, target: bytes, welcome: bool) -> Answer:
        if self.paused:
            return PAUSED
        return self.answers.choose(method, target) if welcome else UNAUTHORIZED

    def _over(self) -> Cut:
        return Cut(self.limits.body_words(), 413)

    async def _read(
        self, payload: Any, connection: Connection
    ) -> tuple[bytes, int | None, int, bytes, Cut | None]:
        """Read a body that has not come whole.

        Returns body, upload number, size and digest (for one stored in pieces), and why it is not whole.
        """
        kept = bytearray()
        upload: int | None = None
        pieces = size = 0
        digest = hashlib.sha256()
        cut: Cut | None = None
        try:
            while cut is None:
                try:
                    data = await payload.readany()
                except (Cut, HttpProcessingError, RequestPayloadError):
                    cut = payload.exception()
                    data = _unread(payload)
                if not data:
                    cut = cut or payload.exception()
                    break
                size += len(data)
                if size > self.limits.body:
                    data = data[: len(data) - (size - self.limits.body)]
                    size = self.limits.body
                    cut = self._over()
                kept += data
                self._in_flight += len(data)
                connection.read_at_once(LITTLE if self._is_much() else READ)
                while len(kept) >= PIECE or (len(kept) >= _SPILL and self._is_much()):
                    with memoryview(kept) as view:
                        part = bytes(view[:PIECE])
                    del kept[: len(part)]
                    digest.update(part)
                    upload = await self._put_piece(connection, upload, pieces, part)
                    pieces += 1
            if upload is None:
                return bytes(kept), None, 0, b"", cut
            if kept:
                part = bytes(kept)
                kept.clear()
                digest.update(part)
                await self._put_piece(connection, upload, pieces, part)
            return b"", upload, size, digest.digest(), cut
        finally:
            self._in_flight -= len(kept)

    def _is_much(self) -> bool:
        """True when bodies that arrive, and those that wait for the disk, take more memory than they may."""
        return self._in_flight + self.commit.held > self.limits.in_flight

    async def _put_piece(self, connection: Connection, upload: int | None, number: int, part: bytes) -> int:
        """Store a piece of a body; what that takes is not taken from the sender's time."""
        began, since = time.monotonic(), connection.body_since
        connection.body_since = None
        waiting = True
        try:
            async with self._pieces[len(part) < _LARGE]:
                if self.commit.trouble is not None and time.monotonic() - began > WAIT_S:
                    raise StoreFailed(self.commit.trouble)
                waiting = False
                self._in_flight -= len(part)
                taken = await self.commit.put_piece(upload, number, part)
            # In a store that was made anew a number may come up again.
            self._abandoned.discard(taken)
            return taken
        except StoreFailed:
            if upload is not None:
                self._abandoned.add(upload)
            raise
        finally:
            if waiting:
                self._in_flight -= len(part)
            if since is not None:
                connection.body_since = since + time.monotonic() - began


def _is_due(due: asyncio.Future[None]) -> None:
    if not due.done():
        due.set_result(None)


def _request(message: Any, body: bytes, trailers: HeaderLines = ()) -> Request:
    """The request as it was sent: aiohttp holds the target as text that gives the bytes back."""
    version = message.version
    target = message.path.encode("utf-8", "surrogateescape")
    words = f"{version.major}.{version.minor}"
    return Request(message.method, target, message.raw_headers, body, words, trailers)


def _unread(payload: Any) -> bytes:
    """What had come of a body before it was cut."""
    payload.set_exception(None)
    data: bytes = payload.read_nowait(-1)
    return data
