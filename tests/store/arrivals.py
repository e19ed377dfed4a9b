"""Arrivals for tests, and the numbers that a store must agree with itself about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspector.core.events import Event, Request
from inspector.store.arrival import Arrival
from inspector.store.writer import PIECE, StoreWriter

JSON = ((b"Content-Type", b"application/json"),)


def arrival(
    payload: Any = None, *, body: bytes | None = None, at_us: int = 1_000_000, **values: Any
) -> Arrival:
    """A POST with a JSON payload, or with these bytes."""
    whole = json.dumps(payload).encode() if body is None else body
    headers = values.pop("headers", JSON)
    return Arrival(Request("POST", b"/hooks", headers, whole), "127.0.0.1:9", at_us, at_us * 1000, **values)


def anchore(name: str, details: Any, **values: Any) -> Arrival:
    """An event in Anchore's envelope; `id` is its delivery id."""
    delivery = values.pop("id", None)
    envelope = {
        "type": name,
        "level": "info",
        "message": None,
        "resource": {"account_name": "admin", "type": "image_tag", "id": "alpine:3"},
        "source": {"service_name": "catalog", "base_url": None, "host_id": "h", "request_id": None},
        "details": details,
    }
    return arrival(envelope if delivery is None else {**envelope, "id": delivery}, **values)


def add(writer: StoreWriter, *arrivals: Arrival, identify_all: bool = False) -> list[Event]:
    """Add them in one transaction."""
    writer.begin()
    try:
        events = writer.add(arrivals, identify_all=identify_all)
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    return events


def add_in_pieces(writer: StoreWriter, body: bytes, **values: Any) -> Event:
    """Store a large body as the listener does: a transaction for each piece, the event last."""
    upload: int | None = None
    for number, start in enumerate(range(0, len(body), PIECE)):
        writer.begin()
        upload = writer.new_upload() if upload is None else upload
        writer.add_piece(upload, number, body[start : start + PIECE])
        writer.commit()
    digest = hashlib.sha256(body).digest()
    return add(writer, arrival(body=b"", upload=upload, size=len(body), sha256=digest, **values))[0]


def delete(writer: StoreWriter, numbers: Sequence[int]) -> int:
    """Delete in one transaction."""
    writer.begin()
    deleted = writer.delete(numbers)
    writer.commit()
    return deleted


def rows(writer: StoreWriter, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return writer.db.execute(sql, values).fetchall()


def check_counts(writer: StoreWriter) -> None:
    """Counts, first and last events of every shape, recomputed from the events; nothing is left over."""
    counted = rows(
        writer, "SELECT id, count, first_event, last_event, first_us, last_us FROM shape ORDER BY id"
    )
    found = rows(
        writer,
        "SELECT row, events, first, last, one.received_us, other.received_us FROM (SELECT shape AS row, "
        "count(*) AS events, min(id) AS first, max(id) AS last FROM event WHERE shape NOT NULL GROUP BY "
        "shape) "
        "JOIN event AS one ON one.id = first JOIN event AS other ON other.id = last ORDER BY 1",
    )
    assert counted == found
    assert rows(writer, "SELECT events, bytes FROM total") == rows(
        writer, "SELECT count(*), coalesce(sum(size), 0) FROM event"
    )
    assert rows(writer, "SELECT hash FROM structure ORDER BY hash") == rows(
        writer, "SELECT DISTINCT hash FROM shape WHERE hash NOT NULL ORDER BY hash"
    )
    assert rows(writer, "SELECT id FROM event ORDER BY id") == rows(
        writer, "SELECT event FROM request ORDER BY event"
    )


def tree(folder: Path) -> dict[str, int]:
    """Names and permission bits of all that is in a folder."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
