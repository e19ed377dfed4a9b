"""Signatures of webhooks, checked on the raw bytes: Standard Webhooks, GitHub, Stripe.

Sources: `standard-webhooks` follows the specification of Standard Webhooks 1.0 (symmetric signatures, ``v1``);
`github` and `stripe` follow what the two document of ``X-Hub-Signature-256`` and ``Stripe-Signature``. An
event is never called verified unless a secret of the user's has signed these very bytes in these minutes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inspector.core.senders import Headers
from inspector.core.units import count

Secrets = Mapping[str, Sequence[bytes]]
"""Keys by scheme; several of one while a secret is being changed."""
Result = Literal["verified", "failed", "no secret"]

TOLERANCE_S = 300
"""How far the time in a signature may lie from the arrival, either way."""
_MOST = 32
"""Signatures looked at in one header line."""
_RANK: dict[Result, int] = {"no secret": 0, "verified": 1, "failed": 2}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of one signature found."""

    scheme: str
    """Name in `SCHEMES`."""
    result: Result
    why: str = ""
    """For ``failed``, the reason; for ``verified``, what there is to know of it."""
    skew: int | None = None
    """Seconds from the time in the signature to the arrival; negative when the sender's clock is ahead."""

    def words(self) -> str:
        """``verified: stripe: signed 2 s before it came``; the result and the scheme always come first."""
        why = self.why
        if self.result == "verified" and self.skew is not None:
            order = "before it came" if self.skew >= 0 else "after it came, by the sender's clock"
            why = f"signed {count(abs(self.skew))} s {order}"
        return f"{self.result}: {self.scheme}" + (f": {why}" if why else "")


def verify(
    headers: Headers,
    body: bytes,
    secrets: Secrets,
    now_us: int,
    *,
    whole: bool = True,
    sender: str | None = None,
) -> Verdict | None:
    """Check what a request is signed with; None when it is not signed and no secret says that it should be.

    `headers` are by lower-case name, `body` is as it came, undecoded, and `now_us` is when it arrived
    (microseconds since 1970). `whole` is False for a body that is not all there. `sender` is who the request
    says that it is from, where that is known. Of several signatures, one that fails decides.
    """
    if sender not in SCHEMES and _SIGNS.isdisjoint(headers):
        return None
    found = [
        verdict
        for scheme in SCHEMES.values()
        if (verdict := _verdict(scheme, headers, body, secrets, now_us, whole, sender)) is not None
    ]
    return max(found, key=lambda verdict: _RANK[verdict.result], default=None)


def verdict_words(
    headers: Headers, body: bytes, secrets: Secrets, now_us: int, whole: bool, sender: str | None
) -> str | None:
    """`verify` in words."""
    verdict = verify(headers, body, secrets, now_us, whole=whole, sender=sender)
    return None if verdict is None else verdict.words()


