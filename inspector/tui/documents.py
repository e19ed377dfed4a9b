"""What the tabs of the detail pane say of one event, laid out as documents.

Texts from outside stay raw in sections: the viewer makes every one visible.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from rich.cells import cell_len

from inspector.core import units
from inspector.core.bodies import BodyView, view_bytes
from inspector.core.events import Event, Request
from inspector.core.jsontext import JsonText
from inspector.core.labels import LABELS
from inspector.core.lines import HexLines, Lines, TextLines
from inspector.core.nested import NestedText
from inspector.core.redact import redact_headers
from inspector.core.shorten import resource
from inspector.core.text import visible
from inspector.core.type_shape import TypeShape
from inspector.tui.attempt_document import attempts_document
from inspector.tui.detail import PARTS, Detail, Look, new_paths, title
from inspector.tui.document_parts import (
    header_lines,
    header_section,
    latin,
    line,
    mask_target,
    masked_text,
    query_section,
)
from inspector.tui.keys import first_key
from inspector.tui.shape_document import shape_document
from inspector.tui.widgets.document import Document, Head, HeadLine, Role, Section, sentences

_MAX_NEW = 2
_SUMMARY_KEYS = 5
_USUAL = "answered 200"
"""Told by the headers; the head tells any other answer."""
_LEAST_RESOURCE = 8


def document(detail: Detail, tab: str, look: Look, shape: TypeShape | None = None) -> Document:
    """The document of a tab; `shape` is the type's, for the Shape tab."""
    found = _document(detail, tab, look, shape)
    if detail.first_part and tab in ("Details", "Body", "Raw"):
        words = f"This is the first part of {units.size(detail.event.size)}; reading the rest …"
        found = replace(
            found, sections=(*found.sections, Section("rest", None, Head([line((words, "care"))])))
        )
    return found


def _document(detail: Detail, tab: str, look: Look, shape: TypeShape | None) -> Document:
    if tab == "Shape":
        return shape_document(detail, shape)
    if tab == "Attempts":
        return attempts_document(detail, look)
    if detail.request is None or detail.view is None:
        return _rejected(detail, look)
    if tab == "Body":
        return _body(detail, look)
    if tab == "Headers":
        return _headers(detail.request, detail.event, look)
    if tab == "Raw":
        return _raw(detail.request, detail.view, look)
    return _details(detail, detail.request, detail.view, look)


def _head(detail: Detail, look: Look) -> Section:
    event = detail.event
    lines = []
    if event.comment:
        lines.append(line(("; ", "accent"), event.comment))
    now = time.time_ns() // 1000
    came = _local(event.received_us)
    ago, size = units.ago(event.received_us, now), units.count(event.size, "byte")
    if look.low:
        lines.append(_name(event, look.low))
    else:
        lines.append(line((title(event), "title"), right=f"#{event.id}"))
    if event.rejected is not None:
        lines.append(line(("rejected: ", "error"), event.rejected))
    if event.incomplete is not None:
        lines.append(line(("incomplete: ", "care"), event.incomplete))
    role: Role = {"error": "error", "warn": "care", "warning": "care"}.get(
        (event.level or "").lower(), "muted"
    )  # type: ignore[assignment]
    said = ((event.level or "", role), "   " if event.level else "", event.message or "")
    if look.low:
        lines.append(line(*said, right=f"{came}, {ago}  {size}"))
    elif event.level or event.message:
        lines.append(line(*said))
    if not look.low:
        if event.resource_id or event.account:
            about = ", ".join(text for text in (event.resource_type, event.account) if text)
            gap = "  " if event.resource_id and about else ""
            lines.append(line(event.resource_id or "", (f"{gap}{about}", "muted")))
        how = (
            f"{event.method} {(event.target or b'').decode('latin-1')}"
            if event.method is not None and event.type
            else f"from {event.remote}"
        )
        lines.append(line(came, (f", {ago}  {size}  {how}", "muted")))
    if (answered := _answered(event)) not in ("", _USUAL):
        lines.append(line((answered, "care")))
    if event.forwarded_for is not None:
        lines.append(line(("from ", "muted"), event.forwarded_for, (f", through {event.remote}", "muted")))
    for label in event.labels:
        lines.append(line((f"{label}: ", "care"), (LABELS.get(label, ""), "muted")))
    if event.signature is not None:
        result, _, rest = event.signature.partition(":")
        if result == "no secret":
            lines.append(line((f"signature not checked: no secret for{rest}", "muted")))
        else:
            judged: Role = "passed" if result == "verified" else "error"
            lines.append(line(("signature ", "muted"), (result, judged), (f":{rest}", "muted")))
    if event.duplicate_of is not None:
        lines.append(line(("delivered again: ", "care"), f"first came as #{event.duplicate_of}"))
    if event.pending:
        lines.append(line(("Its type and shape are still being read.", "muted")))
    lines.extend(line((words, "new"), new=True) for words in detail.news[:_MAX_NEW])
    if len(detail.news) > _MAX_NEW:
        more = f"and {len(detail.news) - _MAX_NEW:,} more; {first_key(look.keys, 'tab-5')} shows what is new"
        lines.append(line((more, "new"), new=True))
    if detail.view_failed:
        raw = f"{first_key(look.keys, 'tab-4')} has the raw bytes, the log the rest."
        lines += sentences([f"This view failed ({detail.view_failed}). {raw}"], "error").lines
    return Section("head", None, Head(lines))


def _name(event: Event, width: int) -> HeadLine:
    """Type and resource on one line, the resource without its leading parts where it is long."""
    number, name = f"#{event.id}", title(event)
    room = width - cell_len(visible(name)) - len(number) - 8
    about = "" if room < _LEAST_RESOURCE else resource(visible(event.resource_id or ""), room, cell_len)
    return line((name, "title"), (f"   {about}" if about else "", "text"), right=number)


