"""How long the screen's loop is ever held up, at a million stored events with 500 more arriving each second.

The real program runs on a pseudo-terminal with a heartbeat in its loop that notes whenever it came late (``heart.py``).
Every action is done by its keys. Of each action there is the worst of

* gap: how long the loop did not run, without what the whole machine stood still (a thread of this program, which has
  next to nothing to do, was late, too). On a busy machine it is mostly waiting for a processor.
* computing: the processor time that the loop's thread took in one gap. A busy machine hardly changes it.
* threads: the processor time of the whole process in one gap, at most the gap: others that held the interpreter, too.
* collecting: how long garbage was collected in one gap.

The store is a copy of the one of ``screen.py``, two bodies of 10 MB on top; a run takes less than a minute, the first
one two minutes more. With several rounds a figure is the least of its rounds.

Run: ``python benchmarks/gaps.py [--events 1000000] [--rounds 1] [--only WORD] [--traces FILE]``.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import paced
from screen import ROOT, Screen, store_with

from inspector.core.events import Request
from inspector.store.arrival import Arrival
from inspector.store.writer import StoreWriter

RATE = 500
LARGE = 10_000_000
GOAL_MS = 100
HEART = Path(__file__).parent / "heart.py"
KINDS = ("gap", "computing", "threads", "collecting")
_DOWN = b"\x1b[6~"
_UP = b"\x1b[5~"


class Ticker(threading.Thread):
    """Notes when the machine stood still: this thread should run a hundred times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stops: list[tuple[float, float]] = []

    def run(self) -> None:
        before = time.perf_counter()
        while True:
            time.sleep(0.01)
            now = time.perf_counter()
            if now - before > 0.03:
                self.stops.append((before + 0.01, now))
            before = now

    def stood(self, start: float, end: float) -> float:
        """For how many seconds between two moments."""
        return sum(max(0.0, min(end, last) - max(start, first)) for first, last in self.stops)


@dataclass
class Stage:
    """The screen, and how to wait for it."""

    screen: Screen
    at: int = 0

    def type(self, keys: bytes, pause: float = 0.03) -> None:
        """Press keys, one after the other."""
        for key in re.findall(rb"\x1b\[\d~|.", keys, re.DOTALL):
            self.at, _ = self.screen.send(key)
            time.sleep(pause)

    def ask(self, words: bytes) -> None:
        """Type into what the first key opens; once it is there, for on a busy machine that takes a moment."""
        self.type(words[:1], 0.4)
        self.type(words[1:])

    def until(self, pattern: bytes, seconds: float = 30.0) -> None:
        """Wait for bytes that came since the last key."""
        self.screen.when(pattern, self.at, seconds)

    def home(self) -> None:
        """Go back to the list with all events."""
        for _ in range(15):
            self.type(b"\x1b", 0.2)
            with suppress(SystemExit):
                self.until(rb"Events \d", 0.5)
                return

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self.screen.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.screen.process.pid, signal.SIGWINCH)
        time.sleep(0.4)

    def read_whole(self) -> None:
        """Wait until no process lays a large body out any more, and the screen has taken it."""
        time.sleep(0.5)
        children = Path(f"/proc/{self.screen.process.pid}/task/{self.screen.process.pid}/children")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            commands = [Path(f"/proc/{pid}/cmdline") for pid in children.read_text().split()]
            if not any(b"inspector.tui.apart" in path.read_bytes() for path in commands if path.exists()):
                break
            time.sleep(0.1)
        time.sleep(1)


def _begin(stage: Stage) -> None:
    stage.until(b"Events")
    time.sleep(2)


def _scroll(stage: Stage) -> None:
    stage.type(b"j" * 20 + _DOWN * 20 + b"Gg" * 2 + b"f")


def _filter(stage: Stage) -> None:
    stage.ask(b"/type:system.* level:error -is:new")
    stage.until(rb"\d of \d")
    stage.type(b"\r", 0.3)
    stage.home()


def _search(stage: Stage) -> None:
    stage.ask(b"/nowhere at all")
    stage.until(b"% read")
    time.sleep(1.5)
    stage.home()
    stage.ask(b'/"service_name"\r')
    time.sleep(1.5)
    stage.home()


def _themes(stage: Stage) -> None:
    for name in (b"light", b"dark"):
        stage.ask(b":" + name)
        time.sleep(0.3)
        stage.type(b"\r", 0.4)


def _shapes(stage: Stage) -> None:
    stage.type(b"S", 1.0)
    stage.type(b"j" * 15)
    stage.type(b"\t" + _DOWN * 5)
    stage.home()


def _matrix(stage: Stage) -> None:
    stage.type(b"M", 1.0)
    stage.type(b"j" * 10 + b"n" * 5 + b"l" * 5)
    stage.home()


def _large(stage: Stage) -> None:
    stage.ask(b"/type:bench.body\r")
    stage.until(b"bench.body")
    stage.read_whole()
    stage.type(b"2", 0.5)


def _scroll_large(stage: Stage) -> None:
    stage.type(b"\t" + _DOWN * 20 + b"G" + _UP * 10 + b"g")


def _fold_large(stage: Stage) -> None:
    stage.type(b"HLHL", 0.3)
    stage.type(b"ww", 0.5)


def _resize(stage: Stage) -> None:
    for wrap in (b"w", b"w"):
        for columns, rows in ((80, 24), (200, 50), (60, 15), (120, 36)):
            stage.resize(columns, rows)
        stage.type(wrap, 0.3)


def _find_large(stage: Stage) -> None:
    stage.ask(b"/severity")
    stage.type(b"\r", 1.0)
    stage.type(b"n" * 20)
    stage.type(b"\x1b", 0.3)


