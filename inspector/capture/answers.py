"""What senders are answered: a list of rules, the first that fits holds. The event is stored all the same.

A rule is a frozen value that can be written as JSON, so that flags, a file, the screen and ``inspector
respond`` all speak of the same thing (`inspector.capture.answer_words` has them in a line of words). The
default is one rule: 200 with a small JSON body.
"""

from __future__ import annotations

import fnmatch
import functools
import http
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inspector.core import units
from inspector.core.events import InspectorError

RECEIVED = b'{"status":"received"}'
"""Body of the default answer: the same for every request, so that nothing can be read through the
listener."""

EMPTY = frozenset((204, 205, 304))
"""Statuses whose answers have no body, whatever was chosen."""

ASKED = "asked_us"
"""Member of rules that were asked of a running listener: when, in microseconds."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ORIGIN = re.compile(rb"\A[A-Za-z][A-Za-z0-9+.-]*://[^/]*(?=/)")
"""What comes before the path of a target that a sender writes for a proxy: ``http://host/path``."""
_PATH = re.compile(r"[/*][^?]*")
_FIELD_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status, body, header lines, a delay in seconds; or a dropped connection."""

    status: int = 200
    body: bytes = RECEIVED
    headers: tuple[tuple[bytes, bytes], ...] = ()
    delay: float = 0.0
    drop: bool = False

    def bytes_for(self, method: str, keep_alive: bool) -> bytes:
        """The answer as it goes on the wire."""
        return _on_the_wire(self, method == "HEAD", keep_alive)

    def _written(self, head_only: bool, keep_alive: bool) -> bytes:
        try:
            phrase = http.HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Status"
        lines = [f"HTTP/1.1 {self.status} {phrase}".encode()]
        names = {name.lower() for name, _ in self.headers}
        if self.status in EMPTY:
            body = b""
            # A client reads on after a 205 unless it is told that nothing comes; 204 and 304 end with the head.
            if self.status == 205:
                lines.append(b"Content-Length: 0")
        else:
            body = self.body
            if b"content-type" not in names:
                kind = b"application/json" if self.body[:1] in (b"{", b"[") else b"text/plain; charset=utf-8"
                lines.append(b"Content-Type: " + kind)
            lines.append(b"Content-Length: %d" % len(self.body))
        lines += [name + b": " + value for name, value in self.headers]
        lines.append(b"Connection: keep-alive" if keep_alive else b"Connection: close")
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        return head if head_only else head + body


@functools.lru_cache(64)
def _on_the_wire(answer: Answer, head_only: bool, keep_alive: bool) -> bytes:
    return answer._written(head_only, keep_alive)


@dataclass(frozen=True, slots=True)
class Rule:
    """For which requests, and which answers: several are given in turn, the last one stays."""

    answers: tuple[Answer, ...] = (Answer(),)
    method: str | None = None
    """Method it is for; None for every method."""
    path: str | None = None
    """Pattern of the target's path with ``*``; None for every path."""

    @property
    def fits_all(self) -> bool:
        """True when the rule is for every request."""
        return self.method is None and self.path in (None, "*")

    def fits(self, method: str, path: str) -> bool:
        """True when the rule is for this request."""
        if self.method is not None and self.method.upper() != method.upper():
            return False
        return self.path is None or fnmatch.fnmatchcase(
            path, self.path.replace("[", "[[]").replace("?", "[?]")
        )


@dataclass(slots=True)
class Answers:
    """The rules in force, and how often each has answered."""

    rules: tuple[Rule, ...] = (Rule(),)
    by_suffix: bool = False
    """Answer ``/anything/404`` with 404."""
    _given: dict[int, int] = field(default_factory=dict)

    def choose(self, method: str, target: bytes) -> Answer:
        """The answer for a request; counts it, so that a sequence moves on."""
        path = _ORIGIN.sub(b"", target.partition(b"?")[0], 1).decode("latin-1")
        if self.by_suffix:
            last = path.rpartition("/")[2]
            if re.fullmatch("[2-5][0-9][0-9]", last):
                return Answer(int(last))
        for number, rule in enumerate(self.rules):
            if rule.fits(method, path):
                given = self._given.get(number, 0)
                self._given[number] = given + 1
                return rule.answers[min(given, len(rule.answers) - 1)]
        return Answer()

    def words(self) -> str:
        """The rules in force, in two or three words for the status line: ``answers 200``."""
        if self.by_suffix:
            return "answers by URL"
        if not self.rules:
            return "answers 200"
        if len(self.rules) > 1 or not self.rules[0].fits_all:
            return f"answers by {units.count(len(self.rules), 'rule')}"
        answers = self.rules[0].answers
        delay = answers[-1].delay
        late = f" after {delay:g} s" if delay else ""
        if all(answer.drop for answer in answers):
            return f"drops connections{late}"
        turns = ["drop" if answer.drop else str(answer.status) for answer in answers]
        text = ", ".join(turns[:3]) + (" …" if len(turns) > 3 else "")
        return f"answers {text}{late}"


_MEMBERS = ("status", "body", "headers", "delay", "drop")


