"""The writing process from inside: frames however they come, and batches that were looked at ahead."""

from __future__ import annotations

import marshal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspector.store.arrival import Arrival, look_at
from inspector.store.commit_process import Frames
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, anchore, arrival


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Frames]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, Frames(theirs)


def frame(held: object) -> bytes:
    data = marshal.dumps(held)
    return len(data).to_bytes(4, "big") + data


def test_a_frame_is_at_hand_when_its_last_byte_is(ends: tuple[socket.socket, Frames]) -> None:
    link, frames = ends
    sent = frame([("event", 1)]) + frame({"a": b"x" * 10_000})
    first = len(frame([("event", 1)]))
    for at in range(first - 1):
        link.sendall(sent[at : at + 1])
        assert frames.at_hand() is None
    link.sendall(sent[first - 1 :])
    assert frames.at_hand() == [("event", 1)]
    assert frames.next() == {"a": b"x" * 10_000}
    assert frames.at_hand() is None


def test_the_end_is_no_frame(ends: tuple[socket.socket, Frames]) -> None:
    link, frames = ends
    link.sendall(frame([1]) + frame([2])[:-1])
    link.close()
    assert frames.next() == [1]
    assert frames.at_hand() is None
    assert frames.next() is None


def test_a_frame_that_cannot_be_read_is_not_skipped(ends: tuple[socket.socket, Frames]) -> None:
    link, frames = ends
    link.sendall((3).to_bytes(4, "big") + b"\xff\xff\xff" + frame([1]))
    for ask in (frames.at_hand, frames.next, frames.at_hand):
        with pytest.raises(ValueError, match="marshal"):
            ask()


def test_what_was_looked_at_ahead_is_stored_as_what_was_not(tmp_path: Path) -> None:
    def some() -> list[Arrival]:
        told = arrival(body=b"half", incomplete="the sender went away")
        return [anchore("e", {"n": 1}, id="d"), arrival(body=b"no json"), arrival(body=b"", headers=()), told]

    rows = []
    for ahead in (False, True):
        path = tmp_path / f"{ahead}.db"
        with closing(StoreWriter(path)) as writer:
            arrivals = some()
            for one in arrivals if ahead else ():
                one.known = look_at(one, {})
            add(writer, *arrivals)
        with Reader(path) as reader:
            rows.append([(reader.event(number), reader.request(number)) for number in reader.ids()])
    assert rows[0] == rows[1]
