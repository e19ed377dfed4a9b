"""``types``, ``shape`` and ``diff``: the members that scripts rely on, and the arguments of a diff."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from inspector.anchore.catalogue import documented_types
from tests.cli.conftest import SAMPLES, Fill, Run, arrival
from tests.tui.screens_store import anchore

PROCESSING = SAMPLES / "anchore/user.image.analysis.processing.json"
COMPLETED = SAMPLES / "anchore/user.image.analysis.completed.json"
GITHUB = ((b"X-GitHub-Event", b"push"),)


def test_types(run: Run, fill: Fill) -> None:
    fill(
        b'{"type":"a","x":1}',
        b'{"type":"a","x":"s"}',
        b'{"type":"a","x":2}',
        arrival(b"text", headers=GITHUB),
    )
    lines = run("types", "--json").lines
    assert lines == [
        {**lines[0], "type": "push", "sender": "github", "count": 1, "variants": 0},
        {
            "type": "a",
            "sender": None,
            "count": 3,
            "variants": 2,
            "first_seen": "2025-10-09T09:00:00.000000Z",
            "last_seen": "2025-10-09T09:00:02.000000Z",
        },
    ], "those without a sender last, as on the screen"
    assert [line["type"] for line in run("types", "--json", "-sender:github").lines] == ["a"]
    assert [line["count"] for line in run("types", "id:1", "--json").lines] == [1]
    assert run("types").out.splitlines()[0].split() == [
        "type",
        "sender",
        "events",
        "variants",
        "first",
        "seen",
        "last",
        "seen",
    ]
    assert run("types", "type:none").err == "No type matches.\n"


def test_types_shows_the_last_hour_as_bars(run: Run, fill: Fill) -> None:
    """Only where something came in it."""
    fill(b'{"type":"old"}')
    assert "hour" not in run("types").out
    fill(arrival(b'{"type":"new"}', received_us=time.time_ns() // 1000 - 60_000_000))
    heading, new, old = run("types").out.splitlines()
    assert heading.split()[:5] == ["type", "sender", "events", "hour", "variants"]
    assert re.search(r" ▁▁▁▁▁▂ ", new)
    assert "▁" not in old
    assert "hour" not in run("types", "type:*").out


def test_types_all_lists_what_is_documented_and_not_seen(run: Run, fill: Fill) -> None:
    fill(COMPLETED.read_bytes())
    every = run("types", "--all", "--json").lines
    assert {line["type"] for line in every} == {known.type for known in documented_types()}
    assert {line["count"] for line in every} == {0, 1}
    assert len(run("types", "--json").lines) == 1
    text = run("types", "--all").out
    assert "unseen; of the older webhook" in text
    assert text.count("unseen\n") == sum(not each.legacy for each in documented_types()) - 1
    some = run("types", "--all", "--json", "type:system.feeds.*").lines
    assert some
    assert all(line["type"].startswith("system.feeds.") for line in some)


def test_a_shape_line_by_line(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a","n":1,"list":[{"id":1},{"id":2.5,"b":null}]}', b'{"type":"a","n":"x"}')
    done = run("shape", "a", "--json")
    by_path = {line["path"]: line for line in done.lines}
    assert set(done.lines[0]) >= {"path", "types", "present", "of", "optional", "examples"}
    assert by_path["n"]["types"] == ["integer", "string"]
    assert by_path["list[].id"]["types"] == ["integer", "number"]
    assert (by_path["list"]["present"], by_path["list"]["of"], by_path["list"]["optional"]) == (1, 2, True)
    assert by_path["list[].b"]["optional"] is True
    assert by_path["list[].id"]["optional"] is False
    assert sorted(by_path["n"]["examples"], key=str) == [1, "x"]
    assert "n" in run("shape", "*").out


def test_a_shape_says_what_values_look_like_and_of_how_many_events(
    run: Run, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(*[b'{"type":"a","level":"%s","n":%d}' % (b"warn" if n % 3 else b"info", n) for n in range(12)])
    done = run("shape", "a")
    assert '"warn" (8), "info" (4)' in done.out
    assert "0 to 11" in done.out
    assert 'always "a"' in done.out
    assert done.err == "12 events, 1 variant, 3 fields\n"
    monkeypatch.setattr("inspector.cli.shapes.READ", 5)
    done = run("shape", "a")
    assert "always" not in done.out
    assert done.err == "12 events, 1 variant, 3 fields; values of 5 events, --stats reads 1,000\n"


def test_examples_are_json_even_when_the_payload_was_not_quite(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a","x":NaN,"y":-Infinity,"z":"\\ud800"}')
    done = run("shape", "a", "--json")
    lines = {line["path"]: line["examples"] for line in done.lines}
    assert "NaN" not in done.out.replace('"nan"', "")
    assert (lines["x"], lines["y"]) == (["nan"], ["-inf"])
    assert run("shape", "a").code == 0


def test_a_type_that_is_not_there(run: Run, fill: Fill) -> None:
    fill(b'{"type":"user.image"}', arrival(b'{"type":"push"}'), arrival(b"{}", headers=GITHUB))
    done = run("shape", "user.imgae")
    assert (done.code, done.err) == (
        1,
        "inspector: no event of type user.imgae is stored; did you mean user.image?\n",
    )
    done = run("shape", "push")
    assert done.code == 2
    assert "more than one sender" in done.err
    assert run("shape", "github:push").code == 0


def test_a_diff_of_types_events_and_files(run: Run, fill: Fill) -> None:
    fill(PROCESSING.read_bytes(), COMPLETED.read_bytes())
    a, b = "user.image.analysis.processing", "user.image.analysis.completed"
    lines = run("diff", a, b, "--json").lines
    assert lines
    for line in lines:
        assert set(line) >= {"change", "path", "a", "b"}
        assert line["change"] in ("added", "removed", "retyped", "optional", "required")
        assert (line["a"] is None) == (line["change"] == "added")
        assert (line["b"] is None) == (line["change"] == "removed")
    for one, other in (
        ("1", "2"),
        ("#1", b),
        (str(PROCESSING), str(COMPLETED)),
        (a, str(COMPLETED)),
        ("*processing", "2"),
    ):
        assert run("diff", one, other, "--json").lines == lines, (one, other)
    swapped = {"added": "removed", "removed": "added", "optional": "required", "required": "optional"}
    back = run("diff", b, a, "--json").lines
    assert [(line["path"], swapped.get(line["change"], line["change"])) for line in back] == [
        (line["path"], line["change"]) for line in lines
    ]


def test_exit_codes_of_a_diff(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a","x":1}', b'{"type":"b","x":2}', b'{"type":"c","x":"s"}', b"text")
    same = run("diff", "1", "2")
    assert (same.code, same.out) == (0, "The same shape.\n")
    assert run("diff", "1", "2", "--exit-code").code == 0
    assert run("diff", "1", "3").code == 0
    assert run("diff", "1", "3", "--exit-code").code == 1
    assert run("diff", "1", "2", "--json").out == ""
    assert run("diff", "1", "99").code == 1
    assert run("diff", "1", "nothing").code == 1
    assert run("diff", "1", "4").code == 1
    assert run("diff", "1", "./no-such.json").code == 2


def test_a_diff_of_values_and_headers(run: Run, fill: Fill, tmp_path: Path) -> None:
    """The command-line twins of the diff screen's other tabs."""
    fill(
        b'{"type":"a","x":1,"list":[{"id":1,"v":1},{"id":2,"v":"\\u001b[2J"}],"gone":null}',
        b'{"type":"a","x":2,"list":[{"id":0,"v":0},{"id":1,"v":1},{"id":2,"v":"n"}],"more":[true]}',
        b"text",
    )
    found = {line.pop("path"): line for line in run("diff", "1", "2", "--values", "--json").lines}
    assert found == {
        "x": {"change": "changed", "a": 1, "b": 2},
        "list[0]": {"change": "added", "b": {"id": 0, "v": 0}},
        "list[0].id": {"change": "added", "b": 0},
        "list[0].v": {"change": "added", "b": 0},
        "list[1→2].v": {
            "change": "changed", "path_a": "list[1].v", "path_b": "list[2].v", "a": "\x1b[2J", "b": "n"
        },
        "gone": {"change": "removed", "a": None},
        "more": {"change": "added", "b": [True]},
        "more[0]": {"change": "added", "b": True},
    }  # fmt: skip
    told = run("diff", "1", "2", "--values")
    assert (told.code, told.err) == (0, "8 values differ.\n")
    assert re.search(r"^~ +list\[1→2\]\.v +\"\\u001b\[2J\" +\"n\"", told.out, re.MULTILINE)
    assert run("diff", "1", "2", "--values", "--exit-code").code == 1
    assert run("diff", "1", "1", "--values", "--exit-code").out == "The same values.\n"
    bad = run("diff", "1", "3", "--values")
    assert bad.code == 1
    file = tmp_path / "one.http"
    file.write_bytes(b"PUT /b HTTP/1.1\r\nAuthorization: Bearer abcdefgh\r\nX-N: 1\r\nx-n: 2\r\n\r\n{}")
    lines = {line.pop("name"): line for line in run("diff", "1", file, "--headers", "--json").lines}
    assert lines["method"] == {"change": "changed", "a": ["POST"], "b": ["PUT"]}
    assert lines["X-N"] == {"change": "added", "a": [], "b": ["1", "2"]}
    assert "abcdefgh" not in str(lines["Authorization"])
    assert "X-N" in run("diff", "1", file, "--headers").out
    both = run("diff", "1", "2", "--headers", "--values")
    assert (both.code, "one at a time" in both.err) == (2, True)
    schema = tmp_path / "s.json"
    schema.write_text('{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}')
    none = run("diff", "1", schema, "--values")
    assert (none.code, none.err) == (2, "inspector: b is a JSON Schema; there are no values to compare.\n")


