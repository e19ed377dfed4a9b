"""The process that holds pyngrok and, through it, the ngrok agent; `inspector.capture.ngrok` runs it.

pyngrok waits for ever on an agent that prints nothing, holding a lock that its own kill wants too; it
prints to stdout, and leaves the agent behind when its process is killed. So it lives here, in a session
of its own, where all of that ends with the process group. That ends when its stdin does: also when its
parent was killed.

What it has to tell goes to stdout, a JSON object a line: ``{"url": …}`` once the tunnel is open,
``{"error": …}`` for each complaint of the agent before that, ``{"failed": …}`` when it gives up. The
stream ends with the agent.

It is run as a script and imports nothing of the project, so that it starts fast and from any folder.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from typing import IO, Any

GRACE = 1.0
"""Seconds that the agent has to take leave of its service before it is killed."""
MAX_TEXT = 500
"""Characters of an error that are told."""


def main(arguments: list[str]) -> None:
    """``open AGENT CONFIG PORT SECONDS`` or ``fetch AGENT``; stdin stays open for as long as it is wanted."""
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - wants the descriptor only
        os.dup2(nowhere.fileno(), 1)
    logging.disable()
    signal.signal(signal.SIGTERM, lambda *_: None)  # not SIG_IGN, which the agent would inherit
    end = threading.Thread(target=_end_with_parent)
    end.start()
    # Requests to the agent's own API must not go through a proxy; the agent's to its service still may.
    past_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = f"{past_proxy},127.0.0.1" if past_proxy else "127.0.0.1"
    try:
        if arguments[0] == "fetch":
            _fetch(*arguments[1:])
        else:
            _open(reports, *arguments[1:])
    except Exception as error:  # whatever it is, the parent has to say it
        _report(reports, failed=_words(error))
    reports.close()
    end.join()


def _open(reports: IO[str], agent: str, config: str, port: str, seconds: str) -> None:
    """Start the agent, open one endpoint that leads to 127.0.0.1:`port`, and stay until the agent ends."""
    from pyngrok import ngrok, process
    from pyngrok.conf import PyngrokConfig

    def complain(line: Any) -> None:
        if line.lvl in ("ERROR", "CRITICAL"):
            _report(reports, error=line.err or line.msg or line.line)

    settings = PyngrokConfig(
        ngrok_path=agent,
        config_path=config,
        startup_timeout=int(float(seconds)) + 1,
        monitor_thread=False,
        log_event_callback=complain,
    )
    # pyngrok would put the token on the agent's command line, which everyone on the machine can read.
    # The agent finds it in NGROK_AUTHTOKEN, or in its configuration file.
    settings.auth_token = None
    # Not ngrok.connect: that downloads an agent that is missing, and merges in what the user's file defines.
    running = process.get_process(settings)
    wanted = {"name": f"inspector-{port}", "upstream": {"url": f"http://127.0.0.1:{port}"}}
    endpoint = ngrok.api_request(f"{running.api_url}/api/endpoints", "POST", data=wanted)
    _report(reports, url=str(endpoint.get("url") or endpoint.get("public_url")))
    output: Any = running.proc.stdout
    while output.buffer.read1(65536):
        pass


def _fetch(agent: str) -> None:
    """Download the agent to `agent`; parts of it lie in $TMPDIR meanwhile."""
    from pyngrok import installer

    installer.install_ngrok(agent)


def _words(error: Exception) -> str:
    """What went wrong, as the agent says it."""
    body = getattr(error, "body", None)
    if body:
        try:
            told = json.loads(body)
            return str(told["details"]["err"] or told["msg"])
        except (ValueError, LookupError, TypeError):
            pass
    return str(getattr(error, "ngrok_error", None) or str(error) or type(error).__name__)


def _report(reports: IO[str], **told: str) -> None:
    try:
        print(json.dumps({name: text[:MAX_TEXT] for name, text in told.items()}), file=reports, flush=True)
    except OSError:
        pass  # the parent is gone, and this process with it at once


def _end_with_parent() -> None:
    """Wait for the end of stdin; then let the agent leave, and end the whole process group."""
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
    except ChildProcessError:
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
