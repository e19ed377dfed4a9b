"""Terminals as they are: resized without end, tiny, without colours, with sixteen, without UTF-8, suspended."""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import hostile
from tests.e2e.stream import tokens_of
from tests.e2e.terminal import Terminal
from tests.processes import until
from tests.tui.screens_store import anchore, fill

COLOUR = re.compile(r"(^|;)([34]8;[25]|3[0-7]|4[0-7]|9[0-7]|10[0-7])(;|$)")
SIXTEEN = re.compile(r"0|[1-57-9]|2[1-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7]")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "events.db",
        [
            anchore("user.image.analysis.completed", {"n": number, "word": "wört 漢字"}, number)
            for number in range(50)
        ],
    )


def colours(terminal: Terminal) -> set[str]:
    """The parameters of all colours and styles that were written."""
    return {
        token.text[2:-1]
        for token in tokens_of(bytes(terminal.bytes))
        if token.kind == "csi" and token.text[-1] == "m"
    }


def quit(terminal: Terminal) -> None:
    terminal.send("q")
    assert terminal.wait() == 0
    assert b"\x1b[?1049l" in terminal.bytes


def settle(terminal: Terminal) -> None:
    """Wait until nothing more is painted: until then, texts on the screen may be those of an old size."""
    deadline, written = time.monotonic() + 20, -1
    while written != len(terminal.bytes) and time.monotonic() < deadline:
        written = len(terminal.bytes)
        time.sleep(0.5)


def leave(terminal: Terminal, opened: str) -> None:
    terminal.send("\x1b")
    terminal.wait_for(opened, gone=True)


def test_a_storm_of_sizes(store: Path) -> None:
    """Dragging a corner about, down to one cell, while another screen and a dialog are open."""
    with Terminal("--store", str(store), "--no-listen") as terminal:
        terminal.wait_for("Events 50")
        sizes = [
            (1, 1),
            (500, 150),
            (2, 90),
            (39, 7),
            (40, 8),
            (80, 2),
            (60, 15),
            (200, 50),
            (3, 3),
        ]
        for opened, key in (
            ("enter read", ""),
            ("Types", "S"),
            ("Keys in", "?"),
        ):
            terminal.resize(120, 36)
            terminal.press(key, opened)
            for columns, rows in sizes:
                terminal.resize(columns, rows)
                time.sleep(0.01)
            terminal.resize(120, 36)
            settle(terminal)
            terminal.wait_for(opened)
            if key:
                leave(terminal, opened)
        terminal.press("j", "#49")
        quit(terminal)


def test_a_start_in_one_cell(store: Path) -> None:
    with Terminal("--store", str(store), "--no-listen", columns=1, rows=1) as terminal:
        time.sleep(1.5)
        terminal.resize(30, 6)
        terminal.wait_for("Make the terminal")
        terminal.resize(80, 24)
        terminal.wait_for("Events 50   following")
        quit(terminal)


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"LC_ALL": "", "LC_CTYPE": "", "LANG": "C"}, {"LC_ALL": "POSIX"}]
)
def test_a_terminal_without_utf_8_gets_ascii(store: Path, environment: dict[str, str]) -> None:
    with Terminal("--store", str(store), "--no-listen", environment=environment) as terminal:
        text = terminal.wait_for("Events 50")
        terminal.wait_for('"word": "w')
        terminal.press("2", '"id"')
        for key, opened in (("?", "Keys in"), ("S", "Types")):
            terminal.press(key, opened)
            leave(terminal, opened)
        assert re.search(r"(?m)^> \d\d", text)
        quit(terminal)
    assert hostile.problems(bytes(terminal.bytes)) == []
    written = "".join(token.text for token in tokens_of(bytes(terminal.bytes)) if token.kind == "text")
    assert written.isascii()


