"""Copies in the editor, and exports from the screen."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.tui.app import InspectorApp
from tests.tui.conftest import Staged
from tests.tui.screens_store import anchore, fill


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "events.db"
    fill(path, [anchore("user.test", {"n": number}, number) for number in range(3)])
    return path


async def test_the_editor_gets_a_private_copy_that_is_gone_afterwards(
    store: Path, staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the editor writes changes nothing in the store."""
    seen = tmp_path / "seen"
    program = tmp_path / "editor.py"
    program.write_text(
        "import os, sys\n"
        "path = sys.argv[1]\n"
        f"with open({str(seen)!r}, 'a') as out:\n"
        "    print(path, oct(os.stat(path).st_mode & 0o777), open(path).read(), sep='\\t', file=out)\n"
        "open(path, 'w').write('changed')\n"
    )
    suspended = []

    @contextlib.contextmanager
    def suspend(app: InspectorApp) -> Iterator[None]:
        suspended.append(app)
        yield

    monkeypatch.setattr(InspectorApp, "suspend", suspend)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    async with staged(store) as stage:
        await stage.detail(3)
        await stage.press("e")
        await stage.shows("No editor is set.")
        monkeypatch.setenv("EDITOR", f"{sys.executable} {program}")
        await stage.press("e")
        await stage.shows("It was a copy: the stored event is as it was.")
        with monkeypatch.context() as patch:
            # An action, not work beside the screen: what it raises would end the screen.
            patch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
            patch.setenv("EDITOR", "vi")  # A long name would break the sentence somewhere else.
            await stage.press("enter", "j", "e")
            await stage.shows("cannot be run on a copy: no such file")
        await stage.press("e")
        await stage.until(lambda: len(suspended) == 2 and len(seen.read_text().splitlines()) == 2)
    body, value = (line.split("\t") for line in seen.read_text().splitlines())
    assert json.loads(body[2])["details"] == {"n": 2}
    assert (body[1], value[1], value[2]) == ("0o600", "0o600", "2")
    assert not os.path.exists(body[0])  # noqa: PTH110


async def test_exports_go_to_new_files_in_the_form_of_their_ending(
    store: Path, staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is listed, or the marked ones; nothing is written over."""
    monkeypatch.chdir(tmp_path)
    async with staged(store) as stage:
        await stage.detail(3)
        await stage.press("E")
        await stage.shows("All: 3 events.")
        await stage.press("enter")
        await stage.shows("Exported 3 events.")
        await stage.press("E")
        await stage.shows("All: 3 events.")
        await stage.press("enter")
        await stage.shows("exists already; nothing was written.")
        await stage.press("m", "E")
        await stage.shows("Marked: 1 event.")
        await stage.press("ctrl+u")
        await stage.type("files/", "enter")
        await stage.until(
            lambda: (tmp_path / "files").is_dir() and len(list((tmp_path / "files").iterdir())) == 1
        )
        await stage.press("E")
        await stage.shows("Marked: 1 event.")
        await stage.press("ctrl+u")
        await stage.type("one.body", "enter")
        await stage.until((tmp_path / "one.body").exists)
    lines = (tmp_path / "events.ndjson").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3]
    assert (tmp_path / "events.ndjson").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "one.body").read_text())["details"] == {"n": 2}
