"""What another process asks of the running listener: another answer, a pause (it returns once that is so), or what it
answers now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from inspector.capture.answers import ASKED, rules_form
from inspector.capture.child import running
from inspector.core.events import InspectorError
from inspector.store.edits import Edits
from inspector.store.reader import Reader

_TAKEN_S = 3.0
"""How long the listener may take to say that it does as asked."""
_LOOK_S = 0.02


def ask_answers(path: Path, rules: Any) -> dict[str, Any]:
    """Have senders answered by `rules` (JSON form, already read once), until the listener ends.

    Returns what the listener says then: ``{"text", "rules", "paused", "then"}``. InspectorError when none runs,
    or when it does not take them.
    """
    # The time makes two equal wishes two: a sequence begins again.
    wish = {**rules_form(rules), ASKED: time.time_ns() // 1000}
    return _ask(path, "answers", wish, lambda said: said.get("rules") == wish)


def ask_pause(path: Path, paused: bool) -> dict[str, Any]:
    """Have every sender answered 503, or by the rules again; returns and raises as `ask_answers` does."""
    return _ask(path, "paused", paused, lambda said: said.get("paused") is paused)


def answers_said(path: Path) -> dict[str, Any]:
    """What the listener says now, as `ask_answers` returns it; InspectorError when none runs."""
    with Reader(path) as reader:
        _check_runs(path)
        said = reader.state("answers")
    if not isinstance(said, dict):
        raise InspectorError("the listener does not say what it answers; it may just have ended.")
    return said


def _check_runs(path: Path) -> None:
    if running(path) is None:
        raise InspectorError(f"no listener runs for {path}. Start inspector, or inspector listen.")


def _ask(
    path: Path, name: str, wish: object, is_taken: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Any]:
    with Reader(path) as reader:
        _check_runs(path)
        with Edits(path) as edits:
            edits.set_setting(name, wish)
        deadline = time.monotonic() + _TAKEN_S
        while time.monotonic() < deadline:
            said = reader.state("answers")
            if isinstance(said, dict) and is_taken(said):
                return said
            if reader.setting(name) not in (None, wish):
                raise InspectorError(
                    "somebody else asked for something else at the same time, and that holds; "
                    "inspector respond --show tells it.",
                    code=1,
                )
            time.sleep(_LOOK_S)
    raise InspectorError("the listener did not take it within 3 s; its own output says why.", code=1)


def plain_rules(said: Mapping[str, Any]) -> Any:
    """The rules out of what the listener says, as they were asked for."""
    rules = said.get("rules")
    return {key: part for key, part in rules.items() if key != ASKED} if isinstance(rules, dict) else rules
