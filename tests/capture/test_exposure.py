"""What someone who can reach the listener gets out of it: nothing. And what the user is told of who reached
it."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from itertools import product
from pathlib import Path

import pytest

from inspector.capture.limits import FLAGS, Limits, read_limits
from inspector.core.events import InspectorError
from inspector.store.reader import Reader
from tests.capture import stand_in_ngrok
from tests.capture.conftest import CaptureProcess, captured

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X-READ")
PATHS = (
    *("/", "/events", "/api/events/1", "/requests", "/settings", "/admin", "/health", "/metrics", "/debug"),
    *("/favicon.ico", "/robots.txt", "/.git/config", "/events.db", "/../../events.db", "/%2e%2e/events.db"),
    *("/static/../events.db", "//127.0.0.1/", "/?token=x", "http://localhost/events", "*"),
)
HEADERS = (
    {},
    {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    {"Origin": "null", "Access-Control-Request-Private-Network": "true", "Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Cookie": "a=b"},
    {"Accept": "text/html", "If-None-Match": "*", "Range": "bytes=0-10", "X-HTTP-Method-Override": "GET"},
    {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "x",
        "Sec-WebSocket-Version": "13",
    },
)


def raw(port: int, data: bytes) -> bytes:
    """Send bytes, and return all that comes until the other side closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(data)
        while some := connection.recv(65536):
            answer += some
    return answer


def ask(port: int, headers: dict[str, str], method: str = "POST", path: str = "/") -> bytes:
    lines = {"Host": f"127.0.0.1:{port}", "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    if lines["Connection"] != "close":
        head += "Connection: close\r\n"
    return raw(port, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())


def test_every_request_gets_the_same_answer_whatever_it_asks(capture: CaptureProcess) -> None:
    """No route reads, none controls, nothing is shared with web pages, nothing sent comes back: every two of a
    method, a path and headers are asked together."""
    asked = [
        *product(METHODS, PATHS, HEADERS[:1]),
        *product(METHODS, PATHS[:1], HEADERS[1:]),
        *product(METHODS[:1], PATHS[1:], HEADERS[1:]),
    ]
    ask(capture.port, {"X-Secret": "hush-hush"}, path="/hush-hush")
    answers = set()
    for method, path, headers in asked:
        answer = ask(capture.port, headers, method, path)
        head, _, body = answer.partition(b"\r\n\r\n")
        if method == "HEAD":
            assert body == b""
            body = b'{"status":"received"}'
        answers.add((head, body))
    assert answers == {
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\nConnection: close",
            b'{"status":"received"}',
        )
    }
    assert len(capture.events()) == 1 + len(asked)


def test_nothing_listens_beyond_this_machine(capture: CaptureProcess) -> None:
    inodes = set()
    for each in Path(f"/proc/{capture.process.pid}/fd").iterdir():
        try:
            inodes.add(str(each.readlink()))
        except FileNotFoundError:
            pass  # closed meanwhile
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in inodes and fields[3] in ("0A", "07"):
                address, _, port = fields[1].partition(":")
                assert int(port, 16) == capture.port
                found.add(address)
    assert found - {"00000000000000000000000001000000"} == {"0100007F"}, (
        "127.0.0.1, and ::1 where there is IPv6"
    )


def test_another_program_that_localhost_may_lead_to_is_told(tmp_path: Path) -> None:
    """On 127.0.0.1 we listen, on ::1 somebody else does: ``localhost`` may mean either."""
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_STREAM)) as other:
        try:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        other.listen()
        port = other.getsockname()[1]
        with captured(tmp_path, "--port", str(port)) as capture:
            assert capture.port == port
            doctor = [sys.executable, "-m", "inspector", "--store", str(capture.store), "doctor"]
            said = subprocess.run(doctor, capture_output=True, text=True, check=True).stdout
        us = f"process {os.getpid()} ("
        assert f"warning: {us}" in capture.errors()
        assert f"listens on [::1], port {port}. Senders" in capture.errors()
        assert f"give them {capture.url}" in capture.errors()
        assert us in said
        assert "listens on [::1]" in said
    (tmp_path / "alone").mkdir()
    with captured(tmp_path / "alone") as alone:
        assert "warning" not in alone.errors()


