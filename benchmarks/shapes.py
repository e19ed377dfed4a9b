"""Learning shapes beside genson, in one run; the size of what is learnt; the catalogue at a million events.

* learning: payloads of every type, parsed before, each many times over. genson builds a schema of each type.
  We learn its type shape with presence and the first and last event of every field, and collect examples from
  the first and the last event of each variant, as the program does. Rounds alternate, the result is the ratio
  of the medians (more is better for us). The same, four times over and once, for the public corpus
  ``@octokit/webhooks-examples`` where its ``index.json`` is named by INSPECTOR_OCTOKIT.
* map-like events: 2,000 events whose objects are keyed by digests and by user names; the bytes of JSON Schema
  of both.
* stored events: opening the store, listing the types and diffing two of them, with 1,000 and with 1,000,000
  events; the same for a diff with the last 1,000 events, which the store finds by their time. A filter on
  anything else (``user.*@level:info``) has to look at every event between the first and the last of its types,
  and a filter on headers or values reads them: that time grows with the events, so it is given for one event.
  The large store is the small one with its rows repeated, without bodies; it is made once and cached in
  ``.bench-cache``.

Needs the ``bench`` extra. Run: ``make bench`` or ``python benchmarks/shapes.py [--rounds N] [--events N]``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".bench-cache"
sys.path.insert(0, str(ROOT))

from inspector.core.diff import diff  # noqa: E402
from inspector.core.events import Request, rfc3339  # noqa: E402
from inspector.core.examples import collect_examples  # noqa: E402
from inspector.core.export.json_schema import json_schema  # noqa: E402
from inspector.core.export.learnt import Learnt  # noqa: E402
from inspector.core.identify import identify_request  # noqa: E402
from inspector.core.payload import parse  # noqa: E402
from inspector.core.type_shape import learn  # noqa: E402
from inspector.store.arrival import Arrival  # noqa: E402
from inspector.store.files import read_payload_file  # noqa: E402
from inspector.store.reader import Reader  # noqa: E402
from inspector.store.sides import resolve_side  # noqa: E402
from inspector.store.writer import StoreWriter  # noqa: E402

FEW = 1_000
SPACED_US = 1_000_000
Payloads = dict[str, list[Any]]


def sample_requests() -> list[Request]:
    files = (ROOT / "sample_payloads").rglob("*.*")
    return [read_payload_file(file) for file in sorted(files) if file.suffix in (".json", ".http")]


def sample_payloads() -> Payloads:
    found: Payloads = {}
    for request in sample_requests():
        name = identify_request(request).identity.type
        found.setdefault(name or "", []).append(parse(request.body))
    return found


def octokit() -> Payloads:
    """The public corpus by event, or nothing."""
    path = os.environ.get("INSPECTOR_OCTOKIT")
    if not path:
        return {}
    return {each["name"]: each["examples"] for each in json.loads(Path(path).read_bytes())}


def learn_ours(types: Payloads) -> int:
    fields = 0
    for payloads in types.values():
        shape = learn(payloads)
        shown = {number for variant in shape.variants for number in (variant.first_event, variant.last_event)}
        examples = collect_examples((payloads[number - 1] for number in sorted(shown)), shape.merged)
        fields += sum(field.present > 0 for field in shape.fields) + (not examples)
    return fields


def learn_genson(types: Payloads) -> int:
    from genson import SchemaBuilder

    size = 0
    for payloads in types.values():
        builder = SchemaBuilder()
        for payload in payloads:
            builder.add_object(payload)
        size += len(builder.to_schema())
    return size


def seconds(work: Callable[[Payloads], int], types: Payloads) -> float:
    """Processor time, so that what else the machine does counts for neither."""
    started = time.process_time()
    work(types)
    return time.process_time() - started


def compare(name: str, types: Payloads, repeat: int, rounds: int) -> float:
    """Events a second of both, printed; the ratio of ours to genson's."""
    repeated = {kind: payloads * repeat for kind, payloads in types.items()}
    number = sum(map(len, repeated.values()))
    learn_ours(types), learn_genson(types)
    figures: dict[str, list[float]] = {"inspector": [], "genson": []}
    for _ in range(rounds):
        figures["inspector"].append(number / seconds(learn_ours, repeated))
        figures["genson"].append(number / seconds(learn_genson, repeated))
    medians = {who: statistics.median(found) for who, found in figures.items()}
    for who, found in figures.items():
        print(
            f"{name:13} {who:10} {medians[who]:9,.0f} events/s "
            f"({min(found):,.0f} to {max(found):,.0f}), {number:,} events"
        )
    return medians["inspector"] / medians["genson"]


def schema_sizes() -> tuple[int, int]:
    """Bytes of JSON Schema of 2,000 map-like events: ours, genson's."""
    from genson import SchemaBuilder

    chance = random.Random(5)
    payloads = [
        {
            "type": "bench.scan",
            "result": {
                f"sha256:{chance.getrandbits(256):064x}": {"size": 1, "layers": ["x"]} for _ in range(3)
            },
            "users": {f"user{chance.randrange(10**6)}": {"role": "x", "since": None} for _ in range(3)},
        }
        for _ in range(2_000)
    ]
    builder = SchemaBuilder()
    for payload in payloads:
        builder.add_object(payload)
    ours = json_schema([Learnt("bench.scan", None, learn(payloads))], "bench.scan")
    return len(json.dumps(ours)), len(builder.to_json())


