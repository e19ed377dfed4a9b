"""A file to begin with: every setting as a comment, with what it means and what it is without the file."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.config.settings import SETTINGS, TABLES, as_toml


def commented(keys: Sequence[tuple[str, str, str]] = ()) -> str:
    """The text of the file; `keys` are (id of the action, its keys, what it does)."""
    lines = [
        "# Settings of inspector. A line without its # holds; what stands here is the default.",
        "# inspector config shows what holds and where it comes from. Options come before the",
        "# environment (INSPECTOR_LISTEN_PORT), the environment before this file.",
    ]
    for table, about in TABLES.items():
        settings = [setting for setting in SETTINGS if setting.table == table]
        lines += ["", f"# {about}", f"[{table}]"]
        for setting in settings:
            option = f" ({setting.option})" if setting.option else ""
            off = ", off until it is set" if setting.default is None else ""
            value = setting.example if setting.default is None else setting.default
            lines += [f"# {setting.what}{off}{option}", f"# {setting.name} = {as_toml(value)}"]
    lines += [f"# {f'{id} = {as_toml(names)}':<34} # {does}" for id, names, does in keys]
    return "\n".join(lines) + "\n"
