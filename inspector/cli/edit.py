"""``inspector star`` and ``delete``: what a user does to stored events."""

from __future__ import annotations

import sys

import click

from inspector.cli.arguments import filter_of, ids_of
from inspector.cli.output import narrate
from inspector.core import units
from inspector.core.events import Event, InspectorError
from inspector.store.place import store_path
from inspector.store.reader import Reader


@click.command("star", short_help="Star events, or take their star away.")
@click.argument("ids", nargs=-1, required=True, metavar="IDS...")
@click.option("--remove", is_flag=True, help="Take the star away.")
@click.pass_obj
def star_command(store: str | None, ids: tuple[str, ...], remove: bool) -> int:
    """Star events, so that is:starred finds them and a deletion by filter leaves them.

    IDS are numbers and ranges: 12 15-20. Exit code 1 when one of them is not there; the others are starred.
    """
    from inspector.store.edits import Edits

    path = store_path(store)
    with Reader(path) as reader:
        numbers = ids_of(reader, ids)
        events = reader.events(numbers)
    with Edits(path) as edits:
        for event in events:
            edits.set_note(event.id, starred=not remove)
    narrate(f"{'No longer starred' if remove else 'Starred'}: {units.count(len(events), 'event')}.")
    return _tell_missing(numbers, events)


@click.command("delete", short_help="Delete events for good.")
@click.argument("ids", nargs=-1, metavar="[IDS]...")
@click.option("--filter", "words", default=None, metavar="F", help="Every event that matches this filter.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete_command(store: str | None, ids: tuple[str, ...], words: str | None, yes: bool) -> int:
    """Delete events for good, with their attempts; what the shapes know of them is subtracted.

    IDS are numbers and ranges: 12 15-20. Starred events stay unless their id is given. It asks first, on a
    terminal; elsewhere --yes is needed. Exit code 1 when the answer was no, or an id is not there.
    """
    from inspector.store.edits import Edits

    path = store_path(store)
    with Reader(path) as reader:
        named, found = _chosen(reader, ids, words)
        starred = sum(event.starred and event.id not in named for event in found)
        going = [event for event in found if not event.starred or event.id in named]
    stay = f" {units.count(starred)} starred {'stays' if starred == 1 else 'stay'}." if starred else ""
    if going and not yes and not _agreed(f"Delete {units.count(len(going), 'event')} for good?{stay}"):
        narrate("Nothing was deleted.")
        return 1
    with Edits(path) as edits:
        deleted = edits.delete([event.id for event in going])
    narrate(f"Deleted {units.count(deleted, 'event')}.{stay}")
    return _tell_missing(sorted(named), found)


def _chosen(reader: Reader, ids: tuple[str, ...], words: str | None) -> tuple[set[int], list[Event]]:
    """The ids given one by one, and the events that are meant in all, ascending."""
    wanted = None if words is None else filter_of([words])
    if wanted is not None and wanted.is_empty:
        raise InspectorError(
            "the filter is empty, which would be every event; --filter id:1-999999999 says so."
        )
    if not ids and wanted is None:
        raise InspectorError("say what to delete: ids, or --filter F.")
    named = set(ids_of(reader, [word for word in ids if "-" not in word]))
    numbers = named | set(ids_of(reader, ids))
    if wanted is not None:
        numbers.update(reader.matching(wanted))
    return named, reader.events(sorted(numbers))


def _agreed(question: str) -> bool:
    """Ask on the terminal; InspectorError where there is none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InspectorError("there is no terminal to ask on; add --yes to delete without being asked.")
    try:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return False
    return answer.strip().lower() in ("y", "yes")


def _tell_missing(numbers: list[int], events: list[Event]) -> int:
    """Name the ids that are not there, and return the exit code."""
    missing = sorted(set(numbers) - {event.id for event in events})
    if missing:
        some = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        narrate(f"inspector: there is no event {some}; inspector events lists them.")
    return 1 if missing else 0
