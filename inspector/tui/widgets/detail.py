"""The detail pane: tabs as its title, a viewer, and two rows that say where the cursor is."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from inspector.core import units
from inspector.core.type_shape import TypeShape
from inspector.tui.detail import Detail, Look
from inspector.tui.documents import document
from inspector.tui.keys import key_of
from inspector.tui.widgets.document import Document
from inspector.tui.widgets.glyphs import UNICODE, Glyphs
from inspector.tui.widgets.pane import Pane
from inspector.tui.widgets.pane_title import PaneTitle, Part
from inspector.tui.widgets.path_bar import PathBar
from inspector.tui.widgets.viewer import Viewer


class FindBar(Horizontal):
    """Takes the last row of the path bar while something is looked for in the viewer."""

    DEFAULT_CSS = """
    FindBar { height: 1; display: none; background: $panel; }
    FindBar > #find-sign { width: 3; color: $accent; }
    FindBar > #find-count { width: auto; color: $muted; }
    FindBar > Input { width: 1fr; border: none; height: 1; padding: 0; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.line = Input(id="find-input", compact=True, select_on_focus=False)
        self._count = Static("", id="find-count", markup=False)

    def open(self) -> None:
        """Show it with nothing written yet. What it holds joins the screen now: the start need not wait for it."""
        if not self.line.is_attached:
            self.mount(Static(" / ", id="find-sign", markup=False), self.line, self._count)
        self.display = True
        self.line.value = ""
        self.count("")
        self.screen.set_focus(self.line)

    @property
    def is_written_into(self) -> bool:
        """Whether letters go into the line, so that no letter is a key."""
        return bool(self.display) and self.line.has_focus

    def count(self, text: str) -> None:
        """Show how many were found."""
        self._count.update(Content(text))


class DetailPane(Pane):
    """Shows one event; `tabs` are those it offers, which may change with the size of the terminal."""

    DEFAULT_CSS = """
    DetailPane { width: 1fr; height: 1fr; }
    DetailPane > #inner { height: 1fr; }
    DetailPane.-beside > #inner { border-left: solid $rule; }
    """

    tab: reactive[str] = reactive("Details")
    tabs: reactive[tuple[str, ...]] = reactive(())

    def __init__(self, tabs: Sequence[str], glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.pane_title = PaneTitle(glyphs)
        self.viewer = Viewer(glyphs=glyphs)
        self.path_bar = PathBar(glyphs)
        self.find_bar = FindBar()
        self.detail: Detail | None = None
        self.shape: TypeShape | None = None
        self.look = Look()
        self._first: Detail | None = None
        """The beginning of what is shown, which stands there until all is read."""
        self._shown: tuple[object, ...] = ()
        self._found = (0, 0)
        """The match the cursor is on, and how many there are."""
        self.set_reactive(DetailPane.tabs, tuple(tabs))
        self.set_reactive(DetailPane.tab, tabs[0])

    def compose(self) -> ComposeResult:
        """Title above, viewer, path."""
        yield self.pane_title
        with Pane(id="inner"):
            yield self.viewer
            yield self.path_bar
            yield self.find_bar

    def on_mount(self) -> None:
        """Write the tabs."""
        self._write_title()

    def show(self, detail: Detail | None, shape: TypeShape | None, look: Look) -> None:
        """Show an event with what is known of its type; nothing is rebuilt that is shown already."""
        self.detail, self.shape, self.look = detail, shape, look
        if detail is None or self._first is None or self._first.event.id != detail.event.id:
            self._first = None
        if detail is not None and detail.first_part:
            self._first = detail
        self.path_bar.shape = shape
        self.path_bar.note = (
            f"reading {units.size(detail.event.size)} …" if detail is not None and detail.first_part else ""
        )
        self._write_title()
        self._show_tab()

    def clear(self) -> None:
        """Show nothing."""
        self._shown = ()
        self.viewer.show(Document())

    def watch_tab(self) -> None:
        """Show another tab."""
        self._write_title()
        self._show_tab()

    def watch_tabs(self, tabs: tuple[str, ...]) -> None:
        """Stay on a tab that is offered."""
        if self.tab not in tabs:
            self.tab = tabs[0]
        self._write_title()

    def _show_tab(self) -> None:
        if not self.is_mounted:
            return
        detail, shape, look, tab = self.detail, self.shape, self.look, self.tab
        if detail is None:
            self.clear()
            return
        depends = shape if tab == "Shape" else detail.attempts if tab == "Attempts" else None
        wanted = (
            detail.event.id,
            tab,
            look.hex,
            (detail.event, detail.news, detail.first_part, look),
            id(depends) if tab == "Shape" else depends,
        )
        if wanted == self._shown:
            return
        # The same event again is another one of its states: nothing moves under the reader.
        same = wanted[:3] == self._shown[:3]
        self._shown = wanted
        small = tab in ("Headers", "Shape", "Attempts")
        first = self._first
        self.viewer.read(
            lambda: document(detail, tab, look, shape),
            0 if small else detail.weight,
            first=None if first is None else lambda: document(first, tab, look, shape),
            same=same,
        )

    def _write_title(self) -> None:
        parts: list[Part] = []
        for tab in self.tabs:
            words = tab
            if tab == "Shape" and self.detail is not None and self.detail.event.new:
                words += f" {self.glyphs.new}"
            if tab == "Attempts" and self.detail is not None and self.detail.attempts:
                words += f" {len(self.detail.attempts)}"
            if tab == self.tab:
                parts.append(Part(f"[{words}]", "bold $foreground", tab))
            else:
                parts.append(Part(f" {words} ", "$muted", tab))
        self.pane_title.parts = tuple(parts)

    @on(PaneTitle.Pressed)
    def _open_tab(self, message: PaneTitle.Pressed) -> None:
        message.stop()
        self.tab = message.name
        self.viewer.focus()

    @on(Viewer.CursorMoved)
    def _follow_cursor(self, message: Viewer.CursorMoved) -> None:
        self.path_bar.place = message.place

    # -- find

    def open_find(self) -> None:
        """Ask what to look for in this pane."""
        self.path_bar.styles.height = 1
        self.find_bar.open()

    def close_find(self) -> bool:
        """Leave the search; False when none was open."""
        if not self.find_bar.display:
            return False
        self.find_bar.display = False
        self.path_bar.styles.height = 2
        self.viewer.find("")
        self.viewer.focus()
        return True

    @on(Input.Changed, "#find-input")
    def _look_for(self, message: Input.Changed) -> None:
        message.stop()
        self.viewer.find(message.value)

    @on(Input.Submitted, "#find-input")
    def _keep_matches(self, message: Input.Submitted) -> None:
        message.stop()
        self.viewer.focus()

    @on(Viewer.Found)
    def _count_matches(self, message: Viewer.Found) -> None:
        self._found = message.current, message.total
        self._tell_matches()

    def on_descendant_focus(self) -> None:
        """Tell which keys act: letters do not while they are written into the line."""
        self._tell_matches()

    def _tell_matches(self) -> None:
        if not self.find_bar.display:
            return
        text, (current, total) = self.find_bar.line.value, self._found
        reading = bool(self.path_bar.note)
        if not text:
            words = " esc closes "
        elif not total:
            words = f" {'none yet, still reading' if reading else 'no match'}   esc closes "
        else:
            keys = " ".join(key_of(self.app, id) for id in ("find-next", "find-previous"))
            keys = f"enter, then {keys}" if self.find_bar.is_written_into else f"{keys} next, previous"
            words = f" {current:,} of {total:,}{' so far' if reading else ''}   {keys}   esc closes "
        self.find_bar.count(words)
