"""The diff screen: how two sides (types, events, payload files) differ in shape, in values and in headers.

It ends with what the list should show: a filter (str) for the events that have a field, or None.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sqlite3
from collections.abc import Hashable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize

from inspector.core import units
from inspector.core.alignment import Apart, on_side
from inspector.core.events import InspectorError
from inspector.core.field_filter import field_filter
from inspector.core.payload import show_path
from inspector.core.shorten import differing
from inspector.core.text import count_unsafe, storable, visible
from inspector.core.value_diff import MAX_PLACES
from inspector.store.reader import Reader
from inspector.store.sides import Side, compare, resolve_side
from inspector.tui.keys import bind, key_of
from inspector.tui.screens.diff_rows import MEANINGS, ChangeRows, Line, key_swapped, markdown
from inspector.tui.screens.diff_sides import Compared, View, read_both, view_of
from inspector.tui.screens.help import HelpScreen, groups_in_force
from inspector.tui.screens.leaving import LeftOnce
from inspector.tui.widgets.footer import Hint, KeyFooter
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.prompt import Prompt
from inspector.tui.widgets.rows import Piece, Row, outside
from inspector.tui.widgets.told import Told

TABS = ("Shape", "Values", "Headers")
_OPTIONS = ("", " --values", " --headers")
"""What the command line wants for the same."""
BESIDE = 100
"""Columns from which the sides stand side by side."""


class DiffScreen(LeftOnce[str | None]):
    """Shape, values and headers of two sides. The side a is what one knows, b is what comes."""

    DEFAULT_CSS = """
    DiffScreen { background: $background; }
    DiffScreen #path { color: $rule; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("back", "back", "Back"),
        bind("close", "back", "Leave this screen"),
        bind("help", "help", "Keys of this screen"),
        bind("tab-1", "tab(0)", "Shape"),
        bind("tab-2", "tab(1)", "Values"),
        bind("tab-3", "tab(2)", "Headers"),
        bind("pane-next", "next_tab(1)", "Next tab", priority=True),
        bind("pane-previous", "next_tab(-1)", "Tab before", priority=True),
        bind("find-next", "next(1)", "Next change"),
        bind("find-previous", "next(-1)", "Previous change"),
        bind("find", "find", "Find a field"),
        bind("swap", "swap", "Swap a and b"),
        bind("quiet", "alike", "Show what is alike, or not"),
        bind("pane-layout", "layout", "Side by side or unified"),
        bind("diff-with", "other_side", "Choose the other side"),
        bind("export", "export", "Export as Markdown or JSON"),
        bind("copy", "copy", "Copy the path"),
    ]

    def __init__(self, store: Path, a: Side, b: Side, *, glyphs: Glyphs | None = None) -> None:
        super().__init__()
        self.store = store
        self.sides = (a, b)
        self._glyphs = glyphs
        self.tab = 0
        self.alike = False
        self.beside: bool | None = None
        """None follows the width."""
        self._compared: Compared | None = None
        self._shown = View()
        self._stay: Hashable | None = None
        """The row to go back to once the sides are swapped."""

    @property
    def glyphs(self) -> Glyphs:
        """The signs asked for, else those of the app."""
        own: Glyphs = getattr(self.app, "glyphs", UNICODE)
        return own if self._glyphs is None else self._glyphs

    def compose(self) -> ComposeResult:
        yield PaneTitle(self.glyphs, id="title")
        yield Told(id="summary")
        yield Told(id="heading")
        yield ChangeRows(self.glyphs, id="changes")
        yield PaneTitle(self.glyphs, id="path")
        yield Told(id="told")
        yield KeyFooter(id="keys")
        yield Prompt()

    def on_mount(self) -> None:
        """Begin to compare."""
        self.query_one("#title", PaneTitle).focused = True
        self.query_one(ChangeRows).focus()
        self._fit()
        self.compare()

    @on(Resize)
    def _fit(self) -> None:
        """Follow the width, unless the layout was chosen."""
        rows = self.query_one(ChangeRows)
        rows.beside = self.app.size.width >= BESIDE if self.beside is None else self.beside
        rows.refresh()
        self._draw_frame()

    # -- comparing

    @work(exclusive=True, group="compare")
    async def compare(self) -> None:
        """Compare both sides in a thread: the changes first, what takes reading events after."""
        self._compared = None
        self.draw()
        a, b = self.sides
        changes = await asyncio.to_thread(compare, a, b)
        self._compared = Compared(changes, no_values="Reading …")
        self.draw(keep=False)
        try:
            self._compared = await asyncio.to_thread(read_both, self.store, a, b, changes)
        except (InspectorError, sqlite3.Error, OSError) as error:
            self._compared.no_values = f"The store cannot be read: {error}"
        self.draw()

    @work(exclusive=True, group="draw")
    async def draw(self, keep: bool = True) -> None:
        """Show the lines of the open tab, which a thread makes: there may be thousands."""
        view = await asyncio.to_thread(view_of, self._compared, self.sides, self.tab, self.alike)
        self._shown = view
        rows = self.query_one(ChangeRows)
        rows.present, rows.breaks = view.present, self.tab == 0
        rows.show(view.rows, keep)
        if self._stay is not None and rows.reveal(self._stay):
            self._stay = None
        self._draw_frame()

    # -- what stands around the rows

    def _draw_frame(self) -> None:
        rows = self.query_one(ChangeRows)
        title = [Part("Diff  ", "bold $foreground")]
        for index, name in enumerate(TABS):
            title.append(
                Part(
                    f" [{name}]" if index == self.tab else f" {name} ",
                    "bold $foreground" if index == self.tab else "$muted",
                    str(index),
                )
            )
        self.query_one("#title", PaneTitle).parts = tuple(title)
        self.query_one("#summary", Told).tell(lambda width: [(self._summary(width), self._position())])
        names = [self._called(side) for side in self.sides]
        self.query_one("#heading", Told).tell(
            lambda width: rows.heading(names[0], names[1], rows.scrollable_content_region.width or width)
        )
        self._draw_path()
        beside = "unified" if rows.beside else "side by side"
        hints: list[Hint] = [
            ("find-next", "next", "next(1)"),
            ("find-previous", "previous", "next(-1)"),
            ("swap", "swap a and b", "swap"),
        ]
        if not self._shown.places:
            other = (self.tab + 1) % len(TABS)
            hints = [(f"tab-{other + 1}", TABS[other].lower(), f"tab({other})")]
        hints.append(("quiet", "hide alike" if self.alike else "alike too", "alike"))
        hints += [
            ("pane-layout", beside, "layout"),
            ("diff-with", "other side", "other_side"),
            ("export", "export", "export"),
        ]
        self.query_one(KeyFooter).show([*hints, ("back", "back", "back")])

    def _called(self, side: Side) -> tuple[str, str]:
        """How a side is called, and what stands for it in the open tab."""
        if side.kind in ("file", "schema"):
            return side.label, "a file" if side.kind == "file" else "a JSON Schema"
        if side.kind == "baseline":
            return side.label, f"pinned, {units.count(side.events, 'event')}"
        if side.kind == "event":
            return side.label, side.types[0][1] if side.types else "one event"
        if self.tab == 0:
            variants = units.count(len(side.shape.variants), "variant")
            return side.label, f"{units.count(side.events, 'event')}, {variants}"
        return side.label, f"#{side.event}, the first of {units.count(side.events, 'event')}"

    def _position(self) -> list[Piece]:
        row = self.query_one(ChangeRows).row
        here = None if row is None else self._shown.places.get(row.key)
        return [] if here is None else [(f"{here:,} of {len(self._shown.places):,} ", "muted")]

    def _summary(self, width: int) -> list[Piece]:
        found = self._compared
        if found is None:
            return [("  Comparing …", "muted")]
        view = self._shown
        if self.tab == 0:
            if not found.changes:
                return [(f"  The same shape. {key_of(self.app, 'tab-2')} compares the values.", "passed")]
            verb = "is" if view.alike == 1 else "are"
            hidden = ""
            if view.alike and not self.alike:
                hidden = f"      {units.count(view.alike, 'field')} alike {verb} hidden"
            words = (
                view.words if len(view.words) + len(hidden) + 16 <= width else view.words.partition(":")[0]
            )
            return [(f"  {words}", ""), (hidden, "muted")]
        if found.no_values and (self.tab == 1 or None in found.requests):
            return [(f"  {found.no_values}", "muted")]
        changes = len(view.places)
        what = "header line" if self.tab == 2 else "value"
        if not changes:
            some_are_hidden = not self.alike and (self.tab == 2 or bool(found.values))
            more = f" {key_of(self.app, 'quiet')} shows them." if some_are_hidden else ""
            return [(f"  The same {what}s.{more}", "passed")]
        verb = "differs" if changes == 1 else "differ"
        note = "" if self.alike else "      what is alike is hidden"
        if self.tab == 1 and len(found.values) >= MAX_PLACES:
            note = f"      only the first {MAX_PLACES:,} values are compared"
        return [(f"  {units.count(changes, what)} {verb}", ""), (note, "muted")]

    def _draw_path(self) -> None:
        row = self.query_one(ChangeRows).row
        line: Line | None = row.value[0] if row is not None else None
        path = "" if line is None else line.name or show_path(line.path)
        self.query_one("#path", PaneTitle).parts = (Part(visible(path), "$key"),) if path else ()
        told: list[Piece] = []
        right: list[Piece] = []
        if line is not None:
            told = [("  ", ""), *self._tell(line)]
            if self.tab:
                right = [(f"{line.told} ", "muted")]
            elif self._filter(line):
                right = [(f"{key_of(self.app, 'open')} shows the events ", "muted")]
        self.query_one("#told", Told).tell_one(told, right)

    def _tell(self, line: Line) -> list[Piece]:
        if self.tab == 0:
            # What stands on one side only is told in full: its cell may be too narrow for it.
            only = "" if line.a and line.b else line.a or line.b
            return [*outside(line.told), *outside(f"   {only}" if only else "", "muted")]
        escaped = count_unsafe(line.a + line.b)
        note = f"   {units.count(escaped, 'control character')}, escaped." if escaped else ""
        sides = differing(line.a, line.b, max(8, (self.size.width - len(line.told) - 12) // 2))
        both = [text for text in (sides[:1] if line.a == line.b else sides) if text]
        return [*outside("  →  ".join(both)), (note, "muted")]

    @on(ChangeRows.Highlighted)
    def _follow_cursor(self) -> None:
        self._draw_frame()

    # -- actions

    def action_back(self) -> None:
        """Leave the screen."""
        self.dismiss(None)

    @on(KeyFooter.Pressed)
    async def _run_hint(self, message: KeyFooter.Pressed) -> None:
        await self.run_action(message.action)

    @on(PaneTitle.Pressed)
    def _open_pressed(self, message: PaneTitle.Pressed) -> None:
        self.action_tab(int(message.name))

    def action_tab(self, tab: int) -> None:
        """Show another tab."""
        self.tab, self._stay = tab, None
        self.draw(keep=False)

    def action_next_tab(self, step: int) -> None:
        """Show the tab beside."""
        self.action_tab((self.tab + step) % len(TABS))

    def action_next(self, step: int) -> None:
        """Go to the next change."""
        self.query_one(ChangeRows).go_to(lambda row: bool(row.value[0].sign), step)

    def action_find(self) -> None:
        """Ask for a part of a path and go there; n goes on with changes."""
        self.query_one(Prompt).ask("/", self._find)

    def _find(self, text: str) -> None:
        wanted = text.lower()

        def fits(row: Row) -> bool:
            line: Line = row.value[0]
            if line.name:
                return wanted in line.name.lower()
            # One path where both sides have it in the same place: there may be thousands of lines.
            paths = {on_side(line.path, side) for side in "ab"} if Apart.among(line.path) else (line.path,)
            return any(wanted in show_path(path).lower() for path in paths)

        if not self.query_one(ChangeRows).go_to(fits, 1):
            self.notify(f"No line here has {visible(text)} in its path.", markup=False)

    def action_swap(self) -> None:
        """Read it the other way round."""
        a, b = self.sides
        self.sides = (b, a)
        row = self.query_one(ChangeRows).row
        self._stay = None if row is None else key_swapped(row)
        self.compare()

    def action_alike(self) -> None:
        """Show what is the same on both sides, or hide it."""
        self.alike = not self.alike
        self.draw()

    def action_layout(self) -> None:
        """Side by side, or unified."""
        self.beside = not self.query_one(ChangeRows).beside
        self._fit()

    def _filter(self, line: Line) -> str:
        a, b = self.sides
        side = a if line.sign == "-" else b
        wanted = field_filter(side.types, line.path) if side.types and line.path else ""
        return f"{wanted} {side.words}".strip() if wanted else ""

    @on(ChangeRows.Opened)
    def _show_events(self, message: ChangeRows.Opened) -> None:
        line: Line = message.row.value[0]
        if self.tab == 0 and (wanted := self._filter(line)):
            self.dismiss(wanted)

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        row = self.query_one(ChangeRows).row
        if row is not None:
            line: Line = row.value[0]
            path = storable(line.name or show_path(on_side(line.path, "a" if line.sign == "-" else "b")))
            self.app.copy_to_clipboard(path)
            self.notify(f"Copied {visible(path)}", markup=False)

    def action_other_side(self) -> None:
        """Ask for another b: a type, an event, a file, or ``@since:24h`` for some events of a's type."""
        self.query_one(Prompt).ask("b is (type, id, file, @since:24h, @baseline)", self.resolve_other)

    @work(exclusive=True, group="resolve")
    async def resolve_other(self, text: str) -> None:
        """Read what was typed, in a thread, and compare with it."""

        def read() -> Side:
            with Reader(self.store) as reader:
                return resolve_side(reader, text, self.sides[0])

        try:
            side = await asyncio.to_thread(read)
        except (InspectorError, sqlite3.Error) as error:
            self.notify(visible(str(error)), severity="error", timeout=10, markup=False)
            return
        self.sides = (self.sides[0], side)
        self.compare()

    def action_export(self) -> None:
        """Ask for the name of a file; .json gives JSON lines, anything else Markdown."""
        self.query_one(Prompt).ask("export to", self._export, "diff.md")

    def _export(self, name: str) -> None:
        a, b = (side.label for side in self.sides)
        changes = self._compared.changes if self._compared is not None else []
        if name.lower().endswith(".json"):
            text = "".join(json.dumps(change.as_json()) + "\n" for change in changes)
        else:
            text = markdown(a, b, changes)
        path = Path(name.strip()).expanduser()
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            self.notify(
                f"{visible(str(path))} exists already; nothing was written.", severity="error", markup=False
            )
        except OSError as error:
            self.notify(visible(f"Cannot write {path}: {error.strerror}."), severity="error", markup=False)
        else:
            self.notify(visible(f"Wrote {units.count(len(changes), 'change')} to {path}"), markup=False)

    def action_help(self) -> None:
        """Show the keys."""
        a, b = (shlex.quote(side.label.removeprefix("#")) for side in self.sides)
        self.app.push_screen(
            HelpScreen(
                "Keys in the diff",
                groups_in_force(self),
                f"inspector diff {a} {b}{_OPTIONS[self.tab]}",
                signs=MEANINGS,
            )
        )
