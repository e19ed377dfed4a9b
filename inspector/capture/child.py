"""The capture process as a screen sees it: join the one that runs for the store, or start one and end it
again.

A started one runs in a session of its own, with the reading end of a pipe: when the screen is gone, however
it went, the pipe ends and the child stops, unless another screen is attached or the screen said to stay
(`leave`). It logs to a 0600 file beside the store. Nothing here imports the listener.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.store.place import beside, capture_lock, open_reading

NOT_STORED = "events cannot be stored, senders get 503: "
STORED_AGAIN = "events are stored again"
"""What the log says of a store that fails, and of its return."""
PIPE = "INSPECTOR_SCREEN_PIPE"
"""Tells a capture process the descriptor of the pipe that ends with its screen."""
STAY = b"stay"
"""Written into the pipe by a screen that leaves its capture process running."""
STARTED_AGAIN = "INSPECTOR_STARTED_AGAIN"
"""Set for a capture process that takes the place of one that crashed."""
START_S = 30.0
"""How long a capture process may take to listen: with a lock on the store to wait for, on a machine that is busy."""
MAX_RESTARTS = 3
"""Restarts of a capture process in a minute, before it is left at that."""
_LOG_BYTES = 1_000_000


def running(path: Path) -> dict[str, Any] | None:
    """What the capture process of this store says of itself (``url``, ``host``, ``port``, ``pid`` …); None if
    none runs."""
    lock = capture_lock(path)
    if not lock.is_held_elsewhere():
        return None
    try:
        holder = lock.path.read_text()
        with contextlib.closing(open_reading(path)) as db:
            row = db.execute("SELECT value FROM state WHERE name = 'listener'").fetchone()
        found = None if row is None else json.loads(row[0])
    except (OSError, ValueError, InspectorError, sqlite3.Error):
        return None
    # One that was killed leaves its words behind; they do not hold for the one that is starting now.
    return found if isinstance(found, dict) and found.get("url") and str(found.get("pid")) == holder else None


def open_log(path: Path) -> int:
    """The log beside the store, 0600, appended to; set aside as ``.log.1`` when it has grown."""
    log = beside(path, ".log")
    try:
        if log.stat().st_size > _LOG_BYTES:
            log.replace(beside(path, ".log.1"))
    except OSError:
        pass
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def log_tail(path: Path, lines: int) -> list[str]:
    """The last lines of the log beside the store."""
    try:
        data = beside(path, ".log").read_bytes()[-16_384:]
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-lines:]


def last_trouble(path: Path) -> dict[str, Any] | None:
    """Why the running capture process cannot store events, ``{"text", "since_us"}``, by its log; None if it can.

    The state ``trouble`` in the store says the same, but cannot be written while the disk fails.
    """
    lock = capture_lock(path)
    if not lock.is_held_elsewhere():
        return None
    try:
        started = int(lock.path.stat().st_mtime)  # it has written its pid into it
    except OSError:
        return None
    for line in reversed(log_tail(path, 1000)):
        stamp, _, text = line.partition(" ")
        try:
            since = datetime.fromisoformat(stamp).timestamp()
        except ValueError:
            continue
        if since < started or text == STORED_AGAIN:
            return None
        if text.startswith(NOT_STORED):
            return {"text": text.removeprefix(NOT_STORED), "since_us": int(since) * 1_000_000}
    return None


class Capture:
    """A capture process that serves this screen: one it joined, or one it started and may stop."""

    def __init__(self, path: Path, options: Sequence[str] = ()) -> None:
        """Prepare for the store at `path`; `options` are further words for ``inspector listen``."""
        self.path = path
        self.options = list(options)
        self.joined = False
        self.listener: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None
        self._left = False
        self._restarts: list[float] = []

    @property
    def pid(self) -> int | None:
        """Process id of the capture process."""
        pid = self.listener.get("pid")
        return pid if isinstance(pid, int) else None

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:8585``."""
        return str(self.listener.get("url", ""))

    def start(self, *, again: bool = False) -> None:
        """Join the running capture process or start one; returns once it listens.

        `again`: the one before crashed, so what was asked of it (answers, a pause) goes on to hold.
        InspectorError, in the child's own words, when it cannot start (port taken, store locked or
        unreadable).
        """
        deadline = time.monotonic() + START_S
        while True:
            found = running(self.path)
            if found is not None:
                self.listener, self.joined = found, True
                return
            if self._start_child(deadline, again):
                self.joined = False
                return
            if time.monotonic() > deadline:
                raise self._too_slow()
            time.sleep(0.05)

    def _too_slow(self) -> InspectorError:
        return InspectorError(
            f"the capture process for {self.path} did not start within {START_S:g} s. "
            "Once the machine is less busy, start it again."
        )

    def _start_child(self, deadline: float, again: bool) -> bool:
        """Start a child and wait for its first line; False when another process got the store first."""
        ours, theirs = os.pipe()[::-1]
        command = [
            sys.executable,
            "-m",
            "inspector",
            "--store",
            str(self.path),
            "listen",
            "--json",
            *self.options,
        ]
        environment = {**os.environ, PIPE: str(theirs), "PYTHONUNBUFFERED": "1"}
        if again:
            environment[STARTED_AGAIN] = "1"
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs,),
            start_new_session=True,
            env=environment,
        )
        os.close(theirs)
        assert process.stdout is not None
        assert process.stderr is not None
        line = b""
        while not line.endswith(b"\n") and time.monotonic() < deadline:
            if select.select([process.stdout], [], [], 0.1)[0]:
                chunk = os.read(process.stdout.fileno(), 4096)
                if not chunk:
                    break
                line += chunk
        if line.endswith(b"\n"):
            self.listener = json.loads(line.splitlines()[0])
            self._process, self._pipe, self._left = process, ours, False
            process.stdout.close()
            process.stderr.close()
            return True
        os.close(ours)
        if time.monotonic() >= deadline:
            process.kill()
            process.communicate()
            raise self._too_slow()
        _, errors = process.communicate()
        if capture_lock(self.path).is_held_elsewhere():
            return False
        text = errors.decode("utf-8", "replace").strip().splitlines()
        raise InspectorError(
            text[-1].removeprefix("inspector: ") if text else "the capture process ended at its start."
        )

    def ended(self) -> str | None:
        """None while the capture process lives; otherwise how it ended, in words: ``signal 9``, ``exit code
        3``."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return None
            return f"signal {-code}" if code < 0 else f"exit code {code}"
        return None if capture_lock(self.path).is_held_elsewhere() else "it was stopped elsewhere"

    def may_restart(self) -> bool:
        """Whether one more restart is within `MAX_RESTARTS` a minute; counts it if so."""
        now = time.monotonic()
        self._restarts = [at for at in self._restarts if now - at < 60]
        if len(self._restarts) >= MAX_RESTARTS:
            return False
        self._restarts.append(now)
        return True

    def log_tail(self, lines: int = 12) -> list[str]:
        """The last lines of the log beside the store."""
        return log_tail(self.path, lines)

    def note(self, text: str) -> None:
        """Add a line to the log beside the store: of its own end a process that was killed says nothing."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with contextlib.suppress(OSError):
            descriptor = open_log(self.path)
            try:
                os.write(descriptor, f"{stamp} {visible(text)}\n".encode())
            finally:
                os.close(descriptor)

    def leave(self) -> None:
        """Let a capture process that this screen started go on after the screen has ended."""
        if self._pipe is not None:
            with contextlib.suppress(OSError):  # it ended already; `ended` says how
                os.write(self._pipe, STAY)
        self._left = True

    def stop(self, timeout: float = 3.0) -> bool:
        """End what this screen started (nothing if it joined or left it); True if nothing of ours still
        runs."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        process = self._process
        if process is None or self._left:
            return process is None
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            if self._others_attached():
                return False
            process.send_signal(signal.SIGKILL)
            process.wait()
        self._process = None
        return True

    def _others_attached(self) -> bool:
        from inspector.store.place import screens_lock

        lock = screens_lock(self.path)
        if lock.acquire():
            lock.release()
            return False
        return True
