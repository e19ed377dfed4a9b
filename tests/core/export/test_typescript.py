"""TypeScript types: names, quoting, unions, records; compiled with tsc where it is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from inspector.core.export.typescript import typescript
from tests.core.export.payloads import HOSTILE, TRAPS, learnt, samples

TSC = os.environ.get("INSPECTOR_TSC") or shutil.which("tsc")
"""The TypeScript compiler, where one is at hand."""


def test_optional_fields_unions_arrays_and_records() -> None:
    text = typescript(
        [
            learnt(
                [
                    {
                        "a": 1,
                        "b": None,
                        "l": [1, "x"],
                        "m": {"0" * 32: True},
                        "o": {"x": 1.5},
                        "e": [],
                        "f": {},
                    },
                    {"b": "x", "l": [], "m": {}, "o": {}, "e": [], "f": {}},
                ]
            )
        ]
    )
    assert "export interface O {\n  x?: number;\n}" in text
    assert (
        "export interface ThingHappened {\n"
        "  a?: number;\n"
        "  b: string | null;\n"
        "  e: Array<unknown>;\n"
        "  f: Record<string, unknown>;\n"
        "  l: Array<number | string>;\n"
        "  m: Record<string, boolean>;\n"
        "  o: O;\n"
        "}"
    ) in text


def test_keys_that_are_no_names_are_quoted() -> None:
    text = typescript([learnt([{"a-b": 1, "1": 2, "$ok": 3, HOSTILE: 4}])])
    assert '  "a-b": number;' in text
    assert '  "1": number;' in text
    assert "  $ok: number;" in text
    assert f"  {json.dumps(HOSTILE)}: number;" in text
    assert "\x1b" not in text


def test_data_keys_beside_names_are_an_index_signature_that_says_why() -> None:
    text = typescript([learnt(TRAPS["names and digests"])])
    assert "  total: number;\n  [key: string]: number | MapValue; // keys are digests" in text


def test_several_types_have_a_union_and_no_name_twice() -> None:
    found = samples()
    text = typescript([learnt(payloads, name) for name, payloads in found.items()])
    defined = [line.split()[2] for line in text.splitlines() if line.startswith("export ")]
    assert len(defined) == len(set(defined))
    assert text.endswith(";\n")
    assert text.count("\n  | ") == len(found)


def test_a_payload_that_is_no_object_is_a_type() -> None:
    text = typescript([learnt([[1, None, {"a": 1}], "x", None])])
    assert "export type ThingHappened = string | Array<number | Item | null> | null;" in text


@pytest.mark.skipif(TSC is None, reason="needs tsc; set INSPECTOR_TSC")
def test_everything_compiles_with_the_payloads_as_literals(tmp_path: Path) -> None:
    files = []
    for number, (name, payloads) in enumerate((samples() | TRAPS).items()):
        text = typescript([learnt(payloads)])
        if name not in ("cut", "deep"):
            text += "".join(
                f"export const e{at}: ThingHappened = {json.dumps(each)};\n"
                for at, each in enumerate(payloads)
            )
        files.append(tmp_path / f"generated{number}.ts")
        files[-1].write_text(text)
    done = subprocess.run(
        [str(TSC), "--strict", "--noEmit", "--target", "es2022", *map(str, files)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[:3000]
