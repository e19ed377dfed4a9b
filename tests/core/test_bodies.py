"""Bodies for the screen: told apart by their bytes, decoded within bounds, with a note on what was done."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.bodies import BodyView, decoded, hex_of, view_of
from inspector.core.events import Request

JSON = b'{"a":[1,2],"b":"x"}'
PRETTY = '{\n  "a": [\n    1,\n    2\n  ],\n  "b": "x"\n}'


def a_request(body: bytes, content_type: str | None = None, *encodings: str) -> Request:
    headers = [(b"Content-Encoding", one.encode()) for one in encodings]
    if content_type is not None:
        headers.append((b"content-type", content_type.encode("latin-1")))
    return Request("POST", b"/", tuple(headers), body)


def a_view(body: bytes, content_type: str | None = None, *encodings: str) -> BodyView:
    return view_of(a_request(body, content_type, *encodings))


def test_json_is_known_by_its_bytes() -> None:
    """With or without a Content-Type, JSON is indented and has its index."""
    for content_type in (
        None,
        "text/plain",
        "application/json; charset=utf-8",
        "application/cloudevents+json",
    ):
        view = a_view(JSON, content_type)
        assert (view.kind, view.language, view.text, view.notes) == ("json", "json", PRETTY, ())
        assert view.json is not None
        assert view.json.path_at(3) == ("a", 1)


@pytest.mark.parametrize(
    ("body", "content_type", "kind", "text", "note"),
    [
        (b"", None, "empty", "Empty body, 0 bytes.", ""),
        (b"hello\nworld\n", None, "text", "hello\nworld", ""),
        (b"hello", "application/json", "text", "hello", "Shown as text."),
        (b'{"a":1', None, "text", '{"a":1', "Not JSON after character 6"),
        (b"[" * 600 + b"]" * 600, None, "text", "[" * 600 + "]" * 600, "Nested deeper than 500."),
        (b"[" * 99_999, None, "text", "[" * 99_999, "Shown as text."),
        (b'{"a":1}\n{"a":2}\n', None, "documents", '{"a":1}\n{"a":2}', "2 found, one a line"),
        (b'"x"', "application/json", "json", '"x"', ""),
        (b"\xef\xbb\xbf[1]", None, "json", "[\n  1\n]", "UTF-8 with a byte order mark"),
        ('["é"]'.encode("utf-16"), None, "json", '[\n  "é"\n]', "UTF-16 with a byte order mark"),
        ('["é"]'.encode("utf-16-le"), None, "json", '[\n  "é"\n]', "UTF-16-LE"),
        ('["é"]'.encode("utf-32"), None, "json", '[\n  "é"\n]', "UTF-32 with a byte order mark"),
        ("grüße".encode("latin-1"), "a/b; charset=ISO-8859-1", "text", "grüße", "read as iso8859-1"),
        ("grüße aus".encode("latin-1"), None, "text", "grüße aus", "Not UTF-8 after byte 2."),
        (b"x", "text/plain; charset=punycode", "text", "x", "The charset punycode is not known here."),
        (b"x", 'text/plain; charset="\x1b[31m"', "text", "x", ""),
        (b"a=1&b=x+y%21", "application/x-www-form-urlencoded", "form", "a = 1\nb = x y!", ""),
        (b"a=1&b=2", None, "form", "a = 1\nb = 2", ""),
        (b"p=%7B%22a%22%3A1%7D", "application/x-www-form-urlencoded", "form", 'p = {\n  "a": 1\n}', ""),
        (JSON, "application/x-www-form-urlencoded", "json", PRETTY, ""),
        (b"<a>1</a>", None, "xml", "<a>1</a>", ""),
        (b"a: 1", "application/yaml", "yaml", "a: 1", ""),
        (b'["\xed\xa0\x80 a lone surrogate"]', None, "json", '[\n  "\ud800 a lone surrogate"\n]', ""),
    ],
)  # fmt: skip
def test_kinds(body: bytes, content_type: str | None, kind: str, text: str, note: str) -> None:
    """Every kind of body has its view, and its note where something had to be decided."""
    view = a_view(body, content_type)
    assert (view.kind, view.text) == (kind, text)
    assert note in " ".join(view.notes)


def test_binary_is_a_dump_made_row_by_row() -> None:
    """Bytes that are no text are shown in hex; a row costs the same in ten bytes and in ten megabytes."""
    view = a_view(bytes(range(256)) * 40_000)
    assert (view.kind, len(view.lines)) == ("hex", 1_280_000)
    assert view.lines.line(8) == "00000040  40 41 42 43 44 45 46 47  @ABCDEFG"
    assert view.lines.line(1_279_999) == "009c3ff8  f8 f9 fa fb fc fd fe ff  ........"
    assert hex_of(a_request(b"Hello")).lines.line(0) == "00000000  48 65 6c 6c 6f" + " " * 11 + "Hello"


def test_multipart_shows_its_parts() -> None:
    """Header lines and text of each part; of binary ones the size; no more parts than there is use for."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nhello\r\nyou\r\n'
        b"--x\r\n\r\n\x00\x01\x02\r\n--x--\r\n"
    )
    view = a_view(body, "multipart/form-data; boundary=x")
    assert view.kind == "multipart"
    assert view.text.split("\n") == [
        "part 1, 10 bytes", 'Content-Disposition: form-data; name="a"', "", "hello", "you", "",
        "part 2, 3 bytes", "", "(3 bytes, no text)",
    ]  # fmt: skip
    many = a_view(b"--x\r\n\r\n1\r\n" * 5000, "multipart/mixed; boundary=x")
    assert "More than 1,000 parts" in many.text
    assert a_view(b"no parts", "multipart/mixed; boundary=x").kind == "text"


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("name", ENCODERS)
def test_content_encodings(name: str) -> None:
    """Each coding is taken off, and a note says from how many bytes."""
    view = a_view(ENCODERS[name](JSON), "application/json", name)
    assert (view.text, view.data) == (PRETTY, JSON)
    assert "from" in view.notes[0]


