"""The house rules that a machine can hold: who may import whom, and what listing events may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "inspector"
LAYERS = {
    "core": {"core"},
    "store": {"core", "store"},
    "anchore": {"core", "store", "anchore"},
    "replay": {"core", "store", "replay"},
    "capture": {"core", "store", "capture", "replay", "anchore"},
    "config": {"core", "store", "capture", "config"},
    "tui": {"core", "store", "capture", "replay", "anchore", "config", "tui"},
    "web": {"core", "store", "capture", "web"},
    "cli": {"core", "store", "capture", "replay", "anchore", "config", "tui", "web", "cli"},
}


def imported(path: Path) -> set[str]:
    """Every module of the package that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way(layer: str) -> None:
    for path in (PACKAGE / layer).rglob("*.py"):
        for module in imported(path):
            parts = module.split(".")
            if parts[0] == "inspector" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir():
                assert parts[1] in LAYERS[layer], f"{path.relative_to(ROOT)} imports {module}"


def test_only_the_screen_knows_textual() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.is_relative_to(PACKAGE / "tui"):
            continue
        assert not any(module.split(".")[0] in ("textual", "rich") for module in imported(path)), path


def test_core_does_no_io() -> None:
    for path in (PACKAGE / "core").rglob("*.py"):
        assert not imported(path) & {"socket", "sqlite3", "asyncio", "subprocess", "pathlib", "os"}, path


def test_no_module_hides_behind_an_empty_word() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert path.stem not in ("utils", "helpers", "common", "manager"), path


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (
            ["events", "--json"],
            {"textual", "aiohttp", "rich", "pygments", "asyncio", "pyngrok", "inspector.core.conditions"},
        ),
        (["types", "--json"], {"textual", "aiohttp", "rich", "pyngrok"}),
        (["--help"], {"textual", "aiohttp", "pyngrok"}),
    ],
)
def test_commands_load_only_what_they_need(words: list[str], absent: set[str], tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    sample = ROOT / "sample_payloads/anchore/system.test.random_wisdom.json"
    subprocess.run(
        [sys.executable, "-m", "inspector", "--store", str(store), "import", str(sample)],
        check=True,
        cwd=ROOT,
    )
    program = (
        "import sys\nfrom inspector.cli import main\n"
        f"code = main({['--store', str(store), *words]!r})\n"
        "print(code, *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == "0"
    assert not {*modules, *(module.split(".")[0] for module in modules)} & absent


def test_the_listener_never_loads_the_screen() -> None:
    program = "import sys, inspector.capture.process; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    assert not {module.split(".")[0] for module in modules.split()} & {"textual", "rich", "pyngrok"}
