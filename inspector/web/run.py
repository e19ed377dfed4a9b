"""`inspector web` from start to end: the page, and the listener, which goes on while tabs come and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspector.capture.address import bind, is_loopback, url_of
from inspector.capture.child import MAX_RESTARTS, Capture
from inspector.capture.ending import ending_signals
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.store.place import attach, hold_page, screens_lock
from inspector.store.reader import Reader
from inspector.web.guard import Guard
from inspector.web.server import Page, assets

_WATCH_S = 1.0


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What ``inspector web`` was asked for."""

    store: Path
    host: str
    port: int
    allow_hosts: tuple[str, ...] = ()
    open_browser: bool = False
    listen: bool = True
    listen_options: tuple[str, ...] = ()
    on_ready: Callable[[str], None] | None = None
    """Called with the listener's address, in a thread."""


def serve(options: WebOptions) -> int:
    """Serve the page until SIGINT, SIGTERM or SIGHUP; returns the exit code. InspectorError when it cannot."""
    assets()
    sockets = bind(options.host, options.port)
    capture = Capture(options.store, options.listen_options) if options.listen else None
    lock, page_lock = screens_lock(options.store), None
    try:
        if capture is not None:
            _start(capture)
        else:
            Reader(options.store).close()
        attach(lock)
        url = url_of(sockets[0])
        told = {"pid": os.getpid(), "url": url, "loopback": is_loopback(sockets)}
        page_lock = hold_page(options.store, json.dumps(told))
        guard = Guard([options.host, *options.allow_hosts])
        page = Page(guard, _command(options))
        url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        with asyncio.Runner() as runner:
            runner.run(_Run(options, page, capture, url).serve(sockets))
    finally:
        for opened in sockets:
            opened.close()
        lock.release()
        if page_lock is not None:
            page_lock.release()
        if capture is not None:
            capture.stop()
    if capture is not None:
        _say(f"Still listening on {capture.url}" if capture.joined else "Stopped listening.")
    return 0


def _command(options: WebOptions) -> list[str]:
    """The program of a tab and its arguments."""
    reads_only = [] if options.listen else ["--no-listen"]
    store = str(options.store.absolute())
    return [sys.executable, "-m", "inspector.tui.browser", *reads_only, store, *options.listen_options]


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody is there to read it
        print(visible(text), file=sys.stderr, flush=True)


class _Run:
    """From the first to the last connection."""

    def __init__(self, options: WebOptions, page: Page, capture: Capture | None, url: str) -> None:
        self.options = options
        self.page = page
        self.capture = capture
        self.url = url

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Serve until a signal comes."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, stop.set)
        await self.page.start(sockets)
        watching = asyncio.create_task(self._watch())
        try:
            self._tell(is_loopback(sockets))
            await stop.wait()
        finally:
            watching.cancel()
            await self.page.stop()

    def _tell(self, loopback: bool) -> None:
        """Print the address, say what is going on and whether others can reach it, and begin what waits for
        that."""
        options, capture = self.options, self.capture
        print(f"{self.url}/?token={self.page.guard.token}", flush=True)
        if not loopback:
            _say(
                "Warning: others can reach this page, and it is not encrypted: who sees its address on the way, "
                "token and all, reads every event and replays them. Safer: ssh -L and no --host."
            )
        _say("The page opens with that whole address; ctrl+c ends it.")
        if capture is None:
            _say(f"Only reading {options.store}; nothing listens.")
        else:
            how = "Joined the listener on" if capture.joined else "Listening on"
            _say(f"{how} {capture.url} (process {capture.pid})")
            if options.on_ready is not None:
                _in_thread(options.on_ready, capture.url)
        if options.open_browser:
            _in_thread(_open, f"{self.url}/?token={self.page.guard.single_use()}")

    async def _watch(self) -> None:
        """Start the capture process again when it fails; one that somebody stopped stays stopped."""
        capture = self.capture
        while capture is not None:
            await asyncio.sleep(_WATCH_S)
            ended = capture.ended()
            if ended is None:
                continue
            if await asyncio.to_thread(_was_stopped, self.options.store):
                _say("The listener was stopped; i on the screen starts it again.")
                return
            capture.note(f"the listener ended ({ended})")
            if not capture.may_restart():
                _say(
                    f"The listener ended more than {MAX_RESTARTS} times in a minute; i on the screen says more."
                )
                return
            try:
                await asyncio.to_thread(_start_again, capture)
            except InspectorError as error:
                _say(f"The listener ended ({ended}): {error}")
                return
            _say(f"The listener ended ({ended}) and was started again. Nothing acknowledged is lost.")


def _was_stopped(store: Path) -> bool:
    """Whether the capture process ended as it should, and took its state away."""
    try:
        with Reader(store) as reader:
            return reader.state("listener") is None
    except InspectorError:
        return False


def _start(capture: Capture) -> None:
    """Start it; InspectorError says which options are those of the listener, for ``--port`` is the page's."""
    try:
        capture.start()
    except InspectorError as error:
        if "--port" not in str(error):
            raise
        raise InspectorError(
            f"{error} For the listener: --listen-with '--port N'.", code=error.code
        ) from None


def _start_again(capture: Capture) -> None:
    """Start it after a crash: what it was asked for, a pause say, goes on to hold."""
    capture.stop()
    capture.start(again=True)


def _in_thread(work: Callable[[str], None], url: str) -> None:
    """Begin something slow that the end does not wait for."""

    def run() -> None:
        try:
            work(url)
        except (InspectorError, OSError) as error:
            _say(str(error))

    threading.Thread(target=run, name="web", daemon=True).start()


def _open(url: str) -> None:
    if not webbrowser.open(url):
        _say("No browser could be opened here; open the address above in one.")
