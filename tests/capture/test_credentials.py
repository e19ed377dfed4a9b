"""Credentials and secrets: where they may come from, what they let in, and that nobody gets to see them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from inspector.capture.credentials import Credentials, read_basic_auth, read_secrets
from inspector.core.events import InspectorError
from tests.capture.conftest import CaptureProcess, captured

USER = "anchore:p:ässword"


def private(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def header(text: str, coding: str = "utf-8", scheme: str = "Basic") -> tuple[bytes, bytes]:
    return b"Authorization", f"{scheme} ".encode() + base64.b64encode(text.encode(coding))


def ask(capture: CaptureProcess, *lines: tuple[bytes, bytes], body: bytes = b"{}") -> tuple[int, str | None]:
    with closing(HTTPConnection("127.0.0.1", capture.port, timeout=30)) as connection:
        connection.putrequest("POST", "/hooks")
        for name, value in (*lines, (b"Content-Length", b"%d" % len(body))):
            connection.putheader(name.decode(), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("WWW-Authenticate")


# -- where they come from


def test_credentials_come_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    environment = {"INSPECTOR_BASIC_AUTH": "a:b", "HOME": "/"}
    assert read_basic_auth(None, environment) == Credentials.read("a:b")
    assert environment == {"HOME": "/"}, "no other program gets them from there"
    assert read_basic_auth(None, environment) is None
    file = private(tmp_path / "auth", f"{USER}\n")
    assert read_basic_auth(file, {"INSPECTOR_BASIC_AUTH": "a:b"}) == Credentials.read(USER)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "auth", "a:b", mode)
    with pytest.raises(InspectorError, match=r"others can read the credentials in .*chmod 600"):
        read_basic_auth(file, {})
    with pytest.raises(InspectorError, match="others can read the secrets"):
        read_secrets(file, {})


@pytest.mark.parametrize("text", ["geheim", ":geheim", "", "a:gehe\x00im", "a:gehe\nim"])
def test_what_is_wrong_is_told_without_the_text(tmp_path: Path, text: str) -> None:
    for file, environment in ((private(tmp_path / "auth", text), {}), (None, {"INSPECTOR_BASIC_AUTH": text})):
        with pytest.raises(InspectorError) as caught:
            read_basic_auth(file, environment)
        assert "gehe" not in str(caught.value)


def test_secrets_come_from_a_private_file_and_the_environment(tmp_path: Path) -> None:
    key = base64.b64encode(b"key").decode()
    text = f"# of ours\n\ngithub = one = two\nGitHub=three\nstandard-webhooks = whsec_{key}\n"
    file = private(tmp_path / "secrets", text)
    environment = {"INSPECTOR_SECRET_STRIPE": "whsec_x", "INSPECTOR_SECRETS": "/nowhere"}
    found = {
        "github": [b"one = two", b"three"],
        "standard-webhooks": [b"key"],
        "stripe": [b"whsec_x"],
    }
    assert read_secrets(file, environment) == found
    assert environment == {}
    assert read_secrets(None, {"INSPECTOR_SECRETS": file}) == {
        scheme: keys for scheme, keys in found.items() if scheme != "stripe"
    }
    assert read_secrets(None, {}) == {}
    assert read_secrets(private(tmp_path / "marked", "\ufeffgithub = a"), {}) == {"github": [b"a"]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("github geheim", "line 1: write it as github ="),
        ("\ngitlab = geheim", "line 2: there is no scheme 'gitlab'"),
        ("standard-webhooks = whsec_gehe!m", "line 1: the secret for standard-webhooks is no Base64"),
        ("github =", "line 1: the secret for github is empty"),
        ("", "there is no secret in "),
        ("# gehe = im\n\n", "there is no secret in "),
    ],
)
def test_a_wrong_line_is_named_without_its_secret(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InspectorError, match=why) as caught:
        read_secrets(private(tmp_path / "secrets", text), {})
    assert "gehe" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\xff\xfe")
    (tmp_path / "raw").chmod(0o600)
    for name, why in ((tmp_path / "raw", "no text in UTF-8"), (tmp_path / "none", "no such file")):
        with pytest.raises(InspectorError, match=why):
            read_secrets(str(name), {})
    with pytest.raises(InspectorError, match="too long"):
        read_secrets(private(tmp_path / "long", "#" * 70_000), {})


# -- what they let in


def test_only_the_right_line_fits() -> None:
    credentials = Credentials.read(USER)
    assert credentials.fit([header(USER)])
    assert credentials.fit([(b"X", b"y"), header(USER, "latin-1", "bAsIc")])
    assert Credentials.read("snow:\u2603").fit([header("snow:\u2603")])
    wrong = [
        [],
        [header(USER + "x")],
        [header(USER[:-1])],
        [header("anchore")],
        [header(USER, scheme="Bearer")],
        [header(USER), header(USER)],
        [(b"Authorization", b"Basic")],
        [(b"Authorization", b"Basic !!!")],
        [(b"Authorization", b"")],
        [(b"Authorization", b"\xff\x00")],
        [(b"Proxy-Authorization", header(USER)[1])],
    ]
    assert not any(credentials.fit(lines) for lines in wrong)
    assert USER.partition(":")[2] not in repr(credentials)


def test_wrong_credentials_are_answered_401_and_kept_as_an_event(tmp_path: Path) -> None:
    file = private(tmp_path / "auth", USER)
    with captured(tmp_path, "--basic-auth-file", file, "--respond", "500,200") as capture:
        assert ask(capture) == (401, 'Basic realm="webhook inspector", charset="UTF-8"')
        assert ask(capture, header("anchore:guess"), body=b'{"a": 1}')[0] == 401
        assert ask(capture, header(USER, "latin-1")) == (500, None), "they cost no step of the answers"
        assert ask(capture, header(USER))[0] == 200
        events = capture.wait_for(4)
        assert [(event.status, event.labels) for event in events] == [
            (401, ("wrong-credentials",)),
            (401, ("wrong-credentials",)),
            (500, ()),
            (200, ()),
        ]
        assert capture.request(events[1]).body == b'{"a": 1}'
        lines = [json.loads(line) for line in capture.lines()[1:]]
        assert lines[0]["labels"] == ["wrong-credentials"]


def test_a_body_over_the_limit_is_labelled_too(tmp_path: Path) -> None:
    environment = {"INSPECTOR_BASIC_AUTH": "a:b"}
    with captured(tmp_path, "--max-body", "100", environment=environment) as capture:
        assert ask(capture, body=b"x" * 200)[0] == 413
        (event,) = capture.wait_for(1)
        assert (event.status, event.labels, event.complete) == (413, ("wrong-credentials",), False)


# -- what is verified, and what others see


def test_signatures_are_checked_from_the_socket_to_the_store(tmp_path: Path) -> None:
    """Small, large and compressed bodies; the secrets come from a file and from the environment."""
    file = private(tmp_path / "secrets", "github = hidden-one\n")
    environment = {"INSPECTOR_SECRET_STRIPE": "hidden-two", "INSPECTOR_BASIC_AUTH": "hidden:three"}
    auth = header("hidden:three")

    def signed(body: bytes, secret: bytes = b"hidden-one") -> tuple[tuple[bytes, bytes], ...]:
        mac = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        return auth, (b"X-Hub-Signature-256", b"sha256=" + mac), (b"X-GitHub-Event", b"ping")

    small, large = b'{"zen": "x"}', b'{"zen": "%s"}' % (b"x" * 3_000_000)
    with captured(tmp_path, "--secrets", file, environment=environment) as capture:
        ask(capture, *signed(small), body=small)
        ask(capture, *signed(small), body=small + b" ")
        ask(capture, *signed(small, b"guess"), body=small)
        ask(capture, *signed(large), body=large)
        ask(capture, *signed(small), (b"Content-Encoding", b"gzip"), body=small)
        ask(capture, auth, (b"Stripe-Signature", b"t=1,v1=" + b"0" * 64), body=small)
        ask(capture, auth, (b"webhook-id", b"1"), (b"webhook-signature", b"v1,AAAA"), body=small)
        ask(capture, auth, body=small)
        events = capture.wait_for(8)
        while any(event.pending for event in events):
            events = capture.events()
        children = f"/proc/{capture.process.pid}/task/{capture.process.pid}/children"
        for pid in Path(children).read_text().split():
            # Those of the capture process itself are what the user gave it.
            for place in ("cmdline", "environ"):
                assert b"hidden" not in Path(f"/proc/{pid}/{place}").read_bytes()
    changed = "failed: github: wrong secret, or changed on the way"
    assert [event.signature for event in events] == [
        "verified: github",
        changed,
        changed,
        "verified: github",
        "verified: github",
        "failed: stripe: wrong secret, or changed on the way",
        "no secret: standard-webhooks",
        None,
    ]
    for path in tmp_path.iterdir():
        assert path.name == "secrets" or b"hidden-" not in path.read_bytes(), path
