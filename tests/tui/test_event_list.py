"""The event list: rows as designed at each width, a cursor that stays on its event, following and pausing."""

from __future__ import annotations

import time
from array import array
from dataclasses import replace
from datetime import datetime

import pytest
from textual.widgets import Input

from inspector.core.events import Event
from inspector.core.text import count_unsafe
from inspector.tui.widgets import glyphs
from inspector.tui.widgets.event_list import EventList
from inspector.tui.widgets.list_heading import ListHeading
from tests.tui.host import HOSTILE, Host, rows, screen

NOON = int(datetime(2026, 3, 20, 12, 0, 0).astimezone().timestamp() * 1e6)


def an_event(number: int, **fields: object) -> Event:
    """An event that arrived `number` seconds after noon."""
    given = {"method": "POST", "target": b"/anchore", "remote": "127.0.0.1:50412", "size": 1043, **fields}
    return Event(id=number, received_us=NOON + number * 1_000_000, **given)  # type: ignore[arg-type]


class Kept:
    """A source over a list of events; without one, every id is an event."""

    def __init__(self, number: int = 0, *known: Event) -> None:
        self.ids = array("q", range(1, number + 1)) or array("q", [event.id for event in known])
        self.known = {event.id: event for event in known}
        self.asked = 0

    @property
    def last_id(self) -> int:
        return self.ids[-1] if self.ids else 0

    def event(self, number: int) -> Event | None:
        self.asked += 1
        return self.known.get(number) or an_event(number, type=f"t.{number}", level="info", sender="anchore")

    def arrive(self, number: int) -> None:
        self.ids.extend(range(self.last_id + 1, self.last_id + 1 + number))


def a_list(source: Kept, **given: object) -> EventList:
    return EventList(source, now=lambda: NOON, **given)  # type: ignore[arg-type]


COMPLETED = an_event(
    9,
    type="user.image.analysis.completed",
    level="info",
    resource_id="docker.io/library/nginx:1.27",
    account="admin",
    sender="anchore",
    new=True,
    sent=500,
)
POLICY = replace(
    COMPLETED,
    id=8,
    type="user.checks.tag.policy_evaluation.update",
    resource_id="registry.example.com/shop/cart:2.14",
    account="shop",
    starred=True,
    new=False,
    sent=200,
    size=14_800,
    mark="b",
)
FAILED = replace(
    COMPLETED,
    id=7,
    type="system.image_analysis.registry_lookup_failed",
    level="error",
    resource_id="docker.io/library/alpine:edge",
    duplicate_of=3,
    new=False,
    sent=0,
)
REJECTED = an_event(6, method=None, target=None, rejected="TLS bytes on the plain HTTP port", size=517)
CUT = an_event(5, complete=False, incomplete="412 B of 1.0 kB, sender hung up", size=412)
PLAIN = an_event(4, target=b"/hello", size=31)


