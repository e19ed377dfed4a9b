"""Identification of large and compressed bodies, in a process of its own, so that no body can stall the listener.

``python -m inspector.capture.background STORE`` reads from standard input a line of JSON with the secrets for
signatures (in hexadecimal) and then event ids, a line each; it identifies the event in the store, and answers with the
same id on standard output. ``new 12`` asks in what event 12 differs from all that its type had been. It ends with its
input. The capture process starts it when the first such event comes, ends
it when it has nothing to do, and replaces it when it takes too long or dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from inspector.capture.supervise import supervised
from inspector.core.events import InspectorError
from inspector.core.signatures import Secrets
from inspector.store.news import told_news
from inspector.store.reader import Reader
from inspector.store.writer import StoreFailed, StoreWriter

DEADLINE_S = 60.0
"""How long one body may take; then its event stays without type and shape."""
IDLE_S = 30.0
_NEW = "new "
_MOST_NEWS = 1_000
"""Questions that may wait; what comes then is not told in words."""


def main() -> int:
    """The child's side."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    store = Path(sys.argv[1])
    writer = StoreWriter(store)
    told: dict[str, list[str]] = json.loads(sys.stdin.readline() or "{}")
    writer.secrets = {scheme: [bytes.fromhex(key) for key in keys] for scheme, keys in told.items()}
    try:
        _serve(store, writer)
    except BrokenPipeError:  # the capture process is gone, and nobody waits for the answer
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    writer.close()
    return 0


def _serve(store: Path, writer: StoreWriter) -> None:
    """Answer what is asked on standard input until its end."""
    for line in sys.stdin:
        if line.startswith(_NEW):
            number = int(line.removeprefix(_NEW))
            print(json.dumps({"id": number, "event": None, "new": _news(store, number)}), flush=True)
            continue
        number = int(line)
        try:
            _follow(writer)
            event = writer.identify(number)
        except Exception as error:
            print(f"event {number} could not be identified: {type(error).__name__}: {error}", file=sys.stderr)
            with contextlib.suppress(sqlite3.Error):
                writer.give_up(number)
            event = None
        print(json.dumps({"id": number, "event": None if event is None else event.as_json()}), flush=True)


def _follow(writer: StoreWriter) -> None:
    """Turn to the store at the path when it is another one than was opened."""
    try:
        writer.check_files()
    except StoreFailed:
        writer.reopen()


def _news(store: Path, number: int) -> list[str]:
    """What is new in an event, in words; none where that cannot be told."""
    with contextlib.suppress(InspectorError, sqlite3.Error), Reader(store) as reader:
        event = reader.event(number)
        return [] if event is None else told_news(reader, event)
    return []


class Background:
    """The parent's side: a queue of event ids, one child at a time."""

    def __init__(
        self,
        store: Path,
        on_identified: Callable[[dict[str, object]], None],
        log: Callable[[str], None],
        secrets: Secrets | None = None,
        on_news: Callable[[int, list[str]], None] = lambda number, words: None,
    ) -> None:
        """`on_identified` gets the JSON form of each event once it is identified; `secrets` are what signatures
        are checked with. `on_news` gets the id of each event that was asked for and what is new in it, raw."""
        self._store = store
        self._secrets = {scheme: [key.hex() for key in keys] for scheme, keys in (secrets or {}).items()}
        self._on_identified = on_identified
        self._on_news = on_news
        self._log = log
        self._queue: asyncio.Queue[tuple[int, bool]] = asyncio.Queue()
        """Ids, each with whether it is asked what is new in it."""
        work = supervised("identifying large bodies", self._run, log)
        self._task = asyncio.create_task(work, name="background identification")

    def add(self, number: int) -> None:
        """Identify this event soon."""
        self._queue.put_nowait((number, False))

    def ask_news(self, number: int) -> None:
        """Tell soon what is new in this event; not at all when much waits already."""
        if self._queue.qsize() < _MOST_NEWS:
            self._queue.put_nowait((number, True))

    async def close(self) -> None:
        """End the child; what is left is identified at the next start."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        process: asyncio.subprocess.Process | None = None
        try:
            while True:
                try:
                    number, news = await asyncio.wait_for(self._queue.get(), IDLE_S if process else None)
                except TimeoutError:
                    await _end(process)
                    process = None
                    continue
                if process is None or process.returncode is not None:
                    try:
                        process = await self._start()
                    except OSError:
                        self._queue.put_nowait((number, news))
                        raise
                if not await self._ask(process, number, news):
                    await _end(process, at_once=True)
                    process = None
                    if not news:
                        await asyncio.to_thread(_give_up, self._store, number)
        finally:
            await _end(process, at_once=True)

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "inspector.capture.background",
            str(self._store),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._secrets).encode() + b"\n")
        return process

    async def _ask(self, process: asyncio.subprocess.Process, number: int, news: bool) -> bool:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(b"%s%d\n" % (_NEW.encode() if news else b"", number))
            async with asyncio.timeout(DEADLINE_S):
                line = await process.stdout.readline()
        except (TimeoutError, OSError):
            if not news:
                self._log(
                    f"event {number} took longer than {DEADLINE_S:.0f} s to identify; it stays without a type"
                )
            return False
        if not line:
            self._log(f"the process that identifies large bodies ended at event {number}")
            return False
        found = json.loads(line)
        if found["event"] is not None:
            self._on_identified(found["event"])
        elif found.get("new"):
            self._on_news(number, found["new"])
        return True


async def _end(process: asyncio.subprocess.Process | None, at_once: bool = False) -> None:
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if at_once:
            process.kill()
        elif process.stdin is not None:
            process.stdin.close()
    await process.wait()


def _give_up(store: Path, number: int) -> None:
    with contextlib.suppress(Exception), contextlib.closing(StoreWriter(store)) as writer:
        writer.give_up(number)


if __name__ == "__main__":
    sys.exit(main())
