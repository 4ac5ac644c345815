"""k-anonymity on tables that chance makes."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from clic_reporting.core.anonymity import ABSENT_STEP, anonymised, shortened

Pair = tuple[str, str]
CELLS = st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(1, 9))


def _first(cell: Pair) -> Pair:
    return (cell[0], "")


def _nothing(_: Pair) -> Pair:
    return ("", "")


@given(cells=CELLS, k=st.integers(1, 6))
def test_what_is_published_stands_there_k_times_and_nothing_is_lost_untold(cells: Mapping[Pair, int], k: int) -> None:
    """POL-38."""
    found = anonymised(cells, [_first, _nothing], k)

    assert all(rows >= k for rows in found.cells.values())
    assert sum(found.cells.values()) + found.left_out == sum(cells.values())
    assert found.left_out < k
    whole = sum(rows for cell, rows in found.cells.items() if cell in cells)
    assert whole + sum(found.generalised.values()) == sum(found.cells.values())


def test_a_rare_combination_joins_the_coarser_one_that_stands_there() -> None:
    """What no subject foresaw and what is too rare to be told apart are one category."""
    found = anonymised({("a", "x"): 5, ("a", ""): 5, ("a", "y"): 2, ("b", "y"): 1}, [_first], 5)

    assert found.cells == {("a", "x"): 5, ("a", ""): 7}
    assert (found.generalised, found.left_out) == ({1: 2}, 1)


@given(cells=CELLS)
def test_with_k_of_one_nothing_changes(cells: Mapping[Pair, int]) -> None:
    """What the proof of the round trip stands on."""
    assert anonymised(cells, [_first, _nothing], 1).cells == cells


@given(cells=st.dictionaries(st.sampled_from("abcdef"), st.integers(5, 40)), absent=st.integers(0, 30))
def test_how_many_are_absent_is_told_to_the_nearest_ten_and_never_none(cells: Mapping[str, int], absent: int) -> None:
    """POL-26, POL-38."""
    left = shortened(cells, absent, 5)
    gone = absent + sum(cells.values()) - sum(left.values())

    assert all(rows >= 5 for rows in left.values())
    assert not left or (gone % ABSENT_STEP == 0 and 0 < gone < absent + ABSENT_STEP + (absent == 0))


@given(cells=st.dictionaries(st.sampled_from("abcdef"), st.integers(15, 40), min_size=1), absent=st.integers(0, 30))
def test_a_row_more_that_is_confidential_leaves_the_same_rows(cells: Mapping[str, int], absent: int) -> None:
    """POL-26: so the rows do not tell which of both worlds it is."""
    left = shortened(cells, absent, 5)
    if left == cells:
        return
    first = max(cells, key=cells.__getitem__)

    assert shortened({**cells, first: cells[first] - 1}, absent + 1, 5) == left
