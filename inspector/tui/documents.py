"""What the tabs of the detail pane say of one event: read from the store in one go, laid out as documents.

Everything here may take a while for a large body, and is called in a thread. Texts from outside stay raw in
sections: the viewer makes every one visible.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from inspector.core import units
from inspector.core.bodies import BodyView, hex_of, view_bytes, view_of
from inspector.core.events import Attempt, Event, Request
from inspector.core.jsontext import JsonText
from inspector.core.lines import HexLines, Lines, TextLines
from inspector.core.payload import ITEMS, KEYS, Path, show_path
from inspector.core.redact import redact_headers, redact_query
from inspector.core.type_shape import Field, TypeShape, type_shape
from inspector.store.reader import Reader
from inspector.tui.widgets.document import Document, Head, HeadLine, Role, Section, Span

TABS = ("Details", "Body", "Headers", "Raw", "Shape", "Attempts")
_MAX_LISTED = 50
_MAX_OLDER = 10
_MAX_NEW = 2
_NAME_CELLS = 26
_SUMMARY_KEYS = 5
_PARTS = ("details", "data")
"""Root keys that hold what people came for, apart from the envelope around it."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One event with all that its tabs need."""

    event: Event
    request: Request | None
    raw_head: bytes | None
    view: BodyView | None
    attempts: tuple[Attempt, ...] = ()
    """Newest first."""
    new_fields: tuple[Field, ...] = ()
    """Fields no earlier event of the type had, when the shape was new."""
    part_key: str | None = None
    """Root key of what people came for (``details``), when the payload is an envelope around it."""
    part: JsonText | None = None
    """The value of that key."""
    envelope: JsonText | None = None
    """The payload with ``above`` in place of that value."""
    view_failed: str = ""
    """Name of the exception when the body could not be laid out."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the user wants to see it."""

    reveal: bool = False
    """Show masked values."""
    hex: bool = False
    target: str = ""
    """The replay target, for the words of an event that was not sent yet."""


def read_detail(reader: Reader, number: int) -> Detail | None:
    """Read an event and lay its body out; None when it was deleted."""
    event = reader.event(number)
    if event is None:
        return None
    request = reader.request(number)
    view, failed = None, ""
    if request is not None:
        try:
            view = view_of(request)
        except Exception as error:  # the one broad except: a body must never take the screen down
            view, failed = hex_of(request), type(error).__name__
    tree = view.json if view is not None else None
    key = _part_key(tree)
    return Detail(
        event=event,
        request=request,
        raw_head=reader.raw_head(number) if event.rejected is not None else None,
        view=view,
        attempts=tuple(reader.attempts(number)),
        new_fields=new_fields(reader, event) if event.new else (),
        part_key=key,
        part=tree.part((key,)) if tree is not None and key is not None else None,
        envelope=tree.replaced((key,), "above") if tree is not None and key is not None else None,
        view_failed=failed,
    )


def new_fields(reader: Reader, event: Event) -> tuple[Field, ...]:
    """The fields of an event that no earlier event of its type had, or had with other types only."""
    mine = reader.shape_of_event(event.id)
    if mine is None or event.type is None:
        return ()
    variants = reader.variants([(event.sender, event.type)])
    earlier = type_shape([v for v in variants if v.first_event < event.id and v.hash != event.shape])
    known = {field.path: set(field.types) for field in earlier.fields}
    return tuple(field for field in mine.fields if set(field.types) - known.get(field.path, set()))


def document(detail: Detail, tab: str, look: Look, shape: TypeShape | None = None) -> Document:
    """The document of a tab; `shape` is the type's, for the Shape tab."""
    if tab == "Shape":
        return _shape(detail, shape)
    if tab == "Attempts":
        return _attempts(detail, look)
    if detail.request is None or detail.view is None:
        return _rejected(detail)
    if tab == "Body":
        return _body(detail, look)
    if tab == "Headers":
        return _headers(detail.request, detail.event, look)
    if tab == "Raw":
        return _raw(detail.request, detail.view, look)
    return _details(detail, detail.request, detail.view, look)


def title(event: Event) -> str:
    """What an event is called: its type, or method and target, or that it was rejected."""
    if event.type:
        return event.type
    if event.method is not None:
        return f"{event.method} {(event.target or b'').decode('latin-1')}"
    return "rejected request" if event.rejected else "request"


def _line(*spans: tuple[str, Role] | str, right: str = "", new: bool = False) -> HeadLine:
    return HeadLine(
        tuple(Span(span) if isinstance(span, str) else Span(*span) for span in spans),
        (Span(right, "muted"),) if right else (),
        new,
    )


