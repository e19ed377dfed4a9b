"""ngrok as a provider of tunnels: where its agent and its token are, how it is started, what its errors mean.

pyngrok does the talking, in a process of its own (`ngrok_child`); nothing of it is imported here.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from inspector.core.events import InspectorError
from inspector.core.text import visible

AGENT_VARIABLE = "INSPECTOR_NGROK"
"""Environment variable with the path of an agent to take instead of the one that would be found."""
FETCH_SECONDS = 120.0
"""Deadline of the download."""

_CHILD = Path(__file__).with_name("ngrok_child.py")
_OWN_CONFIG = Path(__file__).with_name("ngrok.yml")

_SENTENCES = (
    (r"ERR_NGROK_4018", "ngrok wants a token. Set NGROK_AUTHTOKEN, then t."),
    (r"ERR_NGROK_10[5-7]\b", "ngrok does not know the token. Correct NGROK_AUTHTOKEN, then t."),
    (
        r"ERR_NGROK_(108|334)\b",
        "ngrok refused: this account has a tunnel open already. Close that one, then t.",
    ),
    (r"ERR_NGROK_12[01]\b|too old", "ngrok refused: its agent is too old. Run ngrok update, then t."),
    (
        r"failed to (dial|reconnect)|no such host|connection refused|network is unreachable|i/o timeout",
        "ngrok cannot reach its service.",
    ),
)
"""What an agent's error says, and our sentence for it. The first that fits holds."""


def home() -> Path:
    """The folder in which ngrok keeps its configuration, and pyngrok the agent it fetched."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "ngrok"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ngrok"


def fetched_agent() -> Path:
    """Where an agent that is fetched is kept."""
    return home() / "ngrok"


def find_agent() -> Path | None:
    """The ngrok agent: $INSPECTOR_NGROK, else the one on the PATH, else the one fetched before, else None."""
    if named := os.environ.get(AGENT_VARIABLE):
        return Path(named) if _is_program(Path(named)) else None
    for folder in os.get_exec_path():
        found = shutil.which("ngrok", path=folder)
        if found is not None and not _is_downloader(Path(found)):
            return Path(found)
    return fetched_agent() if _is_program(fetched_agent()) else None


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _is_downloader(path: Path) -> bool:
    """True for the script that pyngrok installs as ``ngrok``: no agent, it downloads one unasked."""
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError:
        return False
    return head.startswith(b"#!") and b"pyngrok" in head


def agent_missing() -> str:
    """What to say when `find_agent` found none."""
    if named := os.environ.get(AGENT_VARIABLE):
        return f"{AGENT_VARIABLE} names {visible(named)}, which is no program."
    return "The ngrok program is not on this machine. Install it, or let t on the screen fetch it."


def obstacle() -> str | None:
    """What makes it pointless to start the agent, as a sentence; None when nothing does."""
    if os.environ.get("NGROK_AUTHTOKEN", "").strip():
        return None
    config = _config()
    try:
        text = config.read_text("utf-8", "replace")
    except OSError as error:
        return f"ngrok's configuration {visible(str(config))} cannot be read: {error.strerror}."
    if re.search(r"^\s*authtoken\s*:\s*[^\s#]", text, re.MULTILINE):
        return None
    return _SENTENCES[0][1]


def _config() -> Path:
    """The user's configuration file, where the agent would look for it; without one, an empty one of ours."""
    snap = Path.home() / "snap" / "ngrok" / "current" / ".config" / "ngrok"
    for folder in (home(), snap, Path.home() / ".ngrok2"):
        if (folder / "ngrok.yml").is_file():
            return folder / "ngrok.yml"
    return _OWN_CONFIG


def command(agent: Path, port: int, seconds: float) -> list[str]:
    """The command line of the process that holds the tunnel; see `ngrok_child` for what it tells."""
    return [*_python(), "open", str(agent), str(_config()), str(port), str(seconds)]


def _python() -> list[str]:
    # -P: the child must not import what happens to lie in the folder it is started in.
    return [sys.executable, "-P", "-X", "utf8", str(_CHILD)]


def sentence(text: str) -> str:
    """What to say of an error of the agent, or of pyngrok."""
    for pattern, words in _SENTENCES:
        if re.search(pattern, text):
            return words
    return f"ngrok said: {visible(' '.join(text.split()))[:300].rstrip('.')}."


async def install_agent(path: Path | None = None, *, seconds: float = FETCH_SECONDS) -> Path:
    """Download the agent to `path` (by default, to where `find_agent` finds it) and return that.

    To be called only after an explicit yes: it comes from bin.ngrok.com, about 10 MB, without a checksum.
    The file is there whole or not at all. Raises InspectorError when it cannot be had within `seconds`.
    """
    path = fetched_agent() if path is None else path
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".ngrok-", dir=path.parent) as folder:
            part = Path(folder) / "ngrok"
            await _fetch(part, seconds)
            part.replace(path)
    except OSError as error:
        raise InspectorError(f"ngrok was not fetched: {visible(str(error))}.") from None
    return path


async def _fetch(part: Path, seconds: float) -> None:
    child = await asyncio.create_subprocess_exec(
        *_python(),
        "fetch",
        str(part),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(part.parent)},
        start_new_session=True,
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(seconds):
            told = await child.stdout.read()
    except TimeoutError:
        raise InspectorError(
            f"ngrok was not fetched within {seconds:g} s. Is bin.ngrok.com reachable?"
        ) from None
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except OSError:
            pass
        await child.wait()
    if told:
        reason = visible(str(json.loads(told)["failed"]))[:300].rstrip(".")
        raise InspectorError(f"ngrok was not fetched: {reason}.")
    if not _is_program(part):
        raise InspectorError("ngrok was not fetched: the download ended too early.")
