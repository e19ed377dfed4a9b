"""Payloads: read as exactly as JSON is, refused in words; paths that are written and read back the same."""

from __future__ import annotations

import copy
import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspector.core.payload import (
    ITEMS,
    KEYS,
    MAX_DEPTH,
    BigInteger,
    Duplicated,
    NotJson,
    Path,
    Step,
    json_type,
    parse,
    parse_lightly,
    parse_text,
    read_path,
    show_path,
)

HOSTILE = [
    "{*}",
    "[]",
    "[0]",
    "",
    ".",
    "a.b",
    '"',
    "]",
    "\\",
    "\x1b",
    "\ud800",
    "0",
    " ",
    "[",
    '["a"]',
    "é",
    "*",
]


def test_every_encoding_of_json_is_read() -> None:
    text = '{"name": "Grüße 👋", "n": [1, 2.5, null, true]}'
    value = json.loads(text)
    for encoding in (
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
    ):
        assert parse(text.encode(encoding)) == value, encoding
    assert parse_text("\ufeff [1] ") == [1]
    assert parse(b" \t\r\n{}\r\n") == {}


def test_a_key_that_stands_twice_is_noted_and_the_last_value_holds() -> None:
    payload = parse(b'{"a": 1, "b": {"x": 1, "x": 2, "x": 1}, "a": 3}')
    assert type(payload) is Duplicated
    assert payload == {"a": 3, "b": {"x": 1}}
    assert [key for key, _ in payload.pairs] == ["a", "b", "a"]
    assert payload["b"].pairs == [("x", 1), ("x", 2), ("x", 1)]
    assert type(parse(b'{"a": 1, "b": 2}')) is dict


def test_numbers_keep_their_kind() -> None:
    payload = parse(b'{"i": 1, "f": 1.0, "e": 1e2, "big": 123456789012345678901234567890, "z": -0}')
    assert [json_type(value) for value in payload.values()] == [
        "integer",
        "number",
        "number",
        "integer",
        "integer",
    ]
    assert payload["big"] == 123456789012345678901234567890


def test_an_integer_of_too_many_digits_is_an_integer_all_the_same() -> None:
    payload = parse(b'{"a": ' + b"9" * 5000 + b', "b": [1, ' + b"1" * 6000 + b"]}")
    assert type(payload["a"]) is BigInteger
    assert json_type(payload["b"][1]) == "integer"
    assert payload["b"][0] == 1
    with pytest.raises(NotJson, match="Not JSON after character"):
        parse(b"[" + b"9" * 5000)


def test_what_python_writes_beside_json_is_read_as_a_number() -> None:
    payload = parse(b"[NaN, Infinity, -Infinity, 1e999]")
    assert math.isnan(payload[0])
    assert {json_type(value) for value in payload} == {"number"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Not JSON after character 0: a value is expected."),
        (b"hello", "Not JSON after character 0: a value is expected."),
        (b'{"a": "b', "Not JSON after character 6: a string is not closed."),
        (b"{'a': 1}", "Not JSON after character 1: a key in double quotes is expected."),
        (b'{"a" 1}', "Not JSON after character 5: a colon is expected."),
        (b"[1 2]", "Not JSON after character 3: a comma is expected."),
        (b'"a\x01b"', "Not JSON after character 2: a control character stands in a string."),
        (b"{} {}", "Not JSON after character 2: more follows the document."),
        (b"{}\0", "Not JSON after character 2: more follows the document."),
        (b"\xff\xfe{", "Not text after byte 2: truncated data."),
        (b'"\xc3"', "Not text after byte 1: invalid continuation byte."),
        (b"\xff\xff", "Not text after byte 0: invalid start byte."),
        (b"\0\0\0\0", "Not JSON after character 0: a value is expected."),
    ],
)
def test_what_is_no_json_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(NotJson) as refused:
        parse(body)
    assert str(refused.value) == words


