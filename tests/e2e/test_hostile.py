"""Nothing from outside acts on the terminal: hostile events over every screen, in a real pseudo-terminal.

The stream of bytes is taken apart strictly: besides text there is the vocabulary of the framework and no other
sequence, no control, bidirectional, zero-width or tag character; also in what is copied, and in what commands print.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from pathlib import Path

import pytest

from tests.e2e import hostile
from tests.e2e.receiver import Receiver
from tests.e2e.stream import tokens_of
from tests.e2e.terminal import Terminal

ESC = "\x1b"


def listening(store: Path) -> str:
    """The address of the listener of a store."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        (state,) = db.execute("SELECT value FROM state WHERE name = 'listener'").fetchone()
    return str(json.loads(state)["url"])


def fill(url: str) -> int:
    """Send everything hostile to a listener; returns how many events that are."""
    sent = hostile.requests()
    for raw in sent:
        hostile.send(int(url.rpartition(":")[2]), raw)
    return len(sent)


def stored(store: Path) -> int:
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        return int(db.execute("SELECT count(*) FROM event").fetchone()[0])


def test_the_checks_find_what_they_are_for() -> None:
    """Each family is caught where it would come out as it is."""
    harmless = ("markup", "right-to-left", "wide", "combining", "surrogates")
    for name, text in hostile.FAMILIES.items():
        raw = text.encode("utf-8", "replace")
        if name not in harmless:
            assert hostile.problems(b"text " + raw), name
            assert hostile.problems(b"text " + raw, command=True), name
    assert not hostile.problems(b"plain \x1b[1;38;2;1;2;3mtext\x1b[0m\r\n")
    with pytest.raises(UnicodeDecodeError):
        list(tokens_of(b"\x9b31m"))
    assert hostile.problems(b"\x1b]52;c;GxtbMm0=\x07")


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["beside", "stacked"])
def test_no_screen_lets_anything_through(tmp_path: Path, size: tuple[int, int]) -> None:
    """Every pane and dialog once, in one layout or the other."""
    store = tmp_path / "events.db"
    with (
        Receiver(hostile.answer()) as receiver,
        Walk("--store", str(store), "--port", "0", columns=size[0], rows=size[1]) as walk,
    ):
        walk.wait_for("Nothing has arrived yet")
        number = fill(listening(store))
        walk.wait_for(rf"Events {number}\b")
        assert stored(store) == number
        if size == (120, 36):
            walk_detail(walk, number)
            walk_others(walk)
        else:
            walk_actions(walk, receiver)
        assert walk.process.poll() is None
        walk.send("q")
        assert walk.wait() == 0
    assert hostile.problems(bytes(walk.bytes)) == []


def walk_detail(walk: Walk, number: int) -> None:
    """Every event on every tab, folded and open, wrapped, as hex, searched."""
    walk.step("", r"\\x1b\]0;PWNED")
    for tab, wanted in (
        ("2", r"user\.\\u001b"),
        ("3", r"X-Hostile: \\x9b5;31m"),
        ("4", r"X-Hostile: \\x9b5;31m"),
        ("x", r"\[Raw\]"),
        ("x", r"\[Raw\]"),
        ("5", "2 variants"),
        ("6", "No target yet"),
        ("1", r"\\x1b\]0;PWNED"),
    ):
        walk.step(tab, wanted)
        walk.click("QUIT", "esc list")
    walk.leave("esc list")
    walk.step("f", rf"#{number}\b")
    for event in range(number - 1, 0, -1):
        walk.step("j", rf"#{event}\b")
        walk.step("2", r"\[Body\]")
        walk.step("4", r"\[Raw\]")
        walk.step("1", r"\[Details\]")
    walk.step("f", rf"#{number}\b")
    walk.step("\r", "esc list")
    time.sleep(0.3)  # the footer may come before the focus: a key too early would leave the text wrapped
    walk.step("wGHLgw", "esc list")
    walk.step("/", r"(│|\n) / +esc closes")
    walk.step("PWNED", r"\d+ of \d+   enter, then n N")
    walk.step("\r", "esc ends the search")
    time.sleep(0.3)  # nothing on the screen tells that the focus is back
    walk.step("nN", r"\d+ of \d+   n N")
    time.sleep(0.3)
    walk.leave("ends the search")
    walk.step(".", "object, ")
    walk.step("jjj", "string, ")
    walk.step("\r", "esc closes")
    walk.leave("esc closes")
    walk.step("y", r"(?s)Copied\b.*escaped")
    for letter in "pbcf":
        walk.step("Y", "a letter or enter takes it")
        walk.send(letter)
        walk.wait_for("a letter or enter takes it", gone=True)
        walk.step("", "Copied")
    walk.leave("esc list")
    walk.step("f", "following")


