"""Stands in for the ngrok agent: prints the log lines that the real one prints, and serves its local API.

`install` puts it into a folder as a program. $STAND_IN_NGROK says how it behaves, with one of `MODES`. It
writes what it was started with, and what was asked of it, to $STAND_IN_NGROK_NOTES as JSON.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

URL = "https://8c1f-203-0-113-7.ngrok-free.example"
MODES = (
    "ok",
    "no token",
    "offline",
    "refused",
    "taken",
    "dies",
    "silent",
    "stubborn",
    "garbage",
    "nonsense",
    "mute api",
    "old",
    "crash",
)


def install(folder: Path) -> Path:
    """Write a program into `folder` that runs this stand-in, and return its path."""
    program = folder / "ngrok-stand-in"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} "$@"\n')
    program.chmod(0o700)
    return program


def log(level: str, **members: str) -> None:
    """Print a line as the agent's log has it."""
    told = " ".join(f"{name}={json.dumps(text) if ' ' in text else text}" for name, text in members.items())
    print(f"t={time.strftime('%Y-%m-%dT%H:%M:%S+0000', time.gmtime())} lvl={level} {told}", flush=True)


class Notes:
    """What the stand-in saw, in a file that the test reads."""

    def __init__(self) -> None:
        self.path = os.environ.get("STAND_IN_NGROK_NOTES")
        self.seen: dict[str, Any] = {
            "pid": os.getpid(),
            "argv": sys.argv,
            "token": os.environ.get("NGROK_AUTHTOKEN"),
            "endpoints": [],
        }
        self.write()

    def write(self) -> None:
        if self.path:
            part = Path(f"{self.path}.part")
            part.write_text(json.dumps(self.seen))
            part.replace(self.path)


class Api(BaseHTTPRequestHandler):
    """The part of the agent's API that opening a tunnel needs."""

    mode: str
    notes: Notes

    def log_message(self, format: str, *values: Any) -> None:
        """Nothing: the agent's own log is all that goes to stdout."""

    def answer(self, status: int, content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer(200, {"endpoints": []})

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.notes.seen["endpoints"].append(wanted)
        self.notes.write()
        if self.mode in REFUSALS:
            details = {"err": f"failed to start: {REFUSALS[self.mode]}"}
            self.answer(502, {"error_code": 103, "status_code": 502, "msg": "failed", "details": details})
        elif self.mode == "old":
            self.answer(404, b"404 page not found")
        elif self.mode == "nonsense":
            self.answer(201, {**wanted, "url": "javascript:\x1b]0;owned\x07"})
        elif self.mode == "mute api":
            time.sleep(60)
        else:
            self.answer(201, {**wanted, "url": URL, "uri": f"/api/endpoints/{wanted['name']}"})
            if self.mode == "dies":
                log("eror", msg="session closed", err="remote gone away")
                os._exit(1)


REFUSALS = {
    "refused": "Your account is limited to 1 simultaneous ngrok agent sessions. ERR_NGROK_108",
    "taken": "The endpoint 'https://x.example' is already online. ERR_NGROK_334",
}


def main(mode: str) -> None:
    """Behave as the agent does in this mode, until killed."""
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Api.mode = mode
    Api.notes = Notes()
    if mode in ("silent", "stubborn"):
        time.sleep(60)
    if mode == "crash":
        sys.exit("ERROR:  unknown flag: --none \x1b[31m")
    if mode == "garbage":
        sys.stdout.buffer.write(b"\xff\xfe\x00 lvl=eror err=\x1b]0;owned\x07\nlvl= t\n" * 3)
        sys.stdout.flush()
        sys.exit(3)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log("info", msg="starting web service", obj="web", addr=f"127.0.0.1:{server.server_port}")
    if mode == "no token":
        reason = (
            "authentication failed: Usage of ngrok requires a verified account and authtoken. ERR_NGROK_4018"
        )
        log("eror", msg="failed to auth", obj="tunnels.session", err=reason)
        sys.exit(1)
    while mode == "offline":
        reason = "failed to dial ngrok server with address: lookup connect.ngrok-agent.com: no such host"
        log("eror", msg="failed to reconnect session", obj="tunnels.session", err=reason)
        time.sleep(0.1)
    log("info", msg="client session established", obj="tunnels.session", err="nil")
    log("info", msg="tunnel session started", obj="tunnels.session")
    time.sleep(60)


if __name__ == "__main__":
    main(os.environ.get("STAND_IN_NGROK", "ok"))
