"""What a hostile sender can plant, family by family, in every field it controls; and what of it may never come out."""

from __future__ import annotations

import base64
import binascii
import json
import re
import socket
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.e2e.stream import Token, tokens_of

FAMILIES = {
    "reset": "\x1bc\x1b7\x1b8\x1bM",
    "csi": "\x1b[2J\x1b[5;31mRED\x1b[6n\x1b[?9h",
    "title": "\x1b]0;PWNED\x07\x1b]2;PWNED\x1b\\",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;UFdORUQbW0E=\x07",
    "dcs": "\x1bP+q544e\x1b\\",
    "apc": "\x1b_Gf=24;AAAA\x1b\\",
    "pm": "\x1b^message\x1b\\",
    "sos": "\x1bXstring\x1b\\",
    "c1": "\x9b31m\x9d0;PWNED\x9c\x90q\x9c\x9fG\x9c\x85\x8d",
    "delete": "\x7f\x7f",
    "controls": "\x00\x07\x08\x0b\x0c\r\x0e\x0f",
    "mouse": "\x1b[?1002h\x1b[?1005h",
    "paste": "\x1b[200~rm -rf\x1b[201~",
    "title-stack": "\x1b[22;0t\x1b[21t\x1b[c",
    "bidi": "\u202eabc\u202c\u2066d\u2069\u061c\u200f",
    "zero-width": "a\u200bb\u200dc\ufeff\u2060\u00ad\u180e",
    "tags": "\U000e0041\U000e0042\U000e007f",
    "markup": "[@click=app.quit]QUIT[/] [@click=screen.close]Q2[/] [/x] [link=http://evil.example]l[/link] [on red]r",
    "surrogates": "\ud800x\udfff\udc00",
    "separators": "\u2028\u2029",
    "right-to-left": "שלום عليكم",
    "wide": "漢字 한글 \U0001f469\u200d\U0001f469",
    "combining": "e\u0301\u0334 Z\u0351\u036b\u0343",
}

EVERYTHING = " ".join(FAMILIES.values())

SCRUBBED = re.compile(r"(\.|h )\]0;PWNED")
"""What is left of the family `title` where a text was not escaped and the last guard deleted what acts."""

MODES = ("7", "25", "1000", "1003", "1004", "1006", "1015", "1049", "2004", "2026", "2048")
_ALLOWED = {
    "csi": re.compile(
        r"\x1b\[("
        r"(0|[1-47-9]|2[1-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7]|[34]8;2;\d+;\d+;\d+|[34]8;5;\d+|;)*m"  # colours
        r"|\d+;\d+H"  # where to write
        rf"|\?({'|'.join(MODES)})[hl]|\?(2026|2048)\$p"  # modes
        r"|>\d+u|<u"  # keyboard protocol
        r")"
    ),
    "string": re.compile(r"\x1b\]22;[a-z-]*\x07|\x1b\]52;c;(?P<copied>[A-Za-z0-9+/=]*)\x07"),
    "control": re.compile(r"[\r\n]"),
    "escape": re.compile(r"(?!)"),
}
"""What the framework itself writes, and nothing else."""

_PLAIN = {**_ALLOWED, "csi": re.compile(r"\x1b\[[0-9;]*m"), "string": re.compile(r"(?!)")}
"""What a command writes: text with colours."""


