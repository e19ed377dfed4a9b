"""A file to begin with: every setting as a comment, with what it means and what it is without the file."""

from __future__ import annotations

from inspector.config.settings import SETTINGS, TABLES, as_toml


def commented() -> str:
    """The text of the file."""
    lines = [
        "# Settings of inspector. A line without its # holds; what stands here is the default.",
        "# inspector config shows what holds and where it comes from. Options come before the",
        "# environment (INSPECTOR_LISTEN_PORT), the environment before this file.",
    ]
    for table, about in TABLES.items():
        settings = [setting for setting in SETTINGS if setting.table == table]
        if not settings:
            continue
        lines += ["", f"# {about}", f"[{table}]"]
        for setting in settings:
            option = f" ({setting.option})" if setting.option else ""
            off = ", off until it is set" if setting.default is None else ""
            value = setting.example if setting.default is None else setting.default
            lines += [f"# {setting.what}{off}{option}", f"# {setting.name} = {as_toml(value)}"]
    return "\n".join(lines) + "\n"
