"""Frames between the listener and the writing process, however they come."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from inspector.store.frames import Frames, frame


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Frames]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, Frames(theirs)


@pytest.mark.parametrize(("long", "at_once"), [(10_000, 7), (1_000_000, 65_537), (1_000_000, 5_000_000)])
def test_a_frame_may_come_in_any_pieces(ends: tuple[socket.socket, Frames], long: int, at_once: int) -> None:
    link, frames = ends
    held = [[("event", 1)], {"a": bytes(range(250)) * (long // 250)}, [b"y" * long], [("event", 2)]]
    sent = b"".join(map(frame, held))

    def send() -> None:
        for at in range(0, len(sent), at_once):
            link.sendall(sent[at : at + at_once])

    sending = threading.Thread(target=send)
    sending.start()
    assert [frames.next() for _ in held] == held
    sending.join()


def test_the_end_is_no_frame(ends: tuple[socket.socket, Frames]) -> None:
    link, frames = ends
    link.sendall(frame([1]) + frame([2])[:-1])
    link.close()
    assert frames.next() == [1]
    assert frames.next() is None


def test_a_frame_that_cannot_be_read_is_not_skipped(ends: tuple[socket.socket, Frames]) -> None:
    link, frames = ends
    link.sendall((3).to_bytes(4, "big") + b"\xff\xff\xff" + frame([1]))
    for _ in range(3):
        with pytest.raises(ValueError, match="marshal"):
            frames.next()
