"""Payload files: JSON documents and raw requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.core.events import InspectorError
from inspector.store.files import is_payload_file, read_payload_file


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_json_file_is_a_post_of_exactly_its_bytes(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"a": 1.0,\r\n "a": 2}\n'
    request = read_payload_file(written(tmp_path, "x.json", data))
    assert request.method == "POST"
    assert request.target == b"/"
    assert request.headers == ((b"Content-Type", b"application/json"),)
    assert request.body == data


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_raw_request_keeps_order_case_and_repeats(tmp_path: Path, end: bytes) -> None:
    lines = [b"PUT /a%2Fb?x=1 HTTP/1.0", b"X-Dup: 1", b"x-dup:2", b"X-Latin: caf\xe9 ", b"X-Empty:", b"", b""]
    request = read_payload_file(written(tmp_path, "x.http", end.join(lines) + b"\r\n\x00body\n"))
    assert (request.method, request.target, request.version) == ("PUT", b"/a%2Fb?x=1", "1.0")
    assert request.headers == (
        (b"X-Dup", b"1"),
        (b"x-dup", b"2"),
        (b"X-Latin", b"caf\xe9"),
        (b"X-Empty", b""),
    )
    assert request.body == b"\r\n\x00body\n"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.json", b"{", "is no payload"),
        ("x.json", b"", "is no payload"),
        ("x.http", b"", "request line"),
        ("x.http", b"\r\n\r\n", "request line"),
        ("x.http", b"POST /\r\n\r\n", "line 1"),
        ("x.http", b"POST / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n", "line 3"),
        ("x.http", b"POST / HTTP/1.1\r\nA: 1\r\n", "blank line"),
        ("x.http", b"POST / HTTP/1.1", "blank line"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(InspectorError, match=words):
        read_payload_file(written(tmp_path, name, data))


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InspectorError, match="there is no file"):
        read_payload_file(tmp_path / "none.json")
    with pytest.raises(InspectorError, match="is a folder"):
        read_payload_file(tmp_path)


def test_a_file_is_told_from_a_type() -> None:
    assert is_payload_file("./x")
    assert is_payload_file("before.json")
    assert is_payload_file("push.http")
    assert not is_payload_file("user.image.analysis.completed")
    assert not is_payload_file("github:push")
