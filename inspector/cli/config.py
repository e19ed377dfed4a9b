"""``inspector config``: every setting, what holds, where that comes from; and a file to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from inspector.cli.arguments import json_option
from inspector.cli.output import Column, emit, narrate, print_table, style
from inspector.core import units
from inspector.core.events import InspectorError
from inspector.core.text import visible

if TYPE_CHECKING:
    from inspector.config.config import Config, Value
    from inspector.config.file import Mistake


class Configured(click.Command):
    """A command whose options may stand in a table of the file that has its name, or in the environment.

    An option that is given comes before both. A mistake in the table is refused when the command is to run,
    so that its help is always there.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from inspector.config.config import read_config

        config = read_config()
        chosen = config.options(str(self.name))
        defaults = {
            param.name: chosen[option] for param in self.params for option in param.opts if option in chosen
        }
        ctx = super().make_context(info_name, args, parent, default_map=defaults, **extra)
        ctx.meta[__name__] = config
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        config: Config = ctx.meta[__name__]
        config.refuse(str(self.name))
        return super().invoke(ctx)


@click.command("config", short_help="Every setting: what holds, and why.")
@click.option("--path", is_flag=True, help="Print only where the file is, or would be.")
@click.option("--init", is_flag=True, help="Write the file, every setting in it as a comment.")
@click.option("--keys", is_flag=True, help="The keys of the screen, by the names they have in the file.")
@click.option("--filters", is_flag=True, help="The filters saved on the screen: @name stands for one.")
@json_option
def config_command(path: bool, init: bool, keys: bool, filters: bool, as_json: bool) -> int:
    """Show every setting: what holds, where that comes from, and what it means.

    An option of a command comes first, then the environment (INSPECTOR_LISTEN_PORT for port in [listen]), then
    the file, then the default. The file is config.toml in the platform's config folder, or $INSPECTOR_CONFIG.
    Exit code 2 when something in it is wrong: the screen says so and goes on without that, listen and replay
    refuse to start on a mistake in their own table.
    """
    from inspector.config.config import read_config
    from inspector.config.file import config_path

    if path + init + keys + filters > 1:
        raise InspectorError("give one of --path, --init, --keys and --filters.")
    if path:
        print(visible(str(config_path())))
        return 0
    if init:
        return _init()
    if filters:
        return _show_filters(as_json)
    config = read_config()
    keymap, wrong = _keymap(config)
    if keys:
        _show_keys(keymap, as_json)
    elif as_json:
        for value in config.values.values():
            emit(_as_json(value))
    else:
        _print(config, len(keymap))
    mistakes = [*config.mistakes, *wrong]
    for mistake in mistakes:
        narrate(f"inspector: {mistake.text}")
    return 2 if mistakes else 0


def _show_filters(as_json: bool) -> int:
    """The saved filters, by name."""
    from inspector.config.saved_filters import saved_filters
    from inspector.config.state import State, state_path

    found = saved_filters(State(state_path()))
    if as_json:
        for name, text in found.items():
            emit({"name": name, "filter": text})
    elif found:
        print_table(
            (Column("name"), Column("filter", gives=1)), [(f"@{name}", text) for name, text in found.items()]
        )
    else:
        narrate("No filter is saved. In the filter bar of the screen, ctrl+s saves one by a name.")
    return 0


def _keymap(config: Config) -> tuple[dict[str, str], list[Mistake]]:
    """The keys that the user chose, and what is wrong with them; Textual is only loaded where there are any."""
    if not config.file.keys:
        return {}, []
    from inspector.tui.keymap import read_keys

    return read_keys(config.file)


def _show_keys(keymap: dict[str, str], as_json: bool) -> None:
    """Every action of the screen with its keys."""
    from inspector.tui.keymap import pages_of
    from inspector.tui.keys import BY_ID

    pages = pages_of()
    rows = []
    for key in BY_ID.values():
        names = keymap.get(key.id, key.keys)
        where = pages.get(key.id, [])
        if as_json:
            emit(
                {
                    "id": key.id,
                    "keys": names.split(","),
                    "default": key.keys.split(","),
                    "where": where,
                    "does": key.does,
                }
            )
        rows.append((key.id, names, "file" if key.id in keymap else "default", key.does, ", ".join(where)))
    if not as_json:
        columns = (
            Column("id"),
            Column("keys"),
            Column("from"),
            Column("does", gives=2),
            Column("where", gives=1),
        )
        print_table(columns, rows, lambda at, text: style(text, bold=True) if at == 0 else text)


def _init() -> int:
    """Write a file to begin with, where none is."""
    from inspector.config.commented import commented
    from inspector.config.file import config_path
    from inspector.store.place import make_folder
    from inspector.tui.keys import BY_ID

    path = config_path()
    try:
        make_folder(path.parent)
        with path.open("x", encoding="utf-8") as file:
            file.write(commented([(key.id, key.keys, key.does) for key in BY_ID.values()]))
    except FileExistsError:
        raise InspectorError(f"{path} is there already, and stays as it is.") from None
    narrate(f"Wrote {path}; every setting in it is a comment.")
    return 0


def _as_json(value: Value) -> dict[str, Any]:
    setting = value.setting
    return {
        "setting": setting.id,
        "value": value.written,
        "default": setting.default,
        "from": value.origin,
        "place": value.place or None,
        "option": setting.option or None,
        "variable": setting.variable,
        "means": setting.what,
    }


def _print(config: Config, keys: int) -> None:
    from inspector.config.settings import as_toml

    rows = []
    for value in config.values.values():
        written = "off" if value.written is None else as_toml(value.written)
        origin = " ".join(word for word in (value.origin, value.place) if word)
        rows.append((value.setting.id, written, origin, value.setting.what))
    columns = (
        Column("setting"),
        Column("value", gives=3, least=8),
        Column("from", gives=2, least=12),
        Column("means", gives=1, least=16),
    )
    print_table(columns, rows, lambda at, text: style(text, bold=True) if at == 0 else text)
    if keys:
        narrate(
            f"{units.count(keys, 'key')} of the screen changed; inspector config --keys lists all of them."
        )
    shown = visible(str(config.file.path))
    if config.file.text:
        narrate(f"The file: {shown}")
    else:
        narrate(f"The file would be {shown}; inspector config --init writes one.")
