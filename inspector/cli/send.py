"""``inspector send``: payload files to a listener."""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspector.cli.arguments import json_option
from inspector.cli.output import emit, style
from inspector.core.events import Attempt, InspectorError, Request
from inspector.core.text import visible
from inspector.store.files import read_payload_file
from inspector.store.place import store_path

if TYPE_CHECKING:
    from inspector.replay.target import Target


@click.command("send", short_help="Post payload files, by default to the running listener.")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("--to", default=None, metavar="URL", help="Where to; else the listener of this store.")
@json_option
@click.pass_obj
def send_command(store: str | None, files: tuple[str, ...], to: str | None, as_json: bool) -> int:
    """Post payload files (.json, or raw requests as .http) to the listener of this store, or to any URL.

    Exit code 1 unless every answer was 2xx.

    \b
    Examples:
      inspector send sample_payloads/anchore/*.json
      inspector send push.http --to http://localhost:3000/hooks
    """
    from inspector.replay.send import verdict
    from inspector.replay.target import parse_target

    requests = [read_payload_file(Path(file)) for file in files]
    own = to is None
    target = parse_target(to if to is not None else _own_listener(store))
    if own:
        requests = [_with_credentials(request) for request in requests]
    passed = 0
    for file, request in zip(files, requests, strict=True):
        attempt = asyncio.run(post(request, target, own=own))
        passed += attempt.passed
        if as_json:
            line = attempt.as_json()
            del line["event"]
            emit({"file": file, **line}, at_once=True)
        else:
            sign = style("sent", fg="green") if attempt.passed else style("failed", fg="red")
            print(f"{sign}  {visible(file)}  {visible(verdict(attempt))}", flush=True)
    return 0 if passed == len(files) else 1


def _own_listener(store: str | None) -> str:
    from inspector.capture.child import running

    path = store_path(store)
    listener = running(path)
    if listener is None:
        raise InspectorError(f"no listener runs for {path}. Start inspector, or name a URL: --to URL.")
    return str(listener["url"])


def _with_credentials(request: Request) -> Request:
    """The request with the credentials that the listener asks for, where this shell has them as well."""
    text = os.environ.get("INSPECTOR_BASIC_AUTH")
    if text is None or request.header(b"authorization") is not None:
        return request
    line = (b"Authorization", b"Basic " + base64.b64encode(text.encode()))
    return replace(request, headers=(*request.headers, line))


async def post_file(file: Path, to: str, *, own: bool = False) -> Attempt:
    """Send one payload file to a URL, in the bytes it stands for; `own` is said of our own listener."""
    from inspector.replay.target import parse_target

    return await post(read_payload_file(file), parse_target(to), own=own)


async def post(request: Request, target: Target, *, own: bool = False) -> Attempt:
    """Send the request of a payload file, completed as a sender would.

    The certificate of our own listener need not be one that this machine trusts.
    """
    from inspector.replay.send import replay

    return await replay(_complete(request), 0, target, ssl_verify=not own)


def _complete(request: Request) -> Request:
    """A request as a sender would send it: with a Host line, and a User-Agent that says who sends."""
    from inspector import __version__

    lines = request.headers
    if request.header(b"host") is None:
        lines = ((b"Host", b"localhost"), *lines)
    if request.header(b"user-agent") is None:
        lines = (*lines, (b"User-Agent", f"inspector/{__version__}".encode()))
    if request.header(b"content-length") is None and request.header(b"transfer-encoding") is None:
        lines = (*lines, (b"Content-Length", b"%d" % len(request.body)))
    return Request(request.method, request.target, lines, request.body, request.version)
