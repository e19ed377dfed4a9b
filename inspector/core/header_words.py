"""What header lines mean, in a few own words, and what is odd about them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_WORDS: Final = {
    "host": "the address the sender called",
    "content-length": "bytes of the body",
    "transfer-encoding": "how the body was framed",
    "content-encoding": "how the body is compressed",
    "content-type": "what the body is",
    "content-disposition": "how to save the body",
    "content-md5": "MD5 of the body",
    "content-digest": "digest of the body",
    "digest": "digest of the body",
    "repr-digest": "digest of what the body represents",
    "expect": "the sender waited for a go-ahead",
    "trailer": "header lines that follow the body",
    "te": "framings of the answer it takes",
    "connection": "whether the connection stays open",
    "keep-alive": "how long the connection stays open",
    "upgrade": "another protocol it would speak",
    "accept": "kinds of answer it takes",
    "accept-encoding": "compressions of the answer it takes",
    "accept-language": "languages it takes",
    "accept-charset": "character sets it takes",
    "user-agent": "the program that sent it",
    "server": "the program that answered",
    "date": "when it was written",
    "from": "who is responsible for it",
    "referer": "the page it came from",
    "origin": "the site whose script sent it",
    "cookie": "state the sender kept for this site",
    "set-cookie": "state to keep for this site",
    "authorization": "who the sender says it is",
    "www-authenticate": "which credentials are wanted",
    "proxy-authorization": "credentials for a proxy",
    "cache-control": "whether it may be kept",
    "pragma": "whether it may be kept, the old way",
    "location": "where to go instead",
    "retry-after": "when to try again",
    "idempotency-key": "equal when the same is sent again",
    "via": "proxies on the way",
    "forwarded": "where it came from before a proxy",
    "x-forwarded-for": "the client before a proxy",
    "x-forwarded-host": "the host before a proxy",
    "x-forwarded-proto": "http or https before a proxy",
    "x-real-ip": "the client before a proxy",
    "x-request-id": "names this request in logs",
    "x-correlation-id": "ties requests together in logs",
    "traceparent": "place in a trace, W3C",
    "tracestate": "makers' own data of the trace",
    "baggage": "data carried along a trace",
    "b3": "place in a trace, Zipkin",
    "x-amzn-trace-id": "place in a trace, AWS",
    "x-cloud-trace-context": "place in a trace, Google",
    "webhook-id": "delivery id",
    "webhook-timestamp": "when it was sent, part of what is signed",
    "webhook-signature": "signature over id, time and body",
    "svix-id": "delivery id",
    "svix-timestamp": "when it was sent, part of what is signed",
    "svix-signature": "signature over id, time and body",
    "stripe-signature": "time and signature of the body",
    "x-github-event": "event type",
    "x-github-delivery": "delivery id",
    "x-github-hook-id": "the webhook that sent it",
    "x-github-hook-installation-target-id": "repository or organisation of the webhook",
    "x-github-hook-installation-target-type": "what the webhook is set up on",
    "x-github-enterprise-host": "the GitHub server",
    "x-hub-signature-256": "signature of the body, HMAC SHA-256",
    "x-hub-signature": "signature of the body, HMAC SHA-1",
    "x-gitlab-event": "event type",
    "x-gitlab-event-uuid": "delivery id",
    "x-gitlab-webhook-uuid": "the webhook that sent it",
    "x-gitlab-instance": "the GitLab server",
    "x-gitlab-token": "the secret that was agreed on",
    "x-gitea-event": "event type",
    "x-gitea-delivery": "delivery id",
    "x-gitea-signature": "signature of the body, HMAC SHA-256",
    "x-event-key": "event type",
    "x-shopify-topic": "event type",
    "x-shopify-webhook-id": "delivery id",
    "x-shopify-shop-domain": "the shop",
    "x-shopify-hmac-sha256": "signature of the body",
    "x-slack-signature": "signature over time and body",
    "x-slack-request-timestamp": "when it was sent, part of what is signed",
    "x-slack-retry-num": "how often it was tried before",
    "x-slack-retry-reason": "why it is tried again",
    "x-twilio-signature": "signature over URL and fields",
    "linear-event": "event type",
    "linear-delivery": "delivery id",
    "linear-signature": "signature of the body",
    "sentry-hook-resource": "event type",
    "sentry-hook-signature": "signature of the body",
    "x-amz-sns-message-type": "event type",
    "x-amz-sns-message-id": "delivery id",
    "x-amz-sns-topic-arn": "the topic it was published to",
    "x-goog-channel-id": "the channel that was set up",
    "x-goog-resource-state": "event type",
    "x-ms-request-id": "names this request in Microsoft's logs",
    "ce-specversion": "version of CloudEvents",
    "ce-id": "delivery id",
    "ce-type": "event type",
    "ce-source": "what the event is of",
    "ce-subject": "what in the source it is about",
    "ce-time": "when it happened",
    "ce-dataschema": "schema of the body",
}
_PARTS: Final = (
    (re.compile(r"^ce-"), "CloudEvents extension"),
    (re.compile(r"^(sec-ch-|sec-fetch-)"), "what a browser says of itself"),
    (re.compile(r"^x-b3-"), "place in a trace, Zipkin"),
    (re.compile(r"signature|hmac"), "a signature, by its name"),
    (re.compile(r"delivery|message-id|event-id|webhook-id"), "a delivery id, by its name"),
    (re.compile(r"(event|topic|webhook)(-?type)?$"), "an event type, by its name"),
    (re.compile(r"request-?id|trace|correlation"), "names this request in logs, by its name"),
    (re.compile(r"retry|attempt"), "how often it was tried, by its name"),
    (re.compile(r"timestamp$"), "a time, by its name"),
    (re.compile(r"token|secret|api-?key"), "a secret, by its name"),
)
_LISTS: Final = frozenset(
    ("accept", "accept-encoding", "accept-language", "baggage", "cache-control", "connection", "cookie",
     "forwarded", "set-cookie", "te", "tracestate", "trailer", "transfer-encoding", "via", "x-forwarded-for")
)  # fmt: skip
"""Names that may stand on several lines, which are then read as one list."""
_TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_ODD_BYTES = re.compile(rb"[^\x20-\x7e\t]")


def meaning_of_header(name: str) -> str:
    """What a header line is for, in a few words; empty for a name nothing is known of."""
    plain = name.lower()
    if plain in _WORDS:
        return _WORDS[plain]
    return next((words for pattern, words in _PARTS if pattern.search(plain)), "")


def odd_headers(headers: Sequence[tuple[bytes, bytes]], body_size: int | None = None) -> list[str]:
    """For each line what is unusual about it, in words; empty for most. `body_size` is that of the whole body
    in bytes, where it came whole."""
    names = [name.decode("latin-1").lower() for name, _ in headers]
    times = Counter(names)
    values: dict[str, set[bytes]] = {}
    for name, (_, value) in zip(names, headers, strict=True):
        values.setdefault(name, set()).add(value)
    remarks = []
    for name, (raw, value) in zip(names, headers, strict=True):
        odd: list[str] = []
        if times[name] > 1:
            kind = "" if name in _LISTS else ", alike" if len(values[name]) == 1 else ", differ"
            odd.append(f"{times[name]:,} times{kind}")
        if not _TOKEN.fullmatch(raw):
            odd.append("a name with characters that none may have")
        if not value.strip():
            odd.append("empty")
        elif _ODD_BYTES.search(value):
            odd.append("bytes that are not ASCII")
        elif value != value.strip(b" \t"):
            odd.append("blanks around the value")
        if name == "content-length":
            if "transfer-encoding" in times:
                odd.append("beside Transfer-Encoding")
            elif body_size is not None and value.strip().isdigit() and int(value.strip()[:18]) != body_size:
                odd.append(f"the body has {body_size:,}")
        remarks.append(", ".join(odd))
    return remarks