def test_two_files_need_no_store(run: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"x": 1}))
    (tmp_path / "b.json").write_text(json.dumps({"x": "s", "\x1b[2J": 1}))
    done = run("diff", tmp_path / "a.json", tmp_path / "b.json")
    assert done.code == 0
    assert "integer" in done.out
    assert "\x1b" not in done.out
    assert not store.parent.exists()


@pytest.mark.parametrize("name", ["diff", "shape", "types"])
def test_data_goes_to_stdout_and_words_to_stderr(name: str, run: Run, fill: Fill) -> None:
    fill(b'{"type":"a","x":1}', b'{"type":"b","y":1}')
    words = {"diff": ["a", "b"], "shape": ["a"], "types": []}[name]
    done = run(name, *words, "--json")
    assert done.err == ""
    assert all(isinstance(line, dict) for line in done.lines)


def test_keys_are_told_to_be_data_or_names(run: Run, fill: Fill) -> None:
    fill(b'{"type":"a","tags":{"web":1,"db":2}}', b'{"type":"a","tags":{"db":3}}', b'{"type":"b","tags":[]}')

    def paths() -> list[str]:
        return [line["path"] for line in run("shape", "a", "--json").lines]

    done = run("shape", "*", "--keys-are-data", "tags")
    assert done.code == 0
    assert "a: the keys at tags are data; 2 variants changed." in done.err
    assert "tags.{*}" in done.out
    assert "keys are data: you said so" in done.out
    assert paths() == ["tags", "tags.{*}", "type"]
    done = run("shape", "a", "--keys-are-names", "tags.{*}", "--json")
    assert "a: the keys at tags are names; 2 events changed." in done.err
    assert paths() == ["tags", "tags.db", "tags.web", "type"]
    for words, code, told in (
        (["--keys-are-data", "type"], 1, "a has no object with named keys at type."),
        (["--keys-are-data", "no"], 1, "no object with named keys"),
        (["--keys-are-data", "a["], 2, "cannot be read"),
        (["--keys-are-data", ""], 2, "a path is wanted"),
        (["--keys-are-data", "a", "--keys-are-names", "a"], 2, "one at a time"),
    ):
        done = run("shape", "a", *words)
        assert (done.code, told in done.err) == (code, True), done.err


