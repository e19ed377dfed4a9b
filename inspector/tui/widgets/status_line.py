"""The first row: where it listens, what it answers, whether it is public; how much comes and is there."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from inspector.core import units
from inspector.core.text import visible
from inspector.tui.widgets.glyphs import UNICODE, Glyphs

BAR_S = 5
"""Seconds a bar of the sparkline stands for."""
BARS = 12
_USUAL = "answers 200"
_NARROWER = ((0, 0), (1, 1), (1, 2), (2, 2), (3, 3), (3, 4), (4, 4))
"""How much is left out at the left and at the right, step by step: words at the left go after bars at the right."""


class Rate:
    """How many events came in each of the last minute's bars."""

    def __init__(self) -> None:
        self._bars: deque[tuple[int, int]] = deque(maxlen=BARS + 1)

    def add(self, number: int, at: float) -> None:
        """Count `number` arrivals at a time (seconds since 1970)."""
        bar = int(at // BAR_S)
        if self._bars and self._bars[-1][0] >= bar:
            self._bars[-1] = (self._bars[-1][0], self._bars[-1][1] + number)
        else:
            self._bars.append((bar, number))

    def counts(self, now: float) -> list[int]:
        """Arrivals per bar, oldest first, the running one last."""
        newest = int(now // BAR_S)
        held = dict(self._bars)
        return [held.get(bar, 0) for bar in range(newest - BARS + 1, newest + 1)]

    def per_second(self, now: float) -> float:
        """Mean over the last minute."""
        return sum(self.counts(now)) / (BAR_S * BARS)


@dataclass(frozen=True, slots=True)
class Status:
    """What the line tells; every text is safe to show."""

    url: str = ""
    listening: bool = False
    down: str = ""
    """Why nothing listens, in words."""
    answers: str = ""
    """The rule in force: ``answers 200``."""
    paused: bool = False
    exposed: bool = False
    """Other machines can reach the listener."""
    tunnel: Mapping[str, Any] | None = None
    """The tunnel's state as the capture process publishes it."""
    trouble: str = ""
    """Why events cannot be stored, so that senders get 503."""
    events: int = 0
    bytes: int = 0
    store: str = ""
    counts: tuple[int, ...] = ()
    rate: float = 0.0
    now_us: int = 0


class StatusLine(Widget):
    """One row; what does not fit is left out from the least needed on: ``PUBLIC``, trouble, a warning and an
    answer that is not the usual one never."""

    DEFAULT_CSS = """
    StatusLine { height: 1; width: 1fr; background: $panel; color: $foreground; }
    """

    class Pressed(Message):
        """``address``, ``answers``, ``trouble`` or ``tunnel`` was clicked; `name` says which."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    status: reactive[Status] = reactive(Status(), layout=False)

    def __init__(self, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self._spans: list[tuple[int, int, str]] = []

    def render(self) -> Content:
        """Left: listener and tunnel. Right: rate and counts."""
        width = self.size.width
        for narrow, narrow_right in _NARROWER:
            left, right = self._left(narrow, width), self._right(narrow_right, width)
            room = width - left.cell_length - right.cell_length
            if room >= 2 or (narrow == 4 and room >= 0):
                return Content.assemble(left, " " * room, right)
        return self._left(4, width).truncate(width, ellipsis=True)

    def _left(self, narrow: int, width: int) -> Content:
        status = self.status
        public = self._public()
        pieces: list[tuple[str, str]] = [(" ", "")]
        if status.listening:
            pieces.append((self.glyphs.listening, "$passed"))
            if public and narrow >= 2:
                address = ":" + status.url.rpartition(":")[2] if ":" in status.url else status.url
            else:
                address = status.url.removeprefix("http://") if narrow >= 3 else status.url
            pieces.append((f" {address}", "$foreground"))
        else:
            pieces.append((f"{self.glyphs.not_listening} {status.down or 'not listening'}", "$error"))
        self._spans = [(1, sum(Content(text).cell_length for text, _ in pieces), "address")]
        gap = "   " if narrow < 2 else "  "
        self._add(
            pieces, self._answers(narrow, bool(public)), gap, "trouble" if status.trouble else "answers"
        )
        if status.listening and status.exposed:
            words = "other machines can reach it" if narrow < 2 else "on the network"
            self._add(pieces, [(words, "bold $warning")], gap, "address")
        self._add(pieces, self._tunnel(narrow), gap, "tunnel")
        return Content.assemble(*pieces)

    def _add(self, pieces: list[tuple[str, str]], more: list[tuple[str, str]], gap: str, name: str) -> None:
        """Append what a click on is called `name`."""
        if not more:
            return
        start = sum(Content(text).cell_length for text, _ in pieces)
        pieces += [(gap, ""), *more]
        self._spans.append((start, sum(Content(text).cell_length for text, _ in pieces), name))

    def _answers(self, narrow: int, public: bool) -> list[tuple[str, str]]:
        status = self.status
        if status.trouble and not status.down:
            return [(f"503: {status.trouble}", "bold $error")]
        usual = status.answers == _USUAL
        if not status.listening or not status.answers or (usual and public and narrow >= 2):
            return []
        words = status.answers.removeprefix("answers ") if narrow >= 2 else status.answers
        return [(words, "$muted" if usual else "bold $warning" if status.paused else "$warning")]

    def _public(self) -> str:
        tunnel = self.status.tunnel
        return str(tunnel.get("url") or "") if tunnel and tunnel.get("state") == "open" else ""

    def _tunnel(self, narrow: int) -> list[tuple[str, str]]:
        tunnel, status = self.status.tunnel or {}, self.status
        state = tunnel.get("state", "off")
        if state == "open":
            pieces = [("PUBLIC ", "bold $warning"), (visible(str(tunnel.get("url") or "")), "$warning")]
            since, closes = tunnel.get("since_us"), tunnel.get("closes_us")
            if isinstance(since, int):
                age = f"  {'open ' if narrow < 2 else ''}{_minutes(status.now_us - since)}"
                if isinstance(closes, int) and narrow < 4:
                    age += f", {_minutes(max(0, closes - status.now_us), bare=True)} left"
                pieces.append((age, "$warning"))
            return pieces
        if state == "opening":
            return [("opening tunnel …", "$warning")]
        if state in ("failed", "closed") and narrow < 3:
            return [(f"tunnel {state}", "$error")]
        if not status.listening or narrow >= 4:
            return []
        return [("no tunnel" if narrow >= 2 else "tunnel off", "$muted")]

    def _right(self, narrow: int, width: int) -> Content:
        status = self.status
        pieces: list[tuple[str, str]] = []
        if status.counts and any(status.counts) and narrow < 3:
            counts = status.counts if narrow < 2 else status.counts[-6:]
            pieces += [(self._sparkline(counts), "$accent"), (f" {_rate(status.rate)}   ", "$muted")]
        elif status.rate and narrow < 4:
            pieces.append((f"{_rate(status.rate)}  ", "$muted"))
        if narrow < 4:
            pieces.append((units.count(status.events, "event"), "$foreground"))
        if status.events and narrow < 2:
            pieces.append((f"   {units.size(status.bytes)}", "$muted"))
            if width >= 180 and narrow < 1 and status.store:
                pieces.append((f" in {status.store}", "$muted"))
        pieces.append((" ", ""))
        return Content.assemble(*pieces)

    def _sparkline(self, counts: tuple[int, ...]) -> str:
        bars = self.glyphs.bars
        most = max(counts)
        return "".join(
            bars[1] if not count else bars[min(len(bars) - 1, 1 + round(count / most * (len(bars) - 2)))]
            for count in counts
        )

    def on_click(self, message: events.Click) -> None:
        """Tell what was clicked."""
        for start, end, name in self._spans:
            if start <= message.x < end:
                self.post_message(self.Pressed(name))


def _rate(rate: float) -> str:
    if 0 < rate < 0.1:
        return f"{rate * 60:.0f}/min"
    return f"{rate:.1f}/s" if rate < 10 else f"{rate:,.0f}/s"


def _minutes(us: int, bare: bool = False) -> str:
    minutes = max(0, us) // 60_000_000
    if minutes < 60:
        return f"{minutes}" if bare else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02}"


def now_us() -> int:
    """The wall clock in microseconds since 1970."""
    return time.time_ns() // 1000
