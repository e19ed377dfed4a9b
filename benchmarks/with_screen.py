"""Acknowledgements while a screen scrolls a body of 10 MB, beside the same without a screen.

A listener takes 200 events a second over eight connections, at set times; rounds with and without a screen alternate.
The screen runs in a pseudo-terminal of its own, reads the large body and scrolls it, a page every 40 ms. The load comes
from a process of its own, so that reading the terminal does not slow it down. Started by
``python benchmarks/capture.py --with-screen``.
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import paced
from screen import ROOT, Screen

RATE = 200
LARGE = 10_000_000
_PAGE_S = 0.04


def _load(port: int, seconds: float, body: Path) -> list[float]:
    found: list[float] = json.loads(paced.start(port, RATE, seconds, body).communicate()[0])
    return found


class _Scrolling:
    """A screen on the store that reads its newest event and scrolls; a context manager."""

    def __init__(self, store: Path) -> None:
        self._screen = Screen(store)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._scroll)

    def __enter__(self) -> _Scrolling:
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
        self._thread.start()
        return self

    def _scroll(self) -> None:
        pages = 0
        while not self._stopped.wait(_PAGE_S):
            pages += 1
            self._screen.send(b"\x1b[6~" if pages % 400 < 200 else b"\x1b[5~")

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        self._thread.join()
        self.painted = len(self._screen.data)
        self._screen.close()


def _large_body() -> bytes:
    items = [
        {"cve": f"CVE-2026-{number:06}", "severity": "High", "fix": None, "package": f"lib{number % 977}"}
        for number in range(LARGE // 90)
    ]
    return json.dumps({"type": "user.large.body", "details": {"found": items}}).encode()


def run(body: bytes, rounds: int, seconds: float) -> int:
    """Run the rounds and print the ratio in the last line."""
    figures: dict[str, list[list[float]]] = {"without": [], "with": []}
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
            for _ in range(rounds):
                figures["without"].append(_load(first["port"], seconds, payload))
                urllib.request.urlopen(first["url"], data=_large_body(), timeout=20).close()
                time.sleep(2)  # it is identified
                with _Scrolling(store) as screen:
                    figures["with"].append(_load(first["port"], seconds, payload))
                if screen.painted < 100_000:
                    raise SystemExit(f"the screen did not scroll: it painted {screen.painted} bytes")
        finally:
            listener.send_signal(signal.SIGTERM)
            listener.wait(10)
    tails = {}
    for name, found in figures.items():
        tails[name] = statistics.median(_percentile(times) for times in found)
        worst = max(max(times) for times in found) * 1000
        each = " ".join(f"{_percentile(times):.1f}" for times in found)
        print(f"{name:8} a screen   p99 {tails[name]:.1f} ms (rounds: {each})   worst {worst:.0f} ms")
    print(f"with_screen p99_ratio={tails['with'] / tails['without']:.2f}")
    return 0


def _percentile(times: list[float]) -> float:
    """The 99th, in milliseconds."""
    return sorted(times)[int(len(times) * 0.99)] * 1000
