"""Other programs, as tests see them: waiting for what they do, whether they run, their end."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable


def until(happened: Callable[[], object], within: float = 20.0) -> bool:
    """Wait until something is so, at most `within` seconds; False if it never was."""
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def soon(happened: Callable[[], object], within: float = 20.0) -> None:
    """The same while a loop runs; TimeoutError if it never was."""
    async with asyncio.timeout(within):
        while not happened():  # noqa: ASYNC110 - the event is in another program
            await asyncio.sleep(0.01)


def is_running(pid: int | None) -> bool:
    """True while a process is there; one that only waits to be reaped is gone."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True)
    return found.stdout.strip()[:1] not in (b"", b"Z")


def end(process: subprocess.Popen[bytes], within: float = 20.0) -> None:
    """Have a process ended, if it has not yet: by SIGTERM, by SIGKILL when that takes longer than `within` seconds."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
