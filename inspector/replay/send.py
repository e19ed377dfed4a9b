"""One attempt: send a captured request to a target and say what came of it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Collection

from inspector.core.events import Attempt, InspectorError, Request
from inspector.core.text import visible_bytes
from inspector.core.units import size
from inspector.replay.build import Outgoing, build
from inspector.replay.http1 import Answer, Inbound, read_answer
from inspector.replay.target import Target
from inspector.replay.wire import Wire, connect, tls_reason

KEEP = 1 << 20
"""Bytes of an answer's body that are kept."""
DRAIN = 16 << 20
"""Bytes of an answer's body that are read at most."""
_LINGER = 1.0
"""Seconds a target that answered early is given to take the rest of the request."""


async def replay(
    request: Request,
    event_id: int,
    target: Target,
    *,
    kind: str = "replay",
    connect_timeout: float = 5.0,
    total_timeout: float = 15.0,
    keep: int = KEEP,
    drain: int = DRAIN,
    own_addresses: Collection[tuple[str, int]] = (),
    ssl_verify: bool = True,
) -> Attempt:
    """Send `request` to `target` once and return what came of it; timeouts are seconds.

    Never raises for what a request holds or a target does: `Attempt.error` says it in a sentence. No redirect
    is followed, no proxy is asked, nothing is decompressed. `own_addresses` are those of our own listener, as
    (IP address or public host name, port): sending there is refused.
    """
    exchange = _Exchange(total_timeout)
    answer = exchange.answer
    outgoing: Outgoing | None = None
    error: str | None = None
    try:
        outgoing = build(request, target)
        wire = await connect(
            target,
            seconds=min(connect_timeout, total_timeout),
            own_addresses=own_addresses,
            ssl_verify=ssl_verify,
        )
        exchange.connect_ms = exchange.ms()
        await exchange.run(wire, outgoing, request.method, keep, drain)
    except InspectorError as problem:
        error = str(problem)
    return Attempt(
        event=event_id,
        target=target.text,
        sent_us=exchange.sent_us,
        ms=exchange.ended_ms if exchange.ended_ms is not None else exchange.ms(),
        kind=kind,
        status=answer.status,
        reason=answer.reason,
        error=error,
        headers=answer.headers,
        body=bytes(answer.body),
        body_size=answer.body_size,
        changes=outgoing.changes if outgoing is not None else (),
        connect_ms=exchange.connect_ms,
        first_byte_ms=exchange.first_byte_ms,
    )


class _Exchange:
    """A request on its way out and its answer on its way in, at the same time."""

    def __init__(self, total_timeout: float) -> None:
        self._timeout = total_timeout
        self._begun = time.perf_counter()
        self.sent_us = time.time_ns() // 1000
        self.answer = Answer()
        self.connect_ms: float | None = None
        self.first_byte_ms: float | None = None
        self.ended_ms: float | None = None

    def ms(self) -> float:
        """Milliseconds since the attempt began."""
        return (time.perf_counter() - self._begun) * 1000

    def _left(self) -> float:
        return max(0.0, self._timeout - self.ms() / 1000)

    def _note_first_byte(self) -> None:
        self.first_byte_ms = self.ms()

    async def run(self, wire: Wire, outgoing: Outgoing, method: str, keep: int, drain: int) -> None:
        """Send, read the answer into `self.answer`, close the wire. Raises InspectorError."""
        sending = asyncio.create_task(_send(wire, outgoing))
        inbound = Inbound(wire.receive, self._note_first_byte)
        try:
            async with asyncio.timeout(self._left()):
                await read_answer(inbound, self.answer, method, keep=keep, drain=drain)
            self.ended_ms = self.ms()
            await asyncio.wait((sending,), timeout=min(_LINGER, self._left()))
        except TimeoutError:
            raise InspectorError(self._too_late(sending.done())) from None
        except ssl.SSLError as error:
            raise InspectorError(f"TLS failed: {tls_reason(error)}.") from None
        except OSError as error:
            raise InspectorError(f"The connection broke: {error.strerror or error}.") from None
        finally:
            sending.cancel()
            try:
                await asyncio.wait((sending,))
            finally:
                wire.close()

    def _too_late(self, sent: bool) -> str:
        if self.answer.status is not None:
            came = size(self.answer.body_size)
            return f"The answer did not end within {self._timeout:g} s; {came} of its body came."
        if self.first_byte_ms is not None:
            return f"No whole answer within {self._timeout:g} s, only the beginning of one."
        return f"No answer within {self._timeout:g} s" + (
            "." if sent else "; it did not take the whole request."
        )


async def _send(wire: Wire, outgoing: Outgoing) -> None:
    """Send the request as far as the target takes it: why it stopped reading, its answer tells."""
    try:
        if len(outgoing.body) <= 1 << 16:
            await wire.send(outgoing.head + outgoing.body)
        else:
            await wire.send(outgoing.head)
            await wire.send(outgoing.body)
    except OSError:
        pass


def verdict(attempt: Attempt) -> str:
    """What came of an attempt, in one line that is safe to show.

    ``answered 200 in 12 ms``, ``301 to https://example.com/login, not followed``, or the error's sentence.
    """
    if attempt.error is not None:
        return attempt.error if attempt.status is None else f"answered {attempt.status}, but: {attempt.error}"
    if attempt.status is None:
        return "no answer"
    if 300 <= attempt.status <= 399:
        for name, value in attempt.headers:
            if name.lower() == b"location":
                return f"{attempt.status} to {_cut(visible_bytes(value))}, not followed"
    return f"answered {attempt.status} in {max(1, round(attempt.ms)):,} ms"


def _cut(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
