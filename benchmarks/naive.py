"""The ways at hand, for comparison: a DataTable as the list, `textual.highlight` in a Static as the detail.

``naive.py table STORE ROWS`` and ``naive.py body STORE`` show what a store has, as simply as Textual offers it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.highlight import highlight
from textual.widgets import DataTable, Static

from inspector.store.reader import Reader


class Table(App[None]):
    """Every event a row."""

    def __init__(self, store: Path, rows: int) -> None:
        super().__init__()
        with Reader(store) as reader:
            self.rows = [
                (str(event.received_us), event.type or "", event.resource_id or "", str(event.id))
                for event in reversed(reader.events(reader.newest_ids(rows)))
            ]

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        """Fill it."""
        table = self.query_one(DataTable)
        table.add_columns("time", "type", "resource", "id")
        table.add_rows(self.rows)


class Body(App[None]):
    """The body of the newest event, highlighted, when a key is pressed."""

    def __init__(self, store: Path) -> None:
        super().__init__()
        self.store = store

    def compose(self) -> ComposeResult:
        """Something to scroll."""
        with VerticalScroll():
            yield Static("›", markup=False)

    def on_key(self) -> None:
        """Read and show it."""
        import json

        with Reader(self.store) as reader:
            request = reader.request(reader.last_id())
        assert request is not None
        text = json.dumps(json.loads(request.body), indent=2)
        self.query_one(Static).update(highlight(text, language="json"))


if __name__ == "__main__":
    (Table(Path(sys.argv[2]), int(sys.argv[3])) if sys.argv[1] == "table" else Body(Path(sys.argv[2]))).run()
