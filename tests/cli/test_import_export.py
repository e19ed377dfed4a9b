"""``import`` and ``export``: what goes out comes back, whole or not at all, and secrets stay where they are."""

from __future__ import annotations

import base64
import gzip
import io
import json
import stat
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from inspector.cli import main
from inspector.core.events import Event, Request
from inspector.store.edits import Edits
from inspector.store.files import read_payload_file
from inspector.store.reader import Reader
from tests.cli.conftest import SAMPLES, START_US, Done, Fill, Run, arrival, rejected

SECRET = b"s3cret-value"


@pytest.fixture
def mixed(fill: Fill, store: Path) -> None:
    """Events of every kind."""
    fill(
        b'{"type":"user.image.analysis.completed","details":{"a":1},"token":"%s"}' % SECRET,
        arrival(
            b"\xff\x00binary",
            START_US + 123_456,
            method="PUT",
            target=b"/\xe9?token=" + SECRET,
            headers=((b"X-Odd", b"\xff "), (b"x-odd", b""), (b"Authorization", b"Bearer " + SECRET)),
            version="1.0",
            status=None,
        ),
        rejected("TLS bytes", b"\x16\x03\xff", count=12),
        arrival(b'{"half":', incomplete="the sender hung up", status=None),
        arrival(gzip.compress(b'{"type":"zipped"}'), headers=((b"Content-Encoding", b"gzip"),)),
        arrival(json.dumps({"type": "large", "x": "y" * 2_500_000}).encode()),
        arrival(b"", method="GET", headers=(), trailers=((b"X-Sum", b"\xff"), (b"X-Token", SECRET))),
        arrival('{"type":"größe/../x"}'.encode(), headers=((b"X-GitHub-Event", b"../../etc"),)),
    )
    with Edits(store) as edits:
        edits.set_note(1, starred=True, comment="look \u202e here")


def everything(store: Path) -> list[tuple[Event, Request | None, bytes | None]]:
    with Reader(store) as reader:
        return [
            (event, reader.request(event.id), reader.raw_head(event.id))
            for event in reader.events(reader.ids())
        ]


