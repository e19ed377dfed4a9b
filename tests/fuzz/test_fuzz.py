"""Hostile input in great numbers: no crash, no hang, no wrong answer. ``benchmarks/fuzz.py`` goes on from here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
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

SCRIPTS = st.binary(max_size=28)
"""Up to four changes of what is fuzzed; see `material.edits_in`."""


def fuzz(examples: int) -> settings:
    """So many examples, the same ones in every run; a slow example is judged by the check itself."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@fuzz(4_000)
@given(st.sampled_from(BODIES), SCRIPTS, st.sampled_from(CONTENT_TYPES), st.sampled_from(ENCODINGS))
def test_any_body_is_decoded_shown_and_shaped(
    body: bytes, script: bytes, content_type: bytes, encoding: bytes
) -> None:
    in_time(check_body, mutated(body, script), content_type, encoding)


@pytest.fixture(scope="module")
def empty() -> Iterator[sqlite3.Connection]:
    """An empty store in memory, for SQLite to prepare statements on."""
    with closing(sqlite3.connect(":memory:")) as db:
        for migration in MIGRATIONS:
            db.executescript(migration)
        yield db


@fuzz(12_000)
@given(text=st.sampled_from(FILTERS), script=SCRIPTS)
def test_any_filter_is_read_or_its_mistake_told(
    empty: sqlite3.Connection, text: bytes, script: bytes
) -> None:
    in_time(check_filter, mutated(text, script).decode("utf-8", "surrogateescape"), empty)


@fuzz(2_500)
@given(file=st.sampled_from(FILES), script=SCRIPTS)
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    file: tuple[str, bytes],
    script: bytes,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzzed{file[0]}"
    in_time(check_import, path, mutated(file[1], script), None)


def test_any_file_is_taken_into_the_store(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path / "events.db")

    @fuzz(500)
    @given(st.sampled_from(FILES), SCRIPTS)
    def check(file: tuple[str, bytes], script: bytes) -> None:
        in_time(check_import, tmp_path / f"fuzzed{file[0]}", mutated(file[1], script), writer)

    check()
    writer.close()
    assert [finding.text for finding in examine(tmp_path / "events.db") if finding.level == "wrong"] == []


def test_any_bytes_at_the_edge_are_answered_or_dropped_in_time(tmp_path: Path) -> None:
    with Edge(tmp_path / "events.db") as edge:

        @fuzz(1_000)
        @given(
            st.sampled_from(REQUESTS),
            SCRIPTS,
            st.lists(st.sampled_from(REQUESTS) | st.sampled_from(TOKENS), max_size=2),
            st.integers(0, 3_000),
        )
        def check(request: bytes, script: bytes, more: list[bytes], cut: int) -> None:
            in_time(edge.check, mutated(request, script) + b"".join(more), cut)

        check()
        edge.check_stored()
    assert edge.acknowledged > 200
    assert edge.told == []
