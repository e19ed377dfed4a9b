"""``inspector doctor``: is the store whole, who listens, is anything exposed; and what can be saved if
not."""

from __future__ import annotations

import json
import platform
import socket
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from inspector import __version__
from inspector.cli.arguments import json_option
from inspector.cli.output import emit, narrate, style
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.store.doctor import Finding, examine
from inspector.store.place import beside, capture_lock, pages, refuse_what_is_no_file, store_path
from inspector.store.reader import Reader

_LIBRARIES = ("aiohttp", "textual", "click", "platformdirs", "pygments", "pyngrok", "brotli")
_ANSWER_S = 2.0
_SIGNS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}
_LOOKS: dict[str, dict[str, Any]] = {
    "ok": {"fg": "green"},
    "note": {"fg": "yellow"},
    "wrong": {"fg": "red", "bold": True},
}


@click.command("doctor", short_help="Is the store whole, who listens, is anything exposed.")
@json_option
@click.option(
    "--salvage",
    "new_store",
    metavar="PATH",
    default=None,
    help="Copy what can be read of a damaged store into a new one.",
)
@click.pass_obj
def doctor_command(store: str | None, as_json: bool, new_store: str | None) -> int:
    """Look whether the store is whole, who listens, and whether anything is exposed.

    Every body is held against its SHA-256, so it takes a while for a large store. Nothing is written; only
    --salvage writes, into a new store, and leaves the damaged one as it is. Exit code 1 when something is
    wrong.
    """
    path = store_path(store)
    if not path.exists():
        raise InspectorError(
            f"there is no store at {path}. Start inspector or inspector listen, or use --store PATH."
        )
    refuse_what_is_no_file(path)
    if new_store is not None:
        return _salvage(path, Path(new_store).expanduser().absolute(), as_json)
    levels: Counter[str] = Counter()
    for finding in _findings(path):
        levels[finding.level] += 1
        if as_json:
            emit(finding.as_json())
        else:
            _print(finding)
    if not as_json:
        wrong = levels["wrong"]
        print()
        print(
            f"{units.count(wrong, 'thing')} {'is' if wrong == 1 else 'are'} wrong."
            if wrong
            else "Nothing is wrong."
        )
    return 1 if levels["wrong"] else 0


def _findings(path: Path) -> Iterator[Finding]:
    yield _versions()
    yield from examine(path, _told)
    yield from _listening(path)
    yield from _pages(path)


def _print(finding: Finding) -> None:
    sign = style(_SIGNS[finding.level], **_LOOKS[finding.level])
    print(f"{sign}  {visible(finding.text)}")
    if finding.advice:
        print(style(f"       → {visible(finding.advice)}", dim=finding.level == "note"))
    sys.stdout.flush()


def _told(what: str, done: int, of: int) -> None:
    if not sys.stderr.isatty():
        return
    text = f"{what}: {units.count(done)} of {units.count(of)}" if of else f"{what} …"
    print(f"\r\x1b[K{'' if of and done >= of else text}", end="", file=sys.stderr, flush=True)


def _versions() -> Finding:
    parts = [
        f"inspector {__version__}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"{platform.system()} {platform.release()}",
    ]
    missing = []
    for name in _LIBRARIES:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        text = f"{', '.join(parts)}; not installed: {', '.join(missing)}."
        return Finding("versions", "wrong", text, "Install inspector anew.")
    return Finding("versions", "ok", f"{', '.join(parts)}.")


# -- who listens, and who can reach it


def _listening(path: Path) -> Iterator[Finding]:
    if not capture_lock(path).is_held_elsewhere():
        yield Finding("listener", "ok", "Nothing listens for this store.")
        return
    try:
        with Reader(path) as reader:
            told, tunnel = reader.state("listener"), reader.state("tunnel")
            trouble = reader.state("trouble")
    except (InspectorError, sqlite3.Error, ValueError):
        told = tunnel = trouble = None
    pid = _pid(path)
    who = f"Process {pid}" if pid else "A process"
    if not isinstance(told, dict) or not isinstance(told.get("port"), int):
        yield Finding(
            "listener",
            "note",
            f"{who} holds this store, but does not say where it listens: it starts or ends.",
        )
        return
    host, port = str(told.get("host")), told["port"]
    failed = _connect(host, port)
    if failed is None:
        yield Finding("listener", "ok", f"{who} listens on {told.get('url')}, and it answers.")
    else:
        yield Finding(
            "listener",
            "wrong",
            f"{who} holds this store and should listen on {told.get('url')}, but does not answer: {failed}.",
            f"End process {pid}, and start inspector again." if pid else "End it, and start inspector again.",
        )
    if isinstance(trouble, dict) and trouble.get("text"):
        yield Finding(
            "listener", "wrong", f"Events cannot be stored, and senders are answered 503: {trouble['text']}."
        )
    yield from _exposed(host, told, tunnel)


