"""Strips of Textual without the caches that each of them brings along.

A strip, a line of a widget, has seven caches for what it is cut and styled into. Our lines are made anew for each
paint, so these hardly ever answer; but there are thousands of strips a paint, and to make the caches, and to look
through them for garbage, took half of the time of painting. Some even kept the strip itself, which only a collection
ended: it then had hundreds of thousands of objects to look at, and held the loop up for a quarter of a second.
"""

from __future__ import annotations

from typing import Any

from textual import strip
from textual.cache import FIFOCache


class _KeepsNothing(FIFOCache[Any, Any]):
    """A cache that is always empty, so that all strips can share it."""

    def set(self, key: Any, value: Any) -> None:
        """Do not keep it."""

    __setitem__ = set

    def get(self, key: Any, default: Any = None) -> Any:
        """Nothing is kept."""
        return default


_ONE = _KeepsNothing(1)


def strips_without_caches() -> None:
    """Give the strips made from now on no caches of their own. Changes Textual's module."""
    strip.FIFOCache = lambda maxsize: _ONE  # type: ignore[assignment, attr-defined]
