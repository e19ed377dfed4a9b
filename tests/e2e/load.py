"""A capture process as users start it, and senders that note which of their requests were acknowledged."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from inspector.store.reader import Reader

ROOT = Path(__file__).parent.parent.parent
_FILLER = random.Random(8585).randbytes(4 * 1024 * 1024)


class Capture:
    """``inspector listen --json`` on a free port; a context manager that kills it at the end."""

    def __init__(self, store: Path, *words: str, under: Sequence[str] = ()) -> None:
        """Start it and wait for its first line; `under` is put before the command (strace and its
        options)."""
        started = time.monotonic()
        self.store = store
        self._stderr = store.parent.parent / f"{store.name}.stderr"
        self._stderr.parent.mkdir(parents=True, exist_ok=True)
        program = [sys.executable, "-m", "inspector", "--store", str(store)]
        with self._stderr.open("ab") as errors:
            self.process = subprocess.Popen(
                [*under, *program, "listen", "--port", "0", "--json", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if not first:
            self.process.wait(20)
            self.process.stdout.close()
            raise AssertionError(self.stderr)
        self.started_s = time.monotonic() - started
        """How long it took from the start of the program to its first line."""
        said = json.loads(first)
        self.port: int = said["port"]
        self.pid: int = said["pid"]
        self.writer_pid = _writing_process(self.pid)
        self.lines: list[bytes] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            kill(self.pid)
        self.wait()

    @property
    def stderr(self) -> str:
        """What it and its predecessors on this store have said on stderr."""
        return self._stderr.read_text()

    def wait(self, timeout: float = 20) -> int:
        """Wait for its end, and the end of its output; returns the exit code."""
        code = self.process.wait(timeout)
        self._reading.join(timeout)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def kill(pid: int, number: int = 9) -> None:
    """Send a signal; harmless when the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _processes() -> Iterator[tuple[int, int, str, str]]:
    """Process id, parent's id, state and command line of every process."""
    found = subprocess.run(
        ["ps", "-axwwo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    for line in found.stdout.splitlines():
        pid, parent, state, *words = line.split(None, 3)
        yield int(pid), int(parent), state, words[0] if words else ""


def _writing_process(parent: int) -> int:
    return next(
        pid for pid, above, _, words in _processes() if above == parent and "store.commit_process" in words
    )


def writing_process(capture: Capture) -> int | None:
    """Process id of the process that writes for this capture process now, or None."""
    try:
        return _writing_process(capture.pid)
    except StopIteration:
        return None


@dataclass
class Acknowledged:
    """What senders were told, by the name that every body begins with."""

    bodies: dict[bytes, bytes] = field(default_factory=dict)
    """SHA-256 of each body that got a 2xx."""
    statuses: Counter[int] = field(default_factory=Counter)

    def absorb(self, other: Acknowledged) -> None:
        """Add what another sender was told."""
        self.bodies.update(other.bodies)
        self.statuses.update(other.statuses)


def any_size(chance: random.Random) -> int:
    """10 B to 3 MB: mostly small, some in between, a few large."""
    kind = chance.random()
    if kind < 0.75:
        return chance.randint(10, 2_000)
    if kind < 0.95:
        return chance.randint(2_000, 100_000)
    return chance.randint(100_000, 3_000_000)


class Sender:
    """One keep-alive connection that posts unique bodies and notes the answers."""

    def __init__(self, port: int, name: str, size: Callable[[random.Random], int] = any_size) -> None:
        self.port = port
        self.name = name
        self.told = Acknowledged()
        self._chance = random.Random(name)
        self._size = size
        self._sent = 0
        self._socket: socket.socket | None = None
        self.local_port = 0
        """Our port of the latest connection."""

    def post(self, timeout: float = 30) -> int:
        """Send one request and return the status; OSError when the connection or the answer is not there."""
        self._sent += 1
        size, offset = self._size(self._chance), self._chance.randrange(1_000_000)
        name = f"{self.name}-{self._sent};".encode()
        body = (name + _FILLER[offset : offset + size])[: max(size, len(name))]
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self.port), timeout)
                self.local_port = self._socket.getsockname()[1]
            self._socket.settimeout(timeout)
            self._socket.sendall(
                b"POST /load HTTP/1.1\r\nHost: load\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            self._socket.sendall(body)
            status = self._answer()
        except OSError:
            self.close()
            raise
        self.told.statuses[status] += 1
        if 200 <= status <= 299:
            self.told.bodies[name] = hashlib.sha256(body).digest()
        return status

    def _answer(self) -> int:
        assert self._socket is not None
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            some = self._socket.recv(4096)
            if not some:
                raise ConnectionResetError("closed before an answer")
            data += some
        head = data[:end].lower()
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(data) < end + 4 + length:
            some = self._socket.recv(4096)
            if not some:
                raise ConnectionResetError("closed within an answer")
            data += some
        if b"connection: close" in head:
            self.close()
        return int(head.split()[1])

    def close(self) -> None:
        """Close the connection; the next `post` opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Load:
    """Senders in threads, each posting as fast as it is answered, until `stop` (or until the listener is
    gone)."""

    def __init__(
        self, port: int, name: str, senders: int = 16, size: Callable[[random.Random], int] = any_size
    ):
        self._stopped = threading.Event()
        self.senders = [Sender(port, f"{name}.{number}", size) for number in range(senders)]
        self._threads = [threading.Thread(target=self._run, args=(sender,)) for sender in self.senders]
        for thread in self._threads:
            thread.start()

    def _run(self, sender: Sender) -> None:
        with closing(sender):
            while not self._stopped.is_set():
                try:
                    sender.post()
                except ConnectionRefusedError:
                    return
                except OSError:
                    continue

    def acknowledged(self) -> int:
        """How many requests have been acknowledged so far."""
        return sum(len(sender.told.bodies) for sender in self.senders)

    def stop(self) -> Acknowledged:
        """End the senders; returns what they were told."""
        self._stopped.set()
        told = Acknowledged()
        for thread, sender in zip(self._threads, self.senders, strict=True):
            thread.join()
            told.absorb(sender.told)
        return told


def stored_bodies(store: Path, after: int = 0) -> tuple[dict[bytes, list[bytes]], int]:
    """SHA-256 of the whole bodies stored under each name (see `Sender`), and the last event id."""
    found: dict[bytes, list[bytes]] = {}
    with closing(Reader(store)) as reader:
        numbers = reader.ids(after)
        for number in numbers:
            event, request = reader.event(number), reader.request(number)
            if event is not None and request is not None and event.complete:
                assert event.size == len(request.body), f"event {number} lacks a part of its body"
                name = request.body[: request.body.index(b";") + 1]
                found.setdefault(name, []).append(hashlib.sha256(request.body).digest())
        return found, numbers[-1] if numbers else after


def check_all_there(store: Path, told: Acknowledged, after: int = 0) -> int:
    """Nothing acknowledged is missing, altered or stored twice, and SQLite finds the file whole; returns
    the last id."""
    found, last = stored_bodies(store, after)
    missing = [name for name in told.bodies if name not in found]
    assert not missing, f"{len(missing)} of {len(told.bodies)} acknowledged events are missing: {missing[:3]}"
    assert [name for name, digest in told.bodies.items() if found[name] != [digest]] == []
    assert [name for name, digests in found.items() if len(digests) > 1] == []
    check_whole(store)
    return last


def check_whole(store: Path) -> None:
    """SQLite's own check, and the counts that the store keeps of itself."""
    with closing(sqlite3.connect(store)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert (
            db.execute("SELECT events, bytes FROM total").fetchone()
            == db.execute("SELECT count(*), coalesce(sum(size), 0) FROM event").fetchone()
        )
        counts = dict(db.execute("SELECT id, count FROM shape"))
        assert counts == dict(
            db.execute("SELECT shape, count(*) FROM event WHERE shape NOT NULL GROUP BY shape")
        )
