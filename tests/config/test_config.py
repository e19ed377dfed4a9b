"""Settings from file and environment: what wins, and what a mistake says."""

from __future__ import annotations

import re
import resource
import tomllib
from pathlib import Path

import pytest

from inspector.capture.limits import read_limits
from inspector.config.commented import commented
from inspector.config.config import Config, read_config
from inspector.config.settings import SETTINGS, TABLES
from inspector.core.events import InspectorError


def config_of(tmp_path: Path, text: str | bytes, **environ: str) -> Config:
    """What a file with this text, and these variables, come to."""
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config(path, environ)


def test_the_environment_comes_before_the_file_and_that_before_the_default(tmp_path: Path) -> None:
    text = '[listen]\nport = 9000\nmax-body = "5MiB"\nhead-deadline = 3\n[screen]\nnewest-first = false\n'
    config = config_of(tmp_path, text, INSPECTOR_LISTEN_PORT="9001", INSPECTOR_SCREEN_WRAP="yes")
    assert not config.mistakes
    assert config.options("listen") == {"--port": 9001, "--max-body": "5MiB", "--head-deadline": "3s"}
    assert (config.get("screen.newest-first"), config.get("screen.wrap")) == (False, True)
    assert config.chosen("screen.layout") is None
    assert config.get("screen.layout") == "auto"
    origins = {id: (value.origin, value.place) for id, value in config.values.items() if value.is_chosen}
    assert origins["listen.port"] == ("environment", "INSPECTOR_LISTEN_PORT")
    assert origins["listen.max-body"] == ("file", "line 3")


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = read_config(tmp_path / "none.toml", {})
    assert not config.mistakes
    assert config.get("listen.port") == 8585
    assert config.options("listen") == {}


def test_the_file_to_begin_with_says_nothing_and_names_everything(tmp_path: Path) -> None:
    """With its comments taken away, it says what holds without it."""
    text = commented()
    assert max(map(len, text.splitlines())) <= 100
    config = config_of(tmp_path, text)
    assert not config.mistakes
    assert not any(value.is_chosen for value in config.values.values())
    every = tomllib.loads(re.sub(r"(?m)^# (?=[a-z-]+ = )", "", text))
    for setting in SETTINGS:
        assert every[setting.table][setting.name] == (
            setting.example if setting.default is None else setting.default
        )
        setting.check(every[setting.table][setting.name])
    assert set(every) | {"keys"} == set(TABLES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[listen]\n\nprot = 1\n",
            "config.toml line 3, prot: there is no such setting in [listen]; did you mean port?",
        ),
        ("[lisen]\nport = 1\n", "there is no table [lisen]; did you mean listen?"),
        ("listen = 1\n", "listen is a table; write [listen] on a line of its own."),
        ("[listen]\nport = 70000\n", "line 2, port: 70000 is no port; it is a number from 0 to 65535."),
        ("[listen]\nport = true\n", "line 2, port: True is no port"),
        ("[listen]\nport = [1]\n", "line 2, port: it is one text, number, true or false."),
        ('[listen]\nmax-body = "much"\n', "line 2, max-body: 'much' is no size; write 500, 64k"),
        ('[listen]\nmax-body = "1TB"\n', "line 2, max-body: is from 1 to 4GiB, not 1TB."),
        ('[listen]\nbody-deadline = "long"\n', "'long' is no length of time; write 500ms"),
        ('[screen]\nlayout = "wide"\n', "line 2, layout: 'wide' is none of auto, beside, stacked, one."),
        ("[screen]\nwrap = 3\n", "line 2, wrap: 3 is not true or false."),
        ("[screen]\ntheme = 3\n", "line 2, theme: 3 is no text."),
        ('[replay]\ntimeout = "0s"\n', "line 2, timeout: '0s' is no time"),
        ("[keys]\nmark = 3\n", 'line 2, mark: keys stand in quotes: "j,down".'),
        ("[listen\n", "config.toml is no TOML, so nothing of it holds: Expected"),
        (b"[listen]\nhost = '\xff'\n", "config.toml is not UTF-8; save it so."),
        ('[listen]\n"po\\u001b[2Jrt" = 1\n', r"po\x1b[2Jrt: there is no such setting"),
        (" " * 1_000_001, "it has more than 1,000,000 bytes"),
    ],
)
def test_a_mistake_is_one_sentence_and_the_default_holds(
    text: str | bytes, words: str, tmp_path: Path
) -> None:
    config = config_of(tmp_path, text)
    (mistake,) = config.mistakes
    assert words in mistake.text
    assert mistake.text.endswith((".", "?"))
    assert not mistake.text.endswith("?.")
    assert str(tmp_path) in mistake.text
    assert "\x1b" not in mistake.text
    assert not any(value.is_chosen for value in config.values.values())


def test_a_wrong_variable_leaves_what_the_file_says(tmp_path: Path) -> None:
    config = config_of(tmp_path, "[listen]\nport = 9000\n", INSPECTOR_LISTEN_PORT="x")
    assert [one.text for one in config.mistakes] == [
        "INSPECTOR_LISTEN_PORT: 'x' is no port; it is a number from 0 to 65535."
    ]
    assert config.get("listen.port") == 9000


def test_a_command_refuses_mistakes_that_concern_it_only(tmp_path: Path) -> None:
    config = config_of(tmp_path, "[screen]\nwrap = 3\n")
    config.refuse("listen")
    with pytest.raises(InspectorError, match="wrap"):
        config.refuse("screen")
    with pytest.raises(InspectorError, match="no TOML"):
        config_of(tmp_path, "[").refuse("listen")
    with pytest.raises(InspectorError, match=r"\[lisen\]"):
        config_of(tmp_path, "[lisen]\nport = 1\n").refuse("listen")


def test_few_open_files_are_no_mistake_in_what_nobody_has_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems allow 256: the default of the connections is lowered there, and a number asked for is refused."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert read_config(tmp_path / "none.toml", {}).mistakes == ()
    asked = read_config(tmp_path / "none.toml", {"INSPECTOR_LISTEN_MAX_CONNECTIONS": "400"})
    assert "400 is more than the system allows: 256 open files" in asked.mistakes[0].text
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20, 20))
    with pytest.raises(InspectorError, match="a listener needs more than the system allows: 20 open files"):
        read_limits({})
