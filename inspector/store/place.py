"""Where the store is, how it is opened, and who may write to it: paths, modes, connections, locks."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import time
from pathlib import Path

from inspector.core.events import InspectorError
from inspector.store import schema

BUSY_MS = 5000
"""How long a connection waits for the write lock before it gives up, milliseconds."""


MIN_FREE = 200_000_000
"""Bytes that must stay free on the disk; below, no more events are stored."""
WAL_KEPT = 32 * 1024 * 1024
"""The WAL is cut back to so many bytes once a burst that made it longer is folded into the store."""
_TRIES = 20
_TRY_S = 0.02


def store_path(given: str | os.PathLike[str] | None = None) -> Path:
    """The store to use: `given`, else ``$INSPECTOR_STORE``, else ``events.db`` in the platform's data
    folder.

    A link is followed: what stands beside the store, its lock above all, stands beside the file itself.
    """
    chosen = given or os.environ.get("INSPECTOR_STORE")
    if chosen:
        path = Path(chosen).expanduser().absolute()
    else:
        from platformdirs import user_data_path

        path = user_data_path("webhook-inspector", appauthor=False) / "events.db"
    try:
        return Path(os.path.realpath(path)) if path.is_symlink() else path
    except OSError:
        return path  # a folder that may not be entered is told by who opens it


def beside(path: Path, ending: str) -> Path:
    """A file that belongs to the store and stands next to it: ``events.db.lock``, ``events.db.log``."""
    return path.with_name(path.name + ending)


def make_folder(folder: Path) -> None:
    """Create the missing parts of a path, each 0700 and synced into its parent; existing folders stay as
    they are."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        try:
            new.mkdir(mode=0o700)
            new.chmod(0o700)
        except FileExistsError:
            continue
        _sync_folder(new.parent)


