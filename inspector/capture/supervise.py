"""Work that goes on for as long as the capture process: when it fails, that is told, and it is begun again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0


async def supervised(
    name: str, work: Callable[[], Awaitable[None]], log: Callable[[str], None], pause: float = PAUSE_S
) -> None:
    """Run `work` until it returns. When it raises, `log` gets a line and it is begun again after `pause` seconds.

    The pause doubles, up to a minute, while the work keeps failing at once.
    """
    wait = pause
    while True:
        began = time.monotonic()
        try:
            await work()
        except Exception as error:
            if time.monotonic() - began > LONGEST_PAUSE_S:
                wait = pause
            log(f"{name} failed ({type(error).__name__}: {error}); begun again in {wait:g} s")
        else:
            return
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_PAUSE_S)
