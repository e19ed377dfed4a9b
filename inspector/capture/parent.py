"""The screen that started a capture process, seen from that: a pipe that ends with it.

`child` is the other side.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from inspector.capture.child import PIPE, STAY
from inspector.capture.turns import as_usual
from inspector.store.place import screens_lock

WATCH_S = 0.1
_LOOK_AGAIN = 5
"""While the screen is gone, every so many looks: is no other one attached?"""


class Parent:
    """The screen behind the pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe: int | None = pipe
        os.set_blocking(pipe, False)

    @classmethod
    def from_environment(cls) -> Parent | None:
        """The screen that started this process; None when it was no screen."""
        pipe = os.environ.pop(PIPE, None)
        if pipe is None:
            return None
        as_usual()
        return cls(int(pipe))

    async def watch(self, store: Path, gone: Callable[[], None]) -> None:
        """Call `gone` once the screen is gone and no other one is attached to the store; return when it wants
        us to stay."""
        looks = 0
        orphan = False
        while self._pipe is not None:
            await asyncio.sleep(WATCH_S)
            looks += 1
            orphan = orphan or self._has_ended(self._pipe)
            if orphan and looks % _LOOK_AGAIN == 0 and _is_unwatched(store):
                gone()

    def _has_ended(self, pipe: int) -> bool:
        """Read the pipe: True once it has ended without the screen having asked us to stay."""
        try:
            data = os.read(pipe, 64)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if STAY in data:
            os.close(pipe)
            self._pipe = None
            return False
        return not data


def _is_unwatched(store: Path) -> bool:
    lock = screens_lock(store)
    if lock.acquire():
        lock.release()
        return True
    return False
