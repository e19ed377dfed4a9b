"""Sizes, counts and times in the words of the screen and the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime


def size(count: int) -> str:
    """A number of bytes in three digits, decimal units: ``31 B``, ``1.0 kB``, ``22.9 kB``, ``3.1 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
    return f"{value:,.0f} TB"


def count(number: int, word: str = "", plural: str = "") -> str:
    """A number with thousands separators, and with `word` in the right number: ``1 event``, ``1,204
    events``."""
    if not word:
        return f"{number:,}"
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def clock(us: int, now_us: int, utc: bool = False) -> str:
    """Time of day in eight cells: ``09:42:10``; for another day than that of `now_us`: ``20 18:02`` (day,
    time)."""
    zone = UTC if utc else None
    then = datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone)
    today = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(zone).date()
    return then.strftime("%H:%M:%S") if then.date() == today else then.strftime("%d %H:%M")


def ago(us: int, now_us: int) -> str:
    """How long before `now_us`: ``just now``, ``2 min ago``, ``3 h ago``, ``5 days ago``; ``clock changed``
    if later."""
    seconds = (now_us - us) // 1_000_000
    if seconds < -2:
        return "clock changed"
    if seconds < 60:
        return "just now"
    for length, name in ((86_400, "day"), (3600, "h"), (60, "min")):
        if seconds >= length:
            number = seconds // length
            return f"{number} {name}{'s' if name == 'day' and number != 1 else ''} ago"
    return "just now"


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(text: str) -> float:
    """Read a length of time: ``500ms``, ``10s``, ``10m``, ``2h``, ``3d``, ``1w``; ValueError if it is
    none."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(ms|[smhdw])", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no length of time; write 500ms, 10s, 10m, 2h or 3d")
    if match[2] == "ms":
        return float(match[1]) / 1000
    return float(match[1]) * _UNITS[match[2]]


def byte_count(text: str) -> int:
    """Read a size: ``500``, ``64k``, ``25M``, ``1GiB``, ``10 MB``; k, M, G are decimal, Ki, Mi, Gi binary."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kKMGT]?)(i?)B?", text.strip())
    if match is None or (match[3] and not match[2]):
        raise ValueError(f"{text!r} is no size; write 500, 64k, 25M or 25MiB")
    power = " kMGT".index(match[2].replace("K", "k") or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)
