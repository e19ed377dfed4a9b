"""Make the pictures of the screen: every screen at three sizes in two themes, from sample payloads and a fixed clock.

``python docs/screenshots.py [FOLDER [NAME …]]`` writes SVG files, and PNG files where chromium is installed. Without
FOLDER only the pictures that the documentation shows are made, into ``docs/pictures``.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from inspector.capture.child import Capture  # noqa: E402
from inspector.core.events import InspectorError  # noqa: E402
from tests.tui.gallery import LISTENING, SCENES, SIZES, THEMES, Scene, clock, fill, prepare, visit  # noqa: E402

SHOWN = {
    ((120, 36), "inspector-dark"): ("main", "diff"),
    ((120, 36), "inspector-light"): ("shapes",),
}
"""The pictures in the documentation."""
_BROWSER = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


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


def to_png(svg: Path) -> None:
    """A PNG beside the SVG, made by headless chromium."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text())
    assert found is not None
    width, height = (int(float(part)) + 1 for part in found.groups())
    with tempfile.TemporaryDirectory() as profile:
        words = [f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        picture = f"--screenshot={svg.with_suffix('.png')}"
        subprocess.run([browser, *_BROWSER, *words, picture, svg.as_uri()], check=True, capture_output=True)


async def pictures(
    store: Path, capture: Capture, folder: Path, size: tuple[int, int], theme: str, scenes: list[Scene]
) -> list[Path]:
    """SVG files of some scenes of one stage at one size in one theme."""
    made = []
    async with visit(store, size, theme, capture, scenes[0].stage) as seen:
        for scene in scenes:
            async with seen.at(scene):
                svg = folder / f"{scene.name}-{size[0]}x{size[1]}-{theme.removeprefix('inspector-')}.svg"
                svg.write_text(seen.app.export_screenshot(title="inspector"))
                made.append(svg)
    return made


def main() -> int:
    shown_only = len(sys.argv) < 2
    folder = ROOT / "docs/pictures" if shown_only else Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:] or [scene.name for scene in SCENES]
    jobs = SHOWN if shown_only else {(size, theme): tuple(names) for size in SIZES for theme in THEMES}
    with tempfile.TemporaryDirectory() as place, clock():
        store = Path(place) / "events.db"
        fill(store)
        for stage in {scene.stage.name: scene.stage for scene in SCENES if scene.stage != LISTENING}.values():
            prepare(store, stage)
        capture = listener(store)
        for (size, theme), wanted in jobs.items():
            stages: dict[str, list[Scene]] = {}
            for scene in SCENES:
                if scene.name in wanted:
                    stages.setdefault(scene.stage.name, []).append(scene)
            for scenes in stages.values():
                for svg in asyncio.run(pictures(store, capture, folder, size, theme, scenes)):
                    to_png(svg)
                    if shown_only:
                        svg.unlink()
                    print(svg.stem)
        capture.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
