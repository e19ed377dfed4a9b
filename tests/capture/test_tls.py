"""TLS: certificates of the user's and of our own, handshakes that fail, and what is used of asyncio's own
protocol."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from inspector.capture import certificate as certificates
from inspector.capture.certificate import TlsFiles, certified_names, self_signed, server_context
from inspector.capture.child import Capture
from inspector.cli.send import post_file
from inspector.core.events import InspectorError
from inspector.store.edits import Edits
from inspector.store.reader import Reader
from inspector.tui.sample import curl_line, post_sample, python_line
from tests.capture.conftest import CaptureProcess, captured

NAMES = {"localhost", "127.0.0.1", "::1"}

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """A certificate and its key, as a user may bring them."""
    return self_signed(tmp_path_factory.mktemp("tls") / "mine.db", "127.0.0.1")


@pytest.fixture
def capture(tmp_path: Path, files: TlsFiles) -> Iterator[CaptureProcess]:
    """A capture process that speaks TLS."""
    options = ("--tls-cert", str(files.certificate), "--tls-key", str(files.key))
    with captured(tmp_path, *options, "--head-deadline", "1s", "--max-connections", "8") as started:
        yield started


def trusting(files: TlsFiles, strict: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files.certificate))
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 and later have it by default
    return context


def post(
    capture: CaptureProcess, context: ssl.SSLContext, body: bytes = b"{}", host: str = "127.0.0.1"
) -> int:
    with closing(HTTPSConnection(host, capture.port, timeout=30, context=context)) as connection:
        connection.request("POST", "/tls", body)
        answer = connection.getresponse()
        answer.read()
        return answer.status


@contextmanager
def connected(capture: CaptureProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", capture.port), timeout=30) as plain:
        yield plain


def _is_closed(plain: socket.socket) -> bool:
    try:
        return plain.recv(1) == b""
    except ConnectionResetError:
        return True


# -- a certificate of our own


def test_a_certificate_of_our_own_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    made = self_signed(store, "hooks.example")
    assert made == TlsFiles(tmp_path / "events.db.crt", tmp_path / "events.db.key")
    assert certified_names(made) == {*NAMES, "hooks.example"}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "events.db.crt": 0o600,
        "events.db.key": 0o600,
    }
    before = made.certificate.read_bytes()
    assert self_signed(store, "localhost").certificate.read_bytes() == before, "it is for this name too"
    assert self_signed(store, "other.example").certificate.read_bytes() != before
    assert certified_names(made) == {*NAMES, "other.example"}


def test_one_that_is_no_good_any_more_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "events.db"
    with monkeypatch.context() as short:
        short.setattr(certificates, "DAYS", 8)
        made = self_signed(store, "::1")
    assert certified_names(made) == NAMES
    assert certified_names(made, left_s=9 * 86_400) is None
    assert made.key is not None
    for spoil in (
        lambda: made.key.write_text("nothing"),  # type: ignore[union-attr]
        lambda: made.certificate.unlink(),
        lambda: made.key.chmod(0o640),  # type: ignore[union-attr]
    ):
        before = made.certificate.read_bytes()
        spoil()
        assert self_signed(store, "0.0.0.0") == made
        assert made.certificate.read_bytes() != before
    assert {*NAMES} < (certified_names(made) or set()), "for every address, the name of this machine is in it"


def test_without_openssl_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = self_signed(tmp_path / "events.db", "127.0.0.1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert self_signed(tmp_path / "events.db", "127.0.0.1") == kept, "to use one again takes no program"
    with pytest.raises(InspectorError, match=r"no openssl on this machine .*--tls-cert FILE"):
        self_signed(tmp_path / "other.db", "127.0.0.1")
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\necho '\033]0;x\007no' >&2\nexit 1\n")
    program.chmod(0o700)
    with pytest.raises(InspectorError, match=r"could not make a certificate: \\x1b\]0;x\\x07no\. Bring"):
        self_signed(tmp_path / "other.db", "127.0.0.1")
    assert not list(tmp_path.glob(".tls-*"))


def test_it_is_no_authority_that_could_vouch_for_others(files: TlsFiles) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(files.certificate)
    assert context.cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 0}


# -- what a user brings


def test_files_that_are_no_certificate_are_refused_in_words(tmp_path: Path, files: TlsFiles) -> None:
    other = self_signed(tmp_path / "other.db", "127.0.0.1")
    with pytest.raises(InspectorError, match="is not that of the certificate"):
        server_context(TlsFiles(files.certificate, other.key))
    with pytest.raises(InspectorError, match=r"cannot read .*none: no such file"):
        server_context(TlsFiles(tmp_path / "none", other.key))
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InspectorError, match="are not a certificate and its key in PEM"):
        server_context(TlsFiles(tmp_path / "text"))
    locked = tmp_path / "locked.key"
    command = ["openssl", "rsa", "-aes128", "-passout", "pass:x", "-in", str(files.key), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    with pytest.raises(InspectorError, match="has a passphrase"):
        server_context(TlsFiles(files.certificate, locked))
    both = tmp_path / "both.pem"
    assert files.key is not None
    both.write_bytes(files.certificate.read_bytes() + files.key.read_bytes())
    assert server_context(TlsFiles(both)).cert_store_stats()["x509"] == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--tls-key", "x"], "--tls-key goes with --tls-cert"),
        (["--tls-self-signed", "--tls-cert", "x"], "brings its own certificate"),
        (["--tls-self-signed", "--tunnel"], "the way to the tunnel is https all the same"),
        (["--tls-cert", "/no/such"], "cannot read /no/such"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], why: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inspector", "--store", str(tmp_path / "events.db"), "listen", *options]
    done = subprocess.run([*command, "--port", "0"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1


# -- over the wire


def test_events_arrive_over_https(capture: CaptureProcess, files: TlsFiles) -> None:
    assert capture.url == f"https://127.0.0.1:{capture.port}"
    context = trusting(files)
    large = b'{"x": "%s"}' % (b"y" * 3_000_000)
    assert post(capture, context, b'{"type": "a"}') == 200
    assert post(capture, context, large, "localhost") == 200
    with closing(HTTPSConnection("127.0.0.1", capture.port, timeout=30, context=context)) as connection:
        for number in range(4):  # on one connection
            connection.request("POST", f"/{number}", b"{}")
            assert connection.getresponse().read() == b'{"status":"received"}'
    events = capture.wait_for(6)
    assert [event.target for event in events[2:]] == [b"/0", b"/1", b"/2", b"/3"]
    assert (events[0].type, events[0].labels, events[0].remote.rpartition(":")[0]) == ("a", (), "127.0.0.1")
    assert capture.request(events[1]).body == large
    assert capture.errors() == ""


def test_refusals_work_over_https_as_well(capture: CaptureProcess, files: TlsFiles) -> None:
    context = trusting(files)
    with connected(capture) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
        tls.sendall(b"NO HTTP AT ALL\r\n\r\n")
        assert tls.recv(4096).startswith(b"HTTP/1.1 400 ")
    with connected(capture) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
        tls.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
        assert tls.recv(4096).startswith(b"HTTP/1.1 408 "), "the head deadline"
    with connected(capture) as plain:
        tls = context.wrap_socket(plain, server_hostname="127.0.0.1")
        tls.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
        tls.close()
    reasons = {event.rejected or event.incomplete for event in capture.wait_for(3)}
    assert reasons == {
        "not an HTTP request",
        "the head was not complete after 1 s",
        "the sender hung up before the body was complete",
    }
    assert capture.errors() == ""


def test_handshakes_that_fail_are_events_with_the_reason(capture: CaptureProcess) -> None:
    with connected(capture) as plain:
        plain.sendall(b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        assert plain.recv(4096).startswith(b"HTTP/1.1 400 ")
    capture.wait_for(1)
    with pytest.raises(ssl.SSLCertVerificationError):
        post(capture, ssl.create_default_context())
    capture.wait_for(2)
    with connected(capture) as plain:
        plain.sendall(b"\x16\x03\x01\x00\x05hello and no more of TLS")
        assert plain.recv(4096)[:1] in (b"", b"\x15")
    capture.wait_for(3)
    with connected(capture) as plain:
        plain.sendall(b"\x16\x03\x01")
    capture.wait_for(4)
    with connected(capture) as plain:
        plain.sendall(b"\x16\x03\x01")
        assert plain.recv(1) == b""
    events = capture.wait_for(5)
    reasons = [event.rejected or "" for event in events]
    assert reasons[0].startswith("plain HTTP on the TLS port; the sender's URL begins with http")
    assert (events[0].method, events[0].target, events[0].status) == ("POST", b"/hooks", 400)
    assert capture.raw_head(events[0]) == b"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    assert reasons[1] == "the sender does not trust the certificate of this listener"
    assert reasons[2].startswith("the TLS handshake failed: ")
    assert reasons[3] == "the sender hung up during the TLS handshake"
    assert reasons[4] == "the TLS handshake was not complete after 1 s"
    assert [event.status for event in events[1:]] == [None] * 4
    assert capture.errors() == ""


def test_a_connection_without_a_byte_is_no_event(capture: CaptureProcess, files: TlsFiles) -> None:
    with connected(capture):
        pass
    with connected(capture) as plain:
        assert plain.recv(1) == b"", "closed by the deadline"
    assert post(capture, trusting(files)) == 200
    assert len(capture.events()) == 1


def test_half_open_handshakes_count_and_end(capture: CaptureProcess, files: TlsFiles) -> None:
    began = time.monotonic()
    held = [socket.create_connection(("127.0.0.1", capture.port), timeout=30) for _ in range(8)]
    try:
        time.sleep(0.2)
        with connected(capture) as plain:
            assert _is_closed(plain), "one too many"
        while True:
            try:
                assert post(capture, trusting(files)) == 200
            except OSError:
                assert time.monotonic() - began < 30
                time.sleep(0.1)
            else:
                break
    finally:
        for each in held:
            each.close()
    assert "too many connections at once" in {event.rejected for event in capture.events()}


def test_it_ends_at_once_with_handshakes_and_idle_connections_open(
    capture: CaptureProcess, files: TlsFiles
) -> None:
    with connected(capture) as plain, connected(capture) as other:
        other.sendall(b"\x16\x03\x01")
        tls = trusting(files).wrap_socket(plain, server_hostname="127.0.0.1")
        tls.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")
        assert tls.recv(4096)
        began = time.monotonic()
        assert capture.stop() == 0
        assert time.monotonic() - began < 8
        tls.close()
    assert capture.errors() == ""


def test_what_our_own_commands_do_with_a_listener_of_their_own(tmp_path: Path) -> None:
    """The screen's child, `send`, the sample, the curl line, `doctor` and the tunnel."""
    store = tmp_path / "events.db"
    sample = tmp_path / "sample.json"
    sample.write_text('{"type": "sent"}')

    def inspector(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "inspector", "--store", str(store), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    child = Capture(store, ["--port", "0", "--tls-self-signed"])
    child.start()
    try:
        assert child.url.startswith("https://127.0.0.1:")
        assert child.listener["certificate"] == str(tmp_path / "events.db.crt")
        assert inspector("send", str(sample)).returncode == 0
        assert asyncio.run(post_file(sample, child.url, own=True)).passed
        assert post_sample(child.url)
        line = curl_line(child.url)
        assert line.startswith("curl -k https://")
        assert python_line(child.url).endswith(', json={"type": "hello"}, verify=False)')
        assert "verify" not in python_line("https://name.ngrok.app")
        if shutil.which("curl"):
            assert "received" in subprocess.run(line, shell=True, capture_output=True, text=True).stdout
        told = [json.loads(line) for line in inspector("doctor", "--json").stdout.splitlines()]
        assert not [each for each in told if each["level"] == "wrong"]
        assert any(child.url in each["text"] for each in told)
        failed = inspector("replay", "1", "--to", child.url)
        assert "That is this listener itself." in failed.stdout
        with Edits(store) as edits, Reader(store) as reader:
            edits.set_setting("tunnel", {"wanted": True})
            deadline = time.monotonic() + 30
            while not isinstance(state := reader.state("tunnel"), dict) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert isinstance(state, dict)
            assert (state["state"], "https all the same" in state["error"]) == ("failed", True)
            listener: Any = reader.state("listener")
            assert listener["certificate"] == str(tmp_path / "events.db.crt")
            events = reader.events(reader.ids())
        assert [event.rejected for event in events] == [None] * len(events)
    finally:
        child.stop()


def test_a_terminal_is_told_how_to_trust_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inspector", "--store", str(tmp_path / "events.db"), "listen"]
    environment = {**os.environ, "INSPECTOR_BASIC_AUTH": "a:b", "INSPECTOR_SECRET_GITHUB": "c"}
    process = subprocess.Popen(
        [*command, "--port", "0", "--tls-self-signed", "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stderr is not None
    told = ""
    while "Press ctrl+c" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    process.terminate()
    told += process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 0
    assert f"The certificate is our own: {tmp_path / 'events.db.crt'}." in told
    for words in ("curl --cacert", "verify_tls", "get 401", "Signatures are checked: github."):
        assert words in told


def test_what_is_used_of_asyncio() -> None:
    """`asyncio.sslproto` is not documented: these are the parts that `Door` overrides or gives."""
    assert issubclass(SSLProtocol, asyncio.BufferedProtocol)
    assert {"connection_made", "get_buffer", "buffer_updated"} <= set(vars(SSLProtocol))
