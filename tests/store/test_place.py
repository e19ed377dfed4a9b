"""Where the store is and who may open it: modes, foreign and newer files, locks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspector.core.events import InspectorError
from inspector.store import schema
from inspector.store.place import (
    capture_lock,
    disk_full,
    open_reading,
    open_writing,
    screens_lock,
    seems_cut_short,
    store_path,
)
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, arrival, tree

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Files are made readable by all, unless the program takes care."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_store_is_its_owners_alone(open_umask: None, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "events.db"
    with closing(StoreWriter(path)) as writer:
        add(writer, arrival({}))
        assert tree(path.parent) == {"events.db": 0o600, "events.db-wal": 0o600, "events.db-shm": 0o600}
        lock = capture_lock(path)
        assert lock.acquire()
        lock.release()
        assert tree(path.parent)["events.db.lock"] == 0o600
    assert [folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_a_store_in_an_empty_file_is_its_owners_alone(open_umask: None, path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o644)
    with closing(StoreWriter(path)) as writer:
        add(writer, arrival({}))
        assert set(tree(path.parent).values()) == {0o600}


def test_a_link_to_a_store_is_that_store(open_umask: None, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.db"
    link.symlink_to("real/events.db")
    path = store_path(link)
    assert path == tmp_path / "real" / "events.db"
    with closing(StoreWriter(path)):
        assert tree(path.parent)["events.db"] == 0o600
    assert store_path(link) == path


def test_what_is_no_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for opened in (open_reading, open_writing):
        with pytest.raises(InspectorError, match="pipe is no store: it is not a file"):
            opened(pipe)
        with pytest.raises(InspectorError, match="is no store: it is a folder"):
            opened(tmp_path)


def test_an_existing_folder_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    StoreWriter(tmp_path / "events.db").close()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_which_store_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_STORE", str(tmp_path / "named.db"))
    assert store_path() == tmp_path / "named.db"
    assert store_path("given.db") == Path.cwd() / "given.db"
    monkeypatch.delenv("INSPECTOR_STORE")
    assert store_path().parts[-2:] == ("webhook-inspector", "events.db")


def test_commits_are_synced_and_the_wal_is_bounded(path: Path) -> None:
    with closing(open_writing(path)) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA journal_size_limit").fetchone()[0] > 0


def foreign(path: Path) -> None:
    """Somebody else's database."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE event (id INTEGER)")
        db.commit()


def foreign_with_a_version(path: Path) -> None:
    """Somebody else's database that counts its versions as we do."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE event (id INTEGER)")
        db.execute("PRAGMA user_version = 1")
        db.commit()


def garbage(path: Path) -> None:
    """No database."""
    path.write_bytes(b"PK\x03\x04" + bytes(5000))


def newer(path: Path) -> None:
    """A store of a later release."""
    with closing(open_writing(path)) as db:
        db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (foreign, "no store of inspector"),
        (foreign_with_a_version, "no store of inspector"),
        (garbage, "not a SQLite database"),
        (newer, "newer inspector"),
    ],
)
def test_other_files_are_refused_and_left_alone(path: Path, make: Callable[[Path], None], words: str) -> None:
    path.parent.mkdir()
    make(path)
    before = path.read_bytes()
    for opening in (open_writing, open_reading):
        with pytest.raises(InspectorError, match=words) as refused:
            opening(path)
        assert refused.value.code == 2
        assert "--store PATH" in str(refused.value)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(InspectorError, match="there is no store"):
        open_reading(path)
    StoreWriter(path).close()
    with Reader(path) as reader:
        assert reader.last_id() == 0


def test_a_reader_never_makes_a_store(path: Path) -> None:
    with pytest.raises(InspectorError, match="there is no store"):
        open_reading(path)
    assert not path.parent.exists()


def test_an_older_store_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(StoreWriter(path)) as writer:
        add(writer, arrival({"a": 1}))
    later = "CREATE TABLE later (id INTEGER);\nINSERT INTO later SELECT id FROM event"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, later))
    with pytest.raises(InspectorError, match="older inspector"):
        open_reading(path)
    with closing(open_writing(path)) as db:
        assert db.execute("SELECT id FROM later").fetchall() == [(1,)]
        assert schema.version_of(db) == len(schema.MIGRATIONS)


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    StoreWriter(path).close()
    broken = "CREATE TABLE later (id INTEGER);\nINSERT INTO nowhere VALUES (1)"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(InspectorError):
        open_writing(path)
    monkeypatch.undo()
    with closing(open_writing(path)) as db:
        assert db.execute("SELECT name FROM sqlite_schema WHERE name = 'later'").fetchall() == []


def test_many_may_open_a_new_store_at_once(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from inspector.store.writer import StoreWriter\n"
        "sys.stdin.read(1)\n"
        "StoreWriter(Path(sys.argv[1])).close()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, cwd=ROOT)
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait(20) for process in started] == [0] * 4


def test_a_damaged_store_is_left_as_it_is(path: Path) -> None:
    with closing(StoreWriter(path)) as writer:
        add(writer, *[arrival({"n": n}) for n in range(200)])
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(3996)
    path.write_bytes(content)
    with pytest.raises(InspectorError, match="damaged"):
        open_writing(path)
    assert path.read_bytes() == content


def test_a_file_without_its_end_is_known_by_its_header(path: Path) -> None:
    with closing(StoreWriter(path)) as writer:
        add(writer, *[arrival({"n": n}) for n in range(200)])
    assert not seems_cut_short(path)
    os.truncate(path, path.stat().st_size - 4096)
    assert seems_cut_short(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_store_of_another_user_is_refused_in_a_sentence(tmp_path: Path) -> None:
    base = Path(tempfile.gettempdir())
    for folder in (one for one in (tmp_path, *tmp_path.parents) if one.is_relative_to(base) and one != base):
        folder.chmod(folder.stat().st_mode | 0o055)
    StoreWriter(tmp_path / "events.db").close()
    os.seteuid(65534)
    try:
        for opening in (open_writing, open_reading):
            with pytest.raises(InspectorError, match="permission denied"):
                opening(tmp_path / "events.db")
        with pytest.raises(InspectorError, match="permission denied"):
            open_writing(tmp_path / "other.db")
        with pytest.raises(InspectorError, match="permission denied"):
            open_writing(tmp_path / "new" / "other.db")
    finally:
        os.seteuid(0)


def test_one_holds_the_lock_and_many_share_theirs(path: Path) -> None:
    path.parent.mkdir()
    one, other = capture_lock(path), capture_lock(path)
    assert not other.is_held_elsewhere()
    assert one.acquire(content="4711")
    assert not other.acquire()
    assert other.is_held_elsewhere()
    assert one.path.read_text() == "4711"
    one.release()
    one.release()
    assert other.acquire()
    other.release()
    screens = [screens_lock(path) for _ in range(3)]
    assert screens[0].acquire(shared=True)
    assert screens[1].acquire(shared=True)
    assert not screens[2].acquire()
    for lock in screens:
        lock.release()


def test_a_disk_with_too_little_room(tmp_path: Path) -> None:
    assert disk_full(tmp_path / "events.db", 0) is None
    assert "must stay free" in (disk_full(tmp_path / "events.db", 10**18) or "")
    assert disk_full(tmp_path / "gone" / "events.db", 10**18) is None


def test_a_disk_that_fills_up_at_the_first_start_is_told_as_that() -> None:
    """SQLite has ended the transaction by itself then."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("PRAGMA max_page_count = 5")
        with pytest.raises(sqlite3.OperationalError, match="disk is full"):
            schema.migrate(db, "events.db")
        assert schema.version_of(db) == 0