@pytest.mark.usefixtures("mixed")
def test_ndjson_comes_back_exactly(
    run: Run, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run("export", "--as", "ndjson")
    assert (done.code, done.err) == (
        0,
        "Exported 8 events.\nThe lines hold all that was captured, secrets too.\n",
    )
    assert [line["id"] for line in done.lines] == list(range(1, 9))
    assert done.lines[0] == run("show", "1", "--json").lines[0]
    file = tmp_path / "all.ndjson"
    file.write_text(done.out)
    other = tmp_path / "other" / "events.db"
    assert main(["--store", str(other), "import", str(file)]) == 0
    assert capsys.readouterr().err == "Imported 8 events from 1 file.\n"
    assert everything(other) == everything(store)


@pytest.mark.usefixtures("mixed")
def test_a_line_of_show_is_imported_too(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text("".join(run("show", number, "--json").out for number in ("2", "3")))
    assert run("import", file, "--json").lines == [{"file": str(file), "events": 2}]
    events = everything(store)
    assert events[8][1:] == events[1][1:]
    assert events[9][2] == events[2][2]
    assert (events[9][0].rejected, events[9][0].count, events[8][0].received_us) == (
        "TLS bytes",
        12,
        START_US + 123_456,
    )


def test_every_kind_of_file(run: Run, store: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.ndjson"
    lines.write_bytes(b'{"type":"one"}\n\n[1, 2]\r\n"text"')
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps({"type": "two"}, indent=2) + "\n")
    utf16 = tmp_path / "utf16.json"
    utf16.write_bytes('{"type":"three"}'.encode("utf-16"))
    many = tmp_path / "many.json"
    many.write_text('{"type":"four"}\n{"type":"five"}\n')
    done = run("import", lines, pretty, utf16, many, SAMPLES / "github/ping.http")
    assert (done.code, done.out, done.err) == (0, "", "Imported 8 events from 5 files.\n")
    events = everything(store)
    assert [event.type for event, _, _ in events] == [
        "one",
        None,
        None,
        "two",
        "three",
        "four",
        "five",
        "ping",
    ]
    requests = [request for _, request, _ in events if request is not None]
    assert [request.body for request in requests[:4]] == [
        b'{"type":"one"}',
        b"[1, 2]",
        b'"text"',
        pretty.read_bytes(),
    ]
    assert requests[7] == read_payload_file(SAMPLES / "github/ping.http")
    assert {event.remote for event, _, _ in events} == {"import"}
    assert {event.status for event, _, _ in events} == {None}
    assert abs(events[0][0].received_us - time.time_ns() // 1000) < 60_000_000


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"type":"a"}\n{"type":"b"}\n')))
    assert run("import", "-").code == 0
    assert [line["type"] for line in run("events", "--json").lines] == ["a", "b"]


WHOLE: dict[str, Any] = {
    "received_at": "2025-10-09T09:00:00Z",
    "method": "POST",
    "target": "/",
    "remote": "1.2.3.4:5",
    "headers": [["A", "b"]],
    "body": "{}",
}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.ndjson", '{"a":1}\n{"b":\n', "a.ndjson, line 2: Not JSON after character 5"),
        (
            "a.json",
            '{\n "a": 1,\n "b" 2\n}',
            "a.json, line 3: Not JSON after character 16: a colon is expected.",
        ),
        ("a.json", '{"a":1}\n{"b":1}\nx', "a.json, line 3: Not JSON"),
        ("a.json", "", "a.json is empty."),
        ("a.json", "[" * 600 + "]" * 600, "line 1: Nested deeper than 500."),
        ("a.http", "POST /\r\n\r\n", "a.http, line 1: a request line is wanted"),
        ("a.har", "{}", "a.har is no HTTP archive (HAR)."),
        ("a.har", '{"log":{"entries":[{"request":{}}]}}', "a.har, entry 1: this is no entry"),
        *(
            (
                "a.ndjson",
                json.dumps({**WHOLE, **change}),
                f"line 1: this looks like an exported event, but is broken: {told}",
            )
            for change, told in [
                ({"received_at": "yesterday"}, "Invalid isoformat string"),
                ({"received_at": 5}, "received_at is no text"),
                ({"headers": [["A"]]}, "a header line is no pair"),
                ({"headers": [["A: b", "c"]]}, "a header line would not stay one line"),
                ({"headers": [["A", "b\r\nC: d"]]}, "a header line would not stay one line"),
                ({"headers": [["A", "ü\u1234"]]}, "'latin-1'"),
                ({"headers": 5}, "'int' object is not iterable"),
                ({"target": "/\u1234"}, "'latin-1'"),
                ({"status": {"a": 1}}, "status is no number"),
                ({"count": "3"}, "count is no number"),
                ({"rejected": ["x"]}, "rejected is no text"),
                ({"body": 5}, "body is no text"),
                ({"body": "\ud800"}, "'utf-8'"),
                ({"body_base64": "$$"}, "body_base64 is no Base64"),
                ({"comment": {"a": 1}}, "comment is no text"),
            ]
        ),
    ],
)
def test_a_broken_file_is_named_by_its_line_and_nothing_is_imported(
    name: str, text: str, told: str, run: Run, fill: Fill, tmp_path: Path
) -> None:
    fill(b"{}")
    good = tmp_path / "good.json"
    good.write_text('{"type":"good"}')
    bad = tmp_path / name
    bad.write_text(text)
    done = run("import", good, bad)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err
    assert done.err.count("\n") == 1
    assert len(run("events", "--json").lines) == 1


