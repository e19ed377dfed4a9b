"""A running ``inspector web``, and who belongs to it."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.processes import end


class Serving:
    """``inspector web`` on free ports, with a store of its own in a folder."""

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.store = folder / "store" / "events.db"
        self._errors = folder / "stderr"
        with self._errors.open("wb") as errors:
            store = ["--store", str(self.store)]
            page = ["web", "--port", "0", "--listen-with", "--port 0", *options]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "inspector", *store, *page],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip()
        """The address that is printed, with its token."""
        if not self.url:
            self.process.wait()
            raise AssertionError(f"it ended: {self.errors}")
        self.origin, _, self.token = self.url.partition("/?token=")
        while (
            found := re.search(r"(?:Listening|Joined the listener) on (\S+) \(process (\d+)\)", self.errors)
        ) is None:
            time.sleep(0.02)
        self.listener = found[1]
        self.capture = int(found[2])

    @property
    def errors(self) -> str:
        """What it has written to stderr so far."""
        return self._errors.read_text()

    def screens(self) -> list[int]:
        """Process ids of the screens on its store."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
        ).stdout
        found = [line.split(None, 1) for line in listing.splitlines()]
        return [
            int(pid) for pid, words in found if "inspector.tui.browser" in words and str(self.store) in words
        ]

    async def screens_are(self, number: int, seconds: float = 30.0) -> None:
        """Wait until so many screens run."""
        async with asyncio.timeout(seconds):
            while len(self.screens()) != number:  # noqa: ASYNC110 - they are other programs
                await asyncio.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()
