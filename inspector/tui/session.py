"""What the screens share: the store, the capture process, the marks; reads and writes off the loop.

Everything slow goes through `read` and `edit`, which run in a thread with a connection of their own, so that
the screen never waits for a disk.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from inspector.capture.child import Capture
from inspector.core.events import Attempt, InspectorError, Request
from inspector.store.edits import Edits
from inspector.store.place import identity
from inspector.store.reader import Reader
from inspector.tui.detail import Detail
from inspector.tui.preferences import Preferences

Result = TypeVar("Result")


class Session:
    """One screen on one store."""

    def __init__(
        self, store: Path, capture: Capture | None = None, preferences: Preferences | None = None
    ) -> None:
        """Open the store for reading; InspectorError when there is none. Without `capture` it reads only."""
        self.store = store
        self.capture = capture
        self.preferences = preferences or Preferences()
        self.reader = Reader(store)
        """For quick reads on the screen's loop only."""
        self._file = identity(store)
        self.marks = _marks(self.reader)
        """Marked events: ``a``, ``b``, and ``+`` for any further."""
        self.left = False
        """The user wants the capture process to go on after the screen."""

    def close(self) -> None:
        """Close the connection."""
        self.reader.close()

    def reopen(self) -> bool:
        """Open the store that is at the path now, if it is another one than was opened; True if it is."""
        found = identity(self.store)
        if found is None or found == self._file:
            return False
        try:
            reader = Reader(self.store)
        except InspectorError:
            return False  # it is being made
        self.reader.close()
        self.reader, self._file, self.marks = reader, found, _marks(reader)
        return True

    async def read(self, work: Callable[[Reader], Result]) -> Result:
        """Do `work` in a thread with a reader of its own."""

        def run() -> Result:
            with Reader(self.store) as reader:
                return work(reader)

        return await asyncio.to_thread(run)

    async def read_apart(self, number: int) -> Detail | None:
        """A whole event, laid out in a process; cancelling ends that. InspectorError when the process fails."""
        process = subprocess.Popen(  # noqa: ASYNC220 - it is started within a millisecond
            [sys.executable, "-m", "inspector.tui.apart", str(self.store), str(number)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

        def run() -> Detail | None:
            assert process.stdout is not None
            with process:
                written = process.stdout.read()
            if process.returncode:
                raise InspectorError(
                    f"The rest of #{number} could not be read; this is its first part.", code=3
                )
            detail: Detail | None = pickle.loads(written)
            return detail

        try:
            return await asyncio.to_thread(run)
        finally:
            process.kill()

    async def edit(self, work: Callable[[Edits], Result]) -> Result:
        """Do `work` in a thread with a writing connection; InspectorError when that fails."""

        def run() -> Result:
            with Edits(self.store) as edits:
                return work(edits)

        return await asyncio.to_thread(run)

    async def remember(self, name: str, value: object) -> None:
        """Keep something for the next start of a screen, off the loop."""
        await asyncio.to_thread(self.preferences.state.put, name, value)

    # -- marks

    def toggle_mark(self, number: int) -> str | None:
        """Mark an event with the first free of a, b, +, or take its mark away; returns its letter now."""
        if self.marks.pop(number, None) is not None:
            return None
        letter = next((letter for letter in "ab" if letter not in self.marks.values()), "+")
        self.marks[number] = letter
        return letter

    def marked(self, letter: str) -> int | None:
        """The event marked with ``a`` or ``b``, or None."""
        return next((number for number, mark in self.marks.items() if mark == letter), None)

    # -- settings and state

    def setting(self, name: str) -> Any:
        """What the user has set."""
        return self.reader.setting(name)

    def state(self, name: str) -> Any:
        """What the capture process says of itself."""
        return self.reader.state(name)

    @property
    def url(self) -> str:
        """Where the listener is reached on this machine, empty while none is known."""
        if self.capture is not None and self.capture.url:
            return self.capture.url
        found = self.state("listener")
        return str(found.get("url") or "") if isinstance(found, dict) else ""

    @property
    def public_url(self) -> str | None:
        """The address of the open tunnel, or None."""
        tunnel = self.state("tunnel")
        if isinstance(tunnel, dict) and tunnel.get("state") == "open" and tunnel.get("url"):
            return str(tunnel["url"])
        return None

    # -- replay

    def own_addresses(self) -> set[tuple[str, int]]:
        """Addresses of this listener, which a replay is refused to: the local one and the tunnel's host."""
        from urllib.parse import urlsplit

        found: set[tuple[str, int]] = set()
        listener = self.state("listener")
        if isinstance(listener, dict) and listener.get("host") and listener.get("port"):
            found.add((str(listener["host"]), int(listener["port"])))
        for url in (self.url, self.public_url):
            if url:
                parts = urlsplit(url)
                if parts.hostname:
                    found.add((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)))
        return found

    async def replay(self, number: int, target: str) -> tuple[Attempt, Attempt | None]:
        """Send an event to `target` and keep the attempt; returns it and the one before to the same target.

        InspectorError when the event cannot be sent at all: it was rejected, deleted, is not whole, or the
        target is no address. What a target does is told by the attempt.
        """
        from inspector.replay.send import replay
        from inspector.replay.target import parse_target

        goal = parse_target(target)

        def fetch(reader: Reader) -> tuple[Request, Attempt | None]:
            event = reader.event(number)
            if event is None:
                raise InspectorError(f"Event {number} was deleted.", code=1)
            if event.rejected is not None:
                raise InspectorError("A rejected request cannot be replayed: it was never whole.", code=1)
            if not event.complete:
                raise InspectorError(
                    "This event is incomplete. In a shell: inspector replay --incomplete", code=1
                )
            request = reader.request(number)
            if request is None:
                raise InspectorError(f"Event {number} has no request to send.", code=1)
            before = (attempt for attempt in reader.attempts(number) if attempt.target == target)
            return request, next(before, None)

        request, before = await self.read(fetch)
        attempt = await replay(request, number, goal, own_addresses=self.own_addresses())
        await self.edit(lambda edits: edits.add_attempt(attempt))
        return attempt, before


def _marks(reader: Reader) -> dict[int, str]:
    return dict(reader.db.execute("SELECT event, mark FROM note WHERE mark IS NOT NULL ORDER BY event"))
