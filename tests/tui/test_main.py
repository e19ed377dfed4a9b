"""The main screen over a real store: list, detail, marks, notes, copies, layouts, hostile content."""

from __future__ import annotations

import gzip
import json
import threading
from array import array
from pathlib import Path

import pytest
from textual.widgets._toast import Toast

from inspector.core.events import Request
from inspector.core.text import storable
from inspector.store.deleted import delete, undo
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.tui.conftest import Staged
from tests.tui.screens_store import (
    COMPLETED,
    FAILED,
    HOSTILE,
    START_US,
    add,
    anchore,
    assert_safe,
    fill,
    images,
    post,
    toasts_of,
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


async def test_newest_event_is_listed_first_and_read_at_once(store: Path, staged: Staged) -> None:
    """Without a key pressed, the list follows and the detail shows the newest event's `details`."""
    fill(store, images(3))
    async with staged(store) as stage:
        await stage.detail(3)
        await stage.shows("Events 3", "following", COMPLETED, '"n": 2', "#3", "details")
        assert "▸envelope" in stage.text
        await stage.shows("object, 2 keys", "in all 3 events")


async def test_how_common_a_field_is_counts_what_came_a_moment_ago(store: Path, staged: Staged) -> None:
    """Counts read for one event do not stand for a later one, nor while more of the type arrive."""
    fill(store, images(1))
    async with staged(store) as stage:
        await stage.shows("the only event of its type")
        add(store, *images(1))
        await stage.detail(2)
        await stage.shows("in all 2 events")
        await stage.press("j")
        add(store, *images(1))
        await stage.detail(1)
        await stage.shows("in all 3 events")


async def test_follows_until_the_reader_moves_and_counts_what_comes(store: Path, staged: Staged) -> None:
    """A new event is shown at once; after a move it is only counted, and `f` goes to it."""
    fill(store, images(3))
    async with staged(store) as stage:
        await stage.detail(3)
        add(store, *images(1))
        await stage.detail(4)
        await stage.press("j")
        await stage.detail(3)
        add(store, *images(2))
        await stage.shows("paused, 2 new above", "f newest (2 new)")
        assert stage.main.events.cursor == 3
        await stage.press("f")
        await stage.detail(6)
        await stage.shows("following")


async def test_tabs_show_body_headers_raw_shape_and_attempts(store: Path, staged: Staged) -> None:
    """Every tab has its say, secrets in headers are masked until asked for."""
    fill(store, [post(json.dumps(images(1)[0]).encode(), (b"Authorization", b"Basic c2VjcmV0"))])
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("2")
        await stage.shows('"source": {', '"details": {')
        await stage.press("3")
        await stage.shows("POST /hook", "Authorization", "••••••", "1 masked")
        await stage.press("4")
        await stage.shows("POST /hook HTTP/1.1", "Content-Type: application/json", "─ head, line 1 of ")
        assert "c2VjcmV0" not in stage.text
        await stage.press("Y", "r")
        await stage.shows("Basic c2VjcmV0")
        await stage.press("5")
        await stage.shows("1 event, 1 variant", "digest")
        await stage.press("enter", *"jjjj")
        await stage.shows("─ details.digest ─", "string, the only event of its type")
        await stage.press("y")
        await stage.shows("Copied details.digest")
        await stage.press("escape", "6")
        await stage.shows("No target yet. R asks for one.")
        await stage.press("x")
        await stage.shows("00000000  7b 22")


async def test_enter_reads_and_esc_goes_back(store: Path, staged: Staged) -> None:
    """The focus goes to the detail and back; `]` reads on without leaving it."""
    fill(store, images(3))
    async with staged(store) as stage:
        await stage.detail(3)
        await stage.press("enter")
        await stage.until(lambda: stage.main.details.viewer.has_focus)
        await stage.press("j", "j")
        await stage.shows("details.digest", "string, 71 chars")
        await stage.press("right_square_bracket")
        await stage.detail(2)
        assert stage.main.details.viewer.has_focus
        await stage.press("escape")
        await stage.until(lambda: stage.main.events.has_focus)


async def test_a_new_shape_is_told_in_words(store: Path, staged: Staged) -> None:
    """The field no earlier event had is named above the payload and marked in it."""
    fill(store, [*images(2), anchore(COMPLETED, {"n": 9, "digest": "x", "team": "web"})])
    async with staged(store) as stage:
        await stage.detail(3)
        await stage.shows("details.team is new: string", "Shape ◆", "5 what is new")


async def test_marks_are_kept_and_two_of_them_are_compared(store: Path, staged: Staged) -> None:
    """`m` gives a and b, also after a restart; `d` opens the diff of the two."""
    fill(store, [images(1)[0], anchore(FAILED, {"reason": "x"})])
    async with staged(store) as stage:
        await stage.detail(2)
        await stage.press("m")
        await stage.shows("m mark the other")
        await stage.press("j", "m")
        await stage.shows("d diff a and b")
        await stage.until(lambda: any(line.startswith("b ") for line in stage.text.splitlines()))
    async with staged(store) as stage:
        assert stage.main.session.marks == {2: "a", 1: "b"}
        await stage.press("d")
        await stage.shows("Diff", "details.reason", "details.digest")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.main)
        await stage.press("U")
        await stage.shows("All marks are gone.")
    with Reader(store) as reader:
        assert [event.mark for event in reader.events([1, 2])] == [None, None]


