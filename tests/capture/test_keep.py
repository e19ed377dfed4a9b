"""What a running listener keeps and what it lets go: old events, pieces of bodies that failed, words of trouble."""

from __future__ import annotations

import json
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inspector.capture.child import last_trouble
from inspector.store.arrival import Arrival
from inspector.store.edits import Edits
from inspector.store.place import imports_lock
from inspector.store.reader import Reader
from inspector.store.writer import PIECE, StoreWriter
from tests.e2e.load import (
    Capture,
    Sender,
    check_all_there,
    check_whole,
    kill,
    writing_process,
)
from tests.processes import until
from tests.store.arrivals import add, anchore

needs_prlimit = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="the limits of a process are set on Linux only"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "events.db"


def end(capture: Capture) -> None:
    kill(capture.pid, signal.SIGTERM)
    assert capture.wait() == 0
    assert "Traceback" not in capture.stderr


def ids(store: Path) -> list[int]:
    with Reader(store) as reader:
        return list(reader.ids())


# -- retention


def fill(store: Path, count: int) -> None:
    writer = StoreWriter(store)
    add(writer, *[anchore("e", {"n": number}) for number in range(count)])
    writer.close()


def test_old_events_go_while_it_listens_and_starred_ones_stay(store: Path) -> None:
    fill(store, 30)
    with Edits(store) as edits:
        edits.set_note(2, starred=True)
    with Capture(store, "--keep-count", "5") as capture, closing(Sender(capture.port, "one")) as sender:
        assert until(lambda: len(ids(store)) == 5, 20)
        assert ids(store) == [2, 27, 28, 29, 30]
        assert sender.post() == 200
        assert until(lambda: "25 old events deleted" in capture.stderr, 20)
        end(capture)
    check_whole(store)
    assert ids(store)[-1] == 31


def test_the_limits_hold_for_the_store_until_they_are_taken_back(store: Path) -> None:
    fill(store, 3)
    with Capture(store, "--keep-count", "50", "--keep-days", "36500") as capture:
        assert until(lambda: setting(store) == {"count": 50, "days": 36500.0, "bytes": None}, 20)
        end(capture)
    fill(store, 100)
    with Capture(store) as capture:
        assert until(lambda: len(ids(store)) == 50, 20)
        end(capture)
    with Capture(store, "--keep-all") as capture:
        assert until(lambda: setting(store) is None, 20)
        end(capture)
    assert len(ids(store)) == 50


def setting(store: Path) -> object:
    with Reader(store) as reader:
        return reader.setting("retention")


def test_deleting_much_does_not_hold_up_the_end(store: Path) -> None:
    fill(store, 10_000)
    with Capture(store, "--keep-count", "5") as capture:
        assert until(lambda: len(ids(store)) < 10_000, 20)
        began = time.monotonic()
        end(capture)
        assert time.monotonic() - began < 8
    assert len(ids(store)) > 5
    check_whole(store)


# -- a failing disk


@needs_prlimit
def test_trouble_is_told_beside_a_store_that_cannot_be_written(store: Path) -> None:
    assert last_trouble(store) is None
    with Capture(store) as capture, closing(Sender(capture.port, "one", lambda chance: 5_000)) as sender:
        assert sender.post() == 200
        assert last_trouble(store) is None
        with disk_full(capture, 20_000):
            trouble = next_trouble(sender, store)
            assert "disk" in trouble["text"] or "failed" in trouble["text"]
            assert abs(trouble["since_us"] - time.time() * 1e6) < 10_000_000
        assert until(lambda: last_trouble(store) is None, 20)
        assert sender.post() == 200
        with disk_full(capture, 20_000):
            next_trouble(sender, store)
            kill(capture.pid)
            capture.wait()
    assert last_trouble(store) is None
    time.sleep(1.1)  # the log counts in seconds
    with Capture(store) as capture:
        assert last_trouble(store) is None
        end(capture)


def next_trouble(sender: Sender, store: Path) -> dict[str, Any]:
    """Send until it is told that events cannot be stored: opened anew, the store has room for some again."""
    statuses, found = [], None
    deadline = time.monotonic() + 40
    while found is None and time.monotonic() < deadline:
        statuses.append(sender.post())
        found = last_trouble(store)
    assert found is not None
    assert 503 in statuses
    return found


