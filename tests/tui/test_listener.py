"""The screen and its capture process: first event, restart after a crash, tunnel, refused terminals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inspector.capture.child import Capture
from inspector.config.state import State
from inspector.core.events import InspectorError
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.tui.app import check_terminal, run_app
from inspector.tui.preferences import Preferences
from tests.tui.conftest import Staged
from tests.tui.screens_store import anchore, fill


async def test_first_start_says_where_it_listens_and_makes_a_first_event(
    capture: Capture, staged: Staged, tmp_path: Path
) -> None:
    """The empty screen has the address, a curl line and a key that posts a sample; the tour comes once."""
    preferences = Preferences(theme="dark", glyphs="unicode", state=State(tmp_path / "state" / "state.json"))
    async with staged(capture.path, (120, 36), capture, preferences) as stage:
        await stage.shows(
            f"curl {capture.url}/hello", "answers 200", "waiting for the first", "1  What arrives"
        )
        await stage.press("y")
        assert stage.app.clipboard.startswith(f"curl {capture.url}/hello -H 'Content-Type")
        await stage.press("enter")
        await stage.shows("Events 1", "following", "user.image.analysis.completed", "details")
        await stage.press("c")
        assert stage.app.clipboard == capture.url
    assert State(tmp_path / "state" / "state.json").get("tour") is True


async def test_a_killed_capture_process_is_started_again(capture: Capture, staged: Staged) -> None:
    """It is told at once, and nothing stored is lost."""
    async with staged(capture.path, (120, 36), capture) as stage:
        await stage.press("enter")
        await stage.shows("Events 1")
        pid = capture.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await stage.shows("The listener ended (signal 9)", "Nothing acknowledged")
        assert capture.pid != pid
        await stage.until(lambda: not stage.main.down)
        await stage.shows("Events 1", "● http://")


async def test_a_listener_that_keeps_ending_is_left_at_that(tmp_path: Path, staged: Staged) -> None:
    """After three restarts in a minute the status line says so and reading goes on."""
    store = fill(tmp_path / "events.db", [anchore("a.b", {})])
    with Edits(store) as edits:
        edits.set_state("listener", {"url": "http://127.0.0.1:1", "host": "127.0.0.1", "port": 1, "pid": 1})
    capture = Capture(store, ["--port", "no number"])
    async with staged(store, (120, 36), capture) as stage:
        await stage.shows("not listening", "what was stored is all here", "i what happened")
        await stage.press("i")
        await stage.shows("Everything that was stored is here", "s starts it again")


async def test_a_listener_that_ended_is_started_by_hand_or_joined(capture: Capture, staged: Staged) -> None:
    """What was stopped stays so until the user wants it; one that somebody else starts is joined."""
    async with staged(capture.path, (120, 36), capture) as stage:
        assert capture.pid is not None
        os.kill(capture.pid, signal.SIGTERM)
        await stage.shows("not listening: the listener was stopped")
        await stage.press("i", "s")
        await stage.shows("Listening on http://", "● http://")
        os.kill(capture.pid, signal.SIGTERM)
        await stage.shows("not listening: the listener was stopped")
        other = Capture(capture.path, ["--port", "0"])
        await asyncio.to_thread(other.start)
        await stage.shows("Joined the listener that was running", f"● {other.url}")
        assert other.stop()


async def test_a_store_that_takes_the_place_of_another_is_shown(tmp_path: Path, staged: Staged) -> None:
    """Ids mean other events there; nothing of the old store stays on the screen."""
    store = fill(tmp_path / "events.db", [anchore("old.a", {}), anchore("old.b", {})])
    async with staged(store, (120, 36)) as stage:
        await stage.shows("Events 2", "old.b")
        await stage.press("j", "m")
        fill(tmp_path / "new.db", [anchore("new.a", {"x": 1}), anchore("new.b", {})])
        for name in ("events.db", "events.db-wal", "events.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        await stage.pilot.pause(0.2)
        (tmp_path / "new.db").rename(store)
        await stage.shows("The store was deleted or replaced.", "Events 2   following", "new.b")
        await stage.detail(2)
        await stage.until(lambda: "old." not in stage.text)
        await stage.press("j")
        await stage.shows('"x": 1')


async def test_tunnel_is_opened_after_a_question_only(tmp_path: Path, staged: Staged) -> None:
    """The wish goes to the capture process as a setting; PUBLIC is shown, copied and closed again."""
    store = fill(tmp_path / "events.db", [anchore("a.b", {})])
    with Edits(store) as edits:
        edits.set_state("listener", {"url": "http://127.0.0.1:1", "host": "127.0.0.1", "port": 1, "pid": 1})
    async with staged(store, (80, 24)) as stage:
        await stage.press("t")
        await stage.shows("Open this listener to the internet?", "after 60 minutes")
        await stage.press("enter")
        with Reader(store) as reader:
            assert reader.setting("tunnel") is None
            await stage.press("t", "right", "shift+tab", "enter")
            await stage.until(lambda: reader.setting("tunnel") is not None)
            wish = reader.setting("tunnel")
            assert (wish["wanted"], wish["minutes"], wish["download"]) == (True, 15, False)
            with Edits(store) as edits:
                missing = "The ngrok program is not on this machine. The listener goes on."
                edits.set_state("tunnel", {"state": "failed", "error": missing})
            await stage.shows("tunnel failed", "The ngrok program is not")
            await stage.press("t")
            await stage.shows("Fetch the ngrok program?", "bin.ngrok.com", "Its maker gives no checksum")
            await stage.press("shift+tab", "enter")
            await stage.until(lambda: reader.setting("tunnel")["download"])
            with Edits(store) as edits:
                url = "https://8c1f.ngrok-free.app"
                edits.set_state("tunnel", {"state": "open", "url": url, "since_us": 1, "closes_us": None})
            await stage.shows(f"PUBLIC {url}", "The tunnel is open; c copies")
            await stage.press("c")
            assert stage.app.clipboard == url
            await stage.press("t")
            await stage.shows("Close the tunnel")
            await stage.press("left", "enter")
            await stage.until(lambda: not reader.setting("tunnel")["wanted"])
            with Edits(store) as edits:
                lost = "The tunnel closed; t opens it with a new address."
                edits.set_state("tunnel", {"state": "closed", "since_us": 2, "error": lost})
            await stage.shows("tunnel closed", "The tunnel closed; t opens it")


def test_a_terminal_that_cannot_show_a_screen_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line that says what to do, before anything is started."""
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(InspectorError, match=r"TERM=dumb\). Try: inspector listen") as refused:
        run_app(tmp_path / "new" / "events.db")
    assert refused.value.code == 2
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(InspectorError, match="no terminal"):
        check_terminal()


