"""``inspector baseline``: what types look like, written down, so that ``check`` can tell what has changed."""

from __future__ import annotations

import time

import click

from inspector.cli.output import narrate
from inspector.cli.schema import deliver, learnt_types, output_option
from inspector.core import units
from inspector.core.baseline import baseline_text, pinned
from inspector.core.events import InspectorError
from inspector.core.text import visible
from inspector.store.place import store_path
from inspector.store.reader import Reader


@click.command("baseline", short_help="Pin the shapes of types, for check.")
@click.argument("names", nargs=-1, metavar="[TYPE]...")
@click.option("--pin", "keep", is_flag=True, help="Keep it in the store, as b on the shapes screen does.")
@click.option("--unpin", "forget", is_flag=True, help="Forget what is pinned in the store.")
@output_option
@click.pass_obj
def baseline_command(
    store: str | None, names: tuple[str, ...], keep: bool, forget: bool, output: str | None
) -> None:
    """Write a baseline: the shapes of the types named (* allowed), or of all, as they are now.

    A file is made to be kept with your code and holds no values: inspector check FILE tells what has changed.
    With --pin it is kept in the store, a type each, where the shapes screen shows what departs from it, and
    inspector check without a file checks against it.
    """
    if keep + forget + (output is not None) > 1:
        raise InspectorError("--pin, --unpin and -o exclude each other.")
    if forget:
        _unpin(store, names)
        return
    with Reader(store_path(store)) as reader:
        types = {
            (each.sender, each.name): each for name in names or ("*",) for each in learnt_types(reader, name)
        }
    if not keep:
        deliver(baseline_text([pinned(each) for each in types.values()]), output)
        return
    from inspector.store.edits import Edits
    from inspector.store.pins import pin

    with Edits(store_path(store)) as edits:
        now_us = time.time_ns() // 1000
        for each in types.values():
            pin(edits, each, now_us)
    narrate(f"Pinned {units.count(len(types), 'type')}: inspector check tells what departs from now on.")


def _unpin(store: str | None, names: tuple[str, ...]) -> None:
    from inspector.store.edits import Edits
    from inspector.store.pins import read_pins, unpin

    with Reader(store_path(store)) as reader:
        pins = set(read_pins(reader))
        if names:
            pins &= {(entry.sender, entry.type) for name in names for entry in reader.resolve_type(name)}
    if not pins:
        raise InspectorError(f"no baseline of {visible(' '.join(names) or 'any type')} is pinned.", code=1)
    with Edits(store_path(store)) as edits:
        for key in pins:
            unpin(edits, *key)
    narrate(f"Forgot {units.count(len(pins), 'pinned baseline')}.")