def _head(detail: Detail) -> Section:
    event = detail.event
    lines = []
    if event.comment:
        lines.append(_line(("; ", "accent"), event.comment))
    lines.append(_line((title(event), "title"), right=f"#{event.id}"))
    if event.rejected is not None:
        lines.append(_line(("rejected: ", "error"), event.rejected))
    if event.incomplete is not None:
        lines.append(_line(("incomplete: ", "care"), event.incomplete))
    if event.level or event.message:
        role: Role = {"error": "error", "warn": "care", "warning": "care"}.get(
            (event.level or "").lower(), "muted"
        )  # type: ignore[assignment]
        lines.append(_line((event.level or "", role), "   " if event.level else "", event.message or ""))
    if event.resource_id or event.account:
        about = ", ".join(text for text in (event.resource_type, event.account) if text)
        gap = "   " if event.resource_id and about else ""
        lines.append(_line(event.resource_id or "", (f"{gap}{about}", "muted")))
    now = time.time_ns() // 1000
    came = _local(event.received_us)
    size = f"{event.size:,} byte{'' if event.size == 1 else 's'}"
    how = (
        f"{event.method} {(event.target or b'').decode('latin-1')}"
        if event.method is not None and event.type
        else ""
    )
    lines.append(
        _line(
            came,
            (f", {units.ago(event.received_us, now)}   {size}   {how or 'from ' + event.remote}", "muted"),
        )
    )
    if event.duplicate_of is not None:
        lines.append(_line(("delivered again: ", "care"), f"first came as #{event.duplicate_of}"))
    if event.pending:
        lines.append(_line(("A large body: its type and shape are being read.", "muted")))
    roots = _new_roots(detail)
    for field in roots[:_MAX_NEW]:
        lines.append(
            _line(("new: ", "new"), show_path(field.path), (f", {_article(field.words)}", "muted"), new=True)
        )
    if len(roots) > _MAX_NEW:
        rest = units.count(len(roots) - _MAX_NEW, "more new field")
        lines.append(_line((f"and {rest}; 5 shows what is new", "new"), new=True))
    if detail.view_failed:
        lines.append(_line((f"This view failed ({detail.view_failed}). 4 has the raw bytes.", "error")))
    return Section("head", None, Head(lines))


def _new_roots(detail: Detail) -> list[Field]:
    """The new fields without those that only came with a new object around them."""
    new = _new_paths(detail)
    return [field for field in detail.new_fields if field.path[:-1] not in new]


def _article(words: str) -> str:
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"


def _local(us: int) -> str:
    then = datetime.fromtimestamp(us / 1e6, UTC).astimezone()
    today = datetime.now().astimezone().date()
    clock = then.strftime("%H:%M:%S.") + f"{us % 1_000_000 // 1000:03}"
    return clock if then.date() == today else then.strftime("%Y-%m-%d ") + clock


def _details(detail: Detail, request: Request, view: BodyView, look: Look) -> Document:
    sections = [_head(detail), *_notes(view)]
    key, part, envelope = detail.part_key, detail.part, detail.envelope
    if key is not None and part is not None and envelope is not None:
        # The viewer puts its cursor on the section called details, whatever the sender calls it.
        sections.append(Section("details", key, part, "json", summary=part.summary(0, 40), foldable=True))
        sections.append(
            Section(
                "envelope", "envelope", envelope, "json", summary=_keys(envelope), foldable=True, folded=True
            )
        )
    else:
        sections.append(Section("details", "body", view.json or view.lines, view.language, foldable=True))
    query = request.target.partition(b"?")[2]
    if query:
        sections.append(_query(query, look))
    sections.append(_header_section(request.headers, look, folded=True))
    return Document(tuple(sections), _new_paths(detail))


def _new_paths(detail: Detail) -> frozenset[Path]:
    return frozenset(field.path for field in detail.new_fields)


def _part_key(tree: JsonText | None) -> str | None:
    """The root key that is shown apart, if the payload is an envelope around one."""
    if tree is None or not len(tree) or not tree.opens(0):
        return None
    for key in _PARTS:
        row = tree.row_of((key,))
        if row is not None and tree.type_words(row).startswith(("object", "array")):
            return key
    return None


def _keys(tree: JsonText) -> str:
    keys: list[str] = []
    rest = 0
    for row in tree.children(0):
        if len(keys) < _SUMMARY_KEYS:
            keys.append(tree.key(row) or "")
        else:
            rest += 1
    return ", ".join(key for key in keys if key not in _PARTS) + (f", {rest:,} more" if rest else "")


def _notes(view: BodyView) -> list[Section]:
    if not view.notes:
        return []
    return [Section("notes", None, Head([_line((note, "care")) for note in view.notes]))]


