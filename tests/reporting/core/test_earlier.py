"""What an edition has no row of is zero there: groups have the same parts everywhere, counted by hand. POL-38."""

from __future__ import annotations

from clic_reporting.core.earlier import with_all_codes
from clic_reporting.core.suppression import Edition, Figures, Link


def by_kind(period: str, counts: dict[str, int]) -> Figures:
    """Requests received in a period, and those of each kind."""
    names = {f"{period}/requests.by_kind.{code}": count for code, count in counts.items()}
    total = f"{period}/requests.received"
    return Figures({total: sum(counts.values()), **names}, (Link((total,), tuple(names), group=True),))


def parts(figures: Figures, total: str) -> list[str]:
    return sorted(part for link in figures.links if link.group and link.left == (total,) for part in link.right)


def test_a_code_that_an_earlier_edition_has_no_row_of_is_zero_there_and_told() -> None:
    """Whoever misses the row sees the zero."""
    before = Edition(by_kind("2025-Q1", {"report": 40}))
    now, [completed] = with_all_codes(by_kind("2025-Q1", {"report": 40, "comment": 9}), [before])
    assert completed.figures.values["2025-Q1/requests.by_kind.comment"] == 0
    assert "2025-Q1/requests.by_kind.comment" in completed.shown
    assert parts(now, "2025-Q1/requests.received") == parts(completed.figures, "2025-Q1/requests.received")


def test_where_a_group_is_hidden_whole_the_zero_is_hidden_with_it() -> None:
    """There are no rows to miss it in, in one edition as in the other."""
    group = by_kind("2025-Q1", {"report": 3})
    before = Edition(group, frozenset(group.values))
    _, [completed] = with_all_codes(by_kind("2025-Q1", {"report": 3, "comment": 9}), [before])
    assert completed.shown == set()
    assert "2025-Q1/requests.by_kind.comment" in completed.whole_groups


def test_where_a_breakdown_was_left_out_the_zero_is_no_part_of_the_edition_either() -> None:
    """It would tell a code of a breakdown that tells nothing."""
    group = by_kind("2025-Q1", {"report": 40})
    left_out = Figures(group.values, group.links, unprinted=frozenset({"2025-Q1/requests.by_kind.report"}))
    _, [completed] = with_all_codes(by_kind("2025-Q1", {"report": 40, "comment": 9}), [Edition(left_out)])
    assert completed.shown == {"2025-Q1/requests.received"}
    assert completed.figures.unprinted == {f"2025-Q1/requests.by_kind.{code}" for code in ("report", "comment")}


def test_a_year_has_the_codes_of_its_quarters_and_its_equations_have_all_quarters() -> None:
    """What a quarter has a part of, its year has; a quarter without a row of it counts none."""
    quarters = [by_kind(f"2025-Q{n}", {"report": 10, **({"comment": 6} if n == 1 else {})}) for n in range(1, 5)]
    names = {name: value for quarter in quarters for name, value in quarter.values.items()}
    year = by_kind("2025", {"report": 40, "comment": 6})
    sums = (
        Link(("2025/requests.by_kind.report",), tuple(f"2025-Q{n}/requests.by_kind.report" for n in range(1, 5))),
        Link(("2025/requests.by_kind.comment",), ("2025-Q1/requests.by_kind.comment",)),
    )
    links = (*year.links, *sums, *(link for quarter in quarters for link in quarter.links))
    earlier = [Edition(by_kind("2025-Q2", {"report": 10, "comment": 0}))]
    figures, _ = with_all_codes(Figures({**names, **year.values}, links), earlier)
    [of_comments] = [link for link in figures.links if link.left == ("2025/requests.by_kind.comment",)]
    assert of_comments.right == ("2025-Q1/requests.by_kind.comment", "2025-Q2/requests.by_kind.comment")
    figures.check()


def test_a_year_without_any_row_of_a_code_says_that_its_quarters_have_none() -> None:
    """POL-38: a quarter hid the zero with its group; from the year's missing row it could be worked out."""
    quarter = by_kind("2025-Q1", {"suggestion": 3, "comment": 0})
    earlier = [Edition(quarter, frozenset(quarter.values))]
    year = by_kind("2025", {"suggestion": 30})
    beside = by_kind("2025-Q1", {"suggestion": 3})
    now = Figures({**year.values, **beside.values}, (*year.links, *beside.links))
    figures, _ = with_all_codes(now, earlier)
    of_year, of_quarter = "2025/requests.by_kind.comment", "2025-Q1/requests.by_kind.comment"
    assert figures.values[of_year] == figures.values[of_quarter] == 0
    assert Link((of_year,), (of_quarter,)) in figures.links
    figures.check()


def test_figures_with_the_same_codes_everywhere_stay_as_they_are() -> None:
    """And so do editions: nothing is made up."""
    figures = by_kind("2025-Q1", {"report": 40, "comment": 9})
    earlier = Edition(figures, frozenset({"2025-Q1/requests.by_kind.comment"}))
    assert with_all_codes(figures, [earlier]) == (figures, (earlier,))
