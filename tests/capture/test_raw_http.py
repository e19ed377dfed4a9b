"""Whatever arrives leaves a record: the raw HTTP cases, one line each, against both of aiohttp's parsers.

Each case has a connection and an address of its own, so that its events are known by their `remote`. All cases of
a parser run at the same time against one capture process.
"""

# ruff: noqa: E501
# A case stands on one line, so that the table can be read as one.

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from inspector.core.events import Event
from inspector.store.reader import Reader
from tests.capture.conftest import CaptureProcess, captured
from tests.processes import until

pytestmark = pytest.mark.skipif(
    sys.platform == "darwin", reason="each case needs a loopback address of its own"
)

LIMIT = 300_000
DEADLINE = 2.0
OPTIONS = ("--max-body", str(LIMIT), "--head-deadline", f"{DEADLINE:g}s", "--body-deadline", f"{DEADLINE:g}s")
PARSERS = {"C parser": {}, "Python parser": {"AIOHTTP_NO_EXTENSIONS": "1"}}

GZIP = gzip.compress(b'{"a":1}' * 50, mtime=0)
BOMB = gzip.compress(bytes(20_000_000), mtime=0)
LARGE = bytes(range(48, 58)) * 29_000
HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(180))


@dataclass(frozen=True)
class Record:
    """One event that must be there; `target` None means that no request line could be read."""

    body: bytes = b""
    incomplete: str | None = None
    rejected: str | None = None
    after: int = 0
    """Where in the case's bytes its request begins."""
    trailers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True)
class Case:
    """Bytes on one connection, what is answered, and what must be stored."""

    name: str
    sent: bytes
    records: list[Record]
    answers: list[int] = field(default_factory=lambda: [200])
    end: str = "read"
    """What the sender does then: ``read`` the answers, ``shut`` its side and read, ``abort``, ``stay`` silent."""
    pieces: int = 1
    """In how many packets the bytes go, evenly through half the deadline."""
    python: list[Record] | None = None
    """The records with the parser in Python, where they differ."""
    python_answers: list[int] | None = None


def whole(name: str, sent: bytes, body: bytes = b"", **rest: object) -> Case:
    """A request that is stored whole and answered 200."""
    return Case(name, sent, [Record(body)], **rest)  # type: ignore[arg-type]


def cut(name: str, sent: bytes, body: bytes, why: str, answer: int | None = None, **rest: object) -> Case:
    """A request whose body is stored as far as it came."""
    answers = [] if answer is None else [answer]
    return Case(name, sent, [Record(body, incomplete=why)], answers, **rest)  # type: ignore[arg-type]


def refused(name: str, sent: bytes, why: str, answer: int | None = 400, **rest: object) -> Case:
    """Bytes that are stored as a rejected event."""
    return Case(name, sent, [Record(rejected=why)], [] if answer is None else [answer], **rest)  # type: ignore[arg-type]


def nothing(name: str, sent: bytes, **rest: object) -> Case:
    """Bytes that leave no event."""
    return Case(name, sent, [], [], **rest)  # type: ignore[arg-type]


def head(
    line: bytes = b"POST /hook HTTP/1.1", *lines: bytes, host: bytes | None = b"Host: in.example"
) -> bytes:
    """A head with these lines."""
    return b"\r\n".join([line, *([host] if host else []), *lines]) + b"\r\n\r\n"


def post(body: bytes, *lines: bytes, line: bytes = b"POST /hook HTTP/1.1") -> bytes:
    """A request with a body and its length."""
    return head(line, *lines, b"Content-Length: %d" % len(body)) + body


def chunked(raw: bytes, *lines: bytes) -> bytes:
    """A request with a body of raw chunks."""
    return head(b"POST /hook HTTP/1.1", *lines, b"Transfer-Encoding: chunked") + raw


def get(*lines: bytes, line: bytes = b"GET /hook HTTP/1.1") -> bytes:
    """A request without a body."""
    return head(line, *lines)


BODY = b'{"type":"user.image.analysis.completed"}'
FIVE = [post(b'{"n":%d}' % number) for number in range(5)]
MANY = 600

