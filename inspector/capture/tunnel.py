"""The tunnel: a way in from the internet, held by the capture process, and never in its way.

What a provider needs runs in a child process with a session of its own. Whatever it does (nothing, for
instance), our deadline ends it, by killing its process group; and it ends by itself when the capture
process is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from inspector.capture import ngrok
from inspector.core.text import visible

DEADLINE = 15.0
"""Seconds that a provider has to open a tunnel."""
GRACE = 2.0
"""Seconds that a child has to leave by itself before it is killed."""
CLOSED = "The tunnel closed; t opens it with a new address."
GOES_ON = "The listener goes on."

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")

StateName = Literal["off", "opening", "open", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class TunnelState:
    """How the tunnel stands; the capture process publishes it, the screen shows it."""

    state: StateName = "off"
    """``off``: never opened, or closed by the user; ``failed``: did not open; ``closed``: had been open."""
    url: str | None = None
    """The public address; only while open."""
    since_us: int | None = None
    """Since when it is in this state: microseconds since 1970 in UTC."""
    closes_us: int | None = None
    """When an open tunnel will be closed; None if it is not limited."""
    error: str | None = None
    """For failed and closed: what happened and what helps, in sentences."""
    provider: str = "ngrok"

    def as_json(self) -> dict[str, Any]:
        """The state as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> TunnelState:
        """What `as_json` made; members of other versions are ignored."""
        return cls(**{name: told[name] for name in cls.__slots__ if name in told})


@dataclass(frozen=True, slots=True)
class Provider:
    """What a tunnel needs to know of a service that provides one."""

    name: str
    find: Callable[[], Path | None]
    """Its program on this machine."""
    missing: Callable[[], str]
    """The sentence for when there is none."""
    obstacle: Callable[[], str | None]
    """A sentence if starting it is pointless."""
    command: Callable[[Path, int, float], list[str]]
    """Program, port on 127.0.0.1 and deadline to the command line of a child. That holds the tunnel while
    its stdin is open, and tells in JSON lines ``{"url": …}``, ``{"error": …}`` or ``{"failed": …}``."""
    sentence: Callable[[str], str]
    """An error it told, in our words."""


NGROK = Provider(
    "ngrok", ngrok.find_agent, ngrok.agent_missing, ngrok.obstacle, ngrok.command, ngrok.sentence
)


class Tunnel:
    """One tunnel to one port of this machine, off until `open` is called. `state` tells what failed, too."""

    def __init__(
        self,
        port: int,
        on_change: Callable[[TunnelState], None],
        *,
        deadline: float = DEADLINE,
        minutes: float | None = None,
        agent: Path | None = None,
        provider: Provider = NGROK,
    ) -> None:
        """`on_change` is called on the loop with each new state; `minutes` after opening it closes by itself.

        `agent` is the provider's program, if it is not to be looked for. `minutes` may be set before `open`.
        """
        self.port = port
        self.minutes = minutes
        self.state = TunnelState(provider=provider.name)
        self._on_change = on_change
        self._deadline = deadline
        self._agent = agent
        self._provider = provider
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    async def open(self) -> None:
        """Open it, and return when it is open or has failed. Does nothing while it is open or opening."""
        if self._task is None or self._task.done():
            self._settled.clear()
            self._task = asyncio.create_task(self._hold(), name="tunnel")
        await self._settled.wait()

    async def close(self) -> None:
        """Close it; afterwards it is off, and nothing of it runs any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        if self.state.state != "off":
            self._become("off")

    async def _hold(self) -> None:
        try:
            self._become("opening")
            agent = self._agent or self._provider.find()
            if agent is None or not agent.is_file():
                self._fail(self._provider.missing())
            elif obstacle := self._provider.obstacle():
                self._fail(obstacle)
            else:
                state, error = await self._run(agent)
                self._become(state, error=error)
        except OSError as error:
            self._fail(f"The tunnel could not be started: {visible(str(error))}.")
        finally:
            self._settled.set()

    async def _run(self, agent: Path) -> tuple[StateName, str]:
        """Hold one child until it ends or its time is over; the state that leaves behind, and why."""
        child = await _Child.start(self._provider.command(agent, self.port, self._deadline))
        minutes, over = self.minutes, False
        try:
            url = await child.url(self._deadline)
            if url is not None:
                self._become("open", url=url, minutes=minutes)
                self._settled.set()
                over = await child.outlasts(self.state.closes_us)
        finally:
            await child.end()
        if url is not None:
            after = f"It was open for {minutes:g} minutes, as set. " if over else ""
            return "closed", f"{after}{CLOSED} {GOES_ON}"
        if child.said:
            return "failed", f"{self._provider.sentence(' '.join(child.said))} {GOES_ON}"
        silent = f"{self._provider.name} gave no sign within {self._deadline:g} s and was stopped."
        return "failed", f"{silent} {GOES_ON}"

    def _fail(self, sentence: str) -> None:
        self._become("failed", error=f"{sentence} {GOES_ON}")

    def _become(
        self,
        state: StateName,
        url: str | None = None,
        error: str | None = None,
        minutes: float | None = None,
    ) -> None:
        now_us = time.time_ns() // 1000
        closes_us = None if minutes is None else now_us + int(minutes * 60_000_000)
        self.state = TunnelState(state, url, now_us, closes_us, error, self._provider.name)
        self._on_change(self.state)


class _Child:
    """A process that holds a tunnel, and all that it started: one process group."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._last_words = asyncio.create_task(self._read_stderr())
        self.said: list[str] = []
        """Why it fails, as far as it said so: its own last words, then what came on stderr."""

    @classmethod
    async def start(cls, command: list[str]) -> _Child:
        return cls(
            await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        )

    async def url(self, seconds: float) -> str | None:
        """The public address, or None when none came within the deadline."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                async for line in self._process.stdout:
                    told = json.loads(line)
                    if "url" in told and _ADDRESS.fullmatch(told["url"]):
                        return str(told["url"])
                    self.said = [*told.values()]
                    if "error" not in told:
                        return None
                self.said = self.said or ["it ended without a word"]
        except TimeoutError:
            pass
        return None

    async def outlasts(self, closes_us: int | None) -> bool:
        """Wait for the end of the tunnel: False. True when it is still open at `closes_us`.

        The wall clock is looked at now and then, because a timer stands still while the machine sleeps.
        """
        assert self._process.stdout is not None
        ended = asyncio.create_task(self._process.stdout.read())
        try:
            while not ended.done():
                left = None if closes_us is None else closes_us / 1e6 - time.time()
                if left is not None and left <= 0:
                    return True
                await asyncio.wait([ended], timeout=None if left is None else min(left, 30))
        finally:
            ended.cancel()
        return False

    async def end(self) -> None:
        """End the whole group: by closing its stdin, and if that is not heard, by force."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            # Also when the child left in time: it may have been killed, with what it started still there.
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except OSError:
                pass
        await self._process.wait()
        done, _ = await asyncio.wait([self._last_words], timeout=GRACE)
        self._last_words.cancel()
        if self.said:
            self.said.extend(task.result() for task in done)

    async def _read_stderr(self) -> str:
        """The end of what comes on stderr, read as it comes so that nothing waits for us."""
        assert self._process.stderr is not None
        tail = b""
        while some := await self._process.stderr.read(4096):
            tail = (tail + some)[-300:]
        return tail.decode("utf-8", "replace").strip()
