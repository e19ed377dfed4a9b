"""Power cuts: at every one of many moments, whatever the disk had made of the unsynced writes, nothing
acknowledged is lost.

The program's own writes and syncs are recorded (strace), and the disk is put together as it may be after a
cut. That the test can fail is shown by the same test on a store that is opened with ``synchronous=NORMAL``.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspector.store.writer import StoreWriter
from tests.e2e.disk import POLICIES, Disk, Step, read_log, recording, strace_works
from tests.e2e.load import ROOT, Capture, Load, check_whole, kill, stored_bodies
from tests.processes import until

pytestmark = pytest.mark.skipif(not strace_works(), reason="strace is missing, or may not trace")

CUTS = 30
"""Moments at which the power is cut, for each policy."""


@pytest.fixture
def images() -> Iterator[Path]:
    """A folder in memory, where there is such a thing: a sync there costs nothing."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def cut_everywhere(
    steps: list[Step], store: Path, acknowledged: list[set[bytes]], images: Path
) -> dict[str, list[str]]:
    """Cut the power at `CUTS` steps under each policy; returns what was wrong afterwards."""
    chance = random.Random(1)
    moments = set(chance.sample(range(1, len(steps)), CUTS))
    disk = Disk()
    wrong: dict[str, list[str]] = {policy: [] for policy in POLICIES}
    for at, step in enumerate(steps):
        if at in moments:
            for policy in POLICIES:
                folder = images / "image"
                folder.mkdir()
                for path, content in disk.after_a_cut(policy, chance):
                    (folder / Path(path).name).write_bytes(content)
                for complaint in what_is_wrong(folder / store.name, acknowledged[at]):
                    wrong[policy].append(f"step {at} ({step.call}): {complaint}")
                shutil.rmtree(folder)
        disk.apply(step)
    return wrong


def what_is_wrong(store: Path, acknowledged: set[bytes]) -> Iterator[str]:
    """Open a store as the program would after the power is back, and look."""
    StoreWriter(store).close()
    check_whole(store)
    found, _ = stored_bodies(store)
    if missing := acknowledged - found.keys():
        yield f"{len(missing)} of {len(acknowledged)} acknowledged events are lost"


def some_size(chance: random.Random) -> int:
    """Bodies that make a store of a few megabytes: with a checkpoint or two, and a body in pieces or two."""
    return chance.choices([300, 2_000, 9_000, 40_000, 1_100_000], [40, 40, 14, 5.5, 0.5])[0]


def test_no_acknowledged_event_is_lost_at_any_cut(tmp_path: Path, images: Path) -> None:
    store, log = tmp_path / "data" / "events.db", tmp_path / "calls"
    with Capture(store, under=recording(log)) as capture:
        load = Load(capture.port, "load", 6, some_size)
        assert until(lambda: load.acknowledged() >= 200, 30)
        told = load.stop()
        kill(capture.pid, 15)
        assert capture.wait() == 0
    assert set(told.statuses) == {200}
    names = {sender.local_port: [*sender.told.bodies] for sender in load.senders}
    steps = read_log(log, store.parent)
    acknowledged: list[set[bytes]] = []
    so_far: set[bytes] = set()
    for step in steps:
        if step.call == "answer" and step.data.startswith(b"HTTP/1.1 200"):
            # The answer counts from the moment when it begins to leave.
            so_far = so_far | {names[step.number].pop(0)}
        acknowledged.append(so_far)
    assert so_far == set(told.bodies)
    last = max(at for at, step in enumerate(steps) if step.call == "answer")
    folded = [step for step in steps[:last] if step.call == "write" and step.path == str(store)]
    assert len(folded) > 100, "no checkpoint was recorded before the last answer"

    wrong = cut_everywhere(steps, store, acknowledged, images)

    assert wrong == {policy: [] for policy in POLICIES}


_CARELESS = """
import os, sys
from pathlib import Path
from inspector.core.events import Request
from inspector.store.arrival import Arrival
from inspector.store.writer import StoreWriter, now

writer = StoreWriter(Path(sys.argv[1]))
writer.db.execute("PRAGMA synchronous = NORMAL")
for number in range(150):
    body = b"%d;" % number + bytes(number * 100)
    writer.begin()
    writer.store([Arrival(Request("POST", b"/", (), body), "test", *now())])
    writer.commit()
    os.write(1, b"%d;" % number)
writer.close()
"""


def test_the_same_test_finds_the_losses_of_a_careless_store(tmp_path: Path, images: Path) -> None:
    store, log = tmp_path / "data" / "events.db", tmp_path / "calls"
    subprocess.run(
        [*recording(log), sys.executable, "-c", _CARELESS, str(store)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    steps = read_log(log, store.parent)
    acknowledged: list[set[bytes]] = []
    so_far: set[bytes] = set()
    for step in steps:
        if step.call == "print":
            so_far = so_far | set(re.findall(rb"\d+;", step.data))
        acknowledged.append(so_far)
    assert len(so_far) == 150

    wrong = cut_everywhere(steps, store, acknowledged, images)

    assert len(wrong["drop"]) > CUTS / 2
    assert len(wrong["torn"]) > CUTS / 4
    assert wrong["keep"] == []
    with closing(StoreWriter(store)):
        check_whole(store)
