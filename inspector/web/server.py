"""The page: the same screen as in a terminal, in as many tabs as one likes, on this machine.

textual-serve gives the terminal in the page (a script and a style sheet); its server is not used. It would run its
command through a shell, and its page asks another site for a font.
"""

from __future__ import annotations

import asyncio
import html
import importlib.util
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web

from inspector.core.events import InspectorError
from inspector.web.guard import HEADERS, Guard, policy
from inspector.web.tab import show

MAX_TABS = 16
CLOSE_S = 5.0
"""How long open tabs are given to end, seconds."""
_PING_S = 15.0
"""How often a tab is asked whether it is still there, seconds."""

_PAGE = Path(__file__).parent / "page"
_SILENT = logging.getLogger("inspector.web.silent")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_INSTALL = f"{sys.executable} -m pip install 'textual-serve>=1.1.3,<1.2'"
"""By its own name, not by that of our package: a registry may know somebody else's under it."""


def assets() -> dict[str, tuple[Path, str]]:
    """The files of the page besides itself: name, path, content type. InspectorError without textual-serve."""
    found = importlib.util.find_spec("textual_serve")
    if found is None or found.origin is None:
        raise InspectorError(f"the page needs textual-serve: {_INSTALL}")
    terminal = Path(found.origin).parent / "static"
    files = {
        "page.css": (_PAGE / "page.css", "text/css"),
        "page.js": (_PAGE / "page.js", "text/javascript"),
        "textual.js": (terminal / "js" / "textual.js", "text/javascript"),
        "xterm.css": (terminal / "css" / "xterm.css", "text/css"),
    }
    for path, _ in files.values():
        if not path.is_file():
            raise InspectorError(f"the page needs another textual-serve: {_INSTALL}")
    return files


class Page:
    """Serves the page on bound sockets, a screen process for each tab."""

    def __init__(self, guard: Guard, command: Sequence[str]) -> None:
        """`command` starts a screen: a program and its arguments, run as they are."""
        self.guard = guard
        self.command = list(command)
        self._assets = assets()
        self._tabs: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on `sockets`, which are bound."""
        application = web.Application(middlewares=[self._guarded])
        application.router.add_get("/", self._page)
        application.router.add_get(self.guard.base, self._page)
        application.router.add_get(f"{self.guard.base}screen/{{look:dark|light}}", self._screen)
        application.router.add_get(f"{self.guard.base}{{name}}", self._asset)
        application.on_shutdown.append(self._close_tabs)
        self._runner = web.AppRunner(
            application, handle_signals=False, access_log=None, logger=_SILENT, shutdown_timeout=CLOSE_S
        )
        await self._runner.setup()
        for opened in sockets:
            await web.SockSite(self._runner, opened).start()

    async def stop(self) -> None:
        """End the screens, then the page."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        refusal = self.guard.refusal(request)
        if refusal is not None:
            return web.Response(status=403, text=refusal, headers=HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=f"{error.reason}.\n", headers=HEADERS)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        text = (_PAGE / "index.html").read_text("utf-8").replace("{base}", html.escape(self.guard.base))
        response = web.Response(text=text, content_type="text/html")
        response.headers["Content-Security-Policy"] = policy(request.host)
        self.guard.admit(response)
        return response

    async def _asset(self, request: web.Request) -> web.Response:
        try:
            path, kind = self._assets[request.match_info["name"]]
        except KeyError:
            raise web.HTTPNotFound from None
        return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8")

    async def _screen(self, request: web.Request) -> web.WebSocketResponse:
        tab = web.WebSocketResponse(heartbeat=_PING_S, timeout=1.0)
        await tab.prepare(request)
        if len(self._tabs) >= MAX_TABS:
            await tab.send_bytes(
                f"As many screens as may be ({MAX_TABS}) are open; close one of their tabs.".encode()
            )
            await tab.close()
            return tab
        self._tabs.add(tab)
        try:
            columns, rows = (_number(request.query.get(name)) for name in ("width", "height"))
            await show(tab, self.command, columns, rows, light=request.match_info["look"] == "light")
        finally:
            self._tabs.discard(tab)
        return tab

    async def _close_tabs(self, application: web.Application) -> None:
        await asyncio.gather(*(tab.close(code=1001) for tab in self._tabs), return_exceptions=True)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 6 else 80
