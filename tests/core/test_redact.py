import time

import pytest

from inspector.core.events import Request
from inspector.core.redact import (
    MASK,
    is_secret_name,
    redact_headers,
    redact_payload_text,
    redact_query,
    redact_request,
)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "COOKIE",
        "Set-Cookie",
        "X-Gitlab-Token",
        "access_token",
        "accessToken",
        "client_secret",
        "X-Hub-Signature-256",
        "X-Shopify-Hmac-Sha256",
        "password",
        "db_passwd",
        "X-Api-Key",
        "api_key",
        "apikey",
        "private_key",
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["Host", "Content-Type", "authorized", "cookies_accepted", "key", "user-agent", ""]
)
def test_names_that_hold_no_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_headers_are_masked_in_place() -> None:
    lines = ((b"Host", b"h"), (b"AUTHORIZATION", b"Basic x"), (b"Cookie", b""), (b"X-Token", b"\xff"))
    masked, count = redact_headers(lines)
    assert masked == (
        (b"Host", b"h"),
        (b"AUTHORIZATION", MASK.encode()),
        (b"Cookie", b""),
        (b"X-Token", MASK.encode()),
    )
    assert count == 2


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"token": "a\\"b", "n": 1.10e5,"b":"token"}', '{"token": "M", "n": 1.10e5,"b":"token"}'),
        ('{"a": {"password" :\n"x"}, "b": "y"}', '{"a": {"password" :\n"M"}, "b": "y"}'),
        ('{"tok\\u0065n":"x"}', '{"tok\\u0065n":"M"}'),
        (
            '{"tokens": ["a", ["b"], {"c": "d"}, 5, "e"], "f": "g"}',
            '{"tokens": ["M", ["M"], {"c": "d"}, 5, "M"], "f": "g"}',
        ),
        (
            '{"secret_scanning_alert": {"state": "open", "secret": "x"}}',
            '{"secret_scanning_alert": {"state": "open", "secret": "M"}}',
        ),
        ('{"secret": null, "a": "b", "secret": 5}', '{"secret": null, "a": "b", "secret": 5}'),
        ('{"secret": "", "a": ["token", "b"]}', '{"secret": "", "a": ["token", "b"]}'),
        ('{"a": "\\"token\\": \\"x\\""}', '{"a": "\\"token\\": \\"x\\""}'),
        ('{"token": "broken off', '{"token": "M"'),
        ('{"token": "broken off\\', '{"token": "M"'),
        ('no json "token": "x" ]]}}', 'no json "token": "M" ]]}}'),
        ("", ""),
    ],
)
def test_payload_text_is_masked_without_being_rewritten(text: str, masked: str) -> None:
    expected = masked.replace('"M"', f'"{MASK}"')
    assert redact_payload_text(text) == (expected, masked.count('"M"'))


@pytest.mark.parametrize(
    "text",
    [
        '"' + '\\"' * 300_000 + "token",
        '{"token":[' * 100_000,
        '"' * 300_001 + "token",
        "[" * 300_000 + "token",
        '"token"' + " " * 300_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    begun = time.process_time()
    redact_payload_text(text)
    assert time.process_time() - begun < 2


def test_query_fields_are_masked() -> None:
    assert redact_query(b"a=1&token=x&&access_token=&flag") == (
        b"a=1&token=" + MASK.encode() + b"&&access_token=&flag",
        1,
    )


def test_a_whole_request_is_masked_and_counted() -> None:
    headers = ((b"Authorization", b"Bearer x"), (b"Content-Type", b"application/json"))
    masked, count = redact_request(
        Request("POST", b"/a?token=x", headers, b'\xef\xbb\xbf {"token":"x\xff","a":"\xff"}')
    )
    mask = MASK.encode()
    assert count == 3
    assert masked.target == b"/a?token=" + mask
    assert masked.headers[0] == (b"Authorization", mask)
    assert masked.body == b'\xef\xbb\xbf {"token":"' + mask + b'","a":"\xff"}'


def test_forms_and_utf_16_are_masked_and_other_bodies_stay() -> None:
    form = ((b"content-type", b"application/x-www-form-urlencoded; charset=utf-8"),)
    assert (
        redact_request(Request("POST", b"/", form, b"token=x&a=b"))[0].body
        == b"token=" + MASK.encode() + b"&a=b"
    )
    wide = redact_request(Request("POST", b"/", (), '{"token": "x"}'.encode("utf-16-le")))[0].body
    assert wide.decode("utf-16-le") == f'{{"token": "{MASK}"}}'
    for body in (b"", b"\x1f\x8b\x00token", b"token=x", b"\x00", b'{\x00"\x00t', b'{"a":"b\xff"}'):
        assert redact_request(Request("POST", b"/", (), body)) == (Request("POST", b"/", (), body), 0)
