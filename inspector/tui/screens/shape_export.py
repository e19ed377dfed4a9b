"""Writing what was learnt of types to a file: the ending of its name says in which form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from inspector.core.events import InspectorError
from inspector.core.export.forms import ENDINGS, WITH_VALUES, write_as
from inspector.core.text import visible
from inspector.store.learning import SCANNED, learnt_type
from inspector.store.reader import Reader


def write_export(store: Path, keys: Sequence[tuple[str | None, str]], title: str, path: Path) -> int:
    """Write a new file, which only its owner can read; returns how many types are in it.

    InspectorError when that is not possible.
    """
    form = ENDINGS.get(path.suffix.lower())
    if form is None:
        raise InspectorError(f"{visible(path.name)} ends in none of {', '.join(ENDINGS)}.")
    scan = SCANNED if form in WITH_VALUES else 0
    with Reader(store) as reader:
        types = [found for key in keys if (found := learnt_type(reader, *key, scan)) is not None]
    if not types:
        raise InspectorError(f"{visible(title)} has no shape: no event of it has a JSON body.", code=1)
    text = write_as(form, types, title)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InspectorError(f"{path} exists already; nothing was written.") from None
    except OSError as error:
        raise InspectorError(f"cannot write {path}: {(error.strerror or str(error)).lower()}.") from None
    return len(types)
