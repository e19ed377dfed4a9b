"""How soon a text that one event among a million has is on the screen, with 500 more arriving each second and without.

The real program runs on a pseudo-terminal (120×36) over a copy of the store of ``screen.py``, in which one event in the
middle and one of the oldest have got a text of their own; the latter is also typed in capital letters. A figure is
the time from the last letter of the text in the filter bar until the hit is counted there, the longest of some runs.
Beside it the same program without its search in the bytes of the file, which reads one event after the other.

Run: ``python benchmarks/needle.py [--events 1000000] [--runs 3]``; a minute, the first time two more.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import paced
from screen import RATE, ROOT, Screen, store_with

_WITHOUT = (
    "import sys; from inspector.tui import scan; scan._SMALL = 1 << 62; "
    "from inspector.cli import main; sys.exit(main())"
)
_PLACES = {"middle": 0.5, "oldest": 0.0}
GOAL_S = 1.0


def hide(store: Path, place: float) -> bytes:
    """Put a text into one event's body, so far from the oldest to the newest; returns it."""
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        last = db.execute("SELECT max(event) FROM request").fetchone()[0]
        number = 1 + int(last * place)
        text = f"xylograph-{number}"
        db.execute(
            'UPDATE request SET body = CAST(replace(CAST(body AS TEXT), \'"id": "\', ?) AS BLOB) WHERE event = ?',
            (f'"id": "{text} ', number),
        )
    return text.encode()


def first_hit(screen: Screen, text: bytes) -> float:
    """Seconds from the last letter until the one hit is counted."""
    screen.send(b"/")
    time.sleep(0.5)
    screen.send(text[:-1])
    time.sleep(0.3)
    at, moment = screen.send(text[-1:])
    taken = screen.when(rb"\D1 (?:so far|of \d)", at, 120) - moment
    for _ in range(3):  # out of the bar, end of the search, no filter
        screen.send(b"\x1b")
        time.sleep(0.3)
    return taken


def measured(store: Path, texts: dict[str, bytes], runs: int, body: Path, without: bool) -> dict[str, float]:
    """The longest times by place and load, on one screen."""
    words = ["--store", str(store), "--port", "0"]
    start = ["-c", _WITHOUT] if without else ["-m", "inspector"]
    screen = Screen(store, program=[sys.executable, *start, *words])
    found: dict[str, float] = {}
    sender = None
    try:
        screen.when(rb"127\.0\.0\.1:\d+")
        port = re.search(rb"127\.0\.0\.1:(\d+)", bytes(screen.data))
        assert port is not None
        time.sleep(2.0)
        for load in ("idle", "busy"):
            if load == "busy":
                sender = paced.start(int(port[1]), RATE, 120, body)
                time.sleep(1.0)
            for place, text in texts.items():
                found[f"{place}_{load}"] = max(first_hit(screen, text) for _ in range(runs))
        return found
    finally:
        if sender is not None:
            sender.kill()
            sender.communicate()
        screen.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    whole = store_with(options.events)
    with tempfile.TemporaryDirectory(dir=whole.parent) as folder:
        store = Path(folder) / "events.db"
        subprocess.run(["cp", "--reflink=auto", str(whole), str(store)], check=True)
        body = Path(folder) / "body.json"
        body.write_bytes(sorted((ROOT / "sample_payloads/anchore").glob("system.*.json"))[0].read_bytes())
        texts = {name: hide(store, place) for name, place in _PLACES.items()}
        texts["capitals"] = texts["oldest"].upper()
        found = measured(store, texts, options.runs, body, without=False)
        read = measured(store, texts, 1, body, without=True)
    print(f"{'seconds until the hit':24}{'in the bytes':>14}{'event by event':>16}")
    for name, seconds in found.items():
        print(f"{name:24}{seconds:14.2f}{read[name]:16.2f}")
    figures = " ".join(f"{name}_s={seconds:.2f}" for name, seconds in found.items())
    worst = max(found.values())
    print(f"needle {figures} worst_s={worst:.2f} goal_s={GOAL_S:g} read_s={max(read.values()):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