def test_the_refusal_knows_its_line() -> None:
    with pytest.raises(NotJson) as refused:
        parse(b'{\n "a": 1,\n "b": }\n')
    assert refused.value.line == 3


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('{"a":1,"a":', "}")])
def test_the_deepest_payload_is_the_same_on_every_python(opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:
        return (opening * depth + "1" + closing * depth).encode()

    parse(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 1, 900, 5000, 200_000):
        with pytest.raises(NotJson, match="Nested deeper than 500"):
            parse(nested(depth))


def test_many_brackets_are_not_deep() -> None:
    body = json.dumps({"list": [{"a": []}] * 2000, "text": "[" * 5000}).encode()
    assert len(parse(body)["list"]) == 2000


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        words = json_type(parse(body)) + "."
    except NotJson as error:
        words = str(error)
    assert words.endswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value
    assert parse_text(json.dumps(value, ensure_ascii=False)) == value


def members_of(value: Any) -> int:
    """Members of all objects in a payload together."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (len(value) if isinstance(value, dict) else 0) + sum(map(members_of, inner))


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ('{"a":1,"b":{"c":2}}', 3),
        ('{"a":1,"a":2}', 2),
        ('{"a": "at 12:30", "b": [{}, {"a": 1}]}', 3),
        (r'{"a": "{\"b\": 1}"}', 2),
        ('{"a" :1,"a":2}', -1),
        ('{"a"\n:1,"a":2}', -1),
        ('{"a"\t:1,"a":2}', -1),
        ('{"a"\r:1,"a":2}', -1),
        ('{\n\t"a":\r\n1}', 1),
        ("[]", 0),
        ("7", 0),
    ],
)
def test_reading_lightly_counts_no_fewer_members_than_there_are(text: str, most: int) -> None:
    assert parse_lightly(text.encode()) == (json.loads(text), most)


@settings(deadline=None)
@given(JSON, st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:")]), st.booleans())
def test_a_key_that_stands_twice_never_goes_unnoticed(
    value: Any, signs: tuple[str, str], twice: bool
) -> None:
    text = json.dumps(value, separators=signs)
    if twice:
        text = f'{{"x"{signs[1]}0{signs[0]}"x"{signs[1]}{text}}}'
    payload, most = parse_lightly(text.encode())
    assert payload == json.loads(text)
    assert most == -1 or most >= members_of(payload) + twice


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "."),
        (("details", "curr_eval", "image_digest"), "details.curr_eval.image_digest"),
        (("items", ITEMS, "id"), "items[].id"),
        (("result", KEYS, "x"), "result.{*}.x"),
        ((KEYS,), "{*}"),
        ((ITEMS, ITEMS, KEYS), "[][].{*}"),
        (("a", 3, "b"), "a[3].b"),
        (("a", "3"), "a.3"),
        (("a.b",), '["a.b"]'),
        (("a", "", "c"), 'a[""].c'),
        (("{*}",), '["{*}"]'),
        (("a", "[]"), 'a["[]"]'),
        (("grüße",), '["gr\\u00fc\\u00dfe"]'),
        (("docker.io/library/nginx:1.27",), '["docker.io/library/nginx:1.27"]'),
        (("sha256:abc", "x"), "sha256:abc.x"),
    ],
)
def test_paths_as_people_read_them(path: Path, text: str) -> None:
    assert show_path(path) == text
    assert read_path(text) == path


STEPS: st.SearchStrategy[Step] = (
    st.sampled_from(HOSTILE) | st.text(max_size=8) | st.integers(0, 10**6) | st.sampled_from([ITEMS, KEYS])
)
PATHS = st.lists(STEPS, max_size=6).map(tuple)


@settings(deadline=None)
@given(PATHS)
@example(("{*}", KEYS, "[]", ITEMS))
def test_a_path_is_read_back_as_it_was(path: Path) -> None:
    shown = show_path(path)
    assert shown.isascii()
    assert shown.isprintable()
    assert read_path(shown) == path


@settings(deadline=None)
@given(PATHS, PATHS)
def test_two_paths_never_read_the_same(one: Path, other: Path) -> None:
    assert (show_path(one) == show_path(other)) == (one == other)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_path_or_refused_with_the_place(text: str) -> None:
    try:
        path = read_path(text)
    except ValueError as error:
        refused = str(error)
    else:
        refused = "" if read_path(show_path(path)) == path else "another path"
    assert not refused or "character" in refused


@pytest.mark.parametrize(
    "text", ["a..b", "a.", "[", "[x]", "[-1]", "[²]", "[" + "9" * 5000 + "]", '["a', '["a"', "." * 3]
)
def test_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="character"):
        read_path(text)


def test_sentinels_are_themselves_only() -> None:
    for sign in (ITEMS, KEYS):
        assert sign != repr(sign)
        assert {sign: 1}.get(repr(sign)) is None  # type: ignore[call-overload]
        assert copy.deepcopy(sign) is sign
        assert pickle.loads(pickle.dumps(sign)) is sign
