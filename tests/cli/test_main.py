"""What all commands have in common: exit codes, streams, words for what is wrong, help that fits a screen."""

from __future__ import annotations

import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from inspector import __version__
from inspector.cli import COMMANDS, main
from inspector.store.reader import Reader
from tests.cli.conftest import SAMPLES, Fill, Run, rejected

WORDS = [sys.executable, "-m", "inspector"]
READERS = [
    ["events"],
    ["events", "--json"],
    ["events", "--follow"],
    ["show", "1"],
    ["wait", "type:a", "--timeout", "1s"],
    ["types"],
    ["shape", "a"],
    ["diff", "a", "b"],
    ["replay", "1", "--to", "http://127.0.0.1:1"],
    ["export", "--as", "ndjson"],
    ["star", "1"],
    ["delete", "1", "--yes"],
    ["respond", "503"],
]


def test_the_version(run: Run) -> None:
    assert run("--version").out == f"inspector {__version__}\n"
    assert run("-V").code == 0


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_80_columns_and_says_what_it_does(
    command: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = run(*([command] if command else []), "--help")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"Usage: inspector {command}".rstrip())
    assert max(map(len, lines)) <= 80
    assert not re.search(r"<=|RANGE|INTEGER|TEXT\b", done.out), "what a program calls a type says nothing"
    assert lines[2].strip()
    if not command:
        listed = re.search(r"\nCommands:\n(.*?)\n\n", done.out, re.DOTALL)
        assert listed is not None
        assert [line.split()[0] for line in listed[1].splitlines()] == list(COMMANDS)
        assert all(len(line.split(maxsplit=1)) == 2 for line in listed[1].splitlines())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["evnets"], "there is no command 'evnets'; did you mean events?"),
        (["xyz"], "there is no command 'xyz'; inspector --help lists the commands."),
        (["\x1b]0;x\x07"], "there is no command '\\x1b]0;x\\x07'; inspector --help lists the commands."),
        (["events", "--jsn"], "there is no option --jsn; did you mean --json? Try: inspector events --help"),
        (["events", "--store", "x"], "--store stands before the command: inspector --store PATH events …"),
        (["show"], "missing argument 'ID'. Try: inspector show --help"),
        (["show", "abc"], "invalid value for 'ID': 'abc' is no id; inspector events lists them."),
        (["show", "1", "--raw", "--json"], "--json, --raw and --curl exclude each other."),
        (["listen", "--port", "70000"], "'70000' is no port; it is a number from 0 to 65535."),
        (["listen", "--port", "-1"], "is no port"),
        (["listen", "--respond", "99"], "from 200 to 599, not 99"),
        (["listen", "--exit-after", "0"], "it is a number from 1 on"),
        (["listen", "--host", "http://127.0.0.1"], "is no host; write 127.0.0.1"),
        (["listen", "--host", "127.0.0.1:80"], "and the port after --port"),
        (["listen", "--host", ""], "is no host"),
        (["listen", "--host", "192.0.2.1", "--port", "0"], "192.0.2.1 is no address of this machine."),
        (["--port", "0", "events"], "--port stands after the command: inspector events --port …"),
        (["--demo", "events"], "--demo is for the screen; it goes with no command."),
        (["events", "--limit", "x"], "'x' is no number of events"),
        (["events", "sender:x", "lvl:error"], "lvl:error: no such word; did you mean level:error?"),
        (["wait", "--timeout", "soon"], "'soon' is no length of time"),
        (["replay", "1"], "missing option '--to'"),
        (["replay", "1", "--to", "localhost:3000"], "begins with neither http:// nor https://"),
        (["export", "--as", "xml"], "'xml' is not one of 'ndjson', 'har', 'files'"),
        (["export", "--as", "files"], "--as files needs a folder: -o FOLDER."),
        (["delete"], "say what to delete: ids, or --filter F."),
        (["replay", "--to", "http://127.0.0.1:1"], "say what to replay"),
        (["replay", "--to", "http://127.0.0.1:1", "x"], "'x' is no id; write 12, or 15-20 for a range."),
        (["send", "/no/such.json", "--to", "http://127.0.0.1:1"], "there is no file /no/such.json"),
        (["import", "/no/such.json"], "cannot read /no/such.json: no such file or directory."),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(words: list[str], told: str, run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}')
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("inspector: ")
    assert told in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
def test_without_a_store_nothing_is_made(words: list[str], run: Run, store: Path) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"inspector: there is no store at {store}. "
        "Start inspector or inspector listen, or use --store PATH.\n"
    )
    assert not store.parent.exists()


def test_send_without_a_listener_makes_nothing_either(run: Run, store: Path) -> None:
    done = run("send", SAMPLES / "anchore/tag_update.json")
    assert done.code == 2
    assert f"no listener runs for {store}. Start inspector, or name a URL: --to URL." in done.err
    assert not store.parent.exists()


def test_a_file_that_is_no_store_is_left_as_it_is(run: Run, store: Path) -> None:
    store.parent.mkdir()
    store.write_bytes(b"not a database at all, but long enough to look " * 50)
    before = store.read_bytes()
    for words in (
        ["events"],
        ["import", str(SAMPLES / "anchore/tag_update.json")],
        ["listen", "--port", "0"],
    ):
        done = run(*words)
        assert done.code == 2
        assert (
            done.err
            == f"inspector: {store} is no store: the file is not a SQLite database. Use --store PATH.\n"
        )
    assert store.read_bytes() == before

    store.unlink()
    with closing(sqlite3.connect(store)) as db:
        db.execute("CREATE TABLE mine (a)")
    assert "is a SQLite file, but no store of inspector" in run("events").err
    assert run("import", SAMPLES / "anchore/tag_update.json").code == 2

    store.unlink()
    store.mkdir()
    assert run("events").code == 2


