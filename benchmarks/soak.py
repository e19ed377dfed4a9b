"""A long load on a listener without a screen: does its memory grow, do its answers slow down, is anything lost?

The listener runs as users start it. Senders keep connections open and post Anchore events of many types, each with an
id of its own and now and then with a key that was never seen. Memory (RSS) is that of the capture process and of the
process that writes its store, without the pages of the store that the system keeps for the latter in memory.

Growth is counted between a fifth of the events and all of them: of 1,000,000, from event 200,000 on. The run ends
after `--events` or after `--seconds`, whichever comes first; the figures are then of what there was.

Run: ``python benchmarks/soak.py [--events 1000000] [--seconds 600] [--senders 16]``. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
SAMPLE_S = 0.5


class Load:
    """Senders of one run, and what they were told."""

    def __init__(self, port: int, events: int, senders: int, end: float) -> None:
        self.port = port
        self.left = events
        self.senders = senders
        self.end = end
        self.acknowledged = 0
        self.refused = 0
        self.times: list[list[float]] = [[] for _ in range(10)]
        """Seconds to each answer, one list for each tenth of the events."""
        self._tenth = max(1, events // 10)
        self._samples = [
            json.loads(file.read_bytes())
            for file in sorted((ROOT / "sample_payloads/anchore").glob("*.json"))
        ]

    async def run(self) -> None:
        """Post until the events or the time are used up."""
        await asyncio.gather(*[self._send(random.Random(number)) for number in range(self.senders)])

    async def _send(self, chance: random.Random) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while self.left > 0 and time.monotonic() < self.end:
            self.left -= 1
            payload = {**chance.choice(self._samples), "id": f"{chance.getrandbits(128):032x}"}
            if chance.randrange(50) == 0:
                payload["labels"] = {f"{chance.getrandbits(64):016x}": "x"}
            body = json.dumps(payload).encode()
            began = time.monotonic()
            writer.write(
                b"POST /anchore HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            if head.split(None, 2)[1] == b"200":
                self.acknowledged += 1
            else:
                self.refused += 1
            done = self.acknowledged + self.refused
            self.times[min(9, (done - 1) // self._tenth)].append(time.monotonic() - began)
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()


def memory(process: int) -> float:
    """Memory of a process that is its own, in MB: without files that the system has mapped for it."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def writing_process(parent: int) -> int:
    """The child that writes the store."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if b"commit_process" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise SystemExit("the listener has no process that writes its store")


async def watch(load: Load, processes: list[int], figures: list[tuple[int, float]]) -> None:
    """Note the memory again and again, with the events that have come so far; say a word now and then."""
    told = time.monotonic()
    while True:
        await asyncio.sleep(SAMPLE_S)
        done = load.acknowledged + load.refused
        figures.append((done, sum(map(memory, processes))))
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"{done:>10,} events   {figures[-1][1]:6.1f} MB", flush=True)


def percentile(times: list[float]) -> float:
    """The 99th, in milliseconds."""
    return sorted(times)[int(len(times) * 0.99)] * 1000 if times else 0.0


async def soak(port: int, process: int, options: argparse.Namespace) -> tuple[Load, float, float, float]:
    """Run the load; returns it with seconds, growth and peak of memory in MB."""
    load = Load(port, options.events, options.senders, time.monotonic() + options.seconds)
    figures: list[tuple[int, float]] = []
    watching = asyncio.create_task(watch(load, [process, writing_process(process)], figures))
    began = time.monotonic()
    await load.run()
    seconds = time.monotonic() - began
    watching.cancel()
    done = load.acknowledged + load.refused
    later = [size for count, size in figures if count >= done / 5]
    first, last = later[: max(1, len(later) // 20)], later[-max(1, len(later) // 20) :]
    growth = sum(last) / len(last) - sum(first) / len(first) if later else 0.0
    return load, seconds, growth, max((size for _, size in figures), default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--senders", type=int, default=16)
    options = parser.parse_args()
    if not Path("/proc/self/status").exists():
        print("memory is read from /proc, which this system does not have", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "events.db"
        words = ["-m", "inspector", "--store", str(store), "listen", "--port", "0", "--json"]
        with (Path(folder) / "lines").open("wb") as lines:
            listener = subprocess.Popen([sys.executable, *words], stdout=lines, cwd=ROOT)
        try:
            first = b""
            while not first.endswith(b"\n"):
                if listener.poll() is not None:
                    raise SystemExit("the listener did not start")
                time.sleep(0.02)
                with (Path(folder) / "lines").open("rb") as reading:
                    first = reading.readline()
            load, seconds, growth, peak = asyncio.run(soak(json.loads(first)["port"], listener.pid, options))
        finally:
            listener.send_signal(signal.SIGTERM)
            listener.wait(20)
        db = sqlite3.connect(store)
        stored = db.execute("SELECT count(*) FROM event").fetchone()[0]
        db.close()
    early, late = percentile(load.times[0]), percentile(next((some for some in load.times[::-1] if some), []))
    print(
        f"soak events={load.acknowledged} lost={max(0, load.acknowledged - stored)} refused={load.refused} "
        f"seconds={seconds:.0f} per_second={load.acknowledged / seconds:.0f} growth_mb={growth:.1f} "
        f"peak_mb={peak:.1f} p99_ms={percentile([one for some in load.times for one in some]):.1f} "
        f"p99_first_ms={early:.1f} p99_last_ms={late:.1f}"
    )
    return 0 if stored >= load.acknowledged and not load.refused else 1


if __name__ == "__main__":
    sys.exit(main())