def test_what_stands_out_is_labelled(capture: CaptureProcess) -> None:
    port = capture.port
    for headers in (
        {},
        {"Host": f"localhost:{port}"},
        {"Host": "evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Host": f"evil.example:{port}", "Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Host": "8c1f-203-0-113-7.ngrok-free.example", "X-Forwarded-For": "203.0.113.9"},
    ):
        ask(port, headers)
    raw(port, b"GET / HTTP/1.0\r\n\r\n")
    events = capture.wait_for(8)
    assert [event.labels for event in events] == [
        (),
        (),
        ("foreign-host",),
        ("browser",),
        ("foreign-host", "browser"),
        (),
        ("foreign-host",),
        (),
    ]
    assert {event.forwarded_for for event in events} == {None}, "without a tunnel of ours, nobody is believed"
    line = json.loads(capture.lines()[5])
    assert (line["id"], line["labels"]) == (5, ["foreign-host", "browser"])

    def inspector(*words: str) -> str:
        command = [sys.executable, "-m", "inspector", "--store", str(capture.store), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    listed = [
        json.loads(line)["id"] for line in inspector("events", "--json", "is:foreign-host").splitlines()
    ]
    assert listed == [3, 5, 7]
    listed = [
        json.loads(line)["id"] for line in inspector("events", "--json", "--", "-is:browser").splitlines()
    ]
    assert listed == [1, 2, 3, 6, 7, 8]
    assert "foreign-host: its Host line names neither this listener nor its tunnel" in inspector("show", "5")


def test_a_name_that_was_allowed_is_not_foreign(tmp_path: Path) -> None:
    with captured(tmp_path, "--allow-host", "Hooks.Example", "--allow-host", "10.9.9.9") as capture:
        for host in ("hooks.example", "HOOKS.example.:8585", "10.9.9.9", "other.example"):
            ask(capture.port, {"Host": host})
        assert [event.labels for event in capture.wait_for(4)] == [(), (), (), ("foreign-host",)]


def test_the_tunnel_is_believed_and_no_one_else(tmp_path: Path) -> None:
    environment = {
        "INSPECTOR_NGROK": str(stand_in_ngrok.install(tmp_path)),
        "STAND_IN_NGROK": "ok",
        "NGROK_AUTHTOKEN": "token",
        "HOME": str(tmp_path),
        "INSPECTOR_BASIC_AUTH": "a:b",
    }
    host = stand_in_ngrok.URL.removeprefix("https://")
    with captured(tmp_path, "--tunnel", environment=environment) as capture:
        while not any('"state": "open"' in line for line in capture.lines()):
            assert not any("failed" in line for line in capture.lines()), capture.lines()
        ask(capture.port, {"Host": host, "X-Forwarded-For": "10.0.0.1, 203.0.113.9"})
        ask(capture.port, {"Host": host, "X-Forwarded-For": "\u00e9"})
        ask(capture.port, {"Host": "localhost", "X-Forwarded-For": "203.0.113.9"})
        events = capture.wait_for(3)
        assert [(event.labels[0], event.forwarded_for) for event in events] == [
            ("tunnel", "203.0.113.9"),
            ("tunnel", None),
            ("wrong-credentials", None),
        ]
        assert events[0].remote.startswith("127.0.0.1:")
        child = json.loads(Path(f"/proc/{capture.process.pid}/stat").read_text().split()[0])
        for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split():
            assert b"INSPECTOR_BASIC_AUTH" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_host_that_others_can_reach_is_warned_of_and_told(tmp_path: Path) -> None:
    with captured(tmp_path, "--host", "0.0.0.0") as capture:
        assert "warning: 0.0.0.0 can be reached from other machines." in capture.errors()
        with Reader(capture.store) as reader:
            state = reader.state("listener")
        assert isinstance(state, dict)
        assert state["loopback"] is False
        with closing(HTTPConnection("127.0.0.1", capture.port, timeout=30)) as connection:
            connection.request("POST", "/", b"{}")
            assert connection.getresponse().status == 200
        (event,) = capture.wait_for(1)
        assert event.labels == ()


# -- every limit has its flag


def test_every_limit_has_one_flag_with_the_default_of_the_code() -> None:
    defaults = Limits()
    assert set(FLAGS) == set(Limits.__slots__)
    for name, flag in FLAGS.items():
        assert flag.read(flag.default) == (getattr(defaults, name) or 512)
        assert flag.read(flag.low) <= flag.read(flag.default) <= flag.read(flag.high)
    assert len({flag.option for flag in FLAGS.values()}) == len(FLAGS)


def test_limits_are_read_in_the_words_of_the_user() -> None:
    given = {"body": "1MiB", "head_deadline": "2s", "connections": "7", "min_free": "0", "raw": None}
    assert read_limits(given) == Limits(body=2**20, head_deadline=2, connections=7, min_free=0)
    assert read_limits({}) == Limits()


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("body", "0", "--max-body is from 1 to 4GiB, not 0."),
        ("body", "5GiB", "--max-body is from 1 to 4GiB, not 5GiB."),
        ("body", "much", "--max-body: 'much' is no size; write 500, 64k, 25M or 25MiB."),
        ("head_deadline", "10", "--head-deadline: '10' is no length of time"),
        ("body_deadline", "50ms", "--body-deadline is from 100ms to 1d, not 50ms."),
        ("connections", "0", "--max-connections is from 1 to 100000, not 0."),
        ("connections", "-1", "--max-connections: '-1' is no number."),
        ("connections", "100000", "100000 is more than the system allows: 1,024 open files."),
        ("fields", "many", "--max-header-lines: 'many' is no number."),
    ],
)
def test_limits_that_make_no_sense_are_refused(
    name: str, text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 4096))
    with pytest.raises(InspectorError) as caught:
        read_limits({name: text})
    assert why in str(caught.value)


