"""``inspector respond``: what the running listener answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from inspector.cli.output import emit, narrate
from inspector.core.events import InspectorError
from inspector.store.place import store_path


@click.command("respond", short_help="Say what the running listener answers.")
@click.argument("answer", required=False)
@click.option("--file", default=None, metavar="FILE", help="Rules as JSON, as above.")
@click.option("--pause", is_flag=True, help="503 for all, until --resume. Events are stored all the same.")
@click.option("--resume", is_flag=True, help="Answer as before the pause.")
@click.option("--show", is_flag=True, help="Print what is answered now.")
@click.option("--json", "as_json", is_flag=True, help='Print it as JSON: {"text", "rules", "paused"}.')
@click.pass_obj
def respond_command(
    store: str | None,
    answer: str | None,
    file: str | None,
    pause: bool,
    resume: bool,
    show: bool,
    as_json: bool,
) -> None:
    """Say what senders are answered from now on; every event is stored all the same.

    \b
    ANSWER
      200           the usual answer
      503           any status from 200 to 599
      500,500,200   in turn; the last one stays
      drop          close the connection without an answer
      by-url        /any/path/404 is answered 404
      '503 after 2s with Retry-After: 5 body busy'
      'POST /hooks/* 503; 200'      rules, the first that fits holds

    \b
    Rules in a file (or as ANSWER):
      [{"path": "/hooks/*", "method": "POST", "status": 503,
        "headers": {"Retry-After": "5"}, "body": "busy", "delay": "2s"},
       {"sequence": [500, {"drop": true}, 200]}]
    and with by-url beside them: {"by_suffix": true, "rules": […]}

    It lasts until the listener ends, and returns when the listener has taken it.
    """
    from inspector.capture.answer_words import read_respond
    from inspector.capture.asking import answers_said, ask_answers, ask_pause, plain_rules

    given = [one for one in (answer, file) if one is not None]
    if len(given) + pause + resume + show != 1:
        raise InspectorError("say what to answer: one of ANSWER, --file FILE, --pause, --resume and --show.")
    path = store_path(store)
    if show:
        state = answers_said(path)
    elif pause or resume:
        state = ask_pause(path, pause)
    else:
        rules = rules_in(file) if file is not None else read_respond(answer or "")
        state = ask_answers(path, rules)
    if as_json:
        paused = bool(state.get("paused"))
        emit({"text": state.get("text"), "rules": plain_rules(state), "paused": paused})
    elif show:
        print(_sentence(state))
    else:
        narrate(_sentence(state))


def _sentence(state: dict[str, Any]) -> str:
    if state.get("paused"):
        return f"The listener is paused, senders get 503. When it goes on, it {state.get('then')}."
    return f"The listener {state.get('text')}."


def rules_in(file: str) -> Any:
    """Answer rules from a file, as they stand in it; InspectorError when it cannot be read, or they are none."""
    from inspector.capture.answers import read_rules

    try:
        rules = json.loads(Path(file).read_bytes())
    except OSError as error:
        raise InspectorError(f"cannot read {file}: {(error.strerror or str(error)).lower()}.") from None
    except (ValueError, RecursionError) as error:
        raise InspectorError(f"{file} is no JSON: {error}.") from None
    read_rules(rules)
    return rules
