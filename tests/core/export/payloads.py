"""Payloads for the tests of exports: of the samples, of the traps, and any that Hypothesis finds."""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

from hypothesis import strategies as st

from inspector.core.export.learnt import Learnt
from inspector.core.identify import identify_request
from inspector.core.payload import parse
from inspector.core.statistics import gather
from inspector.core.type_shape import learn
from inspector.store.files import read_payload_file

SAMPLES = File(__file__).parents[3] / "sample_payloads"
DIGEST = "sha256:" + "5b1fa21c" * 8
HEX = "0123456789abcdef" * 4
UUID = "123e4567-e89b-12d3-a456-426614174000"
HOSTILE = '\x1b]0;x\x07<script>alert(1)</script>|`*_[a](http://e)\u202e\n# "\\\ud800'

TRAPS: dict[str, list[Any]] = {
    "exception class names": [
        {"details": {name: {"cause": None, "msg": "x"}}} for name in ("AError", "BError", "CError")
    ],
    "image ids": [{"result": {HEX: {"rows": [1]}}}, {"result": {HEX[::-1]: {"rows": []}}}],
    "list or all": [{"sync_feed_types": ["a", "b"]}, {"sync_feed_types": "all"}],
    "object or false": [{"rule": {"name": "x"}}, {"rule": False}],
    "annotations": [
        {"annotations": {"team": "a"}},
        {"annotations": []},
        {"annotations": ["test"]},
        {"annotations": {}},
        {},
    ],
    "mixed rows": [{"rows": [["a", "b", True, "c"], ["a", "b", False, "c"]]}],
    "capitalised": [{"added": [{"CVE_ID": "CVE-2026-90112", "Severity": "Low"}], "removed": []}],
    "generations": [{"imageDigest": DIGEST, "userId": "a"}, {"image_digest": DIGEST, "account_name": "a"}],
    "integer and number": [{"a": 1, "b": 1.5, "c": 2}, {"a": 1, "b": 2.5, "c": 2.5}],
    "nullable": [{"a": None, "b": {"x": 1}}, {"a": "x", "b": None}],
    "always empty": [{"a": [], "o": {}}],
    "required in elements": [{"l": [{"a": 1}, {"a": 1, "b": 2}]}],
    "names and digests": [{"map": {"total": 3, DIGEST: {"size": 1}}}, {"map": {"total": 3}}],
    "not an object": [[1, {"a": None}], "text", None],
    "table": [{"t": {f"k{n}": n for n in range(1_100)}}, {"t": {"k1": "text"}}],
    "cut": [{"t": [{f"k{m}{n}": {"x": n} for n in range(300)} for m in range(40)]}, {"t": [{"k11": 1}]}],
    "deep": [parse(b'{"a":' * 200 + b"[" * 100 + b"1" + b"]" * 100 + b"}" * 200)],
    "odd keys": [
        {
            "a-b": 1,
            "a_b": 2,
            "class": 3,
            "__x": 4,
            "str": "5",
            "": 6,
            "1": 7,
            "é": 8,
            "json": 9,
            "model_x": 1,
        },
        {"_private": {"str": 1}, "list": [{"int": 1}], HOSTILE: {"<b>": 1}},
    ],
    "same names": [{"a": {"item": {"x": 1}}, "b": {"item": {"y": 1}}, "c": {"item": {"x": 1}}}],
    "shared below": [{"x": {"q": 1}, "y": {"z": {"q": 1}, "w": 2}}],
}

NAMES = st.sampled_from(["a", "b", "class", "a-b", "str", "image_digest", DIGEST, HEX, "me@example.com"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def learnt(payloads: list[Any], name: str = "thing.happened") -> Learnt:
    """A type learnt from these payloads, with the statistics of their values."""
    shape = learn(payloads)
    return Learnt(name, "somebody", shape, gather(payloads, shape.merged))


def samples() -> dict[str, list[Any]]:
    """All sample payloads, by type."""
    found: dict[str, list[Any]] = {}
    for file in sorted(SAMPLES.rglob("*.json")) + sorted(SAMPLES.rglob("*.http")):
        request = read_payload_file(file)
        identity = identify_request(request).identity
        if identity.type is not None:
            found.setdefault(identity.type, []).append(parse(request.body))
    return found
