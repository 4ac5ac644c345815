"""Every clause of the policy is kept by code that cites it and proved by a test that does; the page says by which."""

from __future__ import annotations

from tests.clauses import LAST, LATER, PAGE, PROMISES, cited, kept_by, page, proved_by

OF_THE_DESK = (*range(1, 22), 27, 28, 30, 39, 40, 41)
"""What the desk promises; the rest is reporting's and access to information's."""


def test_every_clause_has_a_test_that_cites_it() -> None:
    """A clause that nothing proves is a promise that nobody keeps; what is still to come says so."""
    proved = proved_by()
    assert {number for number in range(1, LAST + 1) if number not in proved} <= set(LATER)
    assert not set(LATER).intersection(OF_THE_DESK)
    assert set(PROMISES) == set(range(1, LAST + 1))


def test_every_clause_of_the_desk_is_kept_by_code_that_cites_it() -> None:
    kept = kept_by()
    assert [number for number in OF_THE_DESK if number not in kept] == []


def test_the_page_is_what_code_and_tests_say() -> None:
    """Mend it with `python -m tests.clauses`."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_range_cites_each_of_its_clauses() -> None:
    planted = "Source: PO~L-05 to PO~L-07, PO~L-09.".replace("~", "")
    assert list(cited(planted)) == [5, 6, 7, 9]
