"""The page with a stand-in for the screen: how it is started, how many there may be, what is said."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import aiohttp
import pytest

from inspector.capture.address import bind, url_of
from inspector.web import run, server
from inspector.web.guard import Guard

STAND_IN = """
import os, sys
def paint(text):
    data = text.encode()
    os.write(1, b"D" + len(data).to_bytes(4, "big") + data)
os.write(1, b"__GANGLION__\\n")
paint(repr((sys.argv[1:], os.environ["COLUMNS"], os.environ["ROWS"], os.environ["COLORFGBG"])))
for letter, text in ((b"M", b'{"type": "open_url", "url": "https://attacker.example", "new_tab": true}'), (b"P", b"x")):
    os.write(1, letter + len(text).to_bytes(4, "big") + text)
paint("end")
while os.read(0, 4096):
    pass
"""
ARGUMENT = "a b; touch here $(touch here) `touch here` 'x"


async def test_a_screen_is_a_program_and_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shell reads them; a tab too many is told so; a screen cannot have the browser open anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(server, "MAX_TABS", 1)
    guard = Guard()
    page = server.Page(guard, [sys.executable, "-c", STAND_IN, ARGUMENT])
    sockets = bind("127.0.0.1", 0)
    await page.start(sockets)
    origin = url_of(sockets[0])
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            async with browser.get(f"{origin}/", params={"token": guard.token}) as answer:
                assert answer.status == 200
            address = f"{origin}{guard.base}screen/light?width=99999&height=x"
            async with browser.ws_connect(address, origin=origin) as first:
                assert await first.receive_bytes() == repr(([ARGUMENT], "1000", "80", "0;15")).encode()
                assert await first.receive_bytes() == b"end", "what asks for more than painting is left out"
                async with browser.ws_connect(address, origin=origin) as second:
                    assert (
                        await second.receive_bytes()
                        == b"As many screens as may be (1) are open; close one of their tabs."
                    )
                    assert (await second.receive()).type is aiohttp.WSMsgType.CLOSE
    finally:
        await page.stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("192.0.2.7", True)])
def test_others_that_can_reach_it_are_warned_of(
    host: str, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = run.WebOptions(tmp_path / "events.db", host, 8586, listen=False)
    page = server.Page(Guard([host]), [])
    run._Run(options, page, None, f"http://{host}:8586")._tell(loopback=not warned)
    out, err = capsys.readouterr()
    assert out == f"http://{host}:8586/?token={page.guard.token}\n"
    assert ("Warning: others can reach this page" in err) is warned
    assert re.search("nothing listens", err)
