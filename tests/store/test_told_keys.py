"""Keys that the user says are data, or names."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from inspector.core.baseline import baseline_text, pinned, read_baseline
from inspector.core.events import InspectorError
from inspector.core.export.learnt import Learnt
from inspector.core.payload import Path as ValuePath
from inspector.core.payload import read_path, show_path
from inspector.core.shapes import fits
from inspector.store.arrival import Arrival
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.store.rows import names_told
from inspector.store.sides import resolve_side
from inspector.store.told_keys import TOLD, keys_are_data, keys_are_names
from inspector.store.writer import StoreWriter
from tests.tui.screens_store import START_US, anchore, fill, post

KEY = ("anchore", "user.a")


def error(name: str) -> dict[str, Any]:
    return {name: {"msg": "m", "cause": "c"}}


def paths_of(store: Path) -> dict[str, int]:
    with Reader(store) as reader:
        shape = reader.shape_of_types([KEY])
    return {show_path(field.path): field.present for field in shape.fields if field.path[0] == "details"}


def at(path: str) -> ValuePath:
    return read_path(path)


def add(store: Path, *payloads: Any) -> list[bool]:
    """Store more events; whether each was of a new shape."""
    writer = StoreWriter(store)
    writer.begin()
    events = writer.add(
        [Arrival(post(json.dumps(each).encode()), "127.0.0.1:1", START_US, 0) for each in payloads]
    )
    writer.commit()
    writer.close()
    return [event.new for event in events]


def check_counts(store: Path) -> None:
    """The rows of `shape` agree with the events, and no structure is left over."""
    with sqlite3.connect(store) as db:
        told = db.execute("SELECT id, count, first_event, last_event FROM shape WHERE count > 0 ORDER BY id")
        counted = db.execute(
            "SELECT shape, count(*), min(id), max(id) FROM event WHERE shape IS NOT NULL GROUP BY shape ORDER BY 1"
        )
        assert told.fetchall() == counted.fetchall()
        orphans = (
            "SELECT count(*) FROM structure WHERE hash NOT IN (SELECT hash FROM shape WHERE hash IS NOT NULL)"
        )
        assert db.execute(orphans).fetchone() == (0,)
        missing = "SELECT count(*) FROM shape WHERE hash NOT IN (SELECT hash FROM structure)"
        assert db.execute(missing).fetchone() == (0,)
    db.close()


def test_keys_told_to_be_data_collapse_now_and_later(tmp_path: Path) -> None:
    store = fill(
        tmp_path / "events.db",
        [anchore(KEY[1], {"tags": {name: n}, "x": 1}, n) for n, name in enumerate(("web", "db", "db"))],
    )
    assert paths_of(store) == {
        "details": 3,
        "details.tags": 3,
        "details.tags.db": 2,
        "details.tags.web": 1,
        "details.x": 3,
    }
    assert keys_are_data(store, KEY, at("details.tags")) == 2
    assert paths_of(store) == {"details": 3, "details.tags": 3, "details.tags.{*}": 3, "details.x": 3}
    assert add(store, anchore(KEY[1], {"tags": {"new": 4}, "x": 1})) == [False]
    assert paths_of(store)["details.tags.{*}"] == 4
    with Reader(store) as reader:
        shape = reader.shape_of_types([KEY])
        assert len(shape.variants) == 1
        field = shape.field(at("details.tags.{*}"))
        assert field is not None
        assert field.collapsed_reason == TOLD
        assert not any(event.new for event in reader.events(list(reader.ids())))
    check_counts(store)
    assert keys_are_names(store, KEY, at("details.tags")) == 4
    assert paths_of(store)["details.tags.db"] == 2
    assert paths_of(store)["details.tags.new"] == 1
    check_counts(store)


def test_keys_told_to_be_names_are_learnt_anew_and_stay_names(tmp_path: Path) -> None:
    names = ["AError", "BError", "CError"] * 60
    store = fill(
        tmp_path / "events.db",
        [anchore(KEY[1], error(name), n) for n, name in enumerate(names)]
        + [anchore("user.b", error("AError")), post(b"no json")],
    )
    with Reader(store) as reader:
        assert reader.collapses(*KEY)
    assert "details.{*}.msg" in paths_of(store)
    told: list[tuple[int, int]] = []
    assert keys_are_names(store, KEY, at("details"), lambda done, of: told.append((done, of))) == 180
    assert told[-1] == (180, 180)
    assert paths_of(store)["details.AError.msg"] == 60
    assert "details.{*}" not in paths_of(store)
    check_counts(store)
    add(store, anchore(KEY[1], error("DError")), anchore(KEY[1], error("EError")))
    assert paths_of(store)["details.DError"] == 1
    with Reader(store) as reader:
        assert reader.collapses(*KEY) == []
        newest = reader.event(reader.last_id())
        assert newest is not None
        assert newest.new
    check_counts(store)
    assert keys_are_data(store, KEY, at("details")) == 5
    assert paths_of(store)["details.{*}.msg"] == 182
    check_counts(store)
    with Edits(store) as edits:
        assert edits.delete([1, 2, 182]) == 3
    check_counts(store)


def test_a_rule_below_follows_and_deletion_agrees(tmp_path: Path) -> None:
    """`details.job.{*}` collapses by itself; told that `details` has data keys, it is below `{*}`."""
    chance = random.Random(4)
    store = fill(
        tmp_path / "events.db",
        [anchore(KEY[1], {"job": error(chance.choice(["AError", "BError"]))}, n) for n in range(20)],
    )
    assert "details.job.{*}.msg" in paths_of(store)
    keys_are_data(store, KEY, at("details"))
    assert set(paths_of(store)) == {
        "details",
        "details.{*}",
        "details.{*}.{*}",
        "details.{*}.{*}.cause",
        "details.{*}.{*}.msg",
    }
    assert add(store, anchore(KEY[1], {"other": error("CError")})) == [False]
    assert len(paths_of(store)) == 5
    check_counts(store)
    keys_are_names(store, KEY, at("details"))
    assert paths_of(store)["details.job.{*}.msg"] == 20
    check_counts(store)


def test_a_writer_that_is_open_all_the_while_hears_of_it(tmp_path: Path) -> None:
    store = fill(tmp_path / "events.db", [anchore(KEY[1], {"tags": {"a": 1}})])
    writer = StoreWriter(store)

    def store_one(name: str) -> None:
        writer.begin()
        body = json.dumps(anchore(KEY[1], {"tags": {name: 1}})).encode()
        writer.add([Arrival(post(body), "127.0.0.1:1", START_US, 0)])
        writer.commit()

    store_one("b")
    keys_are_data(store, KEY, at("details.tags"))
    store_one("c")
    assert "details.tags.c" not in paths_of(store)
    keys_are_names(store, KEY, at("details.tags"))
    store_one("d")
    assert {"details.tags.a", "details.tags.c", "details.tags.d"} <= set(paths_of(store))
    writer.close()
    check_counts(store)


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    digest = "sha256:" + "ab" * 32
    store = fill(tmp_path / "events.db", [anchore(KEY[1], {"x": 1, "by": {digest: 1}})])
    with pytest.raises(InspectorError, match=r"no object with named keys at details\.x"):
        keys_are_data(store, KEY, at("details.x"))
    wide = {f"k{n}": 1 for n in range(1001)}
    add(store, anchore(KEY[1], {"x": 1, "wide": wide}))
    with pytest.raises(
        InspectorError, match=r"details\.wide: over 1,000 keys in one object; so many always are"
    ):
        keys_are_names(store, KEY, at("details.wide"))
    with pytest.raises(InspectorError, match=r"no object at details\.none"):
        keys_are_names(store, KEY, at("details.none"))


def test_what_a_listener_finds_to_be_data_meanwhile_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a type and the transaction another process may write down a collapse."""
    store = fill(tmp_path / "events.db", [anchore(KEY[1], {"tags": {"a": 1}, "late": {"b": 1}})])

    def looked(db: sqlite3.Connection, key: tuple[str, str]) -> frozenset[ValuePath]:
        monkeypatch.undo()
        keys_are_data(store, KEY, at("details.late"))
        return names_told(db, key)

    monkeypatch.setattr("inspector.store.told_keys.names_told", looked)
    keys_are_names(store, KEY, at("details.tags"))
    with Reader(store) as reader:
        assert [rule.path for rule in reader.collapses(*KEY)] == [at("details.late")]
        assert reader.names_told(*KEY) == {at("details.tags")}
    check_counts(store)