class disk_full:
    """The writing process may make no file longer than the WAL is and so many bytes."""

    def __init__(self, capture: Capture, room: int) -> None:
        writer = writing_process(capture)
        assert writer is not None
        self.writer = writer
        self.size = capture.store.with_name("events.db-wal").stat().st_size + room

    def __enter__(self) -> None:
        _, self.most = resource.prlimit(self.writer, resource.RLIMIT_FSIZE)
        resource.prlimit(self.writer, resource.RLIMIT_FSIZE, (self.size, self.most))

    def __exit__(self, *exception: object) -> None:
        try:
            resource.prlimit(self.writer, resource.RLIMIT_FSIZE, (self.most, self.most))
        except ProcessLookupError:
            pass


@needs_prlimit
def test_pieces_of_a_body_that_could_not_be_stored_go_by_themselves(store: Path) -> None:
    with Capture(store) as capture, socket.create_connection(("127.0.0.1", capture.port)) as sender:
        sender.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (8 * PIECE))
        sender.sendall(bytes(3 * PIECE))
        assert until(lambda: pieces(store) == 3, 20)
        with disk_full(capture, 50_000):
            sender.sendall(bytes(PIECE))
            assert sender.recv(20).startswith(b"HTTP/1.1 503 ")
            assert pieces(store) == 3
        assert until(lambda: pieces(store) == 0, 20)
        with closing(Sender(capture.port, "one", lambda chance: 3 * PIECE)) as honest:
            assert honest.post() == 200
        end(capture)
    check_all_there(store, honest.told)


def pieces(store: Path) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM piece").fetchone()[0])


def test_only_pieces_of_no_event_are_abandoned(store: Path) -> None:
    writer = StoreWriter(store)
    writer.begin()
    kept, left = writer.new_upload(), writer.new_upload()
    for upload in (kept, left):
        for number in range(5):
            writer.add_piece(upload, number, b"x")
    writer.commit()
    add(writer, _in_pieces(kept))
    for _ in range(3):
        writer.begin()
        assert not writer.abandon(kept)
        writer.commit()
    more = []
    for _ in range(3):
        writer.begin()
        more.append(writer.abandon(left))
        writer.commit()
    assert more == [True, True, False]
    assert pieces(store) == 5
    writer.close()


def _in_pieces(upload: int) -> Arrival:
    return anchore("e", {}, upload=upload, size=5, sha256=b"s" * 32)


# -- imports beside a listener


def test_no_sweep_takes_the_pieces_of_an_import(store: Path) -> None:
    writer = StoreWriter(store)
    writer.begin()
    writer.add_piece(writer.new_upload(), 0, b"x")
    writer.commit()
    importing = [imports_lock(store), imports_lock(store)]
    for lock in importing:
        assert lock.acquire(shared=True)
        assert swept(writer) == 0
    importing[0].release()
    assert swept(writer) == 0
    importing[1].release()
    assert swept(writer) == 1
    assert pieces(store) == 0
    writer.close()


def swept(writer: StoreWriter) -> int:
    writer.begin()
    found = writer.sweep()
    writer.commit()
    return found


SLOW_IMPORT = """
import sys, time
from inspector.cli import main
from inspector.store.writer import StoreWriter
commit = StoreWriter.commit
StoreWriter.commit = lambda self: (commit(self), time.sleep(0.05))
sys.exit(main(sys.argv[1:]))
"""
"""An import that rests after each transaction, so that listeners have the time to start in between."""


@pytest.mark.alone
def test_large_bodies_are_imported_while_listeners_come_and_go(store: Path, tmp_path: Path) -> None:
    """No listener that starts takes a piece away, and none that runs waits for the import."""
    files = []
    for number in range(3):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps({"type": "large", "text": str(number) * 9_000_000}))
        files.append(file)
    command = [sys.executable, "-c", SLOW_IMPORT, "--store", str(store), "import", *map(str, files)]
    slowest = 0.0
    starts = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as importing:
        while importing.poll() is None or not starts:
            with (
                Capture(store) as capture,
                closing(Sender(capture.port, "one", lambda chance: 200)) as sender,
            ):
                for _ in range(20):
                    began = time.monotonic()
                    assert sender.post() == 200
                    slowest = max(slowest, time.monotonic() - began)
                end(capture)
            starts += 1
        assert importing.stderr is not None
        said = importing.stderr.read()
    assert (importing.returncode, said) == (0, "Imported 3 events from 3 files.\n")
    assert starts > 1
    assert slowest < 0.5
    with Reader(store) as reader:
        large = [event.id for event in reader.events(reader.ids()) if event.size > PIECE]
        bodies = [request and request.body for request in map(reader.request, large)]
    assert bodies == [file.read_bytes() for file in files]
    check_whole(store)
