"""``star`` and ``delete``: what is told, what stays, and that nothing goes unasked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.store.reader import Reader
from tests.cli.conftest import Fill, Run
from tests.cli.receiver import receiving


def ids(run: Run, *words: str) -> list[int]:
    return [line["id"] for line in run("events", "--json", *words).lines]


def test_star(run: Run, fill: Fill) -> None:
    fill(b"{}", b"{}", b"{}", b"{}")
    done = run("star", "1", "3-4")
    assert (done.code, done.out, done.err) == (0, "", "Starred: 3 events.\n")
    assert ids(run, "is:starred") == [1, 3, 4]
    assert run("star", "3", "--remove").err == "No longer starred: 1 event.\n"
    assert ids(run, "is:starred") == [1, 4]
    done = run("star", "2", "99", "100")
    assert done.code == 1
    assert done.err.endswith("inspector: there is no event 99, 100; inspector events lists them.\n")
    assert ids(run, "is:starred") == [1, 2, 4]


def test_delete(run: Run, fill: Fill, store: Path) -> None:
    fill(*[b'{"type":"a","x":%d}' % number for number in range(6)], b'{"type":"b"}')
    with receiving() as receiver:
        run("replay", "2", "--to", receiver.url)
    assert run("delete", "2", "4-5", "--yes").err == (
        "Deleted 3 events. inspector delete --undo brings them back.\n"
    )
    assert ids(run) == [1, 3, 6, 7]
    assert [line["count"] for line in run("types", "--json").lines] == [3, 1]
    with Reader(store) as reader:
        assert reader.attempts(2) == []
    done = run("delete", "2", "3", "--yes")
    assert done.code == 1
    assert done.err == (
        "Deleted 1 event. inspector delete --undo brings it back.\n"
        "inspector: there is no event 2; inspector events lists them.\n"
    )
    assert run("delete", "--filter", "type:a", "--yes").code == 0
    assert ids(run) == [7]


def test_delete_is_undone_or_final(run: Run, fill: Fill, store: Path) -> None:
    fill(b"{}", b"{}", b"{}", b"{}")
    run("delete", "1", "--yes")
    run("delete", "2-3", "--yes")
    assert run("delete", "--undo").err == "Brought back 2 events.\n"
    assert ids(run) == [2, 3, 4]
    assert run("delete", "--now", "--yes").err == "Deleted 1 event for good.\n"
    undone = run("delete", "--undo")
    assert (undone.code, undone.err) == (1, "Nothing to undo.\n")
    assert run("delete", "2", "--now", "--yes").err == "Deleted 1 event for good.\n"
    assert run("delete", "--now", "--yes").err == "Nothing deleted is left in the store.\n"
    assert run("delete", "--undo").code == 1
    assert run("delete", "3", "--undo").code == 2
    assert ids(run) == [3, 4]


def test_starred_events_stay_unless_they_are_named(run: Run, fill: Fill) -> None:
    fill(b"{}", b"{}", b"{}")
    run("star", "1", "2")
    assert run("delete", "1-3", "--yes").err == (
        "Deleted 1 event. 2 starred stay. inspector delete --undo brings it back.\n"
    )
    assert run("delete", "--filter", "id:1-3", "--yes").err == "Deleted 0 events. 2 starred stay.\n"
    assert run("delete", "2", "--yes").code == 0
    assert ids(run) == [1]


def test_nothing_goes_unasked(run: Run, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(b"{}")
    with open(os.devnull) as nothing:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", nothing)
        done = run("delete", "1")
    assert done.code == 2
    assert done.err == "inspector: there is no terminal to ask on; add --yes to delete without being asked.\n"
    assert run("delete", "--filter", "", "--yes").code == 2
    assert ids(run) == [1]


@pytest.mark.parametrize(
    ("typed", "left"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1), (b"\x03", 1)]
)
def test_it_asks_on_a_terminal(typed: bytes, left: int, run: Run, fill: Fill, store: Path) -> None:
    fill(b"{}")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "inspector", "--store", str(store), "delete", "1"]
    process = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, preexec_fn=_take_terminal
    )
    os.close(theirs)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(ours, 1000)
    assert shown.startswith(b"Delete 1 event? ")
    os.write(ours, typed)
    assert process.wait(20) == left
    os.close(ours)
    assert len(ids(run)) == left


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