_brought_up: set[Path] = set()


def store_of(events: int) -> Path:
    """A store with so many events of the sample types, made once."""
    path = CACHE / f"shapes-{events}-v2.db"
    if path.exists():
        if path not in _brought_up:
            StoreWriter(path).close()  # brings one of an older program up to date
            _brought_up.add(path)
        return path
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    requests = sample_requests()
    writer = StoreWriter(part)
    writer.begin()
    for number in range(FEW):
        writer.add(
            [Arrival(requests[number % len(requests)], "127.0.0.1:50000", number * SPACED_US, number)],
            identify_all=True,
        )
    writer.commit()
    writer.close()
    if events > FEW:
        _repeat_rows(part, events // FEW)
    part.rename(path)
    return path


def _repeat_rows(path: Path, times: int) -> None:
    db = sqlite3.connect(path)
    names = [row[1] for row in db.execute("PRAGMA table_info(event)") if row[1] not in ("id", "received_us")]
    columns = ", ".join(names)
    copies = f"WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {times - 1}) "
    db.execute(
        f"{copies}INSERT INTO event (id, received_us, {columns}) SELECT id + k * {FEW}, "
        f"received_us + k * {FEW * SPACED_US}, {columns} FROM n, event WHERE id <= {FEW}"
    )
    db.execute(
        f"{copies}INSERT INTO request (event, version, headers, body, sha256) "
        f"SELECT event + k * {FEW}, version, x'', x'', x'' FROM n, request WHERE event <= {FEW}"
    )
    db.execute(f"UPDATE shape SET count = count * {times}, last_event = last_event + {FEW * (times - 1)}")
    db.execute(
        f"UPDATE total SET events = events * {times}, bytes = bytes * {times}, last_id = last_id * {times}, "
        "latest_us = (SELECT max(received_us) FROM event)"
    )
    db.commit()
    db.close()


def catalogue(path: Path) -> int:
    """Open a store, list its types with counts, and diff two of them."""
    with Reader(path) as reader:
        types = reader.types()
        one = resolve_side(reader, "user.image.analysis.processing")
        other = resolve_side(reader, "user.image.analysis.completed")
        return len(types) + len(diff(one.shape, other.shape))


COMPLETED = "user.image.analysis.completed"


def lately(path: Path) -> int:
    """A diff of a type with its events among the last `FEW`, found by their time."""
    with Reader(path) as reader:
        since = rfc3339((reader.last_id() - FEW) * SPACED_US)
        one, other = resolve_side(reader, COMPLETED), resolve_side(reader, f"{COMPLETED}@since:{since}")
        return other.events + len(diff(one.shape, other.shape))


def by_field(path: Path) -> int:
    """A diff of the events of some types at two levels: each has to be looked at."""
    with Reader(path) as reader:
        one, other = resolve_side(reader, "user.*@level:info"), resolve_side(reader, "user.*@-level:info")
        return len(diff(one.shape, other.shape))


def at_size(work: Callable[[Path], int], events: int, rounds: int) -> tuple[float, float]:
    """Processor milliseconds of some work with `FEW` and with so many events, medians of alternating rounds."""
    few, many = store_of(FEW), store_of(events)
    figures: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for path, found in zip((few, many), figures, strict=True):
            started = time.process_time()
            work(path)
            if number:  # the first fills the caches
                found.append((time.process_time() - started) * 1000)
    return statistics.median(figures[0]), statistics.median(figures[1])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    try:
        import genson  # noqa: F401
    except ImportError:
        print("genson is missing; install the bench extra", file=sys.stderr)
        return 2
    found = {"ratio_to_genson": f"{compare('samples', sample_payloads(), 100, options.rounds):.2f}"}
    corpus = octokit()
    if corpus:
        found["octokit_ratio"] = f"{compare('octokit', corpus, 4, options.rounds):.2f}"
        found["octokit_once_ratio"] = f"{compare('octokit, once', corpus, 1, options.rounds):.2f}"
    ours, theirs = schema_sizes()
    print(f"map-like events: schema of {ours:,} bytes, genson's {theirs:,}")
    found["schema_bytes_ratio"] = f"{ours / theirs:.5f}"
    for name, words, work, rounds in (
        ("catalogue", "types and a diff", catalogue, 3 * options.rounds),
        ("lately", f"a diff with the last {FEW:,} events", lately, 3 * options.rounds),
        ("by_field", "a diff of two filters on fields, all events read", by_field, 3),
    ):
        few, many = at_size(work, options.events, rounds)
        print(f"{words}: {few:.1f} ms with {FEW:,} events, {many:.1f} ms with {options.events:,}")
        found[f"{name}_ratio"] = f"{many / few:.2f}"
        found[f"{name}_us_an_event"] = f"{1000 * (many - few) / options.events:.3f}"
    print("shapes", *(f"{name}={value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
