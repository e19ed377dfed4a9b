"""``schema``, ``sample``, ``baseline`` and ``check``, as they are run."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from inspector.cli import main

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_payloads"
TYPE = "user.image.analysis.completed"

Run = Any


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "events.db"
    files = [str(file) for file in sorted(SAMPLES.rglob("*.json")) + sorted(SAMPLES.rglob("*.http"))]
    assert main(["--store", str(path), "import", *files]) == 0
    return path


@pytest.fixture
def run(store: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the store: its exit code, and what it printed and narrated."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--store", str(store), *map(str, words)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def changed(tmp_path: Path, change: Any) -> Path:
    """A payload file of `TYPE` after a change."""
    payload = json.loads((SAMPLES / "anchore" / f"{TYPE}.json").read_text())
    change(payload)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(payload))
    return path


def test_a_json_schema_that_its_events_validate_against(run: Run) -> None:
    code, out, _ = run("schema", TYPE)
    schema = json.loads(out)
    assert code == 0
    assert schema["title"] == TYPE
    assert "details" in schema["required"]
    for file in (SAMPLES / "anchore").glob(f"{TYPE}*.json"):
        Draft202012Validator(schema).validate(json.loads(file.read_text()))


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ("typescript", "export interface UserImageAnalysisCompleted {"),
        ("python", "class UserImageAnalysisCompleted(TypedDict):"),
        ("pydantic", "class UserImageAnalysisCompleted(BaseModel):"),
        ("markdown", "| `details.curr_eval.image_digest` | string | always | `hex digest"),
        ("html", "<td><code>details<wbr>.curr_eval<wbr>.image_digest</code></td>"),
    ],
)
def test_the_other_forms(run: Run, form: str, holds: str) -> None:
    code, out, _ = run("schema", TYPE, "--as", form)
    assert code == 0
    assert holds in out


@pytest.mark.parametrize("form", ["json-schema", "typescript", "python", "pydantic", "markdown", "html"])
def test_every_type_at_once(run: Run, form: str) -> None:
    code, out, _ = run("schema", "*", "--as", form)
    assert code == 0
    assert "random_wisdom" in out or "RandomWisdom" in out


def test_output_goes_to_a_file_that_only_its_owner_reads(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.touch(0o644)
    code, out, err = run("schema", TYPE, "--as", "html", "-o", path)
    assert (code, out) == (0, "")
    assert "Wrote" in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("<!DOCTYPE html>")


def test_misuse_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("schema", "no.such.type")[0] == 1
    assert run("schema", TYPE, "--as", "cobol")[0] == 2
    assert run("schema", TYPE, "--as", "python", "--open")[0] == 2
    assert run("schema", TYPE, "-o", tmp_path / "no" / "where")[0] == 2
    assert run("sample", TYPE, "--count", "0")[0] == 2
    assert run("check", tmp_path / "none.json")[0] == 2
    assert run("check", ROOT / "README.md")[0] == 2
    bad = tmp_path / "bad.json"
    bad.write_text('{"type": "thing"}')
    assert run("check", bad)[0] == 2


def test_samples_validate_and_can_be_many(run: Run) -> None:
    schema = json.loads(run("schema", TYPE)[1])
    assert Draft202012Validator(schema).is_valid(json.loads(run("sample", TYPE)[1]))
    code, out, _ = run("sample", TYPE, "--all-fields", "--count", "3", "--seed", "7")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(lines) == 3
    for line in lines:
        Draft202012Validator(schema).validate(line)
    assert out == run("sample", TYPE, "--all-fields", "--count", "3", "--seed", "7")[1]


def test_a_baseline_fits_what_it_was_made_of(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert run("baseline", "-o", path)[0] == 0
    assert run("baseline")[1] == path.read_text()
    code, out, err = run("check", path)
    assert (code, out) == (0, "")
    assert "all fit" in err
    assert run("check", path, "type:system.*", "-level:error")[0] == 0
    files = sorted((SAMPLES / "anchore").glob("*.json"))
    assert run("check", path, "--files", *files)[0] == 0


def test_what_does_not_fit_a_baseline_is_said_in_words(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    run("baseline", TYPE, "-o", path)

    def change(payload: Any) -> None:
        payload["details"]["subscription_type"] = ["analysis_update"]
        payload["details"]["new"] = 1
        del payload["details"]["curr_eval"]

    code, out, _ = run("check", path, "--files", changed(tmp_path, change))
    assert code == 1
    assert "details.subscription_type is now an array, was string in 3 events" in out
    assert "details.new is new: integer" in out
    assert "details.curr_eval is missing, was there in 3 events" in out
    code, out, _ = run("check", path, "--json", "--files", changed(tmp_path, change))
    lines = [json.loads(line) for line in out.splitlines()]
    assert {(line["change"], line["path"]) for line in lines} == {
        ("retyped", "details.subscription_type"),
        ("added", "details.new"),
        ("missing", "details.curr_eval"),
    }
    assert all(line["type"] == TYPE and line["count"] == 1 for line in lines)


def test_types_that_a_baseline_does_not_hold_are_named_and_no_violation(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    run("baseline", TYPE, "-o", path)
    code, _, err = run("check", path)
    assert code == 0
    assert "of types that are not in the baseline" in err
    code, _, err = run("check", path, "--files", SAMPLES / "github" / "push.http")
    assert code == 1
    assert "Nothing was checked: no file is of a type in the baseline." in err


def test_the_ending_of_the_file_says_the_form_unless_it_is_told(run: Run, tmp_path: Path) -> None:
    for name, words, begins in (
        ("a.ts", (), "// Learnt"),
        ("a.HTML", (), "<!doctype html>"),
        ("a.txt", (), "{"),
        ("b.ts", ("--as", "markdown"), "# "),
    ):
        assert run("schema", TYPE, "-o", tmp_path / name, *words)[0] == 0
        assert (tmp_path / name).read_text().lower().startswith(begins.lower())


def test_a_schema_of_ours_is_held_against_its_own_type(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    run("schema", TYPE, "-o", path)
    code, out, err = run("check", path)
    assert (code, out) == (0, "")
    assert "3 events checked" in err
    code, out, _ = run("check", path, "type:system.test.random_wisdom")
    assert code == 1
    assert "details.curr_eval is missing" in out
    file = changed(tmp_path, lambda payload: payload.update(id=None))
    code, out, _ = run("check", path, "--files", file)
    assert code == 1
    assert "id is null, should be string" in out


def test_nothing_to_check_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    run("baseline", "-o", path)
    code, _, err = run("check", path, "type:no.such.type")
    assert code == 0
    assert "Nothing was checked" in err


def test_new_shapes_in_the_store_are_found_by_variant_and_event(tmp_path: Path) -> None:
    """In processes of their own, as in a pipeline: pin, capture more, check."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "inspector",
            "--store",
            str(tmp_path / "events.db"),
            *map(str, words),
        ]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    run("import", SAMPLES / "anchore" / f"{TYPE}.json")
    baseline = tmp_path / "baseline.json"
    run("baseline", "-o", baseline)
    file = changed(tmp_path, lambda payload: payload["details"].update(annotations=7))
    for _ in range(2):
        run("import", file)
    done = run("check", baseline)
    assert done.returncode == 1
    assert "details.annotations is now an integer" in done.stdout
    assert "(#2 and 1 more)" in done.stdout
    done = run("check", baseline, "--json", "since:1h")
    line = json.loads(done.stdout)
    assert (line["events"], line["count"]) == ([2, 3], 2)


