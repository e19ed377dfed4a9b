"""What stands in the strings of a payload: rows, paths and values of it, and its bounds."""

from __future__ import annotations

import base64
import json
import pickle
import time

import pytest

from inspector.core import nested
from inspector.core.jsontext import JsonText
from inspector.core.nested import NestedText, unfolded
from inspector.core.path_forms import as_jq, as_jsonpath
from inspector.core.payload import BASE64_BYTES, BASE64_JSON, BASE64_TEXT, FROM_JSON, show_path


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


INNER = {"code": 404, "detail": {"errors": [json.dumps({"deep": [1, 2]}), "plain"]}}
PAYLOAD = {
    "id": 7,
    "details": {"error": json.dumps(INNER), "after": [True, {"x": "{not json}"}]},
    "data": b64('{"a": {"b": "c"}}'),
    "note": b64("first line\nsecond line, long enough\n"),
    "digest": base64.b64encode(bytes(range(200, 232))).decode(),
    "last": None,
}
ROWS = r"""{
  "id": 7,
  "details": {
    "error": "{\"code\": 404, \"detail\": {\"errors\": [\"{\\\"deep\\\": [1, 2]}\", \"plain\"]}}",
      {
        "code": 404,
        "detail": {
          "errors": [
            "{\"deep\": [1, 2]}",
              {
                "deep": [
                  1,
                  2
                ]
              }
            "plain"
          ]
        }
      }
    "after": [
      true,
      {
        "x": "{not json}"
      }
    ]
  },
  "data": "eyJhIjogeyJiIjogImMifX0=",
    {
      "a": {
        "b": "c"
      }
    }
  "note": "Zmlyc3QgbGluZQpzZWNvbmQgbGluZSwgbG9uZyBlbm91Z2gK",
    first line
    second line, long enough
  "digest": "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=",
    00000000  c8 c9 ca cb cc cd ce cf  ........
    00000008  d0 d1 d2 d3 d4 d5 d6 d7  ........
    00000010  d8 d9 da db dc dd de df  ........
    00000018  e0 e1 e2 e3 e4 e5 e6 e7  ........
  "last": null
}"""


def a_tree() -> NestedText:
    tree = unfolded(JsonText(json.dumps(PAYLOAD)))
    assert isinstance(tree, NestedText)
    return tree


def test_rows() -> None:
    """JSON in strings, also in each other, and base64 of JSON, text or bytes stand below their strings, no more."""
    assert a_tree().lines.text() == ROWS
    assert list(a_tree().shut()) == [3, 8, 26, 32, 35]


def test_every_row_has_its_place() -> None:
    """Paths lead there and back, parents and closings are those of the text a row is of."""
    tree = a_tree()
    for row in range(len(tree)):
        if tree.closes(row):
            assert tree.path_at(row) == tree.path_at(tree.opening(row))
        elif tree.language(row) == "json":
            assert tree.row_of(tree.path_at(row)) == row
        parent = tree.parent(row)
        assert (parent is None) == (tree.opening(row) == 0)
        if parent is not None:
            assert tree.opens(parent)
            assert parent < row <= tree.closing(parent)
    deep = ("details", "error", FROM_JSON, "detail", "errors", 0, FROM_JSON, "deep", 1)
    assert show_path(deep) == "details.error | fromjson.detail.errors[0] | fromjson.deep[1]"
    row = tree.row_of(deep)
    assert row is not None
    assert tree.value_text(row) == "2"
    assert tree.row_of(("data", FROM_JSON, "a")) is None
    assert tree.row_of(("data", BASE64_JSON, "a", "b")) == 29
    assert set(tree.openers()) == {row for row in range(len(tree)) if tree.opens(row)}
    assert pickle.loads(pickle.dumps(tree)).row_of(deep) == row


