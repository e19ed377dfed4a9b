"""How the screen feels at size: start to first paint, key to screen, and a large body, side by side in one run.

The real program runs on a real pseudo-terminal (120×36); a figure is the time until the bytes that show the result were
read from it. Stores are built once and cached in ``.bench-cache``.

* first paint: from starting the process until rows of the list are on the terminal, at each number of stored events,
  and until the empty screen is there with none; runs alternate, the figures are medians.
* key: from writing ``j`` until the row below is drawn as the cursor's, idle.
* detail: from ``enter`` on an event with a body of 10 KB and of 10 MB until its first line is there.

Run: ``python benchmarks/screen.py [--events 100000] [--runs 5]``.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import random
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".bench-cache"
sys.path.insert(0, str(ROOT))

from inspector.core.events import Request  # noqa: E402
from inspector.store.schema import MIGRATIONS  # noqa: E402
from inspector.store.writer import Arrival, StoreWriter  # noqa: E402


def store_with(events: int) -> Path:
    """A store with so many realistic Anchore events, made once."""
    path = CACHE / f"events-{events}-v{len(MIGRATIONS)}.db"
    if path.exists():
        return path
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    samples = [
        json.loads(file.read_bytes())
        for file in sorted((ROOT / "sample_payloads/anchore").glob("system.*.json"))
    ]
    chance = random.Random(7)
    writer = StoreWriter(part)
    now = time.time_ns() // 1000 - events * 1_000_000
    for start in range(0, events, 1000):
        arrivals = []
        for number in range(start, min(events, start + 1000)):
            payload = {**chance.choice(samples), "id": f"{chance.getrandbits(128):032x}"}
            body = json.dumps(payload).encode()
            request = Request(
                "POST",
                b"/anchore",
                ((b"Host", b"127.0.0.1:8585"), (b"Content-Type", b"application/json")),
                body,
            )
            arrivals.append(Arrival(request, "127.0.0.1:50000", now + number * 1_000_000, number))
        writer.begin()
        writer.add(arrivals)
        writer.commit()
    writer.close()
    part.rename(path)
    return path


def store_with_body(size: int) -> Path:
    """A store with one event whose JSON body has about `size` bytes."""
    path = CACHE / f"body-{size}-v{len(MIGRATIONS)}.db"
    if path.exists():
        return path
    CACHE.mkdir(exist_ok=True)
    items = []
    chance = random.Random(3)
    while len(items) * 130 < size:
        items.append(
            {
                "cve": f"CVE-2026-{len(items):05}",
                "severity": "High",
                "digest": f"{chance.getrandbits(256):064x}",
            }
        )
    body = json.dumps({"type": "bench.body", "marker": "FIRSTLINE", "details": {"items": items}}).encode()
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    writer = StoreWriter(part)
    writer.begin()
    writer.add(
        [
            Arrival(
                Request("POST", b"/bench", ((b"Content-Type", b"application/json"),), body),
                "127.0.0.1:1",
                time.time_ns() // 1000,
                0,
            )
        ],
        identify_all=True,
    )
    writer.commit()
    writer.close()
    part.rename(path)
    return path


class Screen:
    """The program on a pseudo-terminal, with the time at which each byte came."""

    def __init__(self, store: Path, *words: str, program: Sequence[str] = ()) -> None:
        """`program` stands for the usual command, with its words."""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "TEXTUAL_ANIMATIONS": "none",
            "XDG_CONFIG_HOME": str(CACHE),
            "XDG_STATE_HOME": str(CACHE),
        }
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            list(program) or [sys.executable, "-m", "inspector", "--store", str(store), *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.data = bytearray()
        self.changed = threading.Condition()
        self.times: list[tuple[int, float]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            moment = time.perf_counter()
            with self.changed:
                self.data += data
                self.times.append((len(self.data), moment))
                self.changed.notify_all()

    def when(self, pattern: bytes, start: int = 0, timeout: float = 30.0) -> float:
        """The moment at which the bytes after `start` matched."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                match = wanted.search(self.data, start)
                if match:
                    return next(moment for end, moment in self.times if end >= match.end())
                if not self.changed.wait(0.5) and time.monotonic() > deadline:
                    raise SystemExit(f"{pattern!r} never came; the last bytes: {bytes(self.data[-2000:])!r}")

    def send(self, keys: bytes) -> tuple[int, float]:
        """Type; returns where the output stood, and the moment."""
        with self.changed:
            at = len(self.data)
        moment = time.perf_counter()
        os.write(self.master, keys)
        return at, moment

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


def first_paint(store: Path, pattern: bytes) -> float:
    screen = Screen(store, "--port", "0")
    try:
        return screen.when(pattern) - screen.started
    finally:
        screen.close()


def keys(store: Path, presses: int = 30) -> list[float]:
    """Seconds from ``j`` until the cursor sign is drawn again."""
    screen = Screen(store, "--no-listen")
    try:
        screen.when("›".encode())
        time.sleep(1.0)
        found = []
        for _ in range(presses):
            at, moment = screen.send(b"j")
            found.append(screen.when("›".encode(), at) - moment)
            time.sleep(0.05)
        return found
    finally:
        screen.close()


def detail(store: Path) -> float:
    """Seconds from ``2`` (the body) on a fresh screen until its first line is there."""
    screen = Screen(store, "--no-listen")
    try:
        screen.when("›".encode())
        time.sleep(0.2)
        at, moment = screen.send(b"2")
        return screen.when(b"FIRSTLINE", at) - moment
    finally:
        screen.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    full = store_with(options.events)
    few = store_with(1000)
    with tempfile.TemporaryDirectory() as folder:
        paints: dict[str, list[float]] = {"none": [], "full": []}
        for run in range(options.runs + 1):
            for name in paints:
                store = Path(folder) / f"empty-{run}.db" if name == "none" else full
                took = first_paint(store, b"Nothing has arrived" if name == "none" else b"sync.")
                if run:  # the first fills the caches
                    paints[name].append(took)
    pressed = {"1,000 events": keys(few), f"{options.events:,} events": keys(full)}
    bodies = {size: [detail(store_with_body(size)) for _ in range(3)] for size in (10_000, 10_000_000)}
    for name, found in paints.items():
        what = f"{options.events:,} events" if name == "full" else "no events"
        each = ", ".join(f"{took * 1000:.0f}" for took in found)
        print(f"first paint, {what:16} median {statistics.median(found) * 1000:5.0f} ms  ({each})")
    for name, found in pressed.items():
        p90 = sorted(found)[int(len(found) * 0.9)] * 1000
        print(f"key to screen, {name:14} median {statistics.median(found) * 1000:5.1f} ms, p90 {p90:.1f} ms")
    for size, found in bodies.items():
        print(f"body of {size:>10,} bytes     median {statistics.median(found) * 1000:5.0f} ms")
    paint = statistics.median(paints["full"]) / statistics.median(paints["none"])
    few_keys, many_keys = (statistics.median(found) for found in pressed.values())
    small, large = (statistics.median(found) for found in bodies.values())
    print(
        f"screen first_paint_ratio={paint:.2f} key_ratio={many_keys / few_keys:.2f} body_ratio={large / small:.2f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
