"""How long a listing command takes to start, beside a bare interpreter that imports sqlite3 and json, in one run.

Both are whole processes, run in turn; the result is the ratio of the medians. Run: ``python benchmarks/start.py``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = 25


def seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "INSPECTOR_STORE": str(Path(folder) / "events.db"),
        }
        # What is installed is compiled once; where this is set, each start would compile all of it again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        samples = sorted(str(path) for path in (ROOT / "sample_payloads/anchore").glob("*.json"))
        subprocess.run(
            [sys.executable, "-m", "inspector", "import", *samples],
            check=True,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        ours = [sys.executable, "-m", "inspector", "events", "--json"]
        bare = [sys.executable, "-c", "import sqlite3, json"]
        figures: dict[str, list[float]] = {"inspector": [], "bare": []}
        for run in range(RUNS + 1):
            for name, command in (("inspector", ours), ("bare", bare)):
                took = seconds(command, environment)
                if run:  # the first fills the caches
                    figures[name].append(took)
    medians = {name: statistics.median(found) for name, found in figures.items()}
    for name, found in figures.items():
        low, high = min(found) * 1000, max(found) * 1000
        print(f"{name:10} median {medians[name] * 1000:.0f} ms, {low:.0f} to {high:.0f} ms, {RUNS} runs")
    print(f"start ratio_to_bare={medians['inspector'] / medians['bare']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
