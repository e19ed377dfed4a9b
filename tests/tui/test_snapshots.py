"""The important screens, letter by letter. ``make snapshots`` writes them anew; look at the difference it makes."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

import pytest

from tests.tui.gallery import SCENES, clock, fill, visit

KEPT = Path(__file__).parent / "snapshots"
WANTED = {
    (80, 24): ("main", "detail", "diff", "shapes", "help", "replay"),
    (120, 36): ("main", "headers", "shape", "attempts", "diff", "shapes", "matrix", "filter"),
    (200, 50): ("main", "shapes"),
}


@pytest.mark.parametrize("size", WANTED, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_looks_as_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    store = tmp_path / "events.db"
    anew = bool(os.environ.get("UPDATE_SNAPSHOTS"))
    other = []

    def placeless(text: str) -> str:
        if (folder := f" in {store}") not in text:
            return text
        # How long the path is says how wide the gap before is.
        return re.sub(r" {4,}", "    ", text.replace(folder, ""), count=1)

    with clock():
        fill(store)
        async with visit(store, size, "inspector-dark") as seen:
            for scene in (scene for scene in SCENES if scene.name in WANTED[size]):
                kept = KEPT / f"{scene.name}-{size[0]}x{size[1]}.txt"
                expected = "" if anew else kept.read_text()
                async with seen.at(scene, None if anew else lambda text: placeless(text) == expected):  # noqa: B023
                    text = placeless(seen.text)
                    if anew:
                        kept.write_text(text)
                    elif text != expected:
                        lines = expected.splitlines(), text.splitlines()
                        other += [f"{kept.name}:", *difflib.unified_diff(*lines, lineterm="", n=0)]
    assert not other, "\n".join(other)
