"""Read an answer in HTTP/1.1 from any target, broken or hostile ones too: bounded, and never decompressed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from inspector.core.events import InspectorError
from inspector.core.text import visible_bytes
from inspector.core.units import size

HEAD_LIMIT = 1 << 16
"""Bytes of status line and header lines together; of trailers together."""
INTERIM_LIMIT = 100
"""How many 1xx answers are passed over."""

_STATUS_LINE = re.compile(rb"HTTP/[0-9](?:\.[0-9])?[ \t]+([1-9][0-9]{2})(?:[ \t]+(.*))?[ \t]*", re.DOTALL)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_TLS_ALERT = b"\x15\x03"


@dataclass(slots=True)
class Answer:
    """What has come of an answer so far; filled while it is read, so that a failure loses nothing of it."""

    status: int | None = None
    reason: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytearray = field(default_factory=bytearray)
    """The first bytes of the body, chunk framing taken off."""
    body_size: int = 0
    """How many bytes of body were read, also those not kept."""


class Inbound:
    """The bytes that come from a target, by line or by piece. `reset` tells a reset apart from an end."""

    def __init__(self, receive: Callable[[], Awaitable[bytes]], on_first: Callable[[], None]) -> None:
        self._receive = receive
        self._on_first: Callable[[], None] | None = on_first
        self._buffer = bytearray()
        self.reset = False

    async def more(self) -> bool:
        """Wait for bytes and put them into the buffer; False at the end."""
        try:
            data = await self._receive()
        except ConnectionError:
            self.reset = True
            return False
        if data and self._on_first is not None:
            self._on_first()
            self._on_first = None
        self._buffer += data
        return bool(data)

    async def beginning(self, length: int) -> bytes:
        """The next `length` bytes without taking them; fewer at the end or when a line ends before."""
        while len(self._buffer) < length and b"\n" not in self._buffer and await self.more():
            pass
        return bytes(self._buffer[:length])

    def waiting(self, length: int) -> bytes:
        """At most `length` bytes of what has come and is not taken yet."""
        return bytes(self._buffer[:length])

    async def line(self, limit: int) -> bytes:
        """The next line without its end. EOFError when it never ends, InspectorError above `limit` bytes."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > limit:
                break
            if not await self.more():
                raise EOFError
        if end < 0 or end > limit:
            raise InspectorError(f"The answer has a head, or a chunk line, longer than {size(HEAD_LIMIT)}.")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    async def piece(self, most: int) -> bytes:
        """At least one byte and at most `most`; none at the end."""
        if not self._buffer and not await self.more():
            return b""
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        return data


async def read_answer(inbound: Inbound, answer: Answer, method: str, *, keep: int, drain: int) -> None:
    """Read the answer to a request with `method` into `answer`: at most `drain` bytes of body, `keep` kept.

    Raises InspectorError with one sentence when it is not HTTP, breaks off or is too long.
    """
    await _read_head(inbound, answer)
    assert answer.status is not None
    if method == "HEAD" or answer.status in (101, 204, 304):
        return
    body = _Body(inbound, answer, keep, drain)
    if _last_coding(answer.headers) == b"chunked":
        await body.chunks()
        return
    length = _length(answer.headers)
    if length is None:
        await body.until_close()
    elif await body.bytes(length) < length:
        raise InspectorError(f"The answer broke off after {answer.body_size:,} of {length:,} bytes.")


