"""How long the screen's loop is ever held up, at a million stored events with 500 more arriving each second.

The real program runs on a pseudo-terminal with a heartbeat in its loop that notes whenever it came late. Every action
is done by its keys. Of each there are two figures, of the rounds the least: the longest gap, and the most that the
loop itself computed in one gap. On a machine that has nothing else to do they are close together; on a busy one the
first is mostly waiting for a processor. The store is a copy of the one of ``screen.py``, two bodies of 10 MB on top.

Run: ``python benchmarks/gaps.py [--events 1000000] [--rounds 3] [--only WORD] [--traces FILE]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
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
_BEAT_S = 0.005
_LATE_S = 0.02
_STACKS_S = 0.06
_DOWN = b"\x1b[6~"
_UP = b"\x1b[5~"


# -- in the screen's process


class _Heart:
    """Notes each time the loop came late: begin and end (seconds of the monotonic clock), and what it computed."""

    def __init__(self, notes: Path, traces: str) -> None:
        self.notes = notes.open("a", buffering=1)
        self.stacks = Path(traces).open("a", buffering=1) if traces else None  # noqa: SIM115
        self.last = time.perf_counter()
        if traces:
            threading.Thread(target=self._watch, daemon=True).start()

    async def beat(self) -> None:
        """Run beside the screen."""
        self.last, computed = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(_BEAT_S)
            now, used = time.perf_counter(), time.thread_time()
            if now - self.last - _BEAT_S > _LATE_S:
                self.notes.write(f"{self.last} {now} {used - computed}\n")
                if self.stacks is not None:
                    ms = (now - self.last) * 1000, (used - computed) * 1000
                    self.stacks.write(f"^^^ {ms[0]:.0f} ms, computing {ms[1]:.0f}\n")
            self.last, computed = now, used

    def _watch(self) -> None:
        told = 0.0
        main = threading.main_thread().ident
        assert self.stacks is not None
        while True:
            time.sleep(0.01)
            if self.last != told and time.perf_counter() - self.last > _STACKS_S:
                told = self.last
                for ident, frame in sys._current_frames().items():
                    words = "".join(traceback.format_stack(frame)[-14:])
                    self.stacks.write(f"--- {'main' if ident == main else 'thread'}\n{words}")


def _run_screen(notes: Path, traces: str, words: list[str]) -> int:
    from inspector.cli import main as inspector_main
    from inspector.tui.app import InspectorApp

    mount = InspectorApp.on_mount

    def on_mount(app: InspectorApp) -> None:
        mount(app)
        beating.append(asyncio.create_task(_Heart(notes, traces).beat()))

    beating: list[asyncio.Task[None]] = []
    InspectorApp.on_mount = on_mount  # type: ignore[method-assign]
    sys.argv = ["inspector", *words]
    return inspector_main() or 0


# -- what is done


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

    def until(self, pattern: bytes, seconds: float = 30.0) -> None:
        """Wait for bytes that came since the last key."""
        self.screen.when(pattern, self.at, seconds)


def _begin(stage: Stage) -> None:
    stage.until(b"Events")
    time.sleep(3)


def _scroll(stage: Stage) -> None:
    stage.type(b"j" * 20 + _DOWN * 20 + b"Gg" * 3 + b"n" * 3 + b"f", 0.05)


def _filter(stage: Stage) -> None:
    stage.type(b"/type:system.* level:error -is:new")
    time.sleep(1)
    stage.type(b"\r")
    time.sleep(1)
    _home(stage)


def _home(stage: Stage) -> None:
    """Go back to the list with all events."""
    for _ in range(15):
        stage.type(b"\x1b", 0.5)
        try:
            stage.until(rb"Events \d", 1.0)
        except SystemExit:
            continue
        return


def _search(stage: Stage) -> None:
    stage.type(b"/nowhere at all")
    stage.until(b"% read")
    time.sleep(3)
    _home(stage)
    stage.type(b'/"service_name"\r')
    time.sleep(3)
    _home(stage)


def _themes(stage: Stage) -> None:
    for name in (b"light", b"dark"):
        stage.type(b":", 0.5)
        stage.type(name)
        time.sleep(0.5)
        stage.type(b"\r", 1.0)


def _shapes(stage: Stage) -> None:
    stage.type(b"S", 2.0)
    stage.type(b"j" * 20)
    stage.type(b"\t" + _DOWN * 10)
    _home(stage)


def _matrix(stage: Stage) -> None:
    stage.type(b"M", 3.0)
    stage.type(b"j" * 20 + b"n" * 10 + b"l" * 5)
    _home(stage)


def _large(stage: Stage) -> None:
    stage.type(b"/type:bench.body\r", 0.05)
    stage.until(b"bench.body")
    time.sleep(4)
    stage.type(b"j", 4.0)
    stage.type(b"k2", 2.0)


def _scroll_large(stage: Stage) -> None:
    stage.type(b"\t" + _DOWN * 40 + b"G" + _UP * 20 + b"g", 0.03)


def _fold_large(stage: Stage) -> None:
    stage.type(b"HLHL", 0.7)
    stage.type(b"w", 1.0)
    stage.type(b"w", 1.0)


def _find_large(stage: Stage) -> None:
    stage.type(b"/severity", 0.1)
    time.sleep(2)
    stage.type(b"\r" + b"n" * 30)
    stage.type(b"\x1b", 0.3)


def _tabs_large(stage: Stage) -> None:
    stage.type(b"4x341", 1.5)
    stage.type(b"\x1b", 0.5)


def _diff_large(stage: Stage) -> None:
    stage.type(b"mjm", 0.5)
    stage.type(b"d", 1.0)
    stage.type(b"2")
    stage.until(b"values", 60)
    time.sleep(6)
    stage.type(_DOWN * 20 + b"=")
    time.sleep(3)
    stage.type(b"/zzz\r", 0.1)
    time.sleep(2)
    stage.type(b"sGg", 2.0)
    stage.type(b"\x1bU\x1b", 0.5)


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
    "find in 10 MB": _find_large,
    "tabs of 10 MB": _tabs_large,
    "diff 10 MB": _diff_large,
}


# -- the run


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
) -> dict[str, tuple[float, float]]:
    """Every action once: its longest gap and the most computed in one, in milliseconds."""
    notes = store.with_suffix(".gaps")
    notes.write_text("")
    body = store.with_suffix(".json")
    sample = sorted((ROOT / "sample_payloads/anchore").glob("system.*.json"))[0]
    body.write_bytes(sample.read_bytes())
    program = [sys.executable, __file__, "--screen", str(notes), traces, "--store", str(store), "--port", "0"]
    began = time.perf_counter()
    screen = Screen(store, program=program)
    sender = None
    windows: dict[str, tuple[float, float]] = {}
    try:
        screen.when(rb"127\.0\.0\.1:\d+")
        port = re.search(rb"127\.0\.0\.1:(\d+)", bytes(screen.data))
        assert port is not None
        sender = paced.start(int(port[1]), RATE, 600, body)
        stage = Stage(screen)
        for name, action in actions.items():
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
        if sender is not None:
            sender.kill()
            sender.communicate()
        screen.close()
    figures: dict[str, tuple[float, float]] = {}
    late = [tuple(map(float, line.split())) for line in notes.read_text().splitlines()]
    for name, (start, end) in windows.items():
        gaps = [(stop - begin, used) for begin, stop, used in late if start < stop <= end]
        longest, most = (max((gap[at] for gap in gaps), default=0.0) for at in (0, 1))
        figures[name] = longest * 1000, most * 1000
    return figures


def main() -> int:
    if sys.argv[1:2] == ["--screen"]:
        return _run_screen(Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="actions whose name has this in it")
    parser.add_argument("--traces", default="", help="write the stacks of gaps to this file")
    options = parser.parse_args()
    whole = store_with(options.events)
    chosen = {
        name: action
        for name, action in ACTIONS.items()
        if options.only in name or name in ("start", "open 10 MB")
    }
    rounds: list[dict[str, tuple[float, float]]] = []
    with tempfile.TemporaryDirectory(dir=whole.parent) as folder:
        store = Path(folder) / "events.db"
        subprocess.run(["cp", str(whole), str(store)], check=True)
        large_bodies(store)
        for _ in range(options.rounds):
            rounds.append(run(store, chosen, options.traces))
    worst = [0.0, 0.0]
    for name in chosen:
        each = [found[name] for found in rounds if name in found]
        if not each:
            print(f"{name:14} was not reached")
            continue
        least = [min(figures) for figures in zip(*each, strict=True)]
        worst = [max(pair) for pair in zip(worst, least, strict=True)]
        print(f"{name:14} longest gap {least[0]:4.0f} ms, computing {least[1]:4.0f} ms at most")
    print(f"gaps longest_ms={worst[0]:.0f} computing_ms={worst[1]:.0f} goal_ms={GOAL_MS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
