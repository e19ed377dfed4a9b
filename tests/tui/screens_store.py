"""For the tests of the screens: a store with real events, and an app that shows one screen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.worker import WorkerCancelled

from inspector.core.events import Request
from inspector.core.text import scrub
from inspector.store.arrival import Arrival
from inspector.store.writer import StoreWriter
from inspector.tui.theme import DARK, variable_defaults

START_US = 1_760_000_000_000_000
COMPLETED = "user.image.analysis.completed"
FAILED = "user.image.analysis.failed"
HOSTILE = "\x1b]0;owned\x07[/x] [link=http://evil]\u202e\x9b31m\U000e0041\ud800 表"


def anchore(event_type: str, details: Any, number: int = 0, **more: Any) -> dict[str, Any]:
    """An Anchore payload."""
    return {
        "id": f"{number:032x}",
        "type": event_type,
        "level": "info",
        "message": "something happened",
        "details": details,
        "timestamp": "2026-11-17T09:12:41.650182Z",
        "resource": {"account_name": "acme", "type": "image_tag", "id": "registry.example.com/cart:1"},
        "source": {
            "service_name": "analyzer",
            "host_id": "h",
            "base_url": "http://a:8084",
            "request_id": None,
        },
        **more,
    }


def post(body: bytes, *headers: tuple[bytes, bytes], target: bytes = b"/hook") -> Request:
    """A request as a sender would make it."""
    return Request("POST", target, ((b"Content-Type", b"application/json"), *headers), body)


def images(count: int) -> list[Any]:
    """Payloads of one type with a number in their details."""
    return [
        anchore(COMPLETED, {"n": number, "digest": "sha256:" + "ab" * 32}, number) for number in range(count)
    ]


def fill(path: Path, requests: Iterable[Request | Any]) -> Path:
    """Store requests (payloads are posted) in one transaction, a second apart; returns the store."""
    writer = StoreWriter(path)
    arrivals = [
        Arrival(
            each if isinstance(each, Request) else post(json.dumps(each).encode()),
            "127.0.0.1:5000",
            START_US + number * 1_000_000,
            number,
        )
        for number, each in enumerate(requests)
    ]
    writer.begin()
    writer.add(arrivals)
    writer.commit()
    writer.close()
    return path


def add(store: Path, *payloads: Any) -> None:
    """Store more events, as the capture process would."""
    writer = StoreWriter(store)
    writer.begin()
    writer.add(
        [Arrival(post(json.dumps(each).encode()), "127.0.0.1:5000", START_US + 10**9, 1) for each in payloads]
    )
    writer.commit()
    writer.close()


class Stage(App[None]):
    """An app that shows one screen, and keeps what the screen ended with."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.shown = screen
        self.results: list[Any] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme.dark)

    def on_mount(self) -> None:
        self.register_theme(DARK)
        self.theme = DARK.name
        self.push_screen(self.shown, self.results.append)

    async def type(self, pilot: Pilot[None], text: str, *keys: str) -> None:
        """Put text into the line that has the focus at once, then press keys."""
        self.post_message(Paste(text))
        await pilot.press(*keys)

    async def settled(self) -> None:
        """Wait until what the screen reads in threads is read."""
        while running := [worker for worker in self.workers if worker.is_running]:
            with suppress(WorkerCancelled):
                await running[0].wait()


def lines_of(app: App[Any]) -> list[str]:
    """The rows of the screen as text."""
    strips: Sequence[Strip] = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def toasts_of(app: App[Any]) -> list[str]:
    """What the app has told in toasts."""
    return [str(note.message) for note in app._notifications]


def assert_safe(app: App[Any]) -> None:
    """No unsafe character is in any segment that would go to the terminal."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            assert isinstance(segment, Segment)
            assert segment.text == scrub(segment.text), repr(segment.text)
