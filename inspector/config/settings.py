"""Every setting there is, in one table: the file, the environment and the options are all read by it.

A setting belongs to a table of the file (``[listen]``) and has one name there (``max-body``), one environment
variable (``INSPECTOR_LISTEN_MAX_BODY``) and at most one option (``listen --max-body``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from inspector.capture.limits import FLAGS, read_limits
from inspector.core.events import InspectorError
from inspector.core.units import byte_count, seconds

Plain = str | int | float | bool
"""What a setting may be in the file, apart from tables, lists and times."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    table: str
    name: str
    default: Plain | None
    """As it would stand in the file; None for what is off until it is set."""
    what: str
    """What it means, one sentence without a full stop."""
    check: Callable[[Plain], object]
    """From what stands in the file or the environment to what holds; ValueError says what is wrong."""
    option: str = ""
    """The option that says the same: ``listen --port``."""
    example: Plain = ""
    """A value for one that is off."""

    @property
    def id(self) -> str:
        """``listen.max-body``."""
        return f"{self.table}.{self.name}"

    @property
    def variable(self) -> str:
        """``INSPECTOR_LISTEN_MAX_BODY``."""
        return f"INSPECTOR_{self.table}_{self.name}".upper().replace("-", "_")


def as_toml(value: Plain) -> str:
    """A value as it is written in the file."""
    return json.dumps(value, ensure_ascii=False)


def _yes_or_no(value: Plain) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in words:
        raise ValueError(f"{value!r} is not true or false")
    return words[str(value).lower()]


def _one_of(*names: str) -> Callable[[Plain], str]:
    def check(value: Plain) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is none of {', '.join(names)}")
        return str(value)

    return check


def _name(value: Plain) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is no text")
    return value.strip()


def _port(value: Plain) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise ValueError(f"{value!r} is no port; it is a number from 0 to 65535")
    return int(text)


def _number(value: Plain) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError(f"{value!r} is no whole number")
    return int(text)


def _size(value: Plain) -> str:
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no size; write 500, 64k, 25M or 25MiB")
    byte_count(str(value))
    return str(value)


def _time(unit: str) -> Callable[[Plain], str]:
    """A length of time as text; a plain number is in `unit`."""

    def check(value: Plain) -> str:
        text = str(value)
        text = text if isinstance(value, bool) or text[-1:].isalpha() else text + unit
        if seconds(text) <= 0:
            raise ValueError(f"{value!r} is no time; write 500ms, 10s, 10m or 2h")
        return text

    return check


def _limit(name: str) -> Callable[[Plain], str]:
    """The check of one limit of the listener; a plain number is in seconds where a time is wanted."""
    is_time = FLAGS[name].metavar == "TIME"

    def check(value: Plain) -> str:
        text = _time("s")(value) if is_time else str(value)
        if text == FLAGS[name].default:
            return text  # of connections, a system may allow fewer than that: the listener takes what it gets
        try:
            read_limits({name: text})
        except InspectorError as error:
            # The setting is named already; the option is not what was written.
            raise ValueError(str(error).removeprefix(FLAGS[name].option).lstrip(": ").rstrip(".")) from None
        return text

    return check


SCREEN: Final = (
    Setting("screen", "theme", "auto", "Colours: auto, dark, light, or the name of a theme", _name),
    Setting(
        "screen",
        "glyphs",
        "auto",
        "Signs of the list: auto, unicode, ascii",
        _one_of("auto", "unicode", "ascii"),
    ),
    Setting("screen", "newest-first", True, "The newest event stands at the top of the list", _yes_or_no),
    Setting(
        "screen",
        "layout",
        "auto",
        "Panes: auto goes by the size of the terminal; beside, stacked, one",
        _one_of("auto", "beside", "stacked", "one"),
    ),
    Setting("screen", "wrap", False, "Long lines of a payload are wrapped", _yes_or_no),
)
LISTEN: Final = (
    Setting("listen", "host", "127.0.0.1", "Address to listen on", _name, "listen --host"),
    Setting("listen", "port", 8585, "Port to listen on; 0 picks a free one", _port, "listen --port"),
    *(
        Setting(
            "listen",
            flag.option.removeprefix("--"),
            int(flag.default) if flag.metavar == "N" else flag.default,
            flag.help.rpartition(" (")[0],
            _limit(name),
            f"listen {flag.option}",
        )
        for name, flag in FLAGS.items()
    ),
    Setting(
        "listen", "keep-count", None, "Keep the newest N events", _number, "listen --keep-count", 100_000
    ),
    Setting("listen", "keep-days", None, "Keep so many days", _time("d"), "listen --keep-days", 30),
    Setting("listen", "keep-bytes", None, "Keep so much of bodies", _size, "listen --keep-bytes", "10GB"),
)
REPLAY: Final = (
    Setting("replay", "timeout", "15s", "How long one attempt may take", _time("s"), "replay --timeout"),
)
SETTINGS: Final[Sequence[Setting]] = (*SCREEN, *LISTEN, *REPLAY)
TABLES: Final = {
    "screen": "How the screen looks at its start.",
    "listen": "The listener, also the one that the screen starts.",
    "replay": "Sending captured events again.",
    "keys": "Keys of the screen: the id of an action and its keys, with commas between them.",
}
"""The tables of the file, and what each is about."""
BY_ID: Final = {setting.id: setting for setting in SETTINGS}
