"""Certificates for the listener: the user's, or one of our own beside the store."""

from __future__ import annotations

import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.core.events import InspectorError
from inspector.core.labels import canonical
from inspector.core.text import visible
from inspector.store.place import beside

DAYS = 825
"""How long a certificate of our own is good; some systems trust none for longer."""
_LEFT_S = 7 * 86_400
"""One that is good for less than this is made anew at the start."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate and its key, in PEM."""

    certificate: Path
    key: Path | None = None
    """None when it stands in the file of the certificate."""


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """What the listener serves with; InspectorError when the files are not a certificate and its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    key = files.key or files.certificate
    for path in {files.certificate, key}:
        try:
            path.open("rb").close()
        except OSError as error:
            raise InspectorError(
                f"cannot read {visible(str(path))}: {(error.strerror or str(error)).lower()}."
            ) from None
    try:
        context.load_cert_chain(files.certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise InspectorError(
                f"the key in {visible(str(key))} is not that of the certificate in "
                f"{visible(str(files.certificate))}."
            ) from None
        raise InspectorError(
            f"{visible(str(files.certificate))} and {visible(str(key))} are not a certificate and its key in PEM, "
            "or the key has a passphrase. Use --tls-cert FILE --tls-key FILE."
        ) from None
    return context


def self_signed(store: Path, host: str) -> TlsFiles:
    """The certificate of our own beside the store, for this machine and `host`; made when there is none that
    is still good. InspectorError when it cannot be made."""
    files = TlsFiles(beside(store, ".crt"), beside(store, ".key"))
    wanted = _own_names(host)
    found = certified_names(files)
    if found is None or not wanted <= found or _open_to_others(files):
        _make(files, wanted)
    return files


def certified_names(files: TlsFiles, left_s: float = _LEFT_S) -> set[str] | None:
    """The names and addresses that a certificate of our own is for; None when it is none, or soon none any more.

    Found out by a handshake in memory with a sender that trusts nothing else.
    """
    try:
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.load_verify_locations(files.certificate)
        server = server_context(files)
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends = (client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True))
        for _ in range(3):
            for end in ends:
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
        certificate: Any = ends[0].getpeercert()
        if ssl.cert_time_to_seconds(certificate["notAfter"]) < time.time() + left_s:
            return None
        return {canonical(name) for _, name in certificate["subjectAltName"]}
    except (InspectorError, OSError, ValueError, KeyError):
        return None


def _own_names(host: str) -> set[str]:
    names = {"localhost", "127.0.0.1", "::1"}
    host = canonical(host)
    try:
        anywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        anywhere = False
    name = canonical(socket.gethostname()) if anywhere else host
    if _NAME.fullmatch(name) or ":" in name:
        names.add(name)
    return names


def _open_to_others(files: TlsFiles) -> bool:
    assert files.key is not None
    try:
        return bool(files.key.stat().st_mode & 0o077)
    except OSError:
        return True


def _make(files: TlsFiles, names: set[str]) -> None:
    """Make certificate and key with the program of OpenSSL: Python can read them, but not make them."""
    assert files.key is not None
    program = shutil.which("openssl")
    if program is None:
        raise InspectorError(
            "there is no openssl on this machine to make a certificate with. "
            "Install it, or bring your own: --tls-cert FILE --tls-key FILE."
        )
    entries = ", ".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in sorted(names))
    try:
        with tempfile.TemporaryDirectory(prefix=".tls-", dir=files.key.parent) as folder:
            settings, certificate, key = (Path(folder, name) for name in ("settings", "crt", "key"))
            settings.write_text(_SETTINGS.format(names=entries))
            key.touch(0o600)
            certificate.touch(0o600)
            done = subprocess.run(
                [
                    *(program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"),
                    *("-days", str(DAYS), "-config", str(settings)),
                    *("-keyout", str(key), "-out", str(certificate)),
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=60,
            )
            if done.returncode or certified_names(TlsFiles(certificate, key)) is None:
                told = done.stderr.strip().splitlines()
                raise InspectorError(
                    f"openssl could not make a certificate{': ' + visible(told[-1]) if told else ''}. "
                    "Bring your own: --tls-cert FILE --tls-key FILE."
                )
            key.replace(files.key)
            certificate.replace(files.certificate)
    except subprocess.TimeoutExpired:
        raise InspectorError("openssl did not make a certificate within 60 s.") from None
    except OSError as error:
        raise InspectorError(
            f"cannot write a certificate beside the store: {(error.strerror or str(error)).lower()}."
        ) from None


_SETTINGS = """\
[req]
prompt = no
distinguished_name = subject
x509_extensions = server
[subject]
CN = webhook inspector on this machine
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = {names}
"""
"""No authority: whoever trusts it trusts this listener, and nobody whom it might vouch for."""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