async def _read_head(inbound: Inbound, answer: Answer) -> None:
    """Read status line and header lines of the final answer."""
    for _ in range(INTERIM_LIMIT + 1):
        beginning = await inbound.beginning(5)
        if beginning.startswith(_TLS_ALERT):
            raise InspectorError("The target answered with a TLS alert; use https:// for it.")
        if not beginning:
            how = "reset" if inbound.reset else "closed"
            raise InspectorError(f"The target {how} the connection without an answer.")
        if not beginning.startswith(b"HTTP/"):
            raise InspectorError(
                f"The answer is not HTTP/1.1. It begins: {visible_bytes(inbound.waiting(40))}"
            )
        try:
            line = await inbound.line(HEAD_LIMIT)
            status_line = _STATUS_LINE.fullmatch(line)
            if status_line is None:
                raise InspectorError(f"The answer is not HTTP/1.1. It begins: {visible_bytes(line[:40])}")
            headers = await _header_lines(inbound, HEAD_LIMIT - len(line))
        except EOFError:
            raise InspectorError("The answer broke off in its head.") from None
        status = int(status_line[1])
        if status >= 200 or status == 101:
            answer.status, answer.headers = status, headers
            answer.reason = (status_line[2] or b"").strip().decode("latin-1")
            return
    raise InspectorError(f"The target sent more than {INTERIM_LIMIT} interim answers and no final one.")


async def _header_lines(inbound: Inbound, room: int) -> tuple[tuple[bytes, bytes], ...]:
    lines: list[tuple[bytes, bytes]] = []
    while line := await inbound.line(room):
        room -= len(line) + 1
        if line[0] in b" \t" and lines:
            name, value = lines[-1]
            lines[-1] = (name, value + b" " + line.strip())
        else:
            name, _, value = line.partition(b":")
            lines.append((name.strip(), value.strip()))
    return tuple(lines)


def _last_coding(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    codings = b",".join(value for name, value in headers if name.lower() == b"transfer-encoding")
    return codings.rpartition(b",")[2].strip().lower()


def _length(headers: tuple[tuple[bytes, bytes], ...]) -> int | None:
    """The declared length of the body, None where there is none. InspectorError where it makes no sense."""
    values = {value for name, value in headers if name.lower() == b"content-length"}
    if not values:
        return None
    value = values.pop()
    if values or not value.isdigit() or len(value) > 18:
        raise InspectorError(
            f"The answer has a Content-Length that is no one number: {visible_bytes(value[:40])}"
        )
    return int(value)


class _Body:
    """The body of an answer, counted, and kept as far as allowed."""

    def __init__(self, inbound: Inbound, answer: Answer, keep: int, drain: int) -> None:
        self._inbound = inbound
        self._answer = answer
        self._keep = keep
        self._drain = drain

    async def bytes(self, length: int) -> int:
        """Take `length` bytes; return how many came before the end."""
        answer = self._answer
        left = length
        while left:
            if answer.body_size >= self._drain:
                raise InspectorError(f"The answer is longer than {size(self._drain)}; the rest was not read.")
            data = await self._inbound.piece(min(left, self._drain - answer.body_size))
            if not data:
                break
            left -= len(data)
            answer.body_size += len(data)
            answer.body += data[: max(0, self._keep - len(answer.body))]
        return length - left

    async def until_close(self) -> None:
        await self.bytes(1 << 62)
        if self._inbound.reset:
            raise InspectorError(
                f"The target reset the connection after {self._answer.body_size:,} bytes of its answer."
            )

    async def chunks(self) -> None:
        """Take chunks to the last one. A lone LF ends a line too, and nothing need follow the last chunk."""
        while True:
            try:
                line = await self._inbound.line(HEAD_LIMIT)
                chunk = _CHUNK_SIZE.fullmatch(line)
                if chunk is None:
                    text = visible_bytes(line[:40])
                    raise InspectorError(
                        f"The chunks of the answer are broken: no size, but {text or 'an empty line'}"
                    )
                length = int(chunk[1], 16)
                if length == 0:
                    break
                if await self.bytes(length) < length or await self._inbound.line(HEAD_LIMIT):
                    raise EOFError
            except EOFError:
                raise InspectorError(
                    f"The answer broke off after {self._answer.body_size:,} bytes, before its last chunk."
                ) from None
        try:
            await _header_lines(self._inbound, HEAD_LIMIT)
        except EOFError:
            pass
