"""What header lines mean, and what is odd about them."""

from __future__ import annotations

from inspector.core.header_words import meaning_of_header, odd_headers


def test_meanings() -> None:
    """Well-known names have their own words, others those of their kind, the rest none."""
    assert meaning_of_header("Content-Length") == "bytes of the body"
    assert meaning_of_header("X-Acme-Signature-V2") == "a signature, by its name"
    assert meaning_of_header("X-Acme-Event") == "an event type, by its name"
    assert meaning_of_header("X-Acme-Colour") == ""


def test_odd_lines() -> None:
    """Repeated, empty, badly named, non-ASCII and contradicting lines are remarked on, the others are not."""
    headers = [
        (b"Host", b"a"),
        (b"X-Dup", b"1"),
        (b"x-dup", b"2"),
        (b"Via", b"a"),
        (b"Via", b"b"),
        (b"X-Empty", b""),
        (b"X Y", b"1"),
        (b"X-Latin", b"caf\xe9"),
        (b"Content-Length", b"7"),
    ]
    assert odd_headers(headers, 9) == [
        "", "2 times, differ", "2 times, differ", "2 times", "2 times", "empty",
        "a name with characters that none may have", "bytes that are not ASCII", "the body has 9",
    ]  # fmt: skip
    both = [(b"Content-Length", b"7"), (b"Transfer-Encoding", b"chunked")]
    assert odd_headers(both, 9) == ["beside Transfer-Encoding", ""]
    assert odd_headers(headers[-1:], 7) == [""]
