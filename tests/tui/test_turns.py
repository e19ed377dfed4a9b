"""A screen that paints lets a listener work in between, while events arrive."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from inspector.capture.turns import TURNS
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, anchore
from tests.tui.conftest import Staged


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for turns")
async def test_turns_are_given_between_the_lines(
    staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: given.append(None))
    monkeypatch.setattr(TURNS, "_until", 0.0)
    path = tmp_path / "events.db"
    with closing(StoreWriter(path)) as writer:
        add(writer, *[anchore("user.e", {"n": n}) for n in range(30)])
        async with staged(path) as stage:
            await stage.shows("user.e")
            await stage.pilot.press("down", "down")
            await stage.pilot.pause()
            assert given == []
            add(writer, anchore("user.late", {"n": 1}))
            await stage.shows("user.late")
            assert given
