"""What stands in for aiohttp's own request and answer, as little as its protocol asks for; and why a body ends early.

``tests/capture/test_raw_http.py`` holds what is used of aiohttp.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.capture.connection import Connection

HUNG_UP = "the sender hung up before the body was complete"


class Cut(Exception):
    """A body ended early: why, in words, and the status of the answer (None when nobody is left to hear)."""

    def __init__(self, words: str, status: int | None) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


def end_early(payload: Any, cut: Cut) -> None:
    """Tell the reader of a body that no more of it comes.

    One that was just woken, for the end of a chunk without bytes, looks for more and for the end, and not for an
    exception: it would wait for ever.
    """
    payload.set_exception(cut)
    payload.feed_eof()


class Incoming:
    """What aiohttp makes of one request, as little as possible: it stands in for `web.BaseRequest`."""

    __slots__ = ("_task", "connection", "message", "payload", "received")

    def __init__(self, message: Any, payload: Any, connection: Connection, task: Any) -> None:
        self.message = message
        self.payload = payload
        self.connection = connection
        self.received = connection.arrivals.popleft()
        """Both clocks at the first byte of the head."""
        self._task = task

    def _finish(self) -> None:
        """aiohttp calls this when the request is done; there is nothing to let go of."""

    def _cancel(self, exception: BaseException) -> None:
        """aiohttp calls this when the connection is lost or the server stops: tell the body's reader."""
        if isinstance(exception, asyncio.CancelledError):
            end_early(self.payload, Cut("the listener was stopped before the body was complete", 503))
        else:
            end_early(self.payload, Cut(HUNG_UP, None))


class Written:
    """An answer that was written; it stands in for `web.StreamResponse`."""

    __slots__ = ("connection", "keep_alive", "last_words")

    def __init__(self, connection: Connection, keep_alive: bool, last_words: bool = False) -> None:
        self.connection = connection
        self.keep_alive = keep_alive
        self.last_words = last_words
        """The sender may still be sending: let it read the answer before the connection ends."""

    async def prepare(self, request: Incoming) -> None:
        """Nothing is left to prepare."""

    async def write_eof(self) -> None:
        """The bytes were written; wait where that is needed."""
        if self.last_words:
            await self.connection.linger()
        elif self.connection.writing_paused:
            await self.connection.drained()
