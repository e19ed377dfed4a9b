"""Arrivals between the listener and the process that writes: what was found out already, and shapes by number."""

from __future__ import annotations

import asyncio
import marshal
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from inspector.core.shapes import Shape
from inspector.store import arrival_codec
from inspector.store.arrival import Arrival, look_at
from inspector.store.arrival_codec import ArrivalDecoder, ArrivalEncoder
from inspector.store.commit import IN_FLIGHT, GroupCommit
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, anchore, arrival

SECRETS = {"github": [b"secret"]}
WHOLE = {"status": 503, "count": 2, "labels": "browser", "forwarded_for": "203.0.113.9"}


def some() -> list[Arrival]:
    """Arrivals of every kind."""
    signed = ((b"X-GitHub-Event", b"push"), (b"X-Hub-Signature-256", b"sha256=00"), (b"A", b"\xff"))
    return [
        anchore("e", {"n": 1}, id="d", **WHOLE),
        anchore("e", {"n": 1}, id="d"),
        anchore("e", {"n": "x", "m": [1, {"k": None}]}),
        arrival(None),
        arrival(body=b'{"a": 1, "a": "2"}', headers=signed),
        arrival(body=b"no json"),
        arrival(body=b"", headers=()),
        arrival(body=b"{" + b" " * 70_000 + b"}"),
        arrival(body=b"half", incomplete="the sender went away"),
        arrival(body=b"", rejected="no head", raw=b"\0\r\n", status=400),
        Arrival(None, "127.0.0.1:9", 5, 5, rejected="no head", raw=b"\x16\x03"),
    ]


def sent(encoder: ArrivalEncoder, decoder: ArrivalDecoder, one: Arrival) -> Arrival:
    """What comes out at the other end."""
    return decoder.decode(marshal.loads(marshal.dumps(encoder.encode(one))))


@pytest.mark.parametrize("looked", [False, True])
def test_an_arrival_comes_through_as_it_was(looked: bool) -> None:
    encoder, decoder = ArrivalEncoder(), ArrivalDecoder()
    for one in some() + some():
        if looked:
            one.known = look_at(one, SECRETS)
        other = sent(encoder, decoder, one)
        ours, theirs = one.known, other.known
        one.known = other.known = None
        assert other == one
        if ours is None or theirs is None:
            assert ours is theirs
            continue
        assert (theirs.size, theirs.sha256, theirs.pending) == (ours.size, ours.sha256, ours.pending)
        assert theirs.signature == ours.signature
        assert (theirs.found is None) == (ours.found is None)
        if ours.found is not None and theirs.found is not None:
            assert theirs.found[:2] == ours.found[:2]
            if ours.found.shape is not None:
                assert theirs.found.payload() == ours.found.payload()


def test_what_was_looked_at_ahead_is_stored_as_what_was_not(tmp_path: Path) -> None:
    rows = []
    for ahead in (False, True):
        path = tmp_path / f"{ahead}.db"
        encoder, decoder = ArrivalEncoder(), ArrivalDecoder()
        with closing(StoreWriter(path)) as writer:
            writer.secrets = SECRETS
            arrivals = some()
            for one in arrivals if ahead else ():
                one.known = look_at(one, SECRETS)
            add(writer, *[sent(encoder, decoder, one) for one in arrivals])
        with Reader(path) as reader:
            rows.append([(reader.event(number), reader.request(number)) for number in reader.ids()])
    assert rows[0] == rows[1]


def told(encoder: ArrivalEncoder, decoder: ArrivalDecoder, payload: object) -> tuple[Shape | None, bool]:
    """The shape that comes out, and whether it was said in full."""
    one = arrival(payload)
    one.known = look_at(one, {})
    values = encoder.encode(one)
    known = decoder.decode(values).known
    assert known is not None
    assert known.found is not None
    assert one.known.found is not None
    assert known.found.shape == one.known.found.shape
    _, (_, in_full) = values[1][2]
    return known.found.shape, in_full is not None


def test_a_shape_is_said_in_full_once() -> None:
    encoder, decoder = ArrivalEncoder(), ArrivalDecoder()
    assert [told(encoder, decoder, {"n": n})[1] for n in range(3)] == [True, False, False]
    assert [told(encoder, decoder, {"m": n})[1] for n in range(2)] == [True, False]
    first, again = told(encoder, decoder, {"n": 1})[0], told(encoder, decoder, {"n": 2})[0]
    assert first is again


def test_numbers_start_anew_when_there_are_many_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival_codec, "_MAX_TOLD", 10)
    encoder, decoder = ArrivalEncoder(), ArrivalDecoder()
    for turn in range(3):
        for n in range(20):
            told(encoder, decoder, {f"k{n}": turn, "l": "x"})
            told(encoder, decoder, {"a": 1})
    assert len(decoder._shapes) <= 10


def test_a_very_large_shape_is_left_to_the_other_side() -> None:
    one = arrival({f"k{n}": {f"l{m}": 1 for m in range(50)} for n in range(50)})
    one.known = look_at(one, {})
    assert one.known.found is not None
    assert sent(ArrivalEncoder(), ArrivalDecoder(), one).known is None


async def test_what_waits_is_looked_at_by_the_listener(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Arrival] = []

    def look(one: Arrival, secrets: object) -> object:
        looked.append(one)
        if len(looked) == 3:
            raise MemoryError
        return look_at(one, {})

    monkeypatch.setattr("inspector.store.commit.look_at", look)
    commit = GroupCommit(path)
    await commit.open()
    try:
        assert commit.pid is not None
        os.kill(commit.pid, signal.SIGSTOP)
        waiting = []
        for n in range(20):
            pad = "x" * 9_000 if n > 15 else ""
            waiting.append(asyncio.create_task(commit.put(anchore("e", {"n": n, "pad": pad}, id=str(n)))))
            await asyncio.sleep(0.01)
        os.kill(commit.pid, signal.SIGCONT)
        await asyncio.gather(*waiting)
    finally:
        await commit.close()
    assert len(looked) == 16 - IN_FLIGHT, "neither the first, which are sent, nor the large ones"
    with Reader(path) as reader:
        events = [event for number in reader.ids() if (event := reader.event(number)) is not None]
    assert [event.delivery_id for event in events] == [str(n) for n in range(20)]
    assert len({event.shape for event in events}) == 1
    assert events[0].shape is not None