def _tabs_large(stage: Stage) -> None:
    stage.type(b"4x341", 0.4)
    stage.type(b"\x1b", 0.3)


def _diff_large(stage: Stage) -> None:
    stage.type(b"mjm", 0.3)
    stage.type(b"d", 0.5)
    stage.type(b"2")
    stage.until(rb"values? (?:differ|are)", 60)
    stage.type(_DOWN * 10 + b"=", 0.05)
    time.sleep(1)
    stage.ask(b"/zzz\r")
    time.sleep(0.5)
    stage.type(b"s", 2.0)
    stage.type(b"Gg", 0.3)


ACTIONS: dict[str, Callable[[Stage], None]] = {
    "start": _begin,
    "scroll": _scroll,
    "filter": _filter,
    "search text": _search,
    "themes": _themes,
    "shapes": _shapes,
    "matrix": _matrix,
    "open 10 MB": _large,
    "scroll 10 MB": _scroll_large,
    "fold 10 MB": _fold_large,
    "resize 10 MB": _resize,
    "find in 10 MB": _find_large,
    "tabs of 10 MB": _tabs_large,
    "diff 10 MB": _diff_large,
}


def large_bodies(path: Path) -> None:
    """Put two large bodies that differ here and there on top of a store."""
    writer = StoreWriter(path)
    for number in range(2):
        chance = random.Random(3)
        items = [
            {
                "cve": f"CVE-2026-{n:05}",
                "severity": "High",
                "n": n if n % 50 else number,
                "digest": f"{chance.getrandbits(256):064x}",
            }
            for n in range(LARGE // 140)
        ]
        payload = {"type": "bench.body", "marker": "FIRSTLINE", "details": {"items": items}}
        body = json.dumps(payload).encode()
        head = ((b"Content-Type", b"application/json"),)
        writer.begin()
        writer.add(
            [Arrival(Request("POST", b"/bench", head, body), "127.0.0.1:1", time.time_ns() // 1000, 0)],
            identify_all=True,
        )
        writer.commit()
    writer.close()


def run(
    store: Path, actions: dict[str, Callable[[Stage], None]], traces: str
) -> dict[str, tuple[float, ...]]:
    """Every action once: the worst of each of `KINDS`, milliseconds."""
    notes = store.with_suffix(".gaps")
    notes.write_text("")
    body = store.with_suffix(".json")
    sample = sorted((ROOT / "sample_payloads/anchore").glob("system.*.json"))[0]
    body.write_bytes(sample.read_bytes())
    program = [sys.executable, str(HEART), str(notes), traces, "--store", str(store), "--port", "0"]
    ticker = Ticker()
    ticker.start()
    began = time.perf_counter()
    screen = Screen(store, program=program)
    senders: list[subprocess.Popen[bytes]] = []
    windows: dict[str, tuple[float, float]] = {}
    try:
        screen.when(rb"127\.0\.0\.1:\d+")
        port = re.search(rb"127\.0\.0\.1:(\d+)", bytes(screen.data))
        assert port is not None
        stage = Stage(screen)
        for name, action in actions.items():
            if not senders or senders[-1].poll() is not None:  # one ends when it is answered 503
                senders.append(paced.start(int(port[1]), RATE, 600, body))
            start = time.perf_counter() if windows else began
            if traces:
                with Path(traces).open("a") as stacks:
                    stacks.write(f"=== {name}\n")
            try:
                action(stage)
            except SystemExit as error:
                print(f"{name}: {error}"[:3000], file=sys.stderr)
                break
            windows[name] = start, time.perf_counter()
    finally:
        for sender in senders:
            sender.kill()
            sender.communicate()
        screen.close()
    late = [tuple(map(float, line.split())) for line in notes.read_text().splitlines()]
    return {name: _worst(late, ticker, *window) for name, window in windows.items()}


def _worst(late: list[tuple[float, ...]], ticker: Ticker, start: float, end: float) -> tuple[float, ...]:
    gaps = [
        (stop - begin - ticker.stood(begin, stop), computing, min(stop - begin, threads), collecting)
        for begin, stop, computing, threads, collecting in late
        if start < stop <= end
    ]
    return tuple(max((gap[at] for gap in gaps), default=0.0) * 1000 for at in range(len(KINDS)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="", help="actions whose name has this in it")
    parser.add_argument("--traces", default="", help="write the stacks of gaps to this file")
    options = parser.parse_args()
    whole = store_with(options.events)
    chosen = {
        name: action
        for name, action in ACTIONS.items()
        if options.only in name or name in ("start", "open 10 MB" if "10 MB" in options.only else "")
    }
    rounds: list[dict[str, tuple[float, ...]]] = []
    with tempfile.TemporaryDirectory(dir=whole.parent) as folder:
        store = Path(folder) / "events.db"
        subprocess.run(["cp", "--reflink=auto", str(whole), str(store)], check=True)
        large_bodies(store)
        for _ in range(options.rounds):
            rounds.append(run(store, chosen, options.traces))
    worst = [0.0] * len(KINDS)
    print(f"{'milliseconds':14}" + "".join(f"{kind:>12}" for kind in KINDS))
    for name in chosen:
        each = [found[name] for found in rounds if name in found]
        if not each:
            print(f"{name:14} was not reached")
            continue
        least = [min(figures) for figures in zip(*each, strict=True)]
        worst = [max(pair) for pair in zip(worst, least, strict=True)]
        print(f"{name:14}" + "".join(f"{figure:12.0f}" for figure in least))
    figures = " ".join(f"{kind}_ms={figure:.0f}" for kind, figure in zip(KINDS, worst, strict=True))
    reached = sum(name in rounds[-1] for name in chosen)
    print(f"gaps {figures} goal_ms={GOAL_MS} actions={reached} of_actions={len(chosen)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
