"""A real receiver for replays: takes every request on a loopback socket and keeps its raw bytes."""

from __future__ import annotations

import re
import socket
import threading
from types import TracebackType


class Receiver:
    """Answers every request with `answer` and keeps what came in `requests` (head and body, raw)."""

    def __init__(
        self, answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    ) -> None:
        self.answer = answer
        self.requests: list[tuple[bytes, bytes]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                data = b""
                while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
                    data += more
                head, _, body = data.partition(b"\r\n\r\n")
                length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
                while length is not None and len(body) < int(length[1]) and (more := connection.recv(65536)):
                    body += more
                self.requests.append((head, body))
                connection.sendall(self.answer)

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
