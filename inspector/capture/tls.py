"""TLS for the listener: the handshake.

`Door` stands before a `Connection`, as asyncio's own TLS protocol: it keeps the cap on connections and the
head deadline for handshakes too, and makes an event of those that fail. It rests on `asyncio.sslproto`, which
is not documented; ``tests/capture/test_tls.py`` holds what is used of it.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING

from inspector.capture.address import peer_of
from inspector.capture.connection import REFUSED, Connection
from inspector.core.text import visible
from inspector.store.writer import now

if TYPE_CHECKING:
    from inspector.capture.listener import Listener

NO_TUNNEL = (
    "The tunnel leads to plain HTTP, and this listener speaks TLS. Start it without the --tls options: "
    "the way to the tunnel is https all the same."
)
_GOODBYE_S = 1.0
_HANDSHAKE = 0x16
"""First byte of every TLS connection."""
_DISTRUST = (
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_EXPIRED",
    "UNSUPPORTED_CERT",
)
"""Alerts of a sender that does not take the certificate, within OpenSSL's names for them."""
_PLAIN = "plain HTTP on the TLS port; the sender's URL begins with http, this listener speaks https"


class Door(SSLProtocol):
    """The handshake of one connection; behind it stands the `Connection`."""

    def __init__(self, listener: Listener, connection: Connection, context: ssl.SSLContext) -> None:
        self.listener = listener
        self.connection = connection
        self.peer = ""
        self.received = (0, 0)
        self.raw = bytearray()
        """What has come so far."""
        self.plain: asyncio.Transport | None = None
        self.refused = False
        self.view = memoryview(b"")
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = loop.create_future()
        self.done.add_done_callback(self._finished)
        super().__init__(
            loop,
            connection,
            context,
            self.done,
            server_side=True,
            ssl_handshake_timeout=math.ceil(listener.limits.head_deadline),
            ssl_shutdown_timeout=_GOODBYE_S,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, unless there are too many connections."""
        assert isinstance(transport, asyncio.Transport)
        self.plain = transport
        self.peer = peer_of(transport)
        listener = self.listener
        if len(listener.connections) + len(listener.doors) >= listener.limits.connections:
            listener.refuse(self.peer, "too many connections at once", b"", None, now())
            self.refused = True
            transport.abort()
            return
        listener.doors.add(self)
        super().connection_made(transport)

    def get_buffer(self, n: int) -> memoryview:
        """Where the next bytes go."""
        self.view = super().get_buffer(n)
        return self.view

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come: keep those of the handshake, and refuse at its first byte what is no TLS."""
        if not self.done.done():
            if not self.raw:
                self.received = now()
            self.raw += self.view[:nbytes]
            del self.raw[self.listener.limits.raw :]
            if self.raw[0] != _HANDSHAKE:
                self._refuse_plain()
                return
        super().buffer_updated(nbytes)

    def close(self) -> None:
        """End a handshake that is not done."""
        if self.plain is not None:
            self.plain.abort()

    def _refuse_plain(self) -> None:
        assert self.plain is not None
        self.refused = True
        self.listener.refuse(self.peer, _PLAIN, bytes(self.raw), 400, self.received)
        self.plain.write(REFUSED.bytes_for("POST", False))
        self.plain.close()

    def _finished(self, done: asyncio.Future[None]) -> None:
        """The handshake is over: when it failed, and anything had come, that is an event."""
        self.listener.doors.discard(self)
        raw, self.raw = bytes(self.raw), bytearray()
        error = done.exception()
        if raw and not self.refused and not self.connection.peer:
            deadline = math.ceil(self.listener.limits.head_deadline)
            self.listener.refuse(self.peer, _why(error, deadline), raw, None, self.received)


def _why(error: BaseException | None, deadline: int) -> str:
    """Why a handshake failed, in words."""
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if any(alert in reason for alert in _DISTRUST):
            return "the sender does not trust the certificate of this listener"
        told = reason.replace("_", " ").lower() or "no reason given"
        return f"the TLS handshake failed: {visible(told)}"
    if isinstance(error, ConnectionAbortedError):
        return f"the TLS handshake was not complete after {deadline} s"
    return "the sender hung up during the TLS handshake"
