"""What every screen has: work beside it that fails is told of and logged, and the screen goes on."""

from __future__ import annotations

from typing import Any, TypeVar

from textual import on
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.worker import Worker, WorkerState

from inspector.tui.log import view_failed
from inspector.tui.widgets.rows import Rows

Result = TypeVar("Result")


class Boundary(Screen[Result]):
    """Its workers never end the app."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """One row for all where only the background is its own; below a dialog another screen is seen."""
        if self.is_modal:
            return super().render_lines(crop)
        return super().render_lines(Region(crop.x, crop.y, crop.width, 1)) * crop.height

    def run_worker(self, *work: Any, **options: Any) -> Worker[Any]:
        """Like that of every node, but a failure is a message."""
        return super().run_worker(*work, **{**options, "exit_on_error": False})

    @on(Worker.StateChanged)
    def _tell_failed(self, message: Worker.StateChanged) -> None:
        if message.state is not WorkerState.ERROR or message.worker.error is None:
            return
        what = f"{type(self).__name__}, {message.worker.group}"
        sentence = view_failed(what, message.worker.error)
        for widget in self.query("Rows"):
            if isinstance(widget, Rows) and not widget.rows:
                widget.say(sentence)
        self.notify(sentence, severity="error", timeout=10, markup=False)
