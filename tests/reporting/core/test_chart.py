"""Charts as data: lengths, sums, and the rest that is drawn together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.counted import comparison, counted, internal

from clic_contracts.vocabulary import Channel, Kind, ObligationKind
from clic_reporting.core import label as names
from clic_reporting.core.chart import BARS_MAX, bar_chart, column_chart, nice, stack_chart
from clic_reporting.core.figure import AGES, STATUSES
from clic_reporting.core.language import ENGLISH, FRENCH
from clic_reporting.core.table import Cell, ChartForm, Column, Row, Table, Unit

COUNTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10_000) | st.none(), max_size=40)


def table(counts: dict[str, int | None]) -> Table:
    """A table of counts by code; None is withheld."""
    known = [each for each in counts.values() if each is not None]
    return Table(
        key="t",
        title="Titre",
        heading="Quoi",
        columns=(Column(key="count", title="Nombre", unit=Unit.COUNT, drawn=True),),
        rows=(
            *(Row(key=code, title=code, cells=(_cell(value),)) for code, value in counts.items()),
            Row(key="total", title="Total", cells=(_cell(sum(known)),), total=True),
        ),
        chart=ChartForm.BARS,
    )


def _cell(value: int | None) -> Cell:
    return Cell(value=value, name="2026-Q1/x", withheld=value is None)


@given(COUNTS)
def test_a_chart_shows_every_request_whatever_is_drawn_together(counts: dict[str, int | None]) -> None:
    """POL-35: the bars add up to what the table tells; what it withholds has no length (POL-38)."""
    chart = bar_chart(table(counts), FRENCH)

    assert len(chart.bars) <= BARS_MAX
    assert all(0 <= bar.percent <= 100 for bar in chart.bars)
    assert all(bar.percent == 0 for bar in chart.bars if bar.value is None)
    if None not in counts.values():
        assert sum(bar.value or 0 for bar in chart.bars) == sum(each or 0 for each in counts.values())


def test_what_is_not_among_the_first_is_drawn_together_as_others() -> None:
    """POL-35."""
    chart = bar_chart(table({f"s{n:02}": 100 - n for n in range(14)}), FRENCH)

    assert [bar.label for bar in chart.bars][-2:] == ["s10", "Autres (3)"]
    assert chart.bars[-1].value == 89 + 88 + 87
    assert chart.description.startswith("Diagramme à barres")
    assert "Others (3)" in bar_chart(table({f"s{n:02}": 100 - n for n in range(14)}), ENGLISH).description


def test_others_are_not_drawn_where_one_of_them_is_withheld() -> None:
    """POL-38: the sum of the others would tell the one."""
    counts: dict[str, int | None] = {f"s{n:02}": 100 - n for n in range(14)}

    assert bar_chart(table({**counts, "s12": None}), FRENCH).bars[-1].value is None


def test_obligations_kept_at_an_assumed_instant_are_drawn_apart() -> None:
    """POL-29."""
    document = internal(comparison("2026-Q2", counted()))
    due = next(each for each in document.tables if each.key == "due")

    chart = stack_chart(due, FRENCH)

    assert [state for state, _ in chart.legend] == ["kept", "kept_late", "kept_assumed", "missed", "overdue", "waiting"]
    for row in chart.stacks:
        assert sum(part.percent for part in row.segments) == pytest.approx(100, abs=0.1)
    assert "tenues à temps" in chart.description


def test_a_row_with_something_withheld_is_not_drawn() -> None:
    """POL-38: the other parts would tell its share."""
    document = internal(comparison("2026-Q2", counted()))
    due = next(each for each in document.tables if each.key == "due")
    first, *others = due.rows
    cells = (first.cells[0].model_copy(update={"value": None, "withheld": True}), *first.cells[1:])

    chart = stack_chart(due.model_copy(update={"rows": (first.model_copy(update={"cells": cells}), *others)}), FRENCH)

    assert (chart.stacks[0].segments, bool(chart.stacks[1].segments)) == ((), True)


@given(st.integers(0, 10**9))
def test_a_scale_holds_every_value_and_divides_by_four(value: int) -> None:
    top = nice(value)

    assert value <= top
    assert top % 4 == 0
    assert top <= max(4, 2.5 * value)


def test_a_trend_draws_no_negative_column() -> None:
    """POL-32: treated can be negative; the table tells it."""
    columns = tuple(
        Column(key=key, title=title, unit=Unit.COUNT, drawn=True)
        for key, title in (("received", "Reçues"), ("treated", "Traitées"))
    )
    rows = tuple(
        Row(key=key, title=key, cells=(Cell(value=received), Cell(value=treated)))
        for key, received, treated in (("2022-Q4", 80, 40), ("2023-Q1", 0, -2))
    )
    drawn = column_chart(Table(key="q", title="T", heading="Q", columns=columns, rows=rows), FRENCH)

    assert [group.heights for group in drawn.groups] == [(100.0, 50.0), (0.0, 0.0)]
    assert "2023-Q1\u00a0: 0 reçues, \u22122 traitées" in drawn.description
    assert [tick.value for tick in drawn.ticks] == [0, 20, 40, 60, 80]


@pytest.mark.parametrize(
    ("codes", "french", "english"),
    [
        (Kind, names.KINDS, names.KINDS_EN),
        (Channel, names.CHANNELS, names.CHANNELS_EN),
        (ObligationKind, names.OBLIGATIONS, names.OBLIGATIONS_EN),
        (STATUSES, names.STATUSES, names.STATUSES_EN),
        (AGES, names.AGE_NAMES, names.AGE_NAMES_EN),
        (names.MEASURES, names.MEASURES, names.MEASURES_EN),
    ],
)
def test_every_code_has_a_name_in_both_languages(
    codes: list[str], french: dict[str, str], english: dict[str, str]
) -> None:
    """A code that is added to a vocabulary is named here, or this fails."""
    assert set(map(str, codes)) == set(map(str, french)) == set(map(str, english))
    assert names.label(french, "newer_than_this") == "newer_than_this"
