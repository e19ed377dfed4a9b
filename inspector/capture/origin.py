"""Where a request came from, as far as the listener can tell: by our own name or not, through our own tunnel
or not."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from inspector.core.labels import HeaderLines, canonical, forwarded_for, labels_of


class Origin:
    """What the listener knows about its own names."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        """`hosts` are names and addresses of this listener besides those of the loopback."""
        self._own = frozenset(["localhost", "127.0.0.1", "::1", *map(canonical, hosts)])
        self._tunnel: str | None = None

    def set_tunnel(self, url: str | None) -> None:
        """The tunnel's public address, or None while none is open."""
        host = None if url is None else urlsplit(url).hostname
        self._tunnel = None if host is None else canonical(host)

    def of(self, lines: HeaderLines, peer: str, near: str) -> tuple[list[str], str | None]:
        """Labels of a request, and the address that our tunnel says it came from.

        `peer` is the address of the other end, `near` that of ours. What is said in header lines is believed
        only of our own tunnel, whose end is on this machine.
        """
        through = self._tunnel if peer.startswith(("127.", "[::1]")) else None
        labels = labels_of(lines, self._own, near=near, tunnel=through)
        return labels, forwarded_for(lines) if "tunnel" in labels else None
