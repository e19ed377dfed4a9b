"""The bare command: the screen, with a listener, on the user's store or on a throw-away one for the demo."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

from inspector.core.events import InspectorError


def open_screen(
    store: str | None,
    *,
    host: str | None,
    port: int | None,
    respond: str | None,
    tunnel: bool,
    listen_with: str | None,
    demo: bool,
    no_listen: bool,
) -> int:
    """Open the screen and return the exit code; InspectorError when there is no terminal to show it on."""
    _check_terminal()
    from inspector.config.config import read_config
    from inspector.config.state import State, state_path
    from inspector.store.place import store_path
    from inspector.tui.app import run_app
    from inspector.tui.preferences import preferences_from

    preferences = preferences_from(read_config(), State(state_path()))
    if demo and port is None:
        port = 0
    options = listen_options(host=host, port=port, respond=respond, tunnel=tunnel, more=listen_with)
    if not demo:
        return run_app(store_path(store), options=options, listen=not no_listen, preferences=preferences)
    if store or no_listen:
        raise InspectorError("--demo brings its own store and listener; leave --store and --no-listen out.")
    with tempfile.TemporaryDirectory(prefix="inspector-demo-") as folder:
        return run_app(
            Path(folder) / "events.db", options=options, preferences=preferences, on_ready=post_samples
        )


def listen_options(
    *,
    host: str | None = None,
    port: int | None = None,
    respond: str | None = None,
    tunnel: bool = False,
    more: str | None = None,
) -> list[str]:
    """The words after ``inspector listen`` that say the same; `more` are words as a shell reads them."""
    options: list[str] = []
    for name, value in (("--host", host), ("--port", port), ("--respond", respond)):
        if value is not None:
            options += [name, str(value)]
    if tunnel:
        options.append("--tunnel")
    if more is not None:
        try:
            options += shlex.split(more)
        except ValueError as error:
            raise InspectorError(f"--listen-with: {str(error).lower()}.") from None
    return options


def _check_terminal() -> None:
    if os.environ.get("TERM") == "dumb":
        raise InspectorError("this terminal cannot show a screen (TERM=dumb). Try: inspector listen")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InspectorError("there is no terminal to show a screen on. Try: inspector listen")


def post_samples(url: str) -> None:
    """Post the packaged sample payloads to a listener, a few a second, so that the screen comes to life."""
    import asyncio
    import time

    from inspector.cli.send import post_file

    for number, path in enumerate(sample_files()):
        asyncio.run(post_file(path, url, own=True))
        time.sleep(0.02 if number < 40 else 0.15)


def sample_files() -> list[Path]:
    """The sample payloads of the package (or of the checkout), in an order that tells a story."""
    package = Path(__file__).parent.parent
    folder = next(
        (
            place
            for place in (package / "sample_payloads", package.parent / "sample_payloads")
            if place.is_dir()
        ),
        None,
    )
    if folder is None:
        raise InspectorError("the sample payloads are missing from this installation.", code=3)
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".json", ".http")]
    return sorted(
        files,
        key=lambda path: (path.parent.name == "anchore" and path.name.startswith("user."), path.name[::-1]),
    )
