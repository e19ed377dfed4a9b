"""The page in a real browser: the same screen, and nothing from anywhere else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from inspector.web import guard
from tests.web.browser import CHROMIUM, Navigated, chromium
from tests.web.serving import Serving

HOSTILE = "https://attacker.example/pwn"


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
async def test_the_screen_in_a_browser(tmp_path: Path) -> None:
    """Events appear, keys and clicks act, copying works, a window may change its size; nothing leaves the page."""
    with Serving(tmp_path) as serving:
        async with chromium(tmp_path / "profile") as browser, aiohttp.ClientSession() as sender:
            await browser.allow_clipboard(serving.origin)
            async with browser.tab(serving.url) as tab:
                await tab.wait_for("Nothing has arrived yet")
                assert await tab.value("document.title") == "inspector"
                assert serving.token not in await tab.value("location.href")
                payload = {"type": "order.paid", "details": {"place": HOSTILE}, "text": "\x1b]0;owned\x07"}
                async with sender.post(f"{serving.listener}/hook", json=payload) as answer:
                    assert answer.status == 200
                await tab.wait_for(r"order\.paid")

                # Keys go to the screen without a click, text is copied to the browser's clipboard.
                await tab.press("c")
                await tab.wait_for("Copied http")
                await tab.until(f"copied.includes('{serving.listener}')")
                await tab.press("?")
                await tab.wait_for("Take all marks away")
                await tab.press("?")
                await tab.wait_for("following")

                # An address in an event is text: a click on it moves the cursor, no more.
                lines = (await tab.wait_for(HOSTILE)).split("\n")
                row = next(number for number, line in enumerate(lines) if HOSTILE in line)
                column = lines[row].index(HOSTILE) + 10
                await tab.click(column, row)
                await tab.wait_for(r"details\.place")
                assert await tab.value("open('https://attacker.example')") is None
                assert await tab.value("document.title") == "inspector"
                assert len(await browser.pages()) == 2, "another tab was opened"

                # The window's size is the screen's; the terminal fills it.
                before = await tab.value("caught.terminal.cols")
                await tab.size(1600, 900)
                await tab.wait_for("sent +size")
                assert await tab.value("caught.terminal.cols") > before
                box = await tab.value(
                    "(() => { const {width, height} = document.querySelector('.xterm-screen')"
                    ".getBoundingClientRect(); return [width, height] })()"
                )
                assert 1570 < box[0] <= 1600
                assert 870 < box[1] <= 900

                # All that was asked for came from the page's own place, and a page that wanted more gets nothing.
                places = {urlsplit(url).netloc for url in tab.requested if not url.startswith("data:")}
                assert places == {urlsplit(serving.origin).netloc}
                assert any(url.startswith("ws://") for url in tab.requested)
                assert tab.problems == []
                elsewhere = serving.listener
                assert (
                    await tab.value(
                        f"fetch('{elsewhere}', {{mode: 'no-cors'}}).then(() => 'went', () => 'not allowed')"
                    )
                    == "not allowed"
                )

                # A screen that is left says so, and can be opened again.
                await tab.press("q")
                await tab.until("getComputedStyle(document.querySelector('#ended')).display != 'none'")
                with suppress(Navigated):
                    await tab.value("void document.querySelector('#ended button').click()")
                await tab.wait_for(r"order\.paid")
                await serving.screens_are(1)
            await serving.screens_are(0)
            async with browser.tab(serving.origin) as tab:
                await tab.until(f"document.body?.innerText.trim() === {guard.FORBIDDEN.strip()!r}")
