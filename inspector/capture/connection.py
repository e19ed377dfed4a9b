"""One connection of the listener: aiohttp's protocol, fed so that every request's bytes are known exactly.

aiohttp's parser gets one whole head, or one piece of one body, at a time. So a refusal concerns one request
and not those that came with it, the raw head of a refused one is at hand, and no read holds the others up.
Facts about aiohttp 3.14 that this rests on (the attributes of `RequestHandler`, a request factory, an answer
of our own) are held by ``tests/capture/test_raw_http.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, HttpRequestParserPy
from aiohttp.http_writer import HttpVersion
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo

from inspector.capture.address import peer_of
from inspector.capture.answers import Answer
from inspector.capture.heads import Head, Unreadable, hopeless, read_again, trailers_in
from inspector.capture.stand_ins import Cut, Incoming, Written, end_early
from inspector.core.labels import HeaderLines
from inspector.core.units import count
from inspector.store.writer import now

if TYPE_CHECKING:
    from inspector.capture.listener import Listener

NOT_STORED = Answer(503, b'{"status":"not stored"}', ((b"Retry-After", b"5"),))
REFUSED = Answer(400, b'{"status":"refused"}')
TOO_SLOW = Answer(408, b'{"status":"too slow"}')
TOO_MANY = Answer(503, b'{"status":"too many connections"}', ((b"Retry-After", b"5"),))

_PYTHON_PARSER = HttpRequestParser is HttpRequestParserPy
"""aiohttp runs without its extensions: its parser is slow, and writes the method in capitals."""
READ = (16 if _PYTHON_PARSER else 64) * 1024
"""Bytes taken from a socket at once: what one sender can make the loop parse before the others' turn."""
LITTLE = 16 * 1024
"""The same while memory is short."""
_UNREAD = 16 * 1024
"""Bytes of a body that may wait for its reader; with twice as many nothing more is taken from the socket."""
_SLICE = 16 * 1024
"""Bytes of a chunked body looked through at once for its end."""
TRAILERS = 16 * 1024
"""Bytes of header lines after a body."""
_LONG_HEAD = 16 * 1024
"""Bytes from which on a head is kept once only, and no longer than it is needed."""
_NEEDED = ("Content-Length", "Expect")
_LINGER_S = 1.0
IN_LINE = 16
"""Requests kept one by one of those that a sender had in line when it hung up: each takes the loop's time."""


