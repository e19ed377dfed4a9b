"""Hostile input in great numbers: no crash, no hang, no wrong answer. ``benchmarks/fuzz.py`` goes on from here."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.store.doctor import examine
from inspector.store.schema import MIGRATIONS
from inspector.store.writer import StoreWriter
from tests.fuzz.checks import Edge, check_body, check_filter, check_import, in_time
from tests.fuzz.material import (
    BODIES,
    CONTENT_TYPES,
    ENCODINGS,
    FILES,
    FILTERS,
    REQUESTS,
    TOKENS,
    mutated,
)

_AT_ONCE = 20
"""Inputs that are made from one drawn seed: to draw each change of each input would take most of the time."""


def fuzz(check: Callable[..., None], count: int, pool: Sequence[Any]) -> None:
    """Run a check on so many choices from a pool, each with up to four changes (see `material.edits_in`) and a
    chance of its own for more; the same ones in every run. What fails is told with its input."""

    @settings(max_examples=count // _AT_ONCE, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**64 - 1))
    def run(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(_AT_ONCE):
            one, script = chance.choice(pool), chance.randbytes(chance.randrange(29))
            try:
                check(one, script, chance)
            except BaseException as error:
                error.add_note(f"the input: {one!r:.2000} changed by {script!r}")
                raise

    run()


def test_any_body_is_decoded_shown_and_shaped() -> None:
    def check(body: bytes, script: bytes, chance: random.Random) -> None:
        content_type, encoding = chance.choice(CONTENT_TYPES), chance.choice(ENCODINGS)
        in_time(check_body, mutated(body, script), content_type, encoding)

    fuzz(check, 6_000, BODIES)


@pytest.fixture(scope="module")
def empty() -> Iterator[sqlite3.Connection]:
    """An empty store in memory, for SQLite to prepare statements on."""
    with closing(sqlite3.connect(":memory:")) as db:
        for migration in MIGRATIONS:
            db.executescript(migration)
        yield db


def test_any_filter_is_read_or_its_mistake_told(empty: sqlite3.Connection) -> None:
    def check(text: bytes, script: bytes, _: random.Random) -> None:
        in_time(check_filter, mutated(text, script).decode("utf-8", "surrogateescape"), empty)

    fuzz(check, 18_000, FILTERS)


def test_any_file_is_read_or_refused(tmp_path: Path) -> None:
    def check(file: tuple[str, bytes], script: bytes, _: random.Random) -> None:
        in_time(check_import, tmp_path / f"fuzzed{file[0]}", mutated(file[1], script), None)

    fuzz(check, 4_000, FILES)


def test_any_file_is_taken_into_the_store(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path / "events.db")

    def check(file: tuple[str, bytes], script: bytes, _: random.Random) -> None:
        in_time(check_import, tmp_path / f"fuzzed{file[0]}", mutated(file[1], script), writer)

    fuzz(check, 500, FILES)
    writer.close()
    assert [finding.text for finding in examine(tmp_path / "events.db") if finding.level == "wrong"] == []


def test_any_bytes_at_the_edge_are_answered_or_dropped_in_time(tmp_path: Path) -> None:
    with Edge(tmp_path / "events.db") as edge:

        def check(request: bytes, script: bytes, chance: random.Random) -> None:
            more = chance.choices([*REQUESTS, *TOKENS], k=chance.randrange(3))
            in_time(edge.check, mutated(request, script) + b"".join(more), chance.randrange(3_000))

        fuzz(check, 1_000, REQUESTS)
        edge.check_stored()
    assert edge.acknowledged > 200
    assert edge.told == []
