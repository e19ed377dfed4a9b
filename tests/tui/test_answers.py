"""What senders are answered, chosen on the screen; a pause; and what the status line says of it all."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inspector.capture.child import NOT_STORED, Capture
from inspector.store.edits import Edits
from inspector.store.place import capture_lock
from inspector.store.reader import Reader
from inspector.tui.app import _after
from inspector.tui.screens.answers_dialog import AnswersDialog
from inspector.tui.widgets.status_line import Status, StatusLine
from tests.tui.conftest import Staged
from tests.tui.host import Host, rows
from tests.tui.screens_store import HOSTILE, Stage, anchore, fill, lines_of


async def answered(capture: Capture, target: str = "/hooks/a") -> int | None:
    """The status that a sender gets; None when it gets none."""

    def post() -> int | None:
        with closing(HTTPConnection(urlsplit(capture.url).netloc, timeout=30)) as connection:
            try:
                connection.request("POST", target, b'{"type":"a.b"}')
                return connection.getresponse().status
            except (RemoteDisconnected, ConnectionResetError):
                return None

    return await asyncio.to_thread(post)


async def test_answers_are_chosen_and_paused_on_a_listener_that_was_joined(
    capture: Capture, staged: Staged
) -> None:
    """In one place: a letter, a line with its mistake, a pause and back; each event has the answer it got."""
    joined = Capture(capture.path)
    joined.start()
    async with staged(capture.path, (120, 36), joined) as stage:
        await stage.press("a")
        await stage.shows(
            "Now     every request  200 OK", "hangs up without a word", "typing begins your own"
        )
        await stage.press("f")
        await stage.shows("The listener answers 503.", "● " + capture.url + "   answers 503")
        assert await answered(capture) == 503
        await stage.shows("answered 503")
        await stage.press("a", *"5x")
        await stage.shows("the answer '5x' is not understood", "enter sets it")
        await stage.press("enter", "backspace", "backspace")
        await stage.type("PUT 405; /hooks/* 500,201 with X-A: b", "enter")
        await stage.shows("answers by 2 rules", "The listener answers by 2 rules.")
        assert [await answered(capture) for _ in range(3)] == [500, 201, 201]
        await stage.press("p")
        await stage.shows("paused: 503", "Paused: senders get 503", "p answer again")
        assert await answered(capture) == 503
        assert _after(capture.path, joined, False).endswith(
            "senders get 503 until inspector respond --resume"
        )
        await stage.shows("Events 5", "#5")
        await stage.press("a")
        await stage.shows(
            "until p. After that", "Then    PUT", "all else  200 OK", "PUT 405; /hooks/* 500,201 with X-A: b"
        )
        await stage.press("x")
        await stage.shows("Still paused, senders get 503.")
        await stage.press("p")
        await stage.shows("No longer paused", "drops connections")
        assert await answered(capture) is None
        await stage.shows("not answered")
        await stage.press("p", "p", "a", "u")
        await stage.shows("   answers 200")
        assert await answered(capture) == 200
        await stage.press("3")
        await stage.shows("answered 200")
        with Reader(capture.path) as reader:
            statuses = [event.status for event in reader.events(reader.ids())]
        assert statuses == [503, 500, 201, 201, 503, None, 200]


async def test_a_pause_outlives_a_crash_of_the_listener(capture: Capture, staged: Staged) -> None:
    """Nobody is answered 200 whom the user did not want to be; `a` and `p` say when nothing listens."""
    async with staged(capture.path, (80, 24), capture) as stage:
        await stage.press("p")
        await stage.shows("paused: 503")
        assert capture.pid is not None
        os.kill(capture.pid, signal.SIGKILL)
        await stage.shows("The listener ended (signal 9)")
        await stage.until(lambda: not stage.main.down)
        assert await answered(capture) == 503
        await stage.shows("paused: 503", "Events 1")
        stage.main.down = "not listening"
        stage.main.action_pause()  # at once: the next look at the listener finds that it listens
        await stage.shows("Nothing listens, so nobody is")


async def test_trouble_is_told_from_the_store_and_from_the_log(tmp_path: Path, staged: Staged) -> None:
    """Why senders get 503 stands in the status line, also when it cannot be written into the store."""
    store = fill(tmp_path / "events.db", [anchore("a.b", {})])
    lock, log = capture_lock(store), store.with_name("events.db.log")
    assert lock.acquire(content="1")
    with Edits(store) as edits:
        listener = {"url": "http://0.0.0.0:1", "host": "0.0.0.0", "port": 1, "pid": 1, "loopback": False}
        listener |= {"beside": f"process 7 ({HOSTILE})"}
        edits.set_state("listener", listener)
        async with staged(store, (120, 36)) as stage:
            await stage.shows("other machines can reach it")
            edits.set_state("trouble", {"text": f"the disk is full {HOSTILE}"})
            await stage.shows(
                "503: the disk is full \\x1b]0;owned", "Events cannot be stored", "i what happened"
            )
            edits.set_state("trouble", None)
            await stage.shows("Events are stored again.")
            log.write_text(f"2099-01-01T00:00:00Z {NOT_STORED}the store was replaced\n")
            await stage.shows("503: the store was replaced")
            await stage.press("i")
            await stage.shows(
                "Events cannot be stored, senders get 503: the store was replaced",
                "Other machines can reach it, by this machine's name or address in place of 0.0.0.0",
                "At this port, process 7 (\\x1b]0;owned",
            )
    lock.release()


@pytest.mark.parametrize("key", ["z", "t"])
async def test_the_dialog_goes_by_the_keys_that_were_chosen(key: str) -> None:
    """It says which key ends a pause, and the key that opened it closes it, unless it is one of its letters."""
    app = Stage(AnswersDialog({"paused": True, "rules": {"rules": [], "default": {"status": 200}}}))
    app.set_keymap({"pause": "f7", "answers": key})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "every sender gets 503 until f7." in "\n".join(lines_of(app))
        await pilot.press(key)
        await pilot.pause()
    (result,) = app.results
    assert (result is None) is (key == "z")


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_what_matters_is_never_left_out_of_the_status_line(width: int) -> None:
    """An answer that is not the usual one, that others reach it, and an open tunnel."""
    line = StatusLine()
    public = {"state": "open", "url": "https://8c1f.ngrok-free.app", "since_us": 0}
    async with Host(line).run_test(size=(width, 3)) as pilot:
        for status, wanted in (
            (Status("http://127.0.0.1:8585", True, answers="answers 200"), ["200"]),
            (Status("http://127.0.0.1:8585", True, answers="paused: 503", paused=True), ["paused: 503"]),
            (Status("http://0.0.0.0:8585", True, answers="answers by 3 rules", exposed=True), ["by 3 rules"]),
            (Status("http://127.0.0.1:8585", True, answers="answers 503", tunnel=public), ["503", "PUBLIC"]),
            (
                Status("http://127.0.0.1:8585", True, answers="answers 503", trouble="disk full"),
                ["503: disk"],
            ),
        ):
            line.status = status
            await pilot.pause()
            (text,) = rows(line)
            assert all(word in text for word in wanted), text
            if status.exposed:
                assert "other machines can reach it" in text or "on the network" in text, text
