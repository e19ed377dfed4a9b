"""From a request to its sender, type and shape, whatever its body is."""

from __future__ import annotations

import gzip
import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.events import Request
from inspector.core.identify import SMALL, header_map, identify, identify_request, is_quick, payload_of
from inspector.core.payload import NotJson, parse
from inspector.core.shapes import shape_of

FORM = {"content-type": "Application/X-WWW-Form-URLEncoded; charset=utf-8"}


def test_identity_and_shape_in_one_pass() -> None:
    found = identify({}, b'{"type": "a.b", "n": 1}')
    assert found.identity.type == "a.b"
    assert found.shape == shape_of({"type": "", "n": 2})


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"a","n":1,"n":"x"}',
        '{"type":"a","n" :1,"n":"x"}',
        r'{"type":"a","n":"{\"n\":1}","m":{"k":1,"k":2}}',
        '{"type":"a","n":1,"d":{"a":[1,{"b":null}]}}',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32-le"])
def test_a_key_that_stands_twice_is_noticed_by_any_way_of_reading(text: str, encoding: str) -> None:
    body = text.encode(encoding)
    found = identify({}, body)
    assert (found.shape, found.payload()) == (shape_of(parse(body)), parse(body))
    assert type(found.payload()) is type(parse(body))


@pytest.mark.parametrize(
    "body", [b"", b"text", b"\xff\xfe\xfd", b'{"a":', b"\0" * 50, b"[" * 600 + b"]" * 600]
)
def test_no_json_has_no_shape_but_its_headers_count(body: bytes) -> None:
    found = identify({"x-github-event": "push"}, body)
    assert (found.identity.sender, found.identity.type, found.shape) == ("github", "push", None)


def test_a_form_as_github_may_send_it() -> None:
    payload = {"action": "opened", "note": "a&b=ü"}
    body = b"payload=" + quote_plus(json.dumps(payload)).encode() + b"&x=1"
    assert payload_of(FORM, body) == payload
    assert identify({**FORM, "x-github-event": "issues"}, body).identity.type == "issues.opened"


@pytest.mark.parametrize(
    "body", [b"payload=", b"payload=%7B", b"payload=&" * 2000, b"payload=%ff%fe", b"payload"]
)
def test_a_broken_form_is_no_payload(body: bytes) -> None:
    assert identify(FORM, body).shape is None
    with pytest.raises(NotJson):
        payload_of(FORM, body)


def test_a_body_that_only_looks_like_a_form_is_read_as_what_it_is() -> None:
    with pytest.raises(NotJson, match="a value is expected"):
        payload_of({}, b'payload={"a":1}')


def test_what_is_quick() -> None:
    assert is_quick({}, SMALL)
    assert not is_quick({}, SMALL + 1)
    assert is_quick({"content-encoding": " Identity "}, 5)
    assert is_quick({"content-encoding": ""}, 5)
    assert not is_quick({"content-encoding": "gzip"}, 5)


def test_a_compressed_body_is_decoded_first() -> None:
    body = gzip.compress(b'{"type": "zipped"}')
    request = Request("POST", b"/", ((b"Content-Encoding", b"GZIP"),), body)
    assert identify_request(request).identity.type == "zipped"
    broken = Request("POST", b"/", ((b"Content-Encoding", b"gzip"),), b"no gzip")
    assert identify_request(broken).shape is None


def test_of_repeated_header_lines_the_first_counts() -> None:
    assert header_map(((b"A", b"1"), (b"a", b"2"), (b"B", b"\xff"))) == {"a": "1", "b": "ÿ"}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"Content-Type", b"Content-Encoding", b"X-GitHub-Event", b"ce-type"]),
            st.binary(max_size=20),
        )
    ),
    st.binary(max_size=60) | st.sampled_from([b"payload=%7B%7D", b'{"type":{"a":[]}}', b'{"\\ud800":1}']),
)
def test_nothing_a_sender_sends_is_a_crash(lines: list[tuple[bytes, bytes]], body: bytes) -> None:
    request = Request("POST", b"/", tuple(lines), body)
    found = identify_request(request)
    assert found.identity.type is None or isinstance(found.identity.type, str)
    identify(header_map(request.headers), body)
