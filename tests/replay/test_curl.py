"""The curl command, run by real shells against a real receiver: it sends the request, and nothing else."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from shutil import which

import pytest

from inspector.core.events import InspectorError, Request
from inspector.core.redact import MASK
from inspector.replay.curl import as_curl
from tests.replay.receiver import recorder, request

needs_curl = pytest.mark.skipif(
    which("curl") is None, reason="runs the command with curl, which is not there"
)
SHELLS = [
    pytest.param(
        shell, marks=pytest.mark.skipif(which(shell) is None, reason=f"needs {shell}, which is not there")
    )
    for shell in ("bash", "dash", "zsh")
]

HOSTILE = [
    b"",
    b"{}",
    b'{"a": "b c", "d": [1, 2.50]}\n',
    b"@/etc/passwd",
    b"@-",
    b"<a",
    b"-n",
    b"--help",
    b"-",
    b"%s%d%%n%5$s",
    b"\\n\\x41\\101\\c\\0",
    b"'",
    b"''",
    b"'; touch owned; '",
    b'"; touch owned; "',
    b"$(touch owned)",
    b"`touch owned`",
    b"${HOME} $HOME ~ *",
    b"!! !$ !-1 a!b",
    b"a\nb",
    b"a\r\nb\r\n",
    b"\n",
    b"\n\n\n",
    b"\r",
    b"\x00",
    b"\x00\x00a\x00",
    b"a\x00'\x00$(touch owned)",
    b"\x1b]0;owned\x07\x1b[2J",
    b"\x80\x81\x82\x88\xff\xfe",
    "ünï — 日本 \u202e \U0001f600".encode(),
    MASK.encode(),
    b"\\012\\0123" + b"\x0a1" + b"\x0178",
    b"a=b&c=d;e|f>owned<g(h){i}[j]#k",
    b"# comment\ntouch owned\n",
    b"EOF\ntouch owned\nEOF",
    b"\\\n'\\''\"\\\"",
    b"\t \t",
    b" lead and trail ",
    bytes(range(256)),
    bytes(range(255, -1, -1)) * 3,
    b"?[1-3]{a,b}",
    b"a\\",
]


async def run(shell: str, command: str, folder: Path) -> None:
    """Run `command` in an empty folder, without the user's settings; nothing may appear in the folder."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        shell,
        "-c",
        command,
        cwd=folder,
        env=environment,
        stdout=-1,
        stderr=-1,
        stdin=asyncio.subprocess.DEVNULL,
    )
    _, narration = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, narration
    assert list(folder.iterdir()) == []


def without_host(head: bytes) -> tuple[bytes, list[bytes]]:
    line, *lines = head.split(b"\r\n")
    return line, [line for line in lines if not line.lower().startswith(b"host:")]


@needs_curl
@pytest.mark.parametrize("shell", SHELLS)
async def test_hostile_bodies_arrive_byte_for_byte(shell: str, tmp_path: Path) -> None:
    async with recorder() as (port, received):
        for body in HOSTILE:
            await run(shell, as_curl(Request("POST", b"/x", (), body), f"http://127.0.0.1:{port}"), tmp_path)
            head, _, arrived = received.pop().partition(b"\r\n\r\n")
            assert arrived == body
            assert without_host(head) == (
                b"POST /x HTTP/1.1",
                [b"Content-Length: %d" % len(body)] if body else [],
            )
        assert received == []


