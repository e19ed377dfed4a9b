"""Text and payload words over stored events: SQL decides where it can, and always as the payload would."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from inspector.core.bodies import decoded
from inspector.core.events import Request
from inspector.core.filters import Filter, parse_filter
from inspector.core.identify import header_map, payload_of
from inspector.core.payload import NotJson
from inspector.store.arrival import Arrival
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import JSON, add, add_in_pieces, anchore, arrival

GZIP = (*JSON, (b"Content-Encoding", b"gzip"))
FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)
ARRIVALS = [
    anchore("user.image.added", {"tag": "Caf\u00e9 v2", "size": 1.0, "ok": True}),
    anchore("user.image.added", {"tag": 'say "hi"', "n": [1, 2.50], "a/b": "x\\y"}),
    arrival(body=b'{"type": "raw", "tag": "Caf\xc3\xa9 v2", "path": "a\\/b", "line": "one\\ntwo"}'),
    arrival(body=b'{"type": "\\u0072aw.escaped", "t\\u0061g": "v\\u0032"}'),
    arrival(body=json.dumps({"type": "wide", "tag": "v2"}).encode("utf-16")),
    arrival(body=json.dumps({"type": "wide", "tag": "v2"}).encode("utf-16-le")),
    arrival(body=gzip.compress(b'{"type": "packed", "tag": "v2", "more": "needle"}'), headers=GZIP),
    arrival(body=b"payload=%7B%22tag%22%3A+%22v2%22%7D&x=needle", headers=FORM),
    arrival(body=b"not json, a NEEDLE\x00 behind a zero: tail"),
    arrival(body=b""),
    arrival(body=b'{"tag": 1e999, "tag": "v2", "big": 123456789012345678901234567890}'),
    arrival(body=b'{"type": "odd", "tag": "50%_[off]^ *x? caf\xc3\xa9", "100%": "t?[g]"}'),
    arrival(
        body=b"{}",
        headers=(
            *JSON,
            (b"ce-id", b"1"),
            (b"ce-source", b"s"),
            (b"ce-type", b"a%00behind"),
            (b"ce-specversion", b"1.0"),
        ),
    ),
    arrival(body=b"plain", headers=((b"X-Content-Encoding-Note", b"needle"), (b"X-Id", b"Caf\xe9"))),
]
FILTERS = [
    *("needle", "NEEDLE", "tail", "v2", "raw", "raw.escaped", "tag", "t*g", "v*2", "need*tail", "*", "payload"),
    *("caf\u00e9", "Caf\u00c9", '"say \\"hi\\""', "a/b", "x\\\\y", '"one\ntwo"', "hooks", "/hooks", "user.image"),
    *("user.image*hi", "image_tag", "alpine", "nothing", "user.image.added user.image", '"added alpine"'),
    *("50%_", "5__", "%off", "[off]^", "f]^", "100%", "x?", "behind"),
    *(".100%:t?[g]", ".100%:*[*", ".tag:*[*x?*", ".t_g:*"),
    *("details.tag:*", ".tag:v2", ".tag:v*", ".tag:Infinity", "details.size:1", "details.ok:true"),
    *('details["a/b"]:*', "details.n[1]:2.5", "details.n[]:1", ".big:*", "details.absent:*", ".path:a/b"),
    *("header.x-id:*", "header.X-Id:caf\u00e9", "header.*:needle", "header.content-encoding:gzip"),
    *("header.x-id:\u20ac", "sender:anchore v2", "needle .tag:v2", "-needle -v2", "-.tag:* needle"),
]  # fmt: skip


@pytest.fixture
def stored(writer: StoreWriter, reader: Reader) -> Reader:
    """All of them, one in pieces, and a rejected head without a request."""
    add(writer, *ARRIVALS, identify_all=True)
    add_in_pieces(writer, b'{"type": "pieces", "x": "' + b" " * 1_100_000 + b'needle"}')
    add(writer, Arrival(None, "127.0.0.1:1", 5, 5, rejected="needle in a reason", raw=b"needle"))
    return reader


def _by_hand(reader: Reader, wanted: Filter) -> list[int]:
    """What matches when every event and every payload is looked at."""
    found = []
    for event in reader.events(reader.ids()):
        says = wanted.matches_event(event)
        if says is None:
            request = reader.request(event.id) or Request("", b"")
            body = decoded(request)[0]
            try:
                payload = payload_of(header_map(request.headers), body)
            except (NotJson, ValueError):
                payload = None
            says = wanted.matches_body(replace(request, body=body), payload, event)
        if says:
            found.append(event.id)
    return found


def test_sql_says_what_the_payload_says(stored: Reader) -> None:
    """For every word, and its opposite, the same events as by hand."""
    everything = stored.ids()
    for words in FILTERS:
        for text in (words, f"-{words}") if " " not in words or words.startswith('"') else (words,):
            wanted = parse_filter(text)
            by_hand = _by_hand(stored, wanted)
            assert list(stored.matching(wanted, newest_first=False)) == by_hand, text
            assert sorted(stored.matching_of(wanted, everything)) == by_hand, text
