"""A disk that fails: never a 2xx without a stored event, the reason is told, and capture resumes by itself.

Errors of the disk are injected with strace; a full disk is a limit on the size of files, set on the running
process.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from inspector.store.reader import Reader
from tests.e2e.disk import strace_works
from tests.e2e.load import (
    Acknowledged,
    Capture,
    Load,
    Sender,
    check_all_there,
    check_whole,
    kill,
    stored_bodies,
    writing_process,
)
from tests.processes import until

needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is missing, or may not trace")
RESUME_S = 15.0


def small(chance: random.Random) -> int:
    """A body of one page or two."""
    return chance.randint(10, 6_000)


def statuses(sender: Sender, count: int) -> list[int]:
    """Post so many requests, one after the other."""
    return [sender.post() for _ in range(count)]


def trouble(store: Path) -> object:
    """What the capture process says is wrong."""
    with closing(Reader(store)) as reader:
        return reader.state("trouble")


def end(capture: Capture) -> None:
    """Stop it as a user would, and see that it ends well in spite of all."""
    kill(capture.pid, signal.SIGTERM)
    assert capture.wait() == 0
    assert "Traceback" not in capture.stderr


@needs_strace
@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:error=EIO:when=40+17",
        "pwrite64:error=EIO:when=140+23",
        "pwrite64:error=ENOSPC:when=140+23",
    ],
)
def test_failing_writes_and_syncs_cost_a_503_and_no_event(tmp_path: Path, fault: str) -> None:
    """One call fails here and another there, each in another place of a commit or a checkpoint."""
    store = tmp_path / "data" / "events.db"
    call = fault.partition(":")[0]
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={fault}"]
    with Capture(store, under=strace) as capture:
        load = Load(capture.port, "load", 4, small)
        assert until(lambda: sum(sum(s.told.statuses.values()) for s in load.senders) > 150, 20)
        told = load.stop()
        end(capture)
    assert set(told.statuses) == {200, 503}
    assert "events cannot be stored, senders get 503" in capture.stderr
    assert "events are stored again" in capture.stderr
    check_all_there(store, told)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limits of a process are set on Linux only")
def test_a_full_disk_is_told_and_capture_resumes_when_there_is_room(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture, closing(Sender(capture.port, "one", small)) as sender:
        assert statuses(sender, 5) == [200] * 5
        writer = writing_process(capture)
        assert writer is not None
        size = store.with_name("events.db-wal").stat().st_size
        _, most = resource.prlimit(writer, resource.RLIMIT_FSIZE)
        resource.prlimit(writer, resource.RLIMIT_FSIZE, (size + 20_000, most))
        refused = statuses(sender, 20)
        assert refused[-5:] == [503] * 5
        assert until(lambda: "events cannot be stored" in capture.stderr, 20)
        assert stored_bodies(store)[0].keys() >= sender.told.bodies.keys()  # reading goes on
        resource.prlimit(writer, resource.RLIMIT_FSIZE, (most, most))
        assert until(lambda: sender.post() == 200, RESUME_S)
        assert until(lambda: "events are stored again" in capture.stderr, RESUME_S)
        assert trouble(store) is None
        end(capture)
    check_all_there(store, sender.told)


def test_a_lock_held_for_3_s_delays_and_loses_nothing(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture, closing(Sender(capture.port, "one", small)) as sender:
        assert sender.post() == 200
        with closing(sqlite3.connect(store, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            release = threading.Timer(3, lambda: other.execute("ROLLBACK"))
            release.start()
            assert sender.post() == 200
            release.join()
        end(capture)
    check_all_there(store, sender.told)


def test_a_lock_held_for_longer_is_told(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture, closing(Sender(capture.port, "one", small)) as sender:
        with closing(sqlite3.connect(store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            assert sender.post() == 503
            assert time.monotonic() - started < 6
            assert until(lambda: "another program holds the store's write lock" in capture.stderr, 20)
            other.execute("ROLLBACK")
        assert until(lambda: sender.post() == 200, RESUME_S)
        end(capture)
    check_all_there(store, sender.told)


def test_it_starts_while_another_program_holds_the_lock_and_catches_up(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture:
        end(capture)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Capture(store) as capture:
            assert capture.started_s < 15
            other.execute("ROLLBACK")
            with closing(Sender(capture.port, "one", small)) as sender:
                assert until(lambda: sender.post() == 200, RESUME_S)
            with closing(Reader(store)) as reader:
                assert until(lambda: reader.state("listener") is not None, 10)
            assert trouble(store) is None
            end(capture)


def delete(store: Path) -> None:
    """Take the store away, but not what SQLite keeps beside it."""
    store.unlink()


def delete_all(store: Path) -> None:
    """Take the whole folder away."""
    shutil.rmtree(store.parent)


def replace(store: Path) -> None:
    """Put another store in its place, as one who restores a copy does."""
    other = store.parent.parent / "other.db"
    with closing(sqlite3.connect(other)) as copy, closing(sqlite3.connect(store)) as db:
        db.backup(copy)
    other.replace(store)


@pytest.mark.parametrize("harm", [delete, delete_all, replace])
def test_a_store_taken_away_is_noticed_and_made_anew(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """What was acknowledged before is the user's to lose; what is acknowledged afterwards is in the file at
    the path."""
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture, closing(Sender(capture.port, "one", small)) as sender:
        assert statuses(sender, 5) == [200] * 5
        harm(store)
        sender.told = Acknowledged()
        assert until(lambda: sender.post() == 200, RESUME_S)
        assert statuses(sender, 5) == [200] * 5
        assert until(lambda: "events are stored again" in capture.stderr, RESUME_S)
        assert "the store was" in capture.stderr
        assert trouble(store) is None
        check_all_there(store, sender.told)
        end(capture)
    check_all_there(store, sender.told)


def test_a_store_that_is_moved_while_it_is_open_is_whole_where_it_is_then(tmp_path: Path) -> None:
    store, moved = tmp_path / "data" / "events.db", tmp_path / "moved.db"
    with Capture(store) as capture, closing(Sender(capture.port, "one", small)) as sender:
        assert statuses(sender, 20) == [200] * 20
        store.rename(moved)
        before, sender.told = sender.told, Acknowledged()
        assert until(lambda: sender.post() == 200, RESUME_S)
        end(capture)
    check_all_there(moved, before)
    check_all_there(store, sender.told)


@pytest.mark.parametrize("part", [0.5, 0.0])
def test_a_store_that_lost_its_end_is_left_alone_until_it_is_moved_away(tmp_path: Path, part: float) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture, closing(Sender(capture.port, "one", small)) as sender:
        assert statuses(sender, 50) == [200] * 50
        with closing(sqlite3.connect(store)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert sender.post() == 200
        os.truncate(store, int(store.stat().st_size * part))
        damaged = store.read_bytes()
        sender.told = Acknowledged()
        assert statuses(sender, 2) == [503] * 2
        assert until(lambda: "cut short" in capture.stderr, 20)
        assert store.read_bytes() == damaged
        for file in store.parent.glob("events.db*"):
            if not file.name.endswith(".lock"):
                file.rename(tmp_path / file.name)
        assert until(lambda: sender.post() == 200, RESUME_S)
        end(capture)
    check_all_there(store, sender.told)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write what is read-only")
def test_a_read_only_store_is_refused_in_a_sentence(tmp_path: Path) -> None:
    store = tmp_path / "data" / "events.db"
    with Capture(store) as capture:
        end(capture)
    store.chmod(0o400)
    with pytest.raises(AssertionError, match="permission denied"), Capture(store):
        pass
    check_whole(store)
