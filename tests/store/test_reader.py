"""What the screen and the command line ask of the store, and what short edits change."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.core.events import Attempt, InspectorError
from inspector.core.filters import parse_filter
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, add_in_pieces, anchore, arrival, check_counts


@pytest.fixture
def filled(writer: StoreWriter) -> StoreWriter:
    """Twelve events: 1–4 of Anchore's image type, 5–8 of its tag type, 9–10 of GitHub, 11 other JSON, 12
    none."""
    for n in range(4):
        add(writer, anchore("user.image.added", {"digest": f"sha256:{n}", "size": n}, at_us=n * 1_000_000))
    for n in range(4):
        add(writer, anchore("user.tag.added", {"tag": f"v{n}"}, at_us=(4 + n) * 1_000_000))
    for n in range(2):
        headers = ((b"X-GitHub-Event", b"push"), (b"X-GitHub-Delivery", b"%d" % n))
        add(writer, arrival({"ref": "main"}, headers=headers, at_us=(8 + n) * 1_000_000))
    add(writer, arrival({"type": "user.tag.added", "text": "needle"}, at_us=10_000_000))
    add(writer, arrival(body=b"plain needle", at_us=11_000_000))
    return writer


def test_ids_and_events(filled: StoreWriter, reader: Reader) -> None:
    assert list(reader.ids()) == [*range(1, 13)]
    assert list(reader.ids(after=3, before=6)) == [4, 5]
    assert list(reader.newest_ids(3)) == [10, 11, 12]
    assert reader.last_id() == 12
    assert reader.total()[0] == 12
    assert [event.id for event in reader.events([5, 99, 1, 5])] == [5, 1, 5]
    assert reader.event(99) is None
    assert reader.request(99) is None
    assert reader.file_size() > 0
    assert reader.arrivals_since(9_000_000) == [11_000_000, 10_000_000, 9_000_000]


def test_more_events_than_fit_one_query(writer: StoreWriter, reader: Reader) -> None:
    add(writer, *[arrival({"n": n}) for n in range(1300)])
    assert [event.id for event in reader.events(range(1300, 0, -1))] == [*range(1300, 0, -1)]
    every = parse_filter("method:POST")
    assert list(reader.matching(every)) == [*range(1300, 0, -1)]
    assert list(reader.matching(every, newest_first=False)) == [*range(1, 1301)]
    assert list(reader.matching(every, after=100, before=1200)) == [*range(1199, 100, -1)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("type:user.image.*", [1, 2, 3, 4]),
        ("sender:anchore -type:*.tag.*", [1, 2, 3, 4]),
        ("sender:github", [9, 10]),
        ("details.tag:v2", [7]),
        ("details.size:*", [1, 2, 3, 4]),
        ("needle", [11, 12]),
        ("type:user.tag.added needle", [11]),
        ("level:error", []),
        ("is:starred", [3]),
        ("is:failed", [4]),
    ],
)
def test_filters(filled: StoreWriter, reader: Reader, path: Path, text: str, ids: list[int]) -> None:
    with Edits(path) as edits:
        edits.set_note(3, starred=True)
        edits.add_attempt(Attempt(4, "http://127.0.0.1:1", 5, 1.0, error="refused"))
    assert list(reader.matching(parse_filter(text), newest_first=False)) == ids


def test_a_filter_looks_into_large_bodies(writer: StoreWriter, reader: Reader) -> None:
    event = add_in_pieces(writer, b'{"type": "big", "x": "' + b" " * 1_100_000 + b'needle"}')
    assert list(reader.matching(parse_filter("needle"))) == [event.id]


def test_types(filled: StoreWriter, reader: Reader) -> None:
    found = [(entry.sender, entry.type, entry.count, entry.variants) for entry in reader.types()]
    assert found == [
        ("anchore", "user.image.added", 4, 1),
        ("anchore", "user.tag.added", 4, 1),
        ("github", "push", 2, 1),
        (None, "user.tag.added", 1, 1),
    ]
    image = reader.types()[0]
    assert (image.first_event, image.last_event, image.first_us, image.last_us) == (1, 4, 0, 3_000_000)
    assert image.as_json()["last_seen"] == "1970-01-01T00:00:03.000000Z"


def test_types_of_the_events_that_match(filled: StoreWriter, reader: Reader) -> None:
    found = reader.types(parse_filter("details.size:2"))
    assert [(entry.type, entry.count, entry.first_event, entry.last_event) for entry in found] == [
        ("user.image.added", 1, 3, 3)
    ]
    assert reader.types(parse_filter("")) == reader.types()


def test_which_type_is_meant(filled: StoreWriter, reader: Reader) -> None:
    def meant(text: str) -> list[tuple[str | None, str]]:
        return [(entry.sender, entry.type) for entry in reader.resolve_type(text)]

    assert meant("user.image.added") == [("anchore", "user.image.added")]
    assert meant("anchore:user.tag.added") == [("anchore", "user.tag.added")]
    assert meant("user.*") == [
        ("anchore", "user.image.added"),
        ("anchore", "user.tag.added"),
        (None, "user.tag.added"),
    ]
    assert meant("github:*") == [("github", "push")]
    with pytest.raises(InspectorError, match="more than one sender") as twice:
        meant("user.tag.added")
    assert twice.value.code == 2
    with pytest.raises(InspectorError, match="did you mean push") as close:
        meant("pussh")
    assert close.value.code == 1


def test_shapes_of_types_and_events(filled: StoreWriter, reader: Reader) -> None:
    add(filled, anchore("user.image.added", {"digest": "x"}))
    shape = reader.shape_of_types([("anchore", "user.image.added")])
    assert shape.events == 5
    size = shape.field(("details", "size"))
    assert size is not None
    assert (size.present, size.of, size.optional, size.first_event, size.last_event) == (4, 5, True, 1, 4)
    both = reader.shape_of_types([("anchore", "user.image.added"), ("anchore", "user.tag.added")])
    assert both.events == 9
    of_one = reader.shape_of_event(13)
    assert of_one is not None
    assert of_one.field(("details", "size")) is None
    assert reader.shape_of_event(12) is None


def test_the_event_before_of_the_same_type(filled: StoreWriter, reader: Reader) -> None:
    assert [reader.neighbour(number) for number in (1, 2, 5, 10, 11, 12, 99)] == [
        None,
        1,
        None,
        9,
        None,
        None,
        None,
    ]


def test_a_reader_notices_what_others_write(filled: StoreWriter, reader: Reader) -> None:
    version = reader.data_version()
    add(filled, arrival({}))
    assert reader.data_version() != version
    assert reader.last_id() == 13


def test_settings_state_notes_and_attempts(filled: StoreWriter, reader: Reader, path: Path) -> None:
    attempt = Attempt(
        2,
        "http://127.0.0.1:1/x",
        5,
        12.5,
        status=500,
        reason="No",
        headers=((b"A", b"\xff"),),
        body=b"b",
        body_size=9,
    )
    with Edits(path) as edits:
        edits.set_setting("paused", True)
        edits.set_state("tunnel", {"url": None})
        edits.set_note(2, starred=True, mark="a", comment="see")
        number = edits.add_attempt(attempt)
        assert reader.setting("paused") is True
        assert reader.setting("other") is None
        assert reader.state("tunnel") == {"url": None}
        (kept,) = reader.attempts(2)
        assert (kept.id, kept.status, kept.headers, kept.body, kept.ms) == (
            number,
            500,
            attempt.headers,
            b"b",
            12.5,
        )
        event = reader.event(2)
        assert event is not None
        assert (event.sent, event.starred, event.mark, event.comment) == (500, True, "a", "see")
        edits.clear_marks()
        edits.set_note(2, starred=False, comment=None)
        event = reader.event(2)
        assert event is not None
        assert (event.starred, event.mark, event.comment) == (False, None, None)
        with pytest.raises(ValueError, match="colour"):
            edits.set_note(2, colour="red")
        assert edits.delete([2, 3, 99]) == 2
        assert reader.attempts(2) == []
    check_counts(filled)


def test_a_locked_store_is_told_in_words(
    filled: StoreWriter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.store.place.BUSY_MS", 50)
    with Edits(path) as edits:
        filled.begin()
        with pytest.raises(InspectorError, match="could not write"):
            edits.set_setting("a", 1)
        filled.rollback()
        edits.set_setting("a", 1)
        edits.writer.db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(InspectorError, match=r"is full\. Make room on it first"):
            edits.set_setting("b", "x" * 100_000)