AT_96 = [
    "  time     level type                               resource         account      sent    size",
    "› 12:00:09 info  user.image.analysis.completed      …/nginx:1.27     admin    ◆   →500  1.0 kB",
    "b 12:00:09 info  …tag.policy_evaluation.update      …/shop/cart:2.14 shop       ★ →200 14.8 kB",
    "  12:00:09 error …registry_lookup_failed            …/alpine:edge    admin     ↻  →err  1.0 kB",
    "  12:00:06 ✗     rejected: TLS bytes on the plain HTTP port                              517 B",
    "  12:00:05 !     incomplete: 412 B of 1.0 kB, sender hung up                             412 B",
    "  12:00:04       POST /hello                        127.0.0.1                             31 B",
]
AT_80 = [
    "  time     level type                          resource           sent    size",
    "› 12:00:09 info  user.image.analysis.completed …/nginx:1.27   ◆   →500  1.0 kB",
    "b 12:00:09 info  …tag.policy_evaluation.update …/cart:2.14      ★ →200 14.8 kB",
    "  12:00:09 error …registry_lookup_failed       …/alpine:edge   ↻  →err  1.0 kB",
    "  12:00:06 ✗     rejected: TLS bytes on the plain HTTP port              517 B",
]
AT_65 = [
    "  time       type                        resource          sent",
    "› 12:00:09 · …image.analysis.completed   …/nginx:1.27  ◆   →500",
    "b 12:00:09 · …policy_evaluation.update   …/cart:2.14     ★ →200",
    "  12:00:09 E …registry_lookup_failed     …/alpine:edge  ↻  →err",
    "  12:00:06 ✗ rejected: TLS bytes on the plain HTTP po…",
    "  12:00:05 ! incomplete: 412 B of 1.0 kB, sender hung…",
]
AT_60 = [
    "  time       type                     resource        sent",
    "› 12:00:09 · …analysis.completed      …nginx:1.27 ◆   →500",
    "b 12:00:09 · …policy_evaluati….update …/cart:2.14   ★ →200",
    "  12:00:09 E …registry_lookup_failed  …lpine:edge  ↻  →err",
]
AT_40 = [
    "  time       type                 sent",
    "› 12:00:09 · …anal….completed ◆   →500",
]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (96, AT_96),
        (80, AT_80),
        (65, AT_65),
        (60, AT_60),
        (40, AT_40),
    ],
)
async def test_rows_fit_the_pane(width: int, expected: list[str]) -> None:
    """Columns, shortening and signs stand as the design draws them at each width."""
    source = Kept(0, PLAIN, CUT, REJECTED, FAILED, POLICY, COMPLETED)
    heading, events = ListHeading(), a_list(source)
    app = Host(heading, events)
    async with app.run_test(size=(width, 12)):
        shown = rows(heading) + rows(events)
    assert shown[: len(expected)] == expected


async def test_ascii_signs() -> None:
    """The plain set has only ASCII in it, in the places of the other."""
    source = Kept(0, PLAIN, CUT, REJECTED, FAILED, POLICY, COMPLETED)
    app = Host(a_list(source, glyphs=glyphs.ASCII))
    async with app.run_test(size=(65, 12)):
        shown = rows(app.query_one(EventList))
    assert all(line.isascii() for line in shown)
    assert shown[0] == "> 12:00:09 . ~image.analysis.completed   ~/nginx:1.27  N   >500"


async def test_follows_with_focus_and_pauses_on_a_move() -> None:
    """At the newest with the focus the cursor goes along; after a move rows stay and arrivals are counted."""
    source = Kept(100)
    app = Host(a_list(source), Input())
    async with app.run_test(size=(80, 12), message_hook=app.heard.append) as pilot:
        events = app.query_one(EventList)
        events.focus()
        await pilot.pause()
        assert events.following
        source.arrive(3)
        events.sync()
        await pilot.pause()
        assert events.cursor == 103
        await pilot.press("j", "j")
        assert (events.cursor, events.following) == (101, False)
        before = rows(events)
        source.arrive(5)
        events.sync()
        await pilot.pause()
        assert rows(events) == before
        assert (events.cursor, events.missed, list(events.missed_ids)) == (101, 5, [104, 105, 106, 107, 108])
        assert app.of(EventList.Paused)[-1].missed == 5
        await pilot.press("g")
        assert (events.cursor, events.following, events.missed) == (108, True, 0)
        assert app.of(EventList.Highlighted)[-1].event_id == 108
        app.query_one(Input).focus()
        await pilot.pause()
        assert not events.following
        source.arrive(1)
        events.sync()
        await pilot.pause()
        assert (events.cursor, events.missed) == (108, 1)
        events.follow()
        assert events.cursor == 109


async def test_a_terminal_without_focus_goes_on_following() -> None:
    """Who looks at another window still finds the newest event on the screen."""
    source = Kept(5)
    app = Host(a_list(source))
    async with app.run_test(size=(80, 12)) as pilot:
        events = app.query_one(EventList)
        events.focus()
        await pilot.pause()
        app.app_focus = False
        await pilot.pause()
        assert events.following
        source.arrive(1)
        events.sync()
        assert events.cursor == 6


