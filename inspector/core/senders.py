"""Who sent a request, and what it calls the event: one list, one entry for each sender.

To add a sender, write a function that takes the header lines (names in lower case) and the decoded payload
and returns an `Identity` or None, and put it into `SENDERS` before the generic entries. Sources: `anchore`
follows the payloads in Anchore's webhook documentation (2025-10) and the archived anchore-engine; `github`
its webhook headers; `cloudevents` the HTTP binding of CloudEvents 1.0; `stripe` its event object; webhook-id
is Standard Webhooks 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from inspector.core.text import storable

MAX_FIELD = 1000
"""Characters kept of a field that is shown in the list; the whole value stays in the body."""

Headers = Mapping[str, str]
"""Header lines by lower-case name, Latin-1; of repeated ones the first."""


class Identity(NamedTuple):
    """What a sender's envelope says of an event. Every field is storable text or None."""

    sender: str | None = None
    type: str | None = None
    level: str | None = None
    message: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    account: str | None = None
    delivery_id: str | None = None


NOBODY = Identity()


def _text(value: Any) -> str | None:
    """A field as text: strings and integers; anything else, and the empty string, is None."""
    if type(value) is str:
        if value.isascii() and len(value) <= MAX_FIELD and "\0" not in value:
            return value or None
        return storable(value[:MAX_FIELD]) or None
    return str(value)[:MAX_FIELD] if type(value) is int else None


def _first_text(members: Mapping[str, Any], *names: str) -> str | None:
    """The first of these members that is text (or an integer)."""
    for name in names:
        text = _text(members.get(name))
        if text is not None:
            return text
    return None


def _level(value: Any) -> str | None:
    level = _text(value)
    return None if level is None else level.lower()


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def anchore(headers: Headers, payload: Any) -> Identity | None:
    """Anchore Enterprise: the webhook envelope, or an event record of its API wrapped as ``event``."""
    if not isinstance(payload, dict):
        return None
    inner = payload.get("event")
    envelope = inner if isinstance(inner, dict) and "details" in inner else payload
    name = envelope.get("type")
    if type(name) is not str or "details" not in envelope:
        return None
    resource, source = _object(envelope.get("resource")), _object(envelope.get("source"))
    account = resource.get("account_name", resource.get("user_id"))
    if account is None and "service_name" not in source and "servicename" not in source:
        return None
    return Identity(
        "anchore",
        _text(name),
        _level(envelope.get("level")),
        _text(envelope.get("message")),
        _text(resource.get("type")),
        _text(resource.get("id")),
        _text(account),
        _first_text(payload, "id", "event_id", "generated_uuid"),
    )


def anchore_subscription(headers: Headers, payload: Any) -> Identity | None:
    """Anchore's older envelope: a queue record around ``data.notification_type`` and its payload."""
    if not isinstance(payload, dict):
        return None
    notification = _object(payload.get("data"))
    name, inner = notification.get("notification_type"), notification.get("notification_payload")
    if type(name) is not str or not isinstance(inner, dict):
        return None
    logged = anchore(headers, inner)
    account = payload.get("userId") or payload.get("account_name") or notification.get("notification_user")
    delivery = payload.get("dataId") or payload.get("data_id") or inner.get("notificationId")
    if logged is not None:
        return logged._replace(delivery_id=_text(delivery) or logged.delivery_id)
    key = inner.get("subscription_key")
    return Identity(
        "anchore",
        _text(name),
        resource_type="image_tag" if key else None,
        resource_id=_text(key),
        account=_text(account),
        delivery_id=_text(delivery or inner.get("notification_id")),
    )