def test_values_and_words() -> None:
    """A string is what was sent, what it holds a value of its own, and both say so."""
    tree = a_tree()
    string = tree.row_of(("details", "error"))
    assert string is not None
    assert json.loads(tree.value_text(string)) == PAYLOAD["details"]["error"]  # type: ignore[index]
    assert json.loads(tree.value_text(string + 1)) == INNER
    assert json.loads(tree.value_text(0)) == PAYLOAD
    assert tree.type_words(string).endswith(", JSON inside")
    assert tree.type_words(string + 1) == "object, 2 keys"
    assert tree.holds(string) == "JSON inside"
    assert tree.held(string + 1) == "JSON in this string"
    assert not tree.held(string)
    assert not tree.holds(string + 1)
    note = tree.row_of(("note", BASE64_TEXT))
    assert note is not None
    assert tree.value_text(note + 1) == "first line\nsecond line, long enough"
    assert tree.type_words(note) == "decoded text, 2 lines"
    assert tree.held(note) == "text in this base64"
    digest = tree.row_of(("digest", BASE64_BYTES))
    assert digest is not None
    assert tree.language(digest) == "hex"
    assert tree.type_words(digest) == "decoded bytes"
    assert tree.holds(digest - 1) == "base64 of bytes"
    assert not tree.held(digest)
    assert tree.type_words(digest - 1) == "string, 44 chars, base64 of bytes"
    assert show_path(tree.path_at(digest)) == "digest | @base64d"
    assert pickle.loads(pickle.dumps(tree)).path_at(digest) == tree.path_at(digest)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ('upgrade failed: {"detail": {"code": 7}}', ".[16:] | fromjson"),
        ('caf\u00e9 \U0001f600 answered 500: {"detail": {"code": 7}} \n', ".[21:] | fromjson"),
        ('cause=b\'{"detail": {"code": 7}}\\n\' (tried 3 times)', ".[8:31] | fromjson"),
        ('see [1] and {x}, {"not": json}, ok{ "detail": {"code": 7}}.', ".[34:58] | fromjson"),
        ('{"detail": {"code": 7}} was the answer', ".[0:23] | fromjson"),
        ('rows: [[{"detail": {"code": 7}}]]', ".[6:] | fromjson"),
        ('tags: ["a", "b"]', ".[6:] | fromjson"),
        ("took [12] ms, {} left, {a: 1}, [] and {'a': 1}", None),
        ('unfinished: {"detail": {"code": 7', None),
    ],
)
def test_json_within_a_sentence(text: str, step: str | None) -> None:
    """It unfolds like JSON that is the whole string, at a path that says, as jq does, where it begins and ends."""
    tree = unfolded(JsonText(json.dumps({"before": '{"a": 1}', "msg": text, "after": [1]})))
    row = tree.row_of(("msg",))
    assert row is not None
    assert isinstance(tree, NestedText)
    if step is None:
        assert not tree.holds(row)
        return
    assert tree.holds(row) == "JSON inside"
    assert tree.held(row + 1) == "JSON in this string"
    path = tree.path_at(row + 1)
    assert show_path(path) == f"msg | {step}"
    begin, _, end = step[2 : step.index("]")].partition(":")
    assert json.loads(tree.value_text(row + 1)) == json.loads(text[int(begin) : int(end) if end else None])
    assert pickle.loads(pickle.dumps(tree)).row_of(path) == row + 1
    if "detail" in text and "rows" not in text:
        deep = tree.row_of((*path, "detail", "code"))
        assert deep is not None
        assert tree.value_text(deep) == "7"
        assert as_jq(tree.path_at(deep)) == f".msg | {step} | .detail.code"
        assert as_jsonpath(tree.path_at(deep)) is None
    after = tree.row_of(("after", 0))
    assert after is not None
    assert tree.value_text(after) == "1"


def test_bounds() -> None:
    """Strings in strings end at a depth; neither many nor large ones take longer than reading them."""
    value: object = {"end": 1}
    for _ in range(12):
        value = {"v": json.dumps(value)}
    tree = unfolded(JsonText(json.dumps(value)))
    assert isinstance(tree, NestedText)
    assert unfolded(JsonText(json.dumps([b64('{"x":1}')]))).row_of((0, BASE64_JSON, "x")) == 3
    assert len(list(tree.shut())) == nested.MAX_LEVELS
    image = unfolded(JsonText(json.dumps({"png": base64.b64encode(b"\x89PNG" * 5000).decode()})))
    assert len(image) == 3 + nested.MAX_BYTES // 8 + 1
    assert image.lines.line(len(image) - 2).strip() == "… 15,904 bytes more, 20,000 in all"
    many = unfolded(JsonText(json.dumps(['{"a":1}'] * 5000)))
    assert isinstance(many, NestedText)
    assert len(list(many.shut())) == nested.MAX_STRINGS
    began = time.process_time()
    large = unfolded(
        JsonText(json.dumps({"s": "A" * 5_000_000, "t": "{" * 3_000_000 + "}", "u": '"' * 1_000_000}))
    )
    assert isinstance(large, JsonText)
    hard = ['x {"a": ' * 300_000, "x [ " * 500_000, 'x {"' * 500_000, 'x: [ { [ "' * 200_000]
    assert isinstance(unfolded(JsonText(json.dumps(hard))), JsonText)
    assert time.process_time() - began < 3
