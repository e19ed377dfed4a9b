"""What the bytes of a body are, for the screen: decoded, told apart by content, laid out in rows.

`view_of` never raises and never shows less than was sent without a note that says so. JSON is indented as
text, forms become ``key = value``, multipart bodies their parts, what is no text a hex dump whose rows are
made when looked at. Bytes are judged by what they are; Content-Type decides only between readings that are
both possible.
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from inspector.core import decoding, units
from inspector.core.decoding import LIMIT_OUT, MAX_MEMBERS, Decoded
from inspector.core.events import Request
from inspector.core.jsontext import JsonText, reindent
from inspector.core.lines import HexLines, Lines, TextLines
from inspector.core.markup import laid_out
from inspector.core.payload import MAX_DEPTH, NotJson, is_json, parse_text
from inspector.core.text import visible

if TYPE_CHECKING:
    from email.message import Message

Kind = Literal["empty", "json", "documents", "form", "multipart", "xml", "yaml", "text", "hex"]
Language = Literal["json", "xml", "yaml", "text", "hex"]

NO_END: Final = "The last boundary is missing."
MAX_PARTS: Final = 1000
MAX_FIELDS: Final = 10_000

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_CHARSET = re.compile(r"(utf-(8|16|32)|ascii|iso8859|cp\d|koi8|mac-|shift_jis|euc_|gb|big5|iso2022|hz)")
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r\x1b") + b"\x7f"
_FORM = re.compile(r"[^\s=&{}<>\"]{1,200}=[^\s&]*(&[^\s=&]{1,200}=[^\s&]*)*")
_SAMPLE = 65_536
_YAML_SAMPLE = 4_000
_YAML_KEY = re.compile(r"[A-Za-z_][\w.-]{0,60}:(?: |\r?$)")
_YAML_ROW = re.compile(_YAML_KEY.pattern + r"|---|\.\.\.|#|- | +\S")


@dataclass(frozen=True, slots=True)
class BodyView:
    """A body as the viewer shows it."""

    kind: Kind
    language: Language
    """What to colour the rows as."""
    lines: Lines
    """The rows to show, raw: whoever shows them makes them visible."""
    notes: tuple[str, ...] = ()
    """Sentences and remarks on how this came from the bytes: ``gunzipped from 412 B``."""
    data: bytes = b""
    """The body without its Content-Encoding."""
    json: JsonText | None = None
    """The indented text with its index, when the body is one JSON document."""

    @property
    def text(self) -> str:
        """All rows as one text."""
        return self.lines.text()


def decoded(request: Request, limit_out: int = LIMIT_OUT, members: int = MAX_MEMBERS) -> Decoded:
    """The body without its Content-Encoding, and notes on what was done; never raises."""
    encodings = [
        one
        for name, value in request.headers
        if name.lower() == b"content-encoding"
        for one in value.decode("latin-1").split(",")
    ]
    return decoding.decode(request.body, encodings, limit_out, members)


def view_of(request: Request, limit_out: int = LIMIT_OUT, members: int = MAX_MEMBERS) -> BodyView:
    """The body of a request ready to show. Work is linear in its size: for megabytes, call it in a thread."""
    data, notes = decoded(request, limit_out, members)
    content_type = (request.header(b"content-type") or b"").decode("latin-1")
    return view_bytes(data, content_type, notes)


def hex_of(request: Request) -> BodyView:
    """The body as it came, still encoded, as a hex dump."""
    return BodyView("hex", "hex", HexLines(request.body), (), request.body)


def view_bytes(data: bytes, content_type: str = "", notes: tuple[str, ...] = ()) -> BodyView:
    """Like `view_of`, for bytes without a Content-Encoding."""
    if not data:
        return BodyView("empty", "text", TextLines("Empty body, 0 bytes."), notes)
    header = _header(content_type)
    media = header.get_content_type() if content_type else ""
    if media.startswith("multipart/") and (parts := _parts(data, str(header.get_param("boundary") or ""))):
        return BodyView("multipart", "text", TextLines(parts), notes, data)
    read = _text(data, str(header.get_param("charset") or ""))
    if read is None:
        if data.startswith(b"\x1f\x8b\x08") and not notes:
            notes = (*notes, "These are gzip bytes; no Content-Encoding says so. Shown as they came.")
        return BodyView("hex", "hex", HexLines(data), notes, data)
    text, remark = read
    notes += remark
    return _json(text, media, notes, data) or _other(text, media, notes, data)


def text_of(data: bytes, content_type: str) -> str:
    """The text that `view_bytes` lays out; empty for bytes that are none."""
    read = _text(data, str(_header(content_type).get_param("charset") or ""))
    return "" if read is None else read[0]


def _text(data: bytes, charset: str) -> tuple[str, tuple[str, ...]] | None:
    """Decode by byte order mark, zeros as JSON has in UTF-16, the charset, UTF-8, Latin-1; None if binary."""
    for mark, codec, name in _BOMS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(codec, "surrogatepass")
            except UnicodeDecodeError:
                break
            return text, (f"{name} with a byte order mark",)
    if b"\0" in data[:4]:
        guess = json.detect_encoding(data)
        with suppress(UnicodeDecodeError):
            text = data.decode(guess, "surrogatepass")
            if text[:1000].lstrip(" \t\r\n")[:1] in ("{", "[", '"'):
                return text, (guess.upper(),)
    if _is_binary(data):
        return None
    notes: tuple[str, ...] = ()
    named = _codec(charset) if charset else "utf-8"
    if named is None:
        notes = (f"The charset {visible(charset[:40])} is not known here.",)
    elif named not in ("utf-8", "ascii"):
        try:
            return data.decode(named), (f"read as {named}",)
        except UnicodeError:
            notes = (f"The charset says {named}, the bytes are not.",)
    try:
        return data.decode("utf-8", "surrogatepass"), notes
    except UnicodeDecodeError as error:
        sample = data[:_SAMPLE]
        if sum(byte >= 0x80 for byte in sample) * 4 > len(sample):
            return None
        where = f"Not UTF-8 after byte {error.start:,}. Shown as Latin-1."
        return data.decode("latin-1"), (*notes, where)


def _codec(charset: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", charset):
        return None
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return None
    return name if _CHARSET.match(name) else None


def _is_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    return (len(sample) - len(sample.translate(None, _CONTROLS))) * 8 > len(sample)


def _json(text: str, media: str, notes: tuple[str, ...], data: bytes) -> BodyView | None:
    """The view of text that is JSON, or that ought to be, with the reason why not; None for any other."""
    begins = text[:1000].lstrip(" \t\r\n\ufeff")[:1]
    called = media.endswith(("/json", "+json"))
    if not called and begins not in ("{", "["):
        return None
    try:
        parse_text(text)
    except NotJson as error:
        reason = str(error)
    else:
        tree = JsonText(text.removeprefix("\ufeff"))
        if tree.depth <= MAX_DEPTH:
            return BodyView("json", "json", tree.lines, notes, data, tree)
        reason = f"Nested deeper than {MAX_DEPTH}."
    if reason.endswith("document.") and (number := _documents(text)):
        notes = (*notes, f"Not one JSON document: {number:,} found, one a line.")
        return BodyView("documents", "json", TextLines(text), notes, data)
    return BodyView("text", "text", TextLines(text), (*notes, f"{reason} Shown as text."), data)


def _documents(text: str) -> int:
    """How many JSON documents stand in a text, one a line; 0 when a line is none."""
    number = 0
    for line in text.split("\n"):
        if line.strip():
            if not is_json(line):
                return 0
            number += 1
    return number


def _other(text: str, media: str, notes: tuple[str, ...], data: bytes) -> BodyView:
    if media.endswith("x-www-form-urlencoded") or (not media and _FORM.fullmatch(text, 0, _SAMPLE)):
        return BodyView("form", "json", TextLines(_form(text)), notes, data)
    if media.endswith(("/xml", "+xml", "/html")) or text[:1000].lstrip().startswith("<"):
        rows = None if "html" in media else laid_out(text)
        notes += () if rows is None else ("Laid out for reading; 4 has it as it came.",)
        return BodyView("xml", "xml", TextLines(rows or text), notes, data)
    if "yaml" in media or _is_like_yaml(text[:_YAML_SAMPLE]):
        return BodyView("yaml", "yaml", TextLines(text), notes, data)
    return BodyView("text", "text", TextLines(text), notes, data)


def _is_like_yaml(text: str) -> bool:
    """Whether every row is a key, an element, a comment or indented, and more than one is a key."""
    rows = [row for row in text.split("\n")[:50] if row.strip()]
    return all(map(_YAML_ROW.match, rows)) and sum(_YAML_KEY.match(row) is not None for row in rows) > 1


def _form(text: str) -> str:
    """Form fields as ``key = value``, one a row; a value that is JSON is indented below its key."""
    rows: list[str] = []
    fields = form_fields(text)
    for key, value in fields[:MAX_FIELDS]:
        if value[:1] in ("{", "[") and is_json(value):
            value = reindent(value)
        elif "\n" in value:
            value = value.replace("\r\n", "\n").replace("\n", "\n  ")
        rows.append(f"{key} = {value}")
    if len(fields) > MAX_FIELDS:
        rows.append(f"… and more than {MAX_FIELDS:,} fields in all; the raw body has them.")
    return "\n".join(rows)


def form_fields(text: str) -> list[tuple[str, str]]:
    """The fields of a form in order, decoded, at most one more than `MAX_FIELDS`."""
    fields = (field.partition("=") for field in text.strip("\r\n").split("&", MAX_FIELDS))
    return [(unquoted(key), unquoted(value)) for key, _, value in fields]


def unquoted(text: str) -> str:
    """A name or value of a form or query, decoded."""
    raw = unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogatepass"))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def boundary_of(content_type: str) -> str:
    """The boundary that a Content-Type names; empty when there is none."""
    return str(_header(content_type).get_param("boundary") or "")


def _header(content_type: str) -> Message:
    from email.message import (
        Message,
    )  # only here: identifying a body has no use for it, and it is slow to import

    header = Message()
    header["Content-Type"] = re.sub(r"[^\x20-\x7e]", " ", content_type)[:2000]
    return header


class Parts(NamedTuple):
    """A multipart body, cut up."""

    before: bytes
    """What stands before the first part."""
    parts: list[tuple[list[str], bytes]]
    """Header lines and bytes of each, at most one more than `MAX_PARTS`."""
    ends: bool
    """Whether the last boundary stands where it should."""


def split_parts(data: bytes, boundary: str) -> Parts | None:
    """The parts of a multipart body; None when the boundary is nowhere in it."""
    if not 1 <= len(boundary) <= 200:
        return None
    pieces = (b"\r\n" + data).split(b"\r\n--" + boundary.encode("latin-1", "replace"), MAX_PARTS + 2)
    if len(pieces) < 2:
        return None
    parts = []
    ends = False
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            ends = True
            break
        head, _, body = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        parts.append((head.decode("latin-1").split("\r\n")[1:], body))
    return Parts(pieces[0], parts[: MAX_PARTS + 1], ends)


def _parts(data: bytes, boundary: str) -> str:
    """The parts of a multipart body: header lines, then text or how many bytes it has; empty if none."""
    found = split_parts(data, boundary)
    if found is None:
        return ""
    rows: list[str] = []
    if found.before.strip():
        rows.append(f"before the first part: {units.size(len(found.before))}")
    for number, (head, body) in enumerate(found.parts[:MAX_PARTS], 1):
        rows += [f"part {number}, {units.count(len(body), 'byte')}", *head, ""]
        read = None if _is_binary(body) else _text(body, "")
        rows += [f"({units.count(len(body), 'byte')}, no text)"] if read is None else read[0].splitlines()
        rows.append("")
    if len(found.parts) > MAX_PARTS:
        rows += ["", f"More than {MAX_PARTS:,} parts; the raw body has them."]
    elif not found.ends:
        rows.append(NO_END)
    return "\n".join(rows).rstrip("\n")
