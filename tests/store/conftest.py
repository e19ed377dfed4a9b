from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "data" / "events.db"


@pytest.fixture
def writer(path: Path) -> Iterator[StoreWriter]:
    """A writer on a fresh store."""
    writer = StoreWriter(path)
    yield writer
    writer.close()


@pytest.fixture
def reader(writer: StoreWriter, path: Path) -> Iterator[Reader]:
    """A reader beside the writer."""
    with Reader(path) as reader:
        yield reader
