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
import logging
import os
import signal
import sqlite3
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from aiohttp import web

from inspector.capture.address import DEFAULT_HOST, DEFAULT_PORT, bind, is_loopback, url_of
from inspector.capture.answers import read_rules
from inspector.capture.background import Background
from inspector.capture.certificate import TlsFiles, self_signed, server_context
from inspector.capture.child import NOT_STORED, STARTED_AGAIN, STAY, STORED_AGAIN, open_log, running
from inspector.capture.credentials import Credentials
from inspector.capture.limits import ACCEPT_AT_ONCE, QUEUE, Limits
from inspector.capture.listener import Listener
from inspector.capture.narrate import Narrator
from inspector.capture.ngrok import install_agent
from inspector.capture.origin import Origin
from inspector.capture.supervise import supervised
from inspector.capture.tls import NO_TUNNEL
from inspector.capture.tunnel import Tunnel, TunnelState
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.signatures import Secrets
from inspector.core.text import for_output, visible
from inspector.store.commit import GroupCommit
from inspector.store.deleted import purge
from inspector.store.narration import news_lines
from inspector.store.place import Lock, capture_lock, identity, make_folder, open_reading, screens_lock
from inspector.store.retention import Retention, enforce, set_retention
from inspector.store.writer import Stored, StoreFailed, now

