"""`inspector config`, and commands whose options stand in the file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Fill, Run


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file of this test is; nobody has written it."""
    path = tmp_path / "folder" / "config.toml"
    monkeypatch.setenv("INSPECTOR_CONFIG", str(path))
    return path


def test_config_shows_writes_and_finds(file: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("config", "--path").out == f"{file}\n"
    done = run("config")
    assert done.code == 0
    assert "listen.port" in done.out
    assert f"The file would be {file}; inspector config --init writes one." in done.err
    assert run("config", "--init").code == 0
    assert file.parent.stat().st_mode & 0o777 == 0o700
    before = file.read_text()
    done = run("config", "--init")
    assert (done.code, file.read_text()) == (2, before)
    assert "is there already, and stays as it is." in done.err
    file.write_text("[listen]\nport = 9000\nmax-body = 'x'\n")
    monkeypatch.setenv("INSPECTOR_LISTEN_HOST", "::1")
    done = run("config", "--json")
    assert done.code == 2
    assert "max-body: 'x' is no size" in done.err
    rows = {row["setting"]: row for row in done.lines}
    assert rows["listen.port"]["value"] == 9000
    assert (rows["listen.port"]["from"], rows["listen.port"]["place"]) == ("file", "line 2")
    assert rows["listen.host"]["place"] == "INSPECTOR_LISTEN_HOST"
    assert rows["listen.max-body"]["value"] == "25MiB"
    assert rows["listen.max-body"]["option"] == "listen --max-body"
    assert run("config", "--init", "--path").code == 2


def test_the_listener_takes_the_file_and_options_come_first(file: Path, store: Path, tmp_path: Path) -> None:
    """One listener, its port from an option, its limits from the file, one in force and seen at the socket."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    from inspector.store.reader import Reader

    file.parent.mkdir()
    file.write_text('[listen]\nhost = "127.0.0.1"\nport = 1\nmax-body = 10\nkeep-count = 500\n')
    words = [sys.executable, "-m", "inspector", "--store", str(store), "listen", "--json", "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with pytest.raises(HTTPError) as refused:
            urlopen(url, data=b"x" * 11, timeout=30)
        with refused.value as answer:
            assert answer.code == 413
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    with Reader(store) as reader:
        assert reader.setting("retention")["count"] == 500


def test_mistakes_are_refused_by_whom_they_concern(file: Path, run: Run, fill: Fill) -> None:
    fill(b"{}")
    file.parent.mkdir()
    file.write_text("[listen]\nport = 'x'\n[replay]\ntimeout = 0.2\n")
    done = run("listen")
    assert done.code == 2
    assert f"{file} line 2, port: 'x' is no port" in done.err
    assert run("listen", "--help").code == 0
    assert run("events").code == 0
    # 127.0.0.1:9 is not served: the attempt fails, but it is made.
    assert run("replay", "1", "--to", "http://127.0.0.1:9").code == 1
    file.write_text("[replay]\ntimeout = 'soon'\n")
    assert run("replay", "1", "--to", "http://127.0.0.1:9").code == 2
    assert run("replay", "1", "--to", "http://127.0.0.1:9", "--timeout", "1s").code == 2


def test_keep_all_comes_before_the_file(file: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from inspector.capture import process
    from inspector.capture.options import ListenOptions
    from inspector.store.retention import Retention

    seen: list[ListenOptions] = []
    monkeypatch.setattr(process, "listen", lambda options: seen.append(options) or 0)
    file.parent.mkdir()
    file.write_text("[listen]\nkeep-days = 7\n")
    assert run("listen").code == 0
    assert run("listen", "--keep-all").code == 0
    assert run("listen", "--keep-all", "--keep-days", "1").code == 2
    assert [options.keep for options in seen] == [Retention(days=7.0), Retention()]
