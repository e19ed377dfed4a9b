"""Signatures: published examples, samples of this project, and a great many that must not pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from pathlib import Path

import pytest

from inspector.core.identify import header_map
from inspector.core.signatures import SCHEMES, Verdict, key_of, verify
from inspector.store.files import read_payload_file

SAMPLES = Path(__file__).parents[2] / "sample_payloads/github"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = {
    "standard-webhooks": [key_of("standard-webhooks", STANDARD)],
    "github": [key_of("github", "It's a Secret to Everybody")],
    "stripe": [key_of("stripe", "whsec_test_secret")],
}
SENT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNED = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""The example of the Standard Webhooks libraries."""
HELLO = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
"""GitHub's own example: the signature of ``Hello, World!`` with the secret above."""


def at(seconds: float) -> int:
    return int(seconds * 1_000_000)


def words(headers: dict[str, str], body: bytes = BODY, now_s: float = SENT, **values: object) -> str | None:
    verdict = verify(headers, body, SECRETS, at(now_s), **values)  # type: ignore[arg-type]
    return None if verdict is None else verdict.words()


def stripe(body: bytes, moment: int, secret: bytes = b"whsec_test_secret") -> str:
    return hmac.new(secret, f"{moment}.".encode() + body, "sha256").hexdigest()


def test_what_is_not_signed_has_no_verdict() -> None:
    assert verify({"content-type": "application/json"}, BODY, SECRETS, 0) is None
    assert verify({}, b"", {}, 0) is None
    assert verify({"x-github-event": "push", "webhook-id": "1"}, BODY, {}, 0, sender="github") is None


def test_without_a_secret_nothing_is_verified() -> None:
    assert verify(SIGNED, BODY, {}, at(SENT)) == Verdict("standard-webhooks", "no secret")
    assert verify({"x-hub-signature-256": HELLO}, b"Hello, World!", {"github": []}, 0) == Verdict(
        "github", "no secret"
    )
    assert words({"stripe-signature": "t=1,v1=00"}, now_s=1) == (
        "failed: stripe: wrong secret, or changed on the way"
    )


def test_what_ought_to_be_signed_and_is_not_has_failed() -> None:
    assert words({"x-github-event": "push"}, sender="github") == "failed: github: it is not signed"
    assert words({"webhook-id": "1"}) == "failed: standard-webhooks: it is not signed"
    assert words({}, sender="stripe") == "failed: stripe: it is not signed"
    assert words({}, sender="anchore") is None


def test_standard_webhooks() -> None:
    assert words(SIGNED) == "verified: standard-webhooks: signed 0 s before it came"
    assert words(SIGNED, now_s=SENT + 300) == "verified: standard-webhooks: signed 300 s before it came"
    assert words(SIGNED, now_s=SENT - 300) == (
        "verified: standard-webhooks: signed 300 s after it came, by the sender's clock"
    )
    assert words(SIGNED, now_s=SENT + 1301) == (
        "failed: standard-webhooks: the signature fits, but is too old by 1,001 s"
    )
    assert words(SIGNED, now_s=SENT - 301) == (
        "failed: standard-webhooks: the signature fits, but is in the future by 1 s"
    )
    assert words(SIGNED, BODY + b" ") == "failed: standard-webhooks: wrong secret, or changed on the way"
    assert words(SIGNED, whole=False) == "failed: standard-webhooks: its body is not whole"
    several = {**SIGNED, "webhook-signature": f"v1a,xx v2,yy v1,AAAA {SIGNED['webhook-signature']}"}
    assert words(several, now_s=SENT + 2) == "verified: standard-webhooks: signed 2 s before it came"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "-5"},
        {"webhook-timestamp": "\u0661"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-signature": ""},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "v1, v1,x " * 40},
    ],
)
def test_what_cannot_be_read_is_malformed(change: dict[str, str]) -> None:
    assert (words({**SIGNED, **change}) or "").startswith("failed: standard-webhooks: malformed: ")


def test_github() -> None:
    assert words({"x-hub-signature-256": HELLO}, b"Hello, World!") == "verified: github"
    assert words({"x-hub-signature-256": HELLO}, b"Hello, World") == (
        "failed: github: wrong secret, or changed on the way"
    )
    for broken in ("", "sha256=", HELLO.upper(), HELLO[7:], HELLO + "0", HELLO + "\n"):
        assert (words({"x-hub-signature-256": broken}) or "").startswith("failed: github: malformed: ")
    weak = "sha1=" + hmac.new(b"It's a Secret to Everybody", BODY, hashlib.sha1).hexdigest()
    assert words({"x-hub-signature": weak}) == "verified: github: by SHA-1 only, which is weak"
    assert words({"x-hub-signature": "sha1=" + "0" * 40}) == (
        "failed: github: wrong secret, or changed on the way"
    )
    # The weak one does not count where there is a strong one.
    assert (words({"x-hub-signature": weak, "x-hub-signature-256": HELLO}) or "").startswith("failed")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.http")), ids=lambda path: path.name)
