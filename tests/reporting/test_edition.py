"""What is hidden stays hidden: an attacker with a solver of his own tries every hidden count of arbitrary tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.reporting.attacker import Attacker
from tests.reporting.publishing import COUNTS, corrected, cube, cubes, trees, year_of

from clic_reporting.core.primary import primary
from clic_reporting.core.suppression import (
    WIDTH,
    Edition,
    Figures,
    InconsistentFiguresError,
    Link,
    Reason,
    is_small,
)
from clic_reporting.edition import Choice, UnsafeEditionError, choose, prove, search

ARBITRARY = settings(max_examples=25, suppress_health_check=list(HealthCheck))
FEWER = settings(ARBITRARY, max_examples=12)
"""Three dimensions, or five editions each."""


def worked_out(editions: Sequence[Edition], between: Sequence[Link] = (), *, whole: bool = True) -> dict[str, float]:
    """Counts that are not published and that an attacker narrows to less than is allowed, with the width."""
    attacker = Attacker(editions, between, whole=whole)
    narrow = {}
    for number, each in enumerate(editions):
        secret = each.hidden | {name for name in each.figures.unprinted if is_small(each.figures.values[name])}
        for name in sorted(secret):
            if not attacker.is_told(name, number) and (width := attacker.interval(name, number).width) < WIDTH:
                narrow[name] = width
    return narrow


def whole_or_not(figures: Figures) -> None:
    choice = choose(figures)
    assert not choice.withheld
    assert {name for name, value in figures.values.items() if is_small(value)} <= choice.hidden
    assert worked_out([choice.edition]) == {}


@ARBITRARY
@given(cubes([(1, 4), (2, 5)]))
def test_nobody_works_out_a_hidden_count_of_a_table_of_two_dimensions(figures: Figures) -> None:
    """POL-38."""
    whole_or_not(figures)


@FEWER
@given(cubes([(2, 3), (2, 3), (2, 3)]))
def test_nobody_works_out_a_hidden_count_of_a_table_of_three_dimensions(figures: Figures) -> None:
    """POL-38: of such tables a solver without whole numbers tells less than one with them."""
    whole_or_not(figures)


@ARBITRARY
@given(trees())
def test_nobody_works_out_a_hidden_count_of_groups_within_groups(figures: Figures) -> None:
    """POL-38."""
    whole_or_not(figures)


def test_hiding_the_small_counts_alone_hides_nothing() -> None:
    """What the attacker is for: he works out what the first step leaves open."""
    figures = cube({("a",): 3, ("b",): 20, ("c",): 30})
    small_alone = Edition(figures, frozenset(primary(figures)))
    assert small_alone.hidden == {"a"}
    assert worked_out([small_alone]) == {"a": 0}
    with pytest.raises(UnsafeEditionError, match="1 hidden counts are not proven safe, a for one"):
        prove(small_alone, (), (), [[]])


@FEWER
@given(st.data())
def test_nobody_works_out_a_hidden_count_from_four_quarters_and_their_year(data: st.DataObject) -> None:
    """POL-38: what quarters show is known when the year is published, as it was and as it was corrected since."""
    editions, year, between = published_year(data)
    told = worked_out(editions, between)
    for name in year.standing:  # Published before: no secret but for what was corrected of it.
        told.pop(name, None)
    assert told == {}
    for number, each in enumerate(editions):
        assert worked_out([each]) == {}, f"edition {number} by itself"


@FEWER
@given(st.data())
def test_no_two_editions_differ_by_few(data: st.DataObject) -> None:
    """POL-38: a difference of 1 to 4 between what was published twice is a count of few itself."""
    editions, _, _ = published_year(data)
    *quarters, year = editions if len(editions) > 4 else [*editions, Edition(Figures({}))]
    told = {name: quarter.figures.values[name] for quarter in quarters for name in quarter.shown}
    for name in year.shown:
        value = year.figures.values[name]
        assert not is_small(value - told.get(name, value)), name
        parts = [f"Q{number}/{name[2:]}" for number in range(1, 5)]
        if name.startswith("Y/") and all(part in told for part in parts):
            assert not is_small(value - sum(told[part] for part in parts)), name


def published_year(data: st.DataObject) -> tuple[list[Edition], Choice, list[Link]]:
    """Four quarters, each published at its end, and the year with what was corrected in between."""
    shape = [(f"a{n}", f"b{m}") for n in range(data.draw(st.integers(1, 2))) for m in range(2)]
    now: list[Figures] = []
    editions: list[Edition] = []
    is_corrected = data.draw(st.booleans())
    for number in range(1, 5):
        counts = dict(zip(shape, data.draw(st.lists(COUNTS, min_size=len(shape), max_size=len(shape))), strict=True))
        editions.append(choose(cube(counts, f"Q{number}/"), editions).edition)
        now.append(cube(corrected(data.draw, counts) if is_corrected else counts, f"Q{number}/"))
    year = choose(year_figures(now), editions)
    assert is_corrected or not year.withheld
    published = [] if year.withheld else [year.edition]
    return [*editions, *published], year, list(year_of(now))


def year_figures(quarters: Sequence[Figures]) -> Figures:
    """A year beside its quarters."""
    links = tuple(year_of(quarters))
    values = {name: value for quarter in quarters for name, value in quarter.values.items()}
    for link in links:
        values[link.left[0]] = sum(values[part] for part in link.right)
    of_year = [
        Link(tuple(f"Y/{part[3:]}" for part in link.left), tuple(f"Y/{part[3:]}" for part in link.right), group=True)
        for link in quarters[0].links
    ]
    return Figures(values, (*links, *of_year, *(link for quarter in quarters for link in quarter.links)))


def test_a_year_published_without_a_thought_of_its_quarters_tells_what_they_hide() -> None:
    """What looking at earlier editions is for."""
    quarters = [cube({("a",): count, ("b",): 90 - count}, f"Q{n}/") for n, count in enumerate((3, 20, 30, 40), 1)]
    editions = [choose(quarters[0]).edition, *(Edition(quarter) for quarter in quarters[1:])]
    year = {("a",): 93, ("b",): 267}
    between = [Link((f"Y/{code}",), tuple(f"Q{n}/{code}" for n in range(1, 5))) for code in ("a", "b", "*")]
    thoughtless = choose(cube(year, "Y/"))
    assert thoughtless.hidden == set()
    assert worked_out([*editions, thoughtless.edition], between) == dict.fromkeys(editions[0].hidden, 0)
    thoughtful = choose(cube(year, "Y/"), editions, between)
    assert thoughtful.hidden
    assert worked_out([*editions, thoughtful.edition], between) == {}


def test_a_corrected_quarter_shows_what_was_published_where_few_were_corrected() -> None:
    """POL-38: 41 published, 42 now: the one is somebody. From five on the new number is told."""
    first = choose(cube({("a",): 41, ("b",): 60, ("c",): 80}, "Q1/")).edition
    assert first.hidden == set()
    second = choose(cube({("a",): 42, ("b",): 60, ("c",): 90}, "Q1/"), [first])
    assert second.reasons["Q1/a"] is Reason.REVISED
    assert second.standing["Q1/a"] == 41
    assert second.standing == {"Q1/a": 41, "Q1/b": 60}, "what hides the difference is shown as it was, too"
    assert second.edition.shown == {"Q1/*", "Q1/c"}


def test_what_was_hidden_once_stays_hidden() -> None:
    """POL-38: four published as hidden, five now: the five would tell of the four."""
    first = choose(cube({("a",): 4, ("b",): 60, ("c",): 80}, "Q1/")).edition
    second = choose(cube({("a",): 5, ("b",): 60, ("c",): 80}, "Q1/"), [first])
    assert second.reasons["Q1/a"] is Reason.STAYS
    assert worked_out([first, second.edition]) == {}


def test_the_same_figures_are_hidden_in_the_same_way() -> None:
    """The same, byte for byte: a report can be made again."""
    figures = cube({(f"a{n}", f"b{m}"): (7 * n + 3 * m) % 11 * (n + m) for n in range(9) for m in range(7)})
    backwards = Figures(dict(reversed(list(figures.values.items()))), tuple(reversed(figures.links)))
    assert choose(figures).reasons == choose(figures).reasons == choose(backwards).reasons


def test_less_is_hidden_for_the_small_ones_than_there_are_small_ones() -> None:
    """POL-38 is no reason to publish nothing: 12 by 10 with 11 small counts."""
    figures = cube({(f"a{n}", f"b{m}"): (n * n * 5 + m * 13) % 17 * (1 + n % 4) for n in range(12) for m in range(10)})
    count = Counter(choose(figures).reasons.values())
    assert count[Reason.SMALL] == 11
    assert count[Reason.SECONDARY] <= 11


def test_figures_that_do_not_add_up_are_not_judged() -> None:
    """A wrong equation would prove what is not so."""
    with pytest.raises(InconsistentFiguresError, match=r"a \+ b = t does not hold: the left side is 1 more"):
        choose(Figures({"a": 4, "b": 6, "t": 9}, (Link(("a", "b"), ("t",)),)))


def test_a_breakdown_comes_after_its_total_was_published() -> None:
    """POL-38: the total cannot be taken back, so that nothing of its parts is told, not even which there are."""
    total = Edition(Figures({"Q1/t": 5}))
    figures = Figures({"Q1/t": 5, "Q1/a": 3, "Q1/b": 2}, (Link(("Q1/t",), ("Q1/a", "Q1/b"), group=True),))
    choice = choose(figures, [total])
    assert choice.edition.shown == set()
    assert worked_out([total, choice.edition]) == {}


def test_nothing_is_published_where_nothing_safe_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """POL-38: the search is bounded; at the bound nothing is published, zeros neither."""
    monkeypatch.setattr(search, "ROUNDS_MAX", 1)
    choice = choose(cube({("a", "c"): 3, ("a", "d"): 0, ("b", "c"): 20, ("b", "d"): 30}))
    assert choice.withheld
    assert choice.edition.shown == set()