def test_no_color_is_kept(store: Path) -> None:
    """No colour at all; the cursor's row is told by its sign, and by a style."""
    with Terminal("--store", str(store), "--no-listen", environment={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("Events 50")
        terminal.press("\r", "esc list")
        terminal.press("?", "Keys in")
        leave(terminal, "Keys in")
        quit(terminal)
    assert not [found for found in colours(terminal) if COLOUR.search(found)]
    assert any(re.match(r"1(;|$)", found) for found in colours(terminal))


def test_sixteen_colours(store: Path) -> None:
    environment = {"TERM": "xterm", "COLORTERM": ""}
    with Terminal("--store", str(store), "--no-listen", environment=environment) as terminal:
        terminal.wait_for("Events 50")
        terminal.press("\r", "esc list")
        terminal.press("?", "Keys in")
        leave(terminal, "Keys in")
        quit(terminal)
    used = {part for found in colours(terminal) for part in found.split(";") if part}
    assert not [found for found in colours(terminal) if re.search(r"[34]8;", found)]
    assert all(SIXTEEN.fullmatch(part) for part in used)
    assert used & {"31", "32", "33", "34", "35", "36", "91", "92", "93", "94", "95", "96"}


def test_suspended_and_resumed(store: Path) -> None:
    """ctrl+z gives the shell its terminal back, fg the screen; the list is where it was."""
    shell = ("bash", "--norc", "--noprofile", "-i")
    with Terminal(program=shell, environment={"PS1": "shell> ", "HISTFILE": ""}) as terminal:
        terminal.wait_for("shell>")
        terminal.send(f"{sys.executable} -m inspector --store {store} --no-listen\r")
        terminal.wait_for("Events 50")
        terminal.press("j", "#49")
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        assert terminal.bytes.rstrip().rfind(b"\x1b[?1049l") > terminal.bytes.rfind(b"\x1b[?1049h")
        terminal.press("echo still $((40+2))\r", "still 42")
        before = len(terminal.bytes)
        terminal.send("fg\r")
        terminal.wait_for("Events 50")
        terminal.wait_for("shell> echo", gone=True)  # all is painted anew
        assert until(lambda: len(terminal.bytes) - before > 5000, 20)
        terminal.press("j", "#48")
        terminal.send("q")
        terminal.wait_for("shell>")
        terminal.send("exit\r")
        assert terminal.wait() == 0


def test_stopped_and_continued_from_outside(store: Path) -> None:
    """Without ctrl+z nothing told the screen of it: all is painted anew all the same."""
    with Terminal("--store", str(store), "--no-listen") as terminal:
        terminal.wait_for("Events 50")
        terminal.press("j", "#49")
        settle(terminal)
        before, written = terminal.text, len(terminal.bytes)
        for number in (signal.SIGSTOP, signal.SIGCONT):
            terminal.process.send_signal(number)
        assert until(lambda: b"\x1b[?1049h" in terminal.bytes[written:], 20)  # which clears it
        assert until(lambda: terminal.text == before, 20), terminal.text
        terminal.press("j", "#48")
        quit(terminal)


def test_an_editor_has_the_terminal_to_itself_and_gives_it_back(store: Path, tmp_path: Path) -> None:
    """It reads keys and writes where the screen was; afterwards all is painted anew and keys act as before."""
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\nstty -a | grep -q " icanon" && echo EDITING\nread word\nsed -i "s/acme/$word/" "$1"\n'
    )
    editor.chmod(0o755)
    variables = {"EDITOR": str(editor), "VISUAL": ""}
    with Terminal("--store", str(store), "--no-listen", environment=variables) as terminal:
        terminal.wait_for("Events 50")
        terminal.press("j", "#49")
        settle(terminal)
        before = terminal.text
        terminal.press("e", "EDITING")
        assert terminal.bytes.rfind(b"\x1b[?1049l") > terminal.bytes.rfind(b"\x1b[?1049h")
        terminal.send("other\r")
        terminal.wait_for("It was a copy")
        assert until(lambda: terminal.text.splitlines()[:25] == before.splitlines()[:25], 20), terminal.text
        terminal.press("j", "#48")
        quit(terminal)
