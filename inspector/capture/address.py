"""Addresses: sockets to listen on, who is at the other end of one, and who holds a port that is taken."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.core.events import InspectorError

if TYPE_CHECKING:
    import asyncio

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8585


def bind(host: str, port: int) -> list[socket.socket]:
    """Bound sockets for a host and port (0 picks a free one); the default host also gets ``::1`` where there
    is IPv6.

    InspectorError names the port's holder where the system tells.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise InspectorError(
            f"cannot listen on {host!r}: it is no address, and no name that is known here. Use --host 127.0.0.1."
        ) from None
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            same = port or (sockets[0].getsockname()[1] if sockets else 0)
            sockets.append(_bound(family, (address[0], same, *address[2:])))
    except BaseException:
        for opened in sockets:
            opened.close()
        raise
    if host == DEFAULT_HOST:
        try:
            sockets.append(_bound(socket.AF_INET6, ("::1", sockets[0].getsockname()[1])))
        except (InspectorError, OSError):
            pass  # no IPv6 here, or the port is another's there: see `other_on_localhost`
    return sockets


def other_on_localhost(sockets: Sequence[socket.socket]) -> str | None:
    """Who answers on ``::1`` at the port that these sockets have on 127.0.0.1 only, so that ``localhost`` may lead
    there: ``process 4121 (python3)`` or ``another program``; None for nobody."""
    if [opened.getsockname()[0] for opened in sockets] != [DEFAULT_HOST]:
        return None
    port = sockets[0].getsockname()[1]
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.settimeout(0.2)
            tried.connect(("::1", port))
    except OSError:
        return None
    return port_holder(port, ("/proc/net/tcp6",)) or "another program"


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    host, port = address[:2]
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(512)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            holder = port_holder(port)
            by = f" by {holder}" if holder else ""
            raise InspectorError(
                f"port {port} is taken{by}. Use --port N, or --port 0 for a free one."
            ) from None
        if error.errno == errno.EACCES:
            raise InspectorError(
                f"port {port} may not be opened by this user. Use --port N with N above 1023."
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise InspectorError(f"{host} is no address of this machine. Use --host 127.0.0.1.") from None
        raise InspectorError(f"cannot listen on {host} port {port}: {error.strerror}.") from None
    opened.setblocking(False)
    return opened


def url_of(opened: socket.socket, tls: bool = False) -> str:
    """``http://127.0.0.1:8585`` for a bound socket, with ``https`` for one that speaks TLS."""
    host, port = opened.getsockname()[:2]
    return f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def peer_of(transport: asyncio.BaseTransport) -> str:
    """Address and port of the other end: ``127.0.0.1:50412``, ``[::1]:50412``."""
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple):
        return ""
    return f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"


def is_loopback(sockets: Iterable[socket.socket]) -> bool:
    """True when only this machine can reach these bound sockets, whatever name they were bound by."""
    return all(
        ipaddress.ip_address(str(opened.getsockname()[0]).partition("%")[0]).is_loopback for opened in sockets
    )


def port_holder(port: int, tables: Sequence[str] = ("/proc/net/tcp", "/proc/net/tcp6")) -> str | None:
    """``process 4121 (python3)`` for who listens on a TCP port, where /proc tells; else None."""
    inodes = set()
    for table in tables:
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return None
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in inodes:
                    return f"process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue
    return None
