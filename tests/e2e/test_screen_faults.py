"""What happens to a screen does not happen to capture: frozen, closed, crashed; and a clock that jumps."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from inspector.capture.child import running
from inspector.store.reader import Reader
from tests.e2e.load import Capture, Load, Sender, check_all_there, kill
from tests.e2e.terminal import ROOT, Terminal
from tests.processes import is_running, until

ALTERNATE_SCREEN_OFF = b"\x1b[?1049l"
FROZEN_S = 3.0


def port_of(terminal: Terminal) -> int:
    """The port that the screen says."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)", terminal.wait_for(r"● http://127\.0\.0\.1:\d+"))
    assert found is not None
    return int(found[1])


def capture_pid(store: Path) -> int:
    """Process id of the capture process."""
    return int(store.with_name("events.db.lock").read_text())


def wait_for_paint(terminal: int) -> None:
    """Read a terminal until the screen tells its address."""
    painted = b""
    while b"127.0.0.1" not in painted:
        assert select.select([terminal], [], [], 15)[0], painted
        painted += os.read(terminal, 65_536)


@pytest.mark.alone
def test_a_frozen_screen_costs_no_event_and_no_time(tmp_path: Path) -> None:
    """The screen is stopped for some seconds under load; then it shows what has come meanwhile."""
    store = tmp_path / "events.db"
    with Terminal("--store", str(store), "--port", "0") as terminal:
        port = port_of(terminal)
        with closing(Sender(port, "first", lambda chance: 200)) as sender:
            assert sender.post() == 200
            terminal.wait_for("Events 1")
            terminal.process.send_signal(signal.SIGSTOP)
            load = Load(port, "load", 4, lambda chance: 1000)
            slowest, end = 0.0, time.monotonic() + FROZEN_S
            while time.monotonic() < end:
                began = time.monotonic()
                assert sender.post() == 200
                slowest = max(slowest, time.monotonic() - began)
            told = load.stop()
            told.absorb(sender.told)
            terminal.process.send_signal(signal.SIGCONT)
            assert set(told.statuses) == {200}
            assert slowest < 0.5
            terminal.wait_for(f"Events {len(told.bodies):,}")
        terminal.send("q")
        assert terminal.wait() == 0
    check_all_there(store, told)


def test_a_closed_terminal_ends_the_screen_and_what_it_started(tmp_path: Path) -> None:
    """As when a window is closed or a connection drops: nothing of it stays, and every event does."""
    store = tmp_path / "events.db"
    pid, terminal = pty.fork()
    if pid == 0:
        words = [sys.executable, "-m", "inspector", "--store", str(store), "--port", "0"]
        os.execve(words[0], words, {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)})
    try:
        wait_for_paint(terminal)
        listener = running(store)
        assert listener is not None
        with closing(Sender(listener["port"], "one", lambda chance: 200)) as sender:
            assert [sender.post() for _ in range(5)] == [200] * 5
    finally:
        os.close(terminal)
        ended = until(lambda: os.waitpid(pid, os.WNOHANG)[0], 20)
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert ended
    assert until(lambda: not is_running(listener["pid"]), 20)
    check_all_there(store, sender.told)


def test_a_terminal_that_goes_without_a_signal_ends_the_screen_too(tmp_path: Path) -> None:
    """As when it is not the controlling one: all that tells of it is that nothing can be written any more."""
    store = tmp_path / "events.db"
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "inspector", "--store", str(store), "--port", "0"]
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        words, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    ) as screen:
        os.close(slave)
        try:
            wait_for_paint(master)
            listener = running(store)
            assert listener is not None
            with closing(Sender(listener["port"], "one", lambda chance: 200)) as sender:
                os.close(master)
                assert sender.post() == 200  # so that there is something to paint
                screen.wait(10)
        finally:
            screen.kill()
    assert until(lambda: not is_running(listener["pid"]), 10)
    check_all_there(store, sender.told)


CRASH = """
import gc, os, sys, threading, time
def crash():
    while not os.path.exists(os.environ["CRASH_WHEN"]):
        time.sleep(0.05)
    if "inspector.tui.app" in sys.modules:
        gc.unfreeze()  # what was there at the first paint is in no collection otherwise
        for thing in gc.get_objects():
            if type(thing).__name__ == "InspectorApp":
                thing.call_later(lambda: 1 / 0)
threading.Thread(target=crash, daemon=True).start()
"""
"""Runs at the start of every Python of a test: a screen's loop divides by zero once a file is there."""


