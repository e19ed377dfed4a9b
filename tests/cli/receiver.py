"""A receiver on 127.0.0.1, in a thread: it records the bytes of each request and answers by a list of statuses."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Receiver(socketserver.ThreadingTCPServer):
    """Answers the n-th request with the n-th status, further ones with the last."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, statuses: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.received: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.StreamRequestHandler):
    server: Receiver

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        body = self.rfile.read(int(length[1])) if length else b""
        number = len(self.server.received)
        self.server.received.append(head + body)
        status = self.server.statuses[min(number, len(self.server.statuses) - 1)]
        self.wfile.write(b"HTTP/1.1 %d Status\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok" % status)


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """A receiver for the time of a ``with`` block."""
    with Receiver(statuses or (200,)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
