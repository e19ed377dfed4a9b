"""Group commit: a process of its own writes what many connections bring, many events to a transaction.

An awaited `put` returns once the event is on disk (WAL, ``synchronous=FULL``) or raises `StoreFailed`. The
writing stands in a process of its own (`inspector.store.commit_process`) because a thread would fight the
listener for the interpreter lock: the same work in a thread stores a third of what a bare server answers.
The two speak frames over a socket pair: four bytes of length, then a `marshal` of the secrets that signatures
are checked with (once, at the start) or of a batch, which is jobs and when they must be done, one way, and of
results the other. While one batch is written the next one gathers, so the batches grow with the load. If the
writing process dies it is started again, and whoever waited for it hears StoreFailed. So does who waits longer
than senders do, for a disk that hangs; an event that is stored later says that its sender was told 503.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from inspector.core.events import InspectorError
from inspector.core.signatures import Secrets
from inspector.store.arrival import Arrival, look_at
from inspector.store.arrival_codec import ArrivalEncoder
from inspector.store.frames import Link
from inspector.store.place import MIN_FREE
from inspector.store.writer import Stored, StoreFailed

MAX_BATCH = 256
MAX_BATCH_BYTES = 4 * 1024 * 1024
IN_FLIGHT = 2
"""Batches the writing process has at once: one that is written, one that waits."""
MAX_QUEUE, MAX_HELD = 4000, 64 * 1024 * 1024
"""Jobs, and bytes of them, that may wait for the disk; beyond, senders are told 503 at once."""
WAIT_S = 4.5
"""How long a job waits for its turn and for a lock that another program holds on the store."""
_GRACE_S = 0.5
"""How much longer the writing process may take to answer."""
_LAST_S = 0.8
"""What both are together once it is to end."""
_WATCH_S = 0.1
_LOOK_S = 0.0002
"""How long, about, a turn of the loop goes on finding out what waits."""
_LOOK_BYTES = 8 * 1024
"""What is larger is left to the writing process: 64 KiB can be made to take 70 ms, in which nobody is heard."""
SILENT = "the disk does not answer"
TOO_MUCH = "the disk cannot keep up"
STOPPED = "the listener was stopped before it could be stored"
_OF_SENDERS = {"event", "piece"}
START_S = 10.0
_END_S = 0.2
_RESTART_S = 0.2
_PROBE_S = 1.0
"""How often it is tried whether storing works again."""


Told = Callable[[bool | None, Any], None]
"""Hears what came of a job: (True, value), (False, why it could not be stored) or (None, words for the user)."""


@dataclass(slots=True)
class _Job:
    """What waits to be given to the writing process."""

    what: tuple[Any, ...]
    """A name in `commit_process.JOBS` and its values; ``event`` and its arrival."""
    size: int
    """Bytes of heads and bodies."""
    told: Told
    since: float
    """On the monotonic clock."""


@dataclass(slots=True)
class _Batch:
    """What the writing process has in hand."""

    told: list[Told | None]
    """Who waits for each job; None once it was told that this took too long."""
    kinds: list[str]
    """What each job is: ``event``, ``piece`` or a name in `commit_process.JOBS`."""
    since: float
    """When the job that has waited longest came, on the monotonic clock."""
    size: int
    """Bytes of heads and bodies."""


class GroupCommit:
    """The listener's side of the writing process. `open` starts it, `close` ends it; one event loop."""

    def __init__(
        self,
        path: Path,
        *,
        min_free: int = MIN_FREE,
        narrate: str = "",
        secrets: Secrets | None = None,
        on_lines: Callable[[list[str]], None] | None = None,
        on_trouble: Callable[[str | None], None] | None = None,
        on_stored: Callable[[list[Stored]], None] | None = None,
        on_fresh: Callable[[list[int]], None] | None = None,
    ) -> None:
        """`narrate` is ``json``, ``text`` or empty: then `on_lines` gets a line for each event as it
        becomes durable. `secrets` are what signatures are checked with.

        `on_fresh` gets the ids of those of them whose shape was never seen before.
        `on_trouble` is called when storing starts to fail (with the reason) or works again, `on_stored`
        after each commit. All are called in the event loop.
        """
        self.path = path
        self.min_free = min_free
        self.trouble: str | None = None
        self.stored = 0
        self.held = 0
        """Bytes of heads and bodies that wait for the disk."""
        self.given_up = 0
        """Jobs of senders that were given up because all was to end."""
        self._narrate = narrate
        self._secrets = {scheme: list(keys) for scheme, keys in (secrets or {}).items()}
        self._on_lines = on_lines
        self._on_trouble = on_trouble
        self._on_stored = on_stored
        self._on_fresh = on_fresh
        self._queue: deque[_Job] = deque()
        self._seen = 0
        """How many of the queue, from its head on, need not be looked at any more."""
        self._looking = False
        self._encoder = ArrivalEncoder()
        self._sent: deque[_Batch] = deque()
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Link | None = None
        self._closing = False
        self._patience = WAIT_S + _GRACE_S
        self._hurried = False
        """All is to end soon."""
        self._heard = 0.0
        """When the writing process last answered, or was given something after it had nothing to do."""
        self._stuck = False
        """It does not answer in time; until it does, nothing more is given to it."""
        self._watching: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the writing process."""
        return None if self._process is None else self._process.pid

    async def open(self) -> None:
        """Start the writing process and open the store; InspectorError, in its words, if that fails."""
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            words = [str(theirs.fileno()), str(self.path), str(self.min_free), self._narrate]
            self._process = subprocess.Popen(  # noqa: ASYNC220 - starting it takes a millisecond or two
                [sys.executable, "-m", "inspector.store.commit_process", *words],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        finally:
            theirs.close()
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[Any] = loop.create_future()
        _, link = await loop.create_unix_connection(lambda: Link(self._received, self._lost), sock=ours)
        self._link = link
        self._sent = deque([_Batch([partial(_settle, ready)], ["start"], time.monotonic(), 0)])
        self._stuck = False
        self._encoder = ArrivalEncoder()
        # Over the socket, where nobody else sees them; before any event, so that none goes unchecked.
        link.send(self._secrets)
        try:
            async with asyncio.timeout(START_S):
                await ready
        except (TimeoutError, StoreFailed) as error:
            self._end()
            raise InspectorError(f"the process that writes the store did not start: {error}") from None
        except BaseException:
            self._end()
            raise
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="the watch over the disk")

    # -- jobs

    async def put(self, arrival: Arrival) -> Stored:
        """Store one event; returns once it is durable, raises StoreFailed with the reason otherwise."""
        stored: Stored = await self._put(("event", arrival), _size(arrival))
        return stored

    def put_and_tell(self, arrival: Arrival, told: Told) -> None:
        """The same without anything to await: `told` is called once the event is durable, or could not be
        stored. Raises StoreFailed where that is known at once."""
        self._enqueue(("event", arrival), _size(arrival), told)

    async def put_piece(self, upload: int | None, number: int, data: bytes) -> int:
        """Store one piece of a large body durably; returns the upload's number (a new one for `upload`
        None)."""
        found: int = await self._put(("piece", upload, number, data), len(data))
        return found

    async def run(self, name: str, *values: object) -> Any:
        """Run one of the named jobs of `commit_process.JOBS` and return its result once it is durable."""
        return await self._put((name, *values), 0)

    async def _put(self, job: tuple[Any, ...], size: int) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._enqueue(job, size, partial(_settle, future))
        return await future

    def _enqueue(self, what: tuple[Any, ...], size: int, told: Told) -> None:
        if len(self._queue) >= MAX_QUEUE or (size and self.held > MAX_HELD):
            raise StoreFailed(TOO_MUCH)
        if self._link is None:
            raise StoreFailed("the process that writes the store is being started again")
        if self._stuck:
            raise StoreFailed(STOPPED if self._hurried else SILENT)
        self.held += size
        self._queue.append(_Job(what, size, told, time.monotonic()))
        if len(self._sent) < IN_FLIGHT:
            if len(self._queue) == 1:
                # What else arrives in this turn of the loop goes with it.
                asyncio.get_running_loop().call_soon(self._send)
        elif not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look_ahead)

    def _look_ahead(self) -> None:
        """Find out what arrivals are that have to wait, for a moment in each turn of the loop: the writing process
        has its hands full then."""
        until = time.monotonic() + _LOOK_S
        while self._seen < len(self._queue) and time.monotonic() < until:
            job = self._queue[self._seen]
            self._seen += 1
            if job.what[0] == "event" and job.size <= _LOOK_BYTES:
                arrival: Arrival = job.what[1]
                # What goes wrong there goes wrong where it is stored, and is told there.
                with contextlib.suppress(Exception):
                    arrival.known = look_at(arrival, self._secrets)
        self._looking = self._seen < len(self._queue)
        if self._looking:
            asyncio.get_running_loop().call_soon(self._look_ahead)

    def _send(self) -> None:
        while self._queue and self._link is not None and len(self._sent) < IN_FLIGHT:
            jobs: list[tuple[Any, ...]] = []
            waiting: list[Told | None] = []
            size = 0
            since = self._queue[0].since
            while self._queue and len(jobs) < MAX_BATCH and size < MAX_BATCH_BYTES:
                job = self._queue.popleft()
                name, *values = job.what
                jobs.append((name, self._encoder.encode(values[0])) if name == "event" else job.what)
                waiting.append(job.told)
                size += job.size
            self._seen = max(0, self._seen - len(jobs))
            if not self._sent:
                self._heard = time.monotonic()
            self._sent.append(_Batch(waiting, [job[0] for job in jobs], since, size))
            self._link.send((since + WAIT_S, jobs))

    def _received(self, message: Any) -> None:
        """Results of the oldest batch: ``(results, lines, trouble, stored, fresh)`` with a result or an error for
        each job."""
        results, lines, trouble, stored, fresh = message
        batch = self._sent.popleft()
        self.held -= batch.size
        self._heard = time.monotonic()
        self._stuck = False
        self._send()  # the other process has something to do while we answer
        for told, (passed, value) in zip(batch.told, results, strict=True):
            if told is not None:
                _tell(told, passed, value)
        if None in batch.told:
            self._take_back(batch, results)
        if stored:
            self.stored += len(stored)
            if self._on_stored is not None:
                self._on_stored(stored)
        if lines and self._on_lines is not None:
            self._on_lines(lines)
        if fresh and self._on_fresh is not None:
            self._on_fresh(fresh)
        self._set_trouble(trouble)

    async def _watch(self) -> None:
        """Tell those who have waited too long, again and again."""
        while True:
            await asyncio.sleep(_WATCH_S)
            if self._sent:
                self._tell_late(time.monotonic() - self._patience)

    def _tell_late(self, before: float) -> None:
        """Tell the senders who have waited since `before` that it was in vain; at the end, everyone."""
        hurry = self._hurried
        silent = self._heard < before
        reason = STOPPED if hurry else SILENT if silent else TOO_MUCH
        late: list[Told] = []
        for batch in self._sent:
            if batch.since < before:
                for number, (kind, told) in enumerate(zip(batch.kinds, batch.told, strict=True)):
                    if told is not None and (hurry or kind in _OF_SENDERS):
                        batch.told[number] = None
                        late.append(told)
                        self.given_up += hurry and kind in _OF_SENDERS
        waiting, self._queue = self._queue, deque()
        for job in waiting:
            of_sender = job.what[0] in _OF_SENDERS
            if job.since < before and (hurry or of_sender):
                self.held -= job.size
                late.append(job.told)
                self.given_up += hurry and of_sender
            else:
                self._queue.append(job)
        self._seen = min(self._seen, len(self._queue))
        for told in late:
            _tell(told, False, reason)
        if late and silent:
            self._stuck = True
            if not hurry:
                self._set_trouble(SILENT)

    def _take_back(self, batch: _Batch, results: list[tuple[bool | None, Any]]) -> None:
        """Say of events that were stored after all that their senders were told 503; let go of such pieces."""
        refused: list[int] = []
        for told, kind, (passed, value) in zip(batch.told, batch.kinds, results, strict=True):
            if told is None and passed and kind == "event":
                refused.append(value[0])
            elif told is None and passed and kind == "piece":
                self._ask("abandon", value)
        if refused:
            self._ask("refused", refused)

    def _ask(self, name: str, *values: object) -> None:
        with contextlib.suppress(StoreFailed):
            self._enqueue((name, *values), 0, lambda passed, value: None)

    def _set_trouble(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            if self._on_trouble is not None:
                self._on_trouble(trouble)
        if trouble is not None and self._probing is None and not self._closing:
            self._probing = asyncio.get_running_loop().create_task(self._probe(), name="probe of the store")

    async def _probe(self) -> None:
        """Write something until it works, so that the end of a trouble is noticed without an event that has
        to wait."""
        while self.trouble is not None:
            await asyncio.sleep(_PROBE_S)
            with contextlib.suppress(StoreFailed):
                await self.run("probe")
        self._probing = None

    # -- the process

    def _lost(self) -> None:
        """The writing process is gone: everyone who waits hears it, and a new one is started."""
        self._link = None
        self._fail_waiting()
        if not self._closing and self._restarting is None and self._process is not None:
            self._restarting = asyncio.get_running_loop().create_task(self._restart())

    def _fail_waiting(self) -> None:
        waiting = [told for batch in self._sent for told in batch.told if told is not None]
        waiting += [job.told for job in self._queue]
        self._sent.clear()
        self._queue.clear()
        self._seen = 0
        self.held = 0
        for told in waiting:
            _tell(told, False, "the process that writes the store ended")

    async def _restart(self) -> None:
        self._set_trouble("the process that writes the store ended; it is started again")
        while not self._closing:
            self._end()
            try:
                await self.open()
            except InspectorError as error:
                self._set_trouble(str(error))
                await asyncio.sleep(_RESTART_S)
            else:
                self._set_trouble(None)
                break
        self._restarting = None

    def _end(self) -> None:
        process, self._process = self._process, None
        if self._link is not None:
            link, self._link = self._link, None
            link.close()
        if process is not None:
            if process.poll() is None:
                process.kill()
            with contextlib.suppress(
                subprocess.TimeoutExpired
            ):  # one that waits for its disk ends after that
                process.wait(_END_S)
        self._fail_waiting()

    def hurry(self) -> None:
        """From now on nobody waits long, as all is to end soon."""
        self._hurried, self._patience = True, _LAST_S

    async def close(self, within: float = 2.0) -> bool:
        """Write what is queued, in `within` seconds, end the writing process and close the store; False if senders
        waited for it in vain, or still do."""
        self.hurry()
        deadline = time.monotonic() + within
        while (self._queue or self._sent) and self._link is not None and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        idle = not self._queue and not self._sent
        left = [job.what[0] for job in self._queue]
        for batch in self._sent:
            left += [kind for kind, told in zip(batch.kinds, batch.told, strict=True) if told is not None]
        self.given_up += sum(kind in _OF_SENDERS for kind in left)
        self._closing = True
        for task in (self._restarting, self._probing, self._watching):
            if task is not None:
                task.cancel()
        if self._link is not None:
            link, self._link = self._link, None
            link.close()
        process = self._process
        if process is not None:
            while idle and process.poll() is None and time.monotonic() < deadline + 1:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            self._end()
        return not self.given_up


def _size(arrival: Arrival) -> int:
    """Bytes of an arrival, about."""
    request = arrival.request
    if request is None:
        return len(arrival.raw or b"")
    return len(request.body) + sum([len(value) for _, value in request.headers])


def _settle(future: asyncio.Future[Any], passed: bool | None, value: Any) -> None:
    """Give a future its result or its error, unless nobody waits any more."""
    if future.done():
        return
    if passed:
        future.set_result(value)
    else:
        future.set_exception(InspectorError(value) if passed is None else StoreFailed(value))


def _tell(told: Told, passed: bool | None, value: Any) -> None:
    """Tell one who waits; what goes wrong there is no matter of the others."""
    try:
        told(passed, value)
    except Exception as error:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a request could not be answered", "exception": error}
        )