def _answered(event: Event) -> str:
    """What the sender was answered, in words; empty for what came from a file."""
    if event.status is not None:
        return f"answered {event.status}"
    return "" if event.remote == "import" else "not answered"


def _local(us: int) -> str:
    then = datetime.fromtimestamp(us / 1e6, UTC).astimezone()
    today = datetime.fromtimestamp(time.time(), UTC).astimezone().date()
    clock = then.strftime("%H:%M:%S.") + f"{us % 1_000_000 // 1000:03}"
    return clock if then.date() == today else then.strftime("%Y-%m-%d ") + clock


def _details(detail: Detail, request: Request, view: BodyView, look: Look) -> Document:
    sections = [_head(detail, look), *_notes(view)]
    key, part, envelope = detail.part_key, detail.part, detail.envelope
    if key is not None and part is not None and envelope is not None:
        # The viewer puts its cursor on the section called details, whatever the sender calls it.
        sections.append(Section("details", key, part, "json", summary=part.summary(0, 40), foldable=True))
        sections.append(
            Section(
                "envelope", "envelope", envelope, "json", summary=_keys(envelope), foldable=True, folded=True
            )
        )
    elif detail.parts:
        sections += _parts(detail)
        if detail.whole is not None:
            words = _keys(detail.whole)
            sections.append(
                Section(
                    "envelope", "envelope", detail.whole, "json", summary=words, foldable=True, folded=True
                )
            )
    else:
        sections.append(Section("details", "body", detail.whole or view.lines, view.language, foldable=True))
    query = request.target.partition(b"?")[2]
    if query:
        sections.append(query_section(query, look))
    size = detail.event.size if detail.event.complete else None
    sections.append(header_section(request.headers, look, folded=True, body_size=size))
    return Document(tuple(sections), new_paths(detail))


def _keys(tree: JsonText | NestedText) -> str:
    keys: list[str] = []
    rest = 0
    for row in tree.children(0):
        if len(keys) < _SUMMARY_KEYS:
            keys.append(tree.key(row) or "")
        else:
            rest += 1
    return ", ".join(key for key in keys if key not in PARTS) + (f", {rest:,} more" if rest else "")


def _notes(view: BodyView) -> list[Section]:
    if not view.notes:
        return []
    return [Section("notes", None, sentences(view.notes, "care"))]


def _body(detail: Detail, look: Look) -> Document:
    assert detail.request is not None
    assert detail.view is not None
    if look.hex:
        return Document((Section("body", None, HexLines(detail.request.body), "hex"),))
    if detail.parts and detail.whole is None:
        return Document((*_notes(detail.view), *_parts(detail)))
    return Document.of(detail.view, new_paths(detail), detail.whole)


def _parts(detail: Detail) -> list[Section]:
    """A section for each thing in the body; the first that is JSON is the one people came for."""
    trees = [number for number, part in enumerate(detail.parts) if not isinstance(part.source, TextLines)]
    first = trees[0] if trees else 0
    return [
        Section(
            "details" if number == first else f"part-{number}",
            part.title,
            part.source,
            part.language,
            summary=part.summary,
            foldable=True,
        )
        for number, part in enumerate(detail.parts)
    ]


def _headers(request: Request, event: Event, look: Look) -> Document:
    lines, masked = header_lines(request.headers, look, event.size if event.complete else None)
    target = request.target if look.reveal else mask_target(request.target)
    first = [
        line(
            (request.method, "title"),
            " ",
            target.decode("utf-8", "backslashreplace"),
            (f" HTTP/{request.version}", "muted"),
        )
    ]
    words = f"{units.count(len(lines), 'line')} as received"
    words += f", {masked} masked, {first_key(look.keys, 'copy-as')} shows them" if masked else ""
    answered = _answered(event)
    came = f"from {event.remote}" + (f", {answered}" if answered else "")
    sections = [
        Section("request", None, Head([*first, line((came, "muted")), line((words, "muted")), line("")])),
        Section("headers", None, Head(lines)),
    ]
    if request.trailers:
        after, _ = header_lines(request.trailers, look)
        sections.append(Section("trailers", "after the body", Head(after)))
    return Document(tuple(sections))


def _raw(request: Request, view: BodyView, look: Look) -> Document:
    headers = request.headers if look.reveal else redact_headers(request.headers)[0]
    target = request.target if look.reveal else mask_target(request.target)
    first = f"{request.method} {target.decode('utf-8', 'surrogateescape')} HTTP/{request.version}"
    head = [first, *(f"{latin(name)}: {masked_text(value)}" for name, value in headers), ""]
    encoded = view.data != request.body
    body: Lines
    if look.hex or view.kind == "hex" or encoded:
        body, language = HexLines(request.body), "hex"
    else:
        body, language = TextLines(request.body.decode("utf-8", "surrogateescape")), "text"
    return Document(
        (
            Section("head", None, TextLines("\n".join(head) + "\n")),
            Section("body", None, body, language),  # type: ignore[arg-type]
        )
    )


def _rejected(detail: Detail, look: Look) -> Document:
    event = detail.event
    sections = [_head(detail, look)]
    if event.count > 1:
        sections.append(
            Section("count", None, Head([line((f"This line stands for {event.count:,} of them.", "care"))]))
        )
    if detail.raw_head:
        view = view_bytes(detail.raw_head)
        sections.append(Section("raw", "what came", view.lines, view.language))
    else:
        sections.append(Section("raw", None, Head([line(("Nothing could be read of it.", "muted"))])))
    return Document(tuple(sections))
