"""A report is published once, remembered for good, and tells in no format, order or note what is hidden of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from tests.place import ROOT
from tests.reporting import plateau
from tests.reporting.attacker import Attacker
from tests.reporting.counted import comparison, counted
from tests.reporting.projected import town

from clic_contracts.vocabulary import WINDOWS, Language
from clic_reporting import ledger
from clic_reporting.core.document import Document, document
from clic_reporting.core.figure import Comparison
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words
from clic_reporting.core.public_table import Protection, public
from clic_reporting.core.suppression import WIDTH, Edition, Figures, Reason, is_small
from clic_reporting.core.table import Cell, Column, Row, Table, Unit
from clic_reporting.document.edition import exact_tables
from clic_reporting.edition import Choice, choose
from clic_reporting.ledger import LedgerError
from clic_reporting.publication import WithheldError, figures_of, preview, protection, publish

AT = dt.datetime(2026, 7, 15, 9, tzinfo=dt.UTC)
CLERK = "Une greffière"
FRENCH = Labels(town(), Language.FR)
PERIOD = "2026-Q2"
BY_CODE = ("by_status", "by_first_channel", "by_department", "by_subject", "treated_by_department")


@cache
def quarter() -> tuple[Comparison, Figures, Choice]:
    """A quarter of an invented town, and what is hidden of it when it is the first to be published."""
    of = comparison(PERIOD, counted())
    figures = figures_of(of, exact_tables(of, FRENCH))
    return of, figures, preview(figures, [])


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database without anything published."""
    found = await asyncpg.connect(postgres_url)
    yield found
    await found.close()


async def published(connection: asyncpg.Connection, of: Comparison) -> ledger.Publication:
    return await publish(connection, of, exact_tables(of, FRENCH), at=AT, by=CLERK)


def test_nobody_works_out_a_hidden_count_of_a_whole_report() -> None:
    """POL-38: eight hundred counts in twenty tables that hang together, each hidden one tried."""
    _, _, choice = quarter()
    assert not choice.withheld
    attacker = Attacker([choice.edition], whole=False)
    narrow = {name for name in choice.hidden if attacker.interval(name).width < WIDTH}
    assert narrow == set()


def test_what_is_owed_on_few_access_requests_is_told_by_no_published_count() -> None:
    """POL-26, POL-38: decisions and notices to third parties are few; the time of others is no figure at all."""
    of = comparison("2025-Q1", counted(requests=150))
    figures = figures_of(of, exact_tables(of, FRENCH))
    edition = preview(figures, []).edition

    few = [
        name
        for name, value in figures.values.items()
        if name.rsplit(".", 2)[-2] in ("decide_access", "notify_third_party") and is_small(value)
    ]
    assert len(few) >= 2
    assert edition.hidden >= set(few)
    assert not [name for name in figures.values for kind in WINDOWS if f".{kind}." in name]


def test_a_report_hides_little_more_than_its_small_counts() -> None:
    """POL-38: publishing nothing would be safe, too."""
    _, figures, choice = quarter()
    secondary = [name for name, reason in choice.reasons.items() if reason is Reason.SECONDARY]
    small = [name for name, reason in choice.reasons.items() if reason is Reason.SMALL]
    assert len(secondary) < len(small) / 4
    assert all(name in choice.edition.shown for name in figures.values if name.endswith("/requests.received"))


def test_a_public_report_is_made_of_protected_figures_alone() -> None:
    """POL-38: from other exact figures behind the hidden ones comes the same document, sentence by sentence."""
    of, _, choice = quarter()
    taken_out = protection(choice)
    shown = document(of, FRENCH, words(Language.FR), protection=taken_out)
    requests = of.report.requests
    changed = {}
    for field in BY_CODE:
        counts = dict(getattr(requests, field))
        for code, count in getattr(requests, field).items():
            if f"{PERIOD}/requests.{field}.{code}" in choice.hidden:
                counts[code] = count % 4 + 1 if is_small(count) else count + 3
        assert counts != getattr(requests, field), f"nothing of {field} is hidden: this would try nothing"
        changed[field] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    other = of.report.model_copy(update={"requests": requests.model_copy(update=changed)})
    elsewhere = of.model_copy(update={"report": other})
    assert told(document(elsewhere, FRENCH, words(Language.FR), protection=taken_out)) == told(shown)


def told(of: Document) -> str:
    return of.model_dump_json()


def test_a_table_tells_no_hidden_count_by_its_order_or_a_missing_row() -> None:
    """POL-38: the most frequent first would say between which counts a hidden one lies."""
    counts = {"a": 40, "b": 30, "c": 20, "d": 10}
    table = _table("by_subject", counts)
    [shown] = public([table], Protection(frozenset({"Q/by.b", "Q/by.c"})), words(Language.FR))
    assert [(row.key, row.cells[0].value) for row in shown.rows] == [
        ("a", 40), ("d", 10), ("b", None), ("c", None), ("total", 100)
    ]  # fmt: skip
    group = frozenset({"Q/by.total", *(f"Q/by.{code}" for code in counts)})
    [nothing] = public([table], Protection(group, whole_groups=group - {"Q/by.total"}), words(Language.FR))
    assert [row.key for row in nothing.rows] == ["total"]
    assert "la répartition n’est pas publiée" in nothing.notes[-1]


