"""The filter language: what it reads, what matches, what it says of mistakes; SQL and Python agree."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.conditions import FLAGS
from inspector.core.events import Event, Request
from inspector.core.filter_words import WORDS
from inspector.core.filters import Filter, FilterError, parse_filter, quoted
from inspector.core.labels import LABELS

NOW = 1_790_000_000_000_000
EVENT = Event(
    id=12,
    received_us=NOW - 60_000_000,
    method="POST",
    target=b"/anchore?x=1",
    remote="127.0.0.1:50412",
    size=1043,
    sender="anchore",
    type="user.image.analysis.completed",
    level="info",
    message="Image analysis available",
    resource_type="image_tag",
    resource_id="docker.io/library/nginx:1.27",
    account="admin",
    delivery_id="d-1",
    shape="3fa9c0",
    status=200,
)
REQUEST = Request(
    "POST",
    b"/anchore?x=1",
    ((b"Content-Type", b"application/json"), (b"X-Id", b"one"), (b"x-id", b"two")),
)


def matches(words: str | Sequence[str], event: Event = EVENT) -> bool | None:
    return parse_filter(words, NOW).matches_event(event)


def body_matches(words: str, payload: Any, event: Event | None = None) -> bool:
    request = replace(REQUEST, body=json.dumps(payload).encode())
    return parse_filter(words, NOW).matches_body(request, payload, event)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "  ",
        "type:user.image.analysis.completed",
        "type:user.*.completed",
        "type:*",
        "TYPE:user.*",
        "level:INFO sender:Anchore method:post",
        "target:/anchore?x=1",
        "path:/anch*",
        "target:*x=*",
        "resource:docker.io/library/nginx:1.27",
        "resource.id:*nginx* resource_id:docker.io*",
        "resource_type:image_tag resource.type:image*",
        "account:admin",
        "id:12",
        "id:#12",
        "id:10-20",
        "id:3,5,12",
        "remote:127.0.0.1",
        "remote:127.0.0.1:50412",
        "remote:127.*",
        "status:200 status:2xx -status:none",
        "sent:never",
        "delivery:d-1",
        "shape:3fa9c0 shape:3fa*",
        "since:2m before:30s",
        "since:2026-01-01 before:2027-01-01T12:00Z",
        "size:1043 size:>1k size:<1M size:>=1043 size:<=1043 size:=1043",
        "-is:new -is:rejected -is:starred",
        "nginx",
        '"ANALYSIS avail"',
        "user.image*completed",
        "-type:system.*",
    ],
)
def test_matches(words: str) -> None:
    """Each of these fits the event, on its slim fields alone."""
    assert matches(words) is True


@pytest.mark.parametrize(
    "words",
    [
        "type:user.image",
        "type:USER.*",
        "type:*.completed.*",
        "type:u?er*",
        "-type:*",
        "level:error",
        "target:/anchore",
        "target:*x=1*x=1",
        "resource:nginx",
        "id:13",
        "id:20-10",
        "remote:127.0.0.2",
        "status:5xx",
        "status:none",
        "sent:200",
        "sent:*",
        "since:30s",
        "before:2m",
        "size:>1043",
        "is:failed",
        "is:replayed",
        "-nginx",
        "nginx level:error",
        "shape:3f",
    ],
)
def test_does_not_match(words: str) -> None:
    """None of these fits it, and no body is needed to know."""
    assert matches(words) is False


def test_flags() -> None:
    """Every badge is a word."""
    assert matches("is:new", replace(EVENT, new=True))
    assert matches("is:rejected", replace(EVENT, rejected="TLS bytes"))
    assert matches("is:incomplete -is:rejected", replace(EVENT, complete=False))
    assert matches("is:rejected -is:incomplete", replace(EVENT, complete=False, rejected="TLS bytes"))
    assert matches("is:redelivered", replace(EVENT, duplicate_of=3))
    assert matches("is:starred", replace(EVENT, starred=True))
    assert matches("is:marked", replace(EVENT, mark="a"))
    assert matches("is:pending", replace(EVENT, pending=True))
    assert matches("is:replayed -is:failed sent:2xx", replace(EVENT, sent=204))
    assert matches("is:failed sent:err", replace(EVENT, sent=0))
    read_me = (Path(__file__).parent.parent.parent / "README.md").read_text()
    assert [badge for badge in FLAGS if f"`{badge}`" not in read_me] == []


def test_absent_values_match_only_what_is_negated() -> None:
    """A negated word matches an event that has no such value."""
    nothing = Event(id=1, received_us=NOW, method=None, target=None, remote="import", size=0)
    for word in ("type:x", "level:x", "method:GET", "target:/x", "status:200", "sent:500", "shape:x"):
        assert matches(word, nothing) is False
        assert matches(f"-{word}", nothing) is True


def test_body_words() -> None:
    """Headers and payload are asked for only where the filter needs them."""
    payload = {
        "action": "opened",
        "details": {
            "curr_eval": {"analysis_status": "analyzed"},
            "n": 5,
            "x": 1.0,
            "none": None,
            "two": "a b",
        },
        "items": [{"id": 4}, {"id": 5}],
        "result": {"sha256:ab": {"ok": True}, "sha256:cd": {"ok": False}},
        "labels": {"app/name:x": "cart"},
    }
    wanted = parse_filter("type:user.* details.curr_eval.analysis_status:analyzed", NOW)
    assert wanted.matches_event(EVENT) is None
    assert wanted.needs_body
    assert wanted.needs_payload
    for word in (
        "details.curr_eval.analysis_status:analyzed",
        "details.curr_eval.analysis_status:an*ed",
        "details.curr_eval:*",
        "details:*",
        "details.n:5",
        "details.x:1",
        "details.x:1.0",
        "details.none:null",
        'details.two:"a b"',
        "items[].id:5",
        "items[0].id:4",
        "result.{*}.ok:false",
        'labels["app/name:x"]:cart',
        ".action:opened",
        "-details.n:6",
        "-details.absent:*",
        "header.x-id:two",
        "header.X-ID:one",
        "header.content-type:*json",
        "-header.authorization:*",
    ):
        assert body_matches(word, payload), word
    for word in (
        "details.curr_eval.analysis_status:ANALYZED",
        "details.curr_eval:{}",
        "details.absent:*",
        "details.n:5.5",
        "items.id:5",
        "items[2].id:5",
        "header.x-id:on",
        "-items[].id:5",
    ):
        assert not body_matches(word, payload), word


def test_text_is_searched_in_fields_and_body() -> None:
    """Text may stand in a slim field or in the body, raw or with escapes; ASCII letters in any case."""
    payload = {"msg": "Caf\u00e9 \u201copen\u201d", "path": 'say "hi"', "k\u00e9y": 1}
    assert matches("elsewhere") is None
    assert body_matches("caf\u00e9", payload)
    assert body_matches("K\u00e9Y", payload)
    assert body_matches(r'"say \"hi\""', payload)
    assert body_matches("-elsewhere", payload)
    assert not body_matches("-SAY", payload)
    assert body_matches("nginx", payload, EVENT)
    assert not body_matches("-nginx", payload, EVENT)
    assert parse_filter("say").needs_payload is False
    assert parse_filter("caf\u00e9").needs_payload is True


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["type:user.*", "level:error"], "type:user.* level:error"),
        (["type:user.* level:error"], "type:user.* level:error"),
        (["some text"], '"some text"'),
        (["-some text"], '-"some text"'),
        (["details.msg:two words"], 'details.msg:"two words"'),
        (['level:error "some text"'], 'level:error "some text"'),
    ],
)
def test_words_of_a_shell(words: list[str], same: str) -> None:
    """Words without their quotes read like the line that was typed, and the line reads the same again."""
    wanted = parse_filter(words, NOW)
    assert wanted == parse_filter(same, NOW)
    assert wanted.text == same


@pytest.mark.parametrize(
    "text",
    [
        "docker.io/library/nginx:1.27",
        "sha256:5b1fa21c",
        "http://x.example:80/a",
        '"level:error"',
        "plain",
        "-",
    ],
)
def test_what_is_pasted_is_text(text: str) -> None:
    """Image names, digests, addresses and quoted words are searched for."""
    (term,) = parse_filter(text).terms
    assert term.word == ""
    assert term.value == text.strip('"')


@pytest.mark.parametrize(
    ("words", "place", "text", "hint"),
    [
        ("type:user.image.* levl:error", (18, 22), "no such word", "did you mean level:error?"),
        ('-levl:"a b"', (1, 5), "no such word", 'did you mean -level:"a b"?'),
        ("levl:", (0, 4), "no such word", "did you mean the word level:"),
        (f"levl:{'x' * 41}", (0, 4), "no such word", "did you mean the word level:"),
        ("since:10x", (6, 9), "a time is 10m, 2h, 3d or 2026-11-21", ""),
        ("-is:stared", (4, 10), "no such badge", "did you mean is:starred?"),
        ("action:opened", (0, 6), "no such word", "text stands in quotes, a field is .action:"),
        ("id:x", (3, 4), "an id is 12, 10-20 or 3,5,9", ""),
        ("id:99999999999999999999", (3, 23), "an id is 12, 10-20 or 3,5,9", ""),
        ("size:>lots", (5, 10), "a size is 500, >10k or <1M", ""),
        ("status:20", (7, 9), "a status is 200, 5xx or none", ""),
        ("type:", (0, 5), "a value is missing", "* is any"),
        ('type:""', (5, 7), "a value is missing", "* is any"),
        ('level:error "open', (12, 17), "the quote is not closed", ""),
        ('""', (0, 2), "there is nothing to search for", ""),
        ("items[x].id:5", (12, 13), "the path items[x].id cannot be read", None),
        ("a" + "*a" * 30, (0, 61), "a word has at most 10,000 characters and 20 *", ""),
    ],
)
def test_mistakes(words: str, place: tuple[int, int], text: str, hint: str | None) -> None:
    """A mistake says where it is, what is wrong and what may be meant; the message names the word."""
    with pytest.raises(FilterError) as caught:
        parse_filter(words)
    (mistake,) = caught.value.mistakes
    assert (mistake.start, mistake.end) == place
    assert mistake.text == text
    assert hint is None or mistake.hint == hint
    assert caught.value.code == 2
    assert str(caught.value).startswith(mistake.word)
    assert mistake.text in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    """Two mistakes are two, both named in the message, and nothing of the message can act on a terminal."""
    with pytest.raises(FilterError) as caught:
        parse_filter(["levl:\x1b]0;x", "since:10x"])
    assert len(caught.value.mistakes) == 2
    assert "levl:" in str(caught.value)
    assert "since:10x" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_too_many_words() -> None:
    """SQLite would not take more."""
    with pytest.raises(FilterError, match="at most 100 words"):
        parse_filter("x " * 101)
    with pytest.raises(FilterError, match="at most 300 ranges"):
        parse_filter("id:" + ",".join(str(number) for number in range(1, 1000, 3)))


def test_a_pattern_takes_linear_time() -> None:
    """Many stars over a long text do not multiply."""
    event = replace(EVENT, message="a" * 200_000, type="a" * 200_000)
    wanted = parse_filter("type:" + "*a" * 18 + "*b", NOW)
    started = time.process_time()
    assert wanted.matches_event(event) is False
    assert time.process_time() - started < 0.5


def test_dates_are_local_unless_they_name_a_zone() -> None:
    """A date is a local midnight; with a zone it is that moment."""
    moment = parse_filter("since:2026-11-21T09:42:10.5Z", NOW).sql()[1][0]
    assert moment == 1_795_254_130_500_000
    midnight = time.mktime((2026, 11, 21, 0, 0, 0, 0, 0, -1))
    assert parse_filter("since:2026-11-21", NOW).sql()[1][0] == int(midnight) * 1_000_000


# -- SQL and Python

COLUMNS = (
    "id, received_us, method, target, remote, size, complete, rejected, sender, type, level, message, "
    "resource_type, resource_id, account, delivery_id, shape, pending, new, status, duplicate_of, sent, "
    "signature, labels, forwarded_for"
)
LETTERS = st.text("aAbB.*?[]%_-^\u00e9\u212a\U0001f600 ", max_size=6)
HASHES = ["3fa9", "3f*", "a[b", "A?b"]


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


EVENTS = st.builds(
    Event,
    id=st.integers(1, 30),
    received_us=st.integers(NOW - 300_000_000, NOW),
    method=maybe(st.sampled_from(["GET", "POST", "po"])),
    target=maybe(
        st.binary(max_size=6) | st.text("/ab*?\u00e9", max_size=6).map(lambda text: text.encode("latin-1"))
    ),
    remote=st.sampled_from(["127.0.0.1:5", "127.0.0.1", "import", "[::1]:5"]),
    size=st.integers(0, 2000),
    complete=st.booleans(),
    rejected=maybe(st.just("why")),
    sender=maybe(st.sampled_from(["anchore", "GitHub"]) | LETTERS),
    type=maybe(LETTERS),
    level=maybe(LETTERS),
    message=maybe(LETTERS),
    resource_type=maybe(LETTERS),
    resource_id=maybe(LETTERS),
    account=maybe(LETTERS),
    delivery_id=maybe(LETTERS),
    shape=maybe(st.sampled_from(HASHES)),
    pending=st.booleans(),
    new=st.booleans(),
    status=maybe(st.sampled_from([200, 204, 413, 503])),
    duplicate_of=maybe(st.just(1)),
    sent=maybe(st.sampled_from([0, 200, 299, 301, 500])),
    starred=st.booleans(),
    mark=maybe(st.sampled_from(["a", "+"])),
    signature=maybe(st.sampled_from(["verified: github", "failed: github: changed", "no secret: a"])),
    labels=st.lists(st.sampled_from(sorted(LABELS)), unique=True).map(tuple),
    forwarded_for=maybe(st.just("203.0.113.9")),
)
VALUES = LETTERS.filter(bool) | st.sampled_from(["*", "a*", "*a", "*a*", "*a*b*", "a*b", "**"])
TEXT_WORDS = [word for word in WORDS if word not in {"id", "status", "sent", "since", "before", "size", "is"}]
OTHER_TERMS = [
    *("id:1-9", "id:3,5,7,9-12", "id:30", "since:1m", "before:1m", "since:200s", "size:>1k", "size:<=500"),
    *("size:77", "status:2xx", "status:413", "status:none", "sent:never", "sent:err", "sent:5xx", "sent:*"),
    *("sent:200", "remote:127.0.0.1", "signature:verified", "signature:*github", "forwarded_for:203.*"),
]
TERMS = st.one_of(
    st.builds(lambda word, value: f"{word}:{quoted(value)}", st.sampled_from(TEXT_WORDS), VALUES),
    st.builds(lambda value: f"shape:{quoted(value)}", st.sampled_from(HASHES)),
    st.builds(lambda value: f"target:{quoted(value)}", st.text("/ab*?\u00e9", min_size=1, max_size=6)),
    st.sampled_from(sorted(FLAGS)).map("is:{}".format),
    st.sampled_from(OTHER_TERMS),
)
FILTERS = st.lists(st.builds(lambda sign, term: sign + term, st.sampled_from(["", "-"]), TERMS), max_size=4)


def table(events: Sequence[Event]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(
        f"CREATE TABLE event ({COLUMNS.replace('id,', 'id INTEGER PRIMARY KEY,', 1)});"
        "CREATE TABLE shape (id INTEGER PRIMARY KEY, hash TEXT);"
        "CREATE TABLE note (event INTEGER PRIMARY KEY, starred INTEGER, mark TEXT, comment TEXT);"
    )
    db.executemany("INSERT INTO shape VALUES (?, ?)", enumerate(HASHES))
    for event in events:
        values = [getattr(event, name) for name in COLUMNS.split(", ")]
        values[16] = None if event.shape is None else HASHES.index(event.shape)
        values[23] = " ".join(event.labels) or None
        db.execute(f"INSERT INTO event VALUES ({', '.join('?' * len(values))})", values)
        if event.starred or event.mark:
            db.execute("INSERT INTO note VALUES (?, ?, ?, NULL)", (event.id, event.starred, event.mark))
    return db


def found(db: sqlite3.Connection, wanted: Filter) -> list[int]:
    where, values = wanted.sql()
    join = "event LEFT JOIN note ON note.event = event.id LEFT JOIN shape ON shape.id = event.shape"
    return [
        row[0] for row in db.execute(f"SELECT event.id FROM {join} WHERE {where} ORDER BY event.id", values)
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(EVENTS, max_size=6, unique_by=lambda event: event.id), FILTERS)
def test_sql_finds_what_python_matches(events: list[Event], words: list[str]) -> None:
    """Over a real table, the SQL of a filter finds exactly the events that match."""
    wanted = parse_filter(" ".join(words), NOW)
    db = table(events)
    try:
        assert found(db, wanted) == sorted(event.id for event in events if wanted.matches_event(event))
    finally:
        db.close()


def test_sql_takes_the_largest_filters() -> None:
    """The limits on words, stars and ranges keep within those of SQLite."""
    db = table([EVENT_IN_TABLE])
    try:
        for words in (
            "target:" + "/*a" * 20,
            " ".join(["target:" + "/*" * 20] * 100),
            " ".join(["-type:" + "*a" * 20] * 100),
            " ".join(["id:" + ",".join(str(number) for number in range(1, 600, 2))] * 3),
            "type:" + "x" * 9_000,
            "size:<99999999999T id:999999999999999999 since:1970-01-01",
        ):
            assert isinstance(found(db, parse_filter(words, NOW)), list)
    finally:
        db.close()


def test_words_whose_body_is_open_do_not_narrow_the_sql() -> None:
    """Text and body words leave events to be looked at; the other words hold."""
    wanted = parse_filter('level:info "elsewhere" details.x:1 -header.a:b', NOW)
    assert wanted.sql() == parse_filter("level:info", NOW).sql()


EVENT_IN_TABLE = replace(EVENT, shape=HASHES[0])


SAVED = {"bad": "level:error -sender:github", "both": '@bad "a text"', "loop": "@loop", "wrong": "levl:error"}


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@bad", SAVED["bad"]),
        ("type:a @both size:>1k", 'type:a level:error -sender:github "a text" size:>1k'),
        ('"@bad"', '"@bad"'),
        ("a@bad", "a@bad"),
        ("@example.com", '"@example.com"'),
    ],
)
def test_a_saved_filter_stands_for_its_words(text: str, same: str) -> None:
    found = parse_filter(text, saved=SAVED)
    assert found.terms == parse_filter(same).terms
    assert found.text == text
    assert parse_filter("@bad").terms == parse_filter('"@bad"').terms, "nobody has saved filters here"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("level:info @bda", "@bda: no saved filter has this name; did you mean @bad?"),
        ("@xyzzy", '@xyzzy: no saved filter has this name; as a text it stands in quotes: "@xyzzy"'),
        ("-@bad", "-@bad: a saved filter cannot be negated; negate its words"),
        ("@loop", "@loop: it stands for a filter that cannot be read: @loop: no saved filter"),
        ("@wrong", "@wrong: it stands for a filter that cannot be read: levl:error: no such word"),
    ],
)
def test_a_mistake_with_a_saved_filter_names_it(text: str, words: str) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filter(text, saved=SAVED)
    assert words in str(refused.value)
    (mistake,) = refused.value.mistakes
    assert text[mistake.start : mistake.end].lstrip("-").startswith("@")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Needle type:x", ["Needle"]),
        ("need*le -other is:new", ["need", "le"]),
        ('"say \\"hi\\" now" a/b', ["say ", "hi", " now", "a/b"]),
        ("Caf\u00e9 \u4e2d\u6587", ["Caf", "\u4e2d\u6587"]),
        ("header.X-Id:ab*cd details.name[0]:* .key:v2", ["X-Id", "ab", "cd", "details", "name", "key", "v2"]),
        ("x* level:error -needle", []),
    ],
)
def test_texts_that_stand_in_the_bytes_of_what_matches(text: str, plain: list[str]) -> None:
    """As far as JSON writes them as they are; what is negated is in none of them."""
    assert parse_filter(text).plain_texts == plain
