"""The file with the user's settings: where it is, what it says, and where in it something is wrong."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector.config.settings import BY_ID, SETTINGS, TABLES, Plain
from inspector.core.text import visible

MAX_BYTES = 1_000_000
"""A larger file is not read: it is something else."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in the file or the environment."""

    table: str
    """The table it is in; empty when the whole file cannot be read."""
    text: str
    """A whole sentence: the place, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file as it was read."""

    path: Path
    values: Mapping[str, Plain] = field(default_factory=dict)
    """What it sets, by id: ``listen.port``. Not checked yet."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Its table ``[keys]``: id of the action, keys. Not checked yet."""
    mistakes: tuple[Mistake, ...] = ()
    text: str = ""

    def line_of(self, table: str, name: str) -> int:
        """The line, counted from 1, on which a setting stands; 0 where that cannot be told."""
        inside = ""
        for number, line in enumerate(self.text.splitlines(), 1):
            if match := re.match(r"\s*\[\s*\"?([^\"\]]*?)\"?\s*\]", line):
                inside = match[1]
            elif inside == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
                return number
        return 0

    def place(self, table: str, name: str) -> str:
        """Where a setting stands, for a sentence: ``/home/a/config.toml line 4, port``."""
        line = self.line_of(table, name)
        return visible(f"{self.path}{f' line {line}' if line else ''}, {name}")


def config_path() -> Path:
    """``$INSPECTOR_CONFIG``, else ``config.toml`` in the platform's config folder. It need not exist."""
    chosen = os.environ.get("INSPECTOR_CONFIG")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_config_path

    return user_config_path("webhook-inspector", appauthor=False) / "config.toml"


def read_config_file(path: Path) -> ConfigFile:
    """Read the file; one that is not there says nothing. What is wrong in it stands in `mistakes`."""
    shown = visible(str(path))
    try:
        # A device or a pipe has no end.
        if path.exists() and not path.is_file():
            return ConfigFile(path)
        with path.open("rb") as file:
            written = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ConfigFile(path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return ConfigFile(path, mistakes=(Mistake("", f"{shown} cannot be read: {why}."),))
    try:
        if len(written) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        text = written.decode()
        found = tomllib.loads(text)
    except UnicodeDecodeError:
        return ConfigFile(path, mistakes=(Mistake("", f"{shown} is not UTF-8; save it so."),))
    except (ValueError, RecursionError) as error:
        why = visible(str(error))
        return ConfigFile(
            path, mistakes=(Mistake("", f"{shown} is no TOML, so nothing of it holds: {why}."),)
        )
    return _sorted(path, text, found)


def _sorted(path: Path, text: str, found: Mapping[str, Any]) -> ConfigFile:
    """What was read, told apart into settings, keys and mistakes."""
    values: dict[str, Plain] = {}
    keys: dict[str, str] = {}
    mistakes: list[Mistake] = []
    file = ConfigFile(path, values, keys, text=text)
    for table, settings in found.items():
        if table not in TABLES:
            words = f"{visible(str(path))}: there is no table [{visible(table)}]; {_meant(table, TABLES)}"
            mistakes.append(Mistake(table, words))
            continue
        if not isinstance(settings, dict):
            words = f"{visible(str(path))}: {table} is a table; write [{table}] on a line of its own."
            mistakes.append(Mistake(table, words))
            continue
        for name, value in settings.items():
            id = f"{table}.{name}"
            problem = ""
            if table == "keys":
                if isinstance(value, str):
                    keys[name] = value
                    continue
                problem = 'keys stand in quotes: "j,down"'
            elif id not in BY_ID:
                names = [setting.name for setting in SETTINGS if setting.table == table]
                problem = f"there is no such setting in [{table}]; {_meant(name, names)}"
            elif not isinstance(value, str | int | float | bool):
                problem = "it is one text, number, true or false"
            else:
                values[id] = value
                continue
            end = "" if problem.endswith(("?", ".")) else "."
            mistakes.append(Mistake(table, f"{file.place(table, name)}: {problem}{end}"))
    return ConfigFile(path, values, keys, tuple(mistakes), text)


def _meant(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), 1, 0.5)
    return f"did you mean {close[0]}?" if close else "inspector config lists what there is."
