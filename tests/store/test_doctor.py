"""What the doctor finds in damaged stores, and what it saves from them."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from inspector.core.events import Attempt, InspectorError
from inspector.store.arrival import Arrival
from inspector.store.doctor import Finding, examine
from inspector.store.edits import Edits
from inspector.store.place import capture_lock
from inspector.store.reader import Reader
from inspector.store.salvage import BODY_LOST, HEAD_LOST, salvage
from inspector.store.writer import StoreWriter
from tests.store.filled import body, fill, noise

PAGE = 4096


def wrong(path: Path) -> list[Finding]:
    return [finding for finding in examine(path) if finding.level == "wrong"]


def by_name(path: Path) -> dict[str, Finding]:
    """The last finding about each thing."""
    return {finding.about: finding for finding in examine(path)}


def blocks(number: int, count: int) -> bytes:
    """A body of blocks of 40 bytes, each found once in a file."""
    return b"".join(
        f"{number:08d}-{block:06d}|".encode() + noise(24, number * 1000 + block) for block in range(count)
    )


def flip(data: bytearray, content: bytes, choose: random.Random) -> None:
    """Flip one bit of a body that stands somewhere in the bytes of a store, in a part that spans no page."""
    while True:
        at = choose.randrange(len(content) // 40) * 40
        where = data.find(content[at : at + 40])
        if where >= 0:
            data[where + 15 + choose.randrange(25)] ^= 1 << choose.randrange(8)
            return


def spans(data: bytes, table: str, path: Path) -> list[int]:
    """Numbers of the pages of a file that are leaves of one table, by what stands on them."""
    with closing(sqlite3.connect(path)) as db:
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    found, open_ = [], [root]
    while open_:
        number = open_.pop()
        page = data[(number - 1) * PAGE : number * PAGE]
        if page[0] == 13:
            found.append(number)
            continue
        cells = int.from_bytes(page[3:5], "big")
        open_.append(int.from_bytes(page[8:12], "big"))
        for slot in range(12, 12 + 2 * cells, 2):
            at = int.from_bytes(page[slot : slot + 2], "big")
            open_.append(int.from_bytes(page[at : at + 4], "big"))
    return found


# -- a store that is whole


def test_nothing_is_wrong_with_a_whole_store_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(50)], large=[noise(2_500_000)])
    before = path.read_bytes()
    told: list[tuple[str, int, int]] = []
    found = list(examine(path, lambda what, done, of: told.append((what, done, of))))
    assert [finding for finding in found if finding.level == "wrong"] == []
    assert path.read_bytes() == before
    assert told[0] == ("structure", 0, 0)
    assert told[-1] == ("bodies", 51, 51)
    texts = {finding.about: finding.text for finding in found if finding.about != "disk"}
    assert "all 51 bodies are byte for byte" in texts["bodies"]
    assert "51 events, 3 types, 2.5 MB" in texts["counts"]
    assert "1 event with a large" in texts["pending"]
    assert texts["retention"] == "Nothing is deleted by itself."


def test_an_empty_store_is_whole(tmp_path: Path) -> None:
    StoreWriter(tmp_path / "events.db").close()
    assert wrong(tmp_path / "events.db") == []


# -- bodies


def test_every_flipped_bit_in_a_body_is_found(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    small = [blocks(number, 60) for number in range(200)]
    large = [blocks(1000 + number, 60_000) for number in range(2)]
    fill(path, small, large=large)
    choose = random.Random(7)
    data = bytearray(path.read_bytes())
    victims = sorted(choose.sample(range(200), 98))
    for number in victims:
        flip(data, small[number], choose)
    for each in large:
        flip(data, each, choose)
    path.write_bytes(data)
    found = by_name(path)
    assert found["structure"].level == "ok"
    assert found["bodies"].level == "wrong"
    assert found["bodies"].events == (*[number + 1 for number in victims], 201, 202)
    assert "100 events (#" in found["bodies"].text
    assert "and 90 more" in found["bodies"].text


def test_a_lost_piece_is_found(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    (upload,) = fill(path, [body(1)], large=[noise(3_000_000)])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM piece WHERE id = ?", (upload << 16 | 1,))
    assert by_name(path)["bodies"].events == (2,)


# -- counts, permissions, disk


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE total SET events = events + 1", "11 events are counted, 10 are there"),
        ("UPDATE total SET bytes = 5", "5 bytes of bodies are counted"),
        ("UPDATE total SET last_id = 3", "the last id is said to be 3, but there is #10"),
        ("DELETE FROM request WHERE event = 4", "1 event without headers and body"),
        ("DELETE FROM event WHERE id = 4", "1 request without an event"),
        ("UPDATE shape SET count = count + 1", "3 of 3 shape counts differ"),
        ("DELETE FROM shape WHERE id = 1", "4 events with a shape that is not there"),
    ],
)
def test_counts_that_do_not_add_up(tmp_path: Path, damage: str, words: str) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(number) for number in range(10)])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(damage)
    counts = by_name(path)["counts"]
    assert counts.level == "wrong"
    assert words in counts.text


def test_pieces_of_no_event_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(1)])
    writer = StoreWriter(path)
    writer.begin()
    writer.add_piece(writer.new_upload(), 0, b"abc")
    writer.commit()
    writer.close()
    assert by_name(path)["pieces"].text.startswith("1 large body without an event")
    assert wrong(path) == []


@pytest.mark.parametrize(
    ("target", "mode"), [("events.db", 0o644), ("events.db-wal", 0o640), ("events.db.log", 0o604)]
)
def test_files_that_others_may_open(tmp_path: Path, target: str, mode: int) -> None:
    path = tmp_path / "events.db"
    writer = StoreWriter(path)
    (tmp_path / "events.db.log").touch(0o600)
    assert wrong(path) == []
    (tmp_path / target).chmod(mode)
    (finding,) = wrong(path)
    assert f"{target} ({mode:04o})" in finding.text
    assert finding.advice.startswith("chmod 600")
    writer.close()


def test_a_folder_in_which_others_may_replace_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    fill(folder / "events.db", [body(1)])
    folder.chmod(0o777)
    (finding,) = wrong(folder / "events.db")
    assert finding.about == "permissions"
    folder.chmod(0o755)
    assert wrong(folder / "events.db") == []
    assert by_name(folder / "events.db")["permissions"].level == "note"


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_file_that_is_no_store(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(content)
    path.chmod(0o600)
    found = wrong(path)
    assert found[0].about == "schema"
    assert path.read_bytes() == content


# -- salvage


def destroyed(path: Path, pages: Sequence[int], seed: int = 0) -> None:
    """Overwrite whole pages with noise."""
    data = bytearray(path.read_bytes())
    for number in pages:
        data[(number - 1) * PAGE : number * PAGE] = noise(PAGE, seed + number)
    path.write_bytes(data)


def test_salvage_of_a_whole_store_keeps_everything(tmp_path: Path) -> None:
    path, new = tmp_path / "events.db", tmp_path / "new.db"
    fill(path, [body(number) for number in range(30)], large=[noise(2_500_000)])
    with Edits(path) as edits:
        edits.set_note(3, starred=True, comment="the odd one")
        edits.add_attempt(
            Attempt(4, "http://127.0.0.1:9", 1, 2.5, status=200, body=b"fine", changes=("- Host: a",))
        )
        edits.set_setting("retention", {"count": 5})
        edits.delete([1, 2, 31])
    writer = StoreWriter(path)
    writer.begin()
    writer.add(
        [Arrival(None, "127.0.0.1:1", 7, 7, None, rejected="not an HTTP request", raw=b"\x16\x03", count=3)]
    )
    writer.commit()
    for number in writer.pending():
        writer.identify(number)
    writer.close()
    before = path.read_bytes()
    done = salvage(path, new)
    assert (done.events, done.whole, done.of, done.attempts, done.settings) == (29, 29, 29, 1, True)
    assert path.read_bytes() == before
    with Reader(path) as old, Reader(new) as reader:
        assert list(reader.ids()) == list(old.ids())
        assert reader.events(reader.ids()) == old.events(old.ids())
        assert [reader.request(number) for number in reader.ids()] == [
            old.request(number) for number in old.ids()
        ]
        assert [entry.as_json() for entry in reader.types()] == [entry.as_json() for entry in old.types()]
        assert reader.attempts(4) == old.attempts(4)
        assert reader.raw_head(32) == b"\x16\x03"
        assert reader.setting("retention") == {"count": 5}
    assert wrong(new) == []
    writer = StoreWriter(new)
    writer.begin()
    assert [event.id for event in writer.add([Arrival(None, "r", 1, 1, rejected="x")])] == [33]
    writer.commit()
    writer.close()


def test_one_destroyed_page_costs_at_most_its_own_rows(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(number, "y" * 500) for number in range(1500)])
    whole = path.read_bytes()
    heads = spans(whole, "event", path)
    requests = spans(whole, "request", path)
    with closing(sqlite3.connect(path)) as db:
        roots = [
            row[0]
            for row in db.execute("SELECT rootpage FROM sqlite_schema WHERE name IN ('event', 'request')")
        ]
    for round_, page in enumerate([1, 2, *roots, heads[len(heads) // 2], requests[len(requests) // 2]]):
        path.write_bytes(whole)
        destroyed(path, [page])
        done = salvage(path, tmp_path / f"new{round_}.db")
        assert done.events >= 1470, page
        assert done.whole >= 1450, page
        assert done.of in (1500, None)
        assert wrong(tmp_path / f"new{round_}.db") == []


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    path, new = tmp_path / "events.db", tmp_path / "new.db"
    fill(path, [body(number, "y" * 500) for number in range(300)], large=[noise(2_500_000)])
    whole = path.read_bytes()
    victim = spans(whole, "event", path)[1]
    in_large = whole.index(noise(2_500_000)[1_500_000 : 1_500_000 + 100]) // PAGE + 1
    destroyed(path, [victim, in_large])
    assert any(finding.advice for finding in wrong(path))
    done = salvage(path, new)
    assert done.events == 301
    assert wrong(new) == []
    with Reader(new) as reader:
        reasons = {event.id: event.incomplete for event in reader.events(reader.ids()) if event.incomplete}
        assert len(reasons) == 301 - done.whole
        assert reasons.pop(301) == BODY_LOST
        assert set(reasons.values()) == {HEAD_LOST}
        number = min(reasons)
        request, event = reader.request(number), reader.event(number)
        assert request is not None
        assert json.loads(request.body)["id"] == f"{number - 1:032x}"
        assert event is not None
        assert event.type == f"user.test.{(number - 1) % 3}"
        before = reader.event(number - 1)
        assert before is not None
        assert event.received_us == before.received_us


def test_what_is_only_in_the_wal_is_saved_too(tmp_path: Path) -> None:
    path, copy = tmp_path / "events.db", tmp_path / "copy.db"
    fill(path, [body(number) for number in range(100)])
    writer = StoreWriter(path)
    writer.begin()
    writer.add([Arrival(None, "127.0.0.1:1", 7, 7, None, rejected="in the WAL", raw=b"x")])
    writer.commit()
    for ending in ("", "-wal"):
        Path(f"{copy}{ending}").write_bytes(Path(f"{path}{ending}").read_bytes())
    writer.close()
    assert Path(f"{copy}-wal").stat().st_size > 0
    done = salvage(copy, tmp_path / "new.db")
    assert (done.events, done.of) == (101, 101)


@pytest.mark.parametrize("content", [b"", b"x" * 5, noise(40_000), b"SQLite format 3\x00" + bytes(9000)])
def test_there_is_nothing_to_save_in_rubbish(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(content)
    done = salvage(path, tmp_path / "new.db")
    assert (done.events, done.of) == (0, None)
    assert wrong(tmp_path / "new.db") == []


def test_salvage_does_not_begin_over_a_file_or_beside_a_listener(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    fill(path, [body(1)])
    with pytest.raises(InspectorError, match="exists already"):
        salvage(path, path)
    lock = capture_lock(path)
    assert lock.acquire(content="1")
    with pytest.raises(InspectorError, match="Stop the listener"):
        salvage(path, tmp_path / "new.db")
    lock.release()
    with pytest.raises(InspectorError, match="cannot read"):
        salvage(tmp_path / "none.db", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
