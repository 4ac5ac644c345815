"""No rule of the desk can be taken out unnoticed by a test of its core: one of each sort here, all by `mutate.py`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.intake.mutate import SORTS, mutants
from tests.place import ROOT

TRY_MAX_S = 300
"""On an idle machine they take ten seconds."""


@pytest.mark.slow
@pytest.mark.timeout(TRY_MAX_S + 20)
def test_one_mutant_of_each_sort_is_noticed() -> None:
    """POL-05 to POL-09, POL-13, POL-19, POL-21, POL-23, POL-27, POL-30, POL-39, POL-41: the command tries them all.

    In a process of its own: a mutant is tried in a fork, and a test's process has threads.
    """
    assert f"{len(SORTS)} mutants, 0 live" in said_of("--first")


def said_of(*arguments: str) -> str:
    """What the command says, once it has found that no mutant lives."""
    tried = subprocess.run(
        [sys.executable, "-m", "tests.intake.mutate", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TRY_MAX_S,
        check=False,
    )
    assert tried.returncode == 0, f"{tried.stdout}\n{tried.stderr}"
    return tried.stdout


def test_there_is_a_mutant_for_each_rule_and_each_row() -> None:
    """Else it would be shown of nothing; each has a name of its own."""
    names = [each.name for each in mutants()]
    assert len(set(names)) == len(names)
    for word in (
        "rule.may_refuse allows",
        "rule.may_merge allows",
        "is not raised",
        "is always True",
        "may not happen",
    ):
        assert any(word in each for each in names), word
