"""The threat model's page: each line names tests that exist, and each boundary has all six letters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from tests.place import ROOT

PAGE = ROOT / "docs" / "security.md"
LETTERS = set("STRIDE")
COLUMNS = 4
NODE = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@lru_cache
def _tests(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text("utf-8"))
    names = (each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in names if name.startswith("test_"))


def faults(text: str) -> Iterator[str]:
    """What is wrong with a page, as `boundary: what`."""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        boundary, _, body = section.partition("\n")
        rows = [line for line in body.splitlines() if line.startswith("| ") and not line.startswith("| threat ")]
        letters: set[str] = set()
        for row in rows:
            cells = [each.strip() for each in row.strip("|").split("|")]
            where = f"{boundary}: {cells[1][:40] if len(cells) > 1 else row}"
            if len(cells) != COLUMNS or not all(cells):
                yield f"{where}: has no {COLUMNS} cells"
                continue
            letters.add(cells[0])
            named = NODE.findall(cells[3])
            if not named:
                yield f"{where}: names no test"
            for path, name in named:
                if not _tests(path) or (name and name not in _tests(path)):
                    yield f"{where}: there is no {path}::{name}"
        if rows and letters != LETTERS:
            yield f"{boundary}: lacks {''.join(sorted(LETTERS - letters)) or 'nothing'}, has {''.join(sorted(letters))}"


def test_every_line_names_tests_that_exist_and_every_boundary_has_every_threat() -> None:
    assert list(faults(PAGE.read_text("utf-8"))) == []


def test_the_boundaries_are_those_of_the_house() -> None:
    titles = re.findall(r"^## (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert titles == [
        "Citizens and the public web", "Publishers over HTTP", "Publishers over NATS", "Subscribers", "Agents",
        "Analysts and the published figures", "Whoever operates", "Services and NATS", "Services and PostgreSQL",
        "Mail", "Backups", "Images and what they are made of", "The town's folder", "What is not covered",
    ]  # fmt: skip


ROW = "| {} | a | b | `tests/security/test_threats.py::test_a_planted_fault_is_found` |\n"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| S | a | b |  |\n", "has no 4 cells"),
        ("| S | a | b | by hand |\n", "names no test"),
        ("| S | a | b | `tests/security/test_threats.py::test_that_is_not_there` |\n", "there is no"),
        ("| S | a | b | `tests/nowhere.py` |\n", "there is no"),
        ("", "lacks S"),
    ],
)
def test_a_planted_fault_is_found(row: str, fault: str) -> None:
    page = "## A boundary\n| threat | a | b | tests |\n|---|---|---|---|\n"
    others = "".join(ROW.format(letter) for letter in "TRIDE")

    assert fault in "\n".join(faults(page + others + row))
    assert list(faults(page + others + ROW.format("S"))) == []


def test_the_page_is_found_from_the_others() -> None:
    assert "security.md" in (ROOT / "docs" / "ops" / "images.md").read_text("utf-8")
    assert Path(ROOT / "docs" / "security.md").is_file()