@needs_curl
@pytest.mark.parametrize("shell", SHELLS)
async def test_hostile_heads_arrive_as_they_were(shell: str, tmp_path: Path) -> None:
    headers = (
        (b"Host", b"h"),
        (b"user-AGENT", b'Some\'thing $(touch owned) `id` "q" \\ %s !! ~'),
        (b"X-A", b"1"),
        (b"Content-Type", b"text/x;\tcharset=\xe9\x80\x81\xff"),
        (b"x-a", b""),
        (b"Content-Length", b"3"),
        (b"Cookie", b"@/etc/passwd"),
        (b"X-A", b"\xc3\xbc!'"),
        (b"-H", b"--data @/etc/passwd"),
    )
    targets = [
        b"/",
        b"/a/../b//c/./?x=[1-3]&y={a,b}#z",
        b"/%00%2e'\"`$(touch%20owned)",
        b"/\xff\x80\x81'$`\\|<>^",
        b"*",
        b"/-o?@file;&&|!",
    ]
    async with recorder() as (port, received):
        for method in ("POST", "GET", "M-SEARCH", "-o", "it's", "delete"):
            for target in targets:
                sent = Request(method, target, headers, b"a\x00b")
                await run(shell, as_curl(sent, f"http://127.0.0.1:{port}", reveal=True), tmp_path)
                head, _, body = received.pop().partition(b"\r\n\r\n")
                line, lines = without_host(head)
                assert line == method.encode() + b" " + target + b" HTTP/1.1"
                assert lines == [n + b": " + v if v else n + b":" for n, v in headers if n != b"Host"]
                assert body == b"a\x00b"


@needs_curl
@pytest.mark.parametrize("shell", SHELLS)
async def test_random_bodies_arrive_byte_for_byte(shell: str, tmp_path: Path) -> None:
    chance = random.Random(4)
    async with recorder() as (port, received):
        for _ in range(25):
            alphabet = chance.choice([bytes(range(256)), b"'\\\"$`!%@-\n\r\x00 ab01"])
            body = bytes(chance.choices(alphabet, k=chance.randrange(1, 400)))
            await run(shell, as_curl(request(body=body), f"http://127.0.0.1:{port}"), tmp_path)
            assert received.pop().partition(b"\r\n\r\n")[2] == body


@needs_curl
async def test_a_head_request_and_http_1_0(tmp_path: Path) -> None:
    async with recorder() as (port, received):
        base = f"http://127.0.0.1:{port}/there"
        await run("sh", as_curl(Request("HEAD", b"/x?y", ()), base), tmp_path)
        assert without_host(received.pop()[:-4]) == (b"HEAD /there?y HTTP/1.1", [])
        await run("sh", as_curl(Request("GET", b"/x", (), version="1.0"), base), tmp_path)
        assert without_host(received.pop()[:-4]) == (b"GET /there HTTP/1.0", [])


def test_the_command_is_one_line_of_printable_ascii() -> None:
    for body in HOSTILE:
        for reveal in (True, False):
            command = as_curl(
                request(body=body, headers=((b"A", body.translate(None, b"\r\n\0")),)),
                "http://h",
                reveal=reveal,
            )
            assert command.replace(MASK, "").isascii()
            assert command.isprintable()


def test_secrets_are_masked_unless_revealed() -> None:
    secret = Request(
        "POST",
        b"/a?token=canary&b=c",
        ((b"Authorization", b"Bearer canary"), (b"X-Hub-Signature", b"canary")),
        b'{"api_key": "canary", "n": 1.0}',
    )
    masked = as_curl(secret, "http://localhost:3000")
    assert "canary" not in masked
    assert masked.count(MASK) == 4
    assert masked.startswith(
        f"""printf '{{"api_key": "{MASK}", "n": 1.0}}' | curl -g --path-as-is -X POST """
    )
    assert f"-H 'Authorization: {MASK}'" in masked
    assert as_curl(secret, "http://localhost:3000", reveal=True).count("canary") == 4


def test_an_ordinary_request_reads_well() -> None:
    assert as_curl(
        request(
            headers=(
                (b"Host", b"h"),
                (b"User-Agent", b"a/1"),
                (b"Accept", b"*/*"),
                (b"Content-Type", b"text/plain"),
            )
        ),
        "https://localhost:3000",
    ) == (
        "printf '{}' | curl -g --path-as-is --http1.1 -X POST -H 'Expect:' -H 'User-Agent: a/1' "
        "-H 'Accept: */*' -H 'Content-Type: text/plain' -H 'Content-Length: 2' --data-binary @- 'https://localhost:3000/hooks?x=1'"
    )


@pytest.mark.parametrize("name", [b"@file", b"a;b"])
def test_a_name_that_curl_takes_otherwise_is_refused(name: bytes) -> None:
    with pytest.raises(InspectorError, match="curl cannot send"):
        as_curl(request(headers=((name, b"1"),)), "http://h")
