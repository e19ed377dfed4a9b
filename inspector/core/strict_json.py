"""Values as strict JSON, also those that JSON does not have."""

from __future__ import annotations

import json
import math
from typing import Any


def json_line(value: object) -> str:
    """A value as one line of strict JSON; NaN and infinities, which JSON does not have, as their names."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(member) for key, member in value.items()}
    return [_finite(element) for element in value] if isinstance(value, list | tuple) else value
