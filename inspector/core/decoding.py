"""Content-Encoding taken off a body, with bounds: a hostile body cannot become more than the limit allows.

`decode` follows the header's chain backwards: gzip, deflate, br, zstd, identity. Nothing raises: what
cannot be read is left as it came or where it broke, and a note in words says so. zstd and brotli are
imported when needed.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from inspector.core import units
from inspector.core.text import visible

LIMIT_OUT: Final = 32 * 1024 * 1024
"""Bytes a body may decode to; what comes after is cut."""
MAX_MEMBERS: Final = 1024
"""gzip members or zstd frames in one body."""
_MAX_CHAIN = 8
_CHUNK = 65_536
_ZSTD_WINDOW = 25


class Decoded(NamedTuple):
    """What a body is without its Content-Encoding."""

    data: bytes
    notes: tuple[str, ...]


class _Engine(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Brotli:
    """A brotli decompressor with the interface of those of the standard library."""

    def __init__(self) -> None:
        import brotli

        self._inner: Any = brotli.Decompressor()
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = bytearray(self._inner.process(data, output_buffer_limit=max_length))
        while (
            len(out) < max_length and not self._inner.can_accept_more_data() and not self._inner.is_finished()
        ):
            out += self._inner.process(b"", output_buffer_limit=max_length - len(out))
        self.eof = self._inner.is_finished()
        return bytes(out)


def _zstd() -> _Engine:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW})


def _gzip() -> _Engine:
    return zlib.decompressobj(wbits=31)


def _deflate() -> _Engine:
    return zlib.decompressobj(wbits=15)


def _raw_deflate() -> _Engine:
    return zlib.decompressobj(wbits=-15)


_ENGINES: Final[dict[str, tuple[tuple[Callable[[], _Engine], ...], bool]]] = {
    "gzip": ((_gzip,), True),
    "x-gzip": ((_gzip,), True),
    "deflate": ((_deflate, _raw_deflate), False),
    "br": ((_Brotli,), False),
    "zstd": ((_zstd,), True),
}
"""Per coding: what reads it, tried in turn, and whether several members may follow each other."""


def decode(body: bytes, encodings: list[str], limit: int = LIMIT_OUT, members: int = MAX_MEMBERS) -> Decoded:
    """The body without the codings named, last applied first taken off; notes tell what was done."""
    names = [name for name in (one.strip().lower() for one in encodings) if name not in ("", "identity")]
    if not names or not body:
        return Decoded(body, ())
    if len(names) > _MAX_CHAIN:
        return Decoded(body, (f"Content-Encoding names {len(names)} codings. Shown as it came.",))
    data = body
    notes: list[str] = []
    for name in reversed(names):
        if name not in _ENGINES:
            notes.append(
                f"Content-Encoding says {visible(name[:40])}, which is not known here. Shown as it came."
            )
            break
        before = len(data)
        found = _best(data, name, limit, members)
        if found is None:
            notes.append(f"Content-Encoding says {name}, the bytes are not. Shown as they came.")
            break
        data = found.data
        how = "gunzipped from" if name.endswith("gzip") else f"{name}, decoded from"
        notes.append(f"{how} {units.size(before)}")
        notes.extend(found.notes)
    return Decoded(data, tuple(notes))


def _best(data: bytes, name: str, limit: int, members: int) -> Decoded | None:
    makers, many = _ENGINES[name]
    for make in makers:
        found = _read(data, make, name, limit, members if many else 1)
        if found is not None:
            return found
    return None


def _read(data: bytes, make: Callable[[], _Engine], name: str, limit: int, members: int) -> Decoded | None:
    """All members of compressed data, or None when the first bytes already are not of this coding."""
    out = bytearray()
    position = 0
    for member in range(members):
        try:
            engine = make()
            while not engine.eof:
                chunk = data[position : position + _CHUNK]
                if not chunk and not out:
                    return None
                if not chunk:
                    return Decoded(bytes(out), (f"The {name} data ends early; this is what could be read.",))
                position += len(chunk)
                out += engine.decompress(chunk, limit + 1 - len(out))
                if len(out) > limit:
                    cut = f"It decodes to more than {limit / 1024 / 1024:,.0f} MiB; the rest is not shown."
                    return Decoded(bytes(out[:limit]), (cut,))
        except Exception as error:
            # Each library has an error class of its own, and the lazily imported ones cannot be named here.
            if isinstance(error, ImportError):
                return Decoded(data, (f"Reading {name} needs a library that is not installed.",))
            if not out:
                return None
            if member and not engine.eof and position <= len(data):
                return Decoded(bytes(out), (f"What follows the {name} data is no {name}; it is not shown.",))
            return Decoded(bytes(out), (f"The {name} data is damaged; this is what could be read.",))
        position -= len(engine.unused_data)
        if position >= len(data) or not data[position:].strip(b"\0"):
            return Decoded(bytes(out), ())
    if members == 1:
        return Decoded(bytes(out), (f"What follows the {name} data is not shown.",))
    return Decoded(bytes(out), (f"More than {members:,} {name} members; the rest is not shown.",))
