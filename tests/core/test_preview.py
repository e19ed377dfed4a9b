"""The first part of a large body: valid wherever it is cut, bounded, the same rows as the whole."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from inspector.core.bodies import view_of
from inspector.core.events import Request
from inspector.core.payload import parse_text
from inspector.core.preview import closed_json, preview_of

DOCUMENT = (
    '{"type": "a.b", "details": {"items": [1, 2.5, {"k": "v\\n\\u00e9 \\"q\\" \\\\"}, [], {}, null, true], '
    '"text": "a [1, {", "deep": [[["x"]]]}, "last": "wörter, \U0001f600"}'
)


def request(body: bytes, content_type: bytes = b"application/json", *more: tuple[bytes, bytes]) -> Request:
    return Request("POST", b"/", ((b"Content-Type", content_type), *more), body)


def test_json_cut_anywhere_is_closed_to_a_valid_document() -> None:
    for cut in range(1, len(DOCUMENT)):
        closed = closed_json(DOCUMENT[:cut])
        assert closed is not None
        payload = parse_text(closed)
        assert isinstance(payload, dict), (cut, closed)
        assert DOCUMENT.startswith(closed.rstrip('"]}'))


def test_a_cut_string_shows_what_came_of_it() -> None:
    assert closed_json('{"data": "AAAA') == '{"data": "AAAA"}'
    assert closed_json('["AA\\u00') == '["AA"]'
    assert closed_json('["AA\\') == '["AA"]'
    assert closed_json('["AA\\\\') == '["AA\\\\"]'
    assert closed_json('{"ke') == "{}"
    assert closed_json('{"key": 12') == "{}"


@pytest.mark.parametrize("text", ['{"a": 1}\n{"a": 2}\n{"a', "}", "[1] 2"])
def test_what_is_not_one_document_is_not_closed(text: str) -> None:
    assert closed_json(text) is None


def test_rows_of_the_preview_are_those_of_the_whole() -> None:
    body = json.dumps({"details": {"items": [{"n": n, "word": "ü" * 9} for n in range(5000)]}}).encode()
    whole, first = view_of(request(body)), preview_of(request(body))
    assert first.json is not None
    assert whole.json is not None
    rows = len(first.lines) - 5
    assert 3000 < rows < len(whole.lines)
    for row in range(rows):
        assert first.lines.line(row) == whole.lines.line(row)
        assert first.json.path_at(row) == whole.json.path_at(row)


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_compressed_bodies_are_decoded_as_far_as_needed(coding: bytes) -> None:
    plain = json.dumps(["word"] * 4_000_000).encode()
    packed = gzip.compress(plain, 1) if coding == b"gzip" else zlib.compress(plain, 1)
    view = preview_of(request(packed[:20_000], b"application/json", (b"Content-Encoding", coding)))
    assert view.kind == "json"
    assert 1000 < len(view.text) <= 65_536 * 2
    assert view.notes == ()


def test_a_character_cut_in_the_middle_is_left_out() -> None:
    body = '["' + "é" * 100_000
    view = preview_of(request(body.encode(), b"application/json"), 1001)
    assert view.json is not None
    assert view.text.count("é") == 499


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b'{"a": 1}\n' * 20_000, b"application/x-ndjson", "documents"),
        (b"plain words " * 20_000, b"text/plain", "text"),
        (b"a=1&b=2&" * 20_000, b"application/x-www-form-urlencoded", "form"),
        (bytes(range(256)) * 1000, b"application/octet-stream", "hex"),
        (b"<a>" + b"<b/>" * 40_000 + b"</a>", b"application/xml", "xml"),
        (b"", b"application/json", "empty"),
        (b'{"a": nonsense} ' * 9000, b"application/json", "text"),
    ],
)
def test_every_kind_has_a_preview_of_its_own_kind(body: bytes, content_type: bytes, kind: str) -> None:
    view = preview_of(request(body, content_type))
    assert view.kind == kind
    assert len(view.lines) <= 65_536
