"""What the screen remembers by itself, from one start to the next: a small JSON file of its own.

It is no place for settings: what the user writes into the config file comes first. Nothing here ever fails a
screen: what cannot be read is as if it were not there, what cannot be written is forgotten.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from inspector.store.place import make_folder

MAX_BYTES = 1_000_000
"""A larger file is not ours."""


def state_path() -> Path:
    """``$INSPECTOR_STATE``, else ``state.json`` in the platform's folder for state. It need not exist."""
    chosen = os.environ.get("INSPECTOR_STATE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_state_path

    return user_state_path("webhook-inspector", appauthor=False) / "state.json"


class State:
    """Names with JSON values; every screen of the user shares them."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file at `path`; without one, nothing is read or kept."""
        self.path = path
        self._lock = threading.Lock()
        self._values = {} if path is None else _read(path)

    @property
    def is_kept(self) -> bool:
        """True when what is put here may still be there at the next start."""
        return self.path is not None and (self.path.is_file() or not self.path.exists())

    def get(self, name: str) -> Any:
        """A value, or None."""
        return self._values.get(name)

    def text(self, name: str) -> str:
        """A value that is text, else the empty one."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def put(self, name: str, value: Any) -> bool:
        """Keep a value, beside what other screens kept meanwhile; False when the disk does not take it.

        Quick, but it waits for the disk: not for the screen's loop.
        """
        with self._lock:
            if self.path is None or not self.is_kept:
                self._values[name] = value
                return False
            self._values = {**_read(self.path), name: value}
            return _write(self.path, self._values)


def _read(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, values: Mapping[str, Any]) -> bool:
    """Write beside the file and put the new one in its place, so that there is always a whole one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        make_folder(path.parent)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        return False
    return True
