"""What SQL can tell of the words of a filter that ask for headers or body, so that few bodies come to Python.

Every expression is over the tables ``event`` and ``request`` (joined from the left) and has three values:
1 where the word holds for certain, 0 where it certainly does not, NULL where only the payload can tell. SQL's
own AND and NOT put such values together rightly. Reading a million bodies this way takes seconds, and the
interpreter is free meanwhile.
"""

from __future__ import annotations

import re
from typing import Final

from inspector.core.conditions import BodyCondition, HeaderIs, Pattern, Sql, SqlValue, TextWithin, ValueIs

_COLUMNS: Final = ("type", "message", "resource_type", "resource_id")
_FIELDS: Final = "lower({})".format(
    " || char(10) || ".join(f"coalesce(event.{name}, '')" for name in _COLUMNS)
)
"""All texts of an event in one, a line each."""
_NO_REQUEST: Final = "request.event IS NULL OR event.method IS NULL"
_ENCODED: Final = (
    "request.upload IS NOT NULL OR CAST(request.headers AS TEXT) LIKE '%content-encoding%' OR "
    "CAST(request.headers AS TEXT) LIKE '%ce-%^%00%' ESCAPE '^'"
)
"""Compressed or in pieces; or a CloudEvent whose attributes, which are fields of the event, may have a zero."""
_BODY: Final = "CAST(request.body AS TEXT)"
_LOW_BODY: Final = f"CAST(lower({_BODY}) AS BLOB)"
_OTHERWISE_WRITTEN: Final = (
    f"{_BODY} GLOB '{{escape}}' OR instr(substr(request.body, 1, 4), x'00') OR "
    "substr(request.body, 1, 2) IN (x'FEFF', x'FFFE') OR "
    "substr(request.body, 1, 8) = CAST('payload=' AS BLOB)"
)
"""JSON escapes, UTF-16 and UTF-32, and forms write a text other than it reads."""
_ANY_ESCAPE: Final = _OTHERWISE_WRITTEN.format(escape="*\\*")
_UNICODE_ESCAPE: Final = _OTHERWISE_WRITTEN.format(escape="*\\u*")
_NUMBER: Final = frozenset("0123456789+-.eEInfityNa")
"""Characters of numbers, which JSON may spell in several ways."""


def body_sql(condition: BodyCondition) -> Sql:
    """The three-valued expression of one condition, and the values of its ``?``."""
    if isinstance(condition, TextWithin):
        return _text(condition.pattern)
    if isinstance(condition, HeaderIs):
        return _header(condition)
    return _value(condition)


def _parts(pattern: Pattern) -> list[str]:
    return [part for part in pattern.text.split("*") if part]


def _low(text: str) -> bytes:
    return text.encode().lower()


def _text(pattern: Pattern) -> Sql:
    found = [_literal(part) for part in _parts(pattern)]
    if not found:
        return "1", []
    values = [value for _, some in found for value in some]
    every = " AND ".join(expression for expression, _ in found)
    # Of a text with * in it, SQL knows only whether all its parts stand somewhere.
    return (every if pattern.is_literal else f"nullif({every}, 1)"), values


def _literal(text: str) -> Sql:
    if "\n" in text:
        return "NULL", []
    low = _low(text)
    if text.isascii():
        return _ascii(text, low)
    field = f"instr({_FIELDS}, ?)"
    values: list[SqlValue] = [low.decode()]
    try:
        latin = text.encode("latin-1").lower()
    except UnicodeEncodeError:
        pass
    else:
        field += " OR instr(CAST(lower(CAST(event.target AS TEXT)) AS BLOB), ?)"
        values.append(latin)
    return _within(f"instr({_LOW_BODY}, ?)", [low], field, values, _ANY_ESCAPE)


def _ascii(text: str, low: bytes) -> Sql:
    """The same with LIKE, in a third of the time; but it ends at a zero, as the length of a text does."""
    like: SqlValue = "%" + re.sub("([%_^])", r"^\1", text) + "%"
    texts = (*(f"event.{name}" for name in _COLUMNS), "CAST(event.target AS TEXT)")
    field = " OR ".join(f"coalesce({each} LIKE ? ESCAPE '^', 0)" for each in texts)
    rest = f"length({_BODY}) < length(request.body) AND instr({_LOW_BODY}, ?)"
    body = f"{_BODY} LIKE ? ESCAPE '^' OR ({rest})"
    plain = text.isprintable() and set('"\\/').isdisjoint(text)
    return _within(body, [like, low], field, [like] * len(texts), _UNICODE_ESCAPE if plain else _ANY_ESCAPE)


def _within(body: str, in_body: list[SqlValue], field: str, in_field: list[SqlValue], escape: str) -> Sql:
    return (
        f"CASE WHEN {_NO_REQUEST} THEN {field} WHEN {body} THEN iif({_ENCODED}, NULL, 1) WHEN {field} THEN 1 "
        f"WHEN {escape} THEN NULL WHEN {_ENCODED} THEN NULL ELSE 0 END"
    ), [*in_field, *in_body, *in_field]


def _header(condition: HeaderIs) -> Sql:
    conditions: list[str] = []
    values: list[SqlValue] = []
    for part in (*_parts(condition.name), *_parts(condition.value)):
        try:
            values.append(part.encode("latin-1").lower())
        except UnicodeEncodeError:
            return "0", []
        conditions.append("instr(CAST(lower(CAST(request.headers AS TEXT)) AS BLOB), ?)")
    every = " AND ".join(conditions) or "1"
    return f"CASE WHEN {_NO_REQUEST} THEN 0 WHEN {every} THEN NULL ELSE 0 END", values


def _value(condition: ValueIs) -> Sql:
    if not condition.path:
        return "NULL", []
    wanted = [step for step in condition.path if isinstance(step, str)]
    if not _NUMBER.issuperset(condition.pattern.text.replace("*", "")):
        wanted += _parts(condition.pattern)
    values: list[SqlValue] = [
        part if part.isascii() else part.encode("utf-8", "surrogatepass") for part in wanted if part
    ]
    every = " AND ".join(_holds_as_it_is(value) for value in values) or "1"
    return (
        f"CASE WHEN {_NO_REQUEST} THEN 0 WHEN {_ENCODED} OR {_ANY_ESCAPE} THEN NULL "
        f"WHEN {every} THEN NULL ELSE 0 END"
    ), [_glob(value) if isinstance(value, str) else value for value in values]


def _holds_as_it_is(value: SqlValue) -> str:
    return f"{_BODY} GLOB ?" if isinstance(value, str) else "instr(request.body, ?)"


def _glob(text: str) -> str:
    return "*" + re.sub("([*?[])", r"[\1]", text) + "*"