def refuse_what_is_no_file(path: Path) -> None:
    """InspectorError for a folder, a pipe or a device, which SQLite would wait for or not name."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "not a file"
        raise InspectorError(f"{path} is no store: it is {kind}. Use --store PATH.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(path: Path, error: Exception) -> InspectorError:
    text = str(error).lower()
    if isinstance(error, PermissionError) or "readonly" in text or "authorization" in text:
        reason = "permission denied"
    elif isinstance(error, OSError):
        reason = (error.strerror or str(error)).lower()
    elif "not a database" in text:
        return InspectorError(f"{path} is no store: the file is not a SQLite database. Use --store PATH.")
    elif "malformed" in text:
        return InspectorError(
            f"{path} is damaged ({text}). It is left as it is; inspector doctor says what can be saved."
        )
    elif "locked" in text or "busy" in text:
        return InspectorError(
            f"{path} is locked by another program for {BUSY_MS // 1000} s. Close it, or use --store PATH."
        )
    elif "unable to open" in text:
        reason = (
            "permission denied"
            if path.exists()
            and not os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)
            else "it cannot be opened"
        )
    else:
        reason = text
    return InspectorError(f"cannot open {path}: {reason}. Use --store PATH.")


def open_writing(path: Path) -> sqlite3.Connection:
    """Open the store for writing, made (0600, in a 0700 folder) if it is missing, at the newest schema
    version.

    WAL with ``synchronous=FULL`` (and ``fullfsync`` on macOS): what is committed survives a power cut. The
    connection is in autocommit mode. Raises InspectorError with a sentence for the user.
    """
    try:
        make_folder(path.parent)
        refuse_what_is_no_file(path)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if path.stat().st_size == 0:
                path.chmod(0o600)
        else:
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
            _sync_folder(path.parent)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
    except (OSError, sqlite3.Error) as error:
        raise _explain(path, error) from None
    try:
        if schema.check(db, path) == 0:
            # It holds for a file that is empty yet, and lets deleted space be given back later, a little at
            # a time.
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        if db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise InspectorError(
                f"cannot use {path}: its file system does not support SQLite's WAL. Use --store PATH."
            )
        db.execute("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":
            db.execute("PRAGMA fullfsync = 1")
            db.execute("PRAGMA checkpoint_fullfsync = 1")
        db.execute("PRAGMA cache_size = -16000")
        db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")
        schema.migrate(db, path)
    except sqlite3.Error as error:
        db.close()
        raise _explain(path, error) from None
    except BaseException:
        db.close()
        raise
    return db


def seems_cut_short(path: Path) -> bool:
    """True when the store's file is shorter than its own header says: its end was taken away.

    A checkpoint writes the header first, so the file is looked at again after a moment before it is believed.
    """
    for pause in (0.0, 0.05, 0.1):
        time.sleep(pause)
        try:
            with path.open("rb") as file:
                head = file.read(32)
                size = file.seek(0, os.SEEK_END)
        except OSError:
            return True
        page = int.from_bytes(head[16:18], "big")
        if len(head) == 32 and (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big") <= size:
            return False
    return True


def open_reading(path: Path) -> sqlite3.Connection:
    """Open the store for reading only; InspectorError (exit code 2) when there is none. Readers never
    create one."""
    missing = f"there is no store at {path}. Start inspector or inspector listen, or use --store PATH."
    if not path.exists():
        raise InspectorError(missing)
    refuse_what_is_no_file(path)
    try:
        db = sqlite3.connect(
            f"{path.as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_MS / 1000,
        )
        try:
            version = schema.check(db, path)
            if version == 0:
                raise InspectorError(missing)
            if version < len(schema.MIGRATIONS):
                raise InspectorError(
                    f"{path} was written by an older inspector (store version {version}). "
                    "Start inspector listen once to bring it up to date."
                )
        except BaseException:
            db.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise _explain(path, error) from None
    return db


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path, whatever else has been there before; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def disk_full(path: Path, min_free: int = MIN_FREE) -> str | None:
    """A sentence when the disk of `path` has less than `min_free` bytes left, else None."""
    try:
        status = os.statvfs(path.parent)
    except OSError:
        return None
    free = status.f_bavail * status.f_frsize
    if free >= min_free:
        return None
    return f"the disk is full: {free / 1e6:,.0f} MB free, {min_free / 1e6:,.0f} MB must stay free"


class Lock:
    """An advisory lock on a file beside the store, held until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, shared: bool = False, content: str = "") -> bool:
        """Try to take the lock at once; True if it is ours now. `content` (such as our pid) is written into
        the file."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        if content:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, content.encode(), 0)
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock up; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_held_elsewhere(self) -> bool:
        """True while another process holds the lock exclusively."""
        if not self.path.exists():
            return False
        probe = Lock(self.path)
        try:
            if probe.acquire(shared=True):
                probe.release()
                return False
        except OSError:
            return False
        return True


def capture_lock(path: Path) -> Lock:
    """The lock a capture process holds for as long as it serves this store."""
    return Lock(beside(path, ".lock"))


def screens_lock(path: Path) -> Lock:
    """The lock every screen holds, shared, while it shows this store."""
    return Lock(beside(path, ".screens"))


_PAGE_ENDINGS = (".web", *(f".web{number}" for number in range(2, 17)))


def hold_page(path: Path, told: str) -> Lock | None:
    """A lock that a page of `inspector web` holds while it is served, with what is `told` of it in its file; None
    when there are too many."""
    for ending in _PAGE_ENDINGS:
        lock = Lock(beside(path, ending))
        if lock.acquire(content=told):
            return lock
    return None


def pages(path: Path) -> list[str]:
    """What the pages of `inspector web` that are served for this store told of themselves."""
    locks = [Lock(beside(path, ending)) for ending in _PAGE_ENDINGS]
    return [lock.path.read_text() for lock in locks if lock.is_held_elsewhere()]


def attach(lock: Lock) -> None:
    """Take the lock of screens; a process that looks whether there is one holds it for a moment."""
    if lock.path.parent.is_dir():
        for _ in range(_TRIES):
            if lock.acquire(shared=True):
                return
            time.sleep(_TRY_S)


def imports_lock(path: Path) -> Lock:
    """The lock every import holds, shared, while pieces of its bodies stand in the store without an event."""
    return Lock(beside(path, ".import"))
