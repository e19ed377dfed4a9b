"""``inspector replay``: captured events go out again, byte for byte."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspector.cli.arguments import LENGTH, filter_of, ids_of, json_option
from inspector.cli.config import Configured
from inspector.cli.output import emit, narrate, style
from inspector.core import units
from inspector.core.events import Attempt, Event, InspectorError
from inspector.core.text import visible
from inspector.store.place import store_path
from inspector.store.reader import Reader

if TYPE_CHECKING:
    from inspector.replay.target import Target

_FAR_S = 0.1
"""Seconds between two events that go to another machine."""


@click.command("replay", cls=Configured, short_help="Send captured events again, byte for byte.")
@click.argument("ids", nargs=-1, metavar="[IDS]...")
@click.option(
    "--to", required=True, metavar="URL", help="Where to: http://localhost:3000 keeps the captured path."
)
@click.option("--filter", "words", default=None, metavar="F", help="Every event that matches this filter.")
@click.option("--one-per-shape", is_flag=True, help="One event of every shape (of those chosen, or of all).")
@click.option("--incomplete", is_flag=True, help="Incomplete events too, as far as they came.")
@click.option(
    "--timeout",
    default=15.0,
    type=LENGTH,
    metavar="TIME",
    help="How long one attempt may take: 500ms, 60s (15s).",
)
@click.option("--yes", is_flag=True, help="Do not ask before several events go to another machine.")
@json_option
@click.pass_obj
def replay_command(
    store: str | None,
    ids: tuple[str, ...],
    to: str,
    words: str | None,
    one_per_shape: bool,
    incomplete: bool,
    timeout: float,
    yes: bool,
    as_json: bool,
) -> int:
    """Send captured events again: same method, path, header lines and bytes, in the order of their ids.

    IDS are numbers and ranges: 12 15-20. Only Host, Content-Length, Transfer-Encoding and Connection change.
    No redirect is followed. Every attempt is kept. Exit code 1 unless every answer was 2xx.

    Before several events go to another machine, its name is to be typed, or --yes to be given; 10 a second are
    sent there at most.

    \b
    Examples:
      inspector replay 12 15-20 --to http://localhost:3000/hooks
      inspector replay --filter 'level:error since:1d' --to http://localhost:3000
      inspector replay --one-per-shape --to http://localhost:3000
    """
    from inspector.replay.address import is_near
    from inspector.replay.send import replay, verdict
    from inspector.replay.target import parse_target
    from inspector.store.edits import Edits

    target = parse_target(to)
    path = store_path(store)
    with Reader(path) as reader:
        chosen = _chosen(reader, ids, words, one_per_shape)
        if not chosen:
            raise InspectorError("no event to replay: none matches.", code=1)
        own = own_addresses(path, reader)
        far = len(chosen) > 1 and not asyncio.run(is_near(target))
        passed = done = 0
        try:
            if far and not yes:
                _ask(reader, chosen, target)
            due = time.monotonic()
            with Edits(path) as edits:
                for number in chosen:
                    if far:
                        time.sleep(max(0.0, due - time.monotonic()))
                        due = time.monotonic() + _FAR_S
                    event, request = reader.event(number), reader.request(number)
                    refusal = _refusal(number, event, incomplete)
                    if refusal is not None or request is None:
                        error = refusal or f"event {number} has no request."
                        attempt = Attempt(number, to, time.time_ns() // 1000, 0.0, error=error)
                    else:
                        attempt = asyncio.run(
                            replay(request, number, target, total_timeout=timeout, own_addresses=own)
                        )
                        edits.add_attempt(attempt)
                    passed += attempt.passed
                    done += 1
                    _print_attempt(attempt, verdict(attempt), as_json)
        except KeyboardInterrupt:
            narrate(f"Interrupted after {done} of {len(chosen)}.")
    if not as_json and len(chosen) > 1:
        narrate(
            f"{units.count(done)} sent: {units.count(passed)} passed, {units.count(done - passed)} failed."
        )
    return 0 if passed == len(chosen) else 1


def _ask(reader: Reader, chosen: Sequence[int], target: Target) -> None:
    """Have the user type where many events go, as it is not this machine; InspectorError when that is not meant."""
    many = f"{units.count(len(chosen), 'event')} would go to {target.origin}, which is not this machine"
    if not sys.stdin.isatty():
        raise InspectorError(f"{many}, and nobody can be asked here. Say --yes.")
    methods: Counter[str] = Counter()
    for start in range(0, len(chosen), 500):
        methods.update(event.method or "?" for event in reader.events(chosen[start : start + 500]))
    each = ", ".join(f"{units.count(count)} {visible(method)}" for method, count in methods.most_common())
    narrate(f"{many}: {each}.")
    print(f"Type {target.host} to send them: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != target.host:
        raise InspectorError("nothing was sent.", code=1)


def _refusal(number: int, event: Event | None, incomplete: bool) -> str | None:
    """Why an event is not sent at all, in a sentence; None when it is."""
    if event is None:
        return f"there is no event {number}."
    if event.rejected is not None:
        return f"event {number} was rejected; there is no request to send."
    if not event.complete and not incomplete:
        return f"event {number} is incomplete; --incomplete sends what came."
    return None


def _print_attempt(attempt: Attempt, verdict: str, as_json: bool) -> None:
    if as_json:
        emit(attempt.as_json(), at_once=True)
    else:
        sign = style("passed", fg="green") if attempt.passed else style("failed", fg="red")
        print(f"{sign}  #{attempt.event}  {visible(verdict)}", flush=True)


def _chosen(reader: Reader, ids: Sequence[str], words: str | None, one_per_shape: bool) -> list[int]:
    """The ids to replay, ascending."""
    wanted = None if words is None else filter_of([words])
    if wanted is not None and wanted.is_empty:
        raise InspectorError("the filter is empty; --one-per-shape alone takes all events.")
    if not ids and wanted is None and not one_per_shape:
        raise InspectorError("say what to replay: ids, --filter F or --one-per-shape.")
    numbers = set(ids_of(reader, ids))
    if wanted is not None:
        numbers.update(reader.matching(wanted))
    elif not ids:
        numbers.update(reader.ids())
    chosen = sorted(numbers)
    if not one_per_shape:
        return chosen
    kept: dict[tuple[str | None, str | None, str], int] = {}
    for start in range(0, len(chosen), 500):
        for event in reader.events(chosen[start : start + 500]):
            if event.shape is not None and event.complete:
                kept.setdefault((event.sender, event.type, event.shape), event.id)
    return sorted(kept.values())


def own_addresses(path: Path, reader: Reader) -> list[tuple[str, int]]:
    """Where this store's own listener can be reached: what a replay must not be sent to."""
    from urllib.parse import urlsplit

    from inspector.capture.child import running

    listener = running(path)
    if listener is None:
        return []
    port = int(listener["port"])
    found = [(str(listener["host"]), port), ("127.0.0.1", port), ("::1", port)]
    tunnel = reader.state("tunnel")
    if isinstance(tunnel, dict) and tunnel.get("url"):
        host = urlsplit(str(tunnel["url"])).hostname
        found += [(host, 443), (host, 80)] if host else []
    return found
