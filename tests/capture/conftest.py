"""A real capture process for the tests: started as a user starts it, read as a user reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspector.core.events import Event, Request
from inspector.store.reader import Reader

START_S = 40.0


class CaptureProcess:
    """One ``inspector listen --json`` on a free port of 127.0.0.1, and what it has stored."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        environment: dict[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Start it with its store in `folder`; `options` go to ``listen``, `before` runs in the process."""
        self.store = folder / "events.db"
        self._errors = folder / "stderr.txt"
        self._lines = folder / "stdout.txt"
        with self._errors.open("wb") as errors, self._lines.open("wb") as lines:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "inspector",
                    "--store",
                    self.store,
                    "listen",
                    "--port",
                    "0",
                    "--json",
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                preexec_fn=before,
            )
        deadline = time.monotonic() + START_S
        while not self._lines.read_bytes().endswith(b"\n"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the capture process did not start: {self.errors()}")
            time.sleep(0.01)
        first = json.loads(self.lines()[0])
        self.port: int = first["port"]
        self.url: str = first["url"]

    def lines(self) -> list[str]:
        """What it has printed to stdout."""
        return self._lines.read_text().splitlines()

    def errors(self) -> str:
        """What it has printed to stderr."""
        return self._errors.read_text(errors="replace")

    def events(self) -> list[Event]:
        """Everything it has stored, oldest first."""
        with Reader(self.store) as reader:
            return reader.events(reader.ids())

    def request(self, event: Event) -> Request:
        """A stored event's request, with headers and body."""
        with Reader(self.store) as reader:
            request = reader.request(event.id)
        assert request is not None
        return request

    def raw_head(self, event: Event) -> bytes | None:
        """The raw head of a rejected event."""
        with Reader(self.store) as reader:
            return reader.raw_head(event.id)

    def wait_for(self, count: int, seconds: float = 30.0) -> list[Event]:
        """The stored events, once there are `count` of them."""
        deadline = time.monotonic() + seconds
        while len(found := self.events()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(found) >= count, f"{len(found)} of {count} events after {seconds:g} s"
        return found

    def writing(self) -> list[int]:
        """Process ids of the capture process and of the process that writes its store."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        writers = [
            child for child in children if b"commit_process" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
        assert len(writers) == 1
        return [self.process.pid, int(writers[0])]

    def stop(self) -> int:
        """End it as ctrl+c does; returns the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)


@contextmanager
def captured(folder: Path, *options: str, **rest: object) -> Iterator[CaptureProcess]:
    """A capture process for the time of a ``with`` block."""
    capture = CaptureProcess(folder, *options, **rest)  # type: ignore[arg-type]
    try:
        yield capture
    finally:
        try:
            capture.stop()
        finally:
            capture.process.kill()
            capture.process.wait()


@pytest.fixture
def capture(tmp_path: Path) -> Iterator[CaptureProcess]:
    """A capture process with the default limits."""
    with captured(tmp_path) as started:
        yield started
