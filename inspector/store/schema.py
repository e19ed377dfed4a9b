"""The tables of events.db, and the migrations that bring an older file up to them.

`event` is slim, so that lists and filters read little; headers and bodies stand apart in `request`. Bodies
over one piece stand in `piece`, whose row ids are ``upload << 16 | number``. `total` also keeps the last
id, which is never used again, and how far times of arrival depart from the order of ids (`store.order`).
Migrations are only ever appended; each runs in one transaction with its record.

`shape` has a row for each shape that a type has shown, with the count of its events (hash NULL for those
without a JSON body); what the shape looks like stands once, by its hash, in `structure`. An event refers to
the row, not to the hash: so when keys turn out to be data, the rows get another hash and no event is
touched, however many there are. Rows of a type may then have equal hashes: together they are one variant.

`deleted` holds what the user deleted and may bring back: rows of `event`, with the time of the deletion. They
are counted nowhere, and their headers, bodies, attempts and notes stay where they are until the events go for
good. A row of `shape` stays, with no events, while one of them refers to it.
"""

from __future__ import annotations

import sqlite3

from inspector.core.events import InspectorError
from inspector.store.order import MEASURE

APPLICATION_ID = 0x77686B69
"""``whki`` in the file's header: tells a store from any other SQLite file."""

_FIRST = """
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  received_us INTEGER NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  method TEXT,
  target BLOB,
  remote TEXT NOT NULL,
  size INTEGER NOT NULL,
  complete INTEGER NOT NULL DEFAULT 1,
  incomplete TEXT,
  rejected TEXT,
  sender TEXT,
  type TEXT,
  level TEXT,
  message TEXT,
  resource_type TEXT,
  resource_id TEXT,
  account TEXT,
  delivery_id TEXT,
  shape INTEGER,
  pending INTEGER NOT NULL DEFAULT 0,
  new INTEGER NOT NULL DEFAULT 0,
  status INTEGER,
  duplicate_of INTEGER,
  count INTEGER NOT NULL DEFAULT 1,
  sent INTEGER
);
CREATE INDEX event_delivery ON event (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX event_pending ON event (id) WHERE pending;
CREATE TABLE request (
  event INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  headers BLOB NOT NULL,
  body BLOB,
  upload INTEGER,
  sha256 BLOB NOT NULL,
  raw BLOB
);
CREATE INDEX request_upload ON request (upload) WHERE upload IS NOT NULL;
CREATE TABLE piece (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE shape (
  id INTEGER PRIMARY KEY,
  sender TEXT NOT NULL,
  type TEXT NOT NULL,
  hash TEXT,
  count INTEGER NOT NULL,
  first_event INTEGER NOT NULL,
  last_event INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL
);
CREATE INDEX shape_type ON shape (sender, type, hash);
CREATE INDEX shape_hash ON shape (hash);
CREATE TABLE structure (hash TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE collapse (
  sender TEXT NOT NULL,
  type TEXT NOT NULL,
  number INTEGER NOT NULL,
  path TEXT NOT NULL,
  reason TEXT NOT NULL,
  keep TEXT NOT NULL,
  PRIMARY KEY (sender, type, number)
) WITHOUT ROWID;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event INTEGER NOT NULL,
  sent_us INTEGER NOT NULL,
  target TEXT NOT NULL,
  kind TEXT NOT NULL,
  status INTEGER,
  reason TEXT NOT NULL,
  error TEXT,
  ms REAL NOT NULL,
  connect_ms REAL,
  first_byte_ms REAL,
  headers BLOB NOT NULL,
  body BLOB NOT NULL,
  body_size INTEGER NOT NULL,
  changes TEXT NOT NULL
);
CREATE INDEX attempt_event ON attempt (event);
CREATE TABLE note (
  event INTEGER PRIMARY KEY,
  starred INTEGER NOT NULL DEFAULT 0,
  mark TEXT,
  comment TEXT
);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE total (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  events INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  last_id INTEGER NOT NULL
);
INSERT INTO total VALUES (1, 0, 0, 0);
"""

_ORIGIN = """
ALTER TABLE event ADD COLUMN signature TEXT;
ALTER TABLE event ADD COLUMN labels TEXT;
ALTER TABLE event ADD COLUMN forwarded_for TEXT;
"""

_ORDER = f"""
ALTER TABLE total ADD COLUMN latest_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total ADD COLUMN disorder_us INTEGER NOT NULL DEFAULT 0;
{MEASURE};
"""


_DELETED = """
CREATE TABLE deleted (
  id INTEGER PRIMARY KEY,
  deleted_us INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  monotonic_ns INTEGER NOT NULL,
  method TEXT,
  target BLOB,
  remote TEXT NOT NULL,
  size INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  incomplete TEXT,
  rejected TEXT,
  sender TEXT,
  type TEXT,
  level TEXT,
  message TEXT,
  resource_type TEXT,
  resource_id TEXT,
  account TEXT,
  delivery_id TEXT,
  shape INTEGER,
  pending INTEGER NOT NULL,
  new INTEGER NOT NULL,
  status INTEGER,
  duplicate_of INTEGER,
  count INTEGER NOT NULL,
  sent INTEGER,
  signature TEXT,
  labels TEXT,
  forwarded_for TEXT
);
CREATE INDEX deleted_when ON deleted (deleted_us);
CREATE INDEX deleted_shape ON deleted (shape) WHERE shape IS NOT NULL;
CREATE INDEX event_duplicate ON event (duplicate_of) WHERE duplicate_of IS NOT NULL;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _ORIGIN, _ORDER, _DELETED)


def version_of(db: sqlite3.Connection) -> int:
    """The schema version of an open file: 0 for a new one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def check(db: sqlite3.Connection, path: object) -> int:
    """Return the schema version; InspectorError when the file is no store, or one of a newer program."""
    version = version_of(db)
    if version == 0:
        tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and version_of(db):
            return check(db, path)  # between the two looks another program has made it a store
        if tables:
            raise InspectorError(f"{path} is a SQLite file, but no store of inspector. Use --store PATH.")
    elif db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise InspectorError(f"{path} is a SQLite file, but no store of inspector. Use --store PATH.")
    elif version > len(MIGRATIONS):
        raise InspectorError(
            f"{path} was written by a newer inspector (store version {version}, this one knows "
            f"{len(MIGRATIONS)}). "
            "Install the newer one, or use --store PATH."
        )
    return version


def migrate(db: sqlite3.Connection, path: object) -> None:
    """Bring an open file (autocommit mode) to the newest version, each step in one transaction with its
    record."""
    while (version := check(db, path)) < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        try:
            if version_of(db) == version:
                for statement in MIGRATIONS[version].split(";\n"):
                    db.execute(statement)
                if version == 0:
                    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # some failures of the disk have undone it already
                db.execute("ROLLBACK")
            raise