def test_check_without_a_file_takes_the_baselines_pinned_in_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "events.db"

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--store", str(store), *map(str, words)])
        return code, *capsys.readouterr()

    run("import", SAMPLES / "anchore" / f"{TYPE}.json", *sorted((SAMPLES / "github").rglob("push*")))
    code, _, err = run("check")
    assert code == 2
    assert "no baseline is pinned in this store: inspector baseline --pin" in err
    assert (
        run("baseline", TYPE, "--pin")[2]
        == "Pinned 1 type: inspector check tells what departs from now on.\n"
    )
    code, _, err = run("check")
    assert code == 0
    assert "of types that are not in the baseline: push" in err
    assert "1 event checked: all fit." in err
    file = changed(tmp_path, lambda payload: payload["details"].update(annotations=7))
    assert run("check", "--pinned", "--files", file)[0] == 1
    run("import", file)
    code, out, _ = run("check", "--json")
    assert (code, json.loads(out)["path"]) == (1, "details.annotations")
    assert run("check", "--pinned", "-type:user.*")[0] == 0
    code, _, err = run("check", "type:user.*")
    assert code == 2
    assert "say --pinned for those pinned in the store" in err
    assert run("baseline", "--pin", "--unpin")[0] == 2
    assert run("baseline", "--unpin", "system.*")[0] == 1
    assert "Forgot 1 pinned baseline." in run("baseline", "--unpin")[2]
    assert run("check")[0] == 2


def test_statistics_of_a_type(run: Run) -> None:
    code, out, _ = run("shape", "system.feeds.*", "--stats", "--json")
    fields = {line["path"]: line for line in map(json.loads, out.splitlines())}
    assert code == 0
    assert {value["value"] for value in fields["level"]["values"]} == {"info", "error"}
    assert fields["details.result.total_time_seconds"]["min"] == 41
    assert fields["id"]["formats"] == {"hex id": 12}
    assert "array_length" in fields["details.sync_feed_types"]
    assert '"info" (' in run("shape", "system.feeds.*", "--stats")[1]