@pytest.mark.alone
def test_import_beside_a_running_listener(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "many.ndjson"
    body = '{"type":"many","x":"' + "y" * 500 + '"}\n'
    file.write_text(body * 3000 + json.dumps({"type": "large", "x": "z" * 9_000_000}) + "\n")
    words = [
        sys.executable,
        "-m",
        "inspector",
        "--store",
        str(store),
        "listen",
        "--port",
        "0",
        "--json",
        "--quiet",
    ]
    listener = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert listener.stdout is not None
    try:
        port = json.loads(listener.stdout.readline())["port"]
        importing = subprocess.Popen([*words[:5], "import", str(file)], stderr=subprocess.DEVNULL)
        slowest, sent = 0.0, 0
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            while importing.poll() is None:
                began = time.monotonic()
                connection.request("POST", "/", b'{"type":"live"}')
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                slowest, sent = max(slowest, time.monotonic() - began), sent + 1
                time.sleep(0.01)
        assert importing.returncode == 0
        assert slowest < 1
        types = {line["type"]: line["count"] for line in run("types", "--json").lines}
        assert types == {"many": 3000, "large": 1, "live": sent}
        assert not any(line["pending"] for line in run("events", "--json", "type:large").lines)
    finally:
        listener.terminate()
        assert listener.wait(20) == 0
        listener.stdout.close()


# -- export


def test_only_what_matches(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a"}', b'{"type":"b"}', arrival(b"{}", headers=((b"X-GitHub-Event", b"push"),)))
    assert [line["id"] for line in run("export", "--as", "ndjson", "-sender:github", "-type:a").lines] == [2]
    done = run("export", "--as", "ndjson", "type:none")
    assert (done.code, done.out, done.err) == (0, "", "Exported 0 events.\n")


def test_a_file_is_the_owners_own_and_there_only_when_it_is_whole(
    run: Run, fill: Fill, tmp_path: Path
) -> None:
    fill(b'{"type":"a"}')
    file = tmp_path / "out.ndjson"
    file.write_text("old")
    file.chmod(0o644)
    assert run("export", "--as", "ndjson", "-o", file).out == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["type"] == "a"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.ndjson"]
    assert run("export", "--as", "ndjson", "-o", "/dev/null").code == 0
    assert run("export", "--as", "ndjson", "-o", tmp_path).code == 2
    assert run("export", "--as", "ndjson", "-o", tmp_path / "no/such/file").code == 2


@pytest.mark.usefixtures("mixed")
def test_an_archive_is_one_of_version_1_2(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run("export", "--as", "har")
    assert done.err == "Exported 7 events. 1 rejected event left out. 4 secrets masked.\n"
    assert SECRET.decode() not in done.out
    log = json.loads(done.out)["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "inspector")
    for entry in log["entries"]:
        assert set(entry) == {
            "startedDateTime",
            "time",
            "request",
            "response",
            "cache",
            "timings",
            "_inspector",
        }
        sent = entry["request"]
        assert set(sent) - {"postData"} == {
            *["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"]
        }
        assert sent["url"].startswith("http://")
        assert set(entry["response"]) == {
            *["status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"],
            *["headersSize", "bodySize"],
        }
        assert set(entry["timings"]) == {"send", "wait", "receive"}
    assert log["entries"][0]["response"]["status"] == 200
    assert log["entries"][1]["response"]["status"] == 0
    assert base64.b64decode(log["entries"][1]["request"]["postData"]["text"]) == b"\xff\x00binary"


@pytest.mark.usefixtures("mixed")
def test_an_archive_comes_back(
    run: Run, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all.har"
    assert run("export", "--as", "har", "--show-secrets", "-o", file).code == 0
    other = tmp_path / "other.db"
    assert main(["--store", str(other), "import", str(file)]) == 0
    ours = [(event.received_us, event.type, request) for event, request, _ in everything(store) if request]
    assert [(event.received_us, event.type, request) for event, request, _ in everything(other)] == ours


def test_an_archive_of_another_program(run: Run, store: Path, tmp_path: Path) -> None:
    file = tmp_path / "browser.har"
    request = {
        "method": "POST",
        "url": "https://example.com/a/b?c=d",
        "httpVersion": "h2",
        "headers": [{"name": ":authority", "value": "example.com"}, {"name": "x-a", "value": "1"}],
        "postData": {"mimeType": "application/json", "text": '{"type":"a"}'},
    }
    entries = [{"startedDateTime": "2025-10-09T11:00:00.5+02:00", "request": request}]
    file.write_text(json.dumps({"log": {"entries": entries}}))
    assert run("import", file).code == 0
    ((event, found, _),) = everything(store)
    assert (event.received_at, event.type) == ("2025-10-09T09:00:00.500000Z", "a")
    assert found == Request("POST", b"/a/b?c=d", ((b"x-a", b"1"),), b'{"type":"a"}', "1.1")


@pytest.mark.usefixtures("mixed")
def test_payload_files_with_safe_names(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "files"
    done = run("export", "--as", "files", "-o", folder)
    assert (done.code, done.out) == (0, "")
    assert done.err == "Exported 7 events. 1 rejected event left out. 4 secrets masked.\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "_.._etc--8.http",
        "event--2.http",
        "event--4.http",
        "event--7.http",
        "large--6.json",
        "user.image.analysis.completed--1.json",
        "zipped--5.http",
    ]
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert SECRET not in path.read_bytes()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    done = run("export", "--as", "files", "-o", folder)
    assert done.code == 2
    assert "is there already; name a new folder." in done.err


@pytest.mark.usefixtures("mixed")
def test_payload_files_are_imported_as_the_same_requests(
    run: Run, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "files"
    run("export", "--as", "files", "--show-secrets", "-o", folder)
    other = tmp_path / "other.db"
    files = sorted(folder.iterdir(), key=lambda path: int(path.stem.rpartition("--")[2]))
    assert main(["--store", str(other), "import", *map(str, files)]) == 0
    ours = [(event.sender, event.type, event.shape) for event, request, _ in everything(store) if request]
    assert [(event.sender, event.type, event.shape) for event, _, _ in everything(other)] == ours


def test_the_samples_make_the_round(
    run: Run, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(path for path in SAMPLES.glob("*/*") if path.suffix in (".json", ".http"))
    assert run("import", *files).code == 0
    exported = tmp_path / "all.ndjson"
    run("export", "--as", "ndjson", "-o", exported)
    other = tmp_path / "other.db"
    code = main(["--store", str(other), "import", str(exported)])
    assert Done(code, *capsys.readouterr()).code == 0
    assert everything(other) == everything(store)