async def test_diff_without_marks_takes_the_one_before_of_its_type(store: Path, staged: Staged) -> None:
    """And says so when there is none."""
    fill(store, [images(1)[0], anchore(FAILED, {"r": 1}), images(1)[0]])
    async with staged(store) as stage:
        await stage.detail(3)
        await stage.press("d")
        await stage.shows("The same shape. 2 compares the values.")
        await stage.press("escape", "j", "d")
        await stage.shows("first of its type")


async def test_star_comment_and_delete(store: Path, staged: Staged) -> None:
    """Notes are kept in the store; deleting asks first and leaves starred events alone."""
    fill(store, images(4))
    async with staged(store) as stage:
        await stage.detail(4)
        await stage.press("s")
        await stage.shows("★")
        await stage.press("semicolon")
        await stage.type("look", "enter")
        await stage.shows("; look")
        await stage.press("X")
        await stage.shows("#4 is starred and stays; s takes the star away.")
        await stage.press("escape", "j", "X")
        await stage.shows("Delete #3? u brings it back until the next start.", "Keep")
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen is stage.main)
        await stage.press("X", "left", "left", "enter")
        await stage.shows("Deleted 1 event, u brings it back.", "Events 3")
        assert list(stage.main.source.ids) == [1, 2, 4]
        await stage.detail(2)
    with Reader(store) as reader:
        assert reader.event(3) is None
        kept = reader.event(4)
        assert kept is not None
        assert kept.starred
        assert kept.comment == "look"


async def test_all_listed_events_are_deleted_and_come_back(store: Path, staged: Staged) -> None:
    """Starred ones stay; each deletion is undone by itself, also one of another process."""
    fill(store, [*images(4), anchore(FAILED, {"n": 9})])
    with Edits(store) as edits:
        edits.set_note(2, starred=True)
    async with staged(store) as stage:
        await stage.detail(5)
        await stage.press("X", "left", "enter")
        await stage.shows("Delete all 5? u brings them back until the next start. 1", "starred stays.")
        await stage.press("left", "enter")
        await stage.shows("Deleted 4 events, u brings them back.", "Events 1 ")
        assert list(stage.main.source.ids) == [2]
        delete(store, [2])
        await stage.until(lambda: not stage.main.source.all_ids)
        assert len(undo(store)) == 1
        await stage.until(lambda: list(stage.main.source.ids) == [2])
        await stage.until(lambda: stage.main.events.has_focus)
        await stage.press("u")
        await stage.shows("Brought back 4 events.", "Events 5 ")
        assert list(stage.main.source.ids) == [1, 2, 3, 4, 5]
        await stage.press("u")
        await stage.shows("Nothing to undo.")


