"""What every screen above the main one is: left once, however fast the keys come that leave it."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete

from inspector.tui.screens.boundary import Boundary

Result = TypeVar("Result")


class LeftOnce(Boundary[Result]):
    """Its second `dismiss` does nothing, where it would end the screen below and give the result twice."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """End this screen with a result, if it is not ended already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