WATCH_S = 0.1
KEEP_S = 60.0
"""How often it is looked whether more is kept than the user wants."""
DRAIN_S = 1.0
"""Seconds that requests in hand are given at the end; a screen waits three for all of it."""
_LOCK_WAIT_S = 0.5
_FLEETING = ("answers", "paused", "tunnel")
"""Settings that hold for one run only; answers and pause also for the run that takes over after a crash."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What ``inspector listen`` was asked for."""

    store: Path
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    as_json: bool = False
    quiet: bool = False
    tunnel: bool = False
    tunnel_minutes: float | None = None
    answers: Any = None
    """Answer rules in their JSON form; None for the default."""
    exit_after: int | None = None
    limits: Limits = field(default_factory=Limits)
    keep: Retention | None = None
    """How much is kept from now on; None for what was set before."""
    allow_hosts: tuple[str, ...] = ()
    """Names of this listener, besides its address, under which it may be called."""
    credentials: Credentials | None = field(default=None, repr=False)
    """What senders have to give."""
    secrets: Secrets = field(default_factory=dict, repr=False)
    """What signatures are checked with."""
    tls: TlsFiles | Literal["self-signed"] | None = None
    """Certificate and key; ``self-signed`` for one of our own beside the store; None for plain HTTP."""


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
        self.out: Narrator | None = None
        """Writes stdout; None for a screen's child, which has no reader."""
        self.err: Narrator | None = None
        self.background: Background | None = None
        self._purge_before = now()[0]
        """What was deleted before this moment can be brought back no more; 0 once it is gone."""
        self.tunnel: Tunnel | None = None
        self.tunnel_state: dict[str, Any] | None = None
        self.stored = 0
        self.again = os.environ.pop(STARTED_AGAIN, None) is not None
        """In the place of one that crashed: what was asked of that one goes on to hold."""
        pipe = os.environ.pop("INSPECTOR_SCREEN_PIPE", None)
        self.pipe = None if pipe is None else int(pipe)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._asked: dict[str, Any] = {}

    async def run(self) -> int:
        """Start, serve, end."""
        options = self.options
        if self.pipe is None:
            self.out, self.err = Narrator(1), Narrator(2)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop.set)
        loop.set_exception_handler(self._unexpected)
        logging.getLogger("asyncio").addHandler(_LogLines(self.log))
        logging.getLogger("asyncio").propagate = False
        self.rules = [{"status": 200}] if options.answers is None else options.answers
        answers = read_rules(self.rules)
        files = self_signed(options.store, options.host) if options.tls == "self-signed" else options.tls
        context = None if files is None else server_context(files)
        self.certificate = None if files is None else str(files.certificate.absolute())
        sockets = bind(options.host, options.port)
        silent = self.pipe is not None or options.quiet
        try:
            self.commit = GroupCommit(
                options.store,
                min_free=options.limits.min_free,
                narrate="" if silent else "json" if options.as_json else "text",
                secrets=options.secrets,
                on_lines=self._say,
                on_trouble=self._trouble,
                on_stored=self._events_stored,
                on_fresh=self._fresh,
            )
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
        with contextlib.suppress(StoreFailed):  # a full disk: senders get 503 until there is room
            await self.commit.run("sweep")
            for number in await self.commit.run("pending"):
                self.background.add(number)
            await self.commit.run("forget", ("tunnel",) if self.again else _FLEETING)
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
            "loopback": is_loopback(options.host),
            "certificate": self.certificate,
            "credentials": options.credentials is not None,
            "checks": sorted(options.secrets),
        }
        if self.again:
            self._take_wishes()
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
        self._announce(url)
        lasting = [
            asyncio.create_task(supervised(name, work, self.log), name=name)
            for name, work in (("the watch over settings", self._watch), ("deleting old events", self._keep))
        ]
        if options.tunnel:
            self._spawn(self._open_tunnel({"minutes": options.tunnel_minutes}))
        try:
            await self.stop.wait()
        finally:
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
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._publish("listener", None), 1)
                await asyncio.wait_for(self._publish("tunnel", None), 1)
            await self.commit.close()
            self._goodbye()
        return 0

    # -- words

    def _announce(self, url: str) -> None:
        options = self.options
        line = json.dumps(
            {
                "kind": "listening",
                "url": url,
                "store": str(options.store),
                "pid": os.getpid(),
                "port": self.port,
                "host": options.host,
                "certificate": self.certificate,
            }
        )
        if self.out is None or self.err is None:
            print(line, flush=True)
            self._log_to_file()
            return
        if not is_loopback(options.host):
            self.err.say(
                f"inspector: warning: {visible(options.host)} can be reached from other machines. "
                "Whoever reaches it can send events; nothing can be read through it."
            )
        if options.as_json:
            self.out.say(line)
        else:
            self.err.say(f"Listening on {url}   store {for_output(str(options.store), sys.stderr)}")
            for line in self._guards():
                self.err.say(line)
            self.err.say("Press ctrl+c to stop.")

    def _guards(self) -> list[str]:
        """What senders have to know of TLS, credentials and signatures, a line each."""
        options, found = self.options, []
        if options.tls == "self-signed":
            path = visible(str(self.certificate))
            found.append(
                f"The certificate is our own: {path}. Senders trust it when they are given that file"
            )
            found.append(
                "(curl --cacert FILE). In Anchore, add it to the trusted certificates, or set verify_tls"
            )
            found.append("of the webhook to false.")
        if options.credentials is not None:
            found.append(
                "Senders without the right user name and password get 401; their events are labelled."
            )
        if options.secrets:
            found.append(f"Signatures are checked: {', '.join(sorted(options.secrets))}.")
        return found

    def _log_to_file(self) -> None:
        """A screen's child talks to its log from now on: the pipes it was started with have no reader."""
        descriptor = open_log(self.options.store)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)

    def _goodbye(self) -> None:
        if self.out is None or self.err is None:
            return
        self.out.close()
        if self.out.lost:
            self.err.say(
                f"inspector: {units.count(self.out.lost, 'line')} not printed: "
                "the reader was too slow or gone. The events are in the store."
            )
        if not self.options.as_json:
            self.err.say(f"Stopped listening. {units.count(self.stored, 'event')} stored in this run.")
        self.err.close(0.5)

    def log(self, text: str) -> None:
        """One line of narration on stderr (the log file, for a screen's child)."""
        line = _stamped(text)
        if self.err is not None:
            self.err.say(line)
            return
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)

    def _log_beside(self, text: str) -> None:
        """Narrate, and in any case into the file beside the store, where screens look while it fails."""
        self.log(text)
        if self.err is not None:
            with contextlib.suppress(OSError):
                descriptor = open_log(self.options.store)
                try:
                    os.write(descriptor, f"{_stamped(text)}\n".encode())
                finally:
                    os.close(descriptor)

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.log(f"{context.get('message')}{f' ({type(error).__name__}: {error})' if error else ''}")

    # -- what is stored

    def _events_stored(self, stored: list[Stored]) -> None:
        """Called after each commit."""
        self.stored += len(stored)
        if self.background is not None:
            for number, pending in stored:
                if pending:
                    self.background.add(number)
        if self.options.exit_after is not None and self.stored >= self.options.exit_after:
            self.stop.set()

    def _say(self, lines: list[str]) -> None:
        if self.out is not None:
            for line in lines:
                self.out.say(line)

    def _identified(self, event: dict[str, object]) -> None:
        if self.out is not None and self.options.as_json and not self.options.quiet:
            self.out.say(json.dumps({"kind": "identified", **event}))
        if event["new"]:
            self._fresh([cast(int, event["id"])])

    def _fresh(self, numbers: list[int]) -> None:
        """Events of a shape never seen before: ask what is new in them, beside the storing."""
        if self.background is not None and self.out is not None and not self.options.quiet:
            for number in numbers:
                self.background.ask_news(number)

    def _news(self, number: int, words: list[str]) -> None:
        if self.out is not None:
            for line in news_lines(number, words, self.options.as_json):
                self.out.say(line)

    def _trouble(self, text: str | None) -> None:
        if text is None:
            self._log_beside(STORED_AGAIN)
        else:
            self._log_beside(f"{NOT_STORED}{text}")
        self._spawn(self._publish("trouble", None if text is None else {"text": text, "since_us": now()[0]}))

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
        await self._publish("listener", self.described)
        await self._publish_answers()
        await self._publish("tunnel", self.tunnel_state)
        trouble = self.commit.trouble
        await self._publish("trouble", None if trouble is None else {"text": trouble, "since_us": now()[0]})

    async def _publish_answers(self) -> None:
        """Say in words what senders are answered, and the rules it comes from."""
        words, paused = self.listener.answers.words(), self.listener.paused
        text = "paused: 503" if paused else words
        await self._publish(
            "answers",
            {"text": text, "rules": self.rules, "paused": paused, "then": words if paused else None},
        )

    def _take_wishes(self) -> None:
        """Take what was asked of the capture process before this one, ahead of the first request."""
        with (
            contextlib.suppress(sqlite3.Error, InspectorError),
            contextlib.closing(open_reading(self.options.store)) as db,
        ):
            self._apply_changed(db)

    async def _watch(self) -> None:
        """Look for changed settings, and for the end of the screen that started us."""
        db: sqlite3.Connection | None = None
        version = -1
        file = identity(self.options.store)
        orphan = False
        ticks = 0
        while True:
            await asyncio.sleep(WATCH_S)
            ticks += 1
            if self.pipe is not None:
                orphan = orphan or self._screen_gone()
                if orphan and ticks % 5 == 0 and self._unwatched():
                    self.stop.set()
            try:
                if (found := identity(self.options.store)) != file:
                    if not await self._begin_anew():
                        continue
                    file = found
                    if db is not None:
                        db.close()
                    db, version = None, -1
                if db is None:
                    db = open_reading(self.options.store)
                current = db.execute("PRAGMA data_version").fetchone()[0]
                if current != version:
                    version = current
                    self._apply_changed(db)
            except (sqlite3.Error, InspectorError, ValueError):
                if db is not None:
                    db.close()
                db, version = None, -1

    async def _begin_anew(self) -> bool:
        """Another store is at the path, or none: True once it is the one that is written.

        What was asked of us in another run of it does not hold; what holds is said there too.
        """
        try:
            await self.commit.run("forget", _FLEETING)
        except StoreFailed:
            return False  # that is how the writing process notices; it opens the new one, or makes it
        self._asked = {}
        await self._publish_all()
        return True

    def _apply_changed(self, db: sqlite3.Connection) -> None:
        query = "SELECT name, value FROM setting WHERE name IN (?, ?, ?)"
        asked = dict(db.execute(query, _FLEETING).fetchall())
        if asked != self._asked:
            before, self._asked = self._asked, asked
            self._apply(
                {name: json.loads(value) for name, value in asked.items() if value != before.get(name)}
            )

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

    def _screen_gone(self) -> bool:
        """Read the pipe: True once it has ended without the screen having asked us to stay."""
        assert self.pipe is not None
        os.set_blocking(self.pipe, False)
        try:
            data = os.read(self.pipe, 64)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if STAY in data:
            os.close(self.pipe)
            self.pipe = None
            return False
        return not data

    def _unwatched(self) -> bool:
        lock = screens_lock(self.options.store)
        if lock.acquire():
            lock.release()
            return True
        return False

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
        if self.out is not None and self.options.as_json:
            self.out.say(json.dumps({"kind": "tunnel", **state.as_json()}))
        self.log(text)


def _stamped(text: str) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {visible(text)}"


class _LogLines(logging.Handler):
    """Turns log records of the standard library into our one-line log, without tracebacks, at most one a
    second."""

    def __init__(self, log: Any) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._last = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() - self._last >= 1.0:
            self._last = time.monotonic()
            self._log(record.getMessage().splitlines()[0])
