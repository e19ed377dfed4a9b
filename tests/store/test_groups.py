"""Groups of events, read from a store that is being written to."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from inspector.store.groups import UNIDENTIFIED, type_groups
from inspector.store.reader import Reader
from inspector.store.writer import StoreWriter
from tests.store.arrivals import add, anchore, arrival


def test_what_arrives_during_the_read_is_not_taken_for_unidentified(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with closing(StoreWriter(path)) as writer:
        add(writer, anchore("a", {}), arrival(body=b"", rejected="a reason"))
        with Reader(path) as reader:

            def arrives(sql: str) -> None:
                if "FROM total" in sql:
                    reader.db.set_trace_callback(None)
                    add(writer, anchore("a", {}))

            reader.db.set_trace_callback(arrives)
            assert type_groups(reader)[UNIDENTIFIED].count == 1
            groups = type_groups(reader)
    assert {key: group.count for key, group in groups.items()} == {("anchore", "a"): 2, UNIDENTIFIED: 1}
