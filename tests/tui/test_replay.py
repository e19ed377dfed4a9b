"""Replay from the screen, to a real receiver on the loopback address."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from inspector.store.edits import Edits
from inspector.store.reader import Reader
from tests.tui.conftest import Staged
from tests.tui.screens_store import anchore, fill, post

BODY = json.dumps(anchore("user.image.analysis.completed", {"n": 1})).encode()


class Receiver:
    """Answers each connection with the next of `answers`, and keeps what it got."""

    def __init__(self) -> None:
        self.answers = [b"HTTP/1.1 500 Oh No\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"]
        self.answers[0] += b'{"error":"\x1b]0;"}'
        self.got: list[bytes] = []
        self.port = 0
        self.serving = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving += 1
        self.idle.clear()
        try:
            await self.answer(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()
            self.serving -= 1
            if not self.serving:
                self.idle.set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")
        )
        self.got.append(head + await reader.readexactly(length))
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        await writer.drain()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
        await receiver.idle.wait()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store = tmp_path / "events.db"
    headers = ((b"Host", b"hooks.example.com"), (b"X-Odd", b"\xff"), (b"Content-Length", b"%d" % len(BODY)))
    return fill(store, [post(BODY, *headers)])


async def test_r_asks_once_for_the_target_then_sends_byte_for_byte(
    store: Path, receiver: Receiver, staged: Staged
) -> None:
    """The answer stands in the attempts tab, the attempt is kept, and the next `r` needs no dialog."""
    receiver.answers.append(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    target = f"http://127.0.0.1:{receiver.port}/hooks"
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("r")
        await stage.shows("Replay #1", "Target")
        await stage.type(target)
        await stage.shows(
            "POST /hooks HTTP/1.1", "- Host: hooks.example.com", f"+ Host: 127.0.0.1:{receiver.port}"
        )
        await stage.press("f3")
        await stage.shows("The bytes that are sent", "X-Odd")
        await stage.press("escape", "ctrl+r")
        await stage.shows(
            "#1 answered 500 in", "→500", "500 Oh No", "Sent as received, but for:", "r replay again"
        )
        await stage.press("r")
        await stage.shows("(500 before)", "→200", "#2 answered 200 where #1 answered 500", "Attempts 2")
    assert len(receiver.got) == 2
    head, _, body = receiver.got[0].partition(b"\r\n\r\n")
    assert body == BODY
    assert b"X-Odd: \xff" in head
    with Reader(store) as reader:
        assert [attempt.status for attempt in reader.attempts(1)] == [200, 500]
        assert reader.setting("replay_target") == target


async def test_the_key_that_sends_does_not_overtake_what_is_typed(
    store: Path, receiver: Receiver, staged: Staged
) -> None:
    """Typed or pasted faster than the screen draws, the new target holds, never the one from before."""
    with Edits(store) as edits:
        edits.set_setting("replay_target", "http://127.0.0.1:9/old")
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("R")
        await stage.until(lambda: isinstance(stage.app.focused, Input))
        stage.app.post_message(Key("ctrl+u", None))
        for letter in f"http://127.0.0.1:{receiver.port}/new":
            stage.app.post_message(Key(letter, letter))
        stage.app.post_message(Key("ctrl+r", None))
        await stage.shows("#1 answered 500 in")
    assert [got.split(b" ")[1] for got in receiver.got] == [b"/new"]


async def test_what_a_target_does_wrong_is_told_in_a_sentence(
    store: Path, receiver: Receiver, staged: Staged
) -> None:
    """A redirect, an address that is none, and our own listener, which does not become the target of the next."""
    receiver.answers = [b"HTTP/1.1 302 Found\r\nLocation: http://e.example/[/x]\r\nContent-Length: 0\r\n\r\n"]
    with Edits(store) as edits:
        edits.set_setting("replay_target", f"http://127.0.0.1:{receiver.port}/")
        edits.set_state("listener", {"url": "http://127.0.0.1:9", "host": "127.0.0.1", "port": 9, "pid": 1})
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("r")
        await stage.shows("302 to http://e.example/[/x], not followed")
        await stage.press("R")
        await stage.until(lambda: stage.app.screen is not stage.main)
        await stage.press("ctrl+u")
        await stage.type("http://127.0.0.1:9/", "enter")
        await stage.shows("That is this listener itself.")
        await stage.press("R")
        await stage.shows("Replay #1", f"Target    http://127.0.0.1:{receiver.port}/")
        assert "used before" not in stage.text
        await stage.press("ctrl+u")
        await stage.type("ftp://nothing", "enter")
        await stage.shows("neither http:// nor https://")
    with Reader(store) as reader:
        assert reader.setting("replay_target") == f"http://127.0.0.1:{receiver.port}/"
        assert reader.setting("replay_targets") is None
