"""A page in headless Chromium, driven over the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_WATCH = """
Object.defineProperty(Object.prototype, "fitAddon", {configurable: true, set(value) {
  globalThis.caught = this;
  Object.defineProperty(this, "fitAddon", {value, writable: true, configurable: true, enumerable: true});
}});
globalThis.copied = [];
const copy = navigator.clipboard.writeText.bind(navigator.clipboard);
navigator.clipboard.writeText = (text) => copy(text).then(() => { copied.push(text); });
"""
"""The terminal of the page is nobody's property; this sees it being made, and what is copied."""

_TEXT = """
(() => {
  const buffer = globalThis.caught?.terminal.buffer.active;
  if (!buffer) return "";
  return Array.from({length: buffer.length}, (_, row) => buffer.getLine(row)?.translateToString(true)).join("\\n");
})()
"""


class Navigated(Exception):
    """The page went to another address, or was loaded again, while it was asked."""


class Tab:
    """One tab of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self.session = ""
        self.requested: list[str] = []
        """Address of everything that the page asked for, websockets included."""
        self.problems: list[str] = []
        """What the page complained of: violated policies, exceptions, failed requests."""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                waiting = self._waiting.pop(told["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(told)
                continue
            match told["method"], told["params"]:
                case "Network.requestWillBeSent", values:
                    self.requested.append(values["request"]["url"])
                case "Network.webSocketCreated", values:
                    self.requested.append(values["url"])
                case "Runtime.exceptionThrown", values:
                    self.problems.append(json.dumps(values["exceptionDetails"])[:500])
                case "Log.entryAdded", values if values["entry"]["level"] == "error":
                    self.problems.append(values["entry"]["text"])

    async def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Call a method of the protocol; returns its result.

        Raises:
            Navigated: the page that should answer is gone.
        """
        self._number += 1
        waiting = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        call = {"id": self._number, "method": method, "params": values}
        await self._socket.send_json({**call, "sessionId": self.session} if self.session else call)
        told = await asyncio.wait_for(waiting, 30)
        if "navigated" in told.get("error", {}).get("message", ""):
            raise Navigated(method)
        assert "error" not in told, f"{method}: {told['error']}"
        result: dict[str, Any] = told["result"]
        return result

    async def value(self, expression: str) -> Any:
        """What a line of JavaScript gives."""
        told = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def text(self) -> str:
        """What stands in the terminal of the page; nothing while it is loaded."""
        try:
            return str(await self.value(_TEXT))
        except Navigated:
            return ""

    async def wait_for(self, wanted: str, seconds: float = 30.0) -> str:
        """Wait until the terminal's text matches a pattern; returns the text."""
        deadline = asyncio.get_running_loop().time() + seconds
        while re.search(wanted, text := await self.text()) is None:
            assert asyncio.get_running_loop().time() < deadline, (
                f"{wanted!r} does not come. {self.problems}\n{text}"
            )
            await asyncio.sleep(0.05)
        return text

    async def until(self, expression: str, seconds: float = 30.0) -> None:
        """Wait until a line of JavaScript is true."""
        async with asyncio.timeout(seconds):
            while True:
                with suppress(Navigated):
                    if await self.value(expression):
                        return
                await asyncio.sleep(0.05)

    async def press(self, key: str) -> None:
        """Press a key that writes one character."""
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def click(self, column: int, row: int) -> None:
        """Click a cell of the terminal, counted from 0."""
        where = await self.value(
            "(() => { const box = document.querySelector('.xterm-screen').getBoundingClientRect();"
            "const {cols, rows} = globalThis.caught.terminal;"
            f"return [box.x + ({column} + 0.5) * box.width / cols, box.y + ({row} + 0.5) * box.height / rows] }})()"
        )
        place = {"x": where[0], "y": where[1], "button": "left", "clickCount": 1}
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, **place)

    async def size(self, width: int, height: int, scheme: str = "dark") -> None:
        """Give the window a size in pixels, and the reader a liking for dark or light."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        await self.call(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    async def picture(self) -> bytes:
        """The page as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


class Browser:
    """A running Chromium."""

    def __init__(self, client: aiohttp.ClientSession, address: str) -> None:
        self._client = client
        self._address = address

    @asynccontextmanager
    async def tab(
        self, url: str, width: int = 1200, height: int = 700, scheme: str = "dark"
    ) -> AsyncIterator[Tab]:
        """A tab that shows `url`; closed at the end."""
        async with self._client.ws_connect(self._address, max_msg_size=0) as socket:
            tab = Tab(socket)
            made = await tab.call("Target.createTarget", url="about:blank", newWindow=True)
            attached = await tab.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)
            tab.session = attached["sessionId"]
            for domain in ("Page", "Network", "Runtime", "Log"):
                await tab.call(f"{domain}.enable")
            await tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
            await tab.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
            await tab.size(width, height, scheme)
            await tab.call("Page.navigate", url=url)
            yield tab
            tab.session = ""
            await tab.call("Target.closeTarget", targetId=made["targetId"])

    async def allow_clipboard(self, origin: str) -> None:
        """Answer the question for the clipboard with yes."""
        allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        await self._call("Browser.grantPermissions", origin=origin, permissions=allowed)

    async def pages(self) -> list[str]:
        """Addresses of all open tabs."""
        told = await self._call("Target.getTargets")
        return [target["url"] for target in told["targetInfos"] if target["type"] == "page"]

    async def _call(self, method: str, **values: Any) -> dict[str, Any]:
        async with self._client.ws_connect(self._address, max_msg_size=0) as socket:
            return await Tab(socket).call(method, **values)


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Browser]:
    """A headless Chromium with a profile of its own in `folder`."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--disable-3d-apis",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(folder)},
    )
    assert process.stderr is not None
    try:
        found = None
        while found is None:
            line = await asyncio.wait_for(process.stderr.readline(), 30)
            assert line, "chromium ended at its start"
            found = re.search(rb"DevTools listening on (ws://\S+)", line)
        draining = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as client:
            yield Browser(client, found[1].decode())
        # Its socket is in a folder beside all profiles, which stays when it is told to end.
        linked = folder / "SingletonSocket"
        left = linked.readlink().parent if linked.is_symlink() else None
        process.terminate()
        await draining
        if left is not None and left.name.startswith("org.chromium"):
            shutil.rmtree(left, ignore_errors=True)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
