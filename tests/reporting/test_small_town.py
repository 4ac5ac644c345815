"""A small town's year after its quarters: breakdowns are left out of it, and it is published all the same. POL-38.

Some 150 requests a quarter. A quarter hides its few unusual requests with their breakdown, zeros and all, and from the
year's breakdown these zeros could be worked out.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest
from tests.reporting.attacker import Attacker
from tests.reporting.counted import comparison, counted
from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting.core.document import Document, document
from clic_reporting.core.earlier import with_all_codes
from clic_reporting.core.figure import Comparison
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words
from clic_reporting.core.puzzle import puzzle
from clic_reporting.core.suppression import WIDTH, Edition, Figures, Reason, is_small
from clic_reporting.document.edition import exact_tables
from clic_reporting.edition import Choice, choice, choose
from clic_reporting.ledger import FIRST, Publication
from clic_reporting.publication import figures_of, protection

pytestmark = pytest.mark.timeout(300)  # Whichever comes first makes the quarters and the year for all.

YEAR = "2025"
QUARTERS = tuple(f"{YEAR}-Q{number}" for number in range(1, 5))
LEFT_OUT = "requests.unusual_by_kind"
TITLE = "Inusitées, par nature"


def exact(period: str) -> tuple[Comparison, Figures]:
    of = comparison(period, counted(requests=150))
    return of, figures_of(of, exact_tables(of, Labels(town(), Language.FR)))


@cache
def quarters() -> tuple[Edition, ...]:
    """Each published at its end."""
    editions: list[Edition] = []
    for period in QUARTERS:
        found = choose(*with_all_codes(exact(period)[1], editions))
        assert not found.left_out, "of a quarter nothing is left out"
        editions.append(found.edition)
    return tuple(editions)


@cache
def year() -> Choice:
    """Published after its quarters."""
    return choose(*with_all_codes(exact(YEAR)[1], quarters()))


def read(language: Language) -> Document:
    of, _ = exact(YEAR)
    return document(of, Labels(town(), language), words(language), protection=protection(year()))


@pytest.mark.slow
def test_a_small_towns_year_comes_out_with_its_balance_and_totals() -> None:
    """POL-32, POL-38: one breakdown of twenty is left out."""
    assert not year().withheld
    assert {name.rpartition(".")[0] for name, reason in year().reasons.items() if reason is Reason.LEFT_OUT} == {
        f"{YEAR}/{LEFT_OUT}"
    }
    for path in ("received", "treated", "pending_at_start", "pending_at_end"):
        assert f"{YEAR}/requests.{path}" in year().edition.shown, path
    told = {
        name for name in year().edition.shown if name.startswith(f"{YEAR}/") and year().edition.figures.values[name]
    }
    assert len(told) > 100, len(told)


def test_nobody_works_out_a_hidden_count_of_a_small_towns_year_after_its_quarters() -> None:
    """POL-38: of the breakdown that is left out neither."""
    editions = [*with_all_codes(exact(YEAR)[1], quarters())[1], year().edition]
    attacker = Attacker(editions, whole=False)
    targets = puzzle(editions).targets
    place = {name: number for number, each in enumerate(editions) for name in each.figures.values}
    left_out = {name for name in targets if LEFT_OUT in name}
    assert {f"{YEAR}/{LEFT_OUT}.complaint", f"{QUARTERS[0]}/{LEFT_OUT}.comment"} <= left_out
    tried = sorted({*left_out, *sorted(targets)[::5]})
    narrow = [name for name in tried if attacker.interval(name, place[name]).width < WIDTH]
    assert narrow == []


def test_with_the_breakdown_told_a_zero_of_a_quarter_could_be_worked_out() -> None:
    """What leaving it out is for: here the attacker finds something."""
    figures, earlier = with_all_codes(exact(YEAR)[1], quarters())
    small = {name for name, value in figures.values.items() if is_small(value)}
    everything_else = Edition(figures, frozenset(year().hidden - year().left_out | small) - figures.unprinted)
    attacker = Attacker([*earlier, everything_else], whole=False)
    zero = f"{QUARTERS[0]}/{LEFT_OUT}.comment"
    assert zero in earlier[0].hidden
    assert attacker.interval(zero, 0).width < WIDTH


def test_without_the_last_resort_a_small_towns_year_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plant: hiding single counts is not enough here."""
    monkeypatch.setattr(choice, "_with_breakdowns_left_out", lambda _, stuck: choice._Tried(None, stuck))
    withheld = choose(*with_all_codes(exact(YEAR)[1], quarters()))
    assert withheld.withheld
    assert withheld.edition.shown == set()


def test_what_is_left_out_is_remembered_as_left_out() -> None:
    """POL-38: the next report is judged by the same edition, and this one made again is the same."""
    of, _ = exact(YEAR)
    publication = Publication(
        number=1,
        period=YEAR,
        position=of.report.position,
        made_from={},
        edition=year().edition,
        reasons=year().reasons,
        standing=year().standing,
        published_at=dt.datetime(2026, 1, 20, tzinfo=dt.UTC),
        published_by="Une greffière",
        previous=FIRST,
    )
    again = Publication.parse(publication.entry)
    assert (again.edition.hidden, again.edition.shown) == (year().edition.hidden, year().edition.shown)
    assert protection(again) == protection(year())


def test_a_quarter_shown_as_it_was_published_has_no_row_for_a_code_of_a_hidden_group() -> None:
    """POL-38: a row that is there for such a code alone would say that the quarter has one of it."""
    whole = quarters()[0].whole_groups & exact(YEAR)[1].values.keys()
    assert whole
    assert whole <= protection(year()).whole_groups


def test_readers_are_told_in_words_what_is_left_out() -> None:
    """POL-38: at the table and at the beginning, in both languages; no row says which codes there are."""
    french = read(Language.FR)
    assert (
        f"Non publié dans ce rapport\u00a0: «\u00a0{TITLE}\u00a0» (2025). Avec les rapports précédents, cette "
        "répartition permettrait de déduire des nombres masqués." in french.notes
    )
    [table] = [each for each in french.tables if each.key == "unusual_by_kind"]
    assert "La répartition de 2025 n’est pas publiée" in table.notes[-1]
    left_out = [cell for row in table.rows for cell in row.cells if cell.name and f"{YEAR}/{LEFT_OUT}." in cell.name]
    assert all(cell.value is None for cell in left_out)
    assert any(note.startswith("Not published in this report: “") for note in read(Language.EN).notes)
