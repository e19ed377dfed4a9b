"""Every screen over one store and one moment, for the pictures of the documentation and the text snapshots."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.events import Paste

from inspector.capture.child import Capture
from inspector.config.state import State
from inspector.core.events import Attempt, Request
from inspector.store.arrival import Arrival
from inspector.store.edits import Edits
from inspector.store.files import read_payload_file
from inspector.store.writer import StoreWriter
from inspector.tui.app import InspectorApp
from inspector.tui.preferences import Preferences
from inspector.tui.session import Session
from tests.tui.screens_store import lines_of

ROOT = Path(__file__).parent.parent.parent
SIZES = ((80, 24), (120, 36), (200, 50))
THEMES = ("inspector-dark", "inspector-light")
MOMENT_US = 1_794_924_000_000_000
"""The moment at which all is looked at: 2026-11-17 14:00 UTC."""


@dataclass(frozen=True)
class Stage:
    """What is so while a scene is looked at."""

    name: str
    states: Mapping[str, Any] = field(default_factory=dict)
    """What the listener says of itself; empty while a real one says it."""
    has_events: bool = True
    is_first_start: bool = False


_HERE = {"url": "http://127.0.0.1:8585", "host": "127.0.0.1", "port": 8585, "loopback": True, "pid": 4080}
_USUAL = {"listener": _HERE, "answers": {"text": "answers 200", "rules": []}}
_EVERYWHERE = {**_HERE, "url": "http://192.0.2.7:8585", "host": "0.0.0.0", "loopback": False}
_OPEN = {
    "state": "open",
    "url": "https://8c1f-203-0-113-7.ngrok-free.app",
    "since_us": MOMENT_US - 19 * 60_000_000,
    "closes_us": MOMENT_US + 41 * 60_000_000,
}
LISTENING = Stage("listening")
FIRST = Stage("first", _USUAL, has_events=False, is_first_start=True)
ANYBODY = Stage("anybody", _USUAL, is_first_start=True)
STOPPED = Stage("stopped", {"listener": None})
FAILING = Stage("failing", {**_USUAL, "trouble": {"text": "no space left on the disk"}})
EXPOSED = Stage("exposed", {**_USUAL, "listener": _EVERYWHERE})
PUBLIC = Stage("public", {**_USUAL, "tunnel": _OPEN})
PAUSED = Stage(
    "paused", {**_USUAL, "answers": {"text": "paused: 503", "paused": True, "then": "answers 200"}}
)


@dataclass(frozen=True)
class Scene:
    """A screen, the keys that lead there from the main screen, and back."""

    name: str
    keys: tuple[str, ...] = ()
    shows: str = ""
    """A text that stands on the screen once it is there."""
    back: tuple[str, ...] = ("escape",)
    paste: str = ""
    """What is written into a line once the keys are pressed."""
    then: tuple[str, ...] = ()
    """Keys after that."""
    arrive: int = 0
    """How many events arrive then."""
    stage: Stage = LISTENING


SCENES = (
    Scene("main", (), "Events", ()),
    Scene("detail", ("enter", "j", "j", "j", "j", "j"), "details", ("escape",)),
    Scene("body", ("2",), "[Body]", ("1",)),
    Scene("headers", ("3",), "User-Agent", ("1",)),
    Scene("raw", ("4",), "[Raw]", ("1",)),
    Scene("shape", ("5",), "[Shape", ("1",)),
    Scene("attempts", ("6",), "[Attempts", ("1",)),
    Scene("diff", ("j", "j", "m", "k", "m", "d"), "Diff", ("escape", "U", "g")),
    Scene("shapes", ("S",), "Types"),
    Scene("matrix", ("M",), "Matrix"),
    Scene("help", ("question_mark",), "Keys in"),
    Scene("filter", ("slash",), "of 71", ("escape", "escape", "f"), "level:error"),
    Scene("find", ("enter", "slash"), "enter, then n N", ("escape", "escape"), "image"),
    Scene("replay", ("R",), "Replay"),
    Scene("delete", ("X",), "Delete"),
    Scene("listener", ("i",), "The listener"),
    Scene("palette", ("ctrl+p",), "Search"),
    Scene("grouped", ("b", "space", "j", "j"), "by type", ("b", "b", "f")),
    Scene("answers", ("a",), "What senders"),
    Scene("export", ("E",), "Export"),
    Scene("naming", ("slash",), "is the name", ("escape", "escape"), "level:error", ("ctrl+s",)),
    Scene(
        "nested",
        ("slash",),
        "text in this base64",
        ("escape", "escape", "escape"),
        "type:push",
        ("enter", "enter", "slash", *"node_id", "enter", "n", "l"),
    ),
    Scene("wrong-filter", ("slash",), "no such word", ("escape", "escape"), "levl:error since:10x"),
    Scene("completing", ("slash",), "completes", ("escape", "escape"), "type:user."),
    Scene("nothing-matches", ("slash",), "None of", ("escape", "escape"), "type:nothing", ("enter",)),
    Scene("deliveries", ("b", "b"), "by delivery", ("b", "f")),
    Scene("fields", ("S", "tab", "j", "j", "j"), "Types", ("escape", "escape")),
    Scene("shapes-help", ("S", "question_mark"), "Keys in", ("escape", "escape")),
    Scene("matrix-help", ("M", "question_mark"), "Keys in", ("escape", "escape")),
    Scene("diff-help", ("d", "question_mark"), "Keys in", ("escape", "escape")),
    Scene("diff-values", ("d", "2"), "[Values]"),
    Scene("diff-headers", ("d", "3"), "[Headers]"),
    Scene("diff-with", ("D",), "Diff #"),
    Scene("comment", ("semicolon",), "Comment on"),
    Scene("copy", ("enter", "j", "j", "j", "Y"), "Copy", ("escape", "escape")),
    Scene("bytes", ("R",), "POST ", ("escape", "escape"), "http://localhost:3000/hooks", ("f3",)),
    Scene("tunnel", ("t",), "Open this listener"),
    Scene("hex", ("4", "x"), "00000", ("x", "1")),
    Scene("zoom", ("enter", "z"), "details", ("escape", "escape")),
    Scene("tour", (), "First steps", ("U",), stage=ANYBODY),
    Scene("undo", ("X", "shift+tab", "shift+tab", "enter"), "brings it back", ("u",), stage=ANYBODY),
    Scene("first", (), "1  What arrives", (), stage=FIRST),
    Scene("stopped", (), "not listening", (), stage=STOPPED),
    Scene("what-happened", ("i",), "Everything that was stored", stage=STOPPED),
    Scene("failing", (), "503", (), stage=FAILING),
    Scene("failing-listener", ("i",), "cannot be stored", stage=FAILING),
    Scene("exposed", (), "8585", (), stage=EXPOSED),
    Scene("exposed-listener", ("i",), "Other machines", stage=EXPOSED),
    Scene("public", (), "PUBLIC", (), stage=PUBLIC),
    Scene("close-tunnel", ("t",), "Close the tunnel", stage=PUBLIC),
    Scene("paused", (), "503", (), stage=PAUSED),
    Scene("arriving", ("j", "j"), "3 new", ("f",), arrive=3, stage=PAUSED),
)


@contextmanager
def clock() -> Iterator[None]:
    """Hold the wall clock at `MOMENT_US`, in UTC; clocks that measure go on."""
    kept, zone = (time.time, time.time_ns), os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    time.time, time.time_ns = lambda: MOMENT_US / 1e6, lambda: MOMENT_US * 1000
    try:
        yield
    finally:
        time.time, time.time_ns = kept
        if zone is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = zone
        time.tzset()


def fill(store: Path) -> None:
    """A store with every sample payload, one refused request, some attempts, a star, and a new shape at last."""
    samples = ROOT / "sample_payloads"
    files = sorted(file for ending in ("json", "http") for file in samples.rglob(f"*.{ending}"))
    # Those that tell the story best come last, where the list begins.
    last = [f"user.image.analysis.{name}.json" for name in ("failed", "completed", "processing")]
    files.sort(key=lambda file: (last.index(file.name) if file.name in last else -1, file.name[::-1]))
    begin_us = MOMENT_US - 1_000_000 * (len(files) * 17 + 30)
    own = ((b"Host", b"127.0.0.1:8585"), (b"User-Agent", b"python-requests/2.32.3"))
    arrivals = []
    for number, file in enumerate(files):
        request = read_payload_file(file)
        if request.header(b"host") is None:
            request = Request(request.method, b"/anchore", (*own, *request.headers), request.body)
        at_us = begin_us + number * 17_000_000
        arrivals.append(Arrival(request, f"127.0.0.1:{50000 + number}", at_us, number))
    refused = {"rejected": "TLS bytes on the plain HTTP port", "raw": b"\x16\x03\x01\x02"}
    arrivals.insert(40, Arrival(None, "127.0.0.1:50999", begin_us + 40 * 17_000_000, 40, 400, **refused))
    completed = json.loads((samples / "anchore/user.image.analysis.completed.json").read_bytes())
    completed["id"] = "9d5a0f7e1c2b4a3f8e6d7c5b4a392817"
    completed["details"]["curr_eval"]["annotations"] = {"team": "web"}
    json_type = (b"Content-Type", b"application/json")
    newest = Request("POST", b"/anchore", (*own, json_type), json.dumps(completed).encode())
    arrivals.append(Arrival(newest, "127.0.0.1:51000", MOMENT_US - 2_000_000, 999))
    writer = StoreWriter(store)
    writer.begin()
    ids = [event if isinstance(event, int) else event.id for event in writer.add(arrivals)]
    writer.commit()
    writer.close()
    with Edits(store) as edits:
        for number, status in ((ids[-3], 200), (ids[-4], 200), (ids[-1], 200), (ids[-1], 500)):
            edits.add_attempt(_attempt(number, failed=status == 500))
        edits.set_note(ids[-3], starred=True)


def _attempt(number: int, failed: bool) -> Attempt:
    answer = b'{"error": "KeyError: \'imageDigest\'"}' if failed else b'{"status": "received"}'
    return Attempt(
        number,
        "http://localhost:3000/hooks",
        MOMENT_US - 1_000_000,
        34.0 if failed else 12.0,
        status=500 if failed else 200,
        reason="INTERNAL SERVER ERROR" if failed else "OK",
        headers=((b"Content-Type", b"application/json"), (b"Server", b"Werkzeug/3.1")),
        body=answer,
        body_size=len(answer),
        changes=("- Host: 127.0.0.1:8585", "+ Host: localhost:3000"),
        connect_ms=1.0,
        first_byte_ms=31.0,
    )


def prepare(filled: Path, stage: Stage) -> Path:
    """A store for a stage, made from a filled one that nobody writes to: beside it, and left as it is if there."""
    store = filled.with_name(f"{stage.name}.db")
    if store.exists():
        return store
    if stage.has_events:
        shutil.copyfile(filled, store)
    with Edits(store) as edits:
        for name, said in stage.states.items():
            edits.set_state(name, said)
    return store


def add_events(store: Path, number: int) -> None:
    """Some more events, as if they had just arrived."""
    request = read_payload_file(ROOT / "sample_payloads/anchore/system.test.random_wisdom.json")
    writer = StoreWriter(store)
    writer.begin()
    writer.add([Arrival(request, "127.0.0.1:51001", MOMENT_US, each) for each in range(number)])
    writer.commit()
    writer.close()


class Visit:
    """The app while it runs: goes to one scene after the other."""

    def __init__(self, app: InspectorApp, pilot: Any) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """What is on the screen, row by row."""
        return "\n".join(lines_of(self.app)) + "\n"

    async def settle(self) -> None:
        """Wait until what is read beside the screen is shown: nothing changes for a moment."""
        before, same = "", 0
        for _ in range(200):
            await asyncio.sleep(0.05)
            same = same + 1 if self.text == before else 0
            before = self.text
            if same == 3:
                return

    async def comes(self, wanted: Callable[[str], bool], seconds: float) -> bool:
        """Wait until the text is as wanted; whether it came."""
        for _ in range(int(seconds / 0.05)):
            if wanted(self.text):
                return True
            await asyncio.sleep(0.05)
        return False

    @asynccontextmanager
    async def at(self, scene: Scene, wanted: Callable[[str], bool] | None = None) -> AsyncIterator[None]:
        """Go to a scene, and back to the main screen at the end. With `wanted` the scene is there as soon as its
        text is so, which saves the wait for it to settle."""
        begun = self.text
        for key in scene.keys:
            await self.pilot.press(key)
        if scene.arrive:
            await self.settle()
            add_events(self.app.session.store, scene.arrive)
        if scene.paste:
            await self.settle()
            self.app.post_message(Paste(scene.paste))
        if scene.then:
            await self.settle()
            for key in scene.then:
                await self.pilot.press(key)
        if wanted is None or not await self.comes(wanted, 10):
            await self.settle()
            there = await self.comes(lambda text: scene.shows in text, 5)
            assert there, f"{scene.name} does not come:\n{self.text}"
        yield
        for key in scene.back:
            await self.pilot.press(key)
        if wanted is None or not await self.comes(lambda text: text == begun, 0.2):
            await self.settle()


@asynccontextmanager
async def visit(
    store: Path,
    size: tuple[int, int],
    theme: str,
    capture: Capture | None = None,
    stage: Stage = LISTENING,
) -> AsyncIterator[Visit]:
    """Run the app over a store, or over what `prepare` makes of it for another stage; `clock` should hold."""
    remembers = State()
    if stage is not LISTENING:
        store = prepare(store, stage)
        # It was never started, which is as if it had been stopped.
        capture = Capture(store) if stage is STOPPED else None
    if stage.is_first_start:
        remembers = State(store.with_name(f"{stage.name}-{size[0]}-{theme}.json"))
    session = Session(store, capture, Preferences(theme=theme, glyphs="unicode", state=remembers))
    app = InspectorApp(session)
    try:
        # A toast stays for seconds: where it is not looked at it would lie over the next scene.
        async with app.run_test(size=size, notifications=stage is not LISTENING) as pilot:
            seen = Visit(app, pilot)
            await seen.settle()
            yield seen
    finally:
        session.close()
