"""What is read of an event for the detail: the part people came for."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from inspector.core.payload import BASE64_JSON
from inspector.store.reader import Reader
from inspector.tui.detail import Look, read_detail
from inspector.tui.documents import document
from tests.tui.screens_store import fill, post


def test_data_in_base64_is_the_part_of_a_cloud_event(tmp_path: Path) -> None:
    """JSON in `data_base64` is shown decoded, with paths that say so; the envelope keeps the string."""
    data = base64.b64encode(b'{"order": {"id": 7}}').decode()
    event = {"specversion": "1.0", "type": "com.example.x", "source": "/s", "id": "1", "data_base64": data}
    fill(tmp_path / "events.db", [post(json.dumps(event).encode())])
    with Reader(tmp_path / "events.db") as reader:
        detail = read_detail(reader, 1)
    assert detail is not None
    sections = {section.key: section for section in document(detail, "Details", Look()).sections}
    part, envelope = sections["details"], sections["envelope"]
    assert part.title == "data_base64"
    assert part.tree is not None
    assert part.tree.row_of(("data_base64", BASE64_JSON, "order", "id")) == 2
    assert part.summary == "{1 key}"
    assert data in envelope.lines.text()


def test_other_data_of_a_cloud_event_is_shown_decoded(tmp_path: Path) -> None:
    """Bytes in hex, text by its content type; the body keeps the string, and so it stays when it is no base64."""
    requests = [
        post(json.dumps({"specversion": "1.0", "id": "1", "data_base64": data, **more}).encode())
        for data, more in (
            (base64.b64encode(bytes(range(12))).decode(), {}),
            (base64.b64encode(b"<a><b>1</b></a>").decode(), {"datacontenttype": "text/xml"}),
            ("!no base64", {}),
        )
    ]
    found = []
    fill(tmp_path / "events.db", requests)
    with Reader(tmp_path / "events.db") as reader:
        for number in (1, 2, 3):
            detail = read_detail(reader, number)
            assert detail is not None
            assert [section.key for section in document(detail, "Body", Look()).sections] == ["body"]
            sections = {section.key: section for section in document(detail, "Details", Look()).sections}
            found.append((sections["details"].title, sections["details"].lines.text()))
            assert ("envelope" in sections) == (number < 3)
    assert found[0] == (
        "data_base64, 12 bytes",
        "00000000  00 01 02 03 04 05 06 07  ........\n00000008  08 09 0a 0b              ....",
    )
    assert found[1] == ("data_base64, 15 bytes", "<a>\n  <b>1</b>\n</a>")
    assert found[2][0] == "body"


def test_what_is_wrong_is_told_in_whole_and_a_query_is_decoded(tmp_path: Path) -> None:
    """No sentence is cut at the edge of a narrow pane; the line of the request stands in Raw as it was sent."""
    target = b"/hook?q%5B%5D=caf%C3%A9+au%20lait&token=s%65cret&flag"
    fill(tmp_path / "events.db", [post(b'{"a": "unclosed', (b"Content-Encoding", b"gzip"), target=target)])
    with Reader(tmp_path / "events.db") as reader:
        detail = read_detail(reader, 1)
    assert detail is not None
    sections = {section.key: section.lines.text() for section in document(detail, "Details", Look()).sections}
    notes = sections["notes"].split("\n")
    assert " ".join(notes).startswith(
        "Content-Encoding says gzip, the bytes are not. Shown as they came. Not JSON"
    )
    assert max(map(len, notes)) <= 50
    assert (
        sections["query"] == "q[] = caf\u00e9 au lait\ntoken = \u2022\u2022\u2022\u2022\u2022\u2022\nflag = "
    )
    shown = {
        section.key: section.lines.text() for section in document(detail, "Details", Look(True)).sections
    }
    assert "token = secret" in shown["query"]
    raw = document(detail, "Raw", Look(True)).sections[0].lines.text()
    assert raw.startswith(f"POST {target.decode()} HTTP/1.1")
