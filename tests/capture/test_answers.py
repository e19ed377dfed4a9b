"""What senders are answered: rules, sequences, by URL, dropped; and rules that are refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.capture.answer_words import explain, read_respond, respond_text
from inspector.capture.answers import RECEIVED, Answer, Answers, read_rules
from inspector.core.events import InspectorError


def statuses(answers: Answers, *requests: tuple[str, bytes]) -> list[int]:
    return [answers.choose(method, target).status for method, target in requests]


def test_the_default_is_200_with_the_same_small_body_for_all() -> None:
    answer = Answers().choose("POST", b"/any?thing")
    assert answer == Answer(200, RECEIVED)
    assert answer.bytes_for("POST", True) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n"
        b'Connection: keep-alive\r\n\r\n{"status":"received"}'
    )
    assert Answers().words() == "answers 200"


def test_on_the_wire() -> None:
    assert (
        Answer(204, b"ignored").bytes_for("POST", False)
        == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    )
    assert Answer(304).bytes_for("GET", True).endswith(b"Not Modified\r\nConnection: keep-alive\r\n\r\n")
    for method in ("POST", "HEAD"):
        assert Answer(205, b"ignored").bytes_for(method, True) == (
            b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
        )
    head = Answer(200, b"text").bytes_for("HEAD", True)
    assert b"Content-Length: 4\r\n" in head
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Type: text/plain; charset=utf-8" in head
    assert Answer(599).bytes_for("POST", True).startswith(b"HTTP/1.1 599 Status\r\n")
    own = Answer(200, b"<a/>", ((b"content-type", b"text/xml"),)).bytes_for("POST", True)
    assert own.lower().count(b"content-type") == 1


def test_the_first_rule_that_fits_holds() -> None:
    answers = read_rules(
        [
            {"method": "put", "status": 405},
            {
                "path": "/hooks/*",
                "status": 503,
                "headers": {"Retry-After": "5"},
                "body": "busy",
                "delay": "500ms",
            },
            {"path": "/list[1]/*", "status": 201},
            {"status": 202},
        ]
    )
    assert statuses(
        answers,
        ("PUT", b"/hooks/a"),
        ("POST", b"/hooks/a/b?c"),
        ("POST", b"/hooks"),
        ("GET", b"/list[1]/a"),
        ("GET", b"/list1/a"),
        ("POST", b"http://in.example:80/hooks/a?b"),
        ("POST", b"http://in.example"),
        ("OPTIONS", b"*"),
    ) == [405, 503, 202, 201, 202, 503, 202, 202]
    busy = answers.choose("POST", b"/hooks/")
    assert (busy.body, busy.headers, busy.delay) == (b"busy", ((b"Retry-After", b"5"),), 0.5)
    assert answers.words() == "answers by 4 rules"


def test_a_body_with_a_semicolon_is_told_where_it_can_stand() -> None:
    with pytest.raises(InspectorError, match=r"'b' is not understood.* stands in a file of rules"):
        read_respond("503 body a; b")
    with pytest.raises(InspectorError, match=r"behind it\.$"):
        read_respond("/a 503; b")


def test_without_a_rule_that_fits_it_is_200() -> None:
    assert statuses(read_rules([{"path": "/a", "status": 500}]), ("POST", b"/b"), ("POST", b"/a")) == [
        200,
        500,
    ]
    assert read_rules([{"path": "/a", "status": 500}]).words() == "answers by 1 rule"
    assert statuses(read_rules([]), ("POST", b"/")) == [200]
    assert read_rules([]).words() == "answers 200"


def test_a_sequence_is_given_in_turn_and_its_last_stays() -> None:
    answers = read_rules(
        [{"sequence": [500, {"status": 429, "headers": {"Retry-After": 1}}, 200], "delay": "1s"}]
    )
    assert statuses(answers, *[("POST", b"/")] * 5) == [500, 429, 200, 200, 200]
    assert {answer.delay for answer in answers.rules[0].answers} == {1.0}
    assert answers.words() == "answers 500, 429, 200 after 1 s"
    assert read_rules([{"sequence": [500, 501, 502, 503]}]).words() == "answers 500, 501, 502 …"


def test_each_rule_counts_for_itself() -> None:
    answers = read_rules([{"path": "/a", "sequence": [500, 200]}, {"path": "/b", "sequence": [501, 201]}])
    assert statuses(answers, ("POST", b"/a"), ("POST", b"/b"), ("POST", b"/a"), ("POST", b"/b")) == [
        500,
        501,
        200,
        201,
    ]


def test_by_url() -> None:
    answers = read_rules(read_respond("by-url"))
    assert statuses(
        answers,
        ("POST", b"/any/404?x=1"),
        ("POST", b"/503"),
        ("POST", b"/any/199"),
        ("POST", b"/any/600"),
        ("POST", b"/any/0404"),
        ("POST", "/²²²".encode("latin-1")),
        ("POST", b"/"),
    ) == [404, 503, 200, 200, 200, 200, 200]
    assert answers.words() == "answers by URL"


def test_drop() -> None:
    answers = read_rules(read_respond("drop"))
    assert answers.choose("POST", b"/").drop
    assert answers.words() == "drops connections"
    assert read_rules(read_respond("500,drop,200")).words() == "answers 500, drop, 200"


@pytest.mark.parametrize(
    ("text", "given"),
    [("503", [503, 503]), (" 500, 500 ,200", [500, 500, 200, 200]), ("200", [200])],
)
def test_the_short_form(text: str, given: list[int]) -> None:
    answers = read_rules(json.loads(json.dumps(read_respond(text))))
    assert statuses(answers, *[("POST", b"/")] * len(given)) == given


@pytest.mark.parametrize(
    "text", ["", "abc", "99", "600", "500,", "²00", "-1", "1" * 30, "200,99", "POST", "/a"]
)
def test_a_short_form_that_is_refused(text: str) -> None:
    with pytest.raises(InspectorError, match=r"is not understood; write|from 200 to 599"):
        read_respond(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("503;200", "nothing gets to the rules after one for every request"),
        ("503 after soon", "delay is a time"),
        ("503 slowly", "'slowly' is not understood; behind an answer stand"),
        ("503 with Connection: x", "set by the listener itself"),
        ('[{"status": 503}', "is no JSON"),
        ('[{"state": 503}]', "an answer has no 'state'"),
    ],
)
def test_mistakes_in_a_line_of_words_are_named(text: str, words: str) -> None:
    with pytest.raises(InspectorError, match=words):
        read_respond(text)


@pytest.mark.parametrize(
    ("text", "rules", "meaning"),
    [
        ("200", [{"status": 200}], [("every request", "200 OK")]),
        (
            "500,drop,200",
            [{"sequence": [500, {"drop": True}, 200]}],
            [("every request", "500, no answer, then 200 OK from there on")],
        ),
        ("drop", [{"drop": True}], [("every request", "no answer, the connection is closed")]),
        (
            "drop after 1s",
            [{"drop": True, "delay": 1}],
            [("every request", "no answer, the connection is closed after 1 s")],
        ),
        (
            "200 with Set-Cookie: a=1 with set-cookie: b=2",
            [{"status": 200, "headers": [["Set-Cookie", "a=1"], ["set-cookie", "b=2"]]}],
            [("every request", "200 OK, Set-Cookie: a=1, set-cookie: b=2")],
        ),
        (
            "503 after 2s with Retry-After: 5 with X-Why: with love body busy, now",
            [
                {
                    "status": 503,
                    "delay": "2s",
                    "headers": {"Retry-After": "5", "X-Why": "with love"},
                    "body": "busy, now",
                }
            ],
            [
                (
                    "every request",
                    "503 Service Unavailable after 2 s, Retry-After: 5, X-Why: with love, body busy, now",
                )
            ],
        ),
        (
            "POST /hooks/* 503,200; PUT 405; /slow 200 after 0.5s",
            [
                {"method": "POST", "path": "/hooks/*", "sequence": [503, 200]},
                {"method": "PUT", "status": 405},
                {"path": "/slow", "status": 200, "delay": "500ms"},
            ],
            [
                ("POST /hooks/*", "503, then 200 OK from there on"),
                ("PUT", "405 Method Not Allowed"),
                ("/slow", "200 OK after 0.5 s"),
                ("all else", "200 OK"),
            ],
        ),
        (
            "PUT 205; 204 body never sent",
            [{"method": "PUT", "status": 205}, {"status": 204, "body": "never sent"}],
            [("PUT", "205 Reset Content"), ("all else", "204 No Content, no body")],
        ),
        (
            "by-url",
            {"by_suffix": True},
            [("/any/path/404", "404, the status that the path ends in"), ("all else", "200 OK")],
        ),
        (
            "by-url; 503",
            {"by_suffix": True, "rules": [{"status": 503}]},
            [
                ("/any/path/404", "404, the status that the path ends in"),
                ("all else", "503 Service Unavailable"),
            ],
        ),
    ],
)
def test_a_line_of_words_is_read_and_written(text: str, rules: Any, meaning: list[tuple[str, str]]) -> None:
    """Words, the JSON form and what it means are of one mind."""
    read, meant = read_rules(read_respond(text)), read_rules(rules)
    assert (read.rules, read.by_suffix) == (meant.rules, meant.by_suffix)
    assert respond_text(rules) == text
    assert explain(meant) == meaning
    assert read_rules(read_respond(json.dumps(rules))).rules == meant.rules


@pytest.mark.parametrize(
    "rules",
    [
        [{"status": 503, "body": "a; b"}],
        [{"status": 503, "body": " padded "}],
        [{"status": 200, "body": ""}],
        [{"sequence": [{"status": 500, "body": "x"}, 200]}],
        [{"path": "/a b", "status": 500}],
        [{"status": 503, "headers": {"A": "x body y"}}],
        [],
    ],
)
def test_what_words_cannot_say_is_written_as_json(rules: Any) -> None:
    assert json.loads(respond_text(rules)) == rules


def test_bodies() -> None:
    (rule,) = read_rules({"status": 500}).rules
    assert rule.answers[0].body == b'{"status": "internal server error"}'
    assert read_rules({"body": {"a": [1]}}).choose("POST", b"/").body == b'{"a": [1]}'
    assert read_rules({"body": "\ud800"}).choose("POST", b"/").body == b"\\ud800"
    assert read_rules({"status": 299}).choose("POST", b"/").body == RECEIVED
    assert read_rules({"status": 499}).choose("POST", b"/").body == b'{"status": "as asked"}'


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("text", "a JSON list of objects"),
        ([503], "a JSON list of objects"),
        (5, "a JSON list of objects"),
        ({"rules": "x"}, "a JSON list of objects"),
        ([{"state": 503}], "an answer has no 'state'"),
        ([{"status": 100}], "from 200 to 599, not 100"),
        ([{"status": "503"}], "from 200 to 599, not '503'"),
        ([{"status": True}], "from 200 to 599, not True"),
        ([{"drop": "no"}], "true or false"),
        ([{"delay": "soon"}], "a time"),
        ([{"delay": -1}], "a time"),
        ([{"delay": 601}], "at most 10 minutes"),
        ([{"delay": [1]}], "a time"),
        ([{"delay": float("nan")}], "a time"),
        ([{"headers": ["a"]}], "an object such as"),
        ([{"headers": 5}], "an object such as"),
        ([{"headers": {"A": None}}], "not made of text"),
        ([{"headers": {"A b": "x"}}], "cannot be sent"),
        ([{"headers": {"": "x"}}], "cannot be sent"),
        ([{"headers": {"A": "x\r\nB: y"}}], "cannot be sent"),
        ([{"headers": {"A": "\ud800"}}], "cannot be sent"),
        ([{"headers": {"Content-Length": "5"}}], "set by the listener itself"),
        ([{"sequence": []}], "a list of statuses"),
        ([{"sequence": "500"}], "a list of statuses"),
        ([{"sequence": [{"sequence": [1]}]}], "an answer has no 'sequence'"),
        ([{"path": 5}], "a rule's path is as /hooks"),
        ([{"path": "hooks/*"}], "a rule's path is as /hooks"),
        ([{"path": "/hooks?a=1"}], "without the query"),
        ([{"path": ""}], "a rule's path is as /hooks"),
        ([{"method": ["a"]}], "a rule's method is a word"),
        ([{"method": "PO ST"}], "a rule's method is a word"),
        ([{"status": 500}, {"path": "/a", "status": 503}], "nothing gets to the rules after one"),
        ({"rules": [], "bysuffix": True}, "answer rules have no 'bysuffix'"),
        ({"by_suffix": "no"}, "by_suffix is true or false, not 'no'"),
    ],
)
def test_rules_that_are_refused(value: Any, words: str) -> None:
    with pytest.raises(InspectorError, match=words):
        read_rules(value)
