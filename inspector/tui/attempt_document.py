"""The Attempts tab: where the event was sent, what came of it, and what the sending changed."""

from __future__ import annotations

import time

from inspector.core import units
from inspector.core.bodies import view_bytes
from inspector.core.events import Attempt
from inspector.core.lines import TextLines
from inspector.core.nested import unfolded
from inspector.core.redact import redact_headers
from inspector.tui.detail import Detail, Look
from inspector.tui.document_parts import content_type, header_section, latin, line, sentence
from inspector.tui.keys import first_key
from inspector.tui.widgets.document import Document, Head, HeadLine, Role, Section

_MAX_LISTED = 50
_MAX_OLDER = 10
_OLDER_BYTES = 20_000


def attempts_document(detail: Detail, look: Look) -> Document:
    """All attempts in a table, the answer of the last one in full, older ones folded."""
    attempts = detail.attempts
    if not attempts:
        if detail.event.rejected is not None:
            return sentence("A rejected request cannot be replayed.")
        if look.target:
            return sentence(f"Not sent yet. {first_key(look.keys, 'replay')} replays it to {look.target}.")
        return sentence(f"No target yet. {first_key(look.keys, 'replay-with')} asks for one.")
    newest = attempts[0]
    lines = [line(("to ", "muted"), newest.target), line((" #   sent      answer        ms", "muted"))]
    for index, attempt in enumerate(attempts[:_MAX_LISTED]):
        lines.append(_attempt_line(len(attempts) - index, attempt, newest.target))
    if len(attempts) > _MAX_LISTED:
        lines.append(line((f"and {len(attempts) - _MAX_LISTED:,} before these", "muted")))
    lines.append(line(""))
    sections = [Section("list", None, Head(lines)), *_answer(newest, len(attempts), attempts[1:2])]
    for index, attempt in enumerate(attempts[1 : 1 + _MAX_OLDER], 1):
        number = len(attempts) - index
        sections.append(
            Section(
                f"older-{number}",
                f"#{number}",
                TextLines(_answer_text(attempt)),
                summary=_result(attempt),
                foldable=True,
                folded=True,
            )
        )
    return Document(tuple(sections))


def _attempt_line(number: int, attempt: Attempt, target: str) -> HeadLine:
    role: Role = "passed" if attempt.passed else "error"
    status = str(attempt.status) if attempt.status is not None else "err"
    now = time.time_ns() // 1000
    other = f"   to {attempt.target}" if attempt.target != target else ""
    kind = "" if attempt.kind == "replay" else f"   {attempt.kind}"
    return line(
        (f"{number:>2}   {units.clock(attempt.sent_us, now):<8}  ", "text"),
        (f"{status:<8}", role),
        (f"{attempt.ms:>8,.0f}{kind}{other}", "muted"),
    )


def _result(attempt: Attempt) -> str:
    if attempt.error is not None and attempt.status is None:
        return attempt.error
    return f"answered {attempt.status}"


def _answer(attempt: Attempt, number: int, before: tuple[Attempt, ...]) -> list[Section]:
    lines = []
    if before and (before[0].status, before[0].error) != (attempt.status, attempt.error):
        role: Role = "passed" if attempt.passed else "error"
        lines.append(
            line((f"#{number} {_result(attempt)}", role), f" where #{number - 1} {_result(before[0])}")
        )
    if attempt.status is not None:
        role = "passed" if attempt.passed else "error"
        lines.append(line(("HTTP/1.1 ", "muted"), (f"{attempt.status} {attempt.reason}", role)))
    if attempt.error is not None:
        lines.append(line((attempt.error, "error")))
    sections = [Section("answer", None, Head(lines))]
    if attempt.status is not None:
        sections.append(header_section(attempt.headers, Look(), folded=True, key="answer-headers"))
        view = view_bytes(attempt.body, content_type(attempt.headers))
        summary = units.size(attempt.body_size)
        sections.append(
            Section(
                "answer-body",
                "answer",
                view.lines if view.json is None else unfolded(view.json),
                view.language,
                summary=summary,
                foldable=True,
            )
        )
        if attempt.body_size > len(attempt.body):
            cut = (
                f"Only the first {units.size(len(attempt.body))} of {units.size(attempt.body_size)} are kept."
            )
            sections.append(Section("cut", None, Head([line((cut, "care"))])))
    sections.append(Section("sent", None, Head(_sent_lines(attempt))))
    return sections


def _sent_lines(attempt: Attempt) -> list[HeadLine]:
    times = [
        f"{word} {ms:,.0f}"
        for word, ms in (("connect", attempt.connect_ms), ("first byte", attempt.first_byte_ms))
        if ms is not None
    ]
    lines = [line(""), line((", ".join([*times, f"all {attempt.ms:,.0f} ms"]), "muted"))]
    if not attempt.changes:
        lines.append(line(("Sent exactly as received.", "muted")))
        return lines
    lines.append(line(("Sent as received, but for:", "muted")))
    lines += [line((change, "error" if change.startswith("-") else "passed")) for change in attempt.changes]
    return lines


def _answer_text(attempt: Attempt) -> str:
    head = (
        f"{attempt.status} {attempt.reason}" if attempt.status is not None else attempt.error or "no answer"
    )
    lines = [
        head,
        *(f"{latin(name)}: {latin(value)}" for name, value in redact_headers(attempt.headers)[0]),
        "",
    ]
    return "\n".join(lines) + attempt.body[:_OLDER_BYTES].decode("utf-8", "replace")
