"""The filter language of the filter bar and the command line: words, all of which an event has to fit.

``type:user.image.* level:error -sender:github since:10m details.curr_eval.analysis_status:analyzed "a text"``

A word is ``name:value``, a path into the payload with a value, or text to search for; ``-`` before it negates
it (then it matches what has no such value). ``*`` stands for anything. Double quotes hold blanks together; a
whole word in them is text. A top-level field is a path with a dot before it: ``.action:opened``. ``@name`` stands
for a saved filter.
"""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from inspector.core.body_sql import body_sql
from inspector.core.conditions import (
    BodyCondition,
    EventCondition,
    NumberIn,
    Pattern,
    SqlValue,
    TextWithin,
    ValueIs,
)
from inspector.core.events import MAX_INTEGER, Event, InspectorError, Request
from inspector.core.filter_words import WORDS, Unreadable, read_value, reader_of
from inspector.core.plain_texts import plain_texts
from inspector.core.text import visible

MAX_TERMS = 100
MAX_WORD = 10_000
MAX_STARS = 20
"""Beyond these SQLite refuses the statement, as too large or nested too deep."""

_MOST_MEANT = 40
"""Characters of a value that are said again in a hint."""

_DIGEST = re.compile(r"(sha\d+|md5):[0-9a-fA-F*]+")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing in a filter that cannot be read."""

    start: int
    """First character of the place, counted in `FilterError.text`."""
    end: int
    """One past its last character."""
    text: str
    """What is wrong or what is wanted, short enough to stand below the place."""
    hint: str = ""
    """What may be meant, or empty."""
    word: str = ""
    """The whole word that it stands in, as typed."""


class FilterError(InspectorError):
    """A filter that cannot be read; the message names each word that is wrong."""

    def __init__(self, text: str, mistakes: Sequence[Mistake]) -> None:
        self.text = text
        """The filter as one line, which the places in `mistakes` count in."""
        self.mistakes = list(mistakes)
        super().__init__(". ".join(_told(mistake) for mistake in mistakes))


def _told(mistake: Mistake) -> str:
    told = f"{visible(mistake.word)}: {mistake.text}"
    return f"{told}; {mistake.hint}" if mistake.hint else told


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter."""

    word: str
    """Its name as typed, in small letters: ``type``, ``header.x-id``, ``details.msg``; empty for text."""
    value: str
    negated: bool
    condition: EventCondition | BodyCondition = field(compare=False, repr=False)