def test_a_delay_of_few_requests_is_hidden_and_a_share_of_a_hidden_count_too() -> None:
    """POL-38: the median of three requests is the delay of one of them."""
    cells = [
        Cell(value=9, name="Q/delays.x.requests"),
        Cell(value=4, name="Q/delays.x.median_days", of=("Q/delays.x.requests",)),
        Cell(value=0.5, of=("Q/hidden", "Q/delays.x.requests")),
    ]
    columns = tuple(Column(key=str(n), title="", unit=Unit.COUNT) for n in range(3))
    table = Table(key="t", title="", heading="", columns=columns, rows=(Row(key="x", title="", cells=tuple(cells)),))
    [shown] = public([table], Protection(frozenset({"Q/hidden"})), words(Language.FR))
    assert [cell.value for cell in shown.rows[0].cells] == [9, None, None]


async def test_what_is_published_is_remembered_and_published_again_is_the_same(
    connection: asyncpg.Connection,
) -> None:
    """POL-38: a report made again from its position is what it was; nothing is written twice."""
    of, _, choice = quarter()
    first = await published(connection, of)
    again = await published(connection, of)
    assert first.number == 1
    assert (again.entry, again.checksum) == (first.entry, first.checksum)
    assert first.reasons == choice.reasons
    [remembered] = await ledger.publications(connection)
    assert (remembered.entry, remembered.hidden) == (first.entry, first.hidden)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_quarter_published_before_is_known_when_the_year_is(connection: asyncpg.Connection) -> None:
    """POL-38: overlapping scopes; what the quarter hides stays hidden in the year's column of it."""
    first = await published(connection, comparison("2025-Q2", counted()))
    year = await published(connection, comparison("2025", counted()))
    assert (year.number, year.previous) == (2, first.checksum)
    for name in first.edition.hidden & year.edition.figures.values.keys():
        assert name in year.hidden, name
    attacker = Attacker([first.edition, year.edition], whole=False)
    narrow = {
        name
        for number, each in enumerate((first.edition, year.edition))
        for name in each.hidden
        if not attacker.is_told(name, number) and attacker.interval(name, number).width < WIDTH
    }
    assert narrow == set()


async def test_a_ledger_that_was_altered_or_lost_an_entry_publishes_nothing(connection: asyncpg.Connection) -> None:
    """POL-38: what is known outside must be known here; a backup brings it back."""
    for period in ("2025-Q1", "2025-Q2"):
        await published(connection, comparison(period, counted(requests=60)))
    entries = [each.entry for each in await ledger.publications(connection)]
    await connection.execute("DELETE FROM reporting_published.publication WHERE number = 1")
    with pytest.raises(LedgerError, match="publication 1 of the ledger does not follow"):
        await published(connection, comparison("2025-Q3", counted(requests=60)))
    await connection.execute("DROP SCHEMA reporting_published CASCADE")
    assert await ledger.restore(connection, entries) == 2
    assert await ledger.restore(connection, entries) == 0, "restored already"
    assert [each.entry for each in await ledger.publications(connection)] == entries
    with pytest.raises(LedgerError, match="holds other publications"):
        await ledger.restore(connection, [dataclasses.replace(ledger.Publication.parse(entries[0]), period="X").entry])


async def test_a_report_of_which_nothing_can_be_told_is_not_published(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POL-38."""
    of, figures, _ = quarter()
    nothing = Choice(Edition(figures, frozenset(figures.values)), {}, withheld=True)
    monkeypatch.setattr("clic_reporting.publication.choose", lambda *_: nothing)
    with pytest.raises(WithheldError, match="nothing of the report of 2026-Q2 can be published"):
        await published(connection, of)
    assert await ledger.publications(connection) == ()


def test_quarters_of_a_real_borough_and_their_year_hide_little_and_tell_nothing() -> None:
    """POL-38 on the 26,000 requests of 2023: of each quarter two more counts than the small ones, at most."""
    path = shared_data() / "plateau-311-2022-2024.csv.gz"
    editions: list[Edition] = []
    for number in range(1, 5):
        choice = choose(plateau.quarter(path, f"2023-Q{number}"), editions)
        editions.append(choice.edition)
        values = choice.edition.figures.values
        secondary = choice.hidden - {name for name, value in values.items() if is_small(value)}
        assert len(secondary) <= 2
        assert sum(values[name] for name in choice.hidden) < sum(values.values()) / 100
    year = choose(plateau.year(path, "2023"), editions)
    assert not year.withheld
    attacker = Attacker([*editions, year.edition], whole=False)
    hidden = [
        name for name in sorted(year.edition.hidden) if name not in year.standing and not attacker.is_told(name, 4)
    ]
    assert [name for name in hidden[::7] if attacker.interval(name, 4).width < WIDTH] == []


def shared_data() -> Path:
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data here: this test reads Montréal's open data from ../shared/data beside the checkout")
    return folder


def _table(key: str, counts: dict[str, int]) -> Table:
    rows = [
        Row(key=code, title=code, cells=(Cell(value=count, name=f"Q/by.{code}"),)) for code, count in counts.items()
    ]
    total = Row(key="total", title="", cells=(Cell(value=sum(counts.values()), name="Q/by.total"),), total=True)
    return Table(
        key=key,
        title="",
        heading="",
        columns=(Column(key="count", title="", unit=Unit.COUNT),),
        rows=(*rows, total),
    )
