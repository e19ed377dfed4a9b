"""Keys that are data: which keys of a JSON object name no field but hold a value themselves.

Told by the key alone (digests, UUIDs, …); keys that show what they are only over many events are the business
of `core.collapse`. What is found is a flag of the object's place in a shape, so the reason stays visible.
"""

from __future__ import annotations

import re
from typing import Final

MAX_KEYS = 1_000
"""An object instance with more keys is taken for a table: all its keys become ``{*}``."""
MAX_PLACES = 10_000
"""No shape has more places than this."""

DIGESTS, HEX_IDS, UUIDS, EMAILS, LONG, WIDE, CUT = (1 << bit for bit in range(10, 17))

_KINDS: Final = (
    (DIGESTS, "digests"),
    (HEX_IDS, "hex ids"),
    (UUIDS, "UUIDs"),
    (EMAILS, "e-mail addresses"),
    (LONG, "texts over 256 characters"),
)
_DIGEST = re.compile(r"(?:\S+@)?(?:sha\d+|md5|blake\w+):[0-9a-fA-F]{32,}")
_HEX_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[\w.%+'-]{1,64}@[\w-]+(?:\.[\w-]+)+")


def key_kind(key: str) -> int:
    """The flag that says in which way a key is data; 0 for a key that names a field."""
    if len(key) < 32 and "@" not in key:
        return 0
    if len(key) > 256:
        return LONG
    if _DIGEST.fullmatch(key):
        return DIGESTS
    if _HEX_ID.fullmatch(key):
        return HEX_IDS
    if _UUID.fullmatch(key):
        return UUIDS
    return EMAILS if _EMAIL.fullmatch(key) else 0


def data_key_reason(key: str) -> str | None:
    """Why a key alone is taken for data, in words: ``keys are digests``; None for one that names a field."""
    return keys_reason(key_kind(key))


def keys_reason(mask: int) -> str | None:
    """Why an object with these flags has a ``{*}``, in words; None if no key gave a reason by itself."""
    kinds = [words for flag, words in _KINDS if mask & flag]
    reasons = [f"keys are {' or '.join(kinds)}"] if kinds else []
    if mask & WIDE:
        reasons.append(f"over {MAX_KEYS:,} keys in one object")
    if mask & CUT:
        reasons.append(f"over {MAX_PLACES:,} places in one payload")
    return ", ".join(reasons) or None
