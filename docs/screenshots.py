"""Make the pictures of the screen: every screen at three sizes in two themes, from sample payloads and a fixed clock.

``python docs/screenshots.py [FOLDER]`` writes SVG files, and PNG files where chromium is installed. Without FOLDER only
the pictures that the documentation shows are made, into ``docs/pictures``.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from inspector.capture.child import Capture  # noqa: E402
from inspector.core.events import Attempt, InspectorError, Request  # noqa: E402
from inspector.store.edits import Edits  # noqa: E402
from inspector.store.files import read_payload_file  # noqa: E402
from inspector.store.writer import Arrival, StoreWriter, now  # noqa: E402
from inspector.tui.app import InspectorApp  # noqa: E402
from inspector.tui.preferences import Preferences  # noqa: E402
from inspector.tui.session import Session  # noqa: E402

SIZES = ((80, 24), (120, 36), (200, 50))
THEMES = ("inspector-dark", "inspector-light")


def fill(store: Path) -> None:
    """A store with every sample payload, a few repeated, and some attempts, marks and stars."""
    samples = ROOT / "sample_payloads"
    files = [*samples.rglob("*.json"), *samples.rglob("*.http")]
    # Those that tell the story best come last, where the list begins.
    last = [f"user.image.analysis.{name}.json" for name in ("failed", "completed", "processing")]
    files.sort(key=lambda file: (last.index(file.name) if file.name in last else -1, file.name[::-1]))
    moment = now()[0] - 1_000_000 * (len(files) * 17 + 30)
    writer = StoreWriter(store)
    arrivals = []
    for number, file in enumerate(files):
        request = read_payload_file(file)
        if request.header(b"host") is None:
            request = Request(
                request.method,
                b"/anchore",
                ((b"Host", b"127.0.0.1:8585"), (b"User-Agent", b"python-requests/2.32.3"), *request.headers),
                request.body,
            )
        arrivals.append(Arrival(request, f"127.0.0.1:{50000 + number}", moment + number * 17_000_000, number))
    arrivals.insert(
        40,
        Arrival(
            None,
            "127.0.0.1:50999",
            moment + 40 * 17_000_000,
            40,
            400,
            rejected="TLS bytes on the plain HTTP port",
            raw=b"\x16\x03\x01\x02",
        ),
    )
    completed = json.loads((ROOT / "sample_payloads/anchore/user.image.analysis.completed.json").read_bytes())
    completed["id"] = "9d5a0f7e1c2b4a3f8e6d7c5b4a392817"
    completed["details"]["curr_eval"]["annotations"] = {"team": "web"}
    last = Request(
        "POST",
        b"/anchore",
        (
            (b"Host", b"127.0.0.1:8585"),
            (b"User-Agent", b"python-requests/2.32.3"),
            (b"Content-Type", b"application/json"),
        ),
        json.dumps(completed).encode(),
    )
    arrivals.append(Arrival(last, "127.0.0.1:51000", now()[0] - 2_000_000, 999))
    writer.begin()
    events = writer.add(arrivals)
    writer.commit()
    writer.close()
    ids = [event[0] if isinstance(event, tuple) else event.id for event in events]
    with Edits(store) as edits:
        for number, status in ((ids[-3], 200), (ids[-4], 200), (ids[-1], 200), (ids[-1], 500)):
            edits.add_attempt(
                Attempt(
                    number,
                    "http://localhost:3000/hooks",
                    now()[0],
                    34.0 if status == 500 else 12.0,
                    status=status,
                    reason="INTERNAL SERVER ERROR" if status == 500 else "OK",
                    headers=((b"Content-Type", b"application/json"), (b"Server", b"Werkzeug/3.1")),
                    body=b'{"error": "KeyError: \'imageDigest\'"}'
                    if status == 500
                    else b'{"status": "received"}',
                    body_size=36,
                    changes=("- Host: 127.0.0.1:8585", "+ Host: localhost:3000"),
                    connect_ms=1.0,
                    first_byte_ms=31.0,
                )
            )
        edits.set_note(ids[-3], starred=True)


def listener(store: Path) -> Capture:
    """A real capture process, on the default port where that is free."""
    for port in ("8585", "0"):
        capture = Capture(store, ["--port", port])
        try:
            capture.start()
        except InspectorError:
            continue
        return capture
    raise SystemExit("no listener could be started")


async def press(pilot: Any, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause(0.15)


Steps = Callable[[Any], Awaitable[None]]


def keys(*names: str) -> Steps:
    """Steps that press keys, one after the other."""

    async def steps(pilot: Any) -> None:
        await press(pilot, *names)

    return steps


SCREENS: dict[str, Steps] = {
    "main": keys(),
    "detail": keys("enter", "j", "j", "j", "j", "j"),
    "headers": keys("3"),
    "attempts": keys("6"),
    "shape": keys("5"),
    "diff": keys("j", "j", "m", "k", "m", "d"),
    "shapes": keys("S"),
    "matrix": keys("M"),
    "help": keys("question_mark"),
    "filter": keys("slash", *"level:error"),
    "replay": keys("R"),
    "tunnel": keys("t"),
    "listener": keys("i"),
    "palette": keys("ctrl+p"),
}
SHOWN = (
    ("main", (120, 36), "inspector-dark"),
    ("diff", (120, 36), "inspector-dark"),
    ("shapes", (120, 36), "inspector-light"),
)


async def picture(store: Path, capture: Capture, name: str, size: tuple[int, int], theme: str) -> str:
    """One screen as SVG."""
    session = Session(store, capture, Preferences(theme=theme))
    app = InspectorApp(session)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.6)
        await SCREENS[name](pilot)
        await pilot.pause(0.4)
        return app.export_screenshot(title="inspector")


def to_png(svg: Path) -> None:
    """A PNG beside the SVG, made by headless chromium."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text())
    assert found is not None
    width, height = (int(float(part)) + 1 for part in found.groups())
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                *(
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-background-networking",
                ),
                *(
                    "--disable-component-update",
                    "--disable-sync",
                    "--hide-scrollbars",
                    f"--user-data-dir={profile}",
                ),
                f"--window-size={width},{height}",
                f"--screenshot={svg.with_suffix('.png')}",
                svg.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


def main() -> int:
    shown_only = len(sys.argv) < 2
    folder = ROOT / "docs/pictures" if shown_only else Path(sys.argv[1]).absolute()
    wanted = sys.argv[2:] or list(SCREENS)
    folder.mkdir(parents=True, exist_ok=True)
    jobs = (
        SHOWN
        if shown_only
        else [(name, size, theme) for name in wanted for size in SIZES for theme in THEMES]
    )
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "events.db"
        fill(store)
        capture = listener(store)
        for name, size, theme in jobs:
            svg = folder / f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('inspector-')}.svg"
            svg.write_text(asyncio.run(picture(store, capture, name, size, theme)))
            to_png(svg)
            if shown_only:
                svg.unlink()
            print(svg.stem)
        capture.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
