"""Paths as jq and JSONPath write them."""

from __future__ import annotations

import pytest

from inspector.core.path_forms import as_jq, as_jsonpath
from inspector.core.payload import BASE64_JSON, FROM_JSON, ITEMS, KEYS, Path


@pytest.mark.parametrize(
    ("path", "jq", "jsonpath"),
    [
        ((), ".", "$"),
        (("a", "b_1"), ".a.b_1", "$.a.b_1"),
        ((0, "a"), ".[0].a", "$[0].a"),
        (("a-b", 'q"\n', "it's"), '."a-b"."q\\"\\n"."it\'s"', "$['a-b']['q\"\\n']['it\\'s']"),
        (("a", ITEMS, KEYS), ".a[][]", "$.a[*].*"),
        (("e", FROM_JSON, "code"), ".e | fromjson | .code", None),
        (("e", FROM_JSON), ".e | fromjson", None),
        (("e", BASE64_JSON, 0), ".e | @base64d | fromjson | .[0]", None),
        ((FROM_JSON, "a"), ". | fromjson | .a", None),
    ],
)
def test_notations(path: Path, jq: str, jsonpath: str | None) -> None:
    """Plain names stand bare, all others quoted; a step into a string is a filter of jq."""
    assert as_jq(path) == jq
    assert as_jsonpath(path) == jsonpath
