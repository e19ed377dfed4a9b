"""``events``, ``show`` and ``wait``: what is listed, in which order, and every byte of it."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from inspector.core.events import Attempt
from inspector.store.edits import Edits
from inspector.store.writer import StoreWriter
from tests.cli.conftest import START_US, Fill, Run, arrival, rejected

MEMBERS = {
    *[
        "id",
        "received_at",
        "method",
        "target",
        "remote",
        "size",
        "complete",
        "rejected",
        "sender",
        "type",
        "level",
    ],
    *["resource_type", "resource_id", "delivery_id", "shape"],
}


def test_events_are_listed_newest_last_with_all_that_is_promised(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}', b"no json", b'{"type":"b","level":"ERROR","id":"d1"}')
    lines = run("events", "--json").lines
    assert [line["id"] for line in lines] == [1, 2, 3]
    assert set(lines[0]) >= MEMBERS
    assert lines[0]["received_at"] == "2025-10-09T09:00:00.000000Z"
    assert (lines[1]["type"], lines[1]["shape"], lines[1]["size"]) == (None, None, 7)
    assert (lines[2]["level"], lines[2]["delivery_id"], lines[2]["target"]) == ("error", "d1", "/hooks")


def test_people_see_the_last_hundred_scripts_all(run: Run, fill: Fill) -> None:
    fill(*[b'{"type":"a"}'] * 130)
    done = run("events")
    assert [line.split()[0] for line in done.out.splitlines()] == ["id", *map(str, range(31, 131))]
    assert done.err == "The last 100 are shown; --limit N shows more.\n"
    assert len(run("events", "--json").lines) == 130
    assert [line["id"] for line in run("events", "--json", "--limit", "2").lines] == [129, 130]
    assert len(run("events", "--limit", "120").out.splitlines()) == 121
    assert run("events", "--json", "--limit", "0").out == ""


def test_lines_after_a_body_in_chunks_are_shown_and_found(run: Run, fill: Fill) -> None:
    fill(b"{}", arrival(b'{"a":1}', trailers=((b"X-Sum", b"1\xe9"), (b"X-Sum", b"2"))))
    assert run("show", "2").out.endswith('{\n  "a": 1\n}\nafter the body:\nX-Sum: 1é\nX-Sum: 2\n')
    assert run("show", "2", "--json").lines[0]["trailers"] == [["X-Sum", "1é"], ["X-Sum", "2"]]
    assert "trailers" not in run("show", "1", "--json").lines[0]
    assert [line["id"] for line in run("events", "header.x-sum:2", "--json").lines] == [2]


def test_an_empty_list_says_why(run: Run, fill: Fill, store: Path) -> None:
    StoreWriter(store).close()
    done = run("events")
    assert (done.code, done.out, done.err) == (0, "", "No events yet. inspector listen captures some.\n")
    fill(b"{}")
    assert run("events", "level:x").err == "None of 1 event match.\n"
    told = "None of 1 event match. type:user.image* would match what begins so.\n"
    assert run("events", "type:user.image").err == told
    done = run("events", "type:x", "--json")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["type:user.image.*"], [1, 2]),
        (["type:user.*", "level:error"], [2]),
        (["-sender:github"], [1, 2, 4]),
        (["-type:user.*", "-is:rejected"], [3]),
        (["-is:rejected", "-type:*"], []),
        (["details.x:1"], [1]),
        (["some text"], [2]),
        (["-some text"], [1, 3, 4]),
        (["is:rejected"], [4]),
        (["method:PUT"], [3]),
        (["id:2-3"], [2, 3]),
        (["type:*analysis.completed details.x:1"], [1]),
    ],
    ids=lambda part: " ".join(map(str, part)),
)
def test_filters(words: list[str], ids: list[int], run: Run, fill: Fill) -> None:
    fill(
        b'{"type":"user.image.analysis.completed","details":{"x":1}}',
        b'{"type":"user.image.analysis.failed","level":"error","details":{"x":"some text"}}',
        arrival(b"{}", method="PUT", headers=((b"X-GitHub-Event", b"push"),)),
        rejected(),
    )
    done = run("events", "--json", *words)
    assert [line["id"] for line in done.lines] == ids
    assert [line["id"] for line in run("events", *words, "--json").lines] == ids


@pytest.mark.parametrize("words", [(), ("needle",), ("type:e",), ("-hay", "details.n:*")])
def test_the_newest_is_last_whatever_is_asked_for(words: tuple[str, ...], run: Run, fill: Fill) -> None:
    """A search begins with the newest events; what it prints stands in the order of arrival all the same."""
    bodies = [b'{"type": "e", "details": {"n": %d, "text": "a needle"}}' % number for number in range(3)]
    packed = ((b"Content-Encoding", b"gzip"),)
    fill(bodies[0], arrival(gzip.compress(bodies[1]), headers=packed), bodies[2])
    assert [line["id"] for line in run("events", *words, "--json").lines] == [1, 2, 3]
    for options, ids in ((), ["1", "2", "3"]), (("--limit", "2"), ["2", "3"]):
        assert [row.split()[0] for row in run("events", *words, *options).out.splitlines()[1:]] == ids


def test_rejected_and_incomplete_say_their_reason(run: Run, fill: Fill) -> None:
    fill(rejected("too many heads", count=37), arrival(b"abc", incomplete="the sender hung up"))
    done = run("events")
    assert "rejected: too many heads (37 times)" in done.out
    assert "POST /hooks  incomplete: the sender hung up" in done.out
    lines = run("events", "--json").lines
    assert (lines[0]["method"], lines[0]["target"], lines[0]["rejected"]) == (None, None, "too many heads")
    assert (lines[1]["complete"], lines[1]["rejected"]) == (False, None)
    assert [line["id"] for line in run("events", "--json", "is:rejected").lines] == [1]
    assert [line["id"] for line in run("events", "--json", "is:incomplete").lines] == [2]
    assert run("events", "--json", "-is:incomplete", "-is:rejected").lines == []


# -- show


def test_show_json_holds_every_byte(run: Run, fill: Fill) -> None:
    headers = ((b"Host", b"a"), (b"X-Odd", b"\xff\x80\t;"), (b"x-odd", b""), (b"X-Odd", b" twice"))
    fill(arrival(b"\xff\x00body", target=b"/\xe9?q=\xff", headers=headers), arrival("größe".encode()))
    (line,) = run("show", "1", "--json").lines
    assert set(line) >= MEMBERS | {"headers"}
    assert (
        tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in line["headers"]) == headers
    )
    assert line["target"].encode("latin-1") == b"/\xe9?q=\xff"
    assert base64.b64decode(line["body_base64"]) == b"\xff\x00body"
    assert "body" not in line
    (line,) = run("show", "#2", "--json").lines
    assert line["body"] == "größe"
    assert "body_base64" not in line


@pytest.mark.parametrize("body", [b"", b"\xff\x00\r\n\n", b'{"a":\t1 }\n', bytes(range(256)) * 500])
def test_show_raw_is_exactly_the_body(body: bytes, store: Path, fill: Fill) -> None:
    fill(arrival(body))
    words = [sys.executable, "-m", "inspector", "--store", str(store), "show", "1", "--raw"]
    done = subprocess.run(words, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, body, b"")


def test_show_for_people(run: Run, fill: Fill) -> None:
    fill(
        b'{"type":"a.b","level":"info","message":"well \\u001b[2J","details":{"x":[1,2]}}',
        rejected("TLS bytes", b"\x16\x03\x1b[2J"),
    )
    done = run("show", "1")
    assert done.out.startswith("a.b   #1\nlevel     info\n")
    assert "message   well \\x1b[2J\n" in done.out
    assert "POST /hooks HTTP/1.1\nHost: hooks.example.com\n" in done.out
    assert '"x": [' in done.out
    assert "\x1b" not in done.out
    done = run("show", "2")
    assert "rejected  TLS bytes\n" in done.out
    assert "\\x16\\x03\\x1b[2J" in done.out


def test_show_tells_notes_and_every_attempt(run: Run, fill: Fill, store: Path) -> None:
    """What the screen shows of an event beside its request: star, comment, the answers to replays."""
    fill(b'{"type":"a.b"}')
    assert run("show", "1", "--attempts").err == "Event 1 was not sent yet: inspector replay 1 --to URL\n"
    answer = ((b"Content-Type", b"application/json"), (b"Set-Cookie", b"s3cret"))
    with Edits(store) as edits:
        edits.set_note(1, starred=True, comment="look \x1b here")
        edits.add_attempt(
            Attempt(1, "http://127.0.0.1:9/", START_US, 3.0, error="it refused the connection.")
        )
        edits.add_attempt(
            Attempt(
                1, "http://127.0.0.1:9/", START_US, 12.4, "replay", 500, "NO", None, answer, b'{"e":1}', 9
            )
        )
    done = run("show", "1")
    assert done.out.startswith("a.b   #1, starred\ncomment   look \\x1b here\n")
    assert "replayed  2 times, answered 500; --attempts has the answers\n" in done.out
    done = run("show", "1", "--attempts")
    assert [line.split()[0::2] for line in done.out.splitlines()[1:3]] == [
        ["2", "500", "http://127.0.0.1:9/"],
        ["1", "none", "http://127.0.0.1:9/"],
    ]
    for words in ("HTTP/1.1 500 NO\n", '"e": 1', "Only the first 7 B of 9 B", "Sent exactly as received."):
        assert words in done.out
    assert "s3cret" not in done.out
    last, first = run("show", "1", "--attempts", "--json").lines
    assert (last["status"], last["body"], first["error"]) == (500, '{"e":1}', "it refused the connection.")


def test_show_curl_masks_secrets_unless_asked(run: Run, fill: Fill) -> None:
    fill(arrival(b'{"a":1}', headers=((b"Authorization", b"Bearer s3cret"),)), rejected())
    assert "s3cret" not in (masked := run("show", "1", "--curl").out)
    assert "••••••" in masked
    done = run("show", "1", "--curl", "--show-secrets", "--to", "http://127.0.0.1:9/x")
    assert "Bearer s3cret" in done.out
    assert "http://127.0.0.1:9/x" in done.out
    done = run("show", "2", "--curl")
    assert (done.code, done.out) == (1, "")


@pytest.mark.parametrize("number", ["99", "999999999999999999"])
def test_what_is_not_there_is_exit_code_1(number: str, run: Run, fill: Fill) -> None:
    fill(b"{}")
    done = run("show", number)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"inspector: there is no event {number}; inspector events lists them.\n"


# -- wait


def test_wait_finds_the_newest_that_is_there(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}', b'{"type":"a"}', b'{"type":"b"}')
    done = run("wait", "type:a", "--timeout", "5s", "--json")
    assert (done.code, done.lines[0]["id"]) == (0, 2)
    assert "#2" in run("wait", "type:a").out


def test_wait_gives_up_with_1(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}')
    for words in (["type:b"], ["type:a", "--new"], ["-type:a"]):
        began = time.monotonic()
        done = run("wait", *words, "--timeout", "0.2")
        assert (done.code, done.out) == (1, "")
        assert done.err == "inspector: no event that matches came within 0.2 s.\n"
        assert 0.2 <= time.monotonic() - began < 20


def test_wait_for_one_that_comes(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}')
    thread = threading.Timer(0.2, fill, [b'{"type":"b"}', b'{"type":"a","x":1}'])
    thread.start()
    done = run("wait", "type:a", "--new", "--timeout", "10s", "--json")
    thread.join()
    assert (done.code, done.lines[0]["id"]) == (0, 3)


def test_wait_sees_a_large_body_once_it_is_identified(run: Run, fill: Fill, store: Path) -> None:
    fill(b"{}")
    writer = StoreWriter(store)
    writer.begin()
    writer.add([arrival(json.dumps({"type": "big", "x": "y" * 70_000}).encode(), time.time_ns() // 1000)])
    writer.commit()
    assert run("wait", "type:big", "--timeout", "0.2").code == 1
    thread = threading.Timer(0.2, lambda: _identify(store))
    thread.start()
    done = run("wait", "type:big", "--timeout", "10s", "--json")
    thread.join()
    writer.close()
    assert (done.code, done.lines[0]["type"]) == (0, "big")


def _identify(store: Path) -> None:
    writer = StoreWriter(store)
    writer.identify(2)
    writer.close()


def test_flags_of_events(run: Run, fill: Fill, store: Path) -> None:
    fill(b'{"type":"a","id":"1"}', b'{"type":"a","id":"1","more":2}')
    with Edits(store) as edits:
        edits.set_note(1, starred=True)
    assert [line["id"] for line in run("events", "--json", "is:starred").lines] == [1]
    lines = run("events").out.splitlines()
    assert "  *  " in lines[1]
    assert "  ND  " in lines[2]
    assert START_US