def test_chains_and_members() -> None:
    """Codings over one another come off in turn, in one header line or several; members follow each other."""
    assert decoded(a_request(brotli.compress(gzip.compress(JSON)), None, "gzip, br")).data == JSON
    assert (
        decoded(a_request(zstd.compress(zlib.compress(JSON)), None, "deflate", "identity", "zstd")).data
        == JSON
    )
    assert decoded(a_request(gzip.compress(b"a") + gzip.compress(b"b"), None, "gzip")).data == b"ab"
    raw = zlib.compressobj(wbits=-15)
    assert decoded(a_request(raw.compress(JSON) + raw.flush(), None, "deflate")).data == JSON
    assert decoded(a_request(JSON, None, ",".join(["gzip"] * 20))).data == JSON


@pytest.mark.parametrize("name", ENCODERS)
def test_what_cannot_be_decoded_is_shown_as_it_came(name: str) -> None:
    """A header that is not true, a stream that ends early or breaks off: nothing raises, all is told."""
    view = a_view(JSON, None, name)
    assert view.text == PRETTY
    assert view.notes == (f"Content-Encoding says {name}, the bytes are not. Shown as they came.",)
    large = json.dumps([str(number * 7919) for number in range(50_000)]).encode()
    packed = ENCODERS[name](large)
    early = decoded(a_request(packed[: len(packed) * 3 // 4], None, name))
    assert large.startswith(early.data)
    assert 0 < len(early.data) < len(large)
    assert early.notes[-1] == f"The {name} data ends early; this is what could be read."
    middle = len(packed) * 3 // 4
    broken = decoded(a_request(packed[:middle] + b"\xff" * 2000 + packed[middle + 2000 :], None, name))
    assert len(broken.notes) >= 1


def test_unknown_coding() -> None:
    """The name of a coding comes from outside and is made visible."""
    view = a_view(JSON, None, "x\x1b[31m")
    assert view.text == PRETTY
    assert "x\\x1b[31m" in view.notes[0]


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_bombs_are_cut(name: str) -> None:
    """34 MB of nothing in a few bytes become 32 MiB at most, or what the caller allows."""
    bomb = ENCODERS[name](bytes(34_000_000))
    cut = decoded(a_request(bomb, None, name))
    assert len(cut.data) == 32 * 1024 * 1024
    assert "more than 32 MiB" in cut.notes[-1]
    assert len(decoded(a_request(bomb, None, name), limit_out=1000).data) == 1000


def test_members_are_counted() -> None:
    """More gzip members than the limit are not read."""
    many = decoded(a_request(gzip.compress(b"x") * 2000, None, "gzip"))
    assert (len(many.data), many.notes[-1]) == (1024, "More than 1,024 gzip members; the rest is not shown.")


@given(
    st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.none() | st.text(st.characters(max_codepoint=255), max_size=40)
    | st.sampled_from(["multipart/x; boundary=a", "application/json", "a/b; charset=utf-16"]),
    st.lists(st.sampled_from(["gzip", "br", "deflate", "zstd", "what"]), max_size=2),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_nothing_raises(body: bytes, content_type: str | None, encodings: list[str]) -> None:
    """Any bytes with any headers have a view with at least one row."""
    view = a_view(body, content_type, *encodings)
    assert len(view.lines) >= 1
    assert view.text is not None
