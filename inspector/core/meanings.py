"""What one value means, in words: a time in local time with its age, the version of a UUID, the parts of an
image reference. For the value under the cursor; `core.formats` names the formats.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from inspector.core import units
from inspector.core.formats import format_of

LONGEST: Final = 4_000
"""Characters of JSON text; what is longer means nothing here."""

_UNITS: Final = ((10, "seconds", 1), (13, "ms", 10**3), (16, "µs", 10**6), (19, "ns", 10**9))
"""Digits of a unix time between 2001 and 2286, by its unit, and how many make a second."""
_UNIX = re.compile(r"(?:\d{10}|\d{13}|\d{16}|\d{19})(?:\.\d{1,9})?")
_LATEST: Final = 4_102_444_800
"""A number beyond the year 2100 is no unix time."""
_MAIL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})"
)
_JWT = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*")
_HEX_SIZES: Final = {32: "MD5", 40: "SHA-1, a git commit for example", 64: "SHA-256", 128: "SHA-512"}
_UUID_KINDS: Final = {
    1: "from time and machine",
    3: "of a name, MD5",
    4: "random",
    5: "of a name, SHA-1",
    6: "from time",
    7: "from time and chance",
    8: "of the maker's own kind",
}
_UUID_EPOCH: Final = datetime(1582, 10, 15, tzinfo=UTC)


class LocalZone(tzinfo):
    """The zone of this system with the offset of each moment; what `datetime.astimezone` gives keeps that of one, which
    is an hour off in the other half of the year."""

    def fromutc(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> None:
        return None


def meaning_of(value_text: str, now: datetime) -> str:
    """What a scalar means, given as its JSON text; empty when nothing is known. `now` has the zone in which
    times are told."""
    if len(value_text) > LONGEST:
        return ""
    if not value_text.startswith('"'):
        return _unix(value_text, now)
    try:
        text = json.loads(value_text, strict=False)
    except ValueError:
        return ""
    if _UNIX.fullmatch(text):
        return _unix(text, now)
    if _MAIL_DATE.fullmatch(text):
        return _mail_date(text, now)
    if _JWT.fullmatch(text):
        return "JSON Web Token"
    # A text that ends so is cut to `format_of`; here it came like that, and has no format.
    name = None if text.endswith("…") else format_of(text)
    if name in ("timestamp", "timestamp without zone"):
        return _timestamp(text, now)
    if name == "date":
        return _date(text, now)
    if name == "UUID":
        return _uuid(text, now)
    if name == "hex digest":
        return f"{text.partition(':')[0]} digest"
    if name == "hex id":
        size = _HEX_SIZES.get(len(text))
        return f"hex, as long as {size}" if size else "hex"
    if name == "image reference":
        return image_parts(text)
    if name == "IP address":
        return _address(text)
    return name if name not in (None, "digits", "version") else ""


def time_in_words(then: datetime, now: datetime) -> str:
    """A moment in the zone of `now`, with its age: ``2026-11-21 10:42:10 here, 3 h ago``, ``in 5 min``."""
    local = then.astimezone(now.tzinfo)
    shape = "%H:%M:%S" if local.date() == now.date() else "%Y-%m-%d %H:%M:%S"
    return f"{local.strftime(shape)} here, {age(then, now)}"


def age(then: datetime, now: datetime) -> str:
    """How long ago, or how far ahead: ``3 h ago``, ``in 2 days``, ``just now``."""
    us = int((now - then) / timedelta(microseconds=1))
    if us >= 0:
        return units.ago(0, us)
    words = units.ago(0, -us)
    return words if words == "just now" else f"in {words.removesuffix(' ago')}"


def image_parts(text: str) -> str:
    """The parts of an image reference: ``image of registry docker.io, library/nginx, tag 1.27``."""
    name, at, digest = text.partition("@")
    before, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        before, tag = name, ""
    first, slash, rest = before.partition("/")
    known = slash and ("." in first or ":" in first or first == "localhost")
    parts = [f"registry {first}", rest] if known else [before]
    if tag:
        parts.append(f"tag {tag}")
    if at:
        parts.append(f"{digest.partition(':')[0]} digest")
    return "image: " + ", ".join(parts)


def _timestamp(text: str, now: datetime) -> str:
    try:
        then = datetime.fromisoformat(text.replace(",", "."))
        if then.tzinfo is not None:
            return time_in_words(then, now)
        return f"no zone; as UTC {time_in_words(then.replace(tzinfo=UTC), now)}"
    except (ValueError, OverflowError):
        return ""


def _date(text: str, now: datetime) -> str:
    try:
        days = (now.date() - datetime.fromisoformat(text).date()).days
    except ValueError:
        return ""
    if abs(days) <= 1:
        return ("yesterday", "today", "tomorrow")[1 - days]
    return f"{days:,} days ago" if days > 0 else f"in {-days:,} days"


def _mail_date(text: str, now: datetime) -> str:
    from email.utils import parsedate_to_datetime  # only here: it is slow to import

    try:
        then = parsedate_to_datetime(text)
        return time_in_words(then if then.tzinfo else then.replace(tzinfo=UTC), now)
    except (ValueError, OverflowError):
        return ""


def _unix(text: str, now: datetime) -> str:
    if not _UNIX.fullmatch(text):
        return ""
    whole, _, fraction = text.partition(".")
    unit, per_second = next((unit, number) for digits, unit, number in _UNITS if digits == len(whole))
    seconds, rest = divmod(int(whole), per_second)
    if seconds > _LATEST or (fraction and per_second != 1):
        return ""
    then = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=rest / per_second)
    return f"as unix {unit} {time_in_words(then, now)}"


def _uuid(text: str, now: datetime) -> str:
    value = uuid.UUID(text)
    if value.int == 0:
        return "UUID, all zeros"
    kind = None if value.variant != uuid.RFC_4122 else _UUID_KINDS.get(value.version or 0)
    if kind is None:
        return "UUID of no known version"
    then: datetime | None = None
    if value.version == 1:
        then = _UUID_EPOCH + timedelta(microseconds=value.time // 10)
    elif value.version == 6:
        ticks = (value.int >> 80) << 12 | (value.int >> 64) & 0xFFF
        then = _UUID_EPOCH + timedelta(microseconds=ticks // 10)
    elif value.version == 7 and (value.int >> 80) < 1000 * _LATEST:
        then = datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
    words = f"UUID version {value.version}, {kind}"
    if then is None or not 1990 < then.year < 2100:
        return words
    return f"UUID version {value.version}, made {time_in_words(then, now)}"


def _address(text: str) -> str:
    import ipaddress  # only here: it is slow to import

    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""  # digits that are no ASCII, or zeros before them
    kind = (
        "of this machine" if found.is_loopback else "private" if found.is_private else "public"
        if found.is_global else ""
    )  # fmt: skip
    return f"IP address, {kind}" if kind else "IP address"