class Connection(RequestHandler):
    """One connection: cuts what arrives into heads and bodies, refuses, and keeps the times for deadlines."""

    __slots__ = (
        "arrivals",
        "body",
        "body_since",
        "closing_since",
        "deaf",
        "ended",
        "gone",
        "head",
        "head_since",
        "in_hand",
        "last",
        "left",
        "listener",
        "long_head",
        "near",
        "peer",
        "received",
        "refusal",
        "rest",
        "tail",
        "tls",
        "trailers",
        "wire",
    )

    def __init__(self, manager: Any, listener: Listener, **settings: Any) -> None:
        super().__init__(manager, read_bufsize=_UNREAD, **settings)
        self.listener = listener
        self.peer = ""
        self.near = ""
        """The address of ours that the sender connected to."""
        self.tls = False
        self.wire: asyncio.Transport | None = None
        """The transport, also while it closes, when aiohttp has let go of it."""
        self.closing_since: float | None = None
        self.received = (0, 0)
        """Both clocks at the first byte of the head that is being read."""
        self.arrivals: deque[tuple[int, int]] = deque()
        """The same for each request that waits in aiohttp's queue."""
        self.head = bytearray()
        """Bytes of a head that is not complete yet."""
        self.body: Any = None
        """The payload that is being received."""
        self.long_head = False
        self.left: int | None = None
        """Bytes that the body still lacks; None when it comes in chunks."""
        self.tail = bytearray()
        """Last bytes of the chunks so far: their end may lie across two reads, and header lines may be in it."""
        self.trailers: dict[Any, HeaderLines | None] = {}
        """Header lines that came after a body, until its reader has taken them; None for too many."""
        self.rest = b""
        """What came while aiohttp held the connection up."""
        self.last = False
        """The request announced that it is the last one."""
        self.deaf = False
        """Nothing is read any more; what still comes is dropped."""
        self.ended = False
        """The sender has closed its side and waits for answers."""
        self.in_hand = False
        """A request that came whole is being stored, without a task for it; what follows waits in `rest`."""
        self.refusal: tuple[str, bytes] | None = None
        """Reason and raw bytes of a refusal that is not recorded yet."""
        self.head_since: float | None = None
        self.body_since: float | None = None
        self.gone: asyncio.Future[None] | None = None

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection in, or turn it away with 503 when there are too many."""
        self.peer = peer_of(transport)
        self.near = str((transport.get_extra_info("sockname") or ("",))[0]).partition("%")[0]
        self.tls = transport.get_extra_info("ssl_object") is not None
        listener = self.listener
        if len(listener.connections) >= listener.limits.connections:
            cast(asyncio.Transport, transport).write(TOO_MANY.bytes_for("GET", False))
            transport.close()
            listener.refuse(self.peer, "too many connections at once", b"", 503, now())
            self._manager = None  # connection_lost of a connection that never was
            return
        listener.connections.add(self)
        self.wire = cast(asyncio.Transport, transport)
        self.head_since = time.monotonic()
        self.read_at_once(READ)
        super().connection_made(transport)

    def read_at_once(self, size: int) -> None:
        """Take at most so many bytes from the socket in one turn of the loop."""
        wire: Any = self.wire
        if hasattr(wire, "max_size"):
            wire.max_size = size

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it out; what had come and was not dealt with is kept."""
        if self in self.listener.connections:
            self.listener.connections.discard(self)
            if self._waiter is not None and self._task_handler is not None:
                # What waits now is for nobody to handle, even if the waiter was just woken for it.
                self._task_handler.cancel()
            self._keep_what_waits()
        if self.gone is not None and not self.gone.done():
            self.gone.set_result(None)
        super().connection_lost(exc)

    def _keep_what_waits(self) -> None:
        """Requests whose turn did not come, a refusal that could not be told, and half a head."""
        listener = self.listener
        rest, self.rest = self.rest, b""
        most = len(self._messages) + IN_LINE
        while rest and not self.deaf:
            if self.body is None and len(self._messages) >= most:
                self.refusal = ("the sender hung up before the turn of these requests", rest)
                break
            rest = self._take_head(rest) if self.body is None else self._take_body(rest)
        while self._messages:
            message, payload = self._messages.popleft()
            received = self.arrivals.popleft()
            if not isinstance(message, _ErrInfo):
                listener.keep_unanswered(message, payload, self, received)
        if self.refusal is not None:
            reason, raw = self.refusal
            listener.refuse(self.peer, reason, raw, None, self.received)
        elif self.head:
            reason = "the sender hung up before the head was complete"
            listener.refuse(self.peer, reason, bytes(self.head), None, self.received)
        self.refusal = None
        self.head.clear()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The sender has closed its side: True keeps ours open for the answers it may still wait for."""
        busy = bool(self._messages) or self._waiter is None or self.in_hand
        self.ended = busy and self.body is None and self.gone is None
        return self.ended and not self.tls  # where TLS ends, it ends both ways

    async def drained(self) -> None:
        """Wait until the sender has read its answers; one that never does loses its connection."""
        try:
            async with asyncio.timeout(self.listener.limits.body_deadline):
                await self._drain_helper()
        except TimeoutError:
            self._let_go()

    def _let_go(self) -> None:
        """Close the connection at once: what was not read of its answers is dropped."""
        self.force_close()
        if self.wire is not None:
            self.wire.abort()

    async def linger(self) -> None:
        """Let the sender read the answer: what it still sends is dropped, for a second at most."""
        transport = self.transport
        if transport is None or transport.is_closing() or self.ended:
            return
        self.deaf = True
        self._buffer_paused = self._reading_paused = False
        self._resume_transport_reading()
        if transport.can_write_eof():
            with contextlib.suppress(OSError):  # the sender has just gone
                transport.write_eof()
        self.gone = self._loop.create_future()
        try:
            async with asyncio.timeout(_LINGER_S):
                await self.gone
        except TimeoutError:
            pass

    # -- what arrives

    def data_received(self, data: bytes) -> None:
        """Cut what arrived into heads and bodies; with no data, go on after a pause."""
        if self.deaf or self._force_close or self._close:
            return
        if not data and self.body is not None:
            self._feed_body(b"")
        if self.rest:
            data, self.rest = self.rest + data, b""
        while data and not self.deaf:
            if self.in_hand or self._reading_paused or len(self._messages) >= self._max_msg_queue_size:
                self.rest = data
                if self.in_hand and not self._buffer_paused:
                    self._pause_reading_for_buffer()
                return
            data = self._take_head(data, True) if self.body is None else self._take_body(data)

    def _take_head(self, data: bytes, at_once: bool = False) -> bytes:
        """Take a head, or as much of it as there is; returns what comes after it.

        With `at_once` a request that is all there may be handed over without a task for it.
        """
        known = len(self.head)
        if known:
            self.head += data
            head: bytes | bytearray = self.head
        else:
            if data[0] in b"\r\n":
                data = data.lstrip(b"\r\n")  # a body longer than it said, by the end of a line
                if not data:
                    return b""
            self.received = now()
            if self.last:
                self.refusal = ("bytes after a request that announced the end of the connection", data)
                self.deaf = True
                return b""
            head = data
        end = head.find(b"\r\n\r\n", max(0, known - 3)) + 4
        limit = self.listener.limits.head
        if (end if end > 3 else len(head)) > limit:
            return self._refuse(f"the head is longer than {count(limit)} bytes", bytes(head))
        if end == 3:
            reason = hopeless(bytes(head), known)
            if reason is not None:
                return self._refuse(reason, bytes(head))
            if not known:
                self.head += data
                if self.head_since is None:
                    self.head_since = time.monotonic()
            return b""
        after = data[end - known :]
        found = self._parse_head(bytes(head[:end]) if known else data[:end], after)
        if known:
            self.head.clear()
        if found is None:
            return b""
        self.head_since = None
        rest = self._hand_over(*found, after) if at_once else None
        self.long_head = end > _LONG_HEAD
        if rest is None:
            message, payload = found
            if self.long_head:
                headers = {name: message.headers[name] for name in _NEEDED if name in message.headers}
                message = message._replace(headers=headers)
            self._begin(message, payload)
            rest = after
        if self.body is None:
            self._forget_head()
        return rest

    def _forget_head(self) -> None:
        """Have a long head let go of: the parser holds it until the next one comes."""
        if self.long_head:
            self.long_head = False
            self._parser = self._new_parser()

    def _parse_head(self, head: bytes, after: bytes) -> tuple[Any, Any] | None:
        """The message and payload that a head announces; None if it was refused with what came `after` it."""
        assert self._parser is not None
        try:
            messages, self._upgraded, _ = self._parser.feed_data(head)
        except (HttpProcessingError, ValueError):
            messages = []
        if messages:
            return self._as_sent(messages[0], head) if _PYTHON_PARSER else messages[0]
        try:
            return self._put_together(read_again(head, self.listener.limits))
        except Unreadable as error:
            self._refuse(str(error), head + after)
            return None

    def _put_together(self, head: Head) -> tuple[Any, Any]:
        """The request of a head that only we could read: framed by aiohttp, in the words of the sender."""
        self._parser = self._new_parser()
        messages, self._upgraded, _ = self._parser.feed_data(head.framing)
        message, payload = messages[0]
        request = head.request
        major, minor = request.version.split(".")
        changed = message._replace(
            method=request.method,
            path=request.target.decode("utf-8", "surrogateescape"),
            version=HttpVersion(int(major), int(minor)),
            raw_headers=request.headers,
        )
        return changed, payload

    @staticmethod
    def _as_sent(found: tuple[Any, Any], head: bytes) -> tuple[Any, Any]:
        method = head.partition(b" ")[0].decode("latin-1")
        return (found[0]._replace(method=method), found[1]) if method != found[0].method else found

    def _hand_over(self, message: Any, payload: Any, after: bytes) -> bytes | None:
        """Have a request stored that came whole on an idle connection, as nearly all do; returns what comes
        after it, None for any other request.

        A task for each request, and waking it for each step, would cost as much as all the rest.
        """
        waiter = self._waiter
        if waiter is None or waiter.done() or self._messages or self._upgraded or self.writing_paused:
            return None
        if message.chunked or message.upgrade or message.should_close:
            return None
        length = 0 if payload.is_eof() else int(message.headers["Content-Length"])
        if length > len(after) or length > min(READ, self.listener.limits.body):
            return None
        parser = self._parser
        assert parser is not None
        body = after[:length]
        if length:
            parser.feed_data(body)
        parser.message_consumed()
        self._request_count += 1
        self.in_hand = self._request_in_progress = True
        self._keepalive = False  # it is not idle, however long it takes
        self.listener.take(message, body, self)
        return after[length:]

    def answer(self, answer: Answer, method: str, keep_alive: bool) -> None:
        """Answer the request that was handed over, and go on with what came after it."""
        self.in_hand = self._request_in_progress = False
        if self._handler_waiter is not None:
            self._handler_waiter.set_result(None)
        if answer.drop or not self.send(answer, method, keep_alive).keep_alive:
            self.force_close()
            return
        self._keepalive = True
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(
                self._next_keepalive_close_time, self._process_keepalive
            )
        if self.rest:
            self.data_received(b"")
        if self._buffer_paused and not self.in_hand and len(self._messages) < self._max_msg_queue_size:
            self._resume_reading_for_buffer()

    def _begin(self, message: Any, payload: Any) -> None:
        """A request's head is there: queue it, and expect its body."""
        if self._upgraded:
            # Nothing but HTTP/1 is spoken here, so an upgrade is a request like any other.
            self._end_upgrade()
            if not payload.is_eof():
                payload.feed_eof()
            if message.method == "CONNECT":
                message = message._replace(should_close=True)
        self.last = message.should_close
        if not payload.is_eof():
            self.body = payload
            self.tail.clear()
            self.left = None if message.chunked else int(message.headers["Content-Length"])
        self._enqueue(message, payload)

    def _enqueue(self, message: Any, payload: Any) -> None:
        self._request_count += 1
        self._messages.append((message, payload))
        self.arrivals.append(self.received)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        if len(self._messages) >= self._max_msg_queue_size and not self._buffer_paused:
            self._pause_reading_for_buffer()

    def _take_body(self, data: bytes) -> bytes:
        """Take what belongs to the body, or a slice of it; returns what comes after it."""
        if self.left is not None:
            piece = data[: self.left]
        else:
            seam = self.tail[-3:]
            ended = (seam + data[:_SLICE]).find(b"\r\n\r\n")
            piece = data[: _SLICE if ended < 0 else ended + 4 - len(seam)]
            self.tail += piece
            if len(self.tail) > 2 * TRAILERS:
                del self.tail[:-TRAILERS]
        if not piece:
            self.rest = data  # the parser has the whole body and waits for its reader
            return b""
        self._feed_body(piece)
        return data[len(piece) :]

    def _feed_body(self, piece: bytes) -> None:
        assert self._parser is not None
        payload = self.body
        try:
            _, self._upgraded, _ = self._parser.feed_data(piece)
        except (HttpProcessingError, ValueError):
            broken = True
        else:
            broken = payload.exception() is not None
        if broken:
            self.deaf = True
            self.body = None
            end_early(payload, Cut("broken body: its chunks are not framed as HTTP has it", 400))
            return
        if self.left is not None:
            self.left -= len(piece)
        if payload.is_eof():
            self.body = None
            self._forget_head()
            if self.left is None:
                self._take_trailers(payload)
            if self._upgraded:
                self._end_upgrade()

    def _take_trailers(self, payload: Any) -> None:
        """Keep the header lines after a body in chunks, which the parser has read and dropped."""
        found = trailers_in(self.tail)
        self.tail.clear()
        if found != ():
            self.trailers[payload] = found

    def _end_upgrade(self) -> None:
        self._upgraded = False
        self._parser = self._new_parser()

    def _new_parser(self) -> HttpRequestParser:
        return HttpRequestParser(
            self,
            self._loop,
            _UNREAD,
            max_line_size=self.max_line_size,
            max_field_size=self.max_field_size,
            max_headers=self.max_headers,
            payload_exception=RequestPayloadError,
            auto_decompress=False,
            max_msg_queue_size=self._max_msg_queue_size,
        )

    # -- refusals and answers

    def _refuse(self, reason: str, raw: bytes) -> bytes:
        """Refuse what came, after the answers to what came before it, and read nothing more."""
        self.refusal = (reason, raw)
        self.deaf = True
        self.head.clear()
        self.head_since = None
        self._enqueue(_ErrInfo(400, Unreadable(reason), reason), EMPTY_PAYLOAD)
        return b""

    def handle_error(
        self, request: Any, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> Any:
        """Record a refusal, or a failure of our own; the answer is a fixed text that echoes nothing."""
        if self.refusal is not None:
            reason, raw = self.refusal
            self.refusal = None
            self.listener.refuse(self.peer, reason, raw, 400, request.received)
            return self.send(REFUSED, "POST", False, last_words=True)
        self.listener.failed(exc)
        return self.send(NOT_STORED, "POST", False)

    def send(self, answer: Answer, method: str, keep_alive: bool, last_words: bool = False) -> Written:
        """Write an answer; nothing is sent into a closed connection."""
        if self.ended and not self._messages and not self.rest:
            keep_alive = False
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.write(answer.bytes_for(method, keep_alive))
        return Written(self, keep_alive, last_words)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """aiohttp's own tracebacks become one counted line."""
        self.listener.failed(kw.get("exc_info"))

    def sweep(self, moment: float) -> None:
        """Close a connection whose head is late; tell the reader of a body that is.

        A closed one waits for its sender to read the answers; it is not waited for longer than for a body.
        """
        limits = self.listener.limits
        if self.wire is not None and self.wire.is_closing():
            if self.closing_since is None:
                self.closing_since = moment
            elif moment - self.closing_since > limits.body_deadline:
                self._let_go()
        elif self._waiter is not None:
            if self.in_hand:
                return
            if self.ended and not self._messages:
                self.force_close()
            elif self.head_since is not None and moment - self.head_since > limits.head_deadline:
                self._end_late_head()
        elif self.body_since is not None and moment - self.body_since > limits.body_deadline:
            self.body_since = None
            self.deaf = True
            request = cast("Incoming | None", self._current_request)
            if request is not None:
                words = f"timeout: the body was not complete after {limits.body_deadline:g} s"
                end_early(request.payload, Cut(words, 408))

    def _end_late_head(self) -> None:
        if self.head:
            reason = f"the head was not complete after {self.listener.limits.head_deadline:g} s"
            self.listener.refuse(self.peer, reason, bytes(self.head), 408, self.received)
            self.send(TOO_SLOW, "POST", False)
            self.head.clear()
        self.head_since = None
        self.deaf = True
        self.force_close()
