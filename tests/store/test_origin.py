"""Where an event came from, as the store keeps it: signature, labels, the address that a tunnel told."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from inspector.core.events import InspectorError
from inspector.store import schema
from inspector.store.place import open_reading
from inspector.store.reader import Reader
from inspector.store.salvage import salvage
from inspector.store.writer import PIECE, StoreFailed, StoreWriter
from tests.processes import soon
from tests.store.arrivals import add, add_in_pieces, arrival, rows
from tests.store.test_commit import opened

SECRETS = {"github": [b"old", b"new"]}


def signed(body: bytes, secret: bytes = b"new") -> tuple[tuple[bytes, bytes], ...]:
    mac = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return ((b"X-GitHub-Event", b"push"), (b"X-Hub-Signature-256", f"sha256={mac}".encode()))


def test_signatures_are_checked_on_the_raw_bytes(path: Path) -> None:
    writer = StoreWriter(path)
    plain, packed = b'{"a": 1}', b"\x1f\x8b no gzip at all"
    (before,) = add(writer, arrival(body=plain, headers=signed(plain)))
    writer.secrets = SECRETS
    events = add(
        writer,
        arrival(body=plain, headers=signed(plain)),
        arrival(body=plain + b" ", headers=signed(plain)),
        arrival(body=packed, headers=(*signed(packed), (b"Content-Encoding", b"gzip"))),
        arrival(body=plain, headers=signed(plain), incomplete="cut off"),
        arrival(body=plain, headers=((b"X-GitHub-Event", b"push"),)),
        arrival(body=plain),
    )
    large = b"[%s]" % (b"1," * PIECE + b"1")
    pending = add_in_pieces(writer, large, headers=signed(large))
    assert pending.signature is None
    last = writer.identify(pending.id)
    assert last is not None
    assert [event.signature for event in (before, *events, last)] == [
        "no secret: github",
        "verified: github",
        "failed: github: wrong secret, or changed on the way",
        "verified: github",
        "failed: github: its body is not whole",
        "failed: github: it is not signed",
        None,
        "verified: github",
    ]
    writer.close()


async def test_the_writing_process_has_the_secrets_and_nobody_can_read_them(path: Path) -> None:
    secrets = {"github": [b"hidden from others"]}
    body = b"{}"
    sent = arrival(body=body, headers=signed(body, secrets["github"][0]))
    async with opened(path, secrets=secrets) as commit:
        first, _ = await commit.put(sent)
        for place in ("cmdline", "environ"):
            assert b"hidden from" not in Path(f"/proc/{commit.pid}/{place}").read_bytes()
        assert commit.pid is not None
        os.kill(commit.pid, signal.SIGKILL)
        with pytest.raises(StoreFailed):
            await commit.put(sent)
        await soon(lambda: commit.trouble is None and commit._link is not None)
        second, _ = await commit.put(sent)
    with Reader(path) as reader:
        assert [event.signature for event in reader.events([first, second])] == ["verified: github"] * 2
        assert sum(b"hidden from" in file.read_bytes() for file in path.parent.iterdir()) == 0


def test_labels_and_the_told_address_come_back(path: Path) -> None:
    writer = StoreWriter(path)
    plain, labelled = add(
        writer, arrival({}), arrival({}, labels="tunnel browser", forwarded_for="203.0.113.9")
    )
    writer.close()
    assert (plain.labels, plain.forwarded_for) == ((), None)
    assert (labelled.labels, labelled.forwarded_for) == (("tunnel", "browser"), "203.0.113.9")
    line = labelled.as_json()
    assert (line["signature"], line["labels"], line["forwarded_for"]) == (
        None,
        ["tunnel", "browser"],
        "203.0.113.9",
    )


def test_an_older_store_is_brought_up_to_date_and_keeps_its_events(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in schema.MIGRATIONS[0].split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        digest = hashlib.sha256(b"{}").digest()
        db.execute(
            "INSERT INTO event (id, received_us, monotonic_ns, method, target, remote, size) "
            "VALUES (1, 1, 1, 'POST', x'2f', 'old', 2)"
        )
        db.execute("INSERT INTO request VALUES (1, '1.1', x'', x'7b7d', NULL, ?, NULL)", (digest,))
        db.execute("UPDATE total SET events = 1, bytes = 2, last_id = 1")
    with pytest.raises(InspectorError, match="an older inspector"):
        open_reading(path)
    writer = StoreWriter(path)
    add(writer, arrival({}, labels="browser"))
    assert rows(writer, "PRAGMA user_version") == [(len(schema.MIGRATIONS),)]
    assert [event.labels for event in writer.events([1, 2])] == [(), ("browser",)]
    writer.close()

    done = salvage(path, tmp_path / "saved.db")
    assert (done.events, done.whole, done.of) == (2, 2, 2)
    with Reader(tmp_path / "saved.db") as reader:
        assert [(event.remote, event.labels) for event in reader.events([1, 2])] == [
            ("old", ()),
            ("127.0.0.1:9", ("browser",)),
        ]
