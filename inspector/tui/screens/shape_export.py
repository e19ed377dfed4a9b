"""Writing what was learnt of types to a file: the ending of its name says in which form."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from inspector.core.events import InspectorError
from inspector.core.export.html import html
from inspector.core.export.json_schema import json_schema
from inspector.core.export.learnt import Learnt
from inspector.core.export.markdown import markdown
from inspector.core.export.masking import masked
from inspector.core.export.python_types import typed_dicts
from inspector.core.export.typescript import typescript
from inspector.core.statistics import gather
from inspector.core.text import visible
from inspector.store.payloads import payloads_of
from inspector.store.reader import Reader

SCANNED = 1_000
"""Events of a type that are read for the values in a reference."""

FORMS: dict[str, Callable[[list[Learnt], str], str]] = {
    ".json": lambda types, title: json.dumps(json_schema(types, title), indent=2) + "\n",
    ".md": markdown,
    ".html": html,
    ".ts": lambda types, title: typescript(types),
    ".py": lambda types, title: typed_dicts(types),
}
"""JSON Schema, the reference as Markdown or HTML, TypeScript, Python."""


def write_export(store: Path, keys: Sequence[tuple[str | None, str]], title: str, path: Path) -> int:
    """Write a new file, which only its owner can read; returns how many types are in it.

    InspectorError when that is not possible.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise InspectorError(f"{visible(path.name)} ends in none of {', '.join(FORMS)}.")
    learnt: list[Learnt] = []
    with Reader(store) as reader:
        for key in keys:
            shape = reader.shape_of_types([key])
            if not shape.variants:
                continue
            found = Learnt(key[1], key[0], shape)
            if path.suffix.lower() in (".md", ".html"):
                payloads = map(masked, payloads_of(reader, shape, [key], SCANNED))
                found = Learnt(key[1], key[0], shape, gather(payloads, shape.merged))
            learnt.append(found)
    if not learnt:
        raise InspectorError(f"{visible(title)} has no shape: no event of it has a JSON body.", code=1)
    text = form(learnt, title)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InspectorError(f"{path} exists already; nothing was written.") from None
    except OSError as error:
        raise InspectorError(f"cannot write {path}: {(error.strerror or str(error)).lower()}.") from None
    return len(learnt)
