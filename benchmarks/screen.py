"""How the screen feels at size: start to first paint, key to screen, and a large body, side by side in one run.

The real program runs on a real pseudo-terminal (120×36); a figure is the time until the bytes that show the result were
read from it. All takes about a minute. Stores are built once (the large one takes two minutes) and cached in
``.bench-cache``.

* first paint: from starting the process until rows of the list are on the terminal, with 1,000 and with 1,000,000
  stored events, and until the empty screen is there with none; runs alternate, the figures are medians. Beside it a
  DataTable with the newest events only, since all of them would take it minutes.
* key: from writing ``j`` until the cursor is drawn on the row below, idle and with 500 events a second arriving, on the
  screens of the last run.
* memory: of the screen's process, two seconds after the first paint.
* detail: from ``2`` on an event with a body of 10 KB, 1 MB and 10 MB until its first line is there. Beside it a Static
  with the same 1 MB through `textual.highlight`.

Run: ``python benchmarks/screen.py [--events 1000000] [--runs 3]``.
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
NAIVE = Path(__file__).parent / "naive.py"
NAIVE_ROWS = 20_000
RATE = 500
_CURSOR = rb"\x1b\[%b;1H(?:\x1b\[[\d;]*m)*\xe2\x80\xba"
"""The cursor sign at the begin of a row."""
sys.path.insert(0, str(ROOT))

import paced  # noqa: E402

from inspector.core.events import Request  # noqa: E402
from inspector.store.arrival import Arrival  # noqa: E402
from inspector.store.place import open_writing  # noqa: E402
from inspector.store.schema import MIGRATIONS  # noqa: E402
from inspector.store.writer import StoreWriter  # noqa: E402


def _brought_up(path: Path) -> bool:
    """Bring a store that an older version made up to date; False when there is none."""
    for older in path.parent.glob(re.sub(r"v\d+", "v*", path.name)):
        older.rename(path)
        open_writing(path).close()
        return True
    return False


def store_with(events: int) -> Path:
    """A store with so many realistic Anchore events, made once."""
    path = CACHE / f"events-{events}-v{len(MIGRATIONS)}.db"
    if path.exists() or _brought_up(path):
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
    if path.exists() or _brought_up(path):
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
                self.changed.wait(0.5)
                if time.monotonic() > deadline:
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


def first_paint(store: Path, pattern: bytes, *words: str, program: Sequence[str] = ()) -> float:
    """Seconds from the start of the process until the pattern is on the terminal."""
    screen = Screen(store, *words, program=program)
    try:
        return screen.when(pattern, timeout=120) - screen.started
    finally:
        screen.close()


def _row_of_cursor(screen: Screen) -> int:
    found = re.findall(_CURSOR % rb"(\d+)", bytes(screen.data))
    return int(found[-1])


def keys(screen: Screen, presses: int = 15) -> list[float]:
    """Seconds from ``j`` until the cursor is drawn one row below, and from ``k`` until it is drawn above."""
    screen.send(b"jj")  # no longer following: what arrives does not move the rows
    time.sleep(1.5)
    row = _row_of_cursor(screen)
    found = []
    for key in [b"j"] * presses + [b"k"] * presses:
        row += 1 if key == b"j" else -1
        at, moment = screen.send(key)
        found.append(screen.when(_CURSOR % str(row).encode(), at) - moment)
        time.sleep(0.05)
    return found


def resident(screen: Screen) -> float:
    """MB of memory that the process of the screen has."""
    status = Path(f"/proc/{screen.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def pressed(store: Path, body: Path) -> tuple[float, float, list[float], list[float]]:
    """Of one screen: first paint (seconds), memory (MB), key times idle, and with `RATE` events a second arriving."""
    screen = Screen(store, "--port", "0")
    sender = None
    try:
        paint = screen.when(b"sync.") - screen.started
        time.sleep(2.0)
        memory = resident(screen)
        idle = keys(screen)
        port = re.search(rb"127\.0\.0\.1:(\d+)", bytes(screen.data))
        assert port is not None
        sender = paced.start(int(port[1]), RATE, 60, body)
        time.sleep(0.5)
        return paint, memory, idle, keys(screen)
    finally:
        if sender is not None:
            sender.kill()
            sender.communicate()
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


def naive_detail(store: Path) -> float:
    """The same with a highlighted Static."""
    screen = Screen(store, program=[sys.executable, str(NAIVE), "body", str(store)])
    try:
        screen.when("›".encode())
        time.sleep(0.2)
        at, moment = screen.send(b"2")
        return screen.when(b"FIRSTLINE", at, 120) - moment
    finally:
        screen.close()


def ms(seconds: Sequence[float], share: float = 0.5) -> float:
    """The median, or another percentile, in milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    sizes = {"few": 1000, "many": options.events}
    stores = {name: store_with(number) for name, number in sizes.items()}
    copies: dict[str, Path] = {}
    paints: dict[str, list[float]] = {"none": [], **{name: [] for name in sizes}}
    times: dict[tuple[str, int], list[float]] = {}
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        body = Path(folder) / "body.json"
        body.write_bytes(sorted((ROOT / "sample_payloads/anchore").glob("system.*.json"))[0].read_bytes())
        for name, path in stores.items():  # what arrives goes into a copy
            copies[name] = Path(folder) / f"{name}.db"
            subprocess.run(["cp", "--reflink=auto", str(path), str(copies[name])], check=True)
        first_paint(copies["few"], b"sync.", "--port", "0")  # fills the caches
        for run in range(1, options.runs + 1):
            empty = Path(folder) / f"empty-{run}.db"
            paints["none"].append(first_paint(empty, b"Nothing has arrived", "--port", "0"))
            for name, store in copies.items():
                if run < options.runs:
                    paints[name].append(first_paint(store, b"sync.", "--port", "0"))
                    continue
                paint, memory[name], times[name, 0], times[name, RATE] = pressed(store, body)
                paints[name].append(paint)
        rows = min(NAIVE_ROWS, options.events)
        table = [sys.executable, str(NAIVE), "table", str(stores["many"]), str(rows)]
        table_paint = first_paint(stores["many"], b"sync.", program=table)
    bodies = {
        size: [detail(store_with_body(size)) for _ in range(options.runs)]
        for size in (10_000, 1_000_000, 10_000_000)
    }
    highlighted = naive_detail(store_with_body(1_000_000))

    for name, number in {"none": 0, **sizes}.items():
        print(f"first paint, {number:>9,} events    median {ms(paints[name]):5.0f} ms")
    print(f"first paint, {rows:>9,} in a DataTable  {table_paint * 1000:5.0f} ms")
    for (name, rate), some in times.items():
        print(
            f"key to screen, {sizes[name]:>9,} events, {rate:3} a second   "
            f"median {ms(some):4.0f} ms, p90 {ms(some, 0.9):4.0f} ms"
        )
    for name, number in sizes.items():
        print(f"memory, {number:>9,} events   {memory[name]:4.0f} MB")
    for size, some in bodies.items():
        print(f"body of {size:>10,} bytes   median {ms(some):5.0f} ms")
    print(f"body of {1_000_000:>10,} bytes highlighted in a Static  {highlighted * 1000:5.0f} ms")
    print(
        f"screen first_paint_ratio={ms(paints['many']) / ms(paints['few']):.2f} "
        f"key_ratio={ms(times['many', 0]) / ms(times['few', 0]):.2f} "
        f"key_load_ratio={ms(times['many', RATE], 0.9) / ms(times['many', 0], 0.9):.2f} "
        f"body_ratio={ms(bodies[10_000_000]) / ms(bodies[10_000]):.2f} "
        f"memory_ratio={memory['many'] / memory['few']:.2f} "
        f"table_factor={table_paint * 1000 / ms(paints['many']):.1f} "
        f"highlight_factor={highlighted * 1000 / ms(bodies[1_000_000]):.1f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
