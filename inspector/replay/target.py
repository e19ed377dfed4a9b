"""Targets: where a replay or a forward goes, read from the address as the user gives it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

from inspector.core.events import InspectorError
from inspector.core.text import visible

_URL = re.compile(r"(?i:(https?))://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?")
_AUTHORITY = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")


@dataclass(frozen=True, slots=True)
class Target:
    """An address to send to. Made by `parse_target`."""

    text: str
    """As the user gave it."""
    tls: bool
    host: str
    """Name (ASCII) or address, an IPv6 one without brackets."""
    port: int
    path: bytes | None
    """Replaces the path of the captured request; None keeps it."""
    query: bytes
    """Comes before the captured query, without the ``?``."""

    @property
    def authority(self) -> str:
        """What the Host line says: ``localhost:3000``; the default port is left out."""
        host = self.host.partition("%")[0]
        if ":" in host:
            host = f"[{host}]"
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """``http://localhost:3000``"""
        return f"{'https' if self.tls else 'http'}://{self.authority}"


def parse_target(text: str) -> Target:
    """Read ``http://localhost:3000``, which keeps the captured path, or ``http://localhost:3000/hooks``.

    A path that is written, also a lone ``/``, replaces the captured one. Raises InspectorError, with what to
    write instead, for anything that is no http or https URL, and for a user name, a password or a fragment.
    """
    shown = visible(text)
    if not text.isprintable() or any(character.isspace() for character in text):
        raise InspectorError(
            f"The target {shown} holds a blank or a control character; write it as %20 and the like."
        )
    url = _URL.fullmatch(text)
    if url is None:
        raise InspectorError(
            f"{shown or 'An empty target'} begins with neither http:// nor https://; write http://localhost:3000/hooks."
        )
    scheme, authority, path, query, fragment = url.groups()
    if "@" in authority:
        raise InspectorError(
            "A target holds no user name or password; send those in a header line of the request."
        )
    if fragment:
        raise InspectorError(f"The part from # on is never sent; leave {visible(fragment)} off the target.")
    tls = scheme.lower() == "https"
    host, port = _host_and_port(authority, shown)
    return Target(
        text=text,
        tls=tls,
        host=host,
        port=port or (443 if tls else 80),
        path=_ascii(path) if path else None,
        query=_ascii(query or ""),
    )


def _host_and_port(authority: str, shown: str) -> tuple[str, int | None]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise InspectorError(
            f"The target {shown} wants a host after //, and a port as a number: http://localhost:3000."
        )
    address, name, digits = parts.groups()
    port = None if digits is None else int(digits)
    if port is not None and not 1 <= port <= 65535:
        raise InspectorError(f"The target {shown} wants a port from 1 to 65535.")
    try:
        if address is not None:
            return str(ipaddress.IPv6Address(address.replace("%25", "%"))), port
        host = name.encode("idna").decode()
    except ValueError:
        host = ""
    if not _NAME.fullmatch(host):
        raise InspectorError(f"The target {shown} names no host that can be looked up.")
    return host, port


def _ascii(part: str) -> bytes:
    """A path or query as bytes: as written, but characters beyond ASCII as their percent-encoded UTF-8."""
    return "".join(c if c.isascii() else quote(c) for c in part).encode()
