"""How arrivals become rows: identification, shapes and their counts, late collapse, pieces, deletion."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import time
from pathlib import Path

import pytest

from inspector.core.events import Request
from inspector.core.filters import parse_filter
from inspector.store.arrival import Arrival
from inspector.store.reader import Reader
from inspector.store.writer import PIECE, StoreFailed, StoreWriter
from tests.store.arrivals import add, add_in_pieces, anchore, arrival, check_counts, delete, rows

ERRORS = [{name: {"msg": "x", "code": 1}} for name in ("SkopeoError", "AnchoreError", "RegistryError")]


def test_an_event_is_stored_whole_and_identified(writer: StoreWriter, reader: Reader) -> None:
    headers = ((b"Host", b"a"), (b"X-One", b"1"), (b"x-one", b"\xff 2"), (b"Empty", b""))
    request = Request("REPORT", b"/a?b=%ff#c", headers, b'{"type": "x.y"}', "1.0")

    (event,) = add(writer, Arrival(request, "[::1]:5", 12, 34, 201))

    assert reader.request(event.id) == request
    assert event == reader.event(event.id)
    assert (event.type, event.sender, event.status, event.size) == ("x.y", None, 201, 15)
    assert (event.received_us, event.remote, event.complete) == (12, "[::1]:5", True)
    assert (event.pending, event.new, event.duplicate_of) == (False, False, None)
    digest = rows(writer, "SELECT sha256, monotonic_ns FROM request JOIN event ON id = event")
    assert digest == [(hashlib.sha256(request.body).digest(), 34)]


def test_ids_are_never_used_again(writer: StoreWriter) -> None:
    first, second = add(writer, arrival({"a": 1}), arrival({"a": 1}))
    assert delete(writer, [second.id]) == 1
    (third,) = add(writer, arrival({"a": 1}))
    assert [first.id, second.id, third.id] == [1, 2, 3]


def test_a_shape_is_new_only_to_a_type_that_has_shown_others(writer: StoreWriter, reader: Reader) -> None:
    events = add(
        writer,
        anchore("a.b", {"x": 1}),
        anchore("a.b", {"x": 2}),
        anchore("a.b", {"x": "text"}),
        anchore("a.c", {"x": "text"}),
        arrival({"no": "type"}),
        arrival(["no", "type", 1]),
    )
    assert [event.new for event in events] == [False, False, True, False, False, False]
    assert (reader.count_new(1, 6), reader.count_new(3, 3), reader.count_new(4, 6)) == (1, 1, 0)
    assert events[2].shape == events[3].shape, "equal structures have equal hashes, whatever the type"
    assert add(writer, anchore("a.b", {"x": "again"}))[0].new is False
    check_counts(writer)


@pytest.mark.parametrize("batches", [1, 5])
def test_keys_that_turn_out_to_be_data_collapse(writer: StoreWriter, reader: Reader, batches: int) -> None:
    """Within one transaction and over several: hashes follow, counts stay exact, nothing is announced as
    new."""
    arrivals = [anchore("e", {"error": ERRORS[n % 3], "more": n}, at_us=n) for n in range(15)]
    each = len(arrivals) // batches
    for start in range(0, len(arrivals), each):
        add(writer, *arrivals[start : start + each])

    (entry,) = reader.types()
    assert (entry.count, entry.variants, entry.first_event, entry.last_event) == (15, 1, 1, 15)
    assert (entry.first_us, entry.last_us) == (0, 14)
    events = reader.events(reader.ids())
    assert len({event.shape for event in events}) == 1
    assert not any(event.new for event in events)
    (rule,) = reader.collapses("anchore", "e")
    assert (rule.path, rule.keep) == (("details", "error"), ())
    (variant,) = reader.variants([("anchore", "e")])
    assert (variant.count, variant.hash) == (15, events[0].shape)
    check_counts(writer)


def test_a_later_event_of_a_collapsed_type_finds_the_same_variant(writer: StoreWriter, path: Path) -> None:
    add(writer, *[anchore("e", {"error": error}) for error in ERRORS[:2]])
    again = StoreWriter(path)
    (event,) = add(again, anchore("e", {"error": {"OtherError": {"msg": "x", "code": 2}}}))
    again.close()
    assert not event.new
    assert {event.shape} == {shape for (shape,) in rows(writer, "SELECT DISTINCT hash FROM shape")}


def test_an_inner_collapse_follows_an_outer_one(writer: StoreWriter, reader: Reader) -> None:
    """Both rules at once, and one below the other: every event still fits what is learnt."""
    chance = random.Random(3)
    for n in range(40):
        inner = {"".join(chance.choices("abcdefgh", k=10)): {"n": 1} for _ in range(4)}
        add(writer, anchore("e", {"error": {f"Some{n % 7}Error": {"by": inner, "msg": "x"}}}))
    paths = {field.path for field in reader.shape_of_types([("anchore", "e")]).fields}
    assert max(len(path) for path in paths) == 6
    assert len(paths) < 25
    (entry,) = reader.types()
    assert entry.variants == 1
    check_counts(writer)


def test_keys_that_name_fields_are_kept(writer: StoreWriter, reader: Reader) -> None:
    for n in range(60):
        random_keys = {f"key{n}x{m}": 1 for m in range(3)}
        add(writer, anchore("e", {"of": {"total": 3, **random_keys}}))
    (rule,) = reader.collapses("anchore", "e")
    assert rule.keep == ("total",)
    shape = reader.shape_of_types([("anchore", "e")])
    total = shape.field(("details", "of", "total"))
    assert total is not None
    assert (total.present, total.of) == (60, 60)


def test_100_000_random_keys_stay_small(writer: StoreWriter, path: Path) -> None:
    """In 5,000 events here; what counts is that nothing grows once the keys are known to be data."""
    chance = random.Random(5)
    started = time.process_time()
    for _ in range(50):
        some = []
        for _ in range(100):
            keys = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(5)]
            some.append(anchore("e", {"map": {key: {"n": 1, "t": "x"} for key in keys}}))
        writer.begin()
        writer.store(some)
        writer.commit()
    took = time.process_time() - started
    assert rows(writer, "SELECT sum(length(json)) < 50000, count(*) < 50 FROM structure") == [(1, 1)]
    assert rows(writer, "SELECT count(*) < 150, sum(count) FROM shape") == [(1, 5000)]
    assert took / 5000 < 0.001
    check_counts(writer)


def test_ever_new_shapes_cost_disk_only(writer: StoreWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.store.shape_rows.MAX_VARIANTS", 20)
    monkeypatch.setattr("inspector.store.shape_rows.MAX_INTERNED", 5)
    monkeypatch.setattr("inspector.store.shape_rows.MAX_TYPES", 3)
    combinations = [{f"k{bit}": 1 for bit in range(6) if n >> bit & 1} for n in range(64)]
    for _ in range(2):
        for n, details in enumerate(combinations):
            (event,) = add(writer, anchore("e", details))
            add(writer, anchore(f"type{n}", {}))
    assert not event.new
    assert rows(writer, "SELECT count(*), min(count) FROM shape WHERE type = 'e'") == [(64, 2)]
    check_counts(writer)


def test_two_writers_at_once_agree(writer: StoreWriter, path: Path) -> None:
    """An import beside the listener: what the one has learnt holds for the other."""
    other = StoreWriter(path)
    for n in range(30):
        add(writer if n % 2 else other, anchore("e", {"error": ERRORS[n % 3]}, id=f"d{n // 2}"))
    other.close()
    check_counts(writer)
    assert rows(writer, "SELECT count(DISTINCT hash) FROM shape") == [(1,)]
    assert rows(writer, "SELECT count(*) FROM event WHERE duplicate_of = id - 1") == [(15,)]
    assert rows(writer, "SELECT count(*) FROM event WHERE new") == [(0,)]


def test_an_undone_transaction_leaves_nothing_in_memory(writer: StoreWriter) -> None:
    add(writer, anchore("e", {"a": 1}))
    writer.begin()
    writer.add([anchore("e", {"a": "b"}), anchore("f", {}), *[anchore("e", {"error": e}) for e in ERRORS]])
    writer.rollback()
    events = add(writer, anchore("e", {"a": "b"}), anchore("f", {}))
    assert [(event.id, event.new) for event in events] == [(2, True), (3, False)]
    check_counts(writer)


def test_redeliveries_name_the_first(writer: StoreWriter) -> None:
    events = add(writer, anchore("e", {}, id="one"), anchore("e", {}, id="two"), anchore("e", {}, id="one"))
    events += add(writer, anchore("e", {"other": 1}, id="one"), anchore("e", {}), anchore("e", {}))
    assert [event.duplicate_of for event in events] == [None, None, 1, 1, None, None]
    add(writer, arrival({"type": "e", "id": "one"}))
    assert add(writer, arrival({"type": "e", "id": "one"}))[0].duplicate_of == 7, "per sender"


def test_what_no_column_can_hold_is_escaped(writer: StoreWriter, reader: Reader) -> None:
    hostile = ["lone \ud800", "nul \0 x", "\udfff"]
    for text in hostile:
        add(writer, anchore(text, {text: text}, id=text))
        add(writer, arrival({"type": text, "id": text, text: text}))
        add(writer, arrival({}, headers=((b"X-GitHub-Event", text.encode("utf-8", "surrogatepass")),)))
    assert len(reader.types()) == 9
    for entry in reader.types():
        assert reader.shape_of_types([(entry.sender, entry.type)]).events == 1
    check_counts(writer)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"{", b'{"a":' * 5000, b"[1] [2]", b"null", b"1e999"])
def test_any_body_is_stored(writer: StoreWriter, reader: Reader, body: bytes) -> None:
    (event,) = add(writer, arrival(body=body))
    request = reader.request(event.id)
    assert request is not None
    assert request.body == body
    assert (event.size, event.complete, event.pending) == (len(body), True, False)
    check_counts(writer)


def test_rejected_and_incomplete_requests_are_kept(writer: StoreWriter, reader: Reader) -> None:
    rejected = Arrival(None, "1.2.3.4:5", 1, 1, 400, rejected="bad head", raw=b"G\x00T /", count=20)
    half = arrival({"type": "e"}, incomplete="hung up", status=None)
    one, two = add(writer, rejected, half)
    assert (one.rejected, one.method, one.target, one.complete, one.count) == (
        "bad head",
        None,
        None,
        False,
        20,
    )
    assert (reader.raw_head(one.id), reader.request(one.id)) == (b"G\x00T /", None)
    assert (two.incomplete, two.complete, two.type, two.status) == ("hung up", False, "e", None)
    assert [entry.count for entry in reader.types()] == [1]
    check_counts(writer)


# -- large and compressed bodies


def test_a_large_body_is_stored_in_pieces_and_identified_later(writer: StoreWriter, reader: Reader) -> None:
    body = json.dumps({"type": "big", "id": "d", "filler": "x" * (2 * PIECE + 5)}).encode()
    (small,) = add(writer, arrival({"type": "big", "id": "d", "filler": "y"}))
    event = add_in_pieces(writer, body)
    assert (event.pending, event.type, event.size, event.shape) == (True, None, len(body), None)
    assert writer.pending() == [event.id]
    assert rows(writer, "SELECT count(*), max(length(bytes)) FROM piece") == [(3, PIECE)]
    request = reader.request(event.id)
    assert request is not None
    assert request.body == body

    identified = writer.identify(event.id)

    assert identified == reader.event(event.id)
    assert identified is not None
    assert (identified.pending, identified.type, identified.duplicate_of) == (False, "big", small.id)
    assert (identified.shape, identified.new) == (small.shape, False)
    assert writer.identify(event.id) is None
    assert writer.pending() == []
    check_counts(writer)


def test_identification_may_collapse_keys_too(writer: StoreWriter) -> None:
    add(writer, anchore("e", {"error": ERRORS[0]}))
    body = anchore("e", {"error": ERRORS[1]}).request
    assert body is not None
    event = add_in_pieces(writer, body.body + b" " * 100_000)
    identified = writer.identify(event.id)
    assert identified is not None
    assert not identified.new
    assert rows(writer, "SELECT count(DISTINCT hash) FROM shape") == [(1,)]
    check_counts(writer)


def test_a_body_nobody_can_identify_is_given_up(writer: StoreWriter) -> None:
    event = add_in_pieces(writer, b"x" * 100_000)
    writer.give_up(event.id)
    writer.give_up(event.id)
    assert writer.pending() == []
    check_counts(writer)


def test_import_identifies_at_once(writer: StoreWriter) -> None:
    payload = {"type": "big", "filler": "x" * 100_000}
    packed = gzip.compress(json.dumps(payload).encode())
    arrivals = [arrival(payload), arrival(body=packed, headers=((b"Content-Encoding", b"gzip"),))]
    events = add(writer, *arrivals, identify_all=True)
    assert [(event.type, event.pending) for event in events] == [("big", False)] * 2
    assert events[0].shape == events[1].shape
    assert [event.pending for event in add(writer, *arrivals)] == [True, True]
    check_counts(writer)


def test_orphaned_pieces_are_swept_and_others_stay(writer: StoreWriter, reader: Reader) -> None:
    kept = add_in_pieces(writer, b"k" * (PIECE + 1))
    writer.begin()
    for upload in (writer.new_upload(), writer.new_upload()):
        writer.add_piece(upload, 0, b"orphan")
        writer.add_piece(upload, 1, b"orphan")
    assert writer.sweep() == 2
    writer.commit()
    assert rows(writer, "SELECT count(*) FROM piece") == [(2,)]
    request = reader.request(kept.id)
    assert request is not None
    assert request.body == b"k" * (PIECE + 1)
    writer.begin()
    assert writer.sweep() == 0
    writer.rollback()


def test_an_event_without_its_pieces_is_not_stored(writer: StoreWriter) -> None:
    with pytest.raises(LookupError):
        add(writer, arrival(body=b"", upload=7, size=10, sha256=b"x" * 32))
    assert rows(writer, "SELECT count(*) FROM event") == [(0,)]


def test_uploads_of_two_writers_do_not_meet(writer: StoreWriter, path: Path) -> None:
    other = StoreWriter(path)
    for n in range(4):
        add_in_pieces(writer if n % 2 else other, bytes([n]) * 100_000)
    other.close()
    assert rows(writer, "SELECT count(DISTINCT id >> 16) FROM piece") == [(4,)]


# -- deletion


def test_deletion_subtracts(writer: StoreWriter, reader: Reader) -> None:
    """Counts, first and last, shapes that nobody has any more, bodies, notes, attempts."""
    for n in range(20):
        add(writer, anchore("a" if n % 4 else "b", {"x": 1 if n % 3 else "text"}, at_us=n))
    add(writer, arrival(body=b"no json"), Arrival(None, "x", 1, 1, rejected="bad"))
    large = add_in_pieces(writer, b"y" * 100_000)
    writer.db.execute("INSERT INTO note (event, starred) VALUES (1, 1)")
    check_counts(writer)
    for gone in ([1], [20], [5, 9, 13, 17], [4, 8], [999], [21, 22, large.id], list(range(1, 20))):
        delete(writer, gone)
        check_counts(writer)
    assert reader.total() == (0, 0)
    for table in ("shape", "structure", "request", "piece", "note"):
        assert rows(writer, f"SELECT count(*) FROM {table}") == [(0,)]
    (event,) = add(writer, anchore("a", {"x": "text"}))
    assert (event.id, event.new) == (24, False)


def test_deletion_of_collapsed_variants(writer: StoreWriter, reader: Reader) -> None:
    add(writer, *[anchore("e", {"error": ERRORS[n % 3]}) for n in range(9)])
    delete(writer, [1, 2, 4, 7, 9])
    check_counts(writer)
    (variant,) = reader.variants([("anchore", "e")])
    assert (variant.count, variant.first_event, variant.last_event) == (4, 3, 8)


# -- the file


def test_a_store_that_is_gone_or_replaced_is_noticed(writer: StoreWriter, path: Path) -> None:
    writer.check_files()
    path.rename(path.with_name("moved.db"))
    with pytest.raises(StoreFailed, match="deleted or replaced"):
        writer.check_files()
    writer.reopen()
    writer.check_files()
    assert add(writer, arrival({}))[0].id == 1


def test_a_reader_that_stays_does_not_make_the_wal_grow(
    writer: StoreWriter, reader: Reader, path: Path
) -> None:
    """A listing that is left in the middle holds nothing up."""
    add(writer, *[arrival({"n": n}) for n in range(600)])
    listing = reader.matching(parse_filter("method:POST"))
    assert next(listing) == 600
    for _ in range(60):
        add(writer, arrival(body=bytes(200_000)))
    assert path.with_name("events.db-wal").stat().st_size < 8_000_000
    assert len(list(listing)) == 599