def _exposed(host: str, told: dict[str, Any], tunnel: Any) -> Iterator[Finding]:
    open_ = isinstance(tunnel, dict) and tunnel.get("state") == "open"
    if not told.get("loopback"):
        yield Finding(
            "exposed",
            "note",
            f"It listens on {host}, which other machines can reach. "
            "They can send events; nothing can be read.",
            "Start it without --host to listen on this machine only.",
        )
    if told.get("beside"):
        yield Finding(
            "exposed",
            "note",
            f"At its port, {told['beside']} listens on [::1]: senders that are given localhost may reach that one.",
            f"Give them {told.get('url')}, or start it with another --port.",
        )
    if open_:
        since = tunnel.get("since_us")
        age = f", opened {units.ago(since, time.time_ns() // 1000)}" if isinstance(since, int) else ""
        closes = ", until it is closed" if tunnel.get("closes_us") is None else ", for a limited time"
        yield Finding(
            "exposed",
            "note",
            f"The whole internet can send events to {tunnel.get('url')}{age}{closes}.",
            "Close the tunnel on the screen, or stop the listener, when it is not needed.",
        )
    if told.get("loopback") and not open_:
        yield Finding("exposed", "ok", "Only this machine can reach it; no tunnel is open.")


def _pages(path: Path) -> Iterator[Finding]:
    """Each page of `inspector web` on this store: who has its token reads all of it."""
    for text in pages(path):
        try:
            told = json.loads(text)
            pid, url, near = told["pid"], told["url"], told["loopback"]
        except (ValueError, LookupError, TypeError):
            yield Finding("exposed", "note", "A page of inspector web shows this store; where is not told.")
            continue
        where = f"Process {pid} shows this store in browsers (inspector web), on {url}"
        if near:
            yield Finding("exposed", "ok", f"{where}, to this machine only.")
        else:
            yield Finding(
                "exposed",
                "note",
                f"{where}, which other machines can reach. Who has the page's token reads every event and replays "
                "them, and it goes over the network as plain text.",
                "Start it without --host; ssh -L brings the page to another machine.",
            )


def _pid(path: Path) -> int | None:
    try:
        text = beside(path, ".lock").read_text()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isascii() and text.isdigit() else None


def _connect(host: str, port: int) -> str | None:
    """Open a connection and close it without a byte, which makes no event; why not, if it cannot be
    opened."""
    near = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        socket.create_connection((near, port), timeout=_ANSWER_S).close()
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


# -- salvage


def _salvage(path: Path, new_store: Path, as_json: bool) -> int:
    from inspector.store.salvage import salvage

    done = salvage(path, new_store, _told)
    of = "an unknown number" if done.of is None else units.count(done.of)
    everything = done.of is not None and done.whole >= done.of
    if as_json:
        emit(
            {
                "store": str(new_store),
                "events": done.events,
                "whole": done.whole,
                "of": done.of,
                "attempts": done.attempts,
                "settings": done.settings,
            }
        )
        return 0 if everything else 1
    print(f"{units.count(done.events)} of {of} events are in {visible(str(new_store))}.")
    if done.whole < done.events:
        damaged = done.events - done.whole
        print(
            f"{units.count(damaged)} of them {'is' if damaged == 1 else 'are'} not whole, with the reason: "
            "inspector events is:incomplete lists them, is:rejected those that had been rejected."
        )
    if not done.settings:
        print("The settings could not be read.")
    if not done.free_known:
        print("The file's head is destroyed: events that had been deleted may be among them.")
    narrate("The damaged store is left as it was.")
    return 0 if everything else 1
