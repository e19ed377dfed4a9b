"""What the capture process says: lines for scripts on stdout, narration on stderr, the log beside the store.

A screen's child has nobody who reads its stdout and stderr: it says its first line, and the rest to the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from typing import Any

from inspector.capture.child import open_log
from inspector.capture.narrate import Narrator
from inspector.capture.options import ListenOptions
from inspector.core import units
from inspector.core.text import for_output, visible


class Output:
    """The voice of one capture process."""

    def __init__(self, options: ListenOptions, *, read: bool) -> None:
        """`read`: somebody may read stdout and stderr."""
        self._options = options
        self._out = Narrator(1) if read else None
        self._err = Narrator(2) if read else None
        self.wants_events = read and not options.quiet
        """Whether a line for each event is wanted."""

    def say(self, lines: list[str]) -> None:
        """Print lines on stdout, if anybody may read them."""
        if self._out is not None:
            for line in lines:
                self._out.say(line)

    def say_json(self, kind: str, values: dict[str, Any]) -> None:
        """One line with an object, for those who asked for JSON."""
        if self._options.as_json:
            self.say([json.dumps({"kind": kind, **values})])

    def announce(
        self, url: str, port: int, certificate: str | None, loopback: bool, beside: str | None
    ) -> None:
        """Say where it listens, whether that is `loopback` only, and who else is there for ``localhost``; a screen's
        child talks to its log from then on."""
        options = self._options
        line = json.dumps(
            {
                "kind": "listening",
                "url": url,
                "store": str(options.store),
                "pid": os.getpid(),
                "port": port,
                "host": options.host,
                "certificate": certificate,
            }
        )
        if self._out is None or self._err is None:
            print(line, flush=True)
            self._log_to_file()
            return
        if not loopback:
            self._err.say(
                f"inspector: warning: {visible(options.host)} can be reached from other machines. "
                "Whoever reaches it can send events; nothing can be read through it."
            )
        if beside is not None:
            self._err.say(
                f"inspector: warning: {visible(beside)} listens on [::1], port {port}. Senders that are given "
                f"localhost may reach that one: give them {url}."
            )
        if options.as_json:
            self._out.say(line)
        else:
            self._err.say(f"Listening on {url}   store {for_output(str(options.store), sys.stderr)}")
            for line in self._guards(certificate):
                self._err.say(line)
            self._err.say("Press ctrl+c to stop.")

    def _guards(self, certificate: str | None) -> list[str]:
        """What senders have to know of TLS, credentials and signatures, a line each."""
        options, found = self._options, []
        if options.tls == "self-signed":
            path = visible(str(certificate))
            found.append(
                f"The certificate is our own: {path}. Senders trust it when they are given that file"
            )
            found.append(
                "(curl --cacert FILE). In Anchore, add it to the trusted certificates, or set verify_tls"
            )
            found.append("of the webhook to false.")
        if options.credentials is not None:
            found.append(
                "Senders without the right user name and password get 401; their events are labelled."
            )
        if options.secrets:
            found.append(f"Signatures are checked: {', '.join(sorted(options.secrets))}.")
        return found

    def _log_to_file(self) -> None:
        """A screen's child talks to its log from now on: the pipes it was started with have no reader."""
        descriptor = open_log(self._options.store)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)

    def close(self, stored: int) -> None:
        """Say how many events were stored, and end the narration."""
        if self._out is None or self._err is None:
            return
        self._out.close()
        if self._out.lost:
            self._err.say(
                f"inspector: {units.count(self._out.lost, 'line')} not printed: "
                "the reader was too slow or gone. The events are in the store."
            )
        if not self._options.as_json:
            self._err.say(f"Stopped listening. {units.count(stored, 'event')} stored in this run.")
        self._err.close(0.5)

    def log(self, text: str) -> None:
        """One line of narration on stderr (the log file, for a screen's child)."""
        line = _stamped(text)
        if self._err is not None:
            self._err.say(line)
            return
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)

    def log_beside(self, text: str) -> None:
        """Narrate, and in any case into the file beside the store, where screens look while it fails."""
        self.log(text)
        if self._err is not None:
            with contextlib.suppress(OSError):
                descriptor = open_log(self._options.store)
                try:
                    os.write(descriptor, f"{_stamped(text)}\n".encode())
                finally:
                    os.close(descriptor)

    def catch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take what the event loop and the standard library have to say, without tracebacks."""
        loop.set_exception_handler(self._unexpected)
        logging.getLogger("asyncio").addHandler(_LogLines(self.log))
        logging.getLogger("asyncio").propagate = False

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.log(f"{context.get('message')}{f' ({type(error).__name__}: {error})' if error else ''}")


def _stamped(text: str) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {visible(text)}"


class _LogLines(logging.Handler):
    """Turns log records of the standard library into our one-line log, without tracebacks, at most one a
    second."""

    def __init__(self, log: Any) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._last = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() - self._last >= 1.0:
            self._last = time.monotonic()
            self._log(record.getMessage().splitlines()[0])
