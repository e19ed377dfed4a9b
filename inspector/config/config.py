"""What holds: the environment before the file, the file before the defaults; options come before all three.

Mistakes never stop a reader: the screen tells them and takes the defaults. A command that is about to act on
a table refuses them (`Config.refuse`), since a listener with other limits than wanted is none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inspector.config.file import ConfigFile, Mistake, config_path, read_config_file
from inspector.config.settings import SETTINGS, Plain, Setting
from inspector.core.events import InspectorError
from inspector.core.text import visible

Origin = Literal["default", "file", "environment"]


@dataclass(frozen=True, slots=True)
class Value:
    """A setting with what holds for it."""

    setting: Setting
    value: Any
    """What the check made of it; None for what is off."""
    written: Plain | None
    """As it was written."""
    origin: Origin
    place: str = ""
    """Where: ``line 4``, ``INSPECTOR_LISTEN_PORT``; empty for a default."""

    @property
    def is_chosen(self) -> bool:
        """True when the user set it, whatever the value."""
        return self.origin != "default"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, and what is wrong with them."""

    file: ConfigFile
    values: Mapping[str, Value]
    """By id: ``listen.port``. All of them, in the order of `SETTINGS`."""
    mistakes: tuple[Mistake, ...] = ()

    def get(self, id: str) -> Any:
        """What holds for a setting, by its id."""
        return self.values[id].value

    def chosen(self, id: str) -> Any:
        """What the user set, or None where the default holds."""
        value = self.values[id]
        return value.value if value.is_chosen else None

    def mistakes_for(self, *tables: str) -> list[Mistake]:
        """The mistakes that concern these tables: their own, and those that may have been meant for them."""
        known = {setting.table for setting in SETTINGS} | {"keys"}
        return [one for one in self.mistakes if one.table in tables or one.table not in known]

    def refuse(self, *tables: str) -> None:
        """InspectorError with the first mistake that concerns these tables."""
        for mistake in self.mistakes_for(*tables):
            raise InspectorError(mistake.text)

    def options(self, table: str) -> dict[str, Any]:
        """What the user set in a table, by its options: ``{"--max-body": "5MiB"}``."""
        return {
            f"--{value.setting.name}": value.value
            for value in self.values.values()
            if value.setting.table == table and value.is_chosen
        }


def read_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read file and environment; what is not set there has its default."""
    environ = os.environ if environ is None else environ
    file = read_config_file(config_path() if path is None else path)
    mistakes = list(file.mistakes)
    values: dict[str, Value] = {}
    for setting in SETTINGS:
        values[setting.id] = _value(setting, file, environ, mistakes)
    return Config(file, values, tuple(mistakes))


def _value(setting: Setting, file: ConfigFile, environ: Mapping[str, str], mistakes: list[Mistake]) -> Value:
    written = environ.get(setting.variable)
    if written:
        try:
            return Value(setting, setting.check(written), written, "environment", setting.variable)
        except ValueError as error:
            mistakes.append(Mistake(setting.table, f"{setting.variable}: {visible(str(error))}."))
    if setting.id in file.values:
        value = file.values[setting.id]
        line = file.line_of(setting.table, setting.name)
        try:
            return Value(setting, setting.check(value), value, "file", f"line {line}" if line else "")
        except ValueError as error:
            place = file.place(setting.table, setting.name)
            mistakes.append(Mistake(setting.table, f"{place}: {visible(str(error))}."))
    default = setting.default
    return Value(setting, None if default is None else setting.check(default), default, "default")
