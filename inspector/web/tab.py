"""One tab: a screen in a process of its own, between a websocket and two pipes.

The process speaks the protocol of Textual's web driver: packets of a letter, a length (four bytes, big-endian) and
a payload, ``D`` for what a terminal would get, ``M`` for JSON. The websocket speaks that of textual-serve's
terminal: JSON lists such as ``["stdin", text]`` in, bytes out. What a screen may ask of a browser besides, opening
addresses and downloads, is not passed on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import WSMsgType, web

READY = b"__GANGLION__\n"
"""The line with which Textual's web driver begins."""
MAX_CELLS = 1_000
END_S = 2.0
"""How long a screen may take to end by itself, and again after SIGTERM, seconds."""


async def show(
    socket: web.WebSocketResponse, command: Sequence[str], columns: int, rows: int, *, light: bool = False
) -> None:
    """Run `command`, a screen, in the tab at the other end of `socket`, until either ends; then end both."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        env=environment(os.environ, columns, rows, light=light),
        start_new_session=True,
    )
    painting = asyncio.create_task(_paint(process, socket))
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await _take(message.data, process, socket)
    finally:
        await _end(process)
        await painting


def environment(outer: Mapping[str, str], columns: int, rows: int, *, light: bool) -> dict[str, str]:
    """Variables of a screen process: those of this one, and those that tell what the browser's terminal can."""
    return {
        **outer,
        "COLORFGBG": "0;15" if light else "15;0",
        "COLORTERM": "truecolor",
        "COLUMNS": str(cells(columns)),
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "ROWS": str(cells(rows)),
        "TERM": "xterm-256color",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
    }


def cells(number: object) -> int:
    """A width or height that came from outside, within reason."""
    return min(max(number, 1), MAX_CELLS) if isinstance(number, int) else 80


def packet(letter: bytes, payload: bytes) -> bytes:
    """A packet for Textual's web driver."""
    return letter + len(payload).to_bytes(4, "big") + payload


async def _take(text: str, process: Process, socket: web.WebSocketResponse) -> None:
    """Hand what the browser said to the screen; what is not understood is left out."""
    try:
        kind, *rest = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return
    value: Any = rest[0] if rest else None
    if kind == "stdin" and isinstance(value, str):
        await _hand(process, packet(b"D", value.encode("utf-8", "replace")))
    elif kind == "resize" and isinstance(value, dict):
        size = {"width": cells(value.get("width")), "height": cells(value.get("height"))}
        await _hand(process, packet(b"M", json.dumps({"type": "resize", **size}).encode()))
    elif kind in ("focus", "blur"):
        await _hand(process, packet(b"M", json.dumps({"type": kind}).encode()))
    elif kind == "ping":
        with contextlib.suppress(ConnectionError):
            await socket.send_json(["pong", value])


async def _hand(process: Process, data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):  # the screen is ending; `_paint` notices
        process.stdin.write(data)
        await process.stdin.drain()


async def _paint(process: Process, socket: web.WebSocketResponse) -> None:
    """Hand what the screen paints to the browser; close the socket when the screen ends.

    Reads on when the browser is gone: a screen that waits to write cannot end.
    """
    output = process.stdout
    assert output is not None
    try:
        while await output.readline() not in (READY, b""):
            pass
        while True:
            head = await output.readexactly(5)
            payload = await output.readexactly(int.from_bytes(head[1:], "big"))
            if head[:1] == b"D" and not socket.closed:
                with contextlib.suppress(ConnectionError):
                    await socket.send_bytes(payload)
    except (asyncio.IncompleteReadError, ValueError):
        pass  # its end
    finally:
        await socket.close()


async def _end(process: Process) -> None:
    """End a screen: by the end of its input, else by SIGTERM, else by SIGKILL."""
    assert process.stdin is not None
    process.stdin.close()
    for harder in (process.terminate, process.kill):
        try:
            await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                harder()
        else:
            return
    await process.wait()
