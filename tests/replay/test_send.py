"""Replays over real sockets: what arrives, and what is not done on a target's word."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
from typing import Any

import pytest

from inspector.core.events import Attempt
from inspector.replay import address
from inspector.replay.send import replay, verdict
from inspector.replay.target import parse_target
from tests.replay.receiver import OK, answering, read_request, recorder, request, serve

TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCdefXYZ"
HOP = {b"host", b"content-length", b"transfer-encoding", b"connection"}


def random_request(chance: random.Random) -> Any:
    """A request as a parser may let it through: odd methods, spellings, repeats, high bytes, any body."""
    method = chance.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "M-SEARCH", "PURGE", "post"])
    target = b"/" + bytes(chance.choice(range(0x21, 0x100)) for _ in range(chance.randrange(40))).replace(
        b"\x7f", b""
    )
    values = [byte for byte in range(0x20, 0x100) if byte != 0x7F] + [9]
    headers = []
    for _ in range(chance.randrange(12)):
        name = bytes(chance.choices(TOKEN, k=chance.randrange(1, 12)))
        value = bytes(chance.choices(values, k=chance.randrange(60))).strip()
        headers.append((name, value))
        if chance.random() < 0.2:
            headers.append((name.swapcase(), value))
    headers = [line for line in headers if line[0].lower() not in HOP]
    body = chance.randbytes(chance.choice([0, 1, 30, 1000, 70_000]))
    headers.insert(
        chance.randrange(len(headers) + 1), (chance.choice([b"Host", b"HOST"]), b"hooks.example.com")
    )
    if chance.random() < 0.7:
        headers.insert(chance.randrange(len(headers) + 1), (b"Content-Length", b"%d" % len(body)))
    return request(method, target, tuple(headers), body)


async def test_200_random_requests_arrive_byte_for_byte() -> None:
    chance = random.Random(17)
    async with recorder() as (port, received):
        target = parse_target(f"http://127.0.0.1:{port}")
        for number in range(200):
            sent = random_request(chance)
            attempt = await replay(sent, number, target)
            assert attempt.passed, attempt
            head, _, body = received.pop().partition(b"\r\n\r\n")
            request_line, *lines = head.split(b"\r\n")
            assert not received
            assert request_line == sent.method.encode() + b" " + sent.target + b" HTTP/1.1"
            expected = [
                (name, b"127.0.0.1:%d" % port if name.lower() == b"host" else value)
                for name, value in sent.headers
            ]
            if sent.body and sent.header(b"content-length") is None:
                expected.append((b"Content-Length", b"%d" % len(sent.body)))
            assert lines == [name + b": " + value if value else name + b":" for name, value in expected]
            assert body == sent.body


async def test_an_attempt_says_what_came() -> None:
    async with recorder(
        b"HTTP/1.1 201 Very \x1b fine\r\nA: 1\r\na: \xff\r\nContent-Length: 5\r\n\r\nhello"
    ) as (port, _):
        attempt = await replay(request(), 7, parse_target(f"http://127.0.0.1:{port}/x"), kind="forward")
    assert (attempt.event, attempt.kind, attempt.status, attempt.error) == (7, "forward", 201, None)
    assert attempt.reason == "Very \x1b fine"
    assert attempt.headers[:2] == ((b"A", b"1"), (b"a", b"\xff"))
    assert (attempt.body, attempt.body_size) == (b"hello", 5)
    assert attempt.target == f"http://127.0.0.1:{port}/x"
    assert attempt.connect_ms is not None
    assert attempt.first_byte_ms is not None
    assert attempt.connect_ms <= attempt.first_byte_ms <= attempt.ms < 5000
    assert attempt.changes == (
        "- POST /hooks?x=1 HTTP/1.1",
        "+ POST /x?x=1 HTTP/1.1",
        "- Host: hooks.example.com",
        f"+ Host: 127.0.0.1:{port}",
    )
    assert verdict(attempt).startswith("answered 201 in ")


@pytest.mark.parametrize(
    ("method", "answer", "status", "body"),
    [
        ("POST", b"HTTP/1.1 200\r\n\r\nuntil close", 200, b"until close"),
        ("POST", b"HTTP/1.0 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, b""),
        ("POST", b"HTTP/1.1 204 No\r\nContent-Length: 99\r\n\r\n", 204, b""),
        ("POST", b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", 304, b""),
        ("POST", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\x00\x00", 101, b""),
        ("POST", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + OK, 200, b"ok"),
        (
            "POST",
            b"HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n2;x\r\nab\r\n03\r\ncde\r\n0\r\nT: 1\r\n\r\n",
            200,
            b"abcde",
        ),
        ("POST", b"HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n2\nab\n0\n", 200, b"ab"),
        (
            "POST",
            b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nno colon\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok!",
            200,
            b"ok",
        ),
        ("POST", b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nContent-Length: 0\r\n\r\n", 500, b""),
    ],
)
async def test_answers_are_read_whole(method: str, answer: bytes, status: int, body: bytes) -> None:
    async with serve(answering(answer)) as port:
        attempt = await replay(request(method), 1, parse_target(f"http://127.0.0.1:{port}"), total_timeout=3)
    assert (attempt.status, attempt.body, attempt.error) == (status, body, None)
    assert attempt.passed == (200 <= status <= 299)


async def test_one_byte_at_a_time_is_the_same_answer() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.001)

    async with serve(script) as port:
        attempt = await replay(request(), 1, parse_target(f"http://127.0.0.1:{port}"))
    assert (attempt.status, attempt.body, attempt.error) == (200, b"abc", None)


async def test_a_bomb_is_never_decompressed() -> None:
    bomb = gzip.compress(bytes(30_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with serve(answering(head + bomb)) as port:
        attempt = await replay(request(), 1, parse_target(f"http://127.0.0.1:{port}"), keep=1000)
    assert attempt.passed
    assert attempt.body == bomb[:1000]
    assert attempt.body_size == len(bomb)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with recorder() as (elsewhere, received):
        location = b"http://127.0.0.1:%d/\x1b[2J" % elsewhere
        answer = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location)
        async with recorder(answer) as (port, _):
            attempt = await replay(request(), 1, parse_target(f"http://127.0.0.1:{port}"))
        assert received == []
    assert (attempt.status, attempt.error, attempt.passed) == (status, None, False)
    assert verdict(attempt) == f"{status} to http://127.0.0.1:{elsewhere}/\\x1b[2J, not followed"


async def test_an_early_answer_is_heard_while_the_body_is_still_on_its_way() -> None:
    """The receiver reads the head only, answers and closes; the unread body makes that a reset."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await writer.drain()

    body = bytes(30_000_000)
    sent = request(headers=((b"Host", b"a"), (b"Content-Length", b"%d" % len(body))), body=body)
    async with serve(script) as port:
        for _ in range(5):
            attempt = await replay(sent, 1, parse_target(f"http://127.0.0.1:{port}"))
            assert (attempt.status, attempt.body, attempt.error) == (413, b"big", None)