def test_a_damaged_store_is_told_in_a_sentence(run: Run, store: Path, fill: Fill) -> None:
    fill(*[b'{"type":"a","x":"' + b"y" * 500 + b'"}' for _ in range(50)])
    with store.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(store.stat().st_size - 4096))
    done = run("events", "--json")
    assert done.code == 2
    assert re.match(
        "inspector: .*(damaged|cannot be read).* inspector doctor says what can be saved", done.err
    )
    assert done.err.count("\n") == 1


def test_a_store_of_a_newer_program_is_not_touched(run: Run, store: Path, fill: Fill) -> None:
    fill(b"{}")
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA user_version = 999")
    done = run("events")
    assert done.code == 2
    assert "was written by a newer inspector (store version 999" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_store_that_may_not_be_read(run: Run, store: Path, fill: Fill) -> None:
    fill(b"{}")
    store.chmod(0)
    done = run("events")
    assert (done.code, done.err) == (
        2,
        f"inspector: cannot open {store}: permission denied. Use --store PATH.\n",
    )
    store.parent.chmod(0)
    assert run("events").code == 2
    store.parent.chmod(0o700)


def test_the_environment_names_the_store(
    fill: Fill, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(b'{"type":"a"}')
    monkeypatch.setenv("INSPECTOR_STORE", str(store))
    assert main(["events", "--json"]) == 0
    assert '"type": "a"' in capsys.readouterr().out


def test_a_crash_is_exit_code_3(run: Run, store: Path, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(b"{}")

    def broken(self: Reader) -> int:
        raise KeyError("\x1b[2Jwhat")

    monkeypatch.setattr(Reader, "last_id", broken)
    done = run("events")
    assert done.code == 3
    assert done.err.startswith("inspector: it crashed (KeyError: '\\x1b[2Jwhat').")
    monkeypatch.setenv("INSPECTOR_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["--store", str(store), "events"])


def test_a_broken_pipe_is_quiet(store: Path, fill: Fill) -> None:
    fill(*[b'{"type":"a","x":%d}' % number for number in range(2000)])
    command = '"$0" -m inspector --store "$1" events --json | head -1; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(["bash", "-c", command, sys.executable, str(store)], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1] == "0"


def test_standard_output_of_another_encoding_is_no_crash(store: Path, fill: Fill) -> None:
    fill('{"type":"größe"}'.encode())
    done = subprocess.run(
        [*WORDS, "--store", str(store), "events"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfe" in done.stdout


def terminal(*words: str, columns: int = 80, **environment: str) -> bytes:
    """What a command writes to a terminal of this width."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    plain = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [*WORDS, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**plain, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    written = b""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
    process.wait(20)
    os.close(ours)
    return written


HOSTILE = '{"type":"\\u001b]0;owned\\u0007\\u202e\\u009b2J","details":{"\\u001b[31mkey":"\\u001b[2J\\u200b"}}'


@pytest.mark.parametrize(
    "words",
    [["events"], ["show", "1"], ["types"], ["shape", "*"], ["diff", "1", "2"], ["show", "2", "--curl"]],
    ids=lambda words: words[0],
)
def test_nothing_a_sender_sent_reaches_a_terminal_raw(words: list[str], store: Path, fill: Fill) -> None:
    fill(
        HOSTILE.encode(),
        b'{"type":"b\\u001b]8;;x","details":{"\\u001b[31mkey":1}}',
        rejected("\x1b]0;x\x07", b"\x1b[2J\x9b\n"),
    )
    written = terminal("--store", str(store), *words)
    without_looks = re.sub(rb"\x1b\[[0-9;]*m", b"", written).decode()
    assert without_looks.replace("\r\n", "").isprintable()
    assert b"\x1b[31mkey" not in written
    assert re.search(r"\\(x|u00|134u00)1b", without_looks)


def test_colour_is_for_terminals_that_want_it(store: Path, fill: Fill) -> None:
    fill(b'{"type":"a","level":"error","details":{"x":1}}')
    for words in (["events"], ["show", "1"]):
        assert b"\x1b[" in terminal("--store", str(store), *words)
        assert b"\x1b" not in terminal("--store", str(store), *words, NO_COLOR="1")
        assert b"\x1b" not in terminal("--store", str(store), *words, TERM="dumb")


def test_a_table_is_cut_to_the_terminal(store: Path, fill: Fill) -> None:
    fill(b'{"type":"' + b"a.very.long.type." * 20 + b'","level":"info"}', '{"type":"世界世界"}'.encode())
    lines = terminal("--store", str(store), "events", columns=60, NO_COLOR="1").decode().splitlines()
    assert len(lines) == 3
    assert len(lines[1]) <= 60
    assert "…" in lines[1]


def test_ctrl_c_is_no_error(store: Path, fill: Fill) -> None:
    fill(b"{}")
    process = subprocess.Popen(
        [*WORDS, "--store", str(store), "events", "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == (b"", b"")
    assert process.returncode == 0
