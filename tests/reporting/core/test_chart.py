"""Charts as data: lengths, sums, and the rest that is drawn together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.vocabulary import Channel, Kind, ObligationKind
from clic_reporting.core.chart import DRAWN, ROWS_MAX, bar_chart, nice, stack, told_stacks, trend
from clic_reporting.core.figure import STATUSES, ObligationCounts, QuarterBalance
from clic_reporting.core.label import CHANNELS, KINDS, OBLIGATIONS, label
from clic_reporting.core.label import STATUSES as STATUS_NAMES

COUNTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10_000), max_size=40)


@given(counts=COUNTS, before=COUNTS | st.none())
def test_a_chart_shows_every_request_whatever_is_drawn_together(
    counts: dict[str, int], before: dict[str, int] | None
) -> None:
    """POL-35: the twelve rows add up to the total, in this quarter and in the one before."""
    chart = bar_chart("id", "Titre", "Quoi", counts, before, str)

    assert len(chart.bars) <= ROWS_MAX
    assert sum(counts.values()) == sum(bar.value for bar in chart.bars) == chart.total
    assert all(0 <= bar.percent <= 100 for bar in chart.bars)
    if before is not None and len(counts) > ROWS_MAX:
        assert sum(before.values()) == sum(bar.before or 0 for bar in chart.bars)


def test_what_is_not_among_the_first_is_drawn_together_as_others() -> None:
    """POL-35."""
    counts = {f"s{n:02}": 100 - n for n in range(14)}

    chart = bar_chart("id", "Sujets", "Sujet", counts, None, str.upper)

    assert [bar.label for bar in chart.bars][-2:] == ["S10", "Autres (3)"]
    assert chart.bars[-1].value == 89 + 88 + 87
    assert chart.description.startswith("Diagramme à barres")


def test_obligations_kept_at_an_assumed_instant_are_drawn_apart() -> None:
    """POL-29."""
    row = stack("Répondre", ObligationCounts(met=6, met_assumed=2, late=2, missed=1, open=1, lifted=9))

    assert row.values == {"met": 4, "late": 2, "assumed": 2, "missed": 1, "open": 1, "lifted": 9}
    assert [(part.state, part.percent) for part in row.segments] == [
        ("met", 40.0), ("late", 20.0), ("assumed", 20.0), ("missed", 10.0), ("open", 10.0),
    ]  # fmt: skip
    assert row.on_time.replace("\u00a0", " ") == "57,1 %"
    assert "4 tenues à temps" in told_stacks([row])


@given(st.integers(0, 10**9))
def test_a_scale_holds_every_value_and_divides_by_four(value: int) -> None:
    top = nice(value)

    assert value <= top
    assert top % 4 == 0
    assert top <= max(4, 2.5 * value)


def test_a_trend_draws_no_negative_column() -> None:
    """POL-32: treated can be negative; the table tells it."""
    quarters = [
        QuarterBalance(period="2022-Q4", received=80, treated=40, pending_at_end=40),
        QuarterBalance(period="2023-Q1", received=0, treated=-2, pending_at_end=42),
    ]

    drawn = trend(quarters)

    assert [(column.received, column.treated) for column in drawn.columns] == [(100.0, 50.0), (0.0, 0.0)]
    assert "T1\u00a02023\u00a0: 0 reçues, \u22122 traitées" in drawn.description
    assert [tick.value for tick in drawn.ticks] == [0, 20, 40, 60, 80]


@pytest.mark.parametrize(
    ("codes", "names"),
    [(Kind, KINDS), (Channel, CHANNELS), (ObligationKind, OBLIGATIONS), (STATUSES, STATUS_NAMES)],
)
def test_every_code_of_the_contracts_has_a_french_name(codes: list[str], names: dict[str, str]) -> None:
    """A code that is added to a vocabulary is named here, or this fails."""
    assert set(map(str, codes)) == set(map(str, names))
    assert label(names, "newer_than_this") == "newer_than_this"
    assert set(DRAWN) == {"met", "late", "assumed", "missed", "open"}
