"""Who may see the page: whoever has the token, under a name of ours, from a page of ours.

The token comes in the address that is printed; the page that it opens sets a cookie, which everything else asks
for. Browsers send a cookie to every port of a host, so to other people's servers on this machine, too: the cookie
holds for one path only, and that is as hard to guess.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web

from inspector.core.labels import canonical

COOKIE = "inspector"
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9a-zA-Z._-]+))(?::[0-9]{1,5})?")

FORBIDDEN = "This page opens with the whole address that inspector web printed, token and all.\n"
FOREIGN_NAME = "This page is not known by that name. inspector web --allow-host NAME adds one.\n"
FOREIGN_PAGE = "Another page asks for this one, which it may not.\n"

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "clipboard-read=(), camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def policy(host: str) -> str:
    """The Content-Security-Policy of a page at `host` (``127.0.0.1:8586``), one of ours: nothing from elsewhere.

    The terminal writes its own style elements, hence the one ``unsafe-inline``.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; "
        f"connect-src 'self' ws://{host} wss://{host}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Guard:
    """The token of one run, and the names it answers to."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """`names`: hosts besides localhost and plain addresses."""
        self.token = secrets.token_urlsafe(32)
        self.base = f"/{secrets.token_urlsafe(9)}/"
        """Path of the page, and of its cookie."""
        self._cookie = secrets.token_urlsafe(32)
        self._once: set[str] = set()
        self._names = frozenset(["localhost", *map(canonical, names)])

    def single_use(self) -> str:
        """A token that is good for one page: a browser's command line, which holds it, is no secret."""
        token = secrets.token_urlsafe(32)
        self._once.add(token)
        return token

    def refusal(self, request: web.Request) -> str | None:
        """Why this request gets nothing, in a sentence; None when it may."""
        host = request.headers.get("Host", "")
        if not self._is_ours(host):
            return FOREIGN_NAME
        origin = request.headers.get("Origin")
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        # Another site's page may open a websocket here, with our cookie: only this says that it is not ours.
        if (is_socket and origin is None) or (origin is not None and _host_of(origin) != host):
            return FOREIGN_PAGE
        if request.path.startswith(self.base) and _same(request.cookies.get(COOKIE), self._cookie):
            return None
        if request.path == "/" and self._admits(request.query.get("token")):
            return None
        return FORBIDDEN

    def admit(self, response: web.Response) -> None:
        """Give the cookie to whoever showed the token."""
        response.set_cookie(COOKIE, self._cookie, path=self.base, httponly=True, samesite="Strict")

    def _admits(self, token: str | None) -> bool:
        if token in self._once:
            self._once.discard(token)
            return True
        return _same(token, self.token)

    def _is_ours(self, host: str) -> bool:
        """True for an address and for a name we know: a stranger's name may be made to lead here (DNS rebinding)."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1] or match[2]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return canonical(name) in self._names
        return True


def _host_of(origin: str) -> str | None:
    """Host and port of an origin; None where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _same(given: str | None, expected: str) -> bool:
    return given is not None and secrets.compare_digest(given.encode("utf-8", "replace"), expected.encode())
