"""The filter that shows the events with a field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.events import Request
from inspector.core.field_filter import field_filter
from inspector.core.filters import parse_filter
from inspector.core.payload import ITEMS, KEYS, Path

ANCHORE = ("anchore", "user.image.analysis.completed")


def test_it_reads_as_one_would_type_it() -> None:
    assert (
        field_filter([ANCHORE], ("details", "curr_eval", "team"))
        == "sender:anchore type:user.image.analysis.completed details.curr_eval.team:*"
    )
    assert field_filter([ANCHORE], ()) == "sender:anchore type:user.image.analysis.completed"
    assert field_filter([("github", "push"), ("github", "ping")], ("action",)) == "sender:github .action:*"
    assert field_filter([], ("items", ITEMS, KEYS, "x")) == ".items[].{*}.x:*"


@pytest.mark.parametrize(
    "key", ["type", "a.b", "sha256:ab", "a b", 'q"q', "a/b", "", "é", "\x1b[m", "-x", "header.x"]
)
def test_any_key_can_be_asked_for(key: str) -> None:
    for path, payload in (((key,), {key: 1}), (("details", key), {"details": {key: 1}})):
        wanted = parse_filter(field_filter([], path))
        assert wanted.matches_body(Request("POST", b"/"), payload), (path, wanted.text)
        assert not wanted.matches_body(Request("POST", b"/"), {"other": 1})


@given(st.lists(st.text(max_size=8), min_size=1, max_size=3))
def test_any_path_is_one_word_that_finds_it(keys: list[str]) -> None:
    payload: object = 1
    for key in reversed(keys):
        payload = {key: payload}
    path: Path = tuple(keys)
    wanted = parse_filter(field_filter([], path))
    assert len(wanted.terms) == 1
    assert wanted.matches_body(Request("POST", b"/"), payload)
