import pytest

from inspector.core.events import InspectorError, Request
from inspector.replay.build import build
from inspector.replay.target import parse_target
from tests.replay.receiver import request

LOCAL = parse_target("http://localhost:3000")


def lines(headers: tuple[tuple[bytes, bytes], ...], body: bytes = b"{}", version: str = "1.1") -> list[bytes]:
    built = build(Request("POST", b"/", headers, body, version), LOCAL)
    assert built.body == body
    return built.head.split(b"\r\n")[1:-2]


@pytest.mark.parametrize(
    ("captured", "to", "sent"),
    [
        (b"/a?b=c", "http://h", b"/a?b=c"),
        (b"/a?b=c", "http://h/", b"/?b=c"),
        (b"/a?b=c", "http://h/x", b"/x?b=c"),
        (b"/a?b=c?d", "http://h/x?y=z", b"/x?y=z&b=c?d"),
        (b"/a", "http://h?y=z", b"/a?y=z"),
        (b"/a?", "http://h", b"/a?"),
        (b"//evil.example/a", "http://h", b"//evil.example/a"),
        (b"/%2e%2E/\xff'\"", "http://h", b"/%2e%2E/\xff'\""),
        (b"http://elsewhere:99/a?b", "http://h", b"/a?b"),
        (b"http://elsewhere", "http://h", b"/"),
        (b"http://elsewhere?b", "http://h", b"/?b"),
        (b"*", "http://h", b"*"),
        (b"*", "http://h/x", b"/x"),
    ],
)
def test_the_path_is_the_targets_or_the_captured_one(captured: bytes, to: str, sent: bytes) -> None:
    assert build(request(target=captured), parse_target(to)).head.split(b" ")[1] == sent


def test_only_host_changes_in_an_ordinary_request() -> None:
    built = build(
        request(headers=((b"hOst", b"a"), (b"X-B", b"1"), (b"x-b", b"\xff"), (b"Content-Length", b"2"))),
        LOCAL,
    )
    assert built.head.startswith(b"POST /hooks?x=1 HTTP/1.1\r\nhOst: localhost:3000\r\n")
    assert built.head.endswith(b"\r\nX-B: 1\r\nx-b: \xff\r\nContent-Length: 2\r\n\r\n")
    assert built.changes == ("- hOst: a", "+ hOst: localhost:3000")


def test_lines_after_a_body_in_chunks_are_left_out_and_told() -> None:
    captured = Request(
        "POST", b"/", ((b"Transfer-Encoding", b"chunked"),), b"{}", trailers=((b"X-Sum", b"1"),)
    )
    built = build(captured, LOCAL)
    assert b"X-Sum" not in built.head
    assert built.changes == ("- Transfer-Encoding: chunked", "+ Content-Length: 2", "- X-Sum: 1")


@pytest.mark.parametrize(
    ("captured", "sent"),
    [
        (((b"Transfer-Encoding", b"chunked"), (b"A", b"1")), [b"Content-Length: 2", b"A: 1"]),
        (((b"transfer-encoding", b"gzip"), (b"Transfer-Encoding", b"chunked")), [b"Content-Length: 2"]),
        (((b"Transfer-Encoding", b"chunked"), (b"content-length", b"9")), [b"content-length: 2"]),
        (((b"Content-Length", b"2"), (b"Content-Length", b"2")), [b"Content-Length: 2"]),
        (((b"Content-Length", b"1000"),), [b"Content-Length: 2"]),
        (((b"Content-Length", b"9" * 5000),), [b"Content-Length: 2"]),
        (((b"Content-Length", b"002"),), [b"Content-Length: 002"]),
        (((b"A", b"1"),), [b"A: 1", b"Content-Length: 2"]),
        (
            ((b"Connection", b"keep-alive, X"), (b"A", b"")),
            [b"Connection: close", b"A:", b"Content-Length: 2"],
        ),
        (((b"connection", b"Close"), (b"connection", b"te")), [b"connection: Close", b"Content-Length: 2"]),
        (
            ((b"Host", b"a"), (b"A", b"1"), (b"host", b"b")),
            [b"Host: localhost:3000", b"A: 1", b"Content-Length: 2"],
        ),
        (((b"TE", b"trailers"), (b"Upgrade", b"h2c"), (b"Expect", b"100-continue")), None),
    ],
)
def test_framing_is_made_right_in_its_place(
    captured: tuple[tuple[bytes, bytes], ...], sent: list[bytes] | None
) -> None:
    expected = [b"%s: %s" % line for line in captured] + [b"Content-Length: 2"] if sent is None else sent
    assert lines(captured) == expected


def test_nothing_is_added_to_a_request_without_a_body() -> None:
    assert lines((), body=b"") == []
    assert lines(((b"Transfer-Encoding", b"chunked"),), body=b"") == [b"Content-Length: 0"]


def test_http_1_0_stays_and_any_other_version_becomes_1_1() -> None:
    assert build(request(version="1.0"), LOCAL).head.startswith(b"POST /hooks?x=1 HTTP/1.0\r\n")
    built = build(request(version="2.0"), LOCAL)
    assert built.changes[:2] == ("- POST /hooks?x=1 HTTP/2.0", "+ POST /hooks?x=1 HTTP/1.1")


def test_changes_are_safe_to_show() -> None:
    built = build(request(headers=((b"Host", b"a\x1b[2J"),)), LOCAL)
    assert built.changes[0] == "- Host: a\\x1b[2J"


@pytest.mark.parametrize(
    "bad",
    [
        request(method="CONNECT", target=b"example.com:443"),
        request(method=""),
        request(method="GET /\r\nX:"),
        request(method="P\u0141ST"),
        request(target=b""),
        request(target=b"/a b"),
        request(target=b"/a\r\nX: y"),
        request(target=b"example.com:443"),
        request(headers=((b"A\r\nB", b"1"),)),
        request(headers=((b"A", b"1\r\nB: 2"),)),
        request(headers=((b"A", b"1\n2"),)),
        request(headers=((b"", b"1"),)),
        request(headers=((b"A:B", b"1"),)),
    ],
)
def test_what_would_smuggle_lines_is_refused(bad: Request) -> None:
    with pytest.raises(InspectorError) as refused:
        build(bad, LOCAL)
    assert "\n" not in str(refused.value)


def test_the_captured_version_never_reaches_the_wire() -> None:
    assert b"X: y" not in build(request(version="1.1\r\nX: y"), LOCAL).head
