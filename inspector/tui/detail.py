"""One event with all that its tabs show, read from the store in one go.

Reading may take a while for a large body, and is done in a thread.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from inspector.core import units
from inspector.core.bodies import BodyView, decoded, hex_of, view_bytes, view_of
from inspector.core.body_parts import BodyPart, parts_of
from inspector.core.events import Attempt, Event, Request
from inspector.core.jsontext import JsonText
from inspector.core.nested import NestedText, json_in_base64, unfolded
from inspector.core.payload import Path
from inspector.core.preview import PREVIEW, preview_of
from inspector.core.type_shape import Field, type_shape
from inspector.store.news import news_of
from inspector.store.reader import Reader
from inspector.tui.log import view_failed

TABS = ("Details", "Body", "Headers", "Raw", "Shape", "Attempts")
PARTS = ("details", "data")
"""Root keys that hold what people came for, apart from the envelope around it."""
DATA_BASE64 = "data_base64"
"""Where a CloudEvent has its data when it is not JSON by itself."""


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
    news: tuple[str, ...] = ()
    """In what the event departs from all before it of its type, a sentence each. Text from outside."""
    part_key: str | None = None
    """Root key of what people came for (``details``), when the payload is an envelope around it."""
    part: JsonText | NestedText | None = None
    """The value of that key."""
    whole: JsonText | NestedText | None = None
    """The payload."""
    parts: tuple[BodyPart, ...] = ()
    """What a body of several things holds: parts of a multipart body, JSON fields of a form; of a CloudEvent the bytes
    in it."""
    envelope: JsonText | NestedText | None = None
    """The payload with ``above`` in place of that value."""
    view_failed: str = ""
    """Name of the exception when the body could not be laid out."""
    first_part: bool = False
    """Only the beginning of the body is here; the rest is being read."""

    @property
    def weight(self) -> int:
        """About how many bytes its documents are made of."""
        return max(
            0 if self.request is None else len(self.request.body), len(self.view.data) if self.view else 0
        )


@dataclass(frozen=True, slots=True)
class Look:
    """How the user wants to see it."""

    reveal: bool = False
    """Show masked values."""
    hex: bool = False
    low: int = 0
    """Cells across of a pane with few rows, in which the head is short; 0 where there is room."""
    target: str = ""
    """The replay target, for the words of an event that was not sent yet."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """The keys that the user chose, by id; for the words that name a key."""


def read_detail(
    reader: Reader, number: int, known: Detail | None = None, upto: int | None = None
) -> Detail | None:
    """Read an event and lay its body out; None when it was deleted.

    Of a body that is, once decoded, larger than `upto` bytes there is the first part only. `known` is what was
    read before: a body never changes, so that of the same event is not laid out again.
    """
    event = reader.event(number)
    if event is None:
        return None
    if known is not None and known.event.id == number:
        return replace(
            known,
            event=event,
            attempts=tuple(reader.attempts(number)),
            new_fields=new_fields(reader, event) if event.new else (),
            news=tuple(news_of(reader, event)),
        )
    request = reader.request(number, None if upto is None else upto + 1)
    if request is None or upto is None or not _is_larger(request, upto):
        return _laid_out(reader, event, request, view_of)
    request = replace(request, body=request.body[:PREVIEW])
    return replace(_laid_out(reader, event, request, preview_of), first_part=True)


def _is_larger(request: Request, size: int) -> bool:
    return len(request.body) > size or len(decoded(request, size + 1).data) > size


def _laid_out(
    reader: Reader, event: Event, request: Request | None, view_with: Callable[[Request], BodyView]
) -> Detail:
    view, failed = None, ""
    if request is not None:
        try:
            view = view_with(request)
        except Exception as error:  # the one broad except: a body must never take the screen down
            view_failed(f"the body of #{event.id}", error)
            view, failed = hex_of(request), type(error).__name__
    tree = view.json if view is not None else None
    key = part_key_of(tree)
    part = envelope = None
    parts: tuple[BodyPart, ...] = ()
    if tree is not None and key is not None:
        part, envelope = tree.part((key,)), tree.replaced((key,), "above")
    elif tree is not None and (row := tree.row_of((DATA_BASE64,))) is not None:
        part = json_in_base64(tree.value_text(row), (DATA_BASE64,))
        if part is not None:
            key, envelope = DATA_BASE64, tree
        else:
            parts = _bytes_of(tree, row)
    return Detail(
        event=event,
        request=request,
        raw_head=reader.raw_head(event.id) if event.rejected is not None else None,
        view=view,
        attempts=tuple(reader.attempts(event.id)),
        new_fields=new_fields(reader, event) if event.new else (),
        news=tuple(news_of(reader, event)),
        part_key=key,
        part=None if part is None else unfolded(part),
        whole=None if tree is None else unfolded(tree),
        parts=parts or (() if view is None or request is None else parts_of(view, content_type(request))),
        envelope=None if envelope is None else unfolded(envelope),
        view_failed=failed,
    )


def _bytes_of(tree: JsonText, row: int) -> tuple[BodyPart, ...]:
    """What the base64 on a row is when it is no JSON; nothing when it is no base64."""
    named = tree.row_of(("datacontenttype",))
    try:
        data = binascii.a2b_base64(plain_value(tree.value_text(row)), strict_mode=True)
    except (ValueError, UnicodeEncodeError):
        return ()
    view = view_bytes(data, "" if named is None else plain_value(tree.value_text(named)))
    size = units.count(len(data), "byte")
    return (BodyPart(f"{DATA_BASE64}, {size}", view.lines, view.language, size),) if data else ()


def content_type(request: Request) -> str:
    """The Content-Type of a request as it was sent, or empty."""
    return (request.header(b"content-type") or b"").decode("latin-1")


def new_fields(reader: Reader, event: Event) -> tuple[Field, ...]:
    """The fields of an event that no earlier event of its type had, or had with other types only."""
    mine = reader.shape_of_event(event.id)
    if mine is None or event.type is None:
        return ()
    variants = reader.variants([(event.sender, event.type)])
    earlier = type_shape([v for v in variants if v.first_event < event.id and v.hash != event.shape])
    known = {field.path: set(field.types) for field in earlier.fields}
    return tuple(field for field in mine.fields if set(field.types) - known.get(field.path, set()))


def new_paths(detail: Detail) -> frozenset[Path]:
    """The paths of all new fields."""
    return frozenset(field.path for field in detail.new_fields)


def part_key_of(tree: JsonText | None) -> str | None:
    """The root key that is shown apart, if the payload is an envelope around one."""
    if tree is None or not len(tree) or not tree.opens(0):
        return None
    for key in PARTS:
        row = tree.row_of((key,))
        if row is not None and tree.type_words(row).startswith(("object", "array")):
            return key
    return None


def title(event: Event) -> str:
    """What an event is called: its type, or method and target, or that it was rejected."""
    if event.type:
        return event.type
    if event.method is not None:
        return f"{event.method} {(event.target or b'').decode('latin-1')}"
    return "rejected request" if event.rejected else "request"


def plain_value(text: str) -> str:
    """A value as it is copied: a JSON string without quotes and escapes, anything else as it was spelled."""
    if text.startswith('"'):
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return text
    return text
