"""A sender that posts so many events a second at set times, in a process of its own.

``paced.py PORT RATE SECONDS BODY`` prints the seconds to each answer as one JSON array.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

SENDERS = 8


async def _paced(port: int, rate: int, seconds: float, body: bytes) -> list[float]:
    times: list[float] = []
    start = time.perf_counter() + 0.1
    head = (
        b"POST /anchore HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )

    async def send(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(first, int(rate * seconds), SENDERS):
            await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
            began = time.perf_counter()
            writer.write(head + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"not acknowledged: {answer!r}")
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*[send(first) for first in range(SENDERS)])
    return times


def start(port: int, rate: int, seconds: float, body: Path) -> subprocess.Popen[bytes]:
    """Begin to send from another process; its output is the array."""
    words = [sys.executable, __file__, str(port), str(rate), f"{seconds:g}", str(body)]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


if __name__ == "__main__":
    print(
        json.dumps(
            asyncio.run(
                _paced(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]).read_bytes())
            )
        )
    )
