"""Answer rules as a line of words, for ``--respond``, ``inspector respond`` and the screen; and back.

503    500,500,200    drop    by-url    503 after 2s with Retry-After: 5 body busy
POST /hooks/* 503; 200
"""

from __future__ import annotations

import http
import json
import re
from typing import Any

from inspector.capture.answers import EMPTY, Answer, Answers, Rule, default_body, read_rules, rules_form
from inspector.core.events import InspectorError

_RULE = re.compile(
    r"(?:(?P<method>(?!drop\b)[A-Za-z][A-Za-z-]*)\s+(?=[/*0-9]|drop\b))?"
    r"(?:(?P<path>[/*]\S*)\s+)?"
    r"(?P<answers>(?:drop|[0-9]{1,9})(?:\s*,\s*(?:drop|[0-9]{1,9}))*)"
    r"(?:\s+after\s+(?P<delay>\S+(?:\s+(?:ms|s|m)(?=\s|$))?))?"
    r"(?P<rest>\s.*)?"
)
_BODY = re.compile(r"\sbody\s(.*)")
_HEADER = re.compile(r"\s+with\s+(?=[^\s:]+\s*:)")
_SHOWN_BODY = 40


def read_respond(text: str) -> dict[str, Any]:
    """A line of words, or the rules as JSON, as the JSON form ``{"rules": […], "by_suffix": true}``.

    InspectorError says what is wrong.
    """
    text = text.strip()
    if text[:1] in ("[", "{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InspectorError(f"the answer is no JSON: {error}.") from None
        read_rules(value)
        return rules_form(value)
    found: dict[str, Any] = {}
    parts = [part.strip() for part in text.split(";")]
    rules = []
    for number, part in enumerate(parts):
        if part != "by-url":
            try:
                rules.append(_read_rule(part))
            except InspectorError as error:
                if number and _BODY.search(parts[number - 1]):
                    raise InspectorError(
                        f"{error} A ; ends a rule: a body that holds one stands in a file of rules."
                    ) from None
                raise
    if rules:
        found["rules"] = rules
    if "by-url" in parts:
        found["by_suffix"] = True
    read_rules(found)
    return found


def _read_rule(text: str) -> dict[str, Any]:
    """One rule of a line as its JSON form."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise InspectorError(
            f"the answer {text!r} is not understood; write a status (503), several (500,500,200), drop or "
            "by-url, a method or path before it (POST /hooks/* 503), after 2s behind it."
        )
    found: dict[str, Any] = {name: match[name] for name in ("method", "path") if match[name]}
    steps: list[Any] = [
        {"drop": True} if step.strip() == "drop" else int(step) for step in match["answers"].split(",")
    ]
    if len(steps) > 1:
        found["sequence"] = steps
    elif isinstance(steps[0], int):
        found["status"] = steps[0]
    else:
        found["drop"] = True
    if match["delay"]:
        found["delay"] = "".join(match["delay"].split())
    rest = match["rest"] or ""
    body = _BODY.search(rest)
    if body is not None:
        found["body"] = body[1].strip()
        rest = rest[: body.start()]
    before, *lines = _HEADER.split(rest)
    if before.strip():
        raise InspectorError(
            f"{before.strip()!r} is not understood; behind an answer stand after 2s, with NAME: VALUE and "
            "body TEXT, in this order."
        )
    if lines:
        pairs = [[name.strip(), value.strip()] for name, _, value in (line.partition(":") for line in lines)]
        once = len({name.lower() for name, _ in pairs}) == len(pairs)
        found["headers"] = dict(pairs) if once else pairs
    return found


def respond_text(value: Any) -> str:
    """Rules in their JSON form as a line that `read_respond` reads; as JSON where words do not do."""
    answers = read_rules(value)
    parts = ["by-url"] if answers.by_suffix else []
    if not (answers.by_suffix and answers.rules == (Rule(),)):
        parts += [_write_rule(rule) for rule in answers.rules]
    text = "; ".join(parts)
    try:
        again = read_rules(read_respond(text))
    except InspectorError:
        pass
    else:
        if (again.rules, again.by_suffix) == (answers.rules, answers.by_suffix):
            return text
    return json.dumps(value)


def _write_rule(rule: Rule) -> str:
    words = [word for word in (rule.method, rule.path) if word]
    words.append(",".join("drop" if answer.drop else str(answer.status) for answer in rule.answers))
    last = rule.answers[-1]
    if last.delay:
        words.append(f"after {last.delay:g}s")
    words += [f"with {name.decode()}: {value.decode()}" for name, value in last.headers]
    if last.body != default_body(last.status):
        words.append(f"body {last.body.decode('utf-8', 'backslashreplace')}")
    return " ".join(words)


def explain(answers: Answers) -> list[tuple[str, str]]:
    """What the rules mean, a line for each: for which requests, and what they are answered. Not yet safe to
    show."""
    lines = [("/any/path/404", "404, the status that the path ends in")] if answers.by_suffix else []
    for rule in answers.rules:
        where = " ".join(word for word in (rule.method, rule.path) if word)
        lines.append((where or ("all else" if lines else "every request"), _explain(rule.answers)))
    if not any(rule.fits_all for rule in answers.rules):
        lines.append(("all else" if lines else "every request", _explain((Answer(),))))
    return lines


def _explain(steps: tuple[Answer, ...]) -> str:
    if len(steps) == 1:
        return _name(steps[0]) + _particulars(steps[0])
    turns = ", ".join("no answer" if step.drop else str(step.status) for step in steps[:-1])
    return f"{turns}, then {_name(steps[-1])} from there on" + _particulars(steps[-1])


def _name(answer: Answer) -> str:
    if answer.drop:
        return "no answer, the connection is closed"
    try:
        return f"{answer.status} {http.HTTPStatus(answer.status).phrase}"
    except ValueError:
        return str(answer.status)


def _particulars(answer: Answer) -> str:
    words = f" after {answer.delay:g} s" if answer.delay else ""
    if answer.drop:
        return words
    for name, value in answer.headers:
        words += f", {name.decode()}: {value.decode()}"
    if answer.body != default_body(answer.status):
        text = answer.body[: 4 * _SHOWN_BODY].decode("utf-8", "backslashreplace")
        cut = len(text) > _SHOWN_BODY or len(answer.body) > 4 * _SHOWN_BODY
        words += (
            f", body {text[:_SHOWN_BODY]}{'…' if cut else ''}"
            if text and answer.status not in EMPTY
            else ", no body"
        )
    return words
