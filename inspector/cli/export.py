"""``inspector export``: events out of the store, as NDJSON, as an HTTP archive, or as payload files."""

from __future__ import annotations

from pathlib import Path

import click

from inspector.cli.arguments import FilterCommand, filter_argument, filter_of
from inspector.cli.output import narrate
from inspector.store.event_files import Form, write_events
from inspector.store.place import store_path
from inspector.store.reader import Reader


@click.command("export", cls=FilterCommand, short_help="Write events to files.")
@filter_argument
@click.option(
    "--as",
    "form",
    type=click.Choice(["ndjson", "har", "files"]),
    required=True,
    help="One event a line, an HTTP archive (HAR 1.2), or a payload file each.",
)
@click.option("-o", "--output", metavar="PATH", help="File, or folder for files; else standard output.")
@click.option("--show-secrets", is_flag=True, help="Do not mask secrets in har and files.")
@click.pass_obj
def export_command(
    store: str | None, words: tuple[str, ...], form: Form, output: str | None, show_secrets: bool
) -> None:
    """Write the events that match FILTER (all, without one) so that other tools, or import, can read them.

    \b
    ndjson  everything of every event, one a line, WITH ITS SECRETS: import
            takes it back exactly
    har     requests and what they were answered, for other programs
    files   <type>--<id>.json, or .http where the request is more than its body

    Secrets are masked in har and files. What is written can be read by its owner only (mode 0600).

    \b
    Examples:
      inspector export --as ndjson -o events.ndjson
      inspector export 'type:user.image.*' --as files -o payloads
    """
    wanted = filter_of(words)
    path = None if output in (None, "-") else Path(str(output)).expanduser()
    with Reader(store_path(store)) as reader:
        numbers = reader.ids() if wanted is None else [*reader.matching(wanted, newest_first=False)]
        written = write_events(reader, numbers, form, path, show_secrets=show_secrets)
    narrate(written.words())
    if form == "ndjson" and written.events:
        narrate("The lines hold all that was captured, secrets too.")
