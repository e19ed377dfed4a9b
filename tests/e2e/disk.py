"""What a disk may hold after a power cut, worked out from a recording (strace) of a program's writes and
syncs.

A file's bytes are safe once a sync of that file has returned, a name in a folder once a sync of the folder
has. All else is a matter of luck, which a policy stands for: ``drop`` (nothing of it arrived), ``torn``
(some of it, sector by sector, in any order) and ``keep`` (all of it).
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
POLICIES = ("drop", "torn", "keep")
_CALLS = (
    "openat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,truncate,unlink,unlinkat,"
    "rename,renameat,renameat2,sendto,sendmsg"
)
_LINE = re.compile(rb"(\d+) +(<\.\.\. )?(\w+)[( ](.*)", re.DOTALL)
_HEX = re.compile(rb"(?:\\x[0-9a-f]{2})+")
_TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_OPENED = re.compile(rb"<((?:\\x[0-9a-f]{2})+)>")
_PEER = re.compile(rb"<TCP(?:v6)?:\[.*->.*:(\d+)\]>")


def strace_works() -> bool:
    """True when strace is there and may trace."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def recording(log: Path) -> list[str]:
    """The words to put before a command, so that it is recorded into `log`."""
    words = f"strace -f -qq --seccomp-bpf -yy -xx -s 8000000 -e trace={_CALLS} -e signal=none"
    return [*words.split(), "-o", str(log)]


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded call, at the moment when it counts: a sync when it returns, all else when it begins."""

    call: str
    path: str = ""
    data: bytes = b""
    number: int = 0
    """Offset of a write, new size of a truncation, remote port of an answer."""


def read_log(log: Path, folder: Path) -> list[Step]:
    """The calls that touch `folder` (but not the ``-shm``, which is memory), and what was sent or printed."""
    found: list[Step] = []
    inside = _hex(str(folder))
    unfinished: dict[bytes, Step] = {}
    with log.open("rb") as lines:
        for line in lines:
            if inside not in line and b"<TCP" not in line and b"(1<" not in line and b"resumed>" not in line:
                continue
            match = _LINE.match(line)
            if match is None:
                continue
            thread, resumed, call, rest = match.groups()
            if resumed:
                step = unfinished.pop(thread, None)
                assert step is None or rest.rstrip().endswith(b"= 0"), line
            else:
                step = _step(call.decode(), rest, inside)
                if step is not None and step.call == "sync" and rest.rstrip().endswith(b"<unfinished ...>"):
                    unfinished[thread] = step
                    continue
            if step is not None:
                found.append(step)
    return found


def _hex(text: str) -> bytes:
    return "".join(f"\\x{byte:02x}" for byte in text.encode()).encode()


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


def _step(call: str, rest: bytes, inside: bytes) -> Step | None:
    texts = _TEXT.findall(rest)
    assert not any(cut for _, cut in texts), "the recording is cut off"
    if call in ("sendto", "sendmsg", "writev") and (peer := _PEER.search(rest)):
        return Step("answer", data=_bytes(texts[0][0]), number=int(peer[1]))
    if call == "write" and rest.startswith(b"1<"):
        return Step("print", data=_bytes(texts[0][0]))
    if inside not in rest or b"-1 E" in rest[-60:]:
        return None
    opened = _OPENED.search(rest)
    path = _bytes(opened[1]).decode() if opened is not None else ""
    if call == "openat":
        made = _bytes(texts[0][0]).decode()
        if b"O_CREAT" not in rest or made.endswith("-shm"):
            return None
        assert b"O_TRUNC" not in rest
        return Step("create", made)
    if call == "unlink":
        return Step("unlink", _bytes(texts[0][0]).decode())
    if path.endswith("-shm"):
        return None
    if call in ("fsync", "fdatasync"):
        return Step("sync", path)
    if call == "pwrite64":
        return Step("write", path, _bytes(texts[0][0]), _last_number(rest))
    if call == "ftruncate":
        return Step("truncate", path, number=_last_number(rest))
    raise AssertionError(f"{call} is not understood: {rest[:200]!r}")


def _last_number(rest: bytes) -> int:
    """The last argument of a call, in hexadecimal or not."""
    found = re.search(rb", (0x[0-9a-f]+|\d+)(?:\) += \d+| <unfinished \.\.\.>)\n$", rest)
    assert found is not None, rest[-100:]
    return int(found[1], 0)


@dataclass
class _File:
    safe: bytearray = field(default_factory=bytearray)
    waiting: list[Step] = field(default_factory=list)
    """Writes and truncations since the last sync."""


class Disk:
    """A folder as the program sees it, and what of it would survive."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}
        self._safe_names: dict[str, _File] = {}
        self._moves: list[tuple[str, str, _File]] = []
        """Names made and removed since the last sync of the folder."""

    def apply(self, step: Step) -> None:
        """Take one step."""
        if step.call == "create":
            if step.path not in self._names:
                self._names[step.path] = _File()
                self._moves.append(("create", step.path, self._names[step.path]))
        elif step.call == "unlink":
            if step.path in self._names:
                self._moves.append(("unlink", step.path, self._names.pop(step.path)))
        elif step.call in ("write", "truncate"):
            self._names[step.path].waiting.append(step)
        elif step.call == "sync":
            file = self._names.get(step.path)
            if file is None:
                self._safe_names = _moved(self._safe_names, self._moves)
                self._moves = []
            else:
                for waiting in file.waiting:
                    _write(file.safe, waiting)
                file.waiting = []

    def after_a_cut(self, policy: str, chance: random.Random) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of the files that are there when the power comes back."""
        kept = {"drop": 0, "keep": len(self._moves), "torn": chance.randint(0, len(self._moves))}[policy]
        for path, file in _moved(self._safe_names, self._moves[:kept]).items():
            content = bytearray(file.safe)
            luck = {"drop": 0.0, "keep": 1.0, "torn": chance.random()}[policy]
            for step in file.waiting if luck else ():
                if luck == 1.0:
                    _write(content, step)
                elif step.call == "truncate":
                    if chance.random() < luck:
                        _write(content, step)
                else:
                    for part in _sectors(step):
                        if chance.random() < luck:
                            _write(content, part)
            yield path, bytes(content)


def _moved(names: dict[str, _File], moves: list[tuple[str, str, _File]]) -> dict[str, _File]:
    names = dict(names)
    for what, path, file in moves:
        if what == "create":
            names[path] = file
        else:
            names.pop(path, None)
    return names


def _write(content: bytearray, step: Step) -> None:
    if step.call == "truncate":
        del content[step.number :]
        content.extend(bytes(step.number - len(content)))
        return
    content.extend(bytes(max(0, step.number - len(content))))
    content[step.number : step.number + len(step.data)] = step.data


def _sectors(step: Step) -> Iterator[Step]:
    at = 0
    while at < len(step.data):
        length = SECTOR - (step.number + at) % SECTOR
        yield Step("write", step.path, step.data[at : at + length], step.number + at)
        at += length
