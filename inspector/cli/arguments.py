"""What commands take: filter words, ids, numbers and lengths of time, each refused in a sentence of its
own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from inspector.core import units
from inspector.core.events import InspectorError

if TYPE_CHECKING:
    from inspector.core.filters import Filter
    from inspector.store.reader import Reader

_NOT_AN_OPTION = "\0"
"""Stands before a filter word that begins with ``-`` while click looks at it. No argument can hold it."""

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
filter_argument = click.argument("words", nargs=-1, metavar="[FILTER]...")


class FilterCommand(click.Command):
    """A command whose arguments are filter words: ``-sender:github`` is one of them, and no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [_protected(word) for word in args])


def _protected(word: str) -> str:
    is_word = len(word) > 2 and word[0] == "-" and word[1] != "-"
    return _NOT_AN_OPTION + word if is_word else word


def unprotected(text: str) -> str:
    """Text as the user gave it, without the sign that keeps click from reading a filter word as an option."""
    return text.replace(_NOT_AN_OPTION, "").replace("\\x00", "")


def filter_of(words: Sequence[str]) -> Filter | None:
    """The filter that a command's words mean; None when there are none. InspectorError names a wrong word."""
    if not words:
        return None
    from inspector.core.filters import parse_filter

    given = [word.removeprefix(_NOT_AN_OPTION) for word in words]
    saved = None
    if any("@" in word for word in given):
        from inspector.config.saved_filters import saved_filters
        from inspector.config.state import State, state_path

        saved = saved_filters(State(state_path()))
    return parse_filter(given, saved=saved)


class Number(click.ParamType):  # type: ignore[type-arg]
    """A whole number in a range, refused in words and not as ``[0<=x<=65535]``."""

    name = "number"

    def __init__(self, what: str, low: int, high: int | None = None) -> None:
        self.what = what
        self.low = low
        self.high = high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = unprotected(str(value))
        number = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else -1
        if number < self.low or (self.high is not None and number > self.high):
            bounds = f"from {self.low} on" if self.high is None else f"from {self.low} to {self.high}"
            self.fail(f"{text!r} is no {self.what}; it is a number {bounds}", param, ctx)
        return number


class Length(click.ParamType):  # type: ignore[type-arg]
    """A length of time: ``500ms``, ``10s``, ``10m``; a plain number is seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = unprotected(str(value))
        try:
            found = units.seconds(text if text[-1:].isalpha() else text + "s")
        except ValueError:
            found = 0.0
        if found <= 0:
            self.fail(f"{text!r} is no length of time; write 500ms, 10s, 10m or 2h", param, ctx)
        return found


class Host(click.ParamType):  # type: ignore[type-arg]
    """An address or a name to listen on; an IPv6 address may stand in brackets, as in a URL."""

    name = "host"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = unprotected(str(value)).strip()
        if text[:1] == "[" and text[-1:] == "]":
            text = text[1:-1]
        if not text or "/" in text or re.search(r"^[^:]*:[0-9]*$", text):
            self.fail(
                f"{value!r} is no host; write 127.0.0.1 or 0.0.0.0, and the port after --port", param, ctx
            )
        return text


HOST = Host()
PORT = Number("port", 0, 65535)
COUNT = Number("number of events", 0)
LENGTH = Length()

_IDS = re.compile(r"#?([0-9]{1,18})(?:-#?([0-9]{1,18}))?")


class EventId(click.ParamType):  # type: ignore[type-arg]
    """One event's id: ``12`` or ``#12``."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _IDS.fullmatch(str(value))
        if match is None or match[2]:
            self.fail(f"{unprotected(str(value))!r} is no id; inspector events lists them", param, ctx)
        return int(match[1])


EVENT_ID = EventId()


def ids_of(reader: Reader, words: Iterable[str]) -> list[int]:
    """The ids that words like ``12``, ``#12`` and ``15-20`` name, ascending; of a range, those there are.

    InspectorError when a word is no id.
    """
    numbers: set[int] = set()
    for word in words:
        match = _IDS.fullmatch(word.removeprefix(_NOT_AN_OPTION))
        if match is None:
            raise InspectorError(f"{unprotected(word)!r} is no id; write 12, or 15-20 for a range.")
        if match[2]:
            numbers.update(reader.ids(int(match[1]) - 1, int(match[2]) + 1))
        else:
            numbers.add(int(match[1]))
    return sorted(numbers)
