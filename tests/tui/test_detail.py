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
