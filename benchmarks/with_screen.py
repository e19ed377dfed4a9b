"""Acknowledgements while a screen scrolls a body of 10 MB, beside the same without a screen.

A listener takes 200 events a second over eight connections, at set times; rounds with a screen, and without one (it is
stopped then), alternate. The screen runs in a pseudo-terminal of its own, reads the large body and scrolls it, a page
every 40 ms. The load comes from a process of its own, so that reading the terminal does not slow it down.

What any other program costs there is measured in the same run: rounds with a process that has nothing to do with us and
takes as much of a processor as the screen did, in the same rhythm. Where that ratio is high too, it is the machine that
takes its time when a processor has been idle. Started by ``python benchmarks/capture.py --with-screen``.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import paced
from screen import ROOT, Screen

RATE = 200
LARGE = 10_000_000
_PAGE_S = 0.04


def _load(port: int, seconds: float, body: Path) -> list[float]:
    found: list[float] = json.loads(paced.start(port, RATE, seconds, body).communicate()[0])
    return found


_COMPUTE = """
import os, sys, time
if hasattr(os, "SCHED_BATCH"):
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
period, share = float(sys.argv[1]), float(sys.argv[2])
while True:
    until = time.perf_counter() + period * share
    while time.perf_counter() < until:
        pass
    time.sleep(period * (1 - share))
"""


class _Computing:
    """Any process that takes this share of a processor; a context manager."""

    def __init__(self, share: float) -> None:
        self._words = [sys.executable, "-c", _COMPUTE, str(_PAGE_S), str(min(share, 1.0))]

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._words, start_new_session=True)

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()


class _Scrolling:
    """A screen on the store that has read its newest event; it is stopped, but for a ``with`` block, in which it
    scrolls."""

    def __init__(self, store: Path) -> None:
        self._screen = Screen(store)
        self._screen.when(b"CVE-2026-")
        self._screen.send(b"jk")  # no longer following the newest
        time.sleep(0.5)
        self._screen.send(b"\r")
        time.sleep(0.5)
        while f"CVE-2026-{LARGE // 90 - 1:06}".encode() not in self._screen.data:
            self._screen.send(b"G")  # until the whole of it is laid out
            time.sleep(0.5)
        self._screen.send(b"g")
        time.sleep(0.5)
        self._pages = 0
        self._screen.process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> _Scrolling:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._scroll)
        self._screen.process.send_signal(signal.SIGCONT)
        time.sleep(0.3)  # it catches up with what has arrived
        self._painted = len(self._screen.data)
        self._thread.start()
        return self

    def _scroll(self) -> None:
        while not self._stopped.wait(_PAGE_S):
            self._pages += 1
            self._screen.send(b"\x1b[6~" if self._pages % 400 < 200 else b"\x1b[5~")

    def computed(self) -> float:
        """Seconds of a processor that the screen has taken so far."""
        words = Path(f"/proc/{self._screen.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._screen.process.send_signal(signal.SIGSTOP)
        self.painted = len(self._screen.data) - self._painted

    def state(self) -> str:
        """Whether it runs, and what it painted last."""
        return f"exit code {self._screen.process.poll()}, last {bytes(self._screen.data[-2000:])!r}"

    def close(self) -> None:
        """End it."""
        self._screen.process.send_signal(signal.SIGCONT)
        self._screen.close()


def _large_body() -> bytes:
    items = [
        {"cve": f"CVE-2026-{number:06}", "severity": "High", "fix": None, "package": f"lib{number % 977}"}
        for number in range(LARGE // 90)
    ]
    return json.dumps({"type": "user.large.body", "details": {"found": items}}).encode()


def run(body: bytes, rounds: int, seconds: float) -> int:
    """Run the rounds and print the ratio in the last line."""
    figures: dict[str, list[list[float]]] = {"without": [], "with": [], "busy": []}
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        store, payload = Path(folder) / "events.db", Path(folder) / "body.json"
        payload.write_bytes(body)
        words = ["-m", "inspector", "--store", str(store), "listen", "--port", "0", "--json"]
        listener = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, cwd=ROOT)
        try:
            assert listener.stdout is not None
            first = json.loads(listener.stdout.readline())
            threading.Thread(target=listener.stdout.read, daemon=True).start()
            _load(first["port"], 1, payload)
            urllib.request.urlopen(first["url"], data=_large_body(), timeout=20).close()
            time.sleep(2)  # it is identified
            with closing(_Scrolling(store)) as screen:
                for _ in range(rounds):
                    figures["without"].append(_load(first["port"], seconds, payload))
                    with screen:
                        before, began = screen.computed(), time.perf_counter()
                        figures["with"].append(_load(first["port"], seconds, payload))
                        shares.append((screen.computed() - before) / (time.perf_counter() - began))
                    if screen.painted < 50_000 * seconds:
                        raise SystemExit(
                            f"the screen did not scroll: it painted {screen.painted} bytes, {screen.state()}"
                        )
                    with _Computing(shares[-1]):
                        figures["busy"].append(_load(first["port"], seconds, payload))
        finally:
            listener.send_signal(signal.SIGTERM)
            listener.wait(10)
    tails = {}
    labels = {
        "without": "without a screen",
        "with": "with a screen",
        "busy": f"with {statistics.median(shares):.0%} of a processor taken by another program",
    }
    for name, found in figures.items():
        tails[name] = statistics.median(_percentile(times) for times in found)
        worst = max(max(times) for times in found) * 1000
        each = " ".join(f"{_percentile(times):.1f}" for times in found)
        print(f"{labels[name]}: p99 {tails[name]:.1f} ms (rounds: {each}), worst {worst:.0f} ms")
    with_screen, busy = (tails[name] / tails["without"] for name in ("with", "busy"))
    print(f"with_screen p99_ratio={with_screen:.2f} p99_ratio_beside_another_program={busy:.2f}")
    return 0


def _percentile(times: list[float]) -> float:
    """The 99th, in milliseconds."""
    return sorted(times)[int(len(times) * 0.99)] * 1000
