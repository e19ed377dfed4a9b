"""The capture process: one per store. It listens, stores, answers, holds the tunnel, and ends cleanly.

Order at the start: lock, store, sockets, state, then the line that says where it listens; at the end: sockets
first, then what is in flight, then the store. What the screen wants (answers, pause, tunnel) it reads from
`setting` rows; what there is to know of it, it writes into `state` rows. No other way in.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from inspector.capture.address import bind, is_loopback, other_on_localhost, url_of
from inspector.capture.answers import read_rules
from inspector.capture.background import Background
from inspector.capture.certificate import self_signed, server_context
from inspector.capture.child import NOT_STORED, STARTED_AGAIN, STORED_AGAIN, running
from inspector.capture.ending import UNFINISHED, Ending, ending_signals
from inspector.capture.limits import ACCEPT_AT_ONCE, QUEUE
from inspector.capture.listener import Listener
from inspector.capture.ngrok import install_agent
from inspector.capture.options import ListenOptions
from inspector.capture.origin import Origin
from inspector.capture.output import Output
from inspector.capture.parent import Parent
from inspector.capture.supervise import supervised
from inspector.capture.tls import NO_TUNNEL
from inspector.capture.tunnel import Tunnel, TunnelState
from inspector.capture.wishes import FLEETING, Wishes
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.store.commit import GroupCommit
from inspector.store.deleted import purge
from inspector.store.narration import news_lines
from inspector.store.place import Lock, capture_lock, make_folder
from inspector.store.retention import enforce, set_retention
from inspector.store.writer import Stored, StoreFailed, now

KEEP_S = 60.0
"""How often it is looked whether more is kept than the user wants."""
DRAIN_S = 1.0
"""Seconds that requests in hand are given at the end; a screen waits three for all of it."""
_LOCK_WAIT_S = 0.5


def listen(options: ListenOptions) -> int:
    """Run the capture process until it is told to end; returns the exit code. InspectorError when it cannot
    start."""
    lock = _take_lock(options.store)
    try:
        return asyncio.run(_Process(options).run())
    finally:
        lock.release()


def _take_lock(store: Path) -> Lock:
    try:
        make_folder(store.parent)
        lock = capture_lock(store)
        deadline = time.monotonic() + _LOCK_WAIT_S
        while not lock.acquire(content=str(os.getpid())):
            if time.monotonic() > deadline:
                found = running(store)
                where = f" by process {found['pid']} on {found['url']}" if found else ""
                raise InspectorError(
                    f"this store is being captured into already{where}. "
                    "Stop that one, or use --store PATH for another."
                )
            time.sleep(0.05)
    except OSError as error:
        raise InspectorError(
            f"cannot open {store}: {(error.strerror or str(error)).lower()}. Use --store PATH."
        ) from None
    return lock


class _Process:
    """Everything that lives as long as the capture process."""

    def __init__(self, options: ListenOptions) -> None:
        self.options = options
        self.stop = asyncio.Event()
        self.background: Background | None = None
        self._purge_before = now()[0]
        """What was deleted before this moment can be brought back no more; 0 once it is gone."""
        self.tunnel: Tunnel | None = None
        self.tunnel_state: dict[str, Any] | None = None
        self.stored = 0
        self.again = os.environ.pop(STARTED_AGAIN, None) is not None
        """In the place of one that crashed: what was asked of that one goes on to hold."""
        self.parent = Parent.from_environment()
        self.output = Output(options, read=self.parent is None)
        self.log = self.output.log
        narrate = "json" if options.as_json else "text"
        self.commit = GroupCommit(
            options.store,
            min_free=options.limits.min_free,
            narrate=narrate if self.output.wants_events else "",
            secrets=options.secrets,
            on_lines=self.output.say,
            on_trouble=self._trouble,
            on_stored=self._events_stored,
            on_fresh=self._fresh,
        )
        self.ending = Ending(self.log, lambda: self.commit.pid)
        self.wishes = Wishes(options.store, self._apply, self._begin_anew)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._took_pending = False
        self.described: dict[str, Any] = {}
        """What the listener says of itself, once it listens."""

    async def run(self) -> int:
        """Start, serve, end."""
        options = self.options
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self._stop)
        self.output.catch(loop)
        self.rules = [{"status": 200}] if options.answers is None else options.answers
        answers = read_rules(self.rules)
        files = self_signed(options.store, options.host) if options.tls == "self-signed" else options.tls
        context = None if files is None else server_context(files)
        self.certificate = None if files is None else str(files.certificate.absolute())
        sockets = bind(options.host, options.port)
        try:
            await self.commit.open()
        except BaseException:
            for opened in sockets:
                opened.close()
            raise
        self.listener = Listener(self.commit, options.limits, self.log)
        self.listener.answers = answers
        self.listener.tls = context
        self.listener.credentials = options.credentials
        self.listener.origin = Origin((options.host, *options.allow_hosts))
        self.background = Background(options.store, self._identified, self.log, options.secrets, self._news)
        url = url_of(sockets[0], tls=context is not None)
        self.port = sockets[0].getsockname()[1]
        forgotten = ("tunnel",) if self.again else FLEETING
        # A full disk, or a lock of another program: senders get 503 until there is room, or it is gone.
        begun = await asyncio.gather(
            *(self.commit.run("sweep"), self.commit.run("forget", forgotten), self._take_pending()),
            return_exceptions=True,
        )
        for failed in begun:
            if isinstance(failed, BaseException) and not isinstance(failed, StoreFailed):
                raise failed
        if options.keep is not None:
            try:
                await asyncio.to_thread(set_retention, options.store, options.keep)
            except InspectorError as error:
                self.log(f"the limits of what is kept were not taken: {error}")
        self.described = {
            "url": url,
            "host": options.host,
            "port": self.port,
            "pid": os.getpid(),
            "started_us": now()[0],
            "loopback": is_loopback(sockets),
            "beside": (beside := other_on_localhost(sockets)),
            "certificate": self.certificate,
            "credentials": options.credentials is not None,
            "checks": sorted(options.secrets),
        }
        if self.again:
            self.wishes.take()
        await self._publish_all()
        runner = web.ServerRunner(self.listener.server, handle_signals=False, shutdown_timeout=DRAIN_S)
        await runner.setup()
        sites = [web.SockSite(runner, opened, backlog=ACCEPT_AT_ONCE) for opened in sockets]
        for site, opened in zip(sites, sockets, strict=True):
            await site.start()
            opened.listen(QUEUE)  # asyncio takes its backlog for both
        self.listener.start()
        gc.freeze()
        gc.set_threshold(20_000, 50, 50)
        self.output.announce(url, self.port, self.certificate, is_loopback(sockets), beside)
        works = [("the watch over settings", self.wishes.watch), ("deleting old events", self._keep)]
        if self.parent is not None:
            works.append(
                ("the watch over the screen", partial(self.parent.watch, options.store, self.stop.set))
            )
        lasting = [asyncio.create_task(supervised(name, work, self.log), name=name) for name, work in works]
        if options.tunnel:
            self._spawn(self._open_tunnel({"minutes": options.tunnel_minutes}))
        try:
            await self.stop.wait()
        finally:
            self.ending.begin()
            self.commit.hurry()
            for site in sites:
                await site.stop()
            for task in lasting:
                task.cancel()
            await asyncio.gather(*lasting, return_exceptions=True)
            await self.listener.stop(DRAIN_S)
            await runner.cleanup()
            if self.tunnel is not None:
                await self.tunnel.close()
            await self.background.close()
            await self._publish("listener", None)
            await self._publish("tunnel", None)
            whole = await self.commit.close(self.ending.left())
            if not whole:
                waited = units.count(self.commit.given_up, "request")
                self.log(f"{waited} could not be stored in time, and got 503. What was acknowledged is kept.")
            self.output.close(self.stored)
        return 0 if whole else UNFINISHED

    def _stop(self) -> None:
        self.ending.begin()
        self.stop.set()

    # -- what is stored

    def _events_stored(self, stored: list[Stored]) -> None:
        """Called after each commit."""
        self.stored += len(stored)
        if self.background is not None:
            for number, pending in stored:
                if pending:
                    self.background.add(number)
        if self.options.exit_after is not None and self.stored >= self.options.exit_after:
            self._spawn(self._end_answered())

    async def _end_answered(self) -> None:
        """End when the answers have been given that are to be late."""
        await self.listener.answered()
        self.stop.set()

    def _identified(self, event: dict[str, object]) -> None:
        if self.output.wants_events:
            self.output.say_json("identified", event)
        if event["new"]:
            self._fresh([cast(int, event["id"])])

    def _fresh(self, numbers: list[int]) -> None:
        """Events of a shape never seen before: ask what is new in them, beside the storing."""
        if self.background is not None and self.output.wants_events:
            for number in numbers:
                self.background.ask_news(number)

    def _news(self, number: int, words: list[str]) -> None:
        self.output.say(news_lines(number, words, self.options.as_json))

    def _trouble(self, text: str | None) -> None:
        if text is None:
            self.output.log_beside(STORED_AGAIN)
        else:
            self.output.log_beside(f"{NOT_STORED}{text}")
        if text is None and self.described:
            self._spawn(self._catch_up())
        else:
            self._spawn(self._publish("trouble", _trouble_words(text)))

    async def _catch_up(self) -> None:
        """Do what could not be done while storing failed, from the start on.

        In a store made anew all is said by `_begin_anew`, once it has forgotten what was asked there before: a wish
        that answers what is said must come after that.
        """
        with contextlib.suppress(StoreFailed):
            await self._take_pending()
        if self.wishes.is_same_store:
            await self._publish_all()

    async def _take_pending(self) -> None:
        """Have large bodies identified that were left when the last listener ended; once."""
        if not self._took_pending:
            found = await self.commit.run("pending")
            self._took_pending = True
            for number in found:
                if self.background is not None:
                    self.background.add(number)

    async def _keep(self) -> None:
        """Let go what was deleted before this start, then delete what is more than the user wants to keep, again
        and again; in a thread."""
        while True:
            try:
                if self._purge_before:
                    await asyncio.to_thread(
                        purge, self.options.store, self._purge_before, self._unless_stopping
                    )
                    self._purge_before = 0
                gone = await asyncio.to_thread(enforce, self.options.store, self._unless_stopping)
            except InspectorError as error:
                self.log(str(error))
            else:
                if gone is not None and gone.events:
                    self.log(f"{units.count(gone.events, 'old event')} deleted, as the limits say")
            await asyncio.sleep(KEEP_S)

    def _unless_stopping(self, done: int, of: int) -> None:
        if self.stop.is_set():
            raise InspectorError(f"stopped after {units.count(done, 'event')} of {units.count(of)}.")

    # -- what the screen wants

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, name: str, value: object) -> None:
        with contextlib.suppress(StoreFailed):
            await self.commit.run("state", name, json.dumps(value))

    async def _publish_all(self) -> None:
        """Say everything anew, at the start and in a store that took the place of another."""
        await asyncio.gather(
            self._publish("listener", self.described),
            self._publish_answers(),
            self._publish("tunnel", self.tunnel_state),
            self._publish("trouble", _trouble_words(self.commit.trouble)),
        )

    async def _publish_answers(self) -> None:
        """Say in words what senders are answered, and the rules it comes from."""
        words, paused = self.listener.answers.words(), self.listener.paused
        text = "paused: 503" if paused else words
        await self._publish(
            "answers",
            {"text": text, "rules": self.rules, "paused": paused, "then": words if paused else None},
        )

    async def _begin_anew(self) -> bool:
        """Another store is at the path, or none: True once it is the one that is written.

        What was asked of us in another run of it does not hold; what holds is said there too.
        """
        try:
            await self.commit.run("forget", FLEETING)
        except StoreFailed:
            return False  # that is how the writing process notices; it opens the new one, or makes it
        await self._publish_all()
        return True

    def _apply(self, asked: dict[str, Any]) -> None:
        if "paused" in asked:
            self.listener.paused = bool(asked["paused"])
        if "answers" in asked and asked["answers"] is not None:
            try:
                self.listener.answers = read_rules(asked["answers"])
                self.rules = asked["answers"]
            except InspectorError as error:
                self.log(f"the answer rules were not taken: {error}")
        if "paused" in asked or "answers" in asked:
            self._spawn(self._publish_answers())
        if isinstance(asked.get("tunnel"), dict):
            wanted = asked["tunnel"]
            self._spawn(self._open_tunnel(wanted) if wanted.get("wanted") else self._close_tunnel())

    # -- the tunnel

    async def _open_tunnel(self, wanted: dict[str, Any]) -> None:
        await self._close_tunnel()
        if self.listener.tls is not None:
            self._tunnel_changed(TunnelState("failed", None, None, None, NO_TUNNEL, "ngrok"))
            return
        if wanted.get("download"):
            self._tunnel_changed(TunnelState("opening", None, now()[0], None, None, "ngrok"))
            try:
                await install_agent()
            except InspectorError as error:
                self._tunnel_changed(TunnelState("failed", None, None, None, str(error), "ngrok"))
                return
        minutes = wanted.get("minutes")
        self.tunnel = Tunnel(
            self.port,
            self._tunnel_changed,
            minutes=float(minutes) if isinstance(minutes, int | float) else None,
        )
        await self.tunnel.open()

    async def _close_tunnel(self) -> None:
        if self.tunnel is not None:
            await self.tunnel.close()
            self.tunnel = None

    def _tunnel_changed(self, state: TunnelState) -> None:
        self.listener.origin.set_tunnel(state.url)
        self.tunnel_state = state.as_json()
        self._spawn(self._publish("tunnel", self.tunnel_state))
        if state.state == "open":
            text = f"PUBLIC {state.url}"
        elif state.error:
            text = state.error
        else:
            text = f"tunnel {state.state}"
        self.output.say_json("tunnel", state.as_json())
        self.log(text)


def _trouble_words(text: str | None) -> dict[str, Any] | None:
    """What screens read of a trouble: why, and since when."""
    return None if text is None else {"text": text, "since_us": now()[0]}