def walk_actions(walk: Walk, receiver: Receiver) -> None:
    """Copies, a comment, a replay with a hostile answer, dialogs, the filter."""
    walk.step("y", r"(?s)Copied\b.*escaped")
    walk.step(";", "Comment on")
    walk.step("[@click=app.quit]QUIT[/] [/x] \u202e noted", "noted")
    walk.send("\r")
    walk.wait_for("Comment on", gone=True)
    walk.step("\r", "esc list")
    walk.step("g", "; .*QUIT")
    walk.click("QUIT", "esc list")
    walk.leave("esc list")
    walk.step("s", "★")
    walk.step("R", "ctrl.r sends")
    walk.step(f"{receiver.url}/%1b%5b2J/[/x]", "as received")
    walk.step("\x1b[13~", "The bytes that are sent")
    walk.leave("The bytes that are sent")
    walk.step("\x12", r"→500")
    walk.step("", "500 .*1bc")
    walk.step("\r", "esc list")
    walk.step("LwG", "esc list")
    walk.click("QUIT", "esc list")
    walk.step("wr", "Attempts 2")
    walk.leave("esc list")
    walk.step("1", r"\[Details\]")
    walk.send("s")
    walk.wait_for("★", gone=True)
    for key, dialog in (
        ("X", "Delete #"),
        ("i", "The listener ─"),
        ("?", "Keys in"),
        ("D", "Diff #"),
        ("t", "Open this listener"),
    ):
        walk.step(key, dialog)
        walk.leave(dialog)
    walk.step(":", "Search for")
    walk.step("filter", "Filter the list")
    walk.leave("Filter the list")
    for text, wanted in (
        ("type:", "user.*events?"),
        ("details.", "event"),
        ("[/x]", r"\d of 14|so far"),
        ("levl:[/x]\u202e (", "mistake"),
    ):
        walk.step("/", "enter keeps it")
        walk.step(text, wanted)
        walk.step("\x1b[B", wanted)
        walk.leave("enter keeps it|mistake")
    walk.step("/", "enter keeps it")
    walk.step("type:", "user.*events?")
    walk.step("\t\r", r"\d of 14")
    walk.leave("Events   ")
    walk.step("f", "following")


def walk_others(walk: Walk) -> None:
    """Diff, shapes and matrix, with their tabs, dialogs and answers."""
    walk.step("m", r"(?m)^a ")
    walk.step("j", "#13")
    walk.step("m", r"(?m)^b ")
    walk.step("d", r"\d change")
    for key in ("2", "3", "|", "1", "=", "s", "n", "|", "="):
        walk.step(key, "n next|2 values")
        walk.click("QUIT")
    walk.step("y", "Copied|There is no")
    walk.step("?", "Keys in the diff")
    walk.leave("Keys in the diff")
    walk.leave("━ Diff")
    walk.step("S", "variants?|var ")
    walk.step("\t", "field")
    for key in ("j", "j", "L", "G", "=", "g"):
        walk.step(key, "field")
        walk.click("QUIT")
    walk.step("?", "Keys in")
    walk.leave("Keys in")
    walk.leave(r"Types \d")
    walk.step("M", "Matrix")
    for key in ("j", "l", "j", "=", "n"):
        walk.step(key, "Matrix")
    walk.step("?", "Keys in")
    walk.leave("Keys in")
    walk.leave("Matrix")


class Walk(Terminal):
    """A terminal in which every step is looked at."""

    def step(self, keys: str, wanted: str) -> None:
        """Type, wait for what it does, and see that nothing had to be deleted on its way to the screen."""
        text = self.press(keys, wanted)
        assert hostile.SCRUBBED.search(text) is None, f"after {keys!r}:\n{text}"

    def leave(self, gone: str) -> None:
        """Leave something with esc, and wait until it is gone."""
        self.send(ESC)
        self.step("", "")
        self.wait_for(gone, gone=True)

    def click(self, word: str, then: str = "") -> None:
        """Click on every place where a word stands: markup in it would act now."""
        places = [
            (match.start() + 2, row)
            for row, line in enumerate(self.text.splitlines(), 1)
            for match in re.finditer(word, line)
        ]
        for column, row in places:
            self.send(f"{ESC}[<0;{column};{row}M{ESC}[<0;{column};{row}m")
        if places:
            self.step("", then)


COMMANDS = (
    ["events"],
    ["events", "--json"],
    ["types"],
    ["show", "14"],
    ["show", "14", "--raw"],
    ["show", "12", "--json"],
    ["show", "1"],
    ["show", "9"],
    ["show", "14", "--curl"],
    ["shape", "user.*"],
    ["diff", "12", "14"],
    ["diff", "12", "14", "--json"],
    ["schema", "user.*", "--as", "typescript"],
    ["replay", "14", "--to", "{target}"],
    ["events", "type:\x1b]0;x\x07\u202e:", "level:\x9b31m"],
    ["shape", "\x1b]0;x\x07\u202e"],
    ["show", "\x1b[2J"],
    ["\x1b[2J\u202e"],
    ["events", "--\x1b[2J"],
    ["replay", "14", "--to", "http://\x1b[2J\u202e/"],
)


def test_no_command_lets_anything_through_on_a_terminal(tmp_path: Path) -> None:
    """The same events on the command line, and hostile words given to it."""
    store = tmp_path / "events.db"
    with Walk("--store", str(store), "listen", "--port", "0", "--json") as listener:
        listener.wait_for("listening")
        assert fill(listening(store)) == stored(store)
        listener.process.terminate()
        assert listener.wait() == 0
    assert hostile.problems(bytes(listener.bytes), command=True) == []
    with Receiver(hostile.answer()) as receiver:
        for words in COMMANDS:
            given = [word.format(target=receiver.url) if "{target}" in word else word for word in words]
            with Terminal("--store", str(store), *given, columns=200, rows=60) as terminal:
                assert terminal.wait(20) in (0, 1, 2), (words, terminal.text)
            assert hostile.problems(bytes(terminal.bytes), command=True) == [], words
