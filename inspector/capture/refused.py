"""What was refused, kept as rejected events: with the reason in words, and without a flood filling the store.

From the 20th refused head of one address in a minute on, one event counts the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from inspector.capture.heads import request_line
from inspector.store.arrival import Arrival
from inspector.store.commit import GroupCommit
from inspector.store.writer import StoreFailed

SINGLE = 19
WINDOW_S = 60.0
ADDRESSES = 1000
"""Addresses whose refusals are counted at once; the one that was counted longest gives way."""


@dataclass(slots=True)
class _Address:
    """What one address was refused in the current minute."""

    since: float
    seen: int = 0
    counting: int | None = None
    """Id of the event that counts the rest, once it is stored."""
    counted: int = 0
    written: int = 0


class Refused:
    """Stores rejected events in the background of the listener."""

    def __init__(self, commit: GroupCommit, log: Callable[[str], None]) -> None:
        """Rejected events go to `commit`; what cannot be stored is told to `log`."""
        self._commit = commit
        self._log = log
        self._addresses: dict[str, _Address] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = 0

    def add(self, peer: str, reason: str, raw: bytes, status: int | None, received: tuple[int, int]) -> None:
        """Keep one refused request from `peer` (``host:port``)."""
        host = peer.rpartition(":")[0]
        moment = time.monotonic()
        address = self._addresses.get(host)
        if address is None or moment - address.since > WINDOW_S:
            if address is not None:
                self._count(address)
            if len(self._addresses) >= ADDRESSES:
                self._count(self._addresses.pop(next(iter(self._addresses))))
            address = self._addresses[host] = _Address(moment)
        address.seen += 1
        if address.seen > SINGLE + 1:
            address.counted += 1
            return
        counts = address.seen == SINGLE + 1
        if counts:
            address.counted = 1
            reason = f"{reason} (this event counts all further ones of {host} within a minute)"
        arrival = Arrival(request_line(raw), peer, received[0], received[1], status, rejected=reason, raw=raw)
        self._spawn(self._store(arrival, address if counts else None))

    def keep(self, arrival: Arrival) -> None:
        """Keep a request that nobody waits for an answer to."""
        self._spawn(self._store(arrival, None))

    def flush(self, moment: float) -> None:
        """Write the counts that have grown; called a few times a second."""
        for host, address in list(self._addresses.items()):
            self._count(address)
            if moment - address.since > 2 * WINDOW_S:
                del self._addresses[host]

    async def close(self) -> None:
        """Write what is left, the counts last."""
        await self._written()
        self.flush(time.monotonic())
        await self._written()

    async def _written(self) -> None:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=2)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _store(self, arrival: Arrival, address: _Address | None) -> None:
        try:
            event = await self._commit.put(arrival)
        except StoreFailed as error:
            self._lost += 1
            if self._lost == 1 or self._lost % 1000 == 0:
                self._log(
                    f"a request that was not answered could not be stored: {error}; {self._lost:,} so far"
                )
            return
        if address is not None:
            address.counting, address.written = event[0], 1

    def _count(self, address: _Address) -> None:
        if address.counting is None or address.counted == address.written:
            return
        address.written = address.counted
        self._spawn(self._write_count(address.counting, address.counted))

    async def _write_count(self, event: int, count: int) -> None:
        try:
            await self._commit.run("count", event, count)
        except StoreFailed as error:
            self._log(f"the count of refused requests could not be stored: {error}")
