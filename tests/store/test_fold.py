"""Folding the WAL into the store beside the writing."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from inspector.store import fold
from inspector.store.fold import Fold
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import anchore


def test_what_is_committed_gets_into_the_file_and_the_wal_begins_anew(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold, "EVERY", 300_000)
    writer = StoreWriter(path)
    folding = Fold(path, writer.db)
    wal = path.with_name(f"{path.name}-wal")
    longest = 0
    for number in range(60):
        writer.begin()
        writer.store([anchore(f"{number}", {"text": "x" * 20_000})])
        writer.commit()
        folding.wrote(20_000)
        folding.rest()
        time.sleep(0.005)
        longest = max(longest, wal.stat().st_size)
    assert longest < 1_500_000  # of 2.5 MB in all
    folding.close()
    writer.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    alone = tmp_path / "alone.db"
    shutil.copyfile(path, alone)
    writer.close()
    with Reader(alone) as reader:
        assert reader.last_id() == 60
        assert reader.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_store_that_cannot_be_folded_goes_on_being_written(path: Path) -> None:
    writer = StoreWriter(path)
    folding = Fold(path, writer.db)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM event").fetchone()
    for number in range(3):  # with a reader who stays, and with a connection that was closed
        if number == 2:
            folding.close()
        writer.begin()
        writer.store([anchore(f"{number}", {})])
        writer.commit()
        folding.wrote(fold.EVERY)
        folding.rest()
        time.sleep(0.05)
        folding.rest()
    other.close()
    writer.close()
    with Reader(path) as reader:
        assert reader.last_id() == 3
