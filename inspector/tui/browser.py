"""A screen for a browser's tab: ``python -m inspector.tui.browser [--no-listen] STORE [OPTION…]``.

It speaks the protocol of Textual's web driver on its standard streams; `inspector.web.tab` is the other side. The
options are those of ``inspector listen``, should the listener have to be started again.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App
from textual.drivers.web_driver import WebDriver

from inspector.config.config import read_config
from inspector.config.state import State, state_path
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.tui.app import run_app
from inspector.tui.preferences import preferences_from


class BrowserDriver(WebDriver):
    """Textual's web driver, which also notices that nobody is there any more."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._write = partial(_write, self.fileno)

    def run_input_thread(self) -> None:
        """Read until the input ends: the tab is closed, or the server gone, as a terminal may be."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            os.kill(os.getpid(), signal.SIGHUP)


def _write(descriptor: int, data: bytes) -> int:
    """Write all of `data`, or nothing where nobody reads: the input ends, too, and that ends the screen."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except BrokenPipeError:
        pass
    return len(data)


def main() -> int:
    """Show the screen; returns the exit code."""
    words = sys.argv[1:]
    listen = words[0] != "--no-listen"
    store, *options = words if listen else words[1:]
    try:
        preferences = preferences_from(read_config(), State(state_path()))
        return run_app(
            Path(store), options=options, listen=listen, preferences=preferences, driver=BrowserDriver
        )
    except InspectorError as error:
        print(f"inspector: {visible(str(error))}", file=sys.stderr)
        return error.code


if __name__ == "__main__":
    sys.exit(main())
