"""Labels: which requests stand out, and which do not."""

from __future__ import annotations

import pytest

from inspector.core.labels import LABELS, canonical, forwarded_for, host_in, is_near, labels_of

OWN = {"127.0.0.1", "inbox.example"}


def lines(*pairs: tuple[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode("latin-1")) for name, value in pairs)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8585", "LOCALHOST.", "hooks.localhost:1", "127.0.0.1:8585", "127.9.9.9"),
        *("[::1]:8585", "[0:0::1]", "[::ffff:127.0.0.1]:1", "0.0.0.0:8585", "", "10.1.2.3:80"),
        *("inbox.example", "Inbox.Example.:8585"),
    ],
)
def test_these_hosts_are_ours(host: str) -> None:
    assert labels_of(lines(("Host", host)), OWN, near="10.1.2.3") == []


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8585", "10.1.2.4", "a b"),
        *("inbox.example@evil.example", "[::1", "[evil]:1", "xlocalhost", "\xff", "2130706433"),
    ],
)
def test_these_are_foreign(host: str) -> None:
    assert labels_of(lines(("Host", host)), OWN, near="10.1.2.3") == ["foreign-host"]


def test_a_browser_is_told_by_what_it_cannot_leave_out() -> None:
    for name in ("Origin", "ORIGIN", "sec-fetch-site"):
        assert labels_of(lines(("Host", "localhost"), (name, "null")), OWN) == ["browser"]
    assert labels_of(lines(("Origin", "https://evil.example"), ("Host", "evil.example")), OWN) == [
        "foreign-host",
        "browser",
    ]
    assert labels_of(lines(("User-Agent", "Mozilla/5.0"), ("Referer", "x")), OWN) == []


def test_the_tunnel_is_told_only_where_it_can_be() -> None:
    asked = lines(("Host", "abc.ngrok.app"))
    assert labels_of(asked, OWN, tunnel="abc.ngrok.app") == ["tunnel"]
    assert labels_of(asked, OWN) == ["foreign-host"]
    assert labels_of(lines(("Host", "x.abc.ngrok.app")), OWN, tunnel="abc.ngrok.app") == ["foreign-host"]


def test_the_last_forwarded_address_counts() -> None:
    assert forwarded_for(lines(("X-Forwarded-For", "1.1.1.1, 203.0.113.9"))) == "203.0.113.9"
    assert forwarded_for(lines(("x-forwarded-for", "1.1.1.1"), ("X-Forwarded-For", "2001:DB8::1"))) == (
        "2001:db8::1"
    )
    assert forwarded_for(lines(("X-Forwarded-For", "\x1b]0;x\x07"))) is None
    assert forwarded_for(lines(("X-Forwarded-For", ""))) is None
    assert forwarded_for(()) is None


def test_names_are_compared_in_one_form() -> None:
    assert canonical("EXAMPLE.org.") == "example.org"
    assert canonical("::FFFF:10.0.0.1") == "10.0.0.1"
    assert canonical("fe80::1%eth0") == "fe80::1"
    assert host_in(b" [2001:db8:0::1]:80 ") == "2001:db8::1"
    assert is_near("::")
    assert not is_near("10.0.0.1")


def test_no_label_is_part_of_another_one_and_each_has_words() -> None:
    for label, meaning in LABELS.items():
        assert meaning
        assert [other for other in LABELS if label in other] == [label]
        assert not set(label) & set(" '*")
