"""``inspector prune``: delete the oldest events, and the options that say how much is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from inspector.cli.arguments import COUNT, FilterCommand, filter_argument, filter_of, json_option, unprotected
from inspector.cli.output import emit, narrate
from inspector.core import units
from inspector.core.events import InspectorError, rfc3339
from inspector.store.place import store_path

if TYPE_CHECKING:
    from inspector.store.retention import Pruned

Command = TypeVar("Command", bound=Callable[..., Any])


class _Days(click.ParamType):  # type: ignore[type-arg]
    """An age in days: ``30``, ``0.5``; or a length of time: ``12h``, ``4w``."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = unprotected(str(value))
        try:
            return units.seconds(text if text[-1:].isalpha() else text + "d") / 86_400
        except ValueError:
            self.fail(f"{text!r} is no age; write 30 for days, or 12h or 4w", param, ctx)


class _Bytes(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes: ``500M``, ``1GiB``."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = unprotected(str(value))
        try:
            return units.byte_count(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def keep_options(command: Command) -> Command:
    """The options ``--keep-count``, ``--keep-days`` and ``--keep-bytes``, given as ``keep_count`` and so
    on."""
    options = (
        click.option("--keep-count", type=COUNT, default=None, metavar="N", help="Keep the newest N events."),
        click.option("--keep-days", type=_Days(), default=None, metavar="D", help="Keep D days: 30, or 12h."),
        click.option(
            "--keep-bytes",
            type=_Bytes(),
            default=None,
            metavar="B",
            help="Keep so much of bodies: 500M, 1GiB.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("prune", cls=FilterCommand, short_help="Delete the oldest events; starred ones stay.")
@filter_argument
@keep_options
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def prune_command(
    store: str | None,
    words: tuple[str, ...],
    keep_count: int | None,
    keep_days: float | None,
    keep_bytes: int | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Delete the oldest events until what is kept is within the limits; starred events stay.

    Without limits, those of the listener hold. With FILTER only matching events are counted and deleted:
    all of them, when no limit is given. It shows what goes, and asks first on a terminal.

    \b
    Examples:
      inspector prune --keep-days 30 --dry-run
      inspector prune 'type:system.test.*' --keep-count 10
      inspector prune --keep-bytes 500M --yes
    """
    from inspector.store.reader import Reader
    from inspector.store.retention import SETTING, Retention, carry_out, plan, retention_from

    path = store_path(store)
    wanted = filter_of(words)
    retention = Retention(keep_count, keep_days, keep_bytes)
    with Reader(path) as reader:
        if not retention:
            retention = retention_from(reader.setting(SETTING)) if wanted is None else Retention(count=0)
        if not retention:
            raise InspectorError(
                "nothing says what is to be kept. Give --keep-count, --keep-days, --keep-bytes or a FILTER."
            )
        going = plan(reader, retention, time.time_ns() // 1000, wanted)
    if as_json:
        emit(_as_json(going, deleted=0 if dry_run else None))
    else:
        print(_words(going))
    if dry_run or not going.events:
        return 0
    if not yes and not _agreed(going):
        narrate("Nothing was deleted.")
        return 1
    deleted = carry_out(path, going, _told)
    if as_json:
        emit(_as_json(going, deleted))
    else:
        narrate(f"{units.count(deleted, 'event')} deleted.")
    return 0


def _as_json(going: Pruned, deleted: int | None) -> dict[str, Any]:
    return {
        "events": going.events,
        "bytes": going.bytes,
        "oldest": None if going.oldest_us is None else rfc3339(going.oldest_us),
        "newest": None if going.newest_us is None else rfc3339(going.newest_us),
        "starred": going.starred,
        "deleted": deleted,
    }


def _words(going: Pruned) -> str:
    stay = f"; {units.count(going.starred, 'starred event')} {'stays' if going.starred == 1 else 'stay'}"
    if going.oldest_us is None or going.newest_us is None:
        return "Nothing goes: what is there is within the limits" + (stay if going.starred else "") + "."
    when = (
        f"received {rfc3339(going.oldest_us)}"
        if going.events == 1
        else f"the oldest of {rfc3339(going.oldest_us)}, the newest of {rfc3339(going.newest_us)}"
    )
    return (
        f"{units.count(going.events, 'event')} with {units.size(going.bytes)} of bodies "
        f"{'goes' if going.events == 1 else 'go'}, {when}" + (stay if going.starred else "") + "."
    )


def _agreed(going: Pruned) -> bool:
    """Ask on a terminal; without one there is nobody to ask."""
    if not sys.stdin.isatty():
        raise InspectorError(
            "nobody can be asked here, and deleted is deleted. Say --yes, or look with --dry-run."
        )
    print(
        f"Delete {units.count(going.events, 'event')} for good? [y/N] ", end="", file=sys.stderr, flush=True
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _told(done: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\r" if done < of else "\n"
        print(f"{units.count(done)} of {units.count(of)}", end=end, file=sys.stderr, flush=True)
