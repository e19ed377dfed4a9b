"""The real app over a real store, driven by a pilot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from inspector.capture.child import Capture
from inspector.tui.app import InspectorApp
from inspector.tui.preferences import Preferences
from inspector.tui.screens.main import MainScreen
from inspector.tui.session import Session
from tests.tui.screens_store import lines_of


class Stage:
    """An app that runs, its main screen, and what tests read off it."""

    def __init__(self, app: InspectorApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> MainScreen:
        """The main screen, also below others."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(lines_of(self.app))

    async def press(self, *keys: str) -> None:
        """Press keys and let them take effect."""
        await self.pilot.press(*keys)

    async def type(self, text: str, *keys: str) -> None:
        """Put text into the line that has the focus at once, then press keys."""
        await self.until(lambda: isinstance(self.app.focused, Input))
        assert isinstance(self.app.focused, Input)
        self.app.focused.insert_text_at_cursor(text)
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        """Wait for something to be so; fails with the screen when it does not come."""
        end, pause = asyncio.get_running_loop().time() + seconds, 0.02
        while not condition():
            assert asyncio.get_running_loop().time() < end, self.text
            await self.pilot.pause(pause)
            # To look at the screen is work, which what is waited for may need the time of.
            pause = min(pause * 1.5, 0.1)

    async def shows(self, *texts: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def detail(self, number: int) -> None:
        """Wait until the detail shows an event."""
        await self.until(lambda: self.main.shown is not None and self.main.shown.event.id == number)
        await self.pilot.pause()


Staged = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def staged() -> Staged:
    """Run the app over a store: ``async with staged(store, size=(120, 36)) as stage``."""

    @asynccontextmanager
    async def run(
        store: Path,
        size: tuple[int, int] = (120, 36),
        capture: Capture | None = None,
        preferences: Preferences | None = None,
    ) -> AsyncIterator[Stage]:
        session = Session(
            store, capture, preferences or Preferences(theme="inspector-dark", glyphs="unicode")
        )
        app = InspectorApp(session)
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                await pilot.pause()
                yield Stage(app, pilot)
        finally:
            session.close()

    return run


@pytest.fixture
def capture(tmp_path: Path) -> Iterator[Capture]:
    """A listener on a free port, over a store of its own."""
    capture = Capture(tmp_path / "events.db", ["--port", "0"])
    capture.start()
    yield capture
    capture.stop()