async def test_what_streams_in_moves_nothing_under_the_reader(
    capture: Capture, staged: Staged, tmp_path: Path
) -> None:
    """Through the real listener, while the cursor is elsewhere: it is counted above, the row stays, also in groups."""
    fill(capture.path, [anchore(f"user.kind{number % 2}", {"n": number}, number) for number in range(60)])

    def send(first: int) -> None:
        with closing(HTTPConnection(urlsplit(capture.url).netloc, timeout=30)) as connection:
            for number in range(first, first + 20):
                kind = anchore(f"user.kind{number % 2}", {"n": number}, number)
                connection.request("POST", "/hook", json.dumps(kind), {"Content-Type": "application/json"})
                assert connection.getresponse().read() is not None

    async with staged(capture.path, (120, 36), capture) as stage:
        events = stage.main.events

        def here() -> tuple[int | None, str]:
            rows = [events.render_line(y).text for y in range(events.size.height)]
            (at,) = [row for row in rows if row.startswith("›")]
            return rows.index(at), at

        await stage.detail(60)
        await stage.press(*["j"] * 9)
        await stage.detail(51)
        before = here()
        await asyncio.to_thread(send, 100)
        await stage.shows("Events 80   paused, 20 new above", "f newest (20 new)")
        assert here() == before
        assert events.cursor == 51
        await stage.press("b")
        await stage.shows("by type, 2", "user.kind1 ")
        await stage.press("L")
        await stage.until(lambda: len(events._rows) == 82)
        stage.main.go_from(51)
        await stage.detail(51)
        grouped = here()
        await asyncio.to_thread(send, 200)
        await stage.shows("Events 100   by type, 2   paused, 40 new above")
        await stage.until(lambda: len(events._rows) == 102)
        assert here() == grouped
        assert events.cursor == 51
        await stage.press("b", "b", "f")
        await stage.shows("Events 100   following")
        await stage.detail(100)
