"""``inspector web`` over real sockets: who gets the page, what a tab's screen does, how all of it ends."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import signal
import sys
import tomllib
from pathlib import Path
from socket import create_server

import aiohttp
import pytest

from inspector.capture.asking import ask_pause
from inspector.capture.child import running
from inspector.cli import main
from inspector.store.place import capture_lock, pages
from inspector.web import guard, tab
from tests.processes import soon
from tests.web.serving import Serving

POLICY = "Content-Security-Policy"


async def painted(socket: aiohttp.ClientWebSocketResponse, wanted: bytes, seconds: float = 30.0) -> bytes:
    """What the screen paints until `wanted` is among it."""
    data = b""
    async with asyncio.timeout(seconds):
        while wanted not in data:
            message = await socket.receive()
            assert message.type is not aiohttp.WSMsgType.CLOSED, data
            if message.type is aiohttp.WSMsgType.BINARY:
                data += message.data
    return data


async def test_the_page_its_screens_and_their_end(tmp_path: Path) -> None:
    """Only the token opens it, from its own page; a tab is a screen; several share a listener; all end together."""
    with Serving(tmp_path) as serving:
        # A jar per browser: the cookie must come from the page.
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser, aiohttp.ClientSession() as stranger:

            async def refused(path: str, words: str, **headers: str) -> None:
                async with stranger.get(serving.origin + path, headers=headers) as answer:
                    assert (answer.status, await answer.text()) == (403, words)

            async with browser.get(serving.url) as answer:
                assert answer.status == 200
                text, policy = await answer.text(), answer.headers[POLICY]
                cookie = answer.headers["Set-Cookie"]
            assert "default-src 'none'" in policy
            assert not re.findall(r"https?:|//", text), "the page names another place"
            found = re.search(r'data-base="(/[\w-]+/)"', text)
            assert found is not None
            base = found[1]
            assert {"HttpOnly", "SameSite=Strict", f"Path={base}"} <= set(cookie.split("; "))
            assert serving.token not in text + cookie
            (told,) = pages(serving.store)
            assert json.loads(told) == {"pid": serving.process.pid, "url": serving.origin, "loopback": True}

            secret = cookie.partition(";")[0]
            await refused("/", guard.FORBIDDEN)
            await refused("/?token=", guard.FORBIDDEN)
            await refused(f"/?token={serving.token}x", guard.FORBIDDEN)
            await refused("/", guard.FORBIDDEN, Cookie=secret)
            for path in ("", "textual.js", "screen/dark", "download/x", "../"):
                await refused(base + path, guard.FORBIDDEN)
            await refused(f"/?token={serving.token}", guard.FOREIGN_NAME, Host="attacker.example")
            await refused(base, guard.FOREIGN_NAME, Host="attacker.example", Cookie=secret)
            await refused(base, guard.FOREIGN_PAGE, Origin="http://127.0.0.1:1", Cookie=secret)
            await refused(base, guard.FOREIGN_PAGE, Origin="http://[::1", Cookie=secret)
            socket_words = {"Upgrade": "websocket", "Connection": "Upgrade"}
            await refused(f"{base}screen/dark", guard.FOREIGN_PAGE, Cookie=secret, **socket_words)

            for name in ("textual.js", "page.js", "xterm.css", "page.css"):
                async with browser.get(f"{serving.origin}{base}{name}") as answer:
                    assert answer.status == 200
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
            async with browser.get(f"{serving.origin}{base}server.py") as answer:
                assert answer.status == 404

            address = f"{serving.origin}{base}screen/dark?width=120&height=30"
            first = await browser.ws_connect(address, origin=serving.origin)
            second = await browser.ws_connect(address, origin=serving.origin)
            await painted(first, b"Nothing has arrived yet")
            await painted(second, b"Nothing has arrived yet")
            assert len(serving.screens()) == 2
            async with stranger.post(serving.listener, json={"type": "order.paid"}) as answer:
                assert answer.status == 200
            await painted(first, b"order.paid")
            await painted(second, b"order.paid")

            # What is no message of a terminal changes nothing; a size is kept within reason.
            for words in ("{", "[]", '["resize", {"width": "a", "height": 1e9}]', '["stdin", 1]', '["x"]'):
                await first.send_str(words)
            await first.send_str("[" * 100_000)
            await first.send_str(json.dumps(["stdin", "?"]))
            await painted(first, b"Take all marks away")

            # The tab that is closed, and the screen that is left, end alone.
            await first.close()
            await serving.screens_are(1)
            await second.send_str(json.dumps(["stdin", "q"]))
            while (await second.receive()).type is not aiohttp.WSMsgType.CLOSED:
                pass
            await serving.screens_are(0)
            assert capture_lock(serving.store).is_held_elsewhere(), "the listener goes on without a tab"

            third = await browser.ws_connect(address, origin=serving.origin)
            await painted(third, b"order.paid")
            assert serving.end() == 0
            assert serving.screens() == []
            assert not capture_lock(serving.store).is_held_elsewhere()
            await third.close()
    assert "Stopped listening." in serving.errors
    assert "Traceback" not in serving.errors


async def test_nothing_is_left_of_one_that_was_killed(tmp_path: Path) -> None:
    """kill -9 leaves no screen and no listener; a listener that was killed is started again without a tab."""
    script = tmp_path / "browser"
    script.write_text(
        f'#!/bin/sh\necho "$1" > {tmp_path}/opened.part; mv {tmp_path}/opened.part {tmp_path}/opened\n'
    )
    script.chmod(0o700)
    with Serving(tmp_path, "--open", environment={**os.environ, "BROWSER": f"{script} %s"}) as serving:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            opened = tmp_path / "opened"
            await soon(opened.exists)
            url = opened.read_text().strip()
            assert serving.token not in url, "a command line can be read by others"
            async with browser.get(url) as answer:
                assert answer.status == 200
                found = re.search(r'data-base="([^"]+)"', await answer.text())
            assert found is not None
            async with browser.get(url) as answer:
                assert answer.status == 403, "it is good for one page"

            await asyncio.to_thread(ask_pause, serving.store, True)
            os.kill(serving.capture, signal.SIGKILL)
            await soon(lambda: "started again" in serving.errors)
            listener = running(serving.store)
            assert listener is not None
            async with browser.post(listener["url"], json={}) as answer:
                assert answer.status == 503, "the pause outlives the crash"
            socket = await browser.ws_connect(
                f"{serving.origin}{found[1]}screen/light?width=80&height=24", origin=serving.origin
            )
            await painted(socket, b"paused: 503")
            serving.process.kill()
            await serving.screens_are(0)
            await soon(lambda: not capture_lock(serving.store).is_held_elsewhere())
            await socket.close()


def test_what_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--store", str(tmp_path / "events.db"), "web"]
    assert main([*words, "--no-listen", "--port", "0"]) == 2
    assert "no store" in capsys.readouterr().err
    assert main([*words, "--demo"]) == 2
    assert "--demo brings its own store" in capsys.readouterr().err
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([*words, "--port", "0", "--listen-with", f"--port {port}"]) == 2
    told = capsys.readouterr().err
    assert f"port {port} is taken" in told
    assert "For the listener: --listen-with '--port N'." in told
    (tmp_path / "events.db").unlink(missing_ok=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"inspector: the page needs textual-serve: {sys.executable} -m pip install '")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert told.rstrip().split("'")[1] in project["optional-dependencies"]["web"]
    assert not (tmp_path / "events.db").exists()


def test_names_it_answers_to() -> None:
    ours = guard.Guard(["box.example", "0.0.0.0"])
    for host in ("127.0.0.1:8586", "localhost:1", "[::1]:8586", "192.0.2.7", "Box.Example.:80"):
        assert ours._is_ours(host), host
    for host in (
        "",
        "attacker.example:8586",
        "localhost.attacker.example",
        "127.0.0.1:80;x",
        "a@127.0.0.1",
        "[x]",
    ):
        assert not ours._is_ours(host), host


async def test_a_screen_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab, "END_S", 0.2)
    stubborn = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint(1, flush=True)\ntime.sleep(60)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", stubborn, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    await tab._end(process)
    assert process.returncode == -signal.SIGKILL
    await process.stdout.read()
