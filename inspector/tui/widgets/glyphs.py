"""The signs on the screen, in Unicode and in plain ASCII; both are one cell wide each.

ASCII is taken when the locale is not UTF-8 or when the user asks for it: `choose("auto", encoding)`.
"""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One sign per meaning; where words tell the same is in the manual."""

    info: str = "·"
    warn: str = "W"
    error: str = "E"
    rejected: str = "✗"
    incomplete: str = "!"
    new: str = "◆"
    again: str = "↻"
    star: str = "★"
    sent: str = "→"
    cursor: str = "›"
    mark: str = "•"
    """Marked third and further; the first two are the letters a and b."""
    opened: str = "▾"
    folded: str = "▸"
    always: str = "●"
    sometimes: str = "◐"
    never: str = "·"
    mixed: str = "≠"
    listening: str = "●"
    not_listening: str = "○"
    bars: str = " ▁▂▃▄▅▆▇"
    """Heights of a sparkline, lowest first."""
    focus_rule: str = "━"
    rule: str = "─"
    side: str = "│"
    corner: str = "┌"
    ellipsis: str = "…"


UNICODE = Glyphs()
ASCII = replace(
    UNICODE,
    info=".",
    rejected="X",
    new="N",
    again="D",
    star="*",
    sent=">",
    cursor=">",
    mark="+",
    opened="v",
    folded=">",
    always="#",
    sometimes="+",
    never=".",
    mixed="~",
    listening="*",
    not_listening="o",
    bars=" ..::###",
    focus_rule="=",
    rule="-",
    side="|",
    corner="|",
    ellipsis="~",
)


_C = ("C", "POSIX")


def encoding_of(environment: Mapping[str, str]) -> str:
    """The encoding that a terminal's environment asks for: ``ascii`` in the C locale, else as Python sees it."""
    named = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or ""
    language = environment.get("LANG", "")
    if not environment.get("LC_ALL") and named.startswith("C.") and language in _C:
        named = language  # the C locale that Python has put UTF-8 in the place of
    return "ascii" if named in _C else locale.getpreferredencoding(False)


def choose(wanted: str, encoding: str) -> Glyphs:
    """The set for a setting (``auto``, ``unicode`` or ``ascii``) and the encoding of the terminal."""
    if wanted == "auto":
        wanted = "unicode" if encoding.lower().replace("-", "") == "utf8" else "ascii"
    return ASCII if wanted == "ascii" else UNICODE
