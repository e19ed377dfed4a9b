"""Filters that the user saved by a name: ``@name`` stands for one, in the filter bar and on the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from inspector.config.state import State
from inspector.core.events import InspectorError
from inspector.core.text import visible

_NAME = re.compile(r"[\w-]{1,40}")
_IN_STATE = "filters"
_HISTORY = "filter-history"


def saved_filters(state: State) -> dict[str, str]:
    """Names, in their order, with the filter that each stands for."""
    found = state.get(_IN_STATE)
    if not isinstance(found, Mapping):
        return {}
    return {
        name: text for name, text in sorted(found.items()) if isinstance(text, str) and _NAME.fullmatch(name)
    }


def save_filter(state: State, name: str, text: str) -> None:
    """Keep a filter, or forget the one of this name when `text` is empty.

    Waits for the disk. InspectorError when the name is none, or nothing can be kept.
    """
    name = name.removeprefix("@")
    if not _NAME.fullmatch(name):
        raise InspectorError(f"{visible(name)} is no name for a filter; use letters, digits, - and _.")
    filters = saved_filters(state)
    if text:
        filters[name] = text
    elif filters.pop(name, None) is None:
        raise InspectorError(f"There is no saved filter {name}.", code=1)
    if not state.put(_IN_STATE, filters):
        raise InspectorError("The filter holds until the screen ends: it could not be written.")


def filter_history(state: State) -> list[str]:
    """Filters that were used, the newest last."""
    found = state.get(_HISTORY)
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def keep_history(state: State, history: list[str]) -> None:
    """Keep what was used. Waits for the disk."""
    state.put(_HISTORY, history)