def test_the_samples_are_signed(path: Path) -> None:
    request = read_payload_file(path)
    headers = header_map(request.headers)
    secrets = {"github": [b"another", key_of("github", "acme-sample-secret")]}
    assert verify(headers, request.body, secrets, 0) == Verdict("github", "verified")
    assert verify(headers, request.body, {"github": [b"another"]}, 0) == Verdict(
        "github", "failed", "wrong secret, or changed on the way"
    )
    assert verify(headers, request.body, {}, 0) == Verdict("github", "no secret")


def test_stripe() -> None:
    mac = stripe(BODY, SENT)
    assert words({"stripe-signature": f"t={SENT},v1={mac},v0=x"}, now_s=SENT + 2) == (
        "verified: stripe: signed 2 s before it came"
    )
    assert words({"stripe-signature": f"v1=00, t={SENT}, v1={mac}"}) == (
        "verified: stripe: signed 0 s before it came"
    )
    assert words({"stripe-signature": f"t={SENT},v1={mac}"}, now_s=SENT + 400) == (
        "failed: stripe: the signature fits, but is too old by 100 s"
    )
    assert words({"stripe-signature": f"t={SENT},v1={stripe(BODY, SENT, b'x')}"}) == (
        "failed: stripe: wrong secret, or changed on the way"
    )
    for broken in ("", f"t={SENT}", f"v1={mac}", f"t=x,v1={mac}", f"t={SENT},t=1,v1={mac}", f"t={SENT},v0=1"):
        assert (words({"stripe-signature": broken}) or "").startswith("failed: stripe: malformed: ")


def test_one_signature_that_fails_decides() -> None:
    both = {**SIGNED, "stripe-signature": f"t={SENT},v1={'0' * 64}"}
    assert (words(both) or "").startswith("failed: stripe: ")
    some = {scheme: keys for scheme, keys in SECRETS.items() if scheme != "stripe"}
    verdict = verify(both, BODY, some, at(SENT))
    assert verdict is not None
    assert (verdict.scheme, verdict.result, verdict.skew) == ("standard-webhooks", "verified", 0)


def test_a_thousand_changes_all_fail() -> None:
    """One bit of the body, the id, the time, or the signature: none of them goes through."""
    chance = random.Random(7)
    moment = f"t={SENT},v1={stripe(BODY, SENT)}"
    signed = [
        (SIGNED, BODY),
        ({"stripe-signature": moment}, BODY),
        ({"x-hub-signature-256": HELLO}, b"Hello, World!"),
    ]
    for number in range(1000):
        headers, body = signed[number % 3]
        name = chance.choice([None, *headers])
        text = bytearray(body if name is None else headers[name].encode())
        place = chance.randrange(len(text))
        text[place] ^= 1 << chance.randrange(7)
        changed = {**headers, name: text.decode("latin-1")} if name else headers
        verdict = verify(changed, body if name else bytes(text), SECRETS, at(SENT))
        # A changed label may leave nothing that is called a signature; it never leaves a verified one.
        assert verdict is not None
        assert verdict.result == "failed", (changed, text)


def test_hostile_headers_cost_nothing_and_raise_nothing() -> None:
    chance = random.Random(3)
    names = [name for scheme in SCHEMES.values() for name in (*scheme.signatures, *scheme.others)]
    for _ in range(2000):
        headers = {
            name: "".join(chance.choices("v1t=,. 0sha256\xff\u20ac\ud800", k=chance.randrange(20)))
            for name in chance.sample(names, 3)
        }
        verdict = verify(headers, BODY, SECRETS, at(SENT), whole=chance.random() < 0.9)
        assert verdict is None or verdict.result == "failed"


def test_secrets_are_read_as_their_senders_show_them() -> None:
    key = bytes(range(24))
    text = base64.b64encode(key).decode()
    assert key_of("standard-webhooks", f"whsec_{text}") == key_of("standard-webhooks", text) == key
    assert key_of("standard-webhooks", "whsec_" + base64.b64encode(b"12345").decode().rstrip("=")) == b"12345"
    assert key_of("stripe", "whsec_abc") == b"whsec_abc"
    assert key_of("github", "pässword") == "pässword".encode()


@pytest.mark.parametrize(
    ("scheme", "secret", "why"),
    [
        ("gitlab", "geheim", "no scheme 'gitlab'; there are standard-webhooks, github, stripe"),
        ("github", "", "is empty"),
        ("standard-webhooks", "whsec_geheim!", "no Base64"),
        ("standard-webhooks", "whsec_", "no Base64"),
        ("standard-webhooks", "whsec_gehéim", "no Base64"),
        ("standard-webhooks", "whpk_geheim", "half of a key pair"),
    ],
)
def test_a_secret_that_is_none_is_refused_without_being_told(scheme: str, secret: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        key_of(scheme, secret)
    assert "geheim" not in str(caught.value)
