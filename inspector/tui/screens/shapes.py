"""The shapes screen: every type seen, and what the payloads of one type, or of several together, are made of.

It ends with what the list should show: a filter (str), one event (int), or None.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import DescendantFocus, Resize

from inspector.core import units
from inspector.core.drift import Drift
from inspector.core.events import InspectorError
from inspector.core.field_filter import field_filter
from inspector.core.payload import Path as ValuePath
from inspector.core.payload import show_path
from inspector.core.text import visible
from inspector.core.type_shape import TypeShape
from inspector.store.lately import Bars, bars_of_the_hour
from inspector.store.pins import Pin, drift_since, read_pin, read_pins
from inspector.store.reader import EventType, Reader
from inspector.tui.keys import bind, key_of
from inspector.tui.screens.examples import sample_ids, values_of
from inspector.tui.screens.field_rows import FieldNode, FieldRows, field_rows
from inspector.tui.screens.help import HelpScreen, groups_in_force
from inspector.tui.screens.shape_actions import ShapeActions
from inspector.tui.screens.type_rows import TypeKey, TypeNode, TypeRows, type_rows, unseen_types
from inspector.tui.widgets.footer import Hint, KeyFooter
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.pane import Pane
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.prompt import Prompt
from inspector.tui.widgets.rows import Piece, Row, Rows, outside
from inspector.tui.widgets.told import Told

REFRESH_S = 2.0
_REST_S = 0.06
"""How long the cursor rests on a type before its shape is read."""


class ShapesScreen(ShapeActions):
    """Types at the left, the fields of the one under the cursor at the right."""

    DEFAULT_CSS = """
    ShapesScreen { background: $background; }
    ShapesScreen #panes { layout: horizontal; height: 1fr; }
    ShapesScreen #types-pane { width: 45%; max-width: 65; }
    ShapesScreen #fields-pane { width: 1fr; }
    ShapesScreen.-beside #fields-inner { border-left: solid $rule; }
    ShapesScreen.-stacked #panes { layout: vertical; }
    ShapesScreen.-stacked #types-pane { width: 100%; max-width: 100%; height: 40%; }
    ShapesScreen.-one #types-pane, ShapesScreen.-one #fields-pane {
        width: 100%; max-width: 100%; height: 100%;
    }
    ShapesScreen.-one #fields-pane { display: none; }
    ShapesScreen.-one.-reading #fields-pane { display: block; }
    ShapesScreen.-one.-reading #types-pane { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "back", "Back"),
        bind("close", "close", "Leave this screen"),
        bind("help", "help", "Keys of this screen"),
        bind("pane-next", "other_pane", "Other pane", priority=True),
        bind("pane-previous", "other_pane", "Pane before", priority=True),
        bind("field-first", "first_event", "First event of it"),
        bind("quiet", "unseen", "Documented types not seen, too"),
        bind("find", "find", "Find in this pane"),
        bind("find-next", "find_next(1)", "Next match"),
        bind("find-previous", "find_next(-1)", "Previous match"),
    ]

    def __init__(self, store: Path, select: TypeKey | None = None, *, glyphs: Glyphs | None = None) -> None:
        super().__init__(store, glyphs)
        self.select = select
        self.show_unseen = False
        self._types: list[EventType] = []
        self._new: set[TypeKey] = set()
        self._seen_state: State | None = None
        self._shape: TypeShape | None = None
        self._drift: list[Drift] | None = None
        """In what the type has departed from its baseline; None without one."""
        self._read = 0
        """Events whose values are shown."""
        self._wanted = ""
        self._trouble = ""

    def compose(self) -> ComposeResult:
        with Pane(id="panes"):
            with Pane(id="types-pane"):
                yield PaneTitle(self.glyphs, id="types-title")
                yield Told(id="types-heading")
                yield TypeRows(self.glyphs, id="types")
            with Pane(id="fields-pane"):
                yield PaneTitle(self.glyphs, id="fields-title")
                with Pane(id="fields-inner"):
                    yield Told(id="fields-heading")
                    yield FieldRows(self.glyphs, id="fields")
                    yield PaneTitle(self.glyphs, id="path")
                    yield Told(id="told")
        yield KeyFooter(id="keys")
        yield Prompt()

    def on_mount(self) -> None:
        """Read the types, now and then again."""
        types, fields = self.query_one(TypeRows), self.query_one(FieldRows)
        self.query_one("#types-heading", Told).tell(
            lambda width: [(types.heading(types.scrollable_content_region.width or width), [])]
        )
        self.query_one("#fields-heading", Told).tell(
            lambda width: [(fields.heading(fields.scrollable_content_region.width or width), [])]
        )
        types.focus()
        self._fit()
        self.read_types()
        self.set_interval(REFRESH_S, self.read_types)

    @on(Resize)
    def _fit(self) -> None:
        """Panes beside each other, stacked, or one at a time, as there is room."""
        width, height = self.app.size
        beside = width >= 100
        stacked = not beside and height >= 20
        self.set_class(beside, "-beside")
        self.set_class(stacked, "-stacked")
        self.set_class(not beside and not stacked, "-one")
        self.query_one("#fields-title", PaneTitle).corner = beside

    # -- types

    @work(exclusive=True, group="types")
    async def read_types(self) -> None:
        """Read the types in a thread, if anything came or went since."""
        try:
            found = await asyncio.to_thread(_read_types, self.store, self._seen_state)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self._trouble = str(error)
            self.draw_titles()
            return
        if found is None:
            return
        first = self._seen_state is None
        self._seen_state, self._types, self._new, self.pins = found
        self._trouble = ""
        rows = self.query_one(TypeRows)
        rows.pinned = self.pins
        self._draw_types()
        if first and not (self.select and rows.reveal(("type", *self.select))):
            rows.go_to(lambda row: row.value.is_type, 1)
        self._read_shape_of(rows.row)
        self.read_bars()

    @work(exclusive=True, group="bars")
    async def read_bars(self) -> None:
        """Count what came of each type in the last hour, in a thread."""

        def read() -> Bars:
            with Reader(self.store) as reader:
                return bars_of_the_hour(reader, time.time_ns() // 1000)

        try:
            found = await asyncio.to_thread(read)
        except (InspectorError, sqlite3.Error, OSError):
            # Why the store cannot be read is told by those who read the types.
            return
        rows = self.query_one(TypeRows)
        rows.lately = found
        rows.refresh()

    def read_again(self) -> None:
        """Read types and shape anew: they were changed here."""
        self._seen_state = self._seen_state and (-1, 0, 0)
        self.read_types()
        self.read_shape(keep=True)

    def _draw_types(self) -> None:
        unseen = unseen_types(self._types)
        rows = self.query_one(TypeRows)
        most = max((entry.count for entry in self._types), default=0)
        rows.events = max(6, len(units.count(most)) + 1)
        rows.show(type_rows(self._types, unseen if self.show_unseen else (), self._new))
        self.draw_titles()

    @on(Rows.Highlighted, "#types")
    def _type_highlighted(self, message: Rows.Highlighted) -> None:
        self._read_shape_of(message.row)
        self._draw_told()

    def _read_shape_of(self, row: Row | None) -> None:
        node: TypeNode | None = None if row is None else row.value
        if node == self.node:
            return
        same = node is not None and self.node is not None and node.keys == self.node.keys
        self.node = node
        self.read_shape(keep=same)

    @work(exclusive=True, group="shape")
    async def read_shape(self, keep: bool) -> None:
        """Read the shape of the type under the cursor in a thread, then what its values look like."""
        node = self.node
        rows = self.query_one(FieldRows)
        if not keep:
            await asyncio.sleep(_REST_S)
        if node is None or not node.keys:
            self._shape = None
            rows.show([])
            self.draw_titles()
            return
        try:
            shape, fields, drifted = await asyncio.to_thread(_read_shape, self.store, node)
            self._shape, self._drift = shape, drifted
            if not keep:
                self._read = 0
                rows.values = {}
            rows.present = max(3, len(f"{shape.events:,} of {shape.events:,}")) if shape.events > 1 else 3
            rows.show(fields, keep)
            self.draw_titles()
            rows.values, self._read = await asyncio.to_thread(_read_values, self.store, node, shape)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self._trouble = str(error)
        rows.refresh()
        self.draw_titles()

    # -- what stands around the rows

    @on(DescendantFocus)
    def draw_titles(self) -> None:
        types, fields = self.query_one(TypeRows), self.query_one(FieldRows)
        self.set_class(fields.has_focus, "-reading")
        title = self.query_one("#types-title", PaneTitle)
        title.focused = types.has_focus
        note = visible(self._trouble)
        if not note and any(entry.sender == "anchore" for entry in self._types):
            unseen = len(unseen_types(self._types))
            documented = len(unseen_types(()))
            note = f"{documented - unseen} of {documented} documented ones seen"
        title.parts = (
            Part(f"Types {len(self._types):,}", "bold $foreground"),
            Part(f"   {note}" if note else "", "$muted"),
        )
        title = self.query_one("#fields-title", PaneTitle)
        title.focused = fields.has_focus
        title.parts = self._about_shape()
        self.query_one("#fields-heading", Told).refresh()
        self._draw_told()

    def _about_shape(self) -> tuple[Part, ...]:
        node = self.node
        if node is None:
            if self._seen_state is None:
                return (Part("Reading …", "$muted"),)
            return (Part("No types yet. They come with the first event."),)
        name = f"{node.sender or 'no sender'}: all types" if node.name == "*" else node.name
        if not node.types:
            return Part(visible(name), "bold $foreground"), Part("   documented, not seen yet", "$muted")
        about = units.count(node.count, "event")
        if self._shape is not None and not self._shape.variants:
            about += ", none with a JSON body"
        elif self._shape is not None:
            about += f", {units.count(len(self._shape.variants), 'variant')}"
            if 0 < self._read < self._shape.events:
                about += f", values of {self._read:,}"
        if not node.is_type:
            about = f"{units.count(len(node.types), 'type')}, {about}"
        if self.note:
            return Part(visible(name), "bold $foreground"), Part(self.note, "$accent")
        if self._drift is not None and node.is_type:
            drift = units.count(len(self._drift), "drift") if self._drift else "as pinned"
            style = "$care" if self._drift else "$passed"
            parts = Part(f"   {drift}", style), Part(f", {about}", "$muted")
            return Part(visible(name), "bold $foreground"), *parts
        return Part(visible(name), "bold $foreground"), Part(f"   {about}", "$muted")

    @on(Rows.Highlighted, "#fields")
    def _draw_told(self) -> None:
        rows = self.query_one(FieldRows)
        row = rows.row
        node: FieldNode | None = None if row is None else row.value
        path: tuple[Part, ...] = ()
        told: list[Piece] = []
        right: list[Piece] = []
        if node is not None and node.field is not None:
            field = node.field
            path = (Part(visible(show_path(field.path)), "$key"),)
            drifted = [each.words for each in self._drift or () if each.path == field.path]
            optional = "optional" if field.optional else ""
            words = [*drifted, field.words, optional, f"first in #{field.first_event}", rows.told(field)]
            told = [("  ", ""), *outside("   ".join(word for word in words if word))]
            if field.present > 0:
                right = [(f"{key_of(self.app, 'open')} shows {_these(field.present)} ", "muted")]
        elif node is not None:
            told = [("  what stands around the details, the same in most types", "muted")]
        self.query_one("#path", PaneTitle).parts = path
        if not rows.has_focus:
            right = [] if self.node is None else [(self.node.first_seen, "muted")]
        self.query_one("#told", Told).tell_one(told, right)
        self.draw_keys()

    def draw_keys(self) -> None:
        hints: list[Hint] = [("open", "events", "open_focused"), ("pane-next", "other pane", "other_pane")]
        if self.query_one(FieldRows).has_focus:
            hints += [
                ("field-first", "first event with it", "first_event"),
                ("fold-toggle", "fold", "fold_focused"),
            ]
            hints.append(("data-keys", "keys are data", "keys"))
        elif len(self.marked) == 1:
            hints.insert(0, ("diff", "diff a and this", "diff"))
        elif len(self.marked) == 2:
            hints.insert(0, ("diff", "diff a and b", "diff"))
        hints += [("mark", "mark a, b", "mark"), ("matrix", "matrix", "matrix"), ("find", "find", "find")]
        hints += [("baseline", "baseline", "baseline"), ("export", "export", "export")]
        hints.append(("quiet", "hide unseen" if self.show_unseen else "unseen too", "unseen"))
        self.query_one(KeyFooter).show([*hints, ("back", "back", "back")])

    # -- actions

    @on(KeyFooter.Pressed)
    async def _run_hint(self, message: KeyFooter.Pressed) -> None:
        await self.run_action(message.action)

    def action_open_focused(self) -> None:
        """Open the row under the cursor."""
        self._focused().action_open()

    def action_fold_focused(self) -> None:
        """Fold the row under the cursor, or open it."""
        self._focused().action_fold_toggle()

    def _focused(self) -> Rows:
        fields = self.query_one(FieldRows)
        return fields if fields.has_focus else self.query_one(TypeRows)

    def action_back(self) -> None:
        """From the fields to the types where only one is shown; else leave."""
        if self.has_class("-one") and self.query_one(FieldRows).has_focus:
            self.action_other_pane()
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        """Leave the screen."""
        self.dismiss(None)

    def action_other_pane(self) -> None:
        """Give the focus to the other pane."""
        types, fields = self.query_one(TypeRows), self.query_one(FieldRows)
        self.set_class(types.has_focus, "-reading")
        (fields if types.has_focus else types).focus()

    @on(Rows.Opened, "#types")
    def _show_events(self, message: Rows.Opened) -> None:
        """The events of a type; of a group by its pattern."""
        node: TypeNode = message.row.value
        if not node.types:
            self.notify("No event of this type is stored yet.", markup=False)
        elif node.is_type:
            self.dismiss(field_filter(node.keys, ()))
        else:
            sender = f"sender:{node.sender}" if node.sender else ""
            pattern = f"type:{node.name}" if node.name != "*" else ""
            self.dismiss(f"{sender} {pattern}".strip() or "-sender:*")

    @on(Rows.Opened, "#fields")
    def _show_events_with(self, message: Rows.Opened) -> None:
        node: FieldNode = message.row.value
        if node.field is None:
            self.query_one(FieldRows).action_fold_toggle()
        elif self.node is not None:
            self.dismiss(self._field_filter(node.field.path))

    def _field_filter(self, path: ValuePath) -> str:
        node = self.node
        assert node is not None
        if node.is_type or not node.sender or node.name == "*":
            return field_filter(node.keys, path)
        return f"sender:{node.sender} type:{node.name} {field_filter((), path)}"

    def action_first_event(self) -> None:
        """Show the first event that has the field, or the first of the type."""
        row = self._focused().row
        if row is None:
            return
        if isinstance(row.value, FieldNode):
            if row.value.field is not None:
                self.dismiss(row.value.field.first_event)
        elif row.value.types:
            self.dismiss(min(entry.first_event for entry in row.value.types))

    def action_unseen(self) -> None:
        """Show documented types that were not seen, or hide them."""
        self.show_unseen = not self.show_unseen
        self._draw_types()

    def action_find(self) -> None:
        """Ask for a part of a name in the pane with the focus."""
        focused = self._focused()

        def begin(text: str) -> None:
            focused.focus()
            self._wanted = text.lower()
            self._find_in(focused, 1)

        self.query_one(Prompt).ask("/", begin)

    def action_find_next(self, step: int) -> None:
        """Go to the next row that fits what was asked for."""
        if self._wanted:
            self._find_in(self._focused(), step)
        else:
            self.action_find()

    def _find_in(self, rows: Rows, step: int) -> None:
        def fits(row: Row) -> bool:
            value = row.value
            if isinstance(value, FieldNode):
                return value.field is not None and self._wanted in show_path(value.field.path).lower()
            return value.is_type and self._wanted in value.name.lower()

        if not rows.go_to(fits, step):
            self.notify(f"Nothing here has {visible(self._wanted)} in its name.", markup=False)

    def action_help(self) -> None:
        """Show the keys."""
        name = self.node.name if self.node is not None else "TYPE"
        twin = f"inspector shape '{name}'" if "*" in name else f"inspector shape {name}"
        self.app.push_screen(HelpScreen("Keys in the shapes", groups_in_force(self), twin))


def _these(count: int) -> str:
    return "the event that has it" if count == 1 else f"the {count:,} events that have it"


State = tuple[int, int, int]
"""The last id, how many events there are, and how often the baselines were changed here."""
Types = tuple[State, list[EventType], set[TypeKey], dict[TypeKey, Pin]]


def _read_types(store: Path, before: State | None) -> Types | None:
    """The types, those of which an event showed a new shape or that are not as in their baseline, and the
    baselines; None if nothing changed since `before`."""
    with Reader(store) as reader:
        state = reader.last_id(), reader.total()[0], 0
        if state == before:
            return None
        types, pins = reader.types(), read_pins(reader)
        # The first event of a variant is the one that was marked as new.
        new = {
            (sender or None, name)
            for sender, name in reader.db.execute(
                "SELECT DISTINCT shape.sender, shape.type FROM shape JOIN event ON event.id = first_event "
                "WHERE event.new"
            )
        }
        for key, pin in pins.items():
            drifted = drift_since(pin, reader.shape_of_types([key]))
            new = new | {key} if drifted else new - {key}
        return state, types, new, pins


def _read_shape(store: Path, node: TypeNode) -> tuple[TypeShape, list[Row], list[Drift] | None]:
    with Reader(store) as reader:
        shape = reader.shape_of_types(node.keys)
        pin = read_pin(reader, *node.keys[0]) if node.is_type else None
    drifted = None if pin is None else drift_since(pin, shape)
    paths = None if drifted is None else {each.path for each in drifted}
    return shape, field_rows(shape, node.sender, paths), drifted


def _read_values(store: Path, node: TypeNode, shape: TypeShape) -> tuple[dict[ValuePath, str], int]:
    """What the values look like in words, and of how many events."""
    with Reader(store) as reader:
        values = values_of(reader, shape, sample_ids(reader, shape, node.keys))
    return values.all_in_words(), values.payloads
