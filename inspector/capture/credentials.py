"""What the listener holds that others must not see: its credentials, and the secrets of signatures.

They come from the environment or from a file that only its owner can read, never from the command line, which
every process on the machine can read; they are never stored and never printed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from inspector.core.events import InspectorError
from inspector.core.signatures import SCHEMES, key_of
from inspector.core.text import visible

BASIC_AUTH = "INSPECTOR_BASIC_AUTH"
"""Environment variable with ``user:password``."""
SECRETS = "INSPECTOR_SECRETS"
"""Environment variable with the path of a file of secrets."""
SECRET_OF = {scheme: f"INSPECTOR_SECRET_{scheme.upper().replace('-', '_')}" for scheme in SCHEMES}
"""Environment variable with the secret of each scheme: ``INSPECTOR_SECRET_GITHUB`` …"""
_MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and password that senders have to give (HTTP Basic); only digests of them are kept."""

    digests: tuple[bytes, ...]
    """SHA-256 of what may stand in Base64 in the header line: the same text as UTF-8 and as Latin-1."""

    @classmethod
    def read(cls, text: str) -> Credentials:
        """From ``user:password``; ValueError says what is wrong, without the text."""
        user, colon, _ = text.partition(":")
        if not colon or not user:
            raise ValueError("the credentials are not written as user:password")
        if not text.isprintable():
            raise ValueError("the credentials hold a control character")
        forms = {text.encode()}
        if all(ord(character) < 256 for character in text):
            forms.add(text.encode("latin-1"))  # as Python's requests, and with it Anchore, sends them
        return cls(tuple(sorted(hashlib.sha256(form).digest() for form in forms)))

    def fit(self, lines: Iterable[tuple[bytes, bytes]]) -> bool:
        """True when a request has one Authorization line, and it is right; takes as long whichever it is."""
        given = [value for name, value in lines if name.lower() == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, text = given[0].partition(b" ")
        if scheme.lower() != b"basic":
            return False
        try:
            told = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            return False
        digest = hashlib.sha256(told).digest()
        fits = False
        for right in self.digests:
            fits |= hmac.compare_digest(digest, right)
        return fits


def read_basic_auth(file: str | None, environment: MutableMapping[str, str]) -> Credentials | None:
    """The credentials in `file`, else in $INSPECTOR_BASIC_AUTH; None without either. InspectorError if wrong.

    The variable is taken out of the environment, so that no other program gets it from there.
    """
    text = environment.pop(BASIC_AUTH, None)
    where = f"${BASIC_AUTH}"
    if file is not None:
        text, where = _private_text(file, "credentials").strip("\r\n"), file
    if text is None:
        return None
    try:
        return Credentials.read(text)
    except ValueError as error:
        raise InspectorError(f"{visible(where)}: {error}.") from None


def read_secrets(file: str | None, environment: MutableMapping[str, str]) -> dict[str, list[bytes]]:
    """The keys of each scheme: from `file` (else the one named by $INSPECTOR_SECRETS) and from the variables
    of `SECRET_OF`, which are taken out of the environment.

    A file has lines ``github = …``; several of one scheme are all good. InspectorError if something is wrong.
    """
    path = environment.pop(SECRETS, None)
    file = path if file is None else file
    found: dict[str, list[bytes]] = {}

    def add(scheme: str, secret: str, where: str) -> None:
        try:
            found.setdefault(scheme, []).append(key_of(scheme, secret))
        except ValueError as error:
            raise InspectorError(f"{visible(where)}: {visible(str(error))}.") from None

    if file is not None:
        for number, line in enumerate(_private_text(file, "secrets").splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            scheme, equals, secret = line.partition("=")
            if not equals:
                raise InspectorError(f"{visible(file)}, line {number}: write it as github = the secret.")
            add(scheme.strip().lower(), secret.strip(), f"{file}, line {number}")
        if not found:
            raise InspectorError(
                f"there is no secret in {visible(file)}; write a line such as github = the secret."
            )
    for scheme, name in SECRET_OF.items():
        told = environment.pop(name, None)
        if told is not None:
            add(scheme, told, f"${name}")
    return found


def _private_text(file: str, what: str) -> str:
    """What a file holds that nobody but its owner can read; InspectorError otherwise."""
    shown = visible(file)
    try:
        with Path(file).expanduser().open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if mode & 0o077:
                raise InspectorError(f"others can read the {what} in {shown}. Close it to them: chmod 600.")
            data = opened.read(_MOST + 1)
        if len(data) > _MOST:
            raise InspectorError(f"{shown} is too long to hold {what}.")
        return data.decode("utf-8-sig")  # some editors put a mark at its start
    except OSError as error:
        raise InspectorError(f"cannot read {shown}: {(error.strerror or str(error)).lower()}.") from None
    except UnicodeDecodeError:
        raise InspectorError(f"{shown} is no text in UTF-8.") from None
