"""``inspector star`` and ``delete``: what a user does to stored events."""

from __future__ import annotations

import sys
from pathlib import Path

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
    return _tell_missing(numbers, [event.id for event in events])


@click.command("delete", short_help="Delete events, and undo that.")
@click.argument("ids", nargs=-1, metavar="[IDS]...")
@click.option("--filter", "words", default=None, metavar="F", help="Every event that matches this filter.")
@click.option("--undo", is_flag=True, help="Bring back what was deleted last.")
@click.option("--now", is_flag=True, help="Delete for good, and overwrite; alone, what was deleted before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete_command(
    store: str | None, ids: tuple[str, ...], words: str | None, undo: bool, now: bool, yes: bool
) -> int:
    """Delete events with their attempts; types and shapes count them no more.

    IDS are numbers and ranges: 12 15-20. Starred events stay unless their id is given. It asks first, on a
    terminal; elsewhere --yes is needed. Exit code 1 when the answer was no, or an id is not there.

    What was deleted stands in the file, hidden, until a listener starts: --undo brings it back, --now lets it
    go for good, for secrets that must not stay.
    """
    path = store_path(store)
    if undo and (ids or words is not None or now):
        raise InspectorError("--undo brings back what was deleted last; it takes nothing beside it.")
    if undo:
        return _undo(path)
    if now and not ids and words is None:
        return _purge(path, yes)
    from inspector.store.deleted import delete
    from inspector.store.edits import Edits

    with Reader(path) as reader:
        named, found = _chosen(reader, ids, words)
        starred = sum(event.starred and event.id not in named for event in found)
        going = [event.id for event in found if not event.starred or event.id in named]
    stay = f" {units.count(starred)} starred {'stays' if starred == 1 else 'stay'}." if starred else ""
    question = f"Delete {units.count(len(going), 'event')}{' for good' if now else ''}?{stay}"
    if going and not yes and not _agreed(question):
        narrate("Nothing was deleted.")
        return 1
    if now:
        with Edits(path) as edits:
            deleted = edits.delete(going, wipe=True)
    else:
        deleted = delete(path, going)
    hint = (
        ""
        if now or not deleted
        else f" inspector delete --undo brings {'it' if deleted == 1 else 'them'} back."
    )
    narrate(f"Deleted {units.count(deleted, 'event')}{' for good' if now else ''}.{stay}{hint}")
    return _tell_missing(sorted(named), [event.id for event in found])


def _undo(path: Path) -> int:
    from inspector.store.deleted import undo

    with Reader(path):
        pass  # a reader makes no store
    back = len(undo(path))
    narrate(f"Brought back {units.count(back, 'event')}." if back else "Nothing to undo.")
    return 0 if back else 1


def _purge(path: Path, yes: bool) -> int:
    """Let go what was deleted before."""
    from inspector.store.deleted import purge, waiting

    with Reader(path) as reader:
        events = waiting(reader).events
    if not events:
        narrate("Nothing deleted is left in the store.")
        return 0
    if not yes and not _agreed(f"Let {units.count(events, 'deleted event')} go for good?"):
        narrate("Nothing was done.")
        return 1
    narrate(f"Deleted {units.count(purge(path, wipe=True), 'event')} for good.")
    return 0


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


def _tell_missing(numbers: list[int], found: list[int]) -> int:
    """Name the ids that are not there, and return the exit code."""
    missing = sorted(set(numbers) - set(found))
    if missing:
        some = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        narrate(f"inspector: there is no event {some}; inspector events lists them.")
    return 1 if missing else 0