def test_keys_that_look_like_data_are_names_when_told(tmp_path: Path) -> None:
    one, other = "ab" * 20, "cd" * 20

    def payload(*keys: str) -> dict[str, Any]:
        return anchore(KEY[1], {"by": {key: {"n": 1, "to": {"x@example.com": key}} for key in keys}})

    store = fill(tmp_path / "events.db", [payload(one), payload(one, other), payload(other), payload()])
    assert paths_of(store)["details.by.{*}.n"] == 3
    told = keys_are_names(store, KEY, at("details.by"))
    assert told == 3
    assert paths_of(store)[f"details.by.{one}.n"] == 2
    assert paths_of(store)[f"details.by.{other}.to.{{*}}"] == 2
    assert "details.by.{*}" not in paths_of(store)
    check_counts(store)
    with Reader(store) as reader:
        shape = reader.shape_of_types([KEY])
        by = shape.field(at("details.by"))
        assert by is not None
        assert by.keys_words == "keys are names: you said so"
        some = resolve_side(reader, f"{KEY[1]}@id:1").shape.field(by.path)
        assert some is not None
        assert some.keys_words == by.keys_words
        file = tmp_path / "same.json"
        file.write_text(json.dumps(payload(one)))
        side = resolve_side(reader, str(file))
        assert fits(side.shape.merged, shape.merged)
        pinned_type = pinned(Learnt(KEY[1], KEY[0], shape))
    assert pinned_type.drift_of(payload(one)) == []
    (again,) = read_baseline(json.loads(baseline_text([pinned_type])), "file")
    assert again.names == {at("details.by")}
    (found,) = again.drift_of(payload("ef" * 20))
    assert found.words == f"details.by.{'ef' * 20} is new: object, 2 fields"
    assert add(store, payload(one), payload("ef" * 20)) == [False, True]
    assert paths_of(store)[f"details.by.{'ef' * 20}"] == 1
    for name in (one, other):
        keys_are_names(store, KEY, at(f"details.by.{name}.to"))
    assert paths_of(store)[f'details.by.{one}.to["x@example.com"]'] == 3
    assert keys_are_data(store, KEY, at("details.by")) > 0
    assert paths_of(store)["details.by.{*}.n"] == 5
    assert add(store, payload("12" * 20)) == [False]
    with Reader(store) as reader:
        star = reader.shape_of_types([KEY]).field(at("details.by.{*}"))
        assert star is not None
        assert star.keys_words == "keys are data: hex ids, you said so"
    check_counts(store)
