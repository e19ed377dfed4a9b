"""The forms in which types are written for other tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from inspector.core.export.learnt import Learnt

FORMS: Final = ("json-schema", "typescript", "python", "pydantic", "markdown", "html")
ENDINGS: Final = {
    ".json": "json-schema",
    ".md": "markdown",
    ".html": "html",
    ".ts": "typescript",
    ".py": "python",
}
"""The form that the ending of a file's name asks for."""
WITH_VALUES: Final = frozenset({"markdown", "html"})
"""Forms that show values: for these they are gathered."""


def write_as(form: str, types: Sequence[Learnt], name: str, closed: bool = True) -> str:
    """The text of some types in one of `FORMS`. `name` is what they are called together; `closed` forbids, in a
    JSON Schema, fields that no event has had."""
    found = list(types)
    if form == "json-schema":
        from inspector.core.export.json_schema import json_schema

        return json.dumps(json_schema(found, name, closed=closed), indent=2) + "\n"
    if form == "typescript":
        from inspector.core.export.typescript import typescript

        return typescript(found)
    if form in ("python", "pydantic"):
        from inspector.core.export.python_types import pydantic_models, typed_dicts

        return typed_dicts(found) if form == "python" else pydantic_models(found)
    title = "Event types" if len(found) > 1 else found[0].name
    if form == "markdown":
        from inspector.core.export.markdown import markdown

        return markdown(found, title)
    from inspector.core.export.html import html

    return html(found, title)
