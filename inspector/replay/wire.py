"""A connection to a target, plain or with TLS.

The socket is driven directly, not through asyncio's streams: those drop an answer that has arrived already
when a write fails, and a target may well answer and close before it has read a whole body.

Whatever goes wrong is an InspectorError whose text is the sentence for the user.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
import ssl
from collections.abc import Collection

from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.replay.address import Place, allowed, look_up
from inspector.replay.target import Target

_RECEIVE = 1 << 16
_TLS_SLICE = 1 << 16


class Wire:
    """A plain connection. `send` and `receive` may run at the same time; both raise OSError."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Return when all of `data` is with the kernel."""
        await self._loop.sock_sendall(self._socket, data)

    async def receive(self) -> bytes:
        """The next bytes, or none at the end. Others run in between: a flood must not stop the clock."""
        await asyncio.sleep(0)
        return await self._loop.sock_recv(self._socket, _RECEIVE)

    def close(self) -> None:
        self._socket.close()


class TlsWire(Wire):
    """The same through TLS, after `handshake`."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, name: str) -> None:
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._sending = asyncio.Lock()

    async def handshake(self) -> None:
        """Agree on keys and check the certificate. Raises InspectorError for a peer that speaks no TLS."""
        first = True
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await super().receive()
                if not data:
                    raise ssl.SSLEOFError("closed") from None
                if first and not 0x14 <= data[0] <= 0x18:
                    raise InspectorError("The target does not speak TLS; use http:// for it.") from None
                first = False
                self._incoming.write(data)
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        for at in range(0, len(view), _TLS_SLICE):
            self._tls.write(view[at : at + _TLS_SLICE])
            await self._flush()

    async def receive(self) -> bytes:
        while True:
            try:
                return self._tls.read(_RECEIVE)
            except ssl.SSLWantReadError:
                if self._outgoing.pending and not self._sending.locked():
                    await self._flush()
                data = await super().receive()
                if not data:
                    return b""
                self._incoming.write(data)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def names(self) -> str:
        """The names the peer's certificate is for."""
        entries = (self._tls.getpeercert() or {}).get("subjectAltName", ())
        names = [str(entry[1]) for entry in entries if isinstance(entry, tuple)]
        return visible(", ".join(names[:3]) + (" and others" if len(names) > 3 else ""))

    async def _flush(self) -> None:
        async with self._sending:
            await super().send(self._outgoing.read())

    def close(self) -> None:
        try:
            self._tls.unwrap()
        except (ssl.SSLError, ValueError):
            pass
        try:
            self._socket.send(self._outgoing.read())
        except OSError:
            pass
        super().close()


async def connect(
    target: Target, *, seconds: float, own_addresses: Collection[tuple[str, int]], ssl_verify: bool
) -> Wire:
    """Open a connection within `seconds` (name, connection and TLS together) to the address that was checked.

    Raises InspectorError. `own_addresses` are this listener's: (IP address or public host name, port).
    """
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    try:
        async with asyncio.timeout_at(until):
            places = allowed(await look_up(target.host, target.port), target, own_addresses)
    except TimeoutError:
        raise InspectorError(f"The name {target.host} was not found within {seconds:g} s.") from None
    failed: InspectorError | None = None
    for index, place in enumerate(places):
        try:
            # A silent first address leaves time for those after it.
            async with asyncio.timeout((until - clock()) / (len(places) - index)):
                return await _connect(place, target, ssl_verify)
        except TimeoutError:
            what = "complete the TLS handshake" if target.tls else "accept the connection"
            failed = InspectorError(f"{target.authority} did not {what} within {seconds:g} s.")
        except OSError as error:
            failed = InspectorError(_sentence(error, target))
    assert failed is not None
    raise failed


async def _connect(place: Place, target: Target, ssl_verify: bool) -> Wire:
    sock = await _open(place)
    if not target.tls:
        return Wire(sock)
    name = target.host.partition("%")[0]
    wire = TlsWire(sock, _context(ssl_verify, names=ssl_verify), name)
    try:
        await wire.handshake()
    except ssl.SSLCertVerificationError as error:
        wire.close()
        if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
            raise InspectorError(await _whose(place, name)) from None
        raise
    except BaseException:
        wire.close()
        raise
    return wire


async def _open(place: Place) -> socket.socket:
    family, address = place
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _whose(place: Place, name: str) -> str:
    """Say for whom the certificate is. Only a handshake that does not check the name lets it be read."""
    wire = TlsWire(await _open(place), _context(True, names=False), name)
    try:
        await wire.handshake()
        names = wire.names()
    finally:
        wire.close()
    return f"The certificate is for {names or 'no name at all'}."


@functools.cache
def _context(verify: bool, names: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = names
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _sentence(error: OSError, target: Target) -> str:
    """What kept the connection from being made."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {target.host} is not trusted: {error.verify_message.rstrip('.')}."
    if target.tls and isinstance(error, ssl.SSLEOFError | ConnectionResetError | BrokenPipeError):
        return f"{target.authority} closed the connection during the TLS handshake. Does it speak TLS?"
    if isinstance(error, ssl.SSLError):
        return f"TLS with {target.authority} failed: {tls_reason(error)}."
    if isinstance(error, ConnectionRefusedError):
        return f"{target.authority} refused the connection. Is the receiver running?"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"There is no way to {target.authority} from here. Is the network up?"
    return f"Could not connect to {target.authority}: {error.strerror or error}."


def tls_reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in lower-case words: ``certificate required``."""
    return (error.reason or str(error)).replace("_", " ").lower()
