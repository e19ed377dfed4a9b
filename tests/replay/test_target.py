import pytest

from inspector.core.events import InspectorError
from inspector.replay.address import is_near
from inspector.replay.target import parse_target


@pytest.mark.parametrize(
    ("text", "authority", "port", "path", "query"),
    [
        ("http://localhost:3000", "localhost:3000", 3000, None, b""),
        ("http://localhost:3000/", "localhost:3000", 3000, b"/", b""),
        ("http://localhost:3000?a=b", "localhost:3000", 3000, None, b"a=b"),
        ("HTTPS://example.com/hooks", "example.com", 443, b"/hooks", b""),
        ("https://example.com:443/a?b=c&d", "example.com", 443, b"/a", b"b=c&d"),
        ("http://example.com:443", "example.com:443", 443, None, b""),
        ("http://[::1]:8080/x", "[::1]:8080", 8080, b"/x", b""),
        ("http://[fe80::1%25lo]/x", "[fe80::1]", 80, b"/x", b""),
        ("http://bücher.example/ä", "xn--bcher-kva.example", 80, b"/%C3%A4", b""),
        ("http://under_score.local//a/../b", "under_score.local", 80, b"//a/../b", b""),
    ],
)
def test_targets_are_read(text: str, authority: str, port: int, path: bytes | None, query: bytes) -> None:
    target = parse_target(text)
    assert (target.authority, target.port, target.path, target.query) == (authority, port, path, query)
    assert target.text == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "An empty target begins with neither"),
        ("localhost:3000", "begins with neither http:// nor https://"),
        ("ftp://localhost/", "begins with neither"),
        ("file:///etc/passwd", "begins with neither"),
        ("http://", "wants a host"),
        ("http:///hooks", "wants a host"),
        ("http://:3000", "wants a host"),
        ("http://localhost:", "wants a host"),
        ("http://localhost:x", "wants a host"),
        ("http://localhost:0", "port from 1 to 65535"),
        ("http://localhost:65536", "port from 1 to 65535"),
        ("http://me:secret@localhost", "no user name or password"),
        ("http://localhost/a#b", "#b"),
        ("http://local host", "blank or a control"),
        (" http://localhost", "blank or a control"),
        ("http://localhost\r\nX: y", "blank or a control"),
        ("http://localhost\x1b]0;x\x07", "blank or a control"),
        ("http://local\u202ehost", "blank or a control"),
        ("http://\ud800", "blank or a control"),
        ("http://[::1", "wants a host"),
        ("http://[nonsense]", "names no host"),
        ("http://a..b", "names no host"),
        ("http://" + "a" * 64, "names no host"),
        ("http://good\\@evil.example", "no user name"),
        ("http://good\\evil.example", "names no host"),
    ],
)
def test_what_is_no_target_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(InspectorError) as refused:
        parse_target(text)
    assert says in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("https://localhost", True),
        ("http://[::1]:3000", True),
        ("http://0.0.0.0:3000", True),
        ("http://192.0.2.1", False),
        ("http://[2001:db8::1]:3000", False),
        ("http://no.such.host.invalid", False),
    ],
)
async def test_a_target_is_near_when_it_is_this_machine(url: str, near: bool) -> None:
    assert await is_near(parse_target(url)) is near
