"""docs/limits.md says what the code does: every default in its tables, and every flag, is held against it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest

from inspector.capture import background, child, connection, ending, narrate, refused, tunnel
from inspector.capture.answers import read_rules
from inspector.capture.limits import Limits
from inspector.cli import COMMANDS, inspector, read, replay
from inspector.config.settings import SETTINGS
from inspector.core import (
    bodies,
    collapse,
    data_keys,
    decoding,
    filter_words,
    filters,
    identify,
    payload,
    senders,
    signatures,
)
from inspector.core.events import InspectorError
from inspector.replay import http1, send
from inspector.store import commit, deleted, edits, place, reader, retention, shape_rows, writer
from inspector.web import server as web

PAGE = Path(__file__).parent.parent / "docs/limits.md"
_TIMEOUTS = inspect.signature(send.replay).parameters
_LIMITS = Limits()


def _mib(size: int) -> str:
    return f"{size / 2**20:g} MiB" if size >= 2**20 else f"{size / 2**10:g} KiB"


def _s(seconds: float) -> str:
    return f"{seconds:g} s"


def _longest_delay() -> str:
    """The longest delay that the answer rules take, found by trying."""
    taken = 0
    for seconds in (1, 60, 599, 600, 601, 3600):
        try:
            read_rules([{"status": 200, "delay": seconds}])
        except InspectorError:
            break
        taken = seconds
    return _s(taken)


DEFAULTS = {
    "body of a request": _mib(_LIMITS.body),
    "time for a head": _s(_LIMITS.head_deadline),
    "time for a body": _s(_LIMITS.body_deadline),
    "time to read the answers": _s(_LIMITS.body_deadline),
    "requests in line when their sender hangs up": str(connection.IN_LINE),
    "request line": _mib(_LIMITS.line),
    "one header line": _mib(_LIMITS.field),
    "header lines": f"{_LIMITS.fields:,}",
    "whole head": _mib(_LIMITS.head),
    "header lines after a body in chunks": _mib(connection.TRAILERS),
    "raw head kept of a rejected request": _mib(_LIMITS.raw),
    "rejected requests of one address, each kept by itself": f"{refused.SINGLE} in {refused.WINDOW_S:g} s",
    "bodies in memory at once": _mib(_LIMITS.in_flight),
    "piece of a large body": _mib(writer.PIECE),
    "events that wait for the disk": f"{commit.MAX_QUEUE:,}",
    "bytes of events that wait for the disk": _mib(commit.MAX_HELD),
    "time an event waits for the disk, or for another program's lock": _s(commit.WAIT_S + commit._GRACE_S),
    "free disk": f"{_LIMITS.min_free / 1e6:g} MB",
    "delay of an answer": _longest_delay(),
    "time in a signature, from the arrival": _s(signatures.TOLERANCE_S),
    "events": "off",
    "age": "off",
    "bytes of bodies": "off",
    "events deleted in one transaction": str(retention.AT_ONCE),
    "events deleted on request in one transaction": str(deleted.MOST),
    "WAL kept after a burst": _mib(place.WAL_KEPT),
    "log beside the store": f"{child._LOG_BYTES / 1e6:g} MB",
    "wait for the store's lock": _s(place.BUSY_MS / 1000),
    "body identified before the answer": _mib(identify.SMALL),
    "time to identify one body in the background": _s(background.DEADLINE_S),
    "decoded body": _mib(decoding.LIMIT_OUT),
    "gzip members or zstd frames in a body": f"{decoding.MAX_MEMBERS:,}",
    "parts of a multipart body": f"{bodies.MAX_PARTS:,}",
    "fields of a form": f"{bodies.MAX_FIELDS:,}",
    "nesting of JSON": f"{payload.MAX_DEPTH} levels",
    "type, resource, message and other fields in the list": f"{senders.MAX_FIELD:,} characters",
    "keys of one object in a shape": f"{data_keys.MAX_KEYS:,}",
    "rare keys of one object taken for names": str(collapse.MANY_SIBLINGS),
    "places of a shape": f"{data_keys.MAX_PLACES:,}",
    "variants of a type that are learnt from": str(shape_rows.MAX_VARIANTS),
    "variants merged for the shape of a type": str(reader.MAX_VARIANTS),
    "words of a filter": str(filters.MAX_TERMS),
    "length of one word": f"{filters.MAX_WORD:,} characters",
    "ids and ranges in one `id:`": str(filter_words.MAX_IDS),
    "events printed by `inspector events`": str(read.MOST),
    "screens of one `inspector web`": str(web.MAX_TABS),
    "lines of `listen` that wait for a slow reader": f"{narrate.WAITING:,}",
    "time to connect": _s(_TIMEOUTS["connect_timeout"].default),
    "time for one attempt": _s(_TIMEOUTS["total_timeout"].default),
    "body of an answer kept": _mib(send.KEEP),
    "body of an answer read": _mib(send.DRAIN),
    "head of an answer": _mib(http1.HEAD_LIMIT),
    "interim answers (1xx)": str(http1.INTERIM_LIMIT),
    "time `listen` takes to end": _s(ending.END_S + ending._LAST_S),
    "time to open a tunnel": _s(tunnel.DEADLINE),
}


def rows() -> list[dict[str, str]]:
    """Every row of every table, by the heads of its columns."""
    found: list[dict[str, str]] = []
    heads: list[str] = []
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|"):
            heads = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not heads:
            heads = cells
        elif set(cells[0]) != {"-"}:
            assert len(cells) == len(heads), line
            found.append(dict(zip(heads, cells, strict=True)))
    return found


def test_every_default_is_what_the_code_has() -> None:
    told = {row["limit"]: row["default"] for row in rows()}
    assert told.pop("connections at once") == "512"
    assert told == DEFAULTS
    assert _LIMITS.settled().connections in range(1, 513)
    assert _LIMITS.min_free == place.MIN_FREE
    assert edits._DELETED_AT_ONCE == retention.AT_ONCE
    assert not retention.Retention()


@pytest.mark.parametrize("flag", sorted({row["flag"] for row in rows() if row.get("flag")}))
def test_every_flag_is_an_option_and_a_setting(flag: str) -> None:
    match = re.fullmatch(r"`([a-z]+) (--[a-z-]+)`", flag)
    assert match is not None
    name, option = match.groups()
    assert name in COMMANDS
    command = inspector.get_command(click.Context(inspector), name)
    assert command is not None
    assert option in {text for parameter in command.params for text in parameter.opts}
    if flag == "`respond --file`":
        return  # a rule of the store, changed while it listens
    (setting,) = [setting for setting in SETTINGS if setting.option == f"{name} {option}"]
    assert setting.id == f"{name}.{option.removeprefix('--')}"


def test_the_setting_of_what_is_kept() -> None:
    for row in rows():
        if row.get("setting"):
            table, _, name = row["setting"].strip("`").partition(".")
            assert table == retention.SETTING
            assert retention.retention_from({name: 7}) == retention.Retention(**{name: 7})
    command = inspector.get_command(click.Context(inspector), "replay")
    assert command is replay.replay_command
    (timeout,) = [parameter for parameter in command.params if parameter.name == "timeout"]
    assert timeout.default == _TIMEOUTS["total_timeout"].default
