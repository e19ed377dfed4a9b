"""The tunnel, with the real pyngrok and a stand-in for the agent: every way it can go."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from inspector.capture import ngrok
from inspector.capture.tunnel import NGROK, Tunnel, TunnelState
from inspector.core.events import InspectorError
from tests.capture import stand_in_ngrok
from tests.processes import is_running

TOKEN = "2abcSECRETtoken"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: no configuration, no agent, no token but the one in the environment."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("STAND_IN_NGROK_NOTES", str(tmp_path / "notes.json"))
    monkeypatch.delenv("INSPECTOR_NGROK", raising=False)
    return tmp_path


class Case:
    """A tunnel to port 4321 through a stand-in, and what came of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, **options: Any) -> None:
        assert mode in stand_in_ngrok.MODES
        monkeypatch.setenv("STAND_IN_NGROK", mode)
        self.folder = folder
        self.states: list[TunnelState] = []
        self._changed = asyncio.Event()
        agent = stand_in_ngrok.install(folder)
        self.tunnel = Tunnel(4321, self._note, agent=agent, **{"deadline": 10.0, **options})

    def _note(self, state: TunnelState) -> None:
        self.states.append(state)
        self._changed.set()

    async def becomes(self, state: str) -> None:
        async with asyncio.timeout(30):
            while self.tunnel.state.state != state:
                self._changed.clear()
                await self._changed.wait()

    @property
    def names(self) -> list[str]:
        return [state.state for state in self.states]

    @property
    def notes(self) -> dict[str, Any]:
        notes: dict[str, Any] = json.loads((self.folder / "notes.json").read_text())
        return notes

    @property
    def agent(self) -> int:
        """Process id of the agent that was started last."""
        return int(self.notes["pid"])


async def gone(*pids: int) -> bool:
    """Wait until none of these processes runs."""
    deadline = time.monotonic() + 30
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def test_opens_and_closes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens to the port asked for, says since when, and nothing is left when it closes."""
    case = Case(home, monkeypatch, "ok")
    assert case.tunnel.state == TunnelState()
    await case.tunnel.open()
    state = case.tunnel.state
    assert (state.state, state.url, state.error, state.provider) == (
        "open",
        stand_in_ngrok.URL,
        None,
        "ngrok",
    )
    assert abs((state.since_us or 0) / 1e6 - time.time()) < 10
    assert state.closes_us is None
    assert [endpoint["upstream"] for endpoint in case.notes["endpoints"]] == [
        {"url": "http://127.0.0.1:4321"}
    ]
    child = os.getpgid(case.agent)
    await case.tunnel.open()
    assert case.names == ["opening", "open"]
    await case.tunnel.close()
    assert case.names == ["opening", "open", "off"]
    assert case.tunnel.state.url is None
    assert await gone(case.agent, child)
    await case.tunnel.close()
    assert case.names == ["opening", "open", "off"]


async def test_the_token_is_on_no_command_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent has the token in its environment only; no configuration file is written."""
    case = Case(home, monkeypatch, "ok")
    await case.tunnel.open()
    try:
        assert case.notes["token"] == TOKEN
        assert TOKEN not in " ".join(case.notes["argv"])
        if Path("/proc").exists():
            for pid in (case.agent, os.getpgid(case.agent)):
                assert TOKEN.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert not (home / ".config").exists()
    finally:
        await case.tunnel.close()


async def test_a_proxy_is_not_asked_for_this_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy, the agent's own API is still reached directly."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    case = Case(home, monkeypatch, "ok")
    await case.tunnel.open()
    assert case.tunnel.state.state == "open"
    await case.tunnel.close()


@pytest.mark.parametrize(
    ("mode", "sentence", "deadline"),
    [
        ("no token", "ngrok wants a token. Set NGROK_AUTHTOKEN, then t.", 10),
        ("offline", "ngrok cannot reach its service.", 1),
        ("refused", "ngrok refused: this account has a tunnel open already. Close that one, then t.", 10),
        ("taken", "ngrok refused: this account has a tunnel open already. Close that one, then t.", 10),
        ("old", "ngrok refused: its agent is too old. Run ngrok update, then t.", 10),
        ("silent", "ngrok gave no sign within 3 s and was stopped.", 3),
        ("stubborn", "ngrok gave no sign within 3 s and was stopped.", 3),
        ("mute api", "ngrok gave no sign within 1 s and was stopped.", 1),
        ("nonsense", r"ngrok said: javascript:\x1b]0;owned\x07.", 10),
        (
            "crash",
            r"ngrok said: The ngrok process was unable to start. ERROR: unknown flag: --none \x1b[31m.",
            10,
        ),
        (
            "garbage",
            "ngrok said: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte.",
            10,
        ),
    ],
)
async def test_failures(
    home: Path, monkeypatch: pytest.MonkeyPatch, mode: str, sentence: str, deadline: float
) -> None:
    """Each failure is one clear line, the listener goes on, and no process is left."""
    case = Case(home, monkeypatch, mode, deadline=deadline)
    started = time.monotonic()
    await case.tunnel.open()
    assert time.monotonic() - started < 25
    assert case.names == ["opening", "failed"]
    assert case.tunnel.state.error == f"{sentence} The listener goes on."
    assert case.tunnel.state.url is None
    assert await gone(case.agent)
    monkeypatch.setenv("STAND_IN_NGROK", "ok")
    again = Case(home, monkeypatch, "ok")
    await again.tunnel.open()
    assert again.tunnel.state.state == "open"
    await again.tunnel.close()


