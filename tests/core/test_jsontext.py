"""Indented JSON: the text that was sent, one value a row, and what stands on which row."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.jsontext import JsonText, reindent
from inspector.core.payload import Path

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(values, st.booleans())
@settings(max_examples=300, deadline=None)
def test_indents_as_json_dumps_does(value: object, ascii_only: bool) -> None:
    """Valid JSON comes out exactly as `json.dumps(indent=2)` writes it, whatever white space it had."""
    expected = json.dumps(value, indent=2, ensure_ascii=ascii_only)
    for separators in ((",", ":"), (" ,\n\t", " : ")):
        assert reindent(json.dumps(value, separators=separators, ensure_ascii=ascii_only)) == expected
    assert reindent(expected) == expected


def _bare(text: str) -> str:
    """The text without the white space of JSON."""
    return "".join(character for character in text if character not in " \t\r\n")


@given(st.text(alphabet=st.sampled_from('{}[],:"\\ \n\ta1é\x00')) | st.text())
@settings(max_examples=500, deadline=None)
def test_takes_any_text_and_loses_no_character(text: str) -> None:
    """Text that is no JSON does not fail and keeps every character but white space."""
    assert _bare(reindent(text)) == _bare(text)
    tree = JsonText(text)
    for row in range(len(tree)):
        tree.path_at(row), tree.value_text(row), tree.type_words(row), tree.summary(row, 40)


def test_keeps_what_decoding_loses() -> None:
    """Keys that stand twice, the spelling of numbers and escapes stay as they were sent."""
    text = '{"a":1.0,"a":1e400,"n":%s,"s":"\\u0041\\/"}' % ("9" * 40)
    assert reindent(text) == '{\n  "a": 1.0,\n  "a": 1e400,\n  "n": %s,\n  "s": "\\u0041\\/"\n}' % ("9" * 40)


def test_indentation_is_bounded() -> None:
    """A hostile depth does not grow the text by its square."""
    deep = "[" * 20_000 + "]" * 20_000
    assert len(reindent(deep)) < 20_000 * 2 * 140
    assert JsonText(deep).depth == 20_000


def _walk(value: object, path: Path = ()) -> list[tuple[Path, object]]:
    found: list[tuple[Path, object]] = [(path, value)]
    if isinstance(value, dict):
        for key, member in value.items():
            found += _walk(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            found += _walk(member, (*path, index))
    return found


@given(values)
@settings(max_examples=200, deadline=None)
def test_every_row_knows_its_path_and_value(value: object) -> None:
    """Rows that begin a value come in the order of the document, with its path and its text."""
    tree = JsonText(json.dumps(value))
    rows = [row for row in range(len(tree)) if not tree.closes(row)]
    assert [(tree.path_at(row), json.loads(tree.value_text(row))) for row in rows] == _walk(value)
    for row in rows:
        assert tree.row_of(tree.path_at(row)) == row
        assert tree.opening(tree.closing(row)) == row
        assert tree.path_at(tree.closing(row)) == tree.path_at(row)


PAYLOAD = {
    "id": "x",
    "details": {
        "added": [{"id": "CVE-1", "severity": "High", "fix": None, "more": {}}, {"id": "CVE-2"}],
        "removed": [1, 2, 3],
        "note": "ab\u202ec",
    },
    "last": True,
}


def test_rows_in_words() -> None:
    """Types, counts, summaries of what is folded, siblings."""
    tree = JsonText(json.dumps(PAYLOAD, ensure_ascii=False))
    row = {path: tree.row_of(path) or 0 for path in [(), ("id",), ("details",), ("details", "added")]}
    assert tree.type_words(row[()]) == "object, 3 keys"
    assert tree.type_words(row["id",]) == "string, 1 char"
    assert tree.summary(row["details",], 60) == "{3 keys}"
    assert tree.summary(row["details", "added"], 60) == "[2 objects]"
    first, second = tree.children(row["details", "added"])
    assert tree.summary(first, 80) == '{"id": "CVE-1", "severity": "High", "fix": null, "more": {}}'
    assert tree.summary(first, 40) == '{"id": "CVE-1", "severity": "High", …}'
    assert (tree.sibling(first, 1), tree.sibling(second, -1), tree.sibling(second, 1)) == (
        second,
        first,
        None,
    )
    removed = tree.row_of(("details", "removed")) or 0
    assert tree.summary(removed, 60) == "[3 integers]"
    assert tree.row_of(("details", "nothing")) is None
    assert [tree.key(one) for one in tree.parents(first)] == ["added", "details", None]


def test_part_and_replaced() -> None:
    """A part is a text of its own that tells whole paths; a word stands where it was taken from."""
    tree = JsonText(json.dumps(PAYLOAD))
    part = tree.part(("details",))
    assert part is not None
    assert json.loads(part.lines.text()) == PAYLOAD["details"]
    assert part.path_at(1) == ("details", "added")
    assert part.row_of(("details", "removed", 2)) is not None
    assert part.row_of(("id",)) is None
    envelope = tree.replaced(("details",), "above")
    assert envelope.lines.text() == '{\n  "id": "x",\n  "details": above,\n  "last": true\n}'
    assert envelope.path_at(3) == ("last",)
    assert tree.replaced(("absent",), "above") is tree
    assert tree.part(("absent",)) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [("1", "integer"), ("1.0", "number"), ("1e9", "number"), ("NaN", "number"), ("null", "null"),
     ("true", "boolean"), ('""', "string, empty"), ("[]", "array, empty"), ("{}", "object, empty")],
)  # fmt: skip
def test_scalars_alone(text: str, words: str) -> None:
    """A document may be one value."""
    tree = JsonText(text)
    assert (len(tree), tree.type_words(0), tree.path_at(0), tree.value_text(0)) == (1, words, (), text)


def test_megabytes_take_a_moment() -> None:
    """Time grows with the size, not faster: 5 MB within seconds on a slow machine."""
    item = {"id": "sha256:" + "ab" * 32, "values": [1, 2, 3], "text": "x" * 60}
    text = json.dumps([item] * 30_000)
    assert len(text) > 4_500_000
    started = time.process_time()
    tree = JsonText(text)
    assert time.process_time() - started < 3
    assert tree.path_at(len(tree) - 3)[0] == 29_999