async def test_a_receiver_that_answers_first_still_gets_the_whole_body() -> None:
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        done.set_result(len(await reader.read(-1)))

    body = bytes(20_000_000)
    sent = request(headers=((b"Host", b"a"), (b"Content-Length", b"%d" % len(body))), body=body)
    async with serve(script) as port:
        attempt = await replay(sent, 1, parse_target(f"http://127.0.0.1:{port}"))
        assert attempt.passed
        assert await asyncio.wait_for(done, 20) == len(body)


async def test_proxies_in_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with recorder() as (port, received):
        assert (await replay(request(), 1, parse_target(f"http://127.0.0.1:{port}"))).passed
    assert received[0].startswith(b"POST /hooks")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1", "2130706433"]
)
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
async def test_our_own_listener_is_refused_under_every_name(host: str, bound: str) -> None:
    async with recorder() as (port, received):
        target = parse_target(f"http://{host}:{port}")
        attempt = await replay(request(), 1, target, own_addresses=[(bound, port), ("::1", port)])
        assert (attempt.status, attempt.error) == (None, "That is this listener itself.")
        assert received == []


async def test_our_own_tunnel_is_refused_by_name_and_another_port_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with recorder() as (port, received):
        point(monkeypatch, "127.0.0.1")
        target = parse_target(f"http://Abc.tunnel.example:{port}")
        refused = await replay(request(), 1, target, own_addresses=[("abc.tunnel.example", port)])
        assert refused.error == "That is this listener itself."
        assert received == []
        point(monkeypatch, "127.0.0.1")
        assert (await replay(request(), 1, target, own_addresses=[("127.0.0.1", port + 1)])).passed


def point(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let host names lead to `addresses` when looked up once, later to a port nobody listens on."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        port = port if len(asked) == 1 else 1
        families = [socket.AF_INET6 if ":" in ip else socket.AF_INET for ip in addresses]
        return [
            (family, socket.SOCK_STREAM, 6, "", (ip, port))
            for family, ip in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


async def test_the_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = point(monkeypatch, "127.0.0.1")
    async with recorder() as (port, _):
        assert (await replay(request(), 1, parse_target(f"http://rebinding.example:{port}"))).passed
    assert asked == ["rebinding.example"]


async def test_the_second_address_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    point(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with recorder() as (port, _):
        assert (await replay(request(), 1, parse_target(f"http://two.example:{port}"))).passed


@pytest.mark.parametrize("ip", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "fd00:ec2::254"])
async def test_a_name_that_leads_to_a_metadata_address_is_refused(
    ip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point(monkeypatch, ip)
    attempt = await replay(request(), 1, parse_target("http://innocent.example/"))
    assert attempt.error is not None
    assert attempt.error.startswith(f"innocent.example leads to {ip}, a link-local or metadata address.")


def test_a_metadata_address_that_is_written_out_is_meant() -> None:
    place = (socket.AF_INET, ("169.254.169.254", 80))
    assert address.allowed([place], parse_target("http://169.254.169.254/"), ()) == [place]


def test_verdicts() -> None:
    def of(**given: Any) -> str:
        return verdict(Attempt(event=1, target="http://h", sent_us=0, ms=12.4, **given))

    assert of(status=200) == "answered 200 in 12 ms"
    assert of(error="No answer within 15 s.") == "No answer within 15 s."
    assert of(status=200, error="It broke.") == "answered 200, but: It broke."
    assert of(status=304) == "answered 304 in 12 ms"
    assert len(of(status=301, headers=((b"location", b"/" + b"x" * 9999),))) < 250
