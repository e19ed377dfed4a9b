"""The viewer: sections in one scroll, folding, search, wrapping, selection; large and hostile documents."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from itertools import accumulate
from random import Random

import pytest

from inspector.core.bodies import view_bytes
from inspector.core.jsontext import JsonText
from inspector.core.lines import HexLines, TextLines
from inspector.core.nested import unfolded
from inspector.core.payload import BASE64_BYTES, BASE64_JSON, FROM_JSON, ITEMS, KEYS
from inspector.core.text import count_unsafe
from inspector.tui.widgets import glyphs
from inspector.tui.widgets.colouring import coloured, cut, plain, with_hits
from inspector.tui.widgets.document import Document, Head, HeadLine, Section, Span
from inspector.tui.widgets.layout import HEADING, Layout
from inspector.tui.widgets.measure import WINDOW, Measure
from inspector.tui.widgets.painter import is_among
from inspector.tui.widgets.prepared import Prepared
from inspector.tui.widgets.search import Matches
from inspector.tui.widgets.viewer import Viewer
from tests.tui.host import HOSTILE, Host, rows, screen

PAYLOAD = {
    "id": "x",
    "source": "y",
    "details": {
        "digest": "sha256:" + "9c1f" * 16,
        "diff": {
            "added": [
                {"CVE_ID": "CVE-2026-1001", "Severity": "Low"},
                {"CVE_ID": "CVE-2026-2044", "Severity": "High", "nested": {"b": 1}},
            ],
            "removed": [{"a": 1}, {"a": 2}],
            "updated": [],
        },
        "team": "web",
    },
}


def a_document() -> Document:
    tree = JsonText(json.dumps(PAYLOAD))
    details = tree.part(("details",))
    assert details is not None
    head = Head(
        [
            HeadLine((Span("user.image.analysis.completed", "title"),), (Span("#1204", "muted"),)),
            HeadLine((Span("new: details.team, a string", "new"),), new=True),
        ]
    )
    return Document(
        (
            Section("head", None, head),
            Section("details", "details", details, "json"),
            Section(
                "envelope", "envelope", tree.replaced(("details",), "above"), "json",
                summary="id, source", foldable=True, folded=True,
            ),
        ),
        frozenset({("details", "team"), ("details", "diff", "added", ITEMS, "nested")}),
    )  # fmt: skip


OPEN = [
    "  user.image.analysis.completed                    #1204",
    "◆ new: details.team, a string",
    "  details ───────────────────────────────────────────────",
    "› {",
    '    "digest": "sha256:9c1f9c1f9c1f9c1f9c1f9c1f9c1f9c1f9c…',
    ' ▾  "diff": {',
    ' ▾    "added": [',
    " ▾      {",
    '          "CVE_ID": "CVE-2026-1001",',
    '          "Severity": "Low"',
    "        },",
    " ▾      {",
    '          "CVE_ID": "CVE-2026-2044",',
    '          "Severity": "High",',
    '◆▾        "nested": {',
    '            "b": 1',
    "          }",
    "        }",
    "      ],",
    ' ▾    "removed": [',
]


async def test_sections_in_one_scroll() -> None:
    """Head, open and folded sections, marks and fold signs stand as the design draws them."""
    app = Host(Viewer(a_document()))
    async with app.run_test(size=(58, 20)) as pilot:
        viewer = app.query_one(Viewer)
        assert rows(viewer) == OPEN
        viewer.focus()
        await pilot.press("G")
        assert rows(viewer)[-1] == "›▸envelope   id, source"
        await pilot.press("enter")
        assert rows(viewer)[-6:] == [
            "›▾envelope ──────────────────────────────────────────────",
            "  {",
            '    "id": "x",',
            '    "source": "y",',
            '    "details": above',
            "  }",
        ]


async def test_folding_and_places() -> None:
    """Folded rows say what is in them; the place follows the cursor; moving skips what is folded."""
    app = Host(Viewer(a_document()))
    async with app.run_test(size=(58, 30), message_hook=app.heard.append) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        assert viewer.go_to_path(("details", "diff", "added", 1, "Severity"))
        place = viewer.place
        assert place is not None
        assert (place.words, place.value_text) == ("string, 4 chars", '"High"')
        await pilot.press("h", "h")
        assert rows(viewer)[11] == '›▸      {"CVE_ID": "CVE-2026-2044", …}'
        await pilot.press("K", "space", "j", "j")
        shown = rows(viewer)
        assert shown[7] == ' ▸      {"CVE_ID": "CVE-2026-1001", "Severity": "Low"},'
        assert shown[9] == "›     ],"
        await pilot.press("h", "h", "h")
        assert viewer.place is not None
        assert viewer.place.path == ("details", "diff")
        await pilot.press("j", "j")
        assert viewer.place is not None
        assert viewer.place.path == ("details", "diff", "removed")
        await pilot.press("L", "H")
        assert [row for row in rows(viewer) if row][5:] == [
            '›▸  "diff": {3 keys},',
            '◆   "team": "web"',
            "  }",
            " ▸envelope   id, source",
        ]
        await pilot.press("L", "full_stop", "j", "J", "J")
        assert viewer.place is not None
        assert viewer.place.path == ("details", "team")
        assert app.of(Viewer.CursorMoved)[-1].place == viewer.place


async def test_search_opens_what_is_folded() -> None:
    """Matches inside folds are counted on them, and opened when the search comes to one."""
    app = Host(Viewer(a_document()))
    async with app.run_test(size=(70, 30), message_hook=app.heard.append) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        await pilot.press("H")
        viewer.find("cve-2026")
        await pilot.pause()
        assert viewer.matches == (1, 2)
        assert ' ▸      {"CVE_ID": "CVE-2026-2044", …}   1 match inside' in rows(viewer)
        await pilot.press("n")
        assert viewer.matches == (2, 2)
        assert viewer.place is not None
        assert viewer.place.path == ("details", "diff", "added", 1, "CVE_ID")
        await pilot.press("n")
        assert viewer.matches == (1, 2)
        strip = viewer.render_line(next(y for y, row in enumerate(rows(viewer)) if "CVE-2026-1001" in row))
        hits = [segment.text for segment in strip if segment.style is not None and segment.style.reverse]
        assert hits == ["CVE-2026"]
        viewer.find("nowhere")
        assert viewer.matches == (0, 0)
        viewer.find("source")
        await pilot.pause()
        assert viewer.place is not None
        assert viewer.place.section == "envelope"
        assert [(found.current, found.total) for found in app.of(Viewer.Found)][-1] == (1, 1)


async def test_wrapping_and_scrolling_sideways() -> None:
    """No character is lost or shown twice, wide ones included; unwrapped, the edge says there is more."""
    text = (
        "".join(chr(0x6F22 if number % 7 == 3 else 97 + number % 26) for number in range(300)) + "\u202eEND"
    )
    shown = text.replace("\u202e", "\\u202e")
    document = Document((Section("text", None, TextLines(f"first\n{text}\nlast")),))
    app = Host(Viewer(document))
    async with app.run_test(size=(41, 20)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        assert rows(viewer)[1].endswith("…")
        await pilot.press("w")
        lines = rows(viewer)
        assert "".join(line[2:].strip() for line in lines[1 : lines.index("  last")]) == shown
        assert all(viewer.render_line(y).cell_length == 40 for y in range(20))
        await pilot.press("w", "j", *["greater_than_sign"] * 18)
        assert rows(viewer)[1].endswith("\\u202eEND")
        await pilot.press(*["less_than_sign"] * 18)
        assert rows(viewer)[0] == "  first"


@pytest.mark.parametrize("filler", ["ab", "漢", "\x1b", "a\u0301"])
async def test_one_row_of_a_megabyte(filler: str) -> None:
    """A long row is coloured by windows; its end can be reached wrapped and sideways, and found."""
    text = json.dumps({"a": filler * (1_000_000 // len(filler)) + "END"}, ensure_ascii=False)
    view = view_bytes(text.encode())
    app = Host(Viewer(Document.of(view)))
    async with app.run_test(size=(60, 10), message_hook=app.heard.append) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        viewer.find("END")
        while not app.of(Viewer.Found):
            await pilot.pause(0.01)
        assert viewer.matches == (1, 1)
        await pilot.press("w", "G")
        assert any("END" in row for row in rows(viewer))
        rendered = [viewer.render_line(y) for y in range(10)]
        assert all(strip.cell_length == 59 for strip in rendered)


async def test_selecting_copies_what_is_shown() -> None:
    """The gutter is not copied, escapes are, and a wrapped row stays one."""
    document = Document((Section("text", None, TextLines("one\ntwo \x1b[31m red\n" + "x" * 100)),))
    app = Host(Viewer(document))
    async with app.run_test(size=(40, 12)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.text_select_all()
        await pilot.pause()
        assert app.screen.get_selected_text() == "one\ntwo \\x1b[31m red\n" + "x" * 100
        viewer.wrapped = True
        await pilot.pause()
        assert app.screen.get_selected_text() == "one\ntwo \\x1b[31m red\n" + "x" * 100
        app.screen.clear_selection()
        await pilot.mouse_down(viewer, offset=(3, 0))
        await pilot.hover(viewer, offset=(4, 1))
        await pilot.mouse_up(viewer, offset=(4, 1))
        assert app.screen.get_selected_text() == "ne\ntwo"


async def test_mouse_moves_folds_and_opens() -> None:
    """A click puts the cursor there, on a fold sign it folds; a double click on a value opens it."""
    app = Host(Viewer(a_document()))
    async with app.run_test(size=(58, 20), message_hook=app.heard.append) as pilot:
        viewer = app.query_one(Viewer)
        await pilot.click(viewer, offset=(1, 5))
        assert rows(viewer)[5] == '›▸  "diff": {3 keys},'
        await pilot.click(viewer, offset=(8, 4), times=2)
        opened = app.of(Viewer.Opened)
        assert opened[-1].place.path == ("details", "digest")
        assert json.loads(opened[-1].place.value_text) == PAYLOAD["details"]["digest"]  # type: ignore[index]


@pytest.mark.alone
async def test_reading_a_large_body_leaves_the_loop_free() -> None:
    """10 MB are built in a thread: the screen says so, and no gap in the loop is long."""
    item = {
        "id": "sha256:" + "ab" * 32,
        "values": [1, 2, 3],
        "text": "x" * 60,
        "nested": {"a": None, "b": True},
    }
    body = json.dumps([item] * 54_000).encode()
    assert len(body) > 9_000_000
    app = Host(Viewer())
    async with app.run_test(size=(80, 24), message_hook=app.heard.append) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        await pilot.pause()
        viewer.read(lambda: Document.of(view_bytes(body)), len(body))
        assert rows(viewer)[1] == f"  reading {len(body) / 1e6:.1f} MB …"
        worst, started = 0.0, time.perf_counter()
        while viewer.document.sections[0].key != "body":
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - before)
            assert time.perf_counter() - started < 20
        assert worst < 0.5
        before = time.perf_counter()
        rows(viewer)
        assert time.perf_counter() - before < 0.2
        await pilot.press("G", "k", "k")
        assert viewer.place is not None
        assert viewer.place.path == (53_999, "nested")


async def test_the_last_document_asked_for_wins() -> None:
    """A slow build that was overtaken is not shown."""
    app = Host(Viewer())
    async with app.run_test(size=(80, 24)) as pilot:
        viewer = app.query_one(Viewer)
        await pilot.pause()

        def slow() -> Document:
            time.sleep(0.1)
            return Document((Section("slow", None, TextLines("slow")),))

        viewer.read(slow, 2_000_000)
        viewer.show(Document((Section("quick", None, TextLines("quick")),)))
        await pilot.pause(0.3)
        assert viewer.document.sections[0].key == "quick"


@pytest.mark.parametrize("size", [10, 5_000_000])
async def test_a_view_that_fails_says_so(size: int) -> None:
    """Whatever a builder raises, the app lives and tells where the bytes are."""

    def fail() -> Document:
        raise RecursionError

    app = Host(Viewer())
    async with app.run_test(size=(80, 24), message_hook=app.heard.append) as pilot:
        viewer = app.query_one(Viewer)
        await pilot.pause()
        viewer.read(fail, size)
        while not app.of(Viewer.Failed):
            await pilot.pause(0.01)
        assert (
            rows(viewer)[1] == "  This view failed (RecursionError). 4 has the raw bytes, the log the rest."
        )


async def test_the_next_event_keeps_the_path_and_the_open_sections() -> None:
    """With the focus, another document is read at the same field; a section that was opened stays open."""
    app = Host(Viewer(a_document()))
    async with app.run_test(size=(58, 20)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        await pilot.press("G", "l")
        viewer.go_to_path(("details", "team"))
        viewer.show(a_document())
        assert viewer.place is not None
        assert viewer.place.path == ("details", "team")
        await pilot.press("G")
        assert viewer.place is not None
        assert (viewer.place.section, viewer.place.row) == ("envelope", 4)


async def test_what_is_told_of_a_new_path_keeps_its_words() -> None:
    """A long path loses its beginning, but for its last step; only then the words lose their end."""
    told = ("details.a.long.path.team is new: string", "base_reference is now null, was string in 1 event")
    lines = [HeadLine((Span(words, "new"),), (), True) for words in told]
    app = Host(Viewer())
    async with app.run_test(size=(34, 4)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.show(Document((Section("shape", None, Head(lines)),)))
        await pilot.pause()
        assert rows(viewer)[:2] == [
            "› …long.path.team is new: string",
            "◆ base_reference is now null, wa…",
        ]


async def test_empty_document() -> None:
    """Keys do nothing where there is nothing."""
    app = Host(Viewer())
    async with app.run_test(size=(58, 8)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        keys = (
            "j k g G h l H L J K w n N space enter full_stop less_than_sign greater_than_sign pagedown ctrl+u"
        )
        await pilot.press(*keys.split())
        assert viewer.place is None
        viewer.find("x")
        assert rows(viewer) == [""] * 8


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_shown_escaped(text: str) -> None:
    """Titles, heads, JSON, text, XML, hex and what is searched for: nothing unsafe, no width off."""
    raw = text.encode("utf-8", "surrogatepass")
    document = Document(
        (
            Section("head", None, Head([HeadLine((Span(text, "title"), Span(text)), (Span(text),))])),
            Section("json", text, JsonText(json.dumps({text: [text, {text: 1}]}, ensure_ascii=False)), "json",
                    note=text),
            Section("folded", text, TextLines(text), summary=text, foldable=True, folded=True),
            Section("text", None, TextLines(text * 3)),
            Section("xml", None, TextLines(f"<a b='{text}'>{text}</a>"), "xml"),
            Section("yaml", None, TextLines(f"{text}: {text}"), "yaml"),
            Section("hex", None, HexLines(raw), "hex"),
            *(Section(name, None, view.lines, view.language) for name, view in (
                ("body", view_bytes(raw)),
                ("form", view_bytes(b"a=" + raw, "application/x-www-form-urlencoded")),
                ("part", view_bytes(b"--x\r\n" + raw + b"\r\n\r\n" + raw, "multipart/x; boundary=x")),
            )),
        )
    )  # fmt: skip
    app = Host(Viewer(document))
    async with app.run_test(size=(40, 60)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        for keys in ((), ("w",), ("H",), ("L", "w", "greater_than_sign")):
            await pilot.press(*keys)
            assert [viewer.render_line(y).cell_length for y in range(60)] == [39] * 60
            assert not any(count_unsafe(line) or "\n" in line for line in screen(app))
        viewer.find(text[:3])
        await pilot.pause()
        assert not any(count_unsafe(line) or "\n" in line for line in screen(app))


async def test_ascii_signs() -> None:
    """With the plain set, the viewer adds no character that is not ASCII."""
    app = Host(Viewer(a_document(), glyphs=glyphs.ASCII))
    async with app.run_test(size=(50, 20)) as pilot:
        viewer = app.query_one(Viewer)
        await pilot.press("H")
        assert all(row.isascii() for row in rows(viewer)[:8])


def test_runs() -> None:
    """Escapes and matches are told apart from the colours they stand in; cuts fall between characters."""
    assert [(run.text, run.role) for run in coloured('"a": "b\u202e",', "json")] == [
        ('"a"', "key"), (": ", "muted"), ('"b', "string"), ("\\u202e", "escape"), ('"', "string"),
        (",", "muted"),
    ]  # fmt: skip
    assert [(run.text, run.role) for run in coloured('rest of it"', "json", inside=True)] == [
        ('rest of it"', "string")
    ]
    runs = with_hits(plain("abcdef", "text"), [(1, 2), (4, 6)])
    assert [(run.text, run.hit) for run in runs] == [("a", False), ("b", True), ("cd", False), ("ef", True)]
    wide = plain("a漢b", "text")
    assert ["".join(run.text for run in cut(wide, *at)[0]) for at in ((0, 2), (2, 4), (0, 1), (1, 2))] == [
        "a漢", " b", "a", "漢",
    ]  # fmt: skip


def lines_by_hand(section: Section, measure: Measure, folded: set[int], width: int | None) -> int:
    """The lines of a section, counted row by row."""
    total, hidden_to = int(section.title is not None), -1
    for row in range(len(section.lines)):
        if row > hidden_to:
            total += measure.height(row, width) if width is not None and row not in folded else 1
            if row in folded and section.tree is not None:
                hidden_to = section.tree.closing(row)
    return total


def test_layout_is_the_same_both_ways() -> None:
    """Every line leads to a row that leads back to it, folded, closed and wrapped in any mix."""
    document = a_document()
    measures = [Measure(section.lines) for section in document.sections]
    tree = document.sections[1].tree
    assert tree is not None
    openers = [row for row in tree.openers() if row]
    for folded in (set(), {openers[0]}, set(openers), set(openers[1:])):
        for closed in (set(), {2}):
            for width in (None, 8, 30):
                layout = Layout(document, measures, {1: folded}, closed, width)
                for line in range(layout.total):
                    spot = layout.spot(line)
                    assert spot is not None
                    assert layout.line_of(spot.section, spot.row) == line - spot.line
                assert layout.spot(layout.total) is None
                assert layout.total == sum(
                    lines_by_hand(section, measures[number], {1: folded}.get(number, set()), width)
                    if number not in closed
                    else section.title is not None
                    for number, section in enumerate(document.sections)
                )
                assert layout.spot(layout.line_of(2, HEADING)) == (2, HEADING, 0)


def test_what_is_measured_is_not_measured_again() -> None:
    """An event that changed is laid out anew; the rows of its body are the same."""
    body = TextLines("word\n" * 1000)
    first = Prepared.of(Document((Section("body", None, body),)))
    again = Prepared.of(
        Document((Section("new", None, TextLines("a")), Section("body", None, body))), first.measures
    )
    assert again.measures[1] is first.measures[0]
    assert again.measures[0].lines is again.document.sections[0].lines


def test_a_search_that_is_over_stops() -> None:
    """Of one for which nobody waits any more nothing is left to do."""
    document = Document((Section("body", None, TextLines("word\n" * 1000)),))
    asked = iter([False] * 9 + [True])
    assert len(Matches(document, "word", lambda: next(asked))) == 9
    assert len(Matches(document, "word")) == 1000


def test_measures() -> None:
    """Cells are those of the visible text, for short rows and for long ones by windows."""
    long = "漢" * WINDOW + "\x1b" * WINDOW + "a" * WINDOW
    measure = Measure(TextLines(f"abc\n漢\n\x1b\n{long}"))
    assert [measure.cells(row) for row in range(4)] == [3, 2, 4, 2 * WINDOW + 4 * WINDOW + WINDOW]
    assert measure.window(3, 2 * WINDOW + 5) == (WINDOW, 2 * WINDOW)
    assert list(measure.tall(3).rows) == [2, 3]
    assert measure.tall(3).more[0] == measure.height(2, 3) - 1
    dump = Measure(HexLines(bytes(1000)))
    assert not dump.tall(100).rows
    assert dump.tall(40).more[-1] == len(dump.tall(40).rows) * (dump.height(0, 40) - 1)
    assert isinstance(dump.tall(40).rows, range)  # a dump of megabytes costs nothing


@pytest.mark.parametrize("mixed", [False, True], ids=["ascii", "wide letters among them"])
def test_rows_are_as_tall_as_each_is_high(mixed: bool) -> None:
    """All at once they are counted in another way than one by one."""
    chance = Random(5)
    letters = "abc 表ä\x1b" if mixed else "abc "
    lines = ["".join(chance.choices(letters, k=chance.randrange(40))) for _ in range(300)]
    measure = Measure(TextLines("\n".join(lines)))
    for width in range(1, 45):
        more = [measure.height(row, width) - 1 for row in range(len(measure.lines))]
        tall = measure.tall(width)
        assert list(tall.rows) == [row for row, beyond in enumerate(more) if beyond]
        assert list(tall.more) == list(accumulate(beyond for beyond in more if beyond))


def test_new_paths_match_any_index_and_key() -> None:
    """Paths of shapes have signs where a payload has indexes and keys that are data."""
    paths = frozenset({("a", ITEMS, "b"), ("m", KEYS, "x")})
    assert is_among(("a", 7, "b"), paths)
    assert is_among(("m", "anything", "x"), paths)
    assert not is_among(("a", 7), paths)
    assert not is_among(("m", "anything", "y"), paths)


async def test_what_strings_hold() -> None:
    """A string that holds JSON has a fold mark and is closed; wrapped it is whole; opened it tells the path with
    the step into it; a search finds and opens what base64 hides."""
    inner = json.dumps({"code": 404, "why": "no such tag, " * 4})
    hidden = base64.b64encode(b'{"needle": [1]}').decode()
    tree = unfolded(JsonText(json.dumps({"error": inner, "data": hidden, "n": 1})))
    app = Host(Viewer(Document((Section("details", None, tree, "json"),))))
    async with app.run_test(size=(60, 16)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        assert rows(viewer)[:6] == [
            "› {",
            ' ▸  "error": "{\\"code\\": 404, \\"why\\": \\"no …   JSON inside',
            ' ▸  "data": "eyJuZWVkbGUiOiBbMV19",   base64 of JSON',
            '    "n": 1',
            "  }",
            "",
        ]
        await pilot.press("w")
        assert "".join(row[2:] for row in rows(viewer)[1:3]).strip() == f'"error": {json.dumps(inner)},'
        await pilot.press("w", "j", "l", "j", "j")
        assert rows(viewer)[1:6] == [
            ' ▾  "error": "{\\"code\\": 404, \\"why\\": \\"no such tag, no s…',
            " ▾    {   JSON in this string",
            '›       "code": 404,',
            '        "why": "no such tag, no such tag, no such tag, no …',
            "      }",
        ]
        place = viewer.place
        assert place is not None
        assert place.path == ("error", FROM_JSON, "code")
        assert place.value_text == "404"
        viewer.find("needle")
        await pilot.pause()
        place = viewer.place
        assert place is not None
        assert place.path == ("data", BASE64_JSON, "needle")
        await pilot.press("h", "h", "h", "h", "h")
        assert rows(viewer)[6] == '›▸  "data": "eyJuZWVkbGUiOiBbMV19",   base64 of JSON'
        assert viewer.place is not None
        assert viewer.place.value_text == json.dumps(hidden)


async def test_bytes_in_base64_open_as_hex() -> None:
    """Closed at first; a search finds what the bytes say, not their digits in hex."""
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200, 212))).decode()
    app = Host(
        Viewer(Document((Section("details", None, unfolded(JsonText(json.dumps({"icon": image}))), "json"),)))
    )
    async with app.run_test(size=(60, 12)) as pilot:
        viewer = app.query_one(Viewer)
        viewer.focus()
        assert rows(viewer)[1] == ' ▸  "icon": "iVBORw0KGgrIycrLzM3Oz9DR0tM…   base64 of bytes'
        viewer.find("89 50")
        await pilot.pause()
        assert rows(viewer)[1].startswith(" ▸")
        viewer.find("png")
        await pilot.pause()
        assert rows(viewer)[2:5] == [
            "›     00000000  89 50 4e 47 0d 0a 1a 0a  .PNG....",
            "      00000008  c8 c9 ca cb cc cd ce cf  ........",
            "      00000010  d0 d1 d2 d3              ....",
        ]
        assert viewer.place is not None
        assert viewer.place.path == ("icon", BASE64_BYTES)