def _query(query: bytes, look: Look) -> Section:
    masked = 0
    if not look.reveal:
        query, masked = redact_query(query)
    fields = [field.partition(b"=") for field in query.split(b"&") if field]
    lines = [
        _line((_latin(name), "key"), (" = ", "muted"), _masked_text(value) if value else "")
        for name, _, value in fields
    ]
    note = f"{masked} masked" if masked else ""
    count = f"{len(fields):,} value{'' if len(fields) == 1 else 's'}"
    return Section("query", "query", Head(lines), summary=count, note=note, foldable=True)


def _latin(value: bytes) -> str:
    return value.decode("latin-1")


def _masked_text(value: bytes) -> str:
    """Latin-1 text, in which the mask (UTF-8) stands as itself."""
    from inspector.core.redact import MASK

    return MASK if value == MASK.encode() else value.decode("latin-1")


def _header_lines(headers: tuple[tuple[bytes, bytes], ...], look: Look) -> tuple[list[HeadLine], int]:
    masked = 0
    if not look.reveal:
        headers, masked = redact_headers(headers)
    return [
        _line((_latin(name), "key"), (": ", "muted"), _masked_text(value)) for name, value in headers
    ], masked


def _header_section(
    headers: tuple[tuple[bytes, bytes], ...], look: Look, *, folded: bool, key: str = "headers"
) -> Section:
    lines, masked = _header_lines(headers, look)
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    count = f"{len(lines):,} line{'' if len(lines) == 1 else 's'}"
    summary = f"{count}, {_latin(kind)}" if kind else count
    note = f"{masked} masked" if masked else ""
    return Section(key, "headers", Head(lines), summary=summary, note=note, foldable=True, folded=folded)


def _body(detail: Detail, look: Look) -> Document:
    assert detail.request is not None
    assert detail.view is not None
    if look.hex:
        return Document((Section("body", None, HexLines(detail.request.body), "hex"),))
    return Document.of(detail.view, _new_paths(detail))


def _headers(request: Request, event: Event, look: Look) -> Document:
    lines, masked = _header_lines(request.headers, look)
    target = request.target if look.reveal else _mask_target(request.target)
    first = [
        _line(
            (request.method, "title"),
            " ",
            target.decode("utf-8", "replace"),
            (f" HTTP/{request.version}", "muted"),
        )
    ]
    count = f"{len(lines):,} line{'' if len(lines) == 1 else 's'} as received, from {event.remote}"
    words = count + (f"   {masked} masked, Y shows them" if masked else "")
    return Document(
        (
            Section("request", None, Head([*first, _line((words, "muted")), _line("")])),
            Section("headers", None, Head(lines)),
        )
    )


def _mask_target(target: bytes) -> bytes:
    path, mark, query = target.partition(b"?")
    return path + mark + redact_query(query)[0]


def _raw(request: Request, view: BodyView, look: Look) -> Document:
    headers = request.headers if look.reveal else redact_headers(request.headers)[0]
    target = request.target if look.reveal else _mask_target(request.target)
    first = f"{request.method} {target.decode('utf-8', 'surrogateescape')} HTTP/{request.version}"
    head = [first, *(f"{_latin(name)}: {_masked_text(value)}" for name, value in headers), ""]
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


def _rejected(detail: Detail) -> Document:
    event = detail.event
    sections = [_head(detail)]
    if event.count > 1:
        sections.append(
            Section("count", None, Head([_line((f"This line stands for {event.count:,} of them.", "care"))]))
        )
    if detail.raw_head:
        view = view_bytes(detail.raw_head)
        sections.append(Section("raw", "what came", view.lines, view.language))
    else:
        sections.append(Section("raw", None, Head([_line(("Nothing could be read of it.", "muted"))])))
    return Document(tuple(sections))


# -- shape


def _shape(detail: Detail, shape: TypeShape | None) -> Document:
    event = detail.event
    if event.pending:
        return _sentence("The shape of a large body is still being read.")
    if event.shape is None or event.type is None:
        why = "the body is not JSON" if event.shape is None else "the event has no type"
        if event.shape is not None and shape is not None:
            return Document((Section("shape", None, Head(_field_lines(shape, detail))),))
        return _sentence(f"No shape: {why}.")
    if shape is None:
        return _sentence("reading …")
    variants = f"{len(shape.variants):,} variant{'' if len(shape.variants) == 1 else 's'}"
    lines = [
        _line((event.type, "title"), right=f"{units.count(shape.events, 'event')}, {variants}"),
        *(
            _line(("new: ", "new"), show_path(field.path), (f", {_article(field.words)}", "muted"), new=True)
            for field in _new_roots(detail)[:_MAX_LISTED]
        ),
        _line(""),
        *_field_lines(shape, detail),
    ]
    return Document((Section("shape", None, Head(lines)),))