async def test_the_loop_goes_on_while_the_agent_is_silent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that an agent does or leaves undone stops the listener's loop; closing does not wait for it."""
    case = Case(home, monkeypatch, "silent", deadline=30)
    opening = asyncio.create_task(case.tunnel.open())
    longest, last = 0.0, time.monotonic()
    while not (home / "notes.json").exists():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < 1
    assert case.names == ["opening"]
    await case.tunnel.close()
    await opening
    assert case.names == ["opening", "off"]
    assert await gone(case.agent)


async def test_the_agent_dies_later(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel that had been open is closed, says so, and can be opened again."""
    case = Case(home, monkeypatch, "ok")
    await case.tunnel.open()
    child = os.getpgid(case.agent)
    os.kill(case.agent, signal.SIGKILL)
    await case.becomes("closed")
    assert case.tunnel.state.error == (
        "The tunnel closed; t opens it with a new address. The listener goes on."
    )
    assert case.tunnel.state.url is None
    assert await gone(child)
    await case.tunnel.open()
    assert case.names == ["opening", "open", "closed", "opening", "open"]
    await case.tunnel.close()


async def test_the_session_ends_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that goes away in the moment it has answered leaves no open tunnel on the screen."""
    case = Case(home, monkeypatch, "dies")
    await case.tunnel.open()
    await case.becomes("closed")
    assert await gone(case.agent)


async def test_our_child_dies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the process that holds pyngrok is killed, its agent is killed too."""
    case = Case(home, monkeypatch, "ok")
    await case.tunnel.open()
    child = os.getpgid(case.agent)
    os.kill(child, signal.SIGKILL)
    await case.becomes("closed")
    assert await gone(case.agent, child)


async def test_minutes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel opened for some minutes says when it closes, and closes then."""
    case = Case(home, monkeypatch, "ok", minutes=0.005)
    await case.tunnel.open()
    opened = case.states[1]
    assert (opened.closes_us or 0) - (opened.since_us or 0) == 300_000
    await case.becomes("closed")
    assert (case.tunnel.state.error or "").startswith("It was open for 0.005 minutes, as set. ")
    assert await gone(case.agent)


async def test_dies_with_the_capture_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After kill -9 of the process that holds the tunnel, neither our child nor the agent is left."""
    monkeypatch.setenv("STAND_IN_NGROK", "ok")
    agent = stand_in_ngrok.install(home)
    script = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path
        from inspector.capture.tunnel import Tunnel
        async def main():
            tunnel = Tunnel(4321, lambda state: None, agent=Path({str(agent)!r}))
            await tunnel.open()
            print(tunnel.state.state, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
        """
    )
    root = Path(__file__).parents[2]
    capture = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=root, stdout=asyncio.subprocess.PIPE
    )
    assert capture.stdout is not None
    assert await capture.stdout.readline() == b"open\n"
    pid = json.loads((home / "notes.json").read_text())["pid"]
    child = os.getpgid(pid)
    capture.kill()
    await capture.wait()
    assert await gone(pid, child)


async def test_what_is_missing_is_said_before_anything_starts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an agent or a token nothing is started, let alone downloaded."""
    monkeypatch.setenv("PATH", str(home))
    states: list[TunnelState] = []
    tunnel = Tunnel(4321, states.append)
    await tunnel.open()
    assert tunnel.state.error == (
        "The ngrok program is not on this machine. Install it, or let t on the screen fetch it. "
        "The listener goes on."
    )
    monkeypatch.setenv("INSPECTOR_NGROK", str(home / "no\nsuch"))
    await tunnel.open()
    assert "no\\nsuch, which is no program. The listener goes on." in (tunnel.state.error or "")
    monkeypatch.setenv("INSPECTOR_NGROK", str(stand_in_ngrok.install(home)))
    monkeypatch.delenv("NGROK_AUTHTOKEN")
    await tunnel.open()
    assert tunnel.state.error == ("ngrok wants a token. Set NGROK_AUTHTOKEN, then t. The listener goes on.")
    assert not (home / "notes.json").exists()
    (home / "text").write_text("no program")
    unusable = Tunnel(4321, states.append, provider=replace(NGROK, command=lambda *_: [str(home / "text")]))
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)
    await unusable.open()
    assert unusable.state.state == "failed"
    assert (unusable.state.error or "").startswith("The tunnel could not be started: ")


async def test_a_token_in_the_configuration_will_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own configuration file is found and handed on; one without a token is not enough."""
    monkeypatch.delenv("NGROK_AUTHTOKEN")
    config = home / ".config" / "ngrok" / "ngrok.yml"
    monkeypatch.setattr(ngrok, "home", lambda: config.parent)
    config.parent.mkdir(parents=True)
    config.write_text('version: "3"\nagent:\n    # authtoken: old\n    authtoken:\n')
    case = Case(home, monkeypatch, "ok")
    await case.tunnel.open()
    assert case.tunnel.state.state == "failed"
    config.write_text('version: "3"\nagent:\n    authtoken: secret\n')
    await case.tunnel.open()
    assert case.tunnel.state.state == "open"
    assert str(config) in case.notes["argv"]
    await case.tunnel.close()


