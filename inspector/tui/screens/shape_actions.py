"""Actions of the shapes screen on a type or a field: diff, baseline, export, keys that are data or names."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import work
from textual.binding import BindingType

from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.export.forms import ENDINGS
from inspector.core.export.learnt import Learnt
from inspector.core.payload import KEYS, show_path
from inspector.core.payload import Path as ValuePath
from inspector.core.text import storable, visible
from inspector.store.edits import Edits
from inspector.store.pins import Pin, pin, unpin
from inspector.store.reader import Reader
from inspector.store.sides import Side, resolve_side, side_of_pins, side_of_types
from inspector.store.told_keys import keys_are_data, keys_are_names
from inspector.tui.keys import bind, key_of
from inspector.tui.screens.confirm import ChoiceDialog, ConfirmDialog
from inspector.tui.screens.diff import DiffScreen
from inspector.tui.screens.field_rows import FieldNode, FieldRows
from inspector.tui.screens.leaving import LeftOnce
from inspector.tui.screens.matrix import MatrixScreen
from inspector.tui.screens.shape_export import write_export
from inspector.tui.screens.type_rows import TypeKey, TypeNode, TypeRows
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.prompt import Prompt
from inspector.tui.widgets.rows import Row

Result = TypeVar("Result")


class ShapeActions(LeftOnce[str | int | None]):
    """What can be done with the type under the cursor, or with a field of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("mark", "mark", "Mark a type, a and b"),
        bind("mark-none", "mark_none", "Take the marks away"),
        bind("diff", "diff", "Diff a and b"),
        bind("diff-with", "diff_with", "Diff with type, event, file, time"),
        bind("matrix", "matrix", "Matrix of fields and types"),
        bind("baseline", "baseline", "Pin a baseline, or look at it"),
        bind("data-keys", "keys", "These keys are data, or names"),
        bind("export", "export", "Export: schema, types, reference"),
        bind("copy", "copy", "Copy the type or the path"),
    ]

    def __init__(self, store: Path, glyphs: Glyphs | None) -> None:
        super().__init__()
        self.store = store
        self._glyphs = glyphs
        self.marked: list[Row] = []
        self.pins: dict[TypeKey, Pin] = {}
        self.node: TypeNode | None = None
        """The type, or the types, whose shape is shown."""
        self.note = ""
        """What is being done, for the title of the fields."""

    @property
    def glyphs(self) -> Glyphs:
        """The signs asked for, else those of the app."""
        own: Glyphs = getattr(self.app, "glyphs", UNICODE)
        return own if self._glyphs is None else self._glyphs

    @abstractmethod
    def read_again(self) -> None:
        """Read types and shape anew: they were changed here."""

    @abstractmethod
    def draw_titles(self) -> None:
        """Write the titles anew."""

    @abstractmethod
    def draw_keys(self) -> None:
        """Write the footer anew."""

    # -- diff

    def action_mark(self) -> None:
        """Mark the type under the cursor a or b, or take its mark away."""
        row = self.query_one(TypeRows).row
        if row is None or not row.value.types:
            self.notify("Only types that were seen can be marked.", markup=False)
            return
        others = [each for each in self.marked if each.key != row.key]
        self.marked = others if len(others) < len(self.marked) else [*others[:1], row]
        self._show_marks()

    def action_mark_none(self) -> None:
        """Take all marks away."""
        self.marked = []
        self._show_marks()

    def _show_marks(self) -> None:
        rows = self.query_one(TypeRows)
        rows.marks = tuple(row.key for row in self.marked)
        rows.refresh()
        self.draw_keys()

    def action_diff(self) -> None:
        """Diff the two marked types, or the marked one and the one under the cursor."""
        sides = list(self.marked)
        row = self.query_one(TypeRows).row
        if len(sides) == 1 and row is not None and row.key != sides[0].key and row.value.types:
            sides.append(row)
        if len(sides) < 2:
            self.notify(f"Mark two types first: {key_of(self.app, 'mark')}.", markup=False)
            return
        a, b = (row.value for row in sides)
        self.open_diff(lambda reader: (side_of(reader, a), side_of(reader, b)))

    def action_diff_with(self) -> None:
        """Ask for the other side of a diff with the type under the cursor."""
        node = self.node
        if node is None or not node.types:
            self.notify("Only types that were seen can be compared.", markup=False)
            return

        def begin(text: str) -> None:
            def both(reader: Reader) -> tuple[Side, Side]:
                one = side_of(reader, node)
                return one, resolve_side(reader, text, one)

            self.open_diff(both)

        self.query_one(Prompt).ask("diff with (type, id, file, @since:24h, @baseline)", begin)

    @work(exclusive=True, group="diff")
    async def open_diff(self, sides: Callable[[Reader], tuple[Side, Side]]) -> None:
        """Read both sides in a thread and show the diff."""

        def read() -> tuple[Side, Side]:
            with Reader(self.store) as reader:
                return sides(reader)

        try:
            a, b = await asyncio.to_thread(read)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self.notify(visible(str(error)), severity="error", timeout=10, markup=False)
            return
        self.app.push_screen(DiffScreen(self.store, a, b, glyphs=self.glyphs), self._chosen)

    def _chosen(self, result: str | int | None) -> None:
        """What another screen was left for, this one is left for too."""
        if result is not None:
            self.dismiss(result)

    def action_matrix(self) -> None:
        """Show the matrix of the sender under the cursor, on the type under it."""
        node = self.node
        sender = node.sender if node is not None else "anchore"
        first = node.types[0].type if node is not None and node.types else None
        self.app.push_screen(MatrixScreen(self.store, sender, first, glyphs=self.glyphs), self._chosen)

    # -- baseline

    def action_baseline(self) -> None:
        """Pin what the type looks like now; of one that is pinned, ask what to do."""
        node = self.node
        if node is None or not node.types:
            self.notify("Only types that were seen can be pinned.", markup=False)
            return
        pinned = [self.pins[key] for key in node.keys if key in self.pins]
        if not pinned:
            self.change_pins(node, True)
            return

        def chosen(answer: str | None) -> None:
            if answer == "diff":
                self.open_diff(
                    lambda reader: (side_of_pins(reader, node.keys, node.name), side_of(reader, node))
                )
            elif answer is not None:
                self.change_pins(node, answer == "pin")

        when = units.ago(min(each.pinned_us for each in pinned), time.time_ns() // 1000)
        self.app.push_screen(
            ChoiceDialog(
                f"Baseline of {node.name}, pinned {when}",
                [
                    ("d", "diff: the baseline with now", "diff"),
                    ("b", "pin what it looks like now", "pin"),
                    ("x", "forget the baseline", "forget"),
                ],
            ),
            chosen,
        )

    @work(exclusive=True, group="pins")
    async def change_pins(self, node: TypeNode, keep: bool) -> None:
        """Pin the types of a row, or forget their baselines, in a thread."""

        def change() -> int:
            changed = 0
            with Reader(self.store) as reader, Edits(self.store) as edits:
                for sender, name in node.keys:
                    shape = reader.shape_of_types([(sender, name)])
                    if not keep:
                        unpin(edits, sender, name)
                    elif shape.variants:
                        pin(edits, Learnt(name, sender, shape), time.time_ns() // 1000)
                    else:
                        continue
                    changed += 1
            return changed

        if (changed := await self._done(change)) is not None:
            which = node.name if len(node.keys) == 1 else units.count(changed, "type")
            told = (
                f"Pinned {which}. What departs from it is told."
                if keep
                else f"Forgot the baseline of {which}."
            )
            self.notify(visible(told if changed else "None of these has a JSON body."), markup=False)

    async def _done(self, work: Callable[[], Result]) -> Result | None:
        """The result of some work in a thread, after which all is read again; None when it failed, and was
        told."""
        try:
            result = await asyncio.to_thread(work)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self.notify(visible(str(error)), severity="error", timeout=10, markup=False)
            return None
        finally:
            self.note = ""
            self.read_again()
        return result

    # -- keys that are data, or names

    def action_keys(self) -> None:
        """Say that the keys of the object under the cursor are data, or that they are names after all."""
        node = self.node
        row = self.query_one(FieldRows).row
        field = row.value.field if row is not None and isinstance(row.value, FieldNode) else None
        if node is None or field is None or not self.query_one(FieldRows).has_focus:
            self.notify("Go to an object, or to its {*}, in the fields first.", markup=False)
            return
        are_data = field.path[-1:] == (KEYS,)
        path: ValuePath = field.path[:-1] if are_data else field.path
        if not path or not (are_data or "object" in field.types):
            self.notify("Only the keys of an object inside the payload can be told.", markup=False)
            return
        where = show_path(path)
        question = (
            f"Are the keys at {where} names? The stored events are read again for it; that may take a while."
            if are_data
            else f"Are the keys at {where} data? They become one place, {where}.{{*}}, in all events."
        )

        def chosen(answer: str | None) -> None:
            if answer == "yes":
                self.tell_keys(node, path, not are_data)

        self.app.push_screen(
            ConfirmDialog(question, [("yes", "they are"), ("no", "leave them")], "Keys"), chosen
        )

    @work(exclusive=True, group="keys")
    async def tell_keys(self, node: TypeNode, path: ValuePath, data: bool) -> None:
        """Rewrite the shapes of the types of a row, or learn them anew, in a thread."""

        def progress(done: int, of: int) -> None:
            self.note = f"   {done:,} of {of:,} read again …"

        def tell() -> int:
            changed, refused = 0, None
            for sender, name in node.keys:
                try:
                    tell_one = keys_are_data if data else keys_are_names
                    changed += tell_one(self.store, (sender or "", name), path, progress)
                except InspectorError as error:
                    refused = error
            if refused is not None and not changed:
                raise refused
            return changed

        ticking = self.set_interval(0.2, self.draw_titles)
        try:
            changed = await self._done(tell)
        finally:
            ticking.stop()
        if changed is not None:
            what = units.count(changed, "variant" if data else "event")
            now = "data" if data else "names"
            self.notify(visible(f"The keys at {show_path(path)} are {now}: {what} changed."), markup=False)

    # -- export

    def action_export(self) -> None:
        """Ask for the name of a file; its ending says in which form."""
        node = self.node
        if node is None or not node.types:
            self.notify("Only types that were seen can be exported.", markup=False)
            return
        base = node.name.replace("*", "all").replace("/", "-").strip(".") or "types"
        self.query_one(Prompt).ask(
            f"export to ({' '.join(ENDINGS)})", lambda name: self.export(node, name), storable(f"{base}.json")
        )

    @work(exclusive=True, group="export")
    async def export(self, node: TypeNode, name: str) -> None:
        """Write the export in a thread."""
        path = Path(name.strip()).expanduser()
        written = await self._done(lambda: write_export(self.store, node.keys, node.name, path))
        if written is not None:
            self.notify(visible(f"Wrote {units.count(written, 'type')} to {path}"), markup=False)

    def action_copy(self) -> None:
        """Copy the type or the path under the cursor."""
        row = self.focused_row()
        if row is None:
            return
        value = row.value
        text = (
            value.name if isinstance(value, TypeNode) else show_path(value.field.path) if value.field else ""
        )
        if text:
            self.app.copy_to_clipboard(storable(text))
            self.notify(f"Copied {visible(text)}", markup=False)

    def focused_row(self) -> Row | None:
        """The row under the cursor of the pane with the focus."""
        fields = self.query_one(FieldRows)
        return fields.row if fields.has_focus else self.query_one(TypeRows).row


def side_of(reader: Reader, node: TypeNode) -> Side:
    """The types of a row as one side of a diff."""
    return side_of_types(reader, node.keys, node.name if node.name != "*" else f"{node.sender or ''}:*")