def read_answer(value: Mapping[str, Any]) -> Answer:
    """One answer from its JSON form ``{"status", "body", "headers", "delay", "drop"}``.

    InspectorError says what is wrong.
    """
    unknown = sorted(set(map(str, value)) - set(_MEMBERS))
    if unknown:
        raise InspectorError(f"an answer has no {unknown[0]!r}; it has {', '.join(_MEMBERS)}.")
    status = value.get("status", 200)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise InspectorError(f"an answer's status is a number from 200 to 599, not {status!r}.")
    drop = value.get("drop", False)
    if not isinstance(drop, bool):
        raise InspectorError(f"an answer's drop is true or false, not {drop!r}.")
    body = value.get("body")
    text = default_body(status) if body is None else _body(body)
    return Answer(
        status, text, _header_lines(value.get("headers") or {}), _delay(value.get("delay", 0)), drop
    )


def _delay(value: object) -> float:
    pause = -1.0
    if isinstance(value, str):
        try:
            pause = units.seconds(value)
        except ValueError:
            pass
    elif isinstance(value, int | float) and not isinstance(value, bool):
        pause = float(value)
    if not 0 <= pause <= 600:
        raise InspectorError(
            f"an answer's delay is a time such as 2s or 500ms, at most 10 minutes, not {value!r}."
        )
    return pause


def _header_lines(given: object) -> tuple[tuple[bytes, bytes], ...]:
    pairs = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(pairs, list) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
        raise InspectorError('an answer\'s headers are an object such as {"Retry-After": "5"}.')
    lines = []
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, str | int) or isinstance(value, bool):
            raise InspectorError(f"the header line {name!r}: {value!r} is not made of text.")
        text = str(value)
        if not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(text):
            raise InspectorError(f"{name!r}: {text!r} cannot be sent as a header line.")
        if name.lower() in ("content-length", "transfer-encoding", "connection"):
            raise InspectorError(f"{name} is set by the listener itself; leave it out.")
        lines.append((name.encode("ascii"), text.encode("utf-8")))
    return tuple(lines)


def default_body(status: int) -> bytes:
    """What an answer says when no body was chosen."""
    if status < 300:
        return RECEIVED
    try:
        phrase = http.HTTPStatus(status).phrase.lower()
    except ValueError:
        phrase = "as asked"
    return json.dumps({"status": phrase}).encode()


def _body(body: object) -> bytes:
    # A lone surrogate has no UTF-8; it goes out the way it stands in JSON.
    return body.encode("utf-8", "backslashreplace") if isinstance(body, str) else json.dumps(body).encode()


def read_rules(value: Any) -> Answers:
    """Rules from their JSON form: a list of rules (or one), each an answer's members plus ``method``,
    ``path`` and, for a sequence, ``sequence`` (a list of statuses or answers); or ``{"rules": […],
    "by_suffix": true}``.

    InspectorError says what is wrong.
    """
    form = rules_form(value)
    value = form.get("rules", [{}])
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(rule, Mapping) for rule in value):
        raise InspectorError(
            'answer rules are a JSON list of objects such as {"path": "/hooks/*", "status": 503}.'
        )
    unknown = sorted(set(map(str, form)) - {"rules", "by_suffix", ASKED})
    if unknown:
        raise InspectorError(f"answer rules have no {unknown[0]!r}; they have rules and by_suffix.")
    by_suffix = form.get("by_suffix", False)
    if not isinstance(by_suffix, bool):
        raise InspectorError(f"by_suffix is true or false, not {by_suffix!r}.")
    rules = tuple(_rule(rule) for rule in value)
    if any(rule.fits_all for rule in rules[:-1]):
        raise InspectorError(
            "nothing gets to the rules after one for every request; begin the others with a method or "
            "a path, and part answers in turn with commas."
        )
    return Answers(rules, by_suffix)


def rules_form(value: Any) -> dict[str, Any]:
    """The JSON form of rules with its members named, also of a list of rules or of one; it is not checked."""
    if isinstance(value, Mapping) and ("rules" in value or "by_suffix" in value):
        return dict(value)
    return {"rules": value}


def _rule(rule: Mapping[str, Any]) -> Rule:
    method, path = rule.get("method"), rule.get("path")
    if method is not None and not (isinstance(method, str) and _TOKEN.fullmatch(method)):
        raise InspectorError(f"a rule's method is a word such as POST, not {method!r}.")
    if path is not None and not (isinstance(path, str) and _PATH.fullmatch(path)):
        raise InspectorError(
            f"a rule's path is as /hooks/* or *.json, without the query that comes after a ?, not {path!r}."
        )
    rest = {key: part for key, part in rule.items() if key not in ("method", "path", "sequence")}
    sequence = rule.get("sequence")
    if sequence is None:
        answers: tuple[Answer, ...] = (read_answer(rest),)
    elif not isinstance(sequence, list) or not sequence:
        raise InspectorError("a rule's sequence is a list of statuses or answers such as [500, 500, 200].")
    else:
        answers = tuple(
            read_answer({**rest, **(step if isinstance(step, Mapping) else {"status": step})})
            for step in sequence
        )
    return Rule(answers, method, path)