def key_of(scheme: str, secret: str) -> bytes:
    """The key that a secret, as its sender shows it, stands for.

    ValueError says what is wrong, without the secret.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"there is no scheme {scheme!r}; there are {', '.join(SCHEMES)}")
    if not secret:
        raise ValueError(f"the secret for {scheme} is empty")
    if scheme != "standard-webhooks":
        return secret.encode()
    if secret.startswith(("whsk_", "whpk_")):
        raise ValueError(f"the secret for {scheme} is half of a key pair; only those with whsec_ are checked")
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(f"the secret for {scheme} is no Base64 after whsec_")
    return key


@dataclass(frozen=True, slots=True)
class _Scheme:
    name: str
    signatures: tuple[str, ...]
    """Header lines that hold a signature."""
    others: tuple[str, ...]
    """Header lines by which a request that ought to be signed is known."""
    check: Callable[[Headers, bytes, Sequence[bytes], int], Verdict]
    """Header lines, body, keys and the time in seconds to a verdict."""


def _verdict(
    scheme: _Scheme,
    headers: Headers,
    body: bytes,
    secrets: Secrets,
    now_us: int,
    whole: bool,
    sender: str | None,
) -> Verdict | None:
    keys = secrets.get(scheme.name, ())
    if not any(name in headers for name in scheme.signatures):
        announced = sender == scheme.name or any(name in headers for name in scheme.others)
        return _failed(scheme.name, "it is not signed") if keys and announced else None
    if not keys:
        return Verdict(scheme.name, "no secret")
    if not whole:
        return _failed(scheme.name, "its body is not whole")
    return scheme.check(headers, body, keys, now_us // 1_000_000)


def _standard_webhooks(headers: Headers, body: bytes, keys: Sequence[bytes], now_s: int) -> Verdict:
    name = "standard-webhooks"
    number, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not number or not re.fullmatch("[0-9]{1,15}", moment):
        return _failed(name, "malformed: webhook-id or webhook-timestamp is missing or unreadable")
    given = [text[3:] for text in headers["webhook-signature"].split(" ") if text.startswith("v1,")]
    if not 0 < len(given) <= _MOST:
        return _failed(name, "malformed: webhook-signature has no v1 signature")
    signed = f"{number}.{moment}."
    made = [base64.b64encode(_mac(key, signed, body, "sha256")) for key in keys]
    return _judged(name, _fits(made, given), now_s - int(moment))


def _github(headers: Headers, body: bytes, keys: Sequence[bytes], now_s: int) -> Verdict:
    strong = headers.get("x-hub-signature-256")
    if strong is not None:
        if not re.fullmatch("sha256=[0-9a-f]{64}", strong):
            return _failed("github", "malformed: X-Hub-Signature-256 is not sha256= and 64 digits")
        made = [_mac(key, "", body, "sha256").hex().encode() for key in keys]
        return _judged("github", _fits(made, [strong[7:]]), None)
    weak = headers["x-hub-signature"]
    if not re.fullmatch("sha1=[0-9a-f]{40}", weak):
        return _failed("github", "malformed: X-Hub-Signature is not sha1= and 40 digits")
    made = [_mac(key, "", body, "sha1").hex().encode() for key in keys]
    return _judged("github", _fits(made, [weak[5:]]), None, "by SHA-1 only, which is weak")


def _stripe(headers: Headers, body: bytes, keys: Sequence[bytes], now_s: int) -> Verdict:
    parts = [part.strip().partition("=") for part in headers["stripe-signature"].split(",")]
    moments = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(moments) != 1 or not re.fullmatch("[0-9]{1,15}", moments[0]) or not 0 < len(given) <= _MOST:
        return _failed("stripe", "malformed: Stripe-Signature is not t= and v1=")
    made = [_mac(key, f"{moments[0]}.", body, "sha256").hex().encode() for key in keys]
    return _judged("stripe", _fits(made, given), now_s - int(moments[0]))


def _mac(key: bytes, before: str, body: bytes, algorithm: str) -> bytes:
    mac = hmac.new(key, before.encode("latin-1", "replace"), algorithm)
    mac.update(body)
    return mac.digest()


def _fits(made: Sequence[bytes], given: Sequence[str]) -> bool:
    """True when one of each is the same; takes as long whichever it is."""
    fits = False
    for right in made:
        for text in given:
            fits |= hmac.compare_digest(right, text.encode("latin-1", "replace"))
    return fits


def _judged(scheme: str, fits: bool, skew: int | None, why: str = "") -> Verdict:
    if not fits:
        return Verdict(scheme, "failed", "wrong secret, or changed on the way", skew)
    if skew is not None and abs(skew) > TOLERANCE_S:
        way = "too old" if skew > 0 else "in the future"
        over = count(abs(skew) - TOLERANCE_S)
        return Verdict(scheme, "failed", f"the signature fits, but is {way} by {over} s", skew)
    return Verdict(scheme, "verified", why, skew)


def _failed(scheme: str, why: str) -> Verdict:
    return Verdict(scheme, "failed", why)


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        _Scheme(
            "standard-webhooks",
            ("webhook-signature",),
            ("webhook-id", "webhook-timestamp"),
            _standard_webhooks,
        ),
        _Scheme("github", ("x-hub-signature-256", "x-hub-signature"), ("x-github-event",), _github),
        _Scheme("stripe", ("stripe-signature",), (), _stripe),
    )
}
"""The schemes there are, by the name that a secret is given under."""

_SIGNS = frozenset(name for scheme in SCHEMES.values() for name in (*scheme.signatures, *scheme.others))