def is_unsafe(character: str) -> bool:
    """Whether a character acts on a terminal or on the order of what is read; by what Unicode says of it."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\n"


def problems(written: bytes, *, command: bool = False) -> list[str]:
    """What a screen (or a `command`) wrote that it may not: unknown sequences, unsafe characters, odd copies."""
    found = []
    allowed = _PLAIN if command else _ALLOWED
    for token in tokens_of(written):
        if token.kind == "text":
            found += [f"{unicodedata.name(c, hex(ord(c)))} in text" for c in token.text if is_unsafe(c)]
            continue
        match = allowed[token.kind].fullmatch(token.text)
        if match is None:
            found.append(repr(token))
        elif match.groupdict().get("copied") is not None:
            found += _copied(match["copied"], token)
    return found


def _copied(encoded: str, token: Token) -> Iterator[str]:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        yield repr(token)
    else:
        yield from (f"{ord(c):#x} in the clipboard" for c in text if is_unsafe(c) and c != "\t")


def payload(number: int = 0, **more: Any) -> dict[str, Any]:
    """An Anchore event that is hostile in every member."""
    return {
        "id": f"{number}{EVERYTHING}",
        "type": f"user.{FAMILIES['title']}.{FAMILIES['markup']}.{FAMILIES['bidi']}\x9b.{number}",
        "level": f"error{FAMILIES['csi']}",
        "message": EVERYTHING,
        "timestamp": f"2026-11-17T09:12:41Z{FAMILIES['bidi']}",
        "resource": {
            "account_name": f"a{FAMILIES['clipboard']}{FAMILIES['zero-width']}",
            "user_id": FAMILIES["c1"],
            "type": f"image{FAMILIES['reset']}",
            "id": f"registry/{EVERYTHING}",
        },
        "source": {"service_name": FAMILIES["link"], "host_id": FAMILIES["dcs"], "request_id": None},
        "details": {
            **{f"{name} {text}": text for name, text in FAMILIES.items()},
            EVERYTHING: [{EVERYTHING: EVERYTHING}, EVERYTHING],
            **more,
        },
    }


def requests() -> list[bytes]:
    """Requests as they go over the wire: well-formed ones, and some that a server refuses."""
    raw = EVERYTHING.encode("utf-8", "surrogatepass")
    ascii_json = json.dumps(payload(1, gone="x")).encode()
    other_json = json.dumps(payload(1, came=1)).encode()
    # JSON may hold C1, bidirectional and zero-width characters as they are.
    raw_json = json.dumps(payload(2), ensure_ascii=False).encode("utf-8", "surrogatepass")
    form = "&".join(
        f"{name}%1b%5d0;x%07={quote(text, errors='replace')}" for name, text in FAMILIES.items()
    ).encode()
    part = (
        b'--b\r\nContent-Disposition: form-data; name="'
        + raw.replace(b"\r", b"")
        + b'"\r\n\r\n'
        + raw
        + b"\r\n--b--\r\n"
    )
    return [
        request(raw, b"text/plain\x9b5m"),
        request(b"<a title='" + raw + b"'>" + raw + b"</a>", b"application/xml"),
        request(raw + b"\n---\n" + raw, b"application/yaml"),
        request(form, b"application/x-www-form-urlencoded"),
        request(part, b"multipart/form-data; boundary=b"),
        request(ascii_json + b"\n" + other_json, b"application/x-ndjson"),
        request(b'{"not json ' + raw, b"application/json"),
        request(b"", b"application/json"),
        b"GET /\x1b]0;refused\x07\x9b31m HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Refused: \x1b]0;x\x07\x1b[2J\r\n\r\n",
        b"\x16\x03\x01\x1b[2J\x9b2J\r\n\r\n",
        request(ascii_json, b"application/json"),
        request(raw_json, b"application/json"),
        request(other_json, b"application/json"),
    ]  # fmt: skip


def request(body: bytes, content_type: bytes) -> bytes:
    """A request with as much in its head as HTTP lets through."""
    high = b"\x9b5;31m\x9d0;x\x9c\xe2\x80\xaeabc\xc2\x9b\xef\xbb\xbf [@click=app.quit]QUIT[/] [/x]"
    return (
        b"POST /hook/%1b%5d0;owned%07/[/x]/\xe2\x80\xae\x9b?q=%1b%5b2J&token=\x9b\xc2\x85&[/x]=%e2%80%ae HTTP/1.1\r\n"
        b"Host: localhost\r\nContent-Type: " + content_type + b"\r\nX-Hostile: " + high + b"\r\nUser-Agent: " + high
        + b"\r\nX-GitHub-Delivery: " + high + b"\r\nAuthorization: Bearer \x9b" + high
        + b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    )  # fmt: skip


def send(port: int, raw: bytes) -> bytes:
    """Send bytes as they are; returns what came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                more = connection.recv(65536)
            except ConnectionError:
                return answer
            if not more:
                return answer
            answer += more


def answer() -> bytes:
    """What a hostile receiver says to a replay."""
    raw = EVERYTHING.encode("utf-8", "surrogatepass")
    line = raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
    return (
        b"HTTP/1.1 500 " + line[:300] + b"\r\nContent-Type: text/html\r\nX-Answer: " + line[:300]
        + b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(raw) + raw
    )  # fmt: skip