@dataclass(frozen=True)
class Filter:
    """A filter that has been read. Slim fields decide first (`sql`, `matches_event`), the body if it must."""

    terms: tuple[Term, ...] = ()
    text: str = ""
    """The filter as one line; parsed again, it gives this filter."""

    @property
    def is_empty(self) -> bool:
        """True when every event matches."""
        return not self.terms

    @property
    def wider(self) -> str:
        """What to try when nothing matches, as a sentence: a type or resource is held against the whole name.

        Empty when nothing is to be said.
        """
        for term in reversed(self.terms):
            if term.word in ("type", "resource") and not term.negated and "*" not in term.value:
                return f"{term.word}:{term.value}* would match what begins so."
        return ""

    @property
    def needs_body(self) -> bool:
        """True when headers or body have to be read to be sure."""
        return bool(self._body_terms())

    @property
    def needs_payload(self) -> bool:
        """True when only the decoded payload can tell; else None will do, for a body without encoding."""
        return any(
            isinstance(condition, ValueIs) or (isinstance(condition, TextWithin) and condition.may_be_escaped)
            for _, condition in self._body_terms()
        )

    @property
    def received_between(self) -> tuple[int, int]:
        """The times (microseconds since 1970, both included) in which all that matches has arrived."""
        low, high = -MAX_INTEGER, MAX_INTEGER
        for negated, condition in self._event_terms():
            if isinstance(condition, NumberIn) and condition.field == "received_us" and not negated:
                low = max(low, min(first for first, _ in condition.ranges))
                high = min(high, max(last for _, last in condition.ranges))
        return low, high

    def matches_event(self, event: Event) -> bool | None:
        """True or False where the slim fields decide; None where the body must: then ask `matches_body`."""
        for negated, condition in self._event_terms():
            if condition.holds(event) == negated:
                return False
        undecided = False
        for negated, wanted in self._body_terms():
            if not (isinstance(wanted, TextWithin) and wanted.in_event(event)):
                undecided = True
            elif negated:
                return False
        return None if undecided else True

    def matches_body(self, request: Request, payload: Any, event: Event | None = None) -> bool:
        """True when the request fulfils the words that the slim fields leave open.

        `request.body` is given decompressed; `payload` is what it decodes to, None when it is not JSON.
        `event` is there for text that stands in its slim fields only.
        """
        for negated, condition in self._body_terms():
            in_event = event is not None and isinstance(condition, TextWithin) and condition.in_event(event)
            if (in_event or condition.holds(request, payload)) == negated:
                return False
        return True

    def sql(self) -> tuple[str, list[SqlValue]]:
        """An expression over the table ``event`` for what its columns decide, and the values of its ``?``.

        It holds for every event of which `matches_event` says True or None.
        """
        expressions: list[str] = []
        values: list[SqlValue] = []
        for negated, condition in self._event_terms():
            expression, more = condition.sql()
            expressions.append(f"NOT coalesce({expression}, 0)" if negated else f"({expression})")
            values.extend(more)
        return " AND ".join(expressions) or "1", values

    def body_sql(self) -> tuple[str, list[SqlValue]]:
        """An expression over ``event`` and ``request`` for the words that `sql` leaves open, and its values.

        It is 1 where `matches_body` says True, 0 where it says False, NULL where it has to be asked.
        """
        expressions: list[str] = []
        values: list[SqlValue] = []
        for negated, condition in self._body_terms():
            expression, more = body_sql(condition)
            expressions.append(f"{'NOT ' if negated else ''}({expression})")
            values.extend(more)
        return " AND ".join(expressions) or "1", values

    @property
    def plain_texts(self) -> list[str]:
        """Texts, each of which nearly all that matches has in its bytes, as it is but for the case of ASCII letters.

        Empty when the filter asks for none.
        """
        return plain_texts(condition for negated, condition in self._body_terms() if not negated)

    def _event_terms(self) -> list[tuple[bool, EventCondition]]:
        return [(t.negated, t.condition) for t in self.terms if not isinstance(t.condition, BodyCondition)]

    def _body_terms(self) -> list[tuple[bool, BodyCondition]]:
        return [(t.negated, t.condition) for t in self.terms if isinstance(t.condition, BodyCondition)]


def parse_filter(
    words: str | Sequence[str], now_us: int | None = None, saved: Mapping[str, str] | None = None
) -> Filter:
    """Read a filter: one line as typed, or the words that a shell made of it.

    A shell takes quotes away: a word with blanks in it is one word, unless more filter words follow in it.
    Lengths of time count back from `now_us` (microseconds since 1970; by default, now). `saved` are filters by
    their names; without it, ``@name`` is text like any other. Raises FilterError.
    """
    text = words if isinstance(words, str) else " ".join(_requoted(word) for word in words)
    now_us = time.time_ns() // 1000 if now_us is None else now_us
    terms: list[Term] = []
    mistakes: list[Mistake] = []
    for match in _TOKEN.finditer(text):
        named = None if saved is None else _SAVED.fullmatch(match[0])
        found = (
            _read(match[0], match.start(), now_us)
            if saved is None or named is None
            else _saved_terms(named, match.start(), now_us, saved)
        )
        if isinstance(found, Mistake):
            mistakes.append(replace(found, word=match[0]))
        else:
            terms += found
    if len(terms) > MAX_TERMS:
        mistakes.append(Mistake(0, len(text), f"at most {MAX_TERMS} words", word="the filter"))
    if mistakes:
        raise FilterError(text, mistakes)
    return Filter(tuple(terms), text)


