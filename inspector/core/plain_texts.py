"""What may be looked for in raw bytes: texts that stand as they are in nearly all that matches a filter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from inspector.core.conditions import BodyCondition, HeaderIs, TextWithin

_MAY_BE_ESCAPED: Final = re.compile(r"[^ !#-\[\]-~]+")
"""What JSON may write other than it reads: quotes, backslashes, control characters and all beyond ASCII."""
_SHORTEST: Final = 2


def plain_texts(conditions: Iterable[BodyCondition]) -> list[str]:
    """Texts, every one of which stands in the bytes of what fulfils the conditions, unless these write it otherwise
    than it reads."""
    found: list[str] = []
    for condition in conditions:
        for text in _texts(condition):
            plain = [piece for piece in _MAY_BE_ESCAPED.split(text) if len(piece) >= _SHORTEST]
            # A text all beyond ASCII may be written as it is.
            if not plain and isinstance(condition, TextWithin) and len(text.encode()) >= _SHORTEST:
                plain = [text]
            found += plain
    return list(dict.fromkeys(found))


def _texts(condition: BodyCondition) -> list[str]:
    if isinstance(condition, TextWithin):
        return condition.pattern.text.split("*")
    if isinstance(condition, HeaderIs):
        return [*condition.name.text.split("*"), *condition.value.text.split("*")]
    keys = [step for step in condition.path if isinstance(step, str)]
    return [*keys, *condition.pattern.text.split("*")]
