"""Pieces that several documents are made of: lines in our own words, header lines with their secrets masked."""

from __future__ import annotations

from inspector.core.bodies import unquoted
from inspector.core.header_words import meaning_of_header, odd_headers
from inspector.core.redact import MASK, redact_headers, redact_query
from inspector.core.type_shape import Field
from inspector.tui.detail import Look
from inspector.tui.widgets.document import Document, Head, HeadLine, Role, Section, Span, sentences

_THIRD_PANE = 36
"""Characters of a line in the narrowest."""
Headers = tuple[tuple[bytes, bytes], ...]


def line(*spans: tuple[str, Role] | str, right: str = "", new: bool = False) -> HeadLine:
    """A line of spans; plain strings are plain text, `right` stands muted at the right edge."""
    return HeadLine(
        tuple(Span(span) if isinstance(span, str) else Span(*span) for span in spans),
        (Span(right, "muted"),) if right else (),
        new,
    )


def sentence(text: str) -> Document:
    """A document of one sentence, which fits the third pane."""
    return Document((Section("words", None, sentences([text], "muted", _THIRD_PANE)),))


def how_common(field: Field) -> str:
    """In how many events of its type a field is, in words."""
    if field.present != field.of:
        return f"in {field.present:,} of {field.of:,} events"
    return f"in all {field.of:,} events" if field.of != 1 else "the only event of its type"


def article(words: str) -> str:
    """``a string``, ``an object``."""
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"


def latin(value: bytes) -> str:
    """Raw bytes of a header line as text."""
    return value.decode("latin-1")


def masked_text(value: bytes) -> str:
    """Latin-1 text, in which the mask (UTF-8) stands as itself."""
    return MASK if value == MASK.encode() else value.decode("latin-1")


def content_type(headers: Headers) -> str:
    """The Content-Type, or empty."""
    return latin(next((value for name, value in headers if name.lower() == b"content-type"), b""))


def mask_target(target: bytes) -> bytes:
    """A target with the secrets of its query masked."""
    path, mark, query = target.partition(b"?")
    return path + mark + redact_query(query)[0]


def query_section(query: bytes, look: Look) -> Section:
    """The fields of a query, decoded, a line each."""
    masked = 0
    if not look.reveal:
        query, masked = redact_query(query)
    fields = [field.partition(b"=") for field in query.split(b"&") if field]
    lines = [
        line(
            (unquoted(latin(name)), "key"),
            (" = ", "muted"),
            MASK if value == MASK.encode() else unquoted(latin(value)),
        )
        for name, _, value in fields
    ]
    note = f"{masked} masked" if masked else ""
    count = f"{len(fields):,} value{'' if len(fields) == 1 else 's'}"
    return Section("query", "query", Head(lines), summary=count, note=note, foldable=True)


def header_lines(headers: Headers, look: Look, body_size: int | None = None) -> tuple[list[HeadLine], int]:
    """Header lines with what they mean and what is odd about them, and how many of them are masked."""
    masked = 0
    remarks = odd_headers(headers, body_size)
    if not look.reveal:
        headers, masked = redact_headers(headers)
    return [
        HeadLine(
            (Span(latin(name), "key"), Span(": ", "muted"), Span(masked_text(value))),
            (Span(remark, "care"),) if remark else (),
            name=latin(name),
            value=masked_text(value),
            told=meaning_of_header(latin(name)),
        )
        for (name, value), remark in zip(headers, remarks, strict=True)
    ], masked


def header_section(
    headers: Headers, look: Look, *, folded: bool, key: str = "headers", body_size: int | None = None
) -> Section:
    """Header lines under a heading that tells how many there are."""
    lines, masked = header_lines(headers, look, body_size)
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    count = f"{len(lines):,} line{'' if len(lines) == 1 else 's'}"
    summary = f"{count}, {latin(kind)}" if kind else count
    note = f"{masked} masked" if masked else ""
    return Section(key, "headers", Head(lines), summary=summary, note=note, foldable=True, folded=folded)
