"""What is new in an event, as `inspector show` and `inspector listen` tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.cli import main
from inspector.store.narration import as_text, news_lines
from inspector.store.news import news_of, told_news
from inspector.store.reader import Reader
from tests.tui.screens_store import HOSTILE, anchore, fill

DRIFT = "details.annotations is now an array, was object in 41 events"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    usual = [anchore("user.a", {"annotations": {}, "x": 1}, number) for number in range(41)]
    odd = anchore("user.a", {"annotations": [], HOSTILE: 1}, 41)
    return fill(tmp_path / "events.db", [*usual, odd, anchore("user.a", {"annotations": [], HOSTILE: 1}, 42)])


def test_what_is_new_in_words_and_once_only(store: Path) -> None:
    with Reader(store) as reader:
        told = [news_of(reader, event) for event in reader.events(list(reader.ids()))]
    assert told[41][0] == "details.x is missing, was there in 41 events"
    assert DRIFT in told[41]
    assert sum("is new: integer" in words for words in told[41]) == 1
    assert not any(told[:41])
    assert told[42] == []


def test_show_and_listen_tell_it(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(store), "show", "42"]) == 0
    out = capsys.readouterr().out
    assert f"new       {DRIFT}\n" in out
    assert "\x1b" not in out
    main(["--store", str(store), "show", "43"])
    assert "\nnew " not in capsys.readouterr().out
    with Reader(store) as reader:
        events = reader.events([41, 42, 43])
        told = told_news(reader, events[1])
    assert [as_text(event).endswith("  new shape") for event in events] == [False, True, False]
    lines = news_lines(42, told, False)
    assert f"          #42  new: {DRIFT}" in lines
    assert "\x1b" not in "".join(lines)
    capsys.readouterr()
    assert main(["--store", str(store), "wait", "is:new"]) == 0
    assert f"\n          #42  new: {DRIFT}\n" in capsys.readouterr().out
