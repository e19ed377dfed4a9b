"""What a stored body is by its bytes: how `doctor` and salvage tell that not one of them has changed."""

from __future__ import annotations

import hashlib
import sqlite3


def body_digest(db: sqlite3.Connection, body: bytes | None, upload: int | None) -> tuple[bytes, int]:
    """SHA-256 and length of a body as it stands in the store: in one value, or in the pieces of an upload."""
    if upload is None:
        return hashlib.sha256(body or b"").digest(), len(body or b"")
    digest, size = hashlib.sha256(), 0
    for (piece,) in db.execute(
        "SELECT CAST(bytes AS BLOB) FROM piece WHERE id >= ? AND id < ? ORDER BY id",
        (upload << 16, (upload + 1) << 16),
    ):
        digest.update(piece)
        size += len(piece)
    return digest.digest(), size
