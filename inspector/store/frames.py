"""Frames between the listener and the process that writes the store: four bytes of length, then a `marshal`."""

from __future__ import annotations

import asyncio
import marshal
import socket
from collections.abc import Callable
from typing import Any

_READ = 1 << 18
"""Bytes taken from the socket at once, and kept room for."""


def frame(message: Any) -> bytes:
    """One frame, whole."""
    data = marshal.dumps(message)
    return len(data).to_bytes(4, "big") + data


class Frames:
    """What the other side sends, a frame at a time, for who waits for it."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._data = bytearray(_READ)
        self._held = 0
        """Bytes of `_data` that were received."""

    def next(self) -> Any:
        """What the next frame holds, once it is there; None at the end."""
        while self._held < (needed := self._needed()):
            if needed > len(self._data):
                self._data.extend(bytes(needed - len(self._data)))
            with memoryview(self._data) as data, data[self._held :] as free:
                some = self._link.recv_into(free)
            if not some:
                return None
            self._held += some
        return self._take(needed)

    def _needed(self) -> int:
        """Bytes up to the end of the frame, as far as they are known."""
        return 4 if self._held < 4 else 4 + int.from_bytes(self._data[:4], "big")

    def _take(self, end: int) -> Any:
        """Read the frame, and only then drop it: a batch whose reading failed is not skipped in silence."""
        with memoryview(self._data) as data, data[4:end] as body:
            held = marshal.loads(body)
        rest = self._data[end : self._held]
        if len(self._data) > _READ:
            self._data = bytearray(_READ)
        self._data[: len(rest)] = rest
        self._held = len(rest)
        return held


class Link(asyncio.Protocol):
    """Both ways in an event loop: `on_message` hears what each frame holds, `on_lost` that the other side is gone."""

    def __init__(self, on_message: Callable[[Any], None], on_lost: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, message: Any) -> None:
        """Send one frame."""
        assert self._transport is not None
        self._transport.write(frame(message))

    def data_received(self, data: bytes) -> None:
        self._data += data
        while len(self._data) >= 4:
            end = 4 + int.from_bytes(self._data[:4], "big")
            if len(self._data) < end:
                return
            message = marshal.loads(bytes(self._data[4:end]))
            del self._data[:end]
            self._on_message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            self._on_lost()

    def close(self) -> None:
        """Close our end; what was sent is still read by the other."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()
