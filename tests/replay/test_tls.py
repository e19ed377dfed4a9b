"""Replays over TLS: the same bytes, and sentences for what can be wrong with it."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from inspector.replay import wire
from inspector.replay.send import replay
from inspector.replay.target import parse_target
from tests.replay.receiver import OK, attempt_at, recorder, request, serve, silent


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command = [
        "openssl",
        "req",
        "-x509",
        *curve,
        "-nodes",
        "-days",
        "2",
        *subject,
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    if which("openssl") is None:
        pytest.skip("makes its certificates with openssl, which is not there")
    folder = tmp_path_factory.mktemp("tls")
    return {name: make_certificate(folder, name) for name in ("localhost", "example.org")}


@pytest.fixture
def trust(
    monkeypatch: pytest.MonkeyPatch, certificates: dict[str, tuple[Path, Path]], tmp_path: Path
) -> Iterator[None]:
    """Trust the certificates in the way a private authority is trusted: by the environment."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"".join(certificate.read_bytes() for certificate, _ in certificates.values()))
    wire._context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    yield
    wire._context.cache_clear()


def server_context(certificates: dict[str, tuple[Path, Path]], name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificates[name])
    return context


@pytest.mark.usefixtures("trust")
async def test_tls_carries_the_same_bytes(certificates: dict[str, tuple[Path, Path]]) -> None:
    body = bytes(range(256)) * 20_000
    sent = request(headers=((b"Host", b"a"), (b"Content-Length", b"%d" % len(body))), body=body)
    async with recorder(OK, server_context(certificates, "localhost")) as (port, received):
        attempt = await replay(sent, 1, parse_target(f"https://localhost:{port}"))
        assert attempt.passed, attempt.error
    assert received[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.usefixtures("trust")
async def test_a_certificate_for_another_name(certificates: dict[str, tuple[Path, Path]]) -> None:
    async with recorder(OK, server_context(certificates, "example.org")) as (port, received):
        attempt = await attempt_at(port, "https", "localhost")
        assert received == []
    assert attempt.error == "The certificate is for example.org."


async def test_a_certificate_nobody_vouches_for(certificates: dict[str, tuple[Path, Path]]) -> None:
    async with recorder(OK, server_context(certificates, "localhost")) as (port, received):
        refused = await attempt_at(port, "https", "localhost")
        assert refused.error is not None
        assert refused.error.startswith("The certificate of localhost is not trusted: self")
        assert received == []
        assert (await attempt_at(port, "https", "localhost", verify=False)).passed


async def test_tls_to_a_plain_port() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serve(script) as port:
        assert (await attempt_at(port, "https")).error == "The target does not speak TLS; use http:// for it."


async def test_tls_to_a_silent_port() -> None:
    async with serve(silent) as port:
        error = (await attempt_at(port, "https")).error
    assert error == f"127.0.0.1:{port} did not complete the TLS handshake within 0.3 s."


async def test_tls_to_a_port_that_closes() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)

    async with serve(script) as port:
        error = (await attempt_at(port, "https")).error
    assert error == f"127.0.0.1:{port} closed the connection during the TLS handshake. Does it speak TLS?"


async def test_plain_to_a_tls_port(certificates: dict[str, tuple[Path, Path]]) -> None:
    async with recorder(OK, server_context(certificates, "localhost")) as (port, received):
        attempt = await attempt_at(port)
        assert attempt.error is not None
        assert "https://" in attempt.error or "without an answer" in attempt.error
        assert received == []
