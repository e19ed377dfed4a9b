"""The panes of the main screen: where they stand, which has the focus, what is there before any event."""

from __future__ import annotations

from dataclasses import replace

from textual import events
from textual.geometry import Size
from textual.widget import Widget

from inspector.tui.detail import TABS
from inspector.tui.screens.ground import Ground
from inspector.tui.screens.layout import Layout, layout_for
from inspector.tui.session import Session
from inspector.tui.widgets.empty import EmptyPane
from inspector.tui.widgets.glyphs import Glyphs
from inspector.tui.widgets.pane_title import PaneTitle

_LOW = 36
"""Rows of a terminal below which panes above each other are low; a single one is in half as many."""

_PLACED = "#panes, #list-pane, DetailPane, DetailPane > #inner, EmptyPane, StatusLine, KeyFooter, #tiny"
"""What the rules of style place by the classes of the layout."""


class Panes(Ground):
    """List, detail and, where there is room, a third pane for shape and attempts."""

    def __init__(self, session: Session, glyphs: Glyphs) -> None:
        super().__init__(session, glyphs)
        self.list_title = PaneTitle(glyphs, id="list-title")
        self.empty_pane = EmptyPane(glyphs)
        self.layout_wanted = session.preferences.layout
        self.zoomed = "list" if session.preferences.zoomed else ""
        self.placed: Layout | None = None
        self.front = "list"
        """The one pane that is shown when there is room for one."""
        self._resume = False
        self._laid_out: Size | None = None

    def on_resize(self, message: events.Resize) -> None:
        """Arrange the panes for the size there is, before Textual lays them out and paints them in the same turn."""
        self.place_panes(message.size.width, message.size.height)
        # After a suspension the size is told again, and the terminal has lost what was painted.
        if message.size != self._laid_out:
            self._laid_out = message.size
            self.call_next(self._painted)

    def _painted(self) -> None:
        """Textual would paint all of the screen a second time, as it has another size than before."""
        if self.app.screen is self:
            self._repaint_required = False

    def place_panes(self, width: int = 0, height: int = 0) -> None:
        """Place the panes; zoom and the user's own choice come first."""
        width, height = width or self.size.width, height or self.size.height
        layout = layout_for(width, height, self.layout_wanted)
        if layout == "one" and self.placed not in ("one", "tiny", None):
            self.front = self.focused_pane()
        if layout == "tiny" and self.placed != "tiny":
            # What is hidden loses the focus, and the list without focus does not follow.
            self.front, self._resume = self.focused_pane(), self.events.following
        back = self.placed == "tiny" and layout != "tiny"
        only = self.zoomed or (self.front if layout == "one" else "")
        beside = layout in ("wide", "beside") and not only
        for pane in (self.details, self.extra):
            pane.set_class(beside, "-beside", update=False)
            pane.pane_title.corner = beside
        before = self.classes
        self.update_classes(
            {f"-{name}": layout == name for name in ("wide", "beside", "stacked", "one", "tiny")}
            | {f"-only-{name}": only == name for name in ("list", "detail", "extra")},
            update=False,
        )
        if self.classes != before or self.placed is None:
            # These alone: to style all that the screen holds takes as long as to paint it.
            self.app.stylesheet.update_nodes(self.query(_PLACED), animate=True)
        wide = layout == "wide" and (not only or only == "extra")
        if wide and self.details.tab in TABS[4:]:
            self.extra.tab = self.details.tab
        self.details.tabs = TABS[:4] if wide else TABS
        if not wide and self.placed == "wide" and self.extra.viewer.has_focus:
            self.details.viewer.focus()
        self.placed = layout
        shares = layout == "stacked" and not only
        low = width if (shares and height < _LOW) or (layout == "one" and height < _LOW // 2) else 0
        if low != self.look.low:
            self.look = replace(self.look, low=low)
            self.reload_detail()
        self.update_footer()
        if back:
            self.call_after_refresh(self._come_back)

    def _come_back(self) -> None:
        """From a terminal that was too small to show anything."""
        if self.has_class("-empty"):
            self.empty_pane.welcome.focus()
        else:
            self._widget(self.front).focus()
            if self._resume:
                self.events.follow()

    def _widget(self, pane: str) -> Widget:
        return {"list": self.events, "detail": self.details.viewer, "extra": self.extra.viewer}[pane]

    def action_zoom(self) -> None:
        """Give the focused pane everything, or take it back."""
        self.zoomed = "" if self.zoomed else self.focused_pane()
        self.keep("zoomed", bool(self.zoomed))
        self.place_panes()

    def action_layout(self) -> None:
        """Go through the layouts: by the size, beside, stacked, one pane."""
        names = ("", "beside", "stacked", "one")
        self.layout_wanted = (
            names[(names.index(self.layout_wanted) + 1) % 4] if self.layout_wanted in names else ""
        )
        self.keep("layout", self.layout_wanted)
        self.tell(f"Layout: {self.layout_wanted or 'by the size of the terminal'}")
        self.place_panes()

    def focused_pane(self) -> str:
        """``list``, ``detail`` or ``extra``."""
        if self.details.has_focus_within:
            return "detail"
        return "extra" if self.extra.has_focus_within else "list"

    def show_pane(self, name: str) -> None:
        """Put the focus on ``list``, ``detail`` or ``extra``, bringing it to the front where one is shown."""
        if name == "extra" and self.placed != "wide":
            name = "detail"
        self.front = name
        if self.zoomed:
            self.zoomed = name
        self.place_panes()
        # Display of a pane that was hidden takes effect with the next refresh of the styles.
        self.call_after_refresh(self._widget(name).focus)

    def action_other_pane(self, step: int) -> None:
        """Go to the next pane."""
        if self.has_class("-empty"):
            return
        panes = ["list", "detail", "extra"] if self.placed == "wide" else ["list", "detail"]
        self.show_pane(panes[(panes.index(self.focused_pane()) + step) % len(panes)])

    def on_descendant_focus(self) -> None:
        """Light the rule of the pane that has the focus."""
        self._light()

    def on_descendant_blur(self) -> None:
        """The same."""
        self._light()

    def _light(self) -> None:
        self.list_title.focused = self.events.has_focus or self.filter_bar.has_focus_within
        self.details.pane_title.focused = self.details.has_focus_within
        self.extra.pane_title.focused = self.extra.has_focus_within
        self.update_title()
        self.update_footer()

    def show_empty(self) -> None:
        """Show the welcome while no event is stored, and the panes from the first one on."""
        empty = not self.source.all_ids
        was = self.has_class("-empty")
        self.set_class(empty, "-empty")
        if empty:
            self.empty_pane.welcome.focus()
        elif was or self.focused is None:
            self.call_after_refresh(self._start_reading)

    def _start_reading(self) -> None:
        self.events.focus()
        self.events.follow()