def test_small_limits_hold_on_the_wire(tmp_path: Path) -> None:
    options = ("--max-request-line", "100", "--max-header-line", "200", "--max-header-lines", "5")
    with captured(tmp_path, *options, "--max-head", "800", "--max-raw", "50") as capture:
        assert ask(capture.port, {}).startswith(b"HTTP/1.1 200")
        for headers, path in (
            ({}, "/" + "x" * 100),
            ({"X-Long": "y" * 300}, "/"),
            ({f"X-{number}": "1" for number in range(5)}, "/"),
            ({f"X-{number}": "z" * 190 for number in range(4)}, "/"),
        ):
            assert ask(capture.port, headers, path=path).startswith(b"HTTP/1.1 400")
        events = capture.wait_for(5)
        assert [event.rejected for event in events[1:]] == [
            "the request line is longer than 100 bytes",
            "a header line is longer than 200 bytes",
            "more than 5 header lines",
            "the head is longer than 800 bytes",
        ]
        assert [len(capture.raw_head(event) or b"") for event in events[1:]] == [50] * 4


def test_a_disk_that_must_stay_emptier_than_it_is_gives_503(tmp_path: Path) -> None:
    with captured(tmp_path, "--min-free", "1000TB") as capture:
        assert ask(capture.port, {}).startswith(b"HTTP/1.1 503 ")


# -- answers from a file


def test_answers_come_from_a_file(tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(
        '[{"path": "/down", "status": 503, "headers": {"Retry-After": "5"}, "body": "busy"},'
        ' {"sequence": [500, 201]}]'
    )
    with captured(tmp_path, "--answers", str(rules)) as capture:
        busy = ask(capture.port, {}, path="/down?x")
        assert busy.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\n" in busy
        assert busy.endswith(b"\r\n\r\nbusy")
        assert [ask(capture.port, {})[9:12] for _ in range(3)] == [b"500", b"201", b"201"]
        with Reader(capture.store) as reader:
            state = reader.state("answers")
        assert isinstance(state, dict)
        assert state["text"] == "answers by 2 rules"
        assert state["rules"] == json.loads(rules.read_text())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no JSON"),
        ('[{"status": 99}]', "from 200 to 599"),
        ('[{"stat": 200}]', "an answer has no 'stat'"),
        (None, "cannot read"),
    ],
)
def test_a_file_of_answers_that_is_wrong(tmp_path: Path, text: str | None, why: str) -> None:
    rules = tmp_path / "rules.json"
    if text is not None:
        rules.write_text(text)
    command = [sys.executable, "-m", "inspector", "--store", str(tmp_path / "events.db"), "listen"]
    done = subprocess.run(
        [*command, "--port", "0", "--answers", str(rules)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "events.db.lock").exists(), "it is refused before anything is made"
