"""Hostile input for as long as one likes: bodies, filters, files to import, and bytes at the listener's socket.

The checks are those of ``tests/fuzz``, each with an even share of the time; the changes come from a seed that is
printed. What fails is kept as a file beside the store and told with its seed and number; the run goes on. A check may
take a second at most. Exit code 1 when something failed.

Run: ``python benchmarks/fuzz.py [--seconds 60] [--seed N] [--only bodies|filters|files|edge]``. Needs the ``dev``
extra.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from inspector.store.doctor import examine  # noqa: E402
from inspector.store.schema import MIGRATIONS  # noqa: E402
from inspector.store.writer import StoreWriter  # noqa: E402
from tests.fuzz import material  # noqa: E402
from tests.fuzz.checks import Edge, check_body, check_filter, check_import, in_time  # noqa: E402

KINDS = ("bodies", "filters", "files", "edge")
STORED = 20
"""One of so many files is also taken into the store."""


class Run:
    """One run: its randomness, its stores, and what it has found."""

    def __init__(self, folder: Path, seed: int, stack: ExitStack) -> None:
        self.folder = folder
        self.seed = seed
        self.chance = random.Random(seed)
        self.done = dict.fromkeys(KINDS, 0)
        self.failures = 0
        self.slowest = 0.0
        self.given: bytes = b""
        """The hostile part of the current check."""
        self.db = stack.enter_context(closing(sqlite3.connect(":memory:")))
        for migration in MIGRATIONS:
            self.db.executescript(migration)
        self.writer = stack.enter_context(closing(StoreWriter(folder / "imported.db")))
        self.edge = stack.enter_context(Edge(folder / "edge.db"))

    def changed(self, data: bytes) -> bytes:
        """The same with up to six changes, mostly a few."""
        count = min(self.chance.randrange(7), self.chance.randrange(7))
        self.given = material.mutated(data, self.chance.randbytes(7 * count))
        return self.given

    def bodies(self) -> None:
        """One body."""
        body = self.changed(self.chance.choice(material.BODIES))
        in_time(
            check_body,
            body,
            self.chance.choice(material.CONTENT_TYPES),
            self.chance.choice(material.ENCODINGS),
        )

    def filters(self) -> None:
        """One filter."""
        text = self.changed(self.chance.choice(material.FILTERS)).decode("utf-8", "surrogateescape")
        in_time(check_filter, text, self.db)

    def files(self) -> None:
        """One file to import."""
        ending, data = self.chance.choice(material.FILES)
        writer = self.writer if self.chance.randrange(STORED) == 0 else None
        in_time(check_import, self.folder / f"fuzzed{ending}", self.changed(data), writer)

    def connections(self) -> None:
        """One connection."""
        data = self.changed(self.chance.choice(material.REQUESTS))
        for _ in range(self.chance.randrange(3)):
            data += self.chance.choice(self.chance.choice((material.REQUESTS, material.TOKENS)))
        self.given = data
        in_time(self.edge.check, data, self.chance.randrange(3_000))

    def spend(self, kind: str, seconds: float) -> None:
        """Check one kind of input for so long."""
        check: Callable[[], None] = self.connections if kind == "edge" else getattr(self, kind)
        end = time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            try:
                check()
            except Exception:
                self.failures += 1
                kept = self.folder / f"failed-{kind}-{self.done[kind]}"
                kept.write_bytes(self.given)
                print(f"{kind} number {self.done[kind]} of seed {self.seed} failed; its input is {kept}")
                traceback.print_exc(limit=-4)
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.done[kind] += 1


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", choices=KINDS, default=None)
    options = parser.parse_args()
    seed = time.time_ns() if options.seed is None else options.seed
    kinds = KINDS if options.only is None else (options.only,)
    folder = Path(tempfile.mkdtemp(prefix="inspector-fuzz-"))
    print(f"seed {seed}, files in {folder}", flush=True)
    with ExitStack() as stack:
        run = Run(folder, seed, stack)
        for kind in kinds:
            run.spend(kind, options.seconds / len(kinds))
            print(f"{kind:8} {run.done[kind]:>10,}", flush=True)
        run.edge.check_stored()
        wrong = [finding.text for finding in examine(run.writer.path) if finding.level == "wrong"]
        for text in wrong:
            print(f"the store that was imported into: {text}")
        failures = run.failures + len(wrong)
    total = sum(run.done.values())
    print(f"fuzz examples={total} failures={failures} slowest_ms={run.slowest * 1000:.0f}")
    if not failures:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
