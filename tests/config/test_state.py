"""What a screen remembers: whole, private, and never a reason to fail."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from inspector.config.state import State, state_path


def test_it_is_kept_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    state = State(path)
    assert state.is_kept
    assert (state.get("theme"), state.text("theme")) == (None, "")
    assert state.put("theme", "nord")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert State(path).text("theme") == "nord"
    assert [one.name for one in path.parent.iterdir()] == ["state.json"]


def test_screens_do_not_forget_what_others_keep(tmp_path: Path) -> None:
    one, other = State(tmp_path / "state.json"), State(tmp_path / "state.json")
    one.put("theme", "nord")
    other.put("wrap", True)
    assert (State(tmp_path / "state.json").get("theme"), other.get("wrap")) == ("nord", True)
    threads = [threading.Thread(target=one.put, args=(f"n{n}", n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [State(tmp_path / "state.json").get(f"n{n}") for n in range(8)] == list(range(8))


@pytest.mark.parametrize("text", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b" " * 1_000_001])
def test_what_cannot_be_read_is_as_if_it_were_not_there(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(text)
    state = State(path)
    assert state.get("theme") is None
    assert state.put("theme", "dark")
    assert State(path).text("theme") == "dark"


def test_what_cannot_be_written_is_forgotten(tmp_path: Path) -> None:
    """A folder that is a file, a device, no path at all: the value holds until the end of the program."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "state.json", Path(os.devnull), None):
        state = State(path)
        assert not state.put("wrap", True)
        assert state.get("wrap") is True
    assert Path(os.devnull).is_char_device()
    assert not State(Path(os.devnull)).is_kept


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INSPECTOR_STATE", str(tmp_path / "s.json"))
    assert state_path() == tmp_path / "s.json"
    monkeypatch.delenv("INSPECTOR_STATE")
    assert state_path().name == "state.json"
    assert "webhook-inspector" in state_path().parts
