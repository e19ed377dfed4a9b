"""Commands run in this process, on a store of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.cli import main
from inspector.core.events import Request
from inspector.store.arrival import Arrival
from inspector.store.writer import StoreWriter

SAMPLES = Path(__file__).parents[2] / "sample_payloads"
START_US = 1_760_000_400_000_000


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store of this test is; it is made by whoever writes first."""
    return tmp_path / "store" / "events.db"


@pytest.fixture
def run(store: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command line on the store."""

    def run(*words: str | Path) -> Done:
        code = main(["--store", str(store), *map(str, words)])
        return Done(code, *capsys.readouterr())

    return run


Fill = Callable[..., list[int]]


@pytest.fixture
def fill(store: Path) -> Fill:
    """Store arrivals (or bodies, as POSTs to /hooks), a second after each other; returns the ids."""

    def fill(*what: Arrival | bytes) -> list[int]:
        writer = StoreWriter(store)
        try:
            arrivals = [
                one if isinstance(one, Arrival) else arrival(one, START_US + number * 1_000_000)
                for number, one in enumerate(what)
            ]
            writer.begin()
            events = writer.add(arrivals, identify_all=True)
            writer.commit()
            return [event.id for event in events]
        finally:
            writer.close()

    return fill


HEADERS = ((b"Host", b"hooks.example.com"), (b"Content-Type", b"application/json"))


_OF_REQUEST = ("method", "target", "headers", "version", "trailers")


def arrival(body: bytes = b"{}", received_us: int = START_US, **rest: Any) -> Arrival:
    """One arrival; `rest` goes to `Request` (method, target, headers) or `Arrival`."""
    own = {name: rest.pop(name) for name in _OF_REQUEST if name in rest}
    request = Request(**{"method": "POST", "target": b"/hooks", "headers": HEADERS, "body": body, **own})
    return Arrival(request, "127.0.0.1:50000", received_us, 1, **rest)


def rejected(
    reason: str = "TLS bytes on the plain HTTP port", raw: bytes = b"\x16\x03\x01\xff", **rest: Any
) -> Arrival:
    """One rejected request."""
    return Arrival(None, "127.0.0.1:50001", START_US, 1, 400, rejected=reason, raw=raw, **rest)