async def test_cursor_survives_filters_and_deletion() -> None:
    """Another source keeps the cursor's event; one that went leaves the cursor on the next older."""
    app = Host(a_list(Kept(50)))
    async with app.run_test(size=(80, 12)) as pilot:
        events = app.query_one(EventList)
        events.pause()
        events.go_to(30)
        odd = Kept(50)
        odd.ids = array("q", range(10, 51, 5))
        events.show(odd)
        assert events.cursor == 30
        odd.ids = array("q", [10, 20, 40])
        events.sync()
        assert events.cursor == 20
        odd.ids = array("q")
        events.empty = "None of 50 events match. esc clears the filter."
        events.sync()
        await pilot.pause()
        assert events.cursor is None
        assert rows(events)[1] == "   None of 50 events match. esc clears the filter."
        events.empty += " type:user.image.analysis* would match what begins so."
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert [row.strip() for row in rows(events)[1:4]] == [
            "None of 50 events match. esc",
            "clears the filter.",
            "type:user.image.analysis* would",
        ]


async def test_older_ids_and_turning_the_order() -> None:
    """Ids that come in below move nothing, also with the oldest first."""
    source = Kept(0)
    source.ids = array("q", range(1000, 1100))
    app = Host(a_list(source))
    async with app.run_test(size=(80, 12)) as pilot:
        events = app.query_one(EventList)
        events.pause()
        events.go_to(1050)
        events.order = "oldest"
        await pilot.pause()
        before = rows(events)
        assert any("t.1050" in row for row in before)
        source.ids = array("q", range(1, 1000)) + source.ids
        events.sync()
        await pilot.pause()
        assert rows(events) == before
        assert events.cursor == 1050


async def test_keys_mouse_and_opening() -> None:
    """Pages, edges and clicks move; enter and a double click open."""
    app = Host(a_list(Kept(200)))
    async with app.run_test(size=(80, 12), message_hook=app.heard.append) as pilot:
        events = app.query_one(EventList)
        events.focus()
        await pilot.press("pagedown", "ctrl+d", "G")
        assert events.cursor == 1
        await pilot.press("home", "down", "up", "enter")
        assert app.of(EventList.Opened)[-1].event_id == 200
        await pilot.click(events, offset=(5, 4))
        assert events.cursor == 196
        assert not events.following
        await pilot.click(events, offset=(5, 6), times=2)
        assert app.of(EventList.Opened)[-1].event_id == 194


@pytest.mark.alone
async def test_a_million_ids_cost_what_a_thousand_do() -> None:
    """Only visible rows are asked for, and taking in arrivals does not depend on how many there are."""
    spent = {}
    for count in (1_000, 1_000_000):
        source = Kept(count)
        app = Host(a_list(source))
        async with app.run_test(size=(120, 40)) as pilot:
            events = app.query_one(EventList)
            events.focus()
            await pilot.pause()
            source.asked = 0
            started = time.thread_time()
            for _ in range(20):
                source.arrive(1)
                events.sync()
                rows(events)
            spent[count] = time.thread_time() - started
            assert source.asked <= 20 * 2 * 42
            await pilot.press("G")
            assert events.cursor == 1
    assert spent[1_000_000] < 5 * spent[1_000], "to go through the ids would take hundreds of times as long"


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_shown_escaped(text: str) -> None:
    """Whatever field holds it, no unsafe character is in a strip, and every row is as wide as the pane."""
    raw = text.encode("utf-8", "surrogatepass")
    hostile = [
        an_event(1, type=text, level=text, resource_id=text, account=text, mark=text, sender=text),
        an_event(2, method=text, target=raw, remote=text),
        an_event(3, rejected=text),
        an_event(4, complete=False, incomplete=text),
    ]
    for width in (100, 80, 60, 45):
        events = a_list(Kept(0, *hostile))
        events.empty = text
        app = Host(events)
        async with app.run_test(size=(width, 8)):
            strips = [events.render_line(y) for y in range(events.size.height)]
            assert [strip.cell_length for strip in strips] == [width - 1] * 8
            shown = screen(app)
        assert not any(count_unsafe(line) or "\n" in line for line in shown)