def github(headers: Headers, payload: Any) -> Identity | None:
    """GitHub, known by its headers alone; the type is the event and, where the body has one as a string, its
    action."""
    name = headers.get("x-github-event")
    if not name:
        return None
    body = _object(payload)
    action = body.get("action")
    repository = _text(_object(body.get("repository")).get("full_name"))
    number = next(
        (
            thing["number"]
            for thing in (_object(body.get(key)) for key in ("pull_request", "issue", "discussion"))
            if type(thing.get("number")) is int
        ),
        None,
    )
    return Identity(
        "github",
        _text(f"{name}.{action}" if type(action) is str and action else name),
        resource_type="repository" if repository else None,
        resource_id=_text(f"{repository}#{number}") if repository and number is not None else repository,
        account=_text(_object(body.get("sender")).get("login")),
        delivery_id=_text(headers.get("x-github-delivery")),
    )


def cloudevents(headers: Headers, payload: Any) -> Identity | None:
    """CloudEvents in binary mode (``ce-`` headers) or structured mode (a JSON envelope)."""
    if "ce-specversion" in headers and "ce-type" in headers:
        attributes: Mapping[str, Any] = {
            key: unquote(headers.get(f"ce-{key}", "")) for key in ("type", "subject", "source", "id")
        }
    elif (
        isinstance(payload, dict)
        and type(payload.get("specversion")) is str
        and type(payload.get("type")) is str
        and type(payload.get("source")) is str
    ):
        attributes = payload
    else:
        return None
    return Identity(
        "cloudevents",
        _text(attributes.get("type")),
        resource_type="subject" if attributes.get("subject") else None,
        resource_id=_text(attributes.get("subject")),
        account=_text(attributes.get("source")),
        delivery_id=_text(attributes.get("id")),
    )


def stripe(headers: Headers, payload: Any) -> Identity | None:
    """Stripe's event object."""
    if (
        not isinstance(payload, dict)
        or payload.get("object") != "event"
        or type(payload.get("type")) is not str
    ):
        return None
    thing = _object(_object(payload.get("data")).get("object"))
    live = payload.get("livemode")
    return Identity(
        "stripe",
        _text(payload["type"]),
        resource_type=_text(thing.get("object")),
        resource_id=_text(thing.get("id")),
        account=None if live is None else ("live" if live else "test"),
        delivery_id=_text(payload.get("id")),
    )


def generic(headers: Headers, payload: Any) -> Identity | None:
    """Any JSON object that names its type in ``type``, ``event`` or ``event_type``; nobody's own."""
    if not isinstance(payload, dict):
        return None
    names = (payload.get(key) for key in ("type", "event", "event_type"))
    name = next((name for name in names if type(name) is str and name), None)
    delivery = _text(headers.get("webhook-id"))
    if name is None:
        return Identity(delivery_id=delivery) if delivery else None
    return Identity(
        None,
        _text(name),
        _level(payload.get("level")),
        _text(payload.get("message")),
        delivery_id=delivery or _first_text(payload, "id", "event_id"),
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """One way to recognise a sender, its name, and where its payloads have the part people came for."""

    recognise: Callable[[Headers, Any], Identity | None]
    name: str | None
    core: tuple[str, ...] = ()
    """Path of the part that differs from event type to event type: shown first, apart from the envelope."""


SENDERS: tuple[Sender, ...] = (
    Sender(github, "github"),
    Sender(cloudevents, "cloudevents", ("data",)),
    Sender(anchore, "anchore", ("details",)),
    Sender(anchore_subscription, "anchore", ("data", "notification_payload")),
    Sender(stripe, "stripe", ("data",)),
    Sender(generic, None, ("details",)),
)


def recognise(headers: Headers, payload: Any) -> Identity:
    """Ask each sender in turn; `NOBODY` when none knows the request. `payload` is None when the body is not
    JSON."""
    for sender in SENDERS:
        identity = sender.recognise(headers, payload)
        if identity is not None:
            return identity
    return NOBODY


def core_path(payload: Any, headers: Headers) -> tuple[str, ...]:
    """Where in this payload the part stands that differs by type (Anchore's ``details``); empty when there is
    none."""
    for sender in SENDERS:
        if sender.core and sender.recognise(headers, payload) is not None:
            value = payload
            for key in sender.core:
                value = _object(value).get(key)
            if value is not None:
                return sender.core
    return ()
