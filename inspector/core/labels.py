"""What stands out about where a request came from, in a few fixed words."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Collection

LABELS = {
    "foreign-host": "its Host line names neither this listener nor its tunnel",
    "browser": "a web page or a browser sent it",
    "tunnel": "it came through the tunnel",
    "wrong-credentials": "it did not have the credentials that are asked for",
}
"""Each label, and what it means."""

HeaderLines = tuple[tuple[bytes, bytes], ...]

_BROWSER = (b"origin", b"sec-fetch-site")
_HOST = re.compile(rb"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::[0-9]*)?")


def labels_of(
    lines: HeaderLines, own: Collection[str], *, near: str = "", tunnel: str | None = None
) -> list[str]:
    """The labels that header lines give a request; most requests have none.

    `own` are the names and addresses of this listener, as `canonical` writes them; those of the loopback need
    not be among them. `near` is the address that the sender connected to. `tunnel` is the host of the tunnel,
    where one is open and the request may have come through it.
    """
    found: list[str] = []
    host: bytes | None = None
    browser = False
    for name, value in lines:
        lower = name.lower()
        if lower == b"host":
            host = value
        elif lower in _BROWSER:
            browser = True
    if host is not None:
        called = host_in(host)
        if tunnel is not None and called == tunnel:
            found.append("tunnel")
        elif called not in own and called != near and not is_near(called):
            found.append("foreign-host")
    if browser:
        found.append("browser")
    return found


@functools.lru_cache(256)
def host_in(value: bytes) -> str:
    """The name or address in a Host line, without the port, as `canonical` writes it; empty for none."""
    match = _HOST.fullmatch(value.strip())
    if match is None:
        return "?"
    return canonical((match[1] if match[1] is not None else match[2]).decode("latin-1"))


def canonical(host: str) -> str:
    """A host's name in small letters without a dot at its end, or an address in its shortest form."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower().removesuffix(".")
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or address)
    return str(address)


@functools.lru_cache(256)
def is_near(host: str) -> bool:
    """True for a name or an address that every machine gives itself, and for none at all."""
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def forwarded_for(lines: HeaderLines) -> str | None:
    """The last address in X-Forwarded-For, which the proxy next to us wrote; those before it may be made up."""
    last: bytes | None = None
    for name, value in lines:
        if name.lower() == b"x-forwarded-for":
            last = value.rpartition(b",")[2]
    if last is None:
        return None
    text = last.decode("latin-1").strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
