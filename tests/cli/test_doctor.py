"""``inspector doctor`` as it is run: what it prints, its exit codes, and a listener it can reach."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from inspector.cli import main
from inspector.store.edits import Edits
from inspector.store.place import capture_lock, hold_page
from tests.store.filled import body, fill


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(20)])
    return path


def findings(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    code = main(["--store", str(path), "doctor", "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def about(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(finding for finding in reversed(found) if finding["about"] == name)


@contextmanager
def listening(path: Path, *options: str) -> Iterator[dict[str, Any]]:
    """A real capture process; yields its first line."""
    command = [
        sys.executable,
        "-m",
        "inspector",
        "--store",
        str(path),
        "listen",
        "--port",
        "0",
        "--json",
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_a_whole_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(store), "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok     inspector ")
    assert "SQLite 3." in lines[0]
    assert lines[-1] == "Nothing is wrong."
    assert "ok     Nothing listens for this store." in lines


def test_a_changed_body_is_exit_code_1(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        db.execute("UPDATE request SET body = replace(body, 'filler', 'fuller') WHERE event = 7")
    code, found = findings(store, capsys)
    assert (code, about(found, "bodies")["level"], about(found, "bodies")["events"]) == (1, "wrong", [7])
    assert main(["--store", str(store), "doctor"]) == 1
    text = capsys.readouterr().out
    assert "WRONG  The body of #7 is not what arrived" in text
    assert text.endswith("1 thing is wrong.\n")


def test_no_store_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(tmp_path / "none.db"), "doctor"]) == 2
    assert "there is no store at" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()


def test_who_listens_and_nothing_is_exposed(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listening(store) as told:
        code, found = findings(store, capsys)
    assert code == 0
    assert (
        about(found, "listener")["text"] == f"Process {told['pid']} listens on {told['url']}, and it answers."
    )
    assert about(found, "exposed")["level"] == "ok"
    assert about(found, "counts")["text"].startswith("The counts add up: 20 events")


def test_what_is_exposed_is_said(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = capture_lock(store)
    assert lock.acquire(content="4321")
    with socket.create_server(("127.0.0.1", 0)) as server, Edits(store) as edits:
        port = server.getsockname()[1]
        told = {
            "url": f"http://0.0.0.0:{port}",
            "host": "0.0.0.0",
            "port": port,
            "pid": 4321,
            "loopback": False,
        }
        edits.set_state("listener", told)
        edits.set_state(
            "tunnel", {"state": "open", "url": "https://a.example\x1b[31m", "since_us": 1, "closes_us": None}
        )
        code, found = findings(store, capsys)
        assert main(["--store", str(store), "doctor"]) == 0
    lock.release()
    exposed = [finding["text"] for finding in found if finding["about"] == "exposed"]
    assert code == 0
    assert len(exposed) == 2
    assert "0.0.0.0, which other machines can reach" in exposed[0]
    assert "https://a.example" in exposed[1]
    assert "days ago" in exposed[1]
    assert "\x1b" not in capsys.readouterr().out


def test_pages_in_browsers_are_said(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them, with what others can reach noted, and none that has ended."""
    shown = [("http://127.0.0.1:8586", True), ("http://0.0.0.0:8587", False), ("http://0.0.0.0:8588", False)]
    held = [hold_page(store, json.dumps({"pid": 4321, "url": url, "loopback": near})) for url, near in shown]
    assert held[2] is not None
    held[2].release()
    code, found = findings(store, capsys)
    exposed = [finding for finding in found if finding["about"] == "exposed"]
    assert (code, [finding["level"] for finding in exposed]) == (0, ["ok", "note"])
    assert "on http://127.0.0.1:8586, to this machine only" in exposed[0]["text"]
    assert "on http://0.0.0.0:8587, which other machines can reach" in exposed[1]["text"]
    for lock in held:
        assert lock is not None
        lock.release()


def test_a_listener_that_does_not_answer_is_wrong(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    lock = capture_lock(store)
    assert lock.acquire(content="4321")
    with Edits(store) as edits:
        edits.set_state(
            "listener",
            {"url": f"http://127.0.0.1:{port}", "host": "127.0.0.1", "port": port, "loopback": True},
        )
        edits.set_state("trouble", {"text": "the disk is full", "since_us": 1})
    code, found = findings(store, capsys)
    lock.release()
    texts = [finding["text"] for finding in found if finding["about"] == "listener"]
    assert code == 1
    assert "does not answer: connection refused" in texts[0]
    assert "answered 503: the disk is full" in texts[1]


def test_salvage_says_how_many_of_how_many(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.db"
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        db.execute("DELETE FROM event WHERE id = 3")
    assert main(["--store", str(store), "doctor", "--salvage", str(new)]) == 1
    out = capsys.readouterr().out
    assert f"20 of 20 events are in {new}." in out
    assert "1 of them is not whole" in out
    code, _ = findings(new, capsys)
    assert code == 0
    assert main(["--store", str(new), "doctor", "--salvage", str(tmp_path / "newer.db"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["events"], told["whole"], told["of"]) == (20, 20, 20)
    assert main(["--store", str(new), "doctor", "--salvage", str(new)]) == 2
    assert "exists already" in capsys.readouterr().err