async def test_what_comes_while_the_ids_are_read_again_stays_in_a_filtered_list(
    store: Path, staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read when another process has deleted some; a match that arrives meanwhile is none of those."""
    fill(store, images(3))
    go, begun = threading.Event(), threading.Event()

    def slowly(numbers: array[int]) -> frozenset[int]:
        found = frozenset(numbers)
        begun.set()
        go.wait(30)
        return found

    async with staged(store) as stage:
        await stage.detail(3)
        stage.main.filter_by("type:user.*")
        await stage.shows("Events   3 of 3")
        monkeypatch.setattr("inspector.tui.screens.main.frozenset", slowly, raising=False)
        delete(store, [1])
        await stage.until(begun.is_set)
        fill(store, [anchore(COMPLETED, {"n": 9}, 9)])
        await stage.until(lambda: list(stage.main.source.ids) == [1, 2, 3, 4])
        go.set()
        await stage.until(lambda: list(stage.main.source.ids) == [2, 3, 4])


async def test_events_deleted_elsewhere_leave_the_list(store: Path, staged: Staged) -> None:
    """Another process may delete at any time."""
    fill(store, images(3))
    async with staged(store) as stage:
        await stage.detail(3)
        with Edits(store) as edits:
            edits.delete([1, 2])
        await stage.until(lambda: list(stage.main.source.ids) == [3])
        await stage.shows("Events 1 ")


async def test_copies_go_to_the_clipboard_in_a_safe_form(store: Path, staged: Staged) -> None:
    """Values, paths, curl; a lone surrogate is escaped, and what is too large is not sent."""
    body = b'{"type":"t","details":{"odd":"a\\ud800b","big":"' + b"x" * 80_000 + b'"}}'
    fill(store, [post(body)])
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("enter", "j", "y")
        await stage.shows("Copied odd")
        assert stage.app.clipboard == "a\\ud800b"
        await stage.press("Y", "p")
        assert stage.app.clipboard == "details.odd"
        await stage.press("j", "y")
        await stage.shows("Too large for the clipboard")
        assert stage.app.clipboard == "details.odd"
        await stage.press("escape", "Y", "i")
        assert stage.app.clipboard == "inspector show 1"


async def test_search_inside_the_detail(store: Path, staged: Staged) -> None:
    """`/` in the detail looks there, n goes on, esc ends it."""
    fill(store, [anchore("t.x", {"alpha": {"needle": 1}, "beta": "needle"})])
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("enter", "slash")
        await stage.type("needle")
        # Letters go into the line: the footer names no key that would be one.
        await stage.shows(
            "1 of 2   enter, then n N   esc closes", "enter goes to the match   esc ends the search"
        )
        await stage.press("enter")
        await stage.shows("n N next, previous", "esc ends the search   n next   N previous")
        await stage.press("n")
        await stage.shows("2 of 2")
        await stage.press("escape")
        await stage.until(lambda: not stage.main.details.find_bar.display)
        assert stage.main.details.viewer.has_focus


async def test_large_body_is_read_beside_the_screen(store: Path, staged: Staged) -> None:
    """Megabytes are read in a thread, and moving on at once shows the event one moved to."""
    rows = [{"id": number, "name": "x" * 60} for number in range(30_000)]
    fill(store, [images(1)[0], anchore("big.one", {"rows": rows})])
    async with staged(store) as stage:
        await stage.detail(2)
        await stage.shows('"rows": [')
        await stage.press("j")
        await stage.detail(1)
        await stage.shows('"n": 0')


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 36), (200, 50)])
async def test_every_size_has_its_layout(store: Path, staged: Staged, size: tuple[int, int]) -> None:
    """One pane, stacked, beside, three panes; the footer and the list are always there."""
    fill(store, images(3))
    async with staged(store, size) as stage:
        await stage.detail(3)
        await stage.shows("Events 3", "? keys")
        lines = stage.text.splitlines()
        assert len(lines) == size[1]
        assert max(map(len, lines)) <= size[0]
        assert ("[Details]" in stage.text) == (size != (60, 15))
        assert ("[Shape" in stage.text) == (size == (200, 50))
        await stage.press("enter")
        await stage.shows("[Details]", '"n": 2')
        await stage.press("z")
        await stage.until(lambda: "Events 3 " not in stage.text)
        await stage.press("escape", "escape")
        await stage.shows("Events 3")


async def test_a_storm_of_sizes_leaves_the_screen_whole(store: Path, staged: Staged) -> None:
    """Down to one cell and back, with an event arriving in between; too small a terminal is told so."""
    fill(store, images(5))
    async with staged(store) as stage:
        await stage.detail(5)
        for size in ((1, 1), (200, 50), (39, 7), (60, 15), (1, 60), (300, 2), (80, 24), (40, 8), (120, 36)):
            await stage.pilot.resize_terminal(*size)
            if size == (60, 15):
                add(store, *images(1))
        await stage.detail(6)
        await stage.shows("Events 6", "[Details]", "? keys")
        await stage.pilot.resize_terminal(39, 20)
        await stage.shows("Make the terminal 40×8 or larger.")


async def test_hostile_content_is_shown_escaped_everywhere(store: Path, staged: Staged) -> None:
    """Markup, escape sequences and overrides in every field neither act nor break a pane or a dialog."""
    payload = anchore(HOSTILE, {HOSTILE: HOSTILE}, level=HOSTILE, message=HOSTILE)
    payload["resource"] = {"account_name": HOSTILE, "type": HOSTILE, "id": HOSTILE}
    odd = HOSTILE.encode("utf-8", "surrogatepass")
    request = Request(
        "PO[/x]ST", b"/\x1b[/x]?a=\xff&[b]=[/b]", ((b"X-[/x]", odd),), json.dumps(payload).encode()
    )
    fill(store, [request, Request("GET", b"/[/x]\x1b]0;t\x07", (), odd)])
    with Edits(store) as edits:
        edits.set_note(1, comment=storable(HOSTILE))
        edits.set_setting("replay_target", "http://[/x]\x1b/")
        edits.set_state("listener", {"url": f"http://h{HOSTILE}", "host": "x", "port": 1, "pid": 1})
        edits.set_state(
            "tunnel", {"state": "open", "url": f"https://{HOSTILE}", "since_us": 1, "closes_us": 2}
        )
        edits.set_state("trouble", {"text": HOSTILE})
    async with staged(store) as stage:
        await stage.detail(2)
        assert_safe(stage.app)
        await stage.press("j")
        await stage.detail(1)
        for keys in (
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "y",
            "r",
            "Y",
            "escape",
            "R",
            "escape",
            "i",
            "escape",
            "c",
        ):
            await stage.press(keys)
            assert_safe(stage.app)
        await stage.press("1")
        await stage.shows("\\x1b]0;owned", "[/x]")
        await stage.press("slash")
        await stage.type("type:[/x] bad[:")
        await stage.shows("mistake")
        assert_safe(stage.app)


async def test_toasts_stay_small(store: Path, staged: Staged) -> None:
    """Names from outside, with blanks or without, take a few rows at most, and show both ends of a word."""
    fill(store, [anchore("begin." + "x" * 100 + ".end", {}), anchore("two words " * 300, {}, 1)])
    async with staged(store, size=(80, 24)) as stage:

        def heights() -> list[int]:
            return [toast.size.height for toast in stage.app.screen.query(Toast)]

        def is_told(begins: str, rows: int) -> bool:
            told = toasts_of(stage.app)
            return bool(told) and told[0].startswith(begins) and heights() == [rows]

        for number, begins, rows in ((2, "Copied two words", 2), (1, "Copied begin.xx", 2)):
            await stage.detail(number)
            await stage.press("y")
            await stage.until(lambda wanted=(begins, rows): is_told(*wanted))
            assert toasts_of(stage.app)[0].endswith("…" if number == 2 else "xxx.end")
            await stage.press("j")
        stage.main.tell("It failed. " * 100, error=True)
        await stage.until(lambda: len(heights()) == 2 and 0 < heights()[1] <= 5)


async def test_help_and_palette_know_the_keys(store: Path, staged: Staged) -> None:
    """`?` lists the keys of the pane with the command-line twin; the palette finds actions by name."""
    fill(store, images(1))
    async with staged(store) as stage:
        await stage.detail(1)
        await stage.press("question_mark")
        await stage.shows("Keys in the list", "Mark a, b, and more")
        await stage.press("escape", "ctrl+p")
        await stage.type("Replay to")
        await stage.shows("Replay to the target")
        await stage.press("escape")


async def test_the_palette_goes_to_an_event_by_its_number(store: Path, staged: Staged) -> None:
    """A filter stays where it lets the event through, and is cleared, which is said before, where it hides it."""
    fill(store, images(6))
    async with staged(store) as stage:
        await stage.detail(6)
        await stage.press("ctrl+p")
        await stage.type("#77")
        await stage.shows("No matches found")
        await stage.press("escape")
        stage.main.filter_by("id:2-6")
        await stage.shows("  5 of 6 ")
        for typed, number, clears in (("#3", 3, False), ("1", 1, True)):
            await stage.press("ctrl+p")
            await stage.type(typed)
            await stage.shows(f"Go to event #{number}{', clears the filter' if clears else '  '}")
            await stage.press("enter")
            await stage.detail(number)
            assert stage.main.wanted.is_empty == clears
        await stage.shows("Events 6", "paused")


async def test_a_long_past_does_not_hold_up_the_first_paint(store: Path, staged: Staged) -> None:
    """Only the newest ids are read before the first paint, the others follow."""
    fill(store, images(1))
    writer = StoreWriter(store)
    writer.begin()
    writer.db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
        "INSERT INTO event (id, received_us, monotonic_ns, method, target, remote, size) "
        "SELECT i, ?, 1, 'GET', x'2F', 'x', 0 FROM n",
        (START_US,),
    )
    writer.db.execute("UPDATE total SET events = 30000")
    writer.commit()
    writer.close()
    async with staged(store) as stage:
        await stage.shows("Events 30,000")
        await stage.until(lambda: len(stage.main.source.all_ids) == 30_000)
        await stage.press("G")
        await stage.detail(1)


async def test_strings_headers_and_copies(store: Path, staged: Staged) -> None:
    """What a string holds opens in place and is copied in every form; header lines say what they mean and what is
    odd; a time is told here."""
    inner = {"code": 404, "at": "2026-11-17T09:12:41Z"}
    body = gzip.compress(json.dumps({"type": "t", "details": {"error": json.dumps(inner)}}).encode())
    fill(store, [post(body, (b"Content-Encoding", b"gzip"), (b"X-Dup", b"1"), (b"x-dup", b"2"))])
    async with staged(store, size=(160, 40)) as stage:
        await stage.detail(1)
        await stage.press("enter", "j", "l", "j", "j", "j")
        await stage.shows("JSON in this string", "details.error | fromjson.at", " here, ")
        await stage.press("Y", "q")
        assert stage.app.clipboard == ".details.error | fromjson | .at"
        await stage.press("k", "k", "y")
        assert stage.app.clipboard == json.dumps(inner, indent=2)
        await stage.press("k", "Y", "d")
        assert stage.app.clipboard == json.dumps(inner, indent=2)
        await stage.press("y")
        assert stage.app.clipboard == json.dumps(inner)
        await stage.press("Y", "s")
        assert stage.app.clipboard == json.dumps(json.dumps(inner))
        await stage.press("Y", "P")
        assert stage.app.clipboard == "$.details.error"
        await stage.press("Y", "b")
        await stage.shows("gunzipped from")
        assert stage.app.clipboard == gzip.decompress(body).decode()
        await stage.press("3")
        await stage.shows("POST /hook HTTP/1.1", "what the body is", "2 times, differ")
        await stage.press("G", "y")
        assert stage.app.clipboard == "2"
        await stage.press("Y", "h")
        await stage.shows("Copied 4 header lines")
        assert stage.app.clipboard.endswith("X-Dup: 1\nx-dup: 2")
