"""docs/faults.md names tests that exist, for every fault that it has to list."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs/faults.md"
LISTED = {
    *(f"N{number}" for number in (1, 3, 5, 6, 7, 9, 14, 16, 17, 18, 19, 20, 21, 22)),
    *(f"D{number}" for number in (1, 3, 4, 7, 10, 11, 13, 14)),
    *(f"R{number}" for number in (1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 15)),
    *(f"O{number}" for number in (1, 2, 3, 4, 5, 6, 12, 13, 14, 15, 16, 17, 18, 19)),
}
"""Faults of severity S1 and S2 that belong to what is built."""
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> dict[str, list[str]]:
    """The cells of every fault, by its name."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(r"[A-Z]\d+", cells[0]):
            assert cells[0] not in found, cells[0]
            found[cells[0]] = cells
    return found


def names_in(file: Path) -> set[str]:
    """The test functions of a file."""
    tree = ast.parse(file.read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


NAMED = sorted(set(_NAMED.findall(PAGE.read_text())))


def test_every_fault_has_a_row_with_tests() -> None:
    assert set(rows()) == LISTED
    for fault, cells in rows().items():
        assert len(cells) == 5, fault
        assert cells[2] in ("S1", "S2"), fault
        assert _NAMED.findall(cells[4]), f"{fault} names no test"
        assert not re.sub(r"`[^`]*`|[, ]", "", cells[4]), f"{fault}: {cells[4]}"


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_named_test_exists(file: str) -> None:
    wanted = {name for path, name in NAMED if path == file}
    assert wanted - names_in(TESTS / file) == set()
