"""Bodies of several things: each part is laid out as what it is."""

from __future__ import annotations

from inspector.core.bodies import view_bytes
from inspector.core.body_parts import MAX_SHOWN, parts_of
from inspector.core.jsontext import JsonText
from inspector.core.lines import HexLines

FORM = "application/x-www-form-urlencoded"


def test_form_with_json() -> None:
    """A field that is JSON folds and tells its path below the name of the field; the others stand together."""
    view = view_bytes(b"a=1&b=two+words&payload=%7B%22x%22%3A%5B1%2C2%5D%7D", FORM)
    fields, payload = parts_of(view, FORM)
    assert (fields.title, fields.source.text()) == ("fields", "a = 1\nb = two words")  # type: ignore[union-attr]
    assert payload.title == "payload"
    assert isinstance(payload.source, JsonText)
    assert payload.source.row_of(("payload", "x", 1)) == 3
    assert parts_of(view_bytes(b"a=1&b=2", FORM), FORM) == ()
    fields, _ = parts_of(view_bytes(b"a=caf\xe9&p={}", FORM), FORM)
    assert fields.source.text() == "a = caf\u00e9"  # type: ignore[union-attr]


def test_multipart() -> None:
    """JSON in a part is a tree, bytes are a hex dump, header lines stay as they came."""
    kind = "multipart/form-data; boundary=XX"
    body = (
        b'--XX\r\nContent-Disposition: form-data; name="meta"\r\nContent-Type: application/json\r\n\r\n{"k":[1]}\r\n'
        b"--XX\r\nContent-Disposition: form-data\r\n\r\n" + bytes(range(64)) + b"\r\n--XX--\r\n"
    )
    parts = parts_of(view_bytes(body, kind), kind)
    assert [part.title for part in parts] == [
        "part 1, 9 bytes", "part 1 holds json", "part 2, 64 bytes", "part 2 holds hex",
    ]  # fmt: skip
    assert isinstance(parts[1].source, JsonText)
    assert isinstance(parts[3].source, HexLines)
    assert parts[3].source.data == bytes(range(64))


def test_documents_one_a_line() -> None:
    """NDJSON is a tree for each document, unless there are too many."""
    kind = "application/x-ndjson"
    parts = parts_of(view_bytes(b'{"a": 1}\n{"a": {"b": 2}}\n', kind), kind)
    assert [part.title for part in parts] == ["document 1", "document 2"]
    assert isinstance(parts[1].source, JsonText)
    assert parts_of(view_bytes(b'{"a": 1}\n' * (MAX_SHOWN + 1), kind), kind) == ()
    assert parts_of(view_bytes(b'{"a": 1}', kind), kind) == ()
