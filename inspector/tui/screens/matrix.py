"""The matrix: which field stands in which type, for all types of one sender at a glance.

It ends with what the list should show: a filter (str) for the events of a type that have a field, or None.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from shlex import quote
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import Resize

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.field_filter import field_filter
from inspector.core.payload import show_path
from inspector.core.shorten import event_type
from inspector.core.text import storable, visible
from inspector.core.type_shape import Field
from inspector.store.matrix import Column, FieldLine, Matrix, matrix_of, types_of
from inspector.store.reader import Reader
from inspector.store.sides import Side, side_of_types
from inspector.tui.keys import bind, key_of
from inspector.tui.screens.diff import DiffScreen
from inspector.tui.screens.help import HelpScreen, groups_in_force
from inspector.tui.screens.leaving import LeftOnce
from inspector.tui.screens.matrix_rows import MatrixRows, letter
from inspector.tui.widgets.footer import KeyFooter
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.prompt import Prompt
from inspector.tui.widgets.rows import Piece, Row, Rows, outside
from inspector.tui.widgets.told import Line, Told

LEGEND_FROM = 70
"""Columns from which the types stand at the side."""


class MatrixScreen(LeftOnce[str | None]):
    """Fields down, types across."""

    DEFAULT_CSS = """
    MatrixScreen { background: $background; }
    MatrixScreen #body { height: 1fr; }
    MatrixScreen #legend { width: 36; height: 1fr; padding: 0 0 0 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "back", "Back"),
        bind("close", "back", "Leave this screen"),
        bind("help", "help", "Keys of this screen"),
        bind("find-next", "next(1)", "Next field that is not one type"),
        bind("find-previous", "next(-1)", "Previous one"),
        bind("mark", "mark", "Mark this type"),
        bind("diff", "diff", "Diff the marked type and this one"),
        bind("quiet", "plain", "Fields alike everywhere, or not"),
        bind("find", "find", "Find a field"),
        bind("copy", "copy", "Copy the path"),
    ]

    def __init__(
        self,
        store: Path,
        sender: str | None = "anchore",
        type: str | None = None,
        *,
        glyphs: Glyphs | None = None,
    ) -> None:
        """It opens on the column of `type`. Of a `sender` without types, the one with the most events is shown."""
        super().__init__()
        self.store = store
        self.sender = sender
        self.type = type
        self._glyphs = glyphs
        self.plain = True
        self._fields: tuple[FieldLine, ...] = ()
        self._note = "Reading …"

    @property
    def glyphs(self) -> Glyphs:
        """The signs asked for, else those of the app."""
        own: Glyphs = getattr(self.app, "glyphs", UNICODE)
        return own if self._glyphs is None else self._glyphs

    def compose(self) -> ComposeResult:
        yield PaneTitle(self.glyphs, id="title")
        yield Told(id="heading")
        with Horizontal(id="body"):
            yield MatrixRows(self.glyphs, id="matrix")
            yield Told(id="legend")
        yield PaneTitle(self.glyphs, id="path")
        yield Told(id="told")
        yield KeyFooter(id="keys")
        yield Prompt()

    def on_mount(self) -> None:
        """Read the types."""
        self.query_one("#title", PaneTitle).focused = True
        rows = self.query_one(MatrixRows)
        rows.focus()
        self.query_one("#heading", Told).tell(
            lambda width: [(rows.heading(rows.scrollable_content_region.width or width), [])]
        )
        self.query_one("#legend", Told).tell(lambda width: self._legend(width))
        self._fit()
        self._draw()
        self.read()

    @on(Resize)
    def _fit(self) -> None:
        """The legend needs room."""
        self.query_one("#legend", Told).display = self.app.size.width >= LEGEND_FROM

    @work(exclusive=True, group="matrix")
    async def read(self) -> None:
        """Read the shapes of all types of the sender in a thread."""
        try:
            matrix = await asyncio.to_thread(self._read)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self._note = visible(str(error))
            self._draw()
            return
        rows = self.query_one(MatrixRows)
        rows.columns = columns = matrix.columns
        self._fields = matrix.fields
        self._note = "" if columns else "No types yet. They come with the first event."
        self._show_rows()
        index = next((i for i, column in enumerate(columns) if column.type == self.type), None)
        if index is not None:
            rows.open_column(index)

    def _read(self) -> Matrix:
        with Reader(self.store) as reader:
            types = types_of(reader, self.sender)
            self.sender = types[0].sender if types else self.sender
            return matrix_of(reader, types)

    def _show_rows(self) -> None:
        root = 1 if self.sender == "anchore" else 0
        cells = [each for each in self._fields if self.plain or not each.is_plain]
        shown = {each.path for each in cells}
        rows: list[Row] = []
        for each in cells:
            above = sum(each.path[:depth] in shown for depth in range(root + 1, len(each.path)))
            rows.append(Row(each.path, each, above, folded=above >= root))
        self.query_one(MatrixRows).show(rows)
        self._draw()

    def _draw(self) -> None:
        rows = self.query_one(MatrixRows)
        of = "details" if self.sender == "anchore" else "fields"
        sender = {"anchore": "Anchore", None: ""}.get(self.sender, visible(self.sender or ""))
        types = f"{of} of {len(rows.columns):,} {sender} {'type' if len(rows.columns) == 1 else 'types'}"
        about = self._note or f"{' '.join(types.split())}, {units.count(len(self._fields), 'field')}"
        self.query_one("#title", PaneTitle).parts = (
            Part("Matrix", "bold $foreground"),
            Part(f"   {about}", "$muted"),
        )
        self.query_one("#heading", Told).refresh()
        self.query_one("#legend", Told).refresh()
        self._draw_told()
        mark = (
            ("diff", "diff with the marked", "diff")
            if rows.marked is not None
            else ("mark", "mark a type", "mark")
        )
        moves = ("cell-left", "cell-right", "move-down", "move-up")
        self.query_one(KeyFooter).show(
            [
                (" ".join(key_of(self.app, id) for id in moves), "move", "next(1)"),
                ("find-next", f"next {self.glyphs.mixed}", "next(1)"),
                mark,
                ("quiet", "hide what is alike" if self.plain else "alike too", "plain"),
                ("find", "find", "find"),
                ("back", "back", "back"),
            ]
        )

    def _legend(self, width: int) -> list[Line]:
        rows = self.query_one(MatrixRows)
        glyphs = self.glyphs
        lines: list[Line] = []
        room = max(4, self.query_one("#body").size.height - 3)
        across = rows.visible_columns(rows.scrollable_content_region.width or width)
        # The types that stand across are among those named.
        first = max(0, min(across.start - max(0, room - len(across)) // 2, len(rows.columns) - room))
        for index, column in list(enumerate(rows.columns))[first : first + room]:
            name = event_type(visible(column.type), max(8, width - 4), cell_len, glyphs.ellipsis)
            style = "accent" if index in (rows.column, rows.marked) else "muted"
            lines.append(([(f"{letter(index)} ", style), (name, style if style == "accent" else "")], []))
        return [
            *lines,
            ([], []),
            (
                [
                    (glyphs.always, "passed"),
                    (" always  ", "muted"),
                    (glyphs.sometimes, "number"),
                    (" sometimes", "muted"),
                ],
                [],
            ),
            ([(glyphs.mixed, "care"), (" not one type  ", "muted"), (f"{glyphs.never} never", "muted")], []),
        ]

    @on(Rows.Highlighted)
    def _draw_told(self) -> None:
        rows = self.query_one(MatrixRows)
        row = rows.row
        path: tuple[Part, ...] = ()
        told: list[Piece] = []
        right: list[Piece] = []
        if row is not None and rows.columns:
            column = rows.columns[rows.column]
            field: Field | None = row.value.fields[rows.column]
            path = (
                Part(visible(show_path(row.value.path)), "$key"),
                Part("  in  ", "$muted"),
                Part(f"{letter(rows.column)} {visible(column.type)}", "bold $accent"),
            )
            if field is None:
                told = [("  never there", "muted")]
            else:
                where = f"in {field.present:,} of {field.of:,} events"
                if field.present == field.of:
                    where = "in all events, not in every object" if field.optional else "always"
                told = [("  ", ""), *outside(f"{field.words}, {where}")]
                right = [(f"{key_of(self.app, 'open')} shows the events ", "muted")]
        self.query_one("#path", PaneTitle).parts = path
        self.query_one("#told", Told).tell_one(told, right)
        self.query_one("#heading", Told).refresh()
        self.query_one("#legend", Told).refresh()

    # -- actions

    @on(KeyFooter.Pressed)
    async def _run_hint(self, message: KeyFooter.Pressed) -> None:
        await self.run_action(message.action)

    def action_back(self) -> None:
        """Leave the screen."""
        self.dismiss(None)

    def action_next(self, step: int) -> None:
        """Go to the next field that has more than one type of value somewhere."""

        def mixed(row: Row) -> bool:
            return any(field is not None and len(field.types) > 1 for field in row.value.fields)

        rows = self.query_one(MatrixRows)
        if not rows.go_to(mixed, step) or rows.row is None:
            self.notify("Every field here has one type of value.", markup=False)
            return
        fields: tuple[Field | None, ...] = rows.row.value.fields
        rows.column = next(i for i, field in enumerate(fields) if field is not None and len(field.types) > 1)
        rows.action_column(0)

    def action_plain(self) -> None:
        """Show fields that are alike in all types, or hide them."""
        self.plain = not self.plain
        self._show_rows()

    def action_find(self) -> None:
        """Ask for a part of a path and go there."""

        def begin(text: str) -> None:
            wanted = text.lower()
            found = self.query_one(MatrixRows).go_to(
                lambda row: wanted in show_path(row.value.path).lower(), 1
            )
            if not found:
                self.notify(f"No field here has {visible(text)} in its path.", markup=False)

        self.query_one(Prompt).ask("/", begin)

    def action_mark(self) -> None:
        """Mark the type of this column, or take its mark away."""
        rows = self.query_one(MatrixRows)
        rows.marked = None if rows.marked == rows.column else rows.column
        self._draw()

    def action_diff(self) -> None:
        """Diff the marked type and the one of this column."""
        rows = self.query_one(MatrixRows)
        if rows.marked is None or rows.marked == rows.column:
            mark, diff = (key_of(self.app, id) for id in ("mark", "diff"))
            self.notify(f"Mark one type with {mark}, go to another, then {diff}.", markup=False)
            return
        self.open_diff(rows.columns[rows.marked], rows.columns[rows.column])

    @work(exclusive=True, group="diff")
    async def open_diff(self, a: Column, b: Column) -> None:
        """Read both sides in a thread and show the diff."""

        def read() -> tuple[Side, Side]:
            with Reader(self.store) as reader:
                one, other = (side_of_types(reader, ((c.sender, c.type),), c.type) for c in (a, b))
                return one, other

        try:
            one, other = await asyncio.to_thread(read)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self.notify(visible(str(error)), severity="error", timeout=10, markup=False)
            return
        self.app.push_screen(DiffScreen(self.store, one, other, glyphs=self.glyphs), self._chosen)

    def _chosen(self, result: str | None) -> None:
        if result is not None:
            self.dismiss(result)

    @on(Rows.Opened)
    def _show_events(self, message: Rows.Opened) -> None:
        rows = self.query_one(MatrixRows)
        column = rows.columns[rows.column]
        if message.row.value.fields[rows.column] is None:
            self.notify("No event of this type has the field.", markup=False)
        else:
            self.dismiss(field_filter([(column.sender, column.type)], message.row.value.path))

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        row = self.query_one(MatrixRows).row
        if row is not None:
            path = storable(show_path(row.value.path))
            self.app.copy_to_clipboard(path)
            self.notify(f"Copied {visible(path)}", markup=False)

    def action_help(self) -> None:
        """Show the keys."""
        twin = "inspector matrix"
        if self.sender != "anchore":
            types = f"{self.sender or ''}:*"
            twin += f" {quote(types)}"
        self.app.push_screen(HelpScreen("Keys in the matrix", groups_in_force(self), twin))
