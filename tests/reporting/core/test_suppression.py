"""What is hidden for its own sake, what everybody knows after some editions, and what is a proof: counted by hand."""

from __future__ import annotations

import pytest

from clic_reporting.core.earlier import apart, near, settled
from clic_reporting.core.primary import primary
from clic_reporting.core.puzzle import puzzle
from clic_reporting.core.suppression import (
    THRESHOLD,
    Edition,
    Figures,
    InconsistentFiguresError,
    Link,
    Reason,
    is_small,
)

ROW = Figures({"t": 53, "a": 3, "b": 20, "c": 30}, (Link(("t",), ("a", "b", "c"), group=True),))


@pytest.mark.parametrize(("value", "small"), [(0, False), (1, True), (4, True), (THRESHOLD, False), (-2, True)])
def test_one_to_four_are_few_and_nobody_is_not(value: int, *, small: bool) -> None:
    """POL-38; below zero where reopenings outnumber treatments (POL-32)."""
    assert is_small(value) is small


def test_of_a_small_total_no_part_is_told_not_even_a_zero() -> None:
    """POL-38: zeros would say that all three are in one part."""
    figures = Figures(
        {"t": 3, "a": 3, "b": 0, "t2": 90, "a2": 90, "b2": 0},
        (Link(("t",), ("a", "b"), group=True), Link(("t2",), ("a2", "b2"), group=True)),
    )
    assert primary(figures) == {"t": Reason.SMALL, "a": Reason.SMALL, "b": Reason.GROUP}


def test_a_zero_that_follows_from_another_one_is_told() -> None:
    """Hiding what anybody sees would only look safe."""
    figures = Figures(
        {"row": 3, "x": 3, "y": 0, "column_y": 0, "z": 0},
        (Link(("row",), ("x", "y"), group=True), Link(("column_y",), ("y", "z"), group=True)),
    )
    assert "y" not in primary(figures)


def test_a_world_proves_only_if_everything_published_stays_as_it_is() -> None:
    """The whole proof: additions of whole numbers."""
    of = puzzle([Edition(ROW, frozenset({"a", "b"}))])
    assert of.targets == {"a", "b"}
    assert of.accepts({"a": 5, "b": -5})
    assert not of.accepts({"a": 5, "b": -4}), "the total would be another"
    assert not of.accepts({"a": 5, "c": -5}), "c is published"
    assert not of.accepts({"a": -3, "b": 3}), "the mark says one at least"
    assert of.unproven([{"a": 4, "b": -4}]) == {"a", "b"}, "an interval of four is narrower than five"
    assert of.unproven([{"a": 4, "b": -4}, {"a": -1, "b": 1}]) == set()


def test_a_part_of_a_group_hidden_as_a_whole_can_be_zero() -> None:
    """Nothing shows that there is anybody."""
    of = puzzle([Edition(ROW, frozenset({"t", "a", "b", "c"}))])
    assert of.accepts({"a": -3, "t": -3})


def test_a_count_shown_in_any_edition_is_known_in_all() -> None:
    """Two editions of one quarter."""
    first, second = Edition(ROW, frozenset({"a", "b"})), Edition(ROW, frozenset({"a", "c"}))
    assert puzzle([first, second]).known == {"t", "b", "c"}
    assert puzzle([first, second]).targets == {"a"}


def test_a_count_corrected_by_five_is_another_one() -> None:
    """Taking one for the other is wrong by the width of what may be known."""
    earlier = [Edition(ROW, frozenset({"a", "b"}))]
    now = Figures({"t": 60, "a": 5, "b": 25, "c": 30}, ROW.links)
    [renamed] = apart(earlier, now)
    assert renamed.figures.values == {"t@1": 53, "a": 3, "b@1": 20, "c": 30}
    assert renamed.hidden == {"a", "b@1"}
    assert primary(now, earlier)["a"] is Reason.STAYS
    assert "b" not in primary(now, earlier)


def test_what_follows_from_published_counts_is_no_secret() -> None:
    """A year from its four quarters, and then what follows from the year."""
    quarters = [Edition(Figures({f"Q{n}/a": 10 * n})) for n in range(1, 5)]
    rows = [Link(("Y/a",), ("Q1/a", "Q2/a", "Q3/a", "Q4/a")).terms, Link(("Y/t",), ("Y/a", "Q1/a")).terms]
    assert settled(quarters, rows) == {"Q1/a": 10, "Q2/a": 20, "Q3/a": 30, "Q4/a": 40, "Y/a": 100, "Y/t": 110}


def test_only_what_hangs_together_by_unknown_counts_is_looked_at() -> None:
    """Decades of reports hang together by published totals: these move nothing."""
    old = Edition(Figures({"t": 53, "x": 3, "y": 50}, (Link(("t",), ("x", "y"), group=True),)), frozenset({"x", "y"}))
    [untouched] = near([old], ROW)
    assert untouched.figures.links == ()
    [reached] = near([old], Figures({"x": 3, "z": 9}))
    assert reached.figures.links == old.figures.links


def test_figures_that_contradict_themselves_are_told() -> None:
    """Which one, and how to see it."""
    with pytest.raises(InconsistentFiguresError, match="an equation names c, which no figure has"):
        Figures({"t": 1, "a": 1}, (Link(("t",), ("a", "c")),)).check()
    with pytest.raises(InconsistentFiguresError, match="a is -1: a count is not below zero"):
        Figures({"a": -1}).check()
