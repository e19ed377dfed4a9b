"""Turns of a screen that paints and a listener: asked for while events arrive, and only then."""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise

import pytest

from inspector.capture import turns
from inspector.capture.turns import Turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for turns")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Moments at which others were let in."""
    moments: list[float] = []
    monkeypatch.setattr(os, "sched_yield", lambda: moments.append(time.monotonic()))
    return moments


def test_turns_are_given_for_a_while_after_an_event(
    given: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_LATELY_S", 0.05)
    ours = Turns()
    ours.give()
    assert given == []
    ours.arrived()
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        ours.give()
    assert len(given) > 2
    assert given[-1] < until - 0.1
    assert all(later - one >= turns._LONG_S for one, later in pairwise(given))