def test_a_crash_of_the_screen_gives_the_terminal_back_and_loses_nothing(tmp_path: Path) -> None:
    store, when = tmp_path / "events.db", tmp_path / "now"
    (tmp_path / "sitecustomize.py").write_text(CRASH)
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    environment = {"PYTHONPATH": path, "CRASH_WHEN": str(when)}
    with Terminal("--store", str(store), "--port", "0", environment=environment) as terminal:
        with closing(Sender(port_of(terminal), "one", lambda chance: 200)) as sender:
            assert [sender.post() for _ in range(5)] == [200] * 5
        pid = capture_pid(store)
        when.touch()
        assert terminal.wait() == 3
        assert ALTERNATE_SCREEN_OFF in terminal.bytes
        assert until(lambda: not is_running(pid), 20)
    check_all_there(store, sender.told)


LISTENING = re.compile(r"^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A \S+ \S+ \S+ +\d+ +\d+ (\d+) ", re.MULTILINE)


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="the sockets of a process are listed on Linux only"
)
def test_only_loopback_is_listened_on(tmp_path: Path) -> None:
    """Of every process that belongs to the listener, every listening socket."""
    with Capture(tmp_path / "data" / "events.db") as capture:
        found = []
        own = set()
        for pid in (capture.pid, capture.writer_pid):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                name = str(descriptor.readlink())
                if name.startswith("socket:["):
                    own.add(name[8:-1])
        for table in ("tcp", "tcp6"):
            path = Path(f"/proc/net/{table}")
            for address, port, inode in LISTENING.findall(path.read_text() if path.exists() else ""):
                if inode in own:
                    found.append((address, int(port, 16)))
        loopback = {"0100007F", "00000000000000000000000001000000"}
        assert {address for address, _ in found} <= loopback
        assert {port for _, port in found} == {capture.port}


CLOCK = """
import os, time
real = time.time_ns
def shifted():
    try:
        with open(os.environ["CLOCK_SHIFT"]) as file:
            return real() + int(file.read())
    except (OSError, ValueError):
        return real()
time.time_ns = shifted
"""
"""Runs at the start of every Python of a test: the wall clock goes wrong by what a file says, nanoseconds."""


def test_a_clock_that_jumps_changes_no_order_and_no_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour back, then to the year 2040: events stay in the order of their arrival, a deadline is what it was."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(CLOCK)
    shift = tmp_path / "shift"
    monkeypatch.setenv("CLOCK_SHIFT", str(shift))
    monkeypatch.setattr("tests.e2e.load.ROOT", f"{tmp_path / 'python'}{os.pathsep}{ROOT}")
    store = tmp_path / "data" / "events.db"
    hour, years = 3600, 14 * 365 * 86_400
    with Capture(store, "--head-deadline", "1s") as capture:
        with closing(Sender(capture.port, "one", lambda chance: 100)) as sender:
            for seconds in (0, -hour, years, 0):
                shift.write_text(str(seconds * 1_000_000_000))
                assert sender.post() == 200
        with socket.create_connection(("127.0.0.1", capture.port), timeout=30) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\n")
            began = time.monotonic()
            shift.write_text(str(years * 1_000_000_000))
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
            assert 0.5 < time.monotonic() - began < 20
        kill(capture.pid, signal.SIGTERM)
        assert capture.wait() == 0
    with Reader(store) as reader:
        events = reader.events(reader.ids())
    told = [round((event.received_us - events[0].received_us) / 1e6) for event in events[:4]]
    assert told == pytest.approx([0, -hour, years, 0], abs=5)
    with closing(sqlite3.connect(store)) as db:
        clocks = [row[0] for row in db.execute("SELECT monotonic_ns FROM event ORDER BY id")]
    assert clocks == sorted(clocks)
    listed = subprocess.run(
        [sys.executable, "-m", "inspector", "--store", str(store), "events", "--json"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert listed.returncode == 0
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [1, 2, 3, 4, 5]