def test_a_diff_of_a_type_with_itself_at_two_times(run: Run, fill: Fill, tmp_path: Path) -> None:
    fill(b'{"type":"a","n":1}', b'{"type":"a","n":2}', b'{"type":"a","n":"3"}')
    done = run("diff", "a@id:1-2", "@id:3", "--json")
    assert done.lines == [{"change": "retyped", "path": "n", "a": "integer", "b": "string", "breaking": True}]
    done = run("diff", "a@before:2001-01-01", "a")
    assert (done.code, done.err) == (
        1,
        "inspector: no event of a with a JSON body fits before:2001-01-01\n",
    )
    assert run("diff", "a@sinze:1h", "a").code == 2
    assert run("schema", "a", "-o", tmp_path / "a.schema.json").code == 0
    assert run("diff", "a", tmp_path / "a.schema.json", "--exit-code").code == 0
    assert run("diff", "2", tmp_path / "a.schema.json", "--json").lines[0]["b"] == "integer or string"
    assert run("baseline", "a", "-o", tmp_path / "base.json").code == 0
    assert run("diff", tmp_path / "base.json", "a", "--exit-code").code == 0


def test_types_as_a_tree(run: Run, fill: Fill) -> None:
    bodies = [
        json.dumps(anchore(name, {"x": 1})).encode()
        for name in ("user.image.analysis.failed", "user.image.analysis.completed", "system.feeds.x")
    ]
    fill(*bodies, bodies[0], b'{"type":"plain"}')
    lines = [line.split("  2025")[0].rstrip() for line in run("types", "--tree").out.splitlines()[1:]]
    names = [re.sub(r" +[0-9]+ +[0-9]+$", "", line) for line in lines]
    assert names == [
        "anchore",
        "  system.feeds.x",
        "  user.image",
        "    analysis.completed",
        "    analysis.failed",
        "no sender",
        "  plain",
    ]
    assert lines[2].split()[1:] == ["3", "2"]
    assert run("types", "--tree", "--json").lines == run("types", "--json").lines


def test_a_matrix_of_types(run: Run, fill: Fill) -> None:
    fill(
        b'{"type":"a.one","n":1,"both":[]}',
        b'{"type":"a.one","n":"x","both":[],"only":null}',
        b'{"type":"a.two","both":[1]}',
        b'{"type":"b","other":{}}',
    )
    done = run("matrix", "a.*")
    assert done.out.splitlines() == [
        "field   AB",
        "both    ●●",
        "both[]  ·●",
        "n       ≠·",
        "only    ◐·",
        "type    ●●",
        "",
        "   type",
        "A  a.one",
        "B  a.two",
        "",
        "● always   ◐ sometimes   ≠ not one type of value   · never",
    ]
    assert done.err == "fields of no sender: 2 types, 5 fields\n"
    lines = {line["path"]: line["in"] for line in run("matrix", "--json").lines}
    assert lines["other"] == {"b": {"stands": "always", "types": ["object"], "present": 1, "of": 1}}
    assert {name: each["stands"] for name, each in lines["n"].items()} == {"a.one": "mixed"}
    assert run("matrix", "nothing").code == 1
