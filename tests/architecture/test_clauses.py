"""Every clause of the policy is kept by code that cites it and proved by a test that does; the page says by which."""

from __future__ import annotations

import pytest
from tests.clauses import LAST, LATER, PAGE, PROMISES, Citations, cited, kept_by, page, proved_by
from tests.place import ROOT
from tests.taken_out.__main__ import REMOVALS
from tests.taken_out.removal import Removal

OF_THE_DESK = (*range(1, 29), 30, 39, 40, 41)
"""What the desk promises, access to information included; the rest is reporting's."""


@pytest.fixture(scope="module")
def proved() -> Citations:
    """Read once: it parses every test of the house."""
    return proved_by()


def test_every_clause_has_a_test_that_cites_it(proved: Citations) -> None:
    """A clause that nothing proves is a promise that nobody keeps; what is still to come says so."""
    assert {number for number in range(1, LAST + 1) if number not in proved} <= set(LATER)
    assert not set(LATER).intersection(OF_THE_DESK)
    assert set(PROMISES) == set(range(1, LAST + 1))


def test_every_clause_of_the_desk_is_kept_by_code_that_cites_it() -> None:
    kept = kept_by()
    assert [number for number in OF_THE_DESK if number not in kept] == []


def test_the_page_is_what_code_and_tests_say() -> None:
    """Mend it with `python -m tests.clauses`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_each_clause_of_the_desk_is_taken_out() -> None:
    """By `python -m tests.taken_out`, which looks whether a test fails; that takes minutes, so that it stands apart."""
    assert set(OF_THE_DESK) - {each.clause for each in REMOVALS} == set()


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda each: f"POL-{each.clause:02} {each.rule}")
def test_what_is_taken_out_stands_where_it_is_looked_for_and_its_test_cites_the_clause(
    removal: Removal, proved: Citations
) -> None:
    """Else a rule that has moved would be proved by nothing; mend the row, and try it with `--clause`."""
    before = (ROOT / removal.path).read_text(encoding="utf-8")
    assert removal.applied_to(before) != before
    assert removal.test.replace("::", ": ") in proved[removal.clause]


def test_a_rule_that_does_not_stand_there_is_told() -> None:
    with pytest.raises(ValueError, match="stands 0 times"):
        REMOVALS[0].applied_to("")


def test_a_range_cites_each_of_its_clauses() -> None:
    planted = "Source: PO~L-05 to PO~L-07, PO~L-09.".replace("~", "")
    assert list(cited(planted)) == [5, 6, 7, 9]