def test_find_agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named one, else the one on the PATH that is an agent, else the one fetched before."""
    first, second = home / "a", home / "b"
    for folder in (first, second, ngrok.home()):
        folder.mkdir(parents=True)
        (folder / "ngrok").write_bytes(b"\x7fELF")
        (folder / "ngrok").chmod(0o755)
    (first / "ngrok").write_text("#!/x/bin/python\nfrom pyngrok.ngrok import main\nmain()\n")
    monkeypatch.setenv("PATH", f"{first}:{second}")
    assert ngrok.find_agent() == second / "ngrok", "pyngrok's own script downloads an agent; it is none"
    monkeypatch.setenv("PATH", str(first))
    assert ngrok.find_agent() == ngrok.home() / "ngrok"
    monkeypatch.setenv("INSPECTOR_NGROK", str(first / "ngrok"))
    assert ngrok.find_agent() == first / "ngrok"
    monkeypatch.setenv("INSPECTOR_NGROK", str(first))
    assert ngrok.find_agent() is None


def test_home_is_where_pyngrok_has_it() -> None:
    """We know without importing pyngrok where it keeps what it fetched."""
    from pyngrok.installer import get_default_ngrok_dir

    assert str(ngrok.home()) == get_default_ngrok_dir()


def test_pyngrok_is_not_imported_by_the_listener() -> None:
    """Nothing of pyngrok, which registers exit handlers and prints, is in the capture process."""
    code = (
        "import sys, inspector.capture.tunnel; print(any(name.startswith('pyngrok') for name in sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, check=True
    )
    assert found.stdout == b"False\n"


def test_state_as_json() -> None:
    """A state goes through the store and back; members of a later version are ignored."""
    state = TunnelState("open", "https://x.example", 1, 2, None)
    told = json.loads(json.dumps(state.as_json()))
    assert TunnelState.from_json({**told, "later": 1}) == state
    assert TunnelState.from_json({}) == TunnelState()


def test_unknown_errors_are_told_in_one_safe_line() -> None:
    """What the agent says is shown escaped, on one line, and not without end."""
    assert ngrok.sentence("odd\n\x1b[31m\u202e thing.") == r"ngrok said: odd \x1b[31m\u202e thing."
    assert len(ngrok.sentence("x" * 5000)) < 400


# -- fetching the agent


@pytest.fixture
def download(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server on this machine in the place of bin.ngrok.com; the folder it serves."""
    served = home / "served"
    served.mkdir()
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    _serve_from(home, monkeypatch, server.server_port)
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def _serve_from(home: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let a fresh interpreter's pyngrok download from `port` of this machine."""
    folder = home / "site"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "from pyngrok import installer\n"
        f"installer.PLATFORMS = dict.fromkeys(installer.PLATFORMS, 'http://127.0.0.1:{port}/ngrok.tgz')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))


async def test_fetch(home: Path, download: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A fetched agent is a program where `find_agent` looks; nothing is printed, nothing else is left."""
    with tarfile.open(download / "ngrok.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("ngrok")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"\x7fELF"))
    assert ngrok.find_agent() is None
    path = await ngrok.install_agent()
    assert path == ngrok.find_agent() == ngrok.home() / "ngrok"
    assert path.read_bytes() == b"\x7fELF"
    assert [entry.name for entry in ngrok.home().iterdir()] == ["ngrok"]
    assert capfd.readouterr() == ("", "")


async def test_fetch_fails(home: Path, download: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A download that is refused or broken is one sentence, and leaves no half of an agent."""
    with pytest.raises(InspectorError, match=r"ngrok was not fetched: .*404"):
        await ngrok.install_agent()
    (download / "ngrok.tgz").write_bytes(b"not an archive")
    with pytest.raises(InspectorError, match="ngrok was not fetched: "):
        await ngrok.install_agent()
    assert list(ngrok.home().iterdir()) == []
    assert capfd.readouterr() == ("", "")


async def test_fetch_from_a_server_that_says_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our deadline ends a download that does not come."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        _serve_from(home, monkeypatch, mute.getsockname()[1])
        started = time.monotonic()
        with pytest.raises(InspectorError, match=r"not fetched within 0\.5 s"):
            await ngrok.install_agent(home / "bin" / "ngrok", seconds=0.5)
        assert time.monotonic() - started < 20
    assert list((home / "bin").iterdir()) == []