def _saved_terms(
    named: re.Match[str], start: int, now_us: int, saved: Mapping[str, str]
) -> list[Term] | Mistake:
    """The words that a saved filter stands for; one that names itself, by whatever way, has no end."""
    minus, name = named.groups()
    end = start + len(named[0])
    if minus:
        return Mistake(start, end, "a saved filter cannot be negated", "negate its words")
    if name not in saved:
        close = difflib.get_close_matches(name, saved, 1, 0.6)
        hint = f"did you mean @{close[0]}?" if close else f'as a text it stands in quotes: "@{name}"'
        return Mistake(start, end, "no saved filter has this name", hint)
    others = {other: text for other, text in saved.items() if other != name}
    try:
        return list(parse_filter(saved[name], now_us, others).terms)
    except FilterError as error:
        return Mistake(start, end, f"it stands for a filter that cannot be read: {error}")


def quoted(text: str) -> str:
    """`text` as one word of a filter, in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TOKEN = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SAVED = re.compile(r"(-?)@([\w-]+)")
_NAMED = re.compile(r'(-?(?:\["(?:[^"\\]|\\.)*"\]|[^\s":])+):', re.DOTALL)


def _unquoted(token: str) -> str:
    return _QUOTED.sub(lambda match: re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL), token)


def _requoted(word: str) -> str:
    """A word from a shell, with the quotes put back that hold its blanks together."""
    if not re.search(r"\s", word) and word:
        return word
    if '"' in word or any(_is_named(token) for token in _TOKEN.findall(word)[1:]):
        return word
    named = _NAMED.match(word)
    if named is not None and _is_named(word):
        return named[0] + quoted(word[named.end() :])
    return f"-{quoted(word[1:])}" if word.startswith("-") else quoted(word)


def _is_named(token: str) -> bool:
    named = _NAMED.match(token)
    return named is not None and (reader_of(named[1].lstrip("-")) is not None)


def _read(token: str, start: int, now_us: int) -> list[Term] | Mistake:
    end = start + len(token)
    if '"' in _QUOTED.sub("", token):
        return Mistake(start, end, "the quote is not closed")
    if len(token) > MAX_WORD or token.count("*") > MAX_STARS:
        return Mistake(start, end, f"a word has at most {MAX_WORD:,} characters and {MAX_STARS} *")
    negated = len(token) > 1 and token.startswith("-")
    begin = start + negated
    token = token[negated:]
    named = _NAMED.match(token)
    if named is None or _is_pasted(token, named):
        text = re.sub(r"\*+", "*", _unquoted(token))
        if not text:
            return Mistake(begin, end, "there is nothing to search for")
        return [Term("", text, negated, TextWithin(Pattern(text, fold=True)))]
    word = named[1]
    reader = reader_of(word)
    if reader is None:
        close = difflib.get_close_matches(word.lower(), WORDS, 1, 0.7)
        if close:
            rest = visible(token[named.end() :])
            meant = f"{'-' * negated}{close[0]}:{rest}"
            hint = (
                f"did you mean {meant}?"
                if 0 < len(rest) <= _MOST_MEANT
                else f"did you mean the word {close[0]}:"
            )
        else:
            hint = f"text stands in quotes, a field is .{visible(word)}:"
        return Mistake(begin, begin + len(word), "no such word", hint)
    value = re.sub(r"\*+", "*", _unquoted(token[named.end() :]))
    place = begin + named.end()
    if named.end() == len(token):
        return Mistake(begin, place, "a value is missing", "* is any")
    try:
        return [Term(_name(word), value, negated, reader(word, value, now_us))]
    except Unreadable as error:
        return Mistake(place, end, error.text, error.hint)


def _is_pasted(token: str, named: re.Match[str]) -> bool:
    """True for a digest, an image name or a URL, in which the colon makes no word."""
    if _DIGEST.fullmatch(token) or token.startswith("//", named.end()):
        return True
    return "/" in re.sub(r'\["(?:[^"\\]|\\.)*"\]', "", named[1])


def _name(word: str) -> str:
    return word.lower() if reader_of(word) is not read_value else word
