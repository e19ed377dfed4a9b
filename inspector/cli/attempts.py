"""``inspector show --attempts``: where an event was sent, what was answered, and what the sending changed."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from inspector.cli.output import Column, emit, narrate, print_table, style
from inspector.core import units
from inspector.core.bodies import view_bytes
from inspector.core.events import Attempt, JsonObject, rfc3339
from inspector.core.redact import redact_headers
from inspector.core.text import visible, visible_bytes, visible_lines


def print_attempts(number: int, attempts: Sequence[Attempt], as_json: bool) -> None:
    """Tell the attempts at sending an event, newest first; for people the newest answer in full."""
    if as_json:
        for attempt in attempts:
            emit(_whole(attempt))
    elif not attempts:
        narrate(f"Event {number} was not sent yet: inspector replay {number} --to URL")
    else:
        print_table(
            (
                Column("#", right=True),
                Column("sent"),
                Column("answer"),
                Column("ms", right=True),
                Column("to", gives=1, least=16),
            ),
            [
                (
                    str(len(attempts) - at),
                    rfc3339(each.sent_us),
                    _result(each),
                    f"{each.ms:,.0f}",
                    each.target,
                )
                for at, each in enumerate(attempts)
            ],
            looks=lambda at, cell: _judged(cell) if at == 2 else cell,
        )
        _print_answer(attempts[0])


def _result(attempt: Attempt) -> str:
    return "none" if attempt.status is None else str(attempt.status)


def _judged(cell: str) -> str:
    return style(cell, fg="green" if cell.startswith("2") else "red")


def _print_answer(attempt: Attempt) -> None:
    print()
    if attempt.error is not None:
        print(style(visible(attempt.error), fg="red"))
    if attempt.status is not None:
        print(f"HTTP/1.1 {attempt.status} {visible(attempt.reason)}")
        for name, value in redact_headers(attempt.headers)[0]:
            print(f"{style(visible_bytes(name), dim=True)}: {visible_bytes(value)}")
        if attempt.body:
            kind = next((value for name, value in attempt.headers if name.lower() == b"content-type"), b"")
            print("\n" + visible_lines(view_bytes(attempt.body, kind.decode("latin-1")).text))
        if attempt.body_size > len(attempt.body):
            kept, size = units.size(len(attempt.body)), units.size(attempt.body_size)
            print(style(f"Only the first {kept} of {size} are kept.", dim=True))
    print()
    print("Sent exactly as received." if not attempt.changes else "Sent as received, but for:")
    for change in attempt.changes:
        print(style(visible(change), fg="red" if change.startswith("-") else "green"))


def _whole(attempt: Attempt) -> JsonObject:
    line = attempt.as_json()
    line |= {"sent_at": rfc3339(attempt.sent_us), "kind": attempt.kind, "reason": attempt.reason}
    line["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in attempt.headers]
    try:
        line["body"] = attempt.body.decode("utf-8")
    except UnicodeDecodeError:
        line["body_base64"] = base64.b64encode(attempt.body).decode()
    return {**line, "changes": list(attempt.changes)}
