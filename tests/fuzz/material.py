"""What fuzzing starts from, and how it is changed: real requests, bodies, files and filters, with edits."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path

import brotli

from tests.capture.test_raw_http import CASES

SAMPLES = Path(__file__).parents[2] / "sample_payloads"
Edit = tuple[int, int, bytes]
"""Kind of change, place (taken modulo the length) and bytes that some kinds put there."""

EDIT_KINDS = 8
TOKENS = (
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\x1b[31m",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"HTTP/1.0",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"[" * 600,
    b'{"a":' * 40,
    b"1e999",
    b"-0.0",
    b"9" * 400,
    b"null",
    b'"type":',
    b"NaN",
    b"\xef\xbb\xbf",
    b"--b\r\n",
    b"%f",
    b"&a=b",
    b"*" * 30,
    b'"',
    b"\\",
    b"-",
    b":",
    b".",
    b'["',
    b"{*}",
)


def mutated(data: bytes, script: bytes) -> bytes:
    """The bytes after the changes of a script (see `edits_in`); they stay below 100 kB."""
    changed = bytearray(data)
    for kind, place, extra in edits_in(script):
        at = place % (len(changed) + 1)
        if kind == 0:
            changed[at:at] = extra
        elif kind == 1:
            changed[at : at + len(extra)] = extra
        elif kind == 2:
            del changed[at : at + 1 + place % 9]
        elif kind == 3:
            changed[at:at] = changed[at : at + 1 + place % 200]
        elif kind == 4:
            del changed[at:]
        elif kind == 5:
            changed[at:at] = TOKENS[(place + len(extra)) % len(TOKENS)]
        elif kind == 6 and at < len(changed):
            changed[at] ^= 1 << place % 8
        elif kind == 7:
            changed[:] = changed[at:] + changed[:at]
    return bytes(changed[:100_000])


def edits_in(script: bytes) -> list[Edit]:
    """The changes that a script of bytes stands for, one in every seven: so chance needs to make only bytes."""
    edits = []
    for at in range(0, len(script) - 2, 7):
        kind, high, low, *extra = script[at : at + 7]
        edits.append((kind % EDIT_KINDS, high << 8 | low, bytes(extra)))
    return edits


# A few requests stand for very long ones: what is fuzzed is small and quick.
REQUESTS = tuple(case.sent for case in CASES if 0 < len(case.sent) < 3_000)

_JSON = (
    b'{"type":"user.image.analysis.completed","details":{"a":[1,2.5,null,{"b":"\\u00e9"}]},"n":-0}',
    b'{"a":1,"a":2,"":{"":[]},"sha256:' + b"a" * 64 + b'":true}',
    b"[[[[1],[2]],[]],{}]",
    b'"text"',
    "{'größe': 1}".encode(),
    '{"größe":"✓"}'.encode("utf-16"),
    '{"größe":"✓"}'.encode("utf-32-be"),
    b'{"a":1}\n{"a":2}\n',
)
_MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{"a":1}\r\n--b\r\nContent-Disposition: '
    b'form-data; name="f"; filename="x\x1b.bin"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--b--\r\n'
)
BODIES = (
    *_JSON,
    _MULTIPART,
    b"payload=%7B%22action%22%3A%22opened%22%7D&x=%ff+%zz",
    b"<a><b c='d'>text</b><!-- x --></a>",
    bytes(range(256)),
    b"",
    *(gzip.compress(text, mtime=0) for text in _JSON[:3]),
    gzip.compress(b"", mtime=0) * 20,
    zlib.compress(_JSON[0]),
    zlib.compress(_JSON[0])[2:-4],
    brotli.compress(_JSON[0]),
    base64.b64decode("KLUv/SACEQAAe30="),  # {} by zstd
    (SAMPLES / "anchore/user.image.analysis.completed.json").read_bytes(),
)
CONTENT_TYPES = (
    b"",
    b"application/json",
    b"application/json; charset=utf-16",
    b"application/cloudevents+json",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=b",
    b"multipart/mixed",
    b"text/plain; charset=x-user-defined",
    b"text/xml; charset=\xff",
    b"application/octet-stream",
    b"/;;=,\x00",
)
ENCODINGS = (b"", b"gzip", b"deflate", b"br", b"zstd", b"gzip, br", b"GZIP,gzip,gzip", b"identity", b"rot13")

_EXPORTED = {
    "id": 1,
    "received_at": "2026-11-17T09:12:41.650182Z",
    "method": "POST",
    "target": "/hooks?a=\u00e9",
    "remote": "127.0.0.1:5000",
    "size": 7,
    "complete": True,
    "rejected": None,
    "incomplete": None,
    "status": 200,
    "count": 1,
    "starred": True,
    "comment": "look",
    "version": "1.1",
    "headers": [["Content-Type", "application/json"], ["X-A", "caf\u00e9"]],
    "body": '{"a":1}',
}
_REJECTED = {
    **_EXPORTED,
    "method": None,
    "target": None,
    "headers": [],
    "rejected": "no",
    "raw_head": "\x16\x03",
}
_BASE64 = {key: value for key, value in _EXPORTED.items() if key != "body"} | {"body_base64": "AP8B"}
_HAR = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "startedDateTime": "2026-11-17T09:12:41.650Z",
                "request": {
                    "method": "PUT",
                    "url": "http://in.example/hook?x=1",
                    "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Host", "value": "in.example"}],
                    "postData": {"mimeType": "application/json", "text": '{"type":"a"}'},
                },
                "response": {"status": 200},
            }
        ],
    }
}
FILES: tuple[tuple[str, bytes], ...] = (
    (".json", _JSON[0]),
    (".ndjson", b"\n".join(_JSON[:3])),
    (".ndjson", b"\n".join(json.dumps(line).encode() for line in (_EXPORTED, _REJECTED, _BASE64))),
    (".json", json.dumps(_EXPORTED).encode()),
    (".har", json.dumps(_HAR).encode()),
    (".http", b"POST /hooks?a=1 HTTP/1.1\r\nHost: a\r\nX-Github-Event: push\r\n\r\n{}"),
    (".http", b"get /x HTTP/1.0\nContent-Length: 2\n\nab"),
)

FILTERS = (
    b"type:user.image.* level:error -sender:github since:10m method:PUT details.curr_eval.status:analyzed",
    b'"some text" -"other \\" text" plain*text',
    b'details["a.b"][].c:>=5 .action:opened items[3].id:*',
    b"is:new -is:rejected is:starred is:failed is:marked is:redelivered",
    b"id:1,3,7-12,#15 size:>10k size:1MiB..2MiB status:2xx sent:500",
    b"before:2026-11-17T09:12 since:2026-01-01 since:3d",
    b"header.x-github-event:push target:/hooks/* remote:127.0.0.1 shape:ab12",
    b"sha256:" + b"ab" * 32 + b" http://in.example/a:b registry.example.com/cart:1",
)
