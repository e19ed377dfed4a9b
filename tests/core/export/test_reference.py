"""The field reference: what it says, that secrets are masked, and that nothing from outside is markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from inspector.core.export.html import html
from inspector.core.export.learnt import Learnt
from inspector.core.export.markdown import markdown
from inspector.core.export.masking import masked
from inspector.core.redact import MASK
from inspector.core.statistics import gather
from inspector.core.text import count_unsafe
from inspector.core.type_shape import learn
from tests.core.export.payloads import HOSTILE, learnt, samples


def test_a_table_says_types_presence_and_values() -> None:
    text = markdown(
        [learnt([{"a": 1, "b": "x"}, {"a": 41, "b": "x"}, {"a": 7, "b": "x", "c": []}])], "things"
    )
    assert "Sent by somebody; 3 events, 2 variants." in text
    assert "| `a` | integer | always | `1 to 41` |" in text
    assert '| `b` | string | always | `always "x"` |' in text
    assert "| `c` | array, empty | 1 of 3, optional |  |" in text


def test_several_types_are_listed_before_their_tables() -> None:
    found = samples()
    types = [learnt(payloads, name) for name, payloads in found.items()]
    text, page = markdown(types, "Event types"), html(types, "Event types")
    for name in found:
        assert f"- `{name}`: " in text
        assert f">{name}</a>" in page
    assert text.count("| field | type |") == page.count("<table>") == len(found)


def test_what_collapsed_says_why() -> None:
    text = markdown([learnt([{"result": {"0" * 32: 1}}])], "x")
    assert "| `result.{*}` | integer | always | `any key: hex ids; 1` |" in text


TAGS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td", "code"}


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("where", ["name", "key", "value"])
def test_hostile_text_is_only_text(where: str) -> None:
    name = HOSTILE if where == "name" else "x"
    payload = {HOSTILE: 1} if where == "key" else {"a": HOSTILE if where == "value" else 1}
    page, text = html([learnt([payload], name)], name), markdown([learnt([payload], name)], name)
    read = Page()
    read.feed(page)
    assert read.tags <= TAGS
    assert "<script>alert(1)</script>" in read.words
    assert count_unsafe(page) == count_unsafe(text) == 0
    assert "<script" not in text
    assert "](http" not in text
    for line in text.splitlines():
        if line.startswith("| ") and "field" not in line:
            assert line.count("|") == 5, line


def test_secrets_are_masked_wherever_they_stand() -> None:
    payload = {
        "api_key": "opensesame1",
        "tokens": ["opensesame2", {"name": "plain"}],
        "pin": {"password": 12345, "0" * 32: {"secret": "opensesame3"}},
        "url": "https://me:opensesame4@example.com/x?token=opensesame5&page=2",
        "inner": '{"password": "opensesame6", "user": "someone"}',
        "kept": "plain",
        "none": {"token": None, "secret": False},
    }
    clean = masked(payload)
    assert payload["api_key"] == "opensesame1"
    shape = learn([payload])
    page = html([Learnt("x", None, shape, gather([clean], shape.merged))], "x")
    assert "opensesame" not in page
    assert "12345" not in page
    assert MASK in page
    assert clean["kept"] == clean["tokens"][1]["name"] == "plain"
    assert clean["none"] == {"token": None, "secret": False}
    assert clean["url"] == f"https://{MASK}@example.com/x?token={MASK}&page=2"
    assert '"user": "someone"' in clean["inner"]
