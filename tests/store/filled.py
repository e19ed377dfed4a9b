"""Stores with events in them, for the tests of what looks after a store."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

from inspector.core.events import Request
from inspector.store.arrival import Arrival
from inspector.store.writer import PIECE, StoreWriter

START_US = 1_760_000_000_000_000
DAY_US = 86_400_000_000


def body(number: int, filler: str = "") -> bytes:
    """A payload of one of three types, each with its own shape."""
    name = f"user.test.{number % 3}"
    return json.dumps({"id": f"{number:032x}", "type": name, name: {"n": number, "filler": filler}}).encode()


def fill(
    path: Path, bodies: Sequence[bytes], *, large: Sequence[bytes] = (), step_us: int = 1_000_000
) -> list[int]:
    """Store bodies as events with ids from 1, `step_us` apart, then `large` ones; returns their uploads."""
    writer = StoreWriter(path)
    lines = ((b"Content-Type", b"application/json"),)
    uploads = []
    for start in range(0, len(bodies), 500):
        writer.begin()
        writer.add(
            [
                Arrival(
                    Request("POST", b"/hook", lines, each),
                    "127.0.0.1:5000",
                    START_US + number * step_us,
                    number,
                )
                for number, each in enumerate(bodies[start : start + 500], start)
            ]
        )
        writer.commit()
    for each in large:
        writer.begin()
        upload = writer.new_upload()
        for number, at in enumerate(range(0, len(each), PIECE)):
            writer.add_piece(upload, number, each[at : at + PIECE])
        writer.add(
            [
                Arrival(
                    Request("POST", b"/large", lines, b""),
                    "127.0.0.1:5000",
                    START_US + len(bodies) * step_us,
                    0,
                    upload=upload,
                    size=len(each),
                    sha256=hashlib.sha256(each).digest(),
                )
            ]
        )
        writer.commit()
        uploads.append(upload)
    writer.close()
    return uploads


def noise(count: int, seed: int = 1) -> bytes:
    """Bytes that look like nothing, the same in every run."""
    return random.Random(seed).randbytes(count)
