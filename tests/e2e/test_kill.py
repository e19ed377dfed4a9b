"""kill -9 and the ordinary signals in the middle of load: what was acknowledged is in the store, whole and
once."""

from __future__ import annotations

import random
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.load import (
    Acknowledged,
    Capture,
    Load,
    check_all_there,
    kill,
    writing_process,
)
from tests.processes import is_running, until

ROUNDS = 10
READY_S = 2.0
"""The goal is 1 s; a test on busy cores has twice the headroom."""


def two_megabytes(chance: random.Random) -> int:
    """A body that is stored in two or three pieces."""
    return chance.randint(1_500_000, 3_000_000)


@pytest.mark.alone
def test_kill_9_of_the_capture_process_loses_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    store = tmp_path / "data" / "events.db"
    chance = random.Random(9)
    last = acknowledged = 0
    ready: list[float] = []
    for number in range(ROUNDS):
        with Capture(store) as capture:
            ready.append(capture.started_s)
            load = Load(capture.port, f"round{number}")
            assert until(load.acknowledged, 10)
            time.sleep(chance.uniform(0.02, 0.5))
            kill(capture.pid)
            assert capture.wait() == -signal.SIGKILL
        told = load.stop()
        assert until(lambda: not is_running(capture.writer_pid), 5), "the writing process outlives its parent"
        acknowledged += len(told.bodies)
        last = check_all_there(store, told, last)
    record_property("acknowledged", acknowledged)
    again = statistics.median(ready[1:])
    record_property("ready_again_s", round(again, 3))
    print(f"{acknowledged} acknowledged, ready again after {again:.2f} s ({max(ready):.2f} s at most)")
    assert acknowledged > ROUNDS * 16
    assert again < READY_S


def test_a_new_capture_process_takes_over_at_once(tmp_path: Path) -> None:
    """Pieces of bodies that the killed one had begun are swept, and what is stored stays whole."""
    store = tmp_path / "data" / "events.db"
    told = Acknowledged()
    for number in range(2):
        with Capture(store) as capture:
            load = Load(capture.port, f"round{number}", 6, two_megabytes)
            assert until(load.acknowledged, 10)
            kill(capture.pid)
            with Capture(store):
                told.absorb(load.stop())
    check_all_there(store, told)


def test_kill_9_of_the_writing_process_alone_costs_no_event(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture:
        load = Load(capture.port, "load")
        for _ in range(3):
            assert until(lambda: writing_process(capture), 5)
            before = load.acknowledged()
            assert until(lambda: load.acknowledged() > before + 16, 10)  # noqa: B023
            kill(writing_process(capture) or 0)
        before = load.acknowledged()
        assert until(lambda: load.acknowledged() > before + 16, 5), "capture does not go on"
        told = load.stop()
        kill(capture.pid, signal.SIGTERM)
        assert capture.wait() == 0
    assert set(told.statuses) <= {200, 503}
    assert "the process that writes the store ended" in capture.stderr
    check_all_there(store, told)


@pytest.mark.alone
def test_a_signal_ends_it_within_3_s_while_the_disk_hangs(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture:
        load = Load(capture.port, "load")
        assert until(lambda: load.acknowledged() > 50, 10)
        kill(capture.writer_pid, signal.SIGSTOP)
        time.sleep(0.1)
        sent = time.monotonic()
        kill(capture.pid, signal.SIGTERM)
        code = capture.wait()
        took = time.monotonic() - sent
        told = load.stop()
    assert code == 1
    assert took < 3
    assert set(told.statuses) == {200, 503}
    assert "could not be stored in time, and got 503." in capture.stderr
    assert "Traceback" not in capture.stderr
    assert until(lambda: not is_running(capture.writer_pid), 1)
    check_all_there(store, told)


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_under_load_ends_it_within_3_s(tmp_path: Path, number: signal.Signals) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture:
        load = Load(capture.port, "load")
        assert until(lambda: load.acknowledged() > 50, 10)
        sent = time.monotonic()
        kill(capture.pid, number)
        code = capture.wait()
        took = time.monotonic() - sent
        told = load.stop()
    assert code == 0
    assert took < 3
    assert "Traceback" not in capture.stderr
    assert until(lambda: not is_running(capture.writer_pid), 1)
    check_all_there(store, told)
