"""Durable events a second of the listener, beside a bare aiohttp app and a Flask logger, in one run.

The listener does all it does in earnest: stores the whole request with ``synchronous=FULL`` before it answers, computes
sha256, recognises the sender, learns the shape. The bare app only reads the body and answers 200. The Flask logger is
the usual local receiver: it parses the body, logs it indented, and answers.

Load: wrk, 64 connections, one thread, a 1.5 KB Anchore body. Rounds alternate between the servers, so that what else
the machine does falls on all of them; the result is the median of the ratios that the rounds come to.
All bodies are the same, so that wrk has nothing to compute; the listener takes the others for redeliveries. With
``--new-ids`` each has a random id: that costs wrk more, and the store a page of the index of delivery ids for each.
Needs wrk and the ``bench`` extra. Run: ``make bench`` or ``python benchmarks/capture.py [--rounds N] [--seconds S]``.
With ``--with-screen`` it measures something else: answers while a screen scrolls (see ``with_screen.py``; no wrk).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

BARE = """
import sys
from aiohttp import web
async def answer(request):
    await request.read()
    return web.Response(text='{"status":"received"}', content_type="application/json")
app = web.Application(client_max_size=2**26)
app.router.add_route("*", "/{tail:.*}", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""

FLASK = """
import json, logging, sys
from flask import Flask, jsonify, request
logging.basicConfig(level=logging.INFO, filename=sys.argv[2])
app = Flask(__name__)
@app.route("/<path:tail>", methods=["POST"])
def receive(tail):
    logging.info(json.dumps(request.get_json(force=True), indent=2))
    return jsonify({"status": "received"}), 200
app.run(port=int(sys.argv[1]))
"""

LUA = """
wrk.method = "POST"
wrk.body = io.open("%s"):read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "python-requests/2.32.3"
wrk.headers["Accept"] = "*/*"
wrk.headers["Accept-Encoding"] = "gzip, deflate"
"""


NEW_IDS = """
local body = io.open("%s"):read("*a")
local from, to = body:find(body:match('"id": "(%%x+)"'), 1, true)
local before, after = body:sub(1, from - 1), body:sub(to + 1)
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "python-requests/2.32.3"
wrk.headers["Accept"] = "*/*"
wrk.headers["Accept-Encoding"] = "gzip, deflate"
function init()
  math.randomseed(os.time())
  local request = wrk.format("POST", nil, nil, body)
  local at = request:find("\\r\\n\\r\\n", 1, true) + 3
  before, after = request:sub(1, at + from - 1), request:sub(at + to + 1)
end
function request()
  local id = {}
  for i = 1, 4 do id[i] = string.format("%%08x", math.random(0, 4294967295)) end
  return before .. table.concat(id) .. after
end
"""
"""The same with another id in each body, as senders choose them."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def body() -> bytes:
    """An Anchore payload of 1,500 bytes: one of the samples, with a long annotation."""
    name = "user.image.analysis.completed--with-annotations.json"
    payload = json.loads((ROOT / "sample_payloads/anchore" / name).read_bytes())
    note = payload["details"]["annotations"]
    note["note"] = ""
    note["note"] = "x" * (1500 - len(json.dumps(payload)))
    return json.dumps(payload).encode()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def load(port: int, script: Path, seconds: int) -> tuple[float, float]:
    """Requests a second and the 99th percentile in milliseconds, as wrk saw them."""
    command = [
        "wrk",
        "-t1",
        "-c64",
        f"-d{seconds}s",
        "--latency",
        "-s",
        str(script),
        f"http://127.0.0.1:{port}/anchore",
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"not every answer was 2xx:\n{text}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    tail = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    assert rate is not None
    assert tail is not None
    return float(rate[1]), float(tail[1]) * {"us": 0.001, "ms": 1, "s": 1000}[tail[2]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=int, default=1, help="of each round")
    parser.add_argument("--new-ids", action="store_true", help="send another id in each body")
    parser.add_argument("--with-screen", action="store_true")
    options = parser.parse_args()
    if options.with_screen:
        import with_screen

        return with_screen.run(body(), rounds=14, seconds=0.8 * options.seconds)
    if shutil.which("wrk") is None:
        print("wrk is missing; install it (Debian: apt-get install wrk)", file=sys.stderr)
        return 2
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "events.db"
        payload = Path(folder) / "body.json"
        payload.write_bytes(body())
        script = Path(folder) / "post.lua"
        script.write_text((NEW_IDS if options.new_ids else LUA) % payload)
        ports = {"inspector": free_port(), "bare": free_port(), "flask": free_port()}
        words = {
            "inspector": [
                "-m",
                "inspector",
                "--store",
                str(store),
                "listen",
                "--quiet",
                "--port",
                str(ports["inspector"]),
            ],
            "bare": ["-c", BARE, str(ports["bare"])],
            "flask": ["-c", FLASK, str(ports["flask"]), str(Path(folder) / "flask.log")],
        }
        try:
            import flask  # noqa: F401
        except ImportError:
            print("flask is missing; install the bench extra. Going on without it.", file=sys.stderr)
            del words["flask"]
        servers = [
            subprocess.Popen(
                [sys.executable, *given],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            for given in words.values()
        ]
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in words}
        try:
            for name in words:
                wait_for(ports[name])
                load(ports[name], script, 1)
            for _ in range(options.rounds):
                for name in words:
                    figures[name].append(load(ports[name], script, options.seconds))
        finally:
            for server in servers:
                server.send_signal(signal.SIGTERM)
            for server in servers:
                server.wait(10)
    for name, found in figures.items():
        each = " ".join(f"{rate:,.0f}" for rate, _ in found)
        rate, tail = (statistics.median(figure) for figure in zip(*found, strict=True))
        print(f"{name:10} {rate:9,.0f} requests/s   p99 {tail:.1f} ms   rounds: {each}")

    def ratio(other: str, figure: int) -> float:
        pairs = zip(figures["inspector"], figures[other], strict=True)
        return statistics.median(ours[figure] / theirs[figure] for ours, theirs in pairs)

    result = f"capture ratio_to_bare={ratio('bare', 0):.3f} p99_ratio={ratio('bare', 1):.2f}"
    if "flask" in figures:
        result += f" ratio_to_flask={ratio('flask', 0):.1f}"
    print(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
