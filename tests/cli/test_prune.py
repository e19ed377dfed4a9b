"""``inspector prune`` as it is run."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest

from inspector.cli import main
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.retention import Retention, set_retention
from tests.store.filled import DAY_US, START_US, body, fill


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Ten events a day apart; the second is starred."""
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(10)], step_us=DAY_US)
    with Edits(path) as edits:
        edits.set_note(2, starred=True)
    return path


def kept(path: Path) -> list[int]:
    with Reader(path) as reader:
        return list(reader.ids())


class Terminal(io.StringIO):
    """Standard input as a terminal on which one answer is typed."""

    def isatty(self) -> bool:
        return True


def test_it_shows_what_goes(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(store), "prune", "--keep-count", "4", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        f"6 events with {6 * len(body(1))} B of bodies go, the oldest of 2025-10-09T08:53:20.000000Z, "
        "the newest of 2025-10-15T08:53:20.000000Z; 1 starred event stays.\n"
    )
    assert len(kept(store)) == 10
    assert main(["--store", str(store), "prune", "--keep-count", "4", "--yes"]) == 0
    assert "6 events deleted." in capsys.readouterr().err
    assert kept(store) == [2, 8, 9, 10]
    assert main(["--store", str(store), "prune", "--keep-count", "4", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("Nothing goes")


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, 4), ("n\n", 1, 10), ("", 1, 10), ("\n", 1, 10)]
)
def test_it_asks_on_a_terminal(
    store: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(["--store", str(store), "prune", "--keep-count", "4"]) == code
    assert len(kept(store)) == left


def test_where_nobody_can_be_asked_it_wants_a_yes(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["--store", str(store), "prune", "--keep-days", "1"]) == 2
    assert "Say --yes" in capsys.readouterr().err
    assert len(kept(store)) == 10


def test_a_filter_says_which(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(store), "prune", "type:user.test.1", "--json", "--yes"]) == 0
    shown, done = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (shown["events"], shown["starred"], shown["deleted"], done["deleted"]) == (2, 1, None, 2)
    assert kept(store) == [1, 2, 3, 4, 6, 7, 9, 10]
    assert main(["--store", str(store), "prune", "-type:user.test.1", "--keep-count", "1", "--yes"]) == 0
    assert kept(store) == [2, 10]


def test_without_limits_those_of_the_listener_hold(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(store), "prune", "--yes"]) == 2
    assert "nothing says what is to be kept" in capsys.readouterr().err
    set_retention(store, Retention(count=3))
    assert main(["--store", str(store), "prune", "--yes"]) == 0
    assert kept(store) == [2, 9, 10]


def test_ages_and_sizes(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    age = (time.time_ns() // 1000 - START_US) / DAY_US
    assert main(["--store", str(store), "prune", "--keep-days", f"{age - 7.5:.3f}", "--yes"]) == 0
    assert kept(store) == [2, 9, 10]
    assert main(["--store", str(store), "prune", "--keep-bytes", "0k", "--yes"]) == 0
    assert kept(store) == [2]
    for option, value in (("--keep-days", "old"), ("--keep-bytes", "1x"), ("--keep-count", "-1")):
        assert main(["--store", str(store), "prune", option, value, "--yes"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "'old' is no age" in errors[-3]
    assert "'1x' is no size" in errors[-2]


def test_no_store(tmp_path: Path) -> None:
    assert main(["--store", str(tmp_path / "none.db"), "prune", "--keep-count", "1", "--yes"]) == 2
    assert not (tmp_path / "none.db").exists()
