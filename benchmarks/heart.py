"""A screen whose loop notes whenever it came late; a part of ``gaps.py``.

``heart.py NOTES TRACES WORDS…`` is ``inspector WORDS…``. To NOTES goes a line for each time the loop came late:
begin and end (seconds of the monotonic clock), what its thread computed meanwhile, what the whole process did, and
how long garbage was collected, all in seconds. To TRACES, unless it is empty, go the stacks of all threads.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from inspector.cli import main as inspector_main
from inspector.tui.app import InspectorApp

_BEAT_S = 0.005
_LATE_S = 0.02
_STACKS_S = 0.04


class _Heart:
    def __init__(self, notes: Path, traces: str) -> None:
        self.notes = notes.open("a", buffering=1)
        self.stacks = Path(traces).open("a", buffering=1) if traces else None  # noqa: SIM115
        self.last = time.perf_counter()
        self.collected = self._collecting_since = 0.0
        gc.callbacks.append(self._collect)
        if traces:
            threading.Thread(target=self._watch, daemon=True).start()

    async def beat(self) -> None:
        """Run beside the screen."""
        before = self._clocks()
        while True:
            await asyncio.sleep(_BEAT_S)
            now = self._clocks()
            if now[0] - before[0] - _BEAT_S > _LATE_S:
                spent = [mine - its for mine, its in zip(now, before, strict=True)]
                self.notes.write(f"{before[0]} {now[0]} {spent[1]} {spent[2]} {spent[3]}\n")
                if self.stacks is not None:
                    gap, computing, all_threads, collecting = (round(part * 1000) for part in spent)
                    self.stacks.write(
                        f"^^^ {gap} ms, computing {computing}, with threads {all_threads}, collecting {collecting}\n"
                    )
            before = now
            self.last = now[0]

    def _clocks(self) -> tuple[float, float, float, float]:
        return time.perf_counter(), time.thread_time(), time.process_time(), self.collected

    def _collect(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            took = time.perf_counter() - self._collecting_since
            self.collected += took
            if self.stacks is not None and took > _LATE_S:
                self.stacks.write(
                    f"... generation {info['generation']} was collected in {took * 1000:.0f} ms\n"
                )

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


def main() -> int:
    notes, traces = Path(sys.argv[1]), sys.argv[2]
    mount = InspectorApp.on_mount
    beating: list[asyncio.Task[None]] = []

    def on_mount(app: InspectorApp) -> None:
        mount(app)
        beating.append(asyncio.create_task(_Heart(notes, traces).beat()))

    InspectorApp.on_mount = on_mount  # type: ignore[method-assign]
    sys.argv = ["inspector", *sys.argv[3:]]
    return inspector_main() or 0


if __name__ == "__main__":
    sys.exit(main())
