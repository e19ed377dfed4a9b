"""``inspector shape TYPE --keys-are-data PATH``, and ``--keys-are-names``: what the user says of keys."""

from __future__ import annotations

import time
from pathlib import Path

from inspector.cli.output import narrate
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.payload import KEYS, read_path, show_path
from inspector.core.payload import Path as ValuePath
from inspector.core.text import visible
from inspector.store.reader import Reader
from inspector.store.told_keys import keys_are_data, keys_are_names

_TELL_EVERY_S = 2.0


def tell_keys(store: Path, name: str, data: str | None, names: str | None) -> None:
    """Keep what the user says of keys, for each type that has the place."""
    path = _told_path(data if data is not None else names or "")
    with Reader(store) as reader:
        types = reader.resolve_type(name)
    last = time.monotonic()

    def progress(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last > _TELL_EVERY_S and done < of:
            last = time.monotonic()
            narrate(f"{done:,} of {units.count(of, 'event' if data is None else 'variant')}")

    refused: InspectorError | None = None
    told = 0
    for entry in types:
        key = (entry.sender or "", entry.type)
        try:
            if data is not None:
                changed = units.count(keys_are_data(store, key, path, progress), "variant")
            else:
                changed = units.count(keys_are_names(store, key, path, progress), "event")
        except InspectorError as error:
            refused = error
            continue
        told += 1
        now = "data" if data is not None else "names"
        narrate(
            f"{visible(entry.type)}: the keys at {visible(show_path(path))} are {now}; {changed} changed."
        )
    if refused is not None and not told:
        raise refused


def _told_path(text: str) -> ValuePath:
    """The place of an object as the user writes it, with or without the ``{*}`` below it."""
    try:
        path = read_path(text)
    except ValueError as error:
        raise InspectorError(f"the path {visible(text)} cannot be read: {error}") from None
    path = path[:-1] if path[-1:] == (KEYS,) else path
    if not path:
        raise InspectorError("a path is wanted, such as details.errors.")
    return path