HUNG_UP = "hung up before the body"
LATE_BODY = f"timeout: the body was not complete after {DEADLINE:g} s"
BROKEN = "broken body"
NO_HTTP = "not an HTTP request"
AMBIGUOUS = "where the body ends is ambiguous"

# fmt: off
CASES = [
    # methods and targets
    whole("POST with a length", post(BODY), BODY),
    whole("GET", get()),
    whole("GET with a body", post(BODY, line=b"GET /hook HTTP/1.1"), BODY),
    *[whole(method.decode(), post(BODY, line=method + b" /hook HTTP/1.1"), BODY)
      for method in (b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"M-SEARCH", b"QUERY")],
    whole("HEAD", get(line=b"HEAD /hook HTTP/1.1")),
    whole("OPTIONS *", get(line=b"OPTIONS * HTTP/1.1")),
    whole("CONNECT", get(line=b"CONNECT in.example:443 HTTP/1.1")),
    whole("CONNECT without an authority", get(line=b"CONNECT / HTTP/1.1")),
    whole("a method of its own", post(BODY, line=b"FOO-BAR /hook HTTP/1.1"), BODY),
    whole("a method in small letters", post(BODY, line=b"post /hook HTTP/1.1"), BODY),
    refused("ESC in the method", get(line=b"G\x1bT /hook HTTP/1.1"), "request line is not"),
    whole("absolute target", get(line=b"GET http://in.example/hook?a=1 HTTP/1.1")),
    whole("absolute target with a bad port", get(line=b"GET http://in.example:99999999/ HTTP/1.1")),
    whole("absolute target with half an IPv6 address", get(line=b"GET http://[::1/ HTTP/1.1")),
    whole("target without a slash", get(line=b"GET hook HTTP/1.1")),
    whole("target with dots and slashes", get(line=b"GET //a/../%2e%2e/b HTTP/1.1")),
    whole("target with percent bytes", get(line=b"GET /%ff%fe%00%1b HTTP/1.1")),
    whole("target with a fragment", get(line=b"GET /hook?a=1#frag HTTP/1.1")),
    whole("target in raw UTF-8", get(line="GET /größe HTTP/1.1".encode())),
    whole("target in raw Latin-1", get(line=b"GET /gr\xf6\xdfe HTTP/1.1")),
    whole("target with a space", get(line=b"GET /a b HTTP/1.1")),
    whole("target of 16 kB", get(line=b"GET /" + b"a" * 16_384 + b" HTTP/1.1")),
    refused("target of 70 kB", get(line=b"GET /" + b"a" * 70_000 + b" HTTP/1.1"), "longer than 65,536"),
    refused("ESC in the target", get(line=b"GET /\x1b[2J HTTP/1.1"), "request line is not"),
    refused("NUL in the target", get(line=b"GET /\0 HTTP/1.1"), "request line is not"),
    refused("no target", get(line=b"GET  HTTP/1.1"), "request line is not"),
    # versions and other protocols
    whole("HTTP/1.0 without Host", head(b"GET /hook HTTP/1.0", host=None)),
    whole("HTTP/1.0 with keep-alive", post(BODY, b"Connection: keep-alive", line=b"POST /hook HTTP/1.0"), BODY),
    whole("HTTP/0.9", b"GET /hook\r\n\r\n"),
    whole("HTTP/2.0 in the request line", post(BODY, line=b"POST /hook HTTP/2.0"), BODY),
    whole("HTTP/3.7 in the request line", get(line=b"GET /hook HTTP/3.7")),
    refused("HTTP/11", get(line=b"GET /hook HTTP/11"), "request line is not"),
    refused("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", "HTTP/2 without TLS"),
    refused("TLS hello", HELLO, "TLS bytes on the plain HTTP port"),
    refused("SSH banner", b"SSH-2.0-OpenSSH_9.6\r\n", "an SSH client"),
    refused("SMTP greeting", b"EHLO in.example\r\n", NO_HTTP),
    whole("RTSP, which the C parser takes for HTTP", b"OPTIONS rtsp://in.example RTSP/1.0\r\nCSeq: 1\r\n\r\n",
          python=[Record(rejected=NO_HTTP)], python_answers=[400]),
    refused("zeros", bytes(64), NO_HTTP),
    refused("markup", b"<policy-file-request/>\0", NO_HTTP),
    # chunks
    whole("chunks", chunked(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), b"hello world"),
    whole("chunk extensions", chunked(b"5;a=b;c\r\nhello\r\n0;last\r\n\r\n"), b"hello"),
    Case("trailers", chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-two:\t\xff \r\n\r\n", b"Trailer: X-Sum"),
         [Record(b"hello", trailers=((b"X-Sum", b"1"), (b"x-two", b"\xff")))]),
    Case("trailers in many packets", chunked(b"e\r\n\r\n0\r\nA: 1\r\n\r\n0\r\n000;x=y\r\nX-Sum: 1\r\n\r\n"),
         [Record(b"\r\n0\r\nA: 1\r\n\r\n0", trailers=((b"X-Sum", b"1"),))], pieces=20),
    cut("trailers over the limit", chunked(b"5\r\nhello\r\n0\r\nX: %b\r\n\r\n" % (b"x" * 40_000)), b"hello",
        "after the body are longer than", 400),
    cut("a trailer without colon", chunked(b"5\r\nhello\r\n0\r\nX-Sum\r\n\r\n"), b"hello", BROKEN, 400),
    whole("chunk size in capitals with zeros", chunked(b"000A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789"),
    whole("blank lines within chunks", chunked(b"8\r\na\r\n\r\nb\r\n\r\n0\r\n\r\n"), b"a\r\n\r\nb\r\n"),
    whole("1,000 chunks of one byte", chunked(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"), b"x" * 1000),
    whole("chunks in many packets", chunked(b"5\r\nhello\r\n" * 9 + b"0\r\n\r\n"), b"hello" * 9, pieces=30),
    whole("no chunk at all", chunked(b"0\r\n\r\n")),
    whole("gzip, chunked", head(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked") + b"2\r\nab\r\n0\r\n\r\n", b"ab"),
    whole("chunked in capitals", head(b"POST / HTTP/1.1", b"Transfer-Encoding: CHUNKED") + b"2\r\nab\r\n0\r\n\r\n", b"ab"),
    cut("bad chunk size", chunked(b"5\r\nhello\r\nzz\r\n"), b"hello", BROKEN, 400),
    cut("chunk longer than it says", chunked(b"5\r\nhello world\r\n0\r\n\r\n"), b"hello", BROKEN, 400),
    cut("negative chunk size", chunked(b"-5\r\nhello\r\n0\r\n\r\n"), b"", BROKEN, 400),
    cut("chunk size with a bare line feed", chunked(b"5\nhello\r\n0\r\n\r\n"), b"", BROKEN, 400),
    cut("endless chunk", chunked(b"FFFFFFFFFFFFFFF\r\nhello"), b"hello", HUNG_UP, end="shut"),
    cut("chunk size over 64 bits", chunked(b"FFFFFFFFFFFFFFFFFF\r\nhello"), b"", BROKEN, 400,
        python=[Record(b"hello", incomplete=LATE_BODY)], python_answers=[408]),
    cut("half-closed within a chunk", chunked(b"9\r\nhello"), b"hello", HUNG_UP, end="shut"),
    cut("aborted within a chunk", chunked(b"9\r\nhello"), b"hello", HUNG_UP, end="abort"),
    cut("aborted after a chunk", chunked(b"5\r\nhello\r\n"), b"hello", HUNG_UP, end="abort"),
    refused("chunked twice", head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n", "one chunked",
            python=[Record()], python_answers=[200]),
    refused("two Transfer-Encoding", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked"), AMBIGUOUS),
    refused("Transfer-Encoding without chunked", head(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip"), "one chunked"),
    # lengths
    whole("length 0", post(b"")),
    whole("a line feed after the body", post(BODY) + b"\r\n", BODY),
    whole("body in many packets", post(BODY), BODY, pieces=20),
    whole("head in single bytes", get(), pieces=len(get())),
    refused("length with a sign", head(b"POST / HTTP/1.1", b"Content-Length: +7") + b"1234567", "no number"),
    refused("negative length", head(b"POST / HTTP/1.1", b"Content-Length: -1"), "no number"),
    refused("length in words", head(b"POST / HTTP/1.1", b"Content-Length: ten"), "no number"),
    refused("length of 25 digits", head(b"POST / HTTP/1.1", b"Content-Length: " + b"9" * 25), "no number",
            python=[Record(incomplete=LATE_BODY)], python_answers=[408]),
    refused("length of 5,000 digits", head(b"POST / HTTP/1.1", b"Content-Length: " + b"9" * 5000), "no number"),
    refused("two lengths", head(b"POST / HTTP/1.1", b"Content-Length: 2", b"Content-Length: 3") + b"abc", AMBIGUOUS),
    refused("the same length twice", head(b"POST / HTTP/1.1", b"Content-Length: 2", b"Content-Length: 2") + b"ab", AMBIGUOUS),
    refused("length and chunks", chunked(b"2\r\nab\r\n0\r\n\r\n", b"Content-Length: 2"), AMBIGUOUS),
    Case("body longer than its length", head(b"POST / HTTP/1.1", b"Content-Length: 2") + b"abcdef\r\n",
         [Record(b"ab"), Record(rejected=NO_HTTP, after=-8 + 2)], [200, 400]),
    cut("half-closed within the body", head(b"POST / HTTP/1.1", b"Content-Length: 9") + b"hello", b"hello", HUNG_UP, end="shut"),
    cut("aborted within the body", head(b"POST / HTTP/1.1", b"Content-Length: 9") + b"hello", b"hello", HUNG_UP, end="abort"),
    Case("3 bodies of 290 kB, pipelined", post(LARGE) * 3, [Record(LARGE)] * 3, [200] * 3),
    Case("3 bodies of 290 kB in chunks, pipelined", chunked(b"".join(b"1d\r\n%b\r\n" % LARGE[at : at + 29] for at in range(0, len(LARGE), 29)) + b"0\r\n\r\n") * 3,
         [Record(LARGE)] * 3, [200] * 3),
    cut("body over the limit", post(b"x" * (LIMIT + 100_000)), b"x" * LIMIT, "over the limit", 413),
    cut("chunks over the limit", chunked((b"fff\r\n" + b"x" * 4095 + b"\r\n") * 90), b"x" * LIMIT, "over the limit", 413),
    cut("slow body", head(b"POST / HTTP/1.1", b"Content-Length: 9") + b"hello", b"hello", LATE_BODY, 408, end="stay"),
    cut("slow chunk", chunked(b"9\r\nhello"), b"hello", LATE_BODY, 408, end="stay"),
    # encodings: never decoded here
    whole("gzip", post(GZIP, b"Content-Encoding: gzip"), GZIP),
    whole("gzip in chunks", chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(GZIP), GZIP), b"Content-Encoding: gzip"), GZIP),
    whole("gzip bomb", post(BOMB, b"Content-Encoding: gzip"), BOMB),
    whole("gzip that is none", post(BODY, b"Content-Encoding: gzip"), BODY),
    whole("gzip that ends early", post(GZIP[:20], b"Content-Encoding: gzip"), GZIP[:20]),
    whole("br that is none", post(BODY, b"Content-Encoding: br"), BODY),
    whole("zstd that is none", post(BODY, b"Content-Encoding: zstd"), BODY),
    whole("deflate", post(zlib.compress(BODY), b"Content-Encoding: deflate"), zlib.compress(BODY)),
    whole("an encoding nobody knows", post(BODY, b"Content-Encoding: rot13, x"), BODY),
    # header lines
    whole("no Host", head(b"POST /hook HTTP/1.1", b"Content-Length: 2", host=None) + b"{}", b"{}"),
    whole("two Hosts", get(b"Host: other.example")),
    whole("a Host with a space", head(b"GET / HTTP/1.1", host=b"Host: a b")),
    whole("order, case and repeats", get(b"x-B: 2", b"X-A: 1", b"X-b: 3", b"X-a: 4")),
    whole("white space around a value", get(b"X-A: \t 1 2  ", b"X-B:3", b"X-C:", b"X-D:  ")),
    whole("two Content-Types", post(BODY, b"Content-Type: text/plain", b"Content-Type: application/json"), BODY),
    whole("two User-Agents", post(BODY, b"User-Agent: a", b"user-agent: b"), BODY),
    whole("two ETags and a body in chunks", chunked(b"2\r\n{}\r\n0\r\n\r\n", b"ETag: a", b"ETag: b"), b"{}"),
    whole("value that is not UTF-8", get(b"X-Name: caf\xe9 \xff\xfe")),
    whole("value in UTF-8", get("X-Name: größe ✓".encode())),
    whole("an old WebSocket key", get(b"Sec-WebSocket-Key1: 1")),
    whole("header line of 9 kB", get(b"X-A: " + b"a" * 9000)),
    whole("header line of 64 kB", get(b"X-A: " + b"a" * 65_000)),
    whole("200 header lines", get(*[b"X-%d: %d" % (number, number) for number in range(200)])),
    refused("2,000 header lines", get(*[b"X-%d: 1" % number for number in range(2000)]), "more than 1,000"),
    refused("header line of 100 kB", get(b"X-A: " + b"a" * 100_000), "longer than 65,536"),
    refused("header line of 1 MB", get(b"X-A: " + b"a" * 1_000_000), "head is longer than 262,144"),
    refused("folded line", get(b"X-A: 1", b" 2"), "folded"),
    refused("bare line feeds", b"GET /hook HTTP/1.1\nHost: a\n\n", "does not end with"),
    refused("a bare line feed among the lines", get(b"X-A: 1\nX-B: 2"), "does not end with"),
    refused("a bare carriage return", get(b"X-A: 1\rX-B: 2"), "does not end with"),
    refused("space before the colon", get(b"X-A : 1"), "white space before"),
    refused("no colon", get(b"X-A"), "no colon"),
    refused("no name", get(b": 1"), "no name"),
    refused("a name with a space", get(b"X A: 1"), "no name"),
    refused("NUL in a value", get(b"X-A: a\0b"), "control characters"),
    refused("ESC in a value", get(b"X-A: \x1b]52;c;AAAA\x07"), "control characters"),
    # Expect and Upgrade
    Case("Expect: 100-continue", head(b"POST / HTTP/1.1", b"Expect: 100-continue", b"Content-Length: 2") + b"{}",
         [Record(b"{}")], pieces=2),
    whole("Expect: bogus", post(BODY, b"Expect: bogus"), BODY),
    whole("Upgrade to h2c", get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")),
    whole("Upgrade to h2c with a body", post(BODY, b"Connection: Upgrade", b"Upgrade: h2c"), BODY),
    whole("Upgrade to h2c with a body later", post(BODY, b"Connection: Upgrade", b"Upgrade: h2c"), BODY, pieces=2),
    whole("Upgrade to WebSocket", get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: AAAA")),
    whole("Upgrade to WebSocket with a body", post(BODY, b"Connection: Upgrade", b"Upgrade: websocket"), BODY),
    Case("Upgrades, one after the other", post(b"a", b"Connection: Upgrade", b"Upgrade: websocket") * 3,
         [Record(b"a")] * 3, [200] * 3),
    Case("h2c upgrades, one after the other", get(b"Connection: Upgrade", b"Upgrade: h2c") * 3, [Record()] * 3, [200] * 3),
    # several requests
    Case("5 pipelined", b"".join(FIVE), [Record(b'{"n":%d}' % number) for number in range(5)], [200] * 5),
    Case("5 pipelined in chunks", chunked(b"2\r\nab\r\n0\r\n\r\n") * 5, [Record(b"ab")] * 5, [200] * 5),
    Case("5 pipelined in packets", b"".join(FIVE), [Record(b'{"n":%d}' % number) for number in range(5)], [200] * 5,
         pieces=37),
    Case("600 pipelined", get() * MANY, [Record()] * MANY, [200] * MANY),
    Case("600 pipelined, half-closed", get() * MANY, [Record()] * MANY, [200] * MANY, end="shut"),
    Case("600 pipelined with bodies", post(b"ab") * MANY, [Record(b"ab")] * MANY, [200] * MANY),
    Case("a large body right behind a small one", post(BODY) + post(b"x" * 290_000) + get(),
         [Record(BODY), Record(b"x" * 290_000), Record()], [200] * 3),
    Case("refused after good ones", b"".join(FIVE) + get(b"X-A : 1"),
         [*[Record(b'{"n":%d}' % number) for number in range(5)],
          Record(rejected="white space before", after=len(b"".join(FIVE)))], [200] * 5 + [400]),
    Case("refused after one in chunks", chunked(b"2\r\nab\r\n0\r\n\r\n") + get(b"X-A : 1"),
         [Record(b"ab"), Record(rejected="white space before", after=len(chunked(b"2\r\nab\r\n0\r\n\r\n")))], [200, 400]),
    Case("refused after a good one, half-closed", post(BODY) + get(b"X-A : 1"),
         [Record(BODY), Record(rejected="white space before", after=len(post(BODY)))], [200, 400], end="shut"),
    cut("broken chunk, half-closed", chunked(b"5\r\nhello\r\nzz\r\n"), b"hello", BROKEN, 400, end="shut"),
    refused("refused, half-closed", get(b"X-A : 1"), "white space before", end="shut"),
    Case("a request after the last one", post(b"{}", b"Connection: close") + get(),
         [Record(b"{}"), Record(rejected="after a request that announced the end", after=-len(get()))], [200]),
    Case("5 pipelined, then aborted", b"".join(FIVE), [Record(b'{"n":%d}' % number) for number in range(5)], [], end="abort"),
    Case("5 pipelined, half-closed", b"".join(FIVE), [Record(b'{"n":%d}' % number) for number in range(5)], [200] * 5,
         end="shut"),
    # ends
    whole("half-closed after the request", post(BODY), BODY, end="shut"),
    whole("aborted after the request", post(BODY), BODY, end="abort", answers=[]),
    refused("half-closed within the head", b"GET /hook HTTP/1.1\r\nHost: a", "before the head was complete", None, end="shut"),
    refused("aborted within the head", b"GET /hook HTTP/1.1\r\nHost: a", "before the head was complete", None, end="abort"),
    refused("half-closed within an odd head", b"get /hook HTTP/1.1\r\nHost: a", "before the head was complete", None, end="shut"),
    refused("slow head", b"GET /hook HTTP/1.1\r\nHost: a", f"not complete after {DEADLINE:g} s", 408, end="stay"),
    refused("slow request line", b"GET /ho", f"not complete after {DEADLINE:g} s", 408, end="stay"),
    Case("slow second head", get() + b"GET /2 HT", [Record(), Record(rejected="not complete after", after=len(get()))],
         [200, 408], end="stay"),
    nothing("silent connection", b"", end="stay"),
    nothing("closed at once", b"", end="shut"),
    nothing("blank lines only", b"\r\n\r\n", end="shut"),
    whole("blank lines before the request", b"\r\n\r\n" + get()),
]
# fmt: on

ANSWER = re.compile(
    rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+\r\nContent-Type: application/json\r\nContent-Length: (\d+)\r\n"
    rb"(?:Retry-After: \d+\r\n)?Connection: (?:close|keep-alive)\r\n\r\n"
)
BODIES = {
    b'{"status":"received"}',
    b'{"status":"refused"}',
    b'{"status":"too large"}',
    b'{"status":"too slow"}',
}


@dataclass
class Outcome:
    """What came of a case."""

    remote: str
    answer: bytes = b""
    trouble: str | None = None
    events: list[Event] = field(default_factory=list)


async def send(case: Case, number: int, port: int) -> Outcome:
    """Play a case from an address of its own."""
    source = f"127.0.{1 + number // 250}.{1 + number % 250}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    host, local = writer.get_extra_info("sockname")
    outcome = Outcome(f"{host}:{local}")
    try:
        async with asyncio.timeout(60):  # 600 commits, one after the other, on a busy disk
            await _send(case, writer)
            if case.end != "abort":
                await _read(case, reader, outcome)
    except (ConnectionError, TimeoutError) as error:
        outcome.trouble = repr(error)
    if case.end == "abort":
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    writer.close()
    return outcome


async def _send(case: Case, writer: asyncio.StreamWriter) -> None:
    step = -(-len(case.sent) // case.pieces) or 1
    began = time.monotonic()
    for number, start in enumerate(range(0, len(case.sent), step)):
        # By the clock: the sleeps of a busy machine are long, and would add up to more than the deadline.
        pause = began + DEADLINE / 2 / case.pieces * number - time.monotonic()
        await asyncio.sleep(max(0, pause))
        writer.write(case.sent[start : start + step])
    if case.end != "abort":
        await writer.drain()
    if case.end == "shut":
        writer.write_eof()


async def _read(case: Case, reader: asyncio.StreamReader, outcome: Outcome) -> None:
    """Read until everything that is expected has come and, after a last answer, the connection is closed."""
    ends = case.end in ("shut", "stay") or not case.answers or case.answers[-1] != 200
    while ends or outcome.answer.count(b"HTTP/1.1 200 ") < len(case.answers):
        data = await reader.read(65536)
        if not data:
            break
        outcome.answer += data


async def _play(cases: list[Case], port: int) -> list[Outcome]:
    return await asyncio.gather(*[send(case, number, port) for number, case in enumerate(cases)])


def _as_python_has_it(case: Case) -> Case:
    if case.python is None or case.python_answers is None:
        return case
    return replace(case, records=case.python, answers=case.python_answers)


@dataclass
class Played:
    """All cases, played against one parser."""

    capture: CaptureProcess
    reader: Reader
    outcomes: dict[str, tuple[Case, Outcome]]


@pytest.fixture(scope="module", params=PARSERS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Every case, played against the capture process with one of the parsers."""
    folder: Path = tmp_path_factory.mktemp("raw")
    with captured(folder, *OPTIONS, environment=PARSERS[request.param]) as capture:
        cases = [_as_python_has_it(case) for case in CASES] if PARSERS[request.param] else CASES
        outcomes = asyncio.run(_play(cases, capture.port))
        expected = sum(len(case.records) for case in cases)
        until(lambda: len(capture.events()) >= expected, 10)
        time.sleep(0.5)  # for one too many
        by_remote: dict[str, list[Event]] = {}
        for event in capture.events():
            by_remote.setdefault(event.remote, []).append(event)
        for outcome in outcomes:
            outcome.events = by_remote.pop(outcome.remote, [])
        assert by_remote == {}
        by_name = {case.name: (case, outcome) for case, outcome in zip(cases, outcomes, strict=True)}
        with Reader(capture.store) as reader:
            yield Played(capture, reader, by_name)


def test_the_table_is_a_table() -> None:
    """Names are unique, and nothing was dropped from it."""
    assert len({case.name for case in CASES}) == len(CASES) >= 75


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_leaves_its_record(played: Played, name: str) -> None:
    """Each case leaves exactly its events, byte for byte, and is answered as it should be."""
    case, outcome = played.outcomes[name]
    assert outcome.trouble is None
    assert [(event.rejected, event.incomplete) for event in outcome.events] == [
        (like(record.rejected), like(record.incomplete)) for record in case.records
    ]
    for event, record, sent in zip(outcome.events, case.records, _requests(case), strict=True):
        if record.rejected is not None:
            assert played.reader.raw_head(event.id) == sent[:65_536]
            assert (event.method, event.target) == _announced(sent[:65_536])
            assert not event.complete
        else:
            request = played.reader.request(event.id)
            assert request is not None
            method, target, version, headers = _split(sent)
            assert (request.method, request.target, request.version) == (method, target, version)
            assert request.headers == headers
            assert request.body == record.body
            assert request.trailers == record.trailers
            assert event.size == len(record.body)
            assert event.complete is (record.incomplete is None)
    statuses = [event.status for event in outcome.events if event.status is not None]
    if case.end != "abort":
        assert _statuses(outcome.answer) == case.answers == statuses


def test_is_quiet(played: Played) -> None:
    """No traceback, and not a line of log, whatever came."""
    assert played.capture.errors() == ""


class like:
    """Equal to a text that contains this one; None is only equal to None."""

    def __init__(self, part: str | None) -> None:
        self.part = part

    def __eq__(self, other: object) -> bool:
        return other is None if self.part is None else isinstance(other, str) and self.part in other

    def __repr__(self) -> str:
        return f"like({self.part!r})"


def _requests(case: Case) -> list[bytes]:
    """The bytes of each record's request, to the end of what was sent."""
    found = []
    rest = case.sent.lstrip(b"\r\n")
    for record in case.records:
        if record.after:
            found.append(case.sent[record.after :])
            continue
        found.append(rest)
        if record.rejected is None and len(case.records) > 1:
            end = rest.index(b"\r\n\r\n") + 4
            if b"chunked" in rest[:end]:
                end = rest.index(b"0\r\n\r\n", end) + 5
            rest = rest[end + (len(record.body) if b"Content-Length" in rest[:end] else 0) :]
    return found


def _split(sent: bytes) -> tuple[str, bytes, str, tuple[tuple[bytes, bytes], ...]]:
    """Method, target, version and header lines, read as plainly as can be."""
    line, *lines = sent.partition(b"\r\n\r\n")[0].split(b"\r\n")
    method, _, rest = line.partition(b" ")
    target, _, version = rest.partition(b" ") if b"RTSP" in rest else rest.rpartition(b" ")
    target, version = (target, version.rpartition(b"/")[2]) if target else (version, b"0.9")
    headers = tuple(
        (name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)
    )
    return method.decode(), target, version.decode(), headers


def _announced(raw: bytes) -> tuple[str | None, bytes | None]:
    """Method and target of a refused request, where its request line can be read."""
    found = re.fullmatch(rb"([A-Za-z-]+) ([!-~]+) HTTP/\d\.\d", raw.partition(b"\n")[0].rstrip(b"\r"))
    return (found[1].decode(), found[2]) if found else (None, None)


def _statuses(answer: bytes) -> list[int]:
    """The statuses of the answers; fails when an answer is not one of our fixed texts."""
    found = []
    position = 0
    while position < len(answer):
        if answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n", position):
            position += 25
            continue
        match = ANSWER.match(answer, position)
        assert match is not None, answer[position : position + 200]
        position = match.end()
        if position < len(answer):
            body = answer[position : position + int(match[2])]
            assert body in BODIES
            position += len(body)
        found.append(int(match[1]))
    return found


async def test_reads_nothing_out(capture: CaptureProcess) -> None:
    """Every method and path answers the same fixed bytes, without CORS header or cookie, also to a browser that asks."""
    answers = set()
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        for path in (
            "/",
            "/events",
            "/api/events/1",
            "/../events.db",
            "/_/settings",
            "/anything/404",
            "/%00",
            "/?id=1",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", capture.port)
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nCookie: a=b\r\n"
                "Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n".encode()
            )
            answers.add(await reader.read())
            writer.close()
    assert answers == {
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\nConnection: close\r\n\r\n"
        b'{"status":"received"}'
    }
    assert capture.errors() == ""


async def test_keeps_what_had_come_when_stopped(capture: CaptureProcess) -> None:
    """A body that is under way when the listener is stopped is kept as far as it came, and the sender is told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", capture.port)
    writer.write(head(b"POST / HTTP/1.1", b"Content-Length: 9") + b"hello")
    await asyncio.sleep(0.2)
    stopped = asyncio.create_task(asyncio.to_thread(capture.stop))
    assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
    writer.close()
    assert await stopped == 0
    (event,) = capture.events()
    assert event.incomplete == "the listener was stopped before the body was complete"
    assert capture.request(event).body == b"hello"