def _field_lines(shape: TypeShape, detail: Detail) -> list[HeadLine]:
    new = _new_paths(detail)
    names = [(_indented(field.path), field) for field in shape.fields]
    width = min(_NAME_CELLS, max((len(name) for name, _ in names), default=0))
    lines = []
    for name, field in names:
        always = field.present == field.of
        common = "all" if always else f"{field.present:,} of {field.of:,}"
        # The fields of an object stand below it.
        words = re.sub(r"^object, [0-9,]+ fields?$", "object", field.words)
        spans = (Span(f"{name:<{width}}  ", "key"), Span(words, "text" if always else "care"))
        lines.append(HeadLine(spans, (Span(common, "muted" if always else "care"),), field.path in new))
    return lines


def _indented(path: Path) -> str:
    """The last step of a path, two cells in for every step before it."""
    last = path[-1:] or ("",)
    name = "[]" if last[0] is ITEMS else "{*}" if last[0] is KEYS else show_path(last) if path else "."
    return "  " * max(0, len(path) - 1) + name


def _sentence(text: str) -> Document:
    return Document((Section("words", None, Head([_line((text, "muted"))])),))


# -- attempts


def _attempts(detail: Detail, look: Look) -> Document:
    attempts = detail.attempts
    if not attempts:
        if detail.event.rejected is not None:
            return _sentence("A rejected request cannot be replayed.")
        if look.target:
            return _sentence(f"Not sent yet. r replays it to {look.target}.")
        return _sentence("No target yet. R asks for one.")
    newest = attempts[0]
    lines = [_line(("to ", "muted"), newest.target), _line((" #   sent      answer        ms", "muted"))]
    for index, attempt in enumerate(attempts[:_MAX_LISTED]):
        lines.append(_attempt_line(len(attempts) - index, attempt, newest.target))
    if len(attempts) > _MAX_LISTED:
        lines.append(_line((f"and {len(attempts) - _MAX_LISTED:,} before these", "muted")))
    lines.append(_line(""))
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
    return _line(
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
            _line((f"#{number} {_result(attempt)}", role), f" where #{number - 1} {_result(before[0])}")
        )
    if attempt.status is not None:
        role = "passed" if attempt.passed else "error"
        lines.append(_line(("HTTP/1.1 ", "muted"), (f"{attempt.status} {attempt.reason}", role)))
    if attempt.error is not None:
        lines.append(_line((attempt.error, "error")))
    sections = [Section("answer", None, Head(lines))]
    if attempt.status is not None:
        sections.append(_header_section(attempt.headers, Look(), folded=True, key="answer-headers"))
        view = view_bytes(attempt.body, _content_type(attempt.headers))
        summary = units.size(attempt.body_size)
        sections.append(
            Section(
                "answer-body",
                "answer",
                view.json or view.lines,
                view.language,
                summary=summary,
                foldable=True,
            )
        )
        if attempt.body_size > len(attempt.body):
            cut = (
                f"Only the first {units.size(len(attempt.body))} of {units.size(attempt.body_size)} are kept."
            )
            sections.append(Section("cut", None, Head([_line((cut, "care"))])))
    sections.append(Section("sent", None, Head(_sent_lines(attempt))))
    return sections


def _sent_lines(attempt: Attempt) -> list[HeadLine]:
    times = [
        f"{word} {ms:,.0f}"
        for word, ms in (("connect", attempt.connect_ms), ("first byte", attempt.first_byte_ms))
        if ms is not None
    ]
    lines = [_line(""), _line((", ".join([*times, f"all {attempt.ms:,.0f} ms"]), "muted"))]
    if not attempt.changes:
        lines.append(_line(("Sent exactly as received.", "muted")))
        return lines
    lines.append(_line(("Sent as received, but for:", "muted")))
    lines += [_line((change, "error" if change.startswith("-") else "passed")) for change in attempt.changes]
    return lines


def _answer_text(attempt: Attempt) -> str:
    head = (
        f"{attempt.status} {attempt.reason}" if attempt.status is not None else attempt.error or "no answer"
    )
    lines = [
        head,
        *(f"{_latin(name)}: {_latin(value)}" for name, value in redact_headers(attempt.headers)[0]),
        "",
    ]
    return "\n".join(lines) + attempt.body[:20_000].decode("utf-8", "replace")


def _content_type(headers: tuple[tuple[bytes, bytes], ...]) -> str:
    return _latin(next((value for name, value in headers if name.lower() == b"content-type"), b""))


def with_attempt(detail: Detail, attempt: Attempt) -> Detail:
    """The same event with one more attempt."""
    return replace(detail, attempts=(attempt, *detail.attempts))


def plain_value(text: str) -> str:
    """A value as it is copied: a JSON string without quotes and escapes, anything else as it was spelled."""
    if text.startswith('"'):
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return text
    return text
