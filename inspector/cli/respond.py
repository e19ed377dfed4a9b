"""``inspector respond``: what the running listener answers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from inspector.cli.output import emit, narrate
from inspector.core.events import InspectorError
from inspector.store.place import store_path

_TAKEN_S = 3.0
"""How long `respond` waits for the listener to say that it answers by the new rules."""


@click.command("respond", short_help="Say what the running listener answers.")
@click.argument("answer", required=False)
@click.option("--file", default=None, metavar="FILE", help="Rules as JSON, as above.")
@click.option("--show", is_flag=True, help="Print what is answered now.")
@click.option("--json", "as_json", is_flag=True, help='Print it as JSON: {"text", "rules"}.')
@click.pass_obj
def respond_command(
    store: str | None, answer: str | None, file: str | None, show: bool, as_json: bool
) -> None:
    """Say what senders are answered from now on; every event is stored all the same.

    \b
    ANSWER
      200           the usual answer
      503           any status from 200 to 599
      500,500,200   in turn; the last one stays
      drop          close the connection without an answer
      by-url        /any/path/404 is answered 404

    \b
    Rules in a file, the first that fits holds:
      [{"path": "/hooks/*", "method": "POST", "status": 503,
        "headers": {"Retry-After": "5"}, "body": "busy", "delay": "2s"},
       {"sequence": [500, {"drop": true}, 200]}]

    It lasts until the listener ends, and returns when the listener has taken it.
    """
    from inspector.capture.answers import read_respond, read_rules
    from inspector.capture.child import running
    from inspector.store.reader import Reader

    given = [one for one in (answer, file) if one is not None]
    if len(given) + show != 1:
        raise InspectorError("say what to answer: one of ANSWER, --file FILE and --show.")
    rules: Any = None
    if answer is not None:
        rules = read_respond(answer)
    elif file is not None:
        rules = rules_in(file)
        read_rules(rules)
    path = store_path(store)
    with Reader(path) as reader:
        if running(path) is None:
            raise InspectorError(f"no listener runs for {path}. Start inspector, or inspector listen.")
        state = reader.state("answers") if show else _ask(path, reader, rules)
    if not isinstance(state, dict):
        raise InspectorError("the listener does not say what it answers; it may just have ended.")
    if as_json:
        emit({"text": state.get("text"), "rules": _plain(state.get("rules"))})
    elif show:
        print(_sentence(state))
    else:
        narrate(_sentence(state))


def _ask(path: Path, reader: Any, rules: Any) -> Any:
    """Put the wish into the store and wait until the listener has taken it; returns what it says then."""
    from inspector.store.edits import Edits

    wish = (
        rules if isinstance(rules, dict) and ("rules" in rules or "by_suffix" in rules) else {"rules": rules}
    )
    # The time makes two equal wishes two: a sequence begins again.
    wish = {**wish, "asked_us": time.time_ns() // 1000}
    with Edits(path) as edits:
        edits.set_setting("answers", wish)
    deadline = time.monotonic() + _TAKEN_S
    while time.monotonic() < deadline:
        state = reader.state("answers")
        if isinstance(state, dict) and state.get("rules") == wish:
            return state
        time.sleep(0.02)
    raise InspectorError("the listener did not take the answer within 3 s; its own output says why.", code=1)


def _plain(rules: Any) -> Any:
    return (
        {key: part for key, part in rules.items() if key != "asked_us"} if isinstance(rules, dict) else rules
    )


def _sentence(state: dict[str, Any]) -> str:
    text = str(state.get("text"))
    return f"The listener is {text}." if text.startswith("paused") else f"The listener {text}."


def rules_in(file: str) -> Any:
    """Answer rules from a file, as they stand in it; InspectorError when it cannot be read."""
    try:
        return json.loads(Path(file).read_bytes())
    except OSError as error:
        raise InspectorError(f"cannot read {file}: {(error.strerror or str(error)).lower()}.") from None
    except (ValueError, RecursionError) as error:
        raise InspectorError(f"{file} is no JSON: {error}.") from None
