"""Where Open311 reads: the worklists' table and its twin in memory keep one contract."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.open311.listed import HIDDEN, listed
from tests.intake.worklist.table import Table, row

from clic_chassis.scenario import NOON
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, Phase
from clic_intake.core.open311 import Listed
from clic_intake.core.open311_argument import Span, Wanted
from clic_intake.core.worklist import Owed, Row
from clic_intake.open311.listing import Listing, MemoryListing, PostgresListing


class Stock:
    """A listing to fill, one or the other."""

    def __init__(self, town: Town, table: Table | None) -> None:
        self._town = town
        self._table = table

    async def of(self, *requests: Listed) -> Listing:
        """A listing that holds these and nothing else."""
        if self._table is None:
            return MemoryListing(self._town, requests)
        await self._table.empty()
        await self._table.put(*(_row(each) for each in requests))
        return PostgresListing(self._table.pool, self._town)


def _row(request: Listed) -> Row:
    owed: tuple[Owed, ...] = (Owed("acknowledge-1", "acknowledge", NOON - dt.timedelta(days=300)),)
    if request.expected_at is not None:
        owed += (Owed("answer-1", "answer", request.expected_at),)
    return row(
        request.request_key, request_id=request.request_id, reference=request.reference, kind=request.kind.value,
        subject=request.subject, sector=request.sector, phase=request.phase, received_at=request.received_at,
        updated_at=request.updated_at, closed_at=request.closed_at, department=request.department, owed=owed,
        confidential_to=request.confidential_to, public_text=request.public_text, public_notes=request.public_notes,
        erased=request.erased,
    )  # fmt: skip


@pytest_asyncio.fixture(params=["memory", "postgres"])
async def stock(request: pytest.FixtureRequest, postgres_url: str, serving: Town) -> AsyncIterator[Stock]:
    """Of the twin, and of a database of the test's own."""
    if request.param == "memory":
        yield Stock(serving, None)
        return
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        table = Table(pool, serving)
        await table.prepare()
        yield Stock(serving, table)


async def found(listing: Listing, wanted: Wanted) -> list[str]:
    return [each.reference for each in await listing.find(wanted)]


async def test_a_request_is_read_as_it_was_listed(stock: Stock) -> None:
    """The expected instant is the answer's, not the acknowledgement's, which is due earlier."""
    closed = listed(2, phase=Phase.CLOSED, closed_at=NOON, expected_at=None, department=None, sector=None)
    listing = await stock.of(listed(1), closed)

    assert await listing.find(Wanted()) == [closed, listed(1)]


@pytest.mark.parametrize("sort", HIDDEN)
async def test_what_nobody_may_read_of_is_not_there_in_any_list(stock: Stock, sort: str) -> None:
    """POL-26, POL-30."""
    hidden = listed(2, **HIDDEN[sort])
    listing = await stock.of(listed(1), hidden)

    for wanted in (
        Wanted(),
        Wanted(references=(hidden.reference, "2026-000001")),
        Wanted(updated=Span(NOON - dt.timedelta(days=1), NOON)),
    ):
        assert await found(listing, wanted) == ["2026-000001"]
    assert await found(listing, Wanted(services=(hidden.subject or "",), references=(hidden.reference,))) == []
    assert await listing.became(hidden.request_id) is None
    assert await listing.became(listed(1).request_id) == listed(1)


async def test_a_closed_request_changed_when_it_was_closed(stock: Stock) -> None:
    """GeoReport v2: of a closed request `updated_datetime` is the instant when it was closed."""
    rated_later = listed(1, phase=Phase.CLOSED, closed_at=NOON - dt.timedelta(days=3), updated_at=NOON)
    listing = await stock.of(rated_later)

    assert await found(listing, Wanted(updated=Span(NOON - dt.timedelta(days=1), NOON))) == []
    assert await found(listing, Wanted(updated=Span(NOON - dt.timedelta(days=4), NOON))) == ["2026-000001"]


async def test_the_newest_come_first_and_pages_follow_one_another(stock: Stock) -> None:
    """GeoReport v2, response volume; extension pagination."""
    listing = await stock.of(*(listed(n, received_at=NOON - dt.timedelta(hours=n % 3)) for n in range(1, 8)))
    pages = [await found(listing, Wanted(size=3, skip=skip)) for skip in (0, 3, 6)]

    assert [[each[-1] for each in page] for page in pages] == [["6", "3", "7"], ["4", "1", "5"], ["2"]]


@pytest.mark.parametrize("name", ["", "1", "2026-000001", "\0", "é", "{6f9619ff-8b86-5d11-b42d-00cf4fc964ff}"])
async def test_a_name_that_nothing_has_finds_nothing(stock: Stock, name: str) -> None:
    listing = await stock.of(listed(1))

    assert await listing.became(name) is None
    assert await listing.became(listed(1).request_id.upper()) is None
    assert await found(listing, Wanted(references=(name + "x",))) == []
    assert await found(listing, Wanted(services=(name + "\0",))) == []


INSTANTS = st.integers(-200, 0).map(lambda hours: NOON + dt.timedelta(hours=hours))
SPANS = st.none() | st.tuples(INSTANTS, INSTANTS).map(lambda ends: Span(min(ends), max(ends)))
SUBJECTS = ["pothole", "road_danger", "provincial_road", "privacy_incident", "internal_matter", None]
REQUESTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(Kind),
            "subject": st.sampled_from(SUBJECTS),
            "phase": st.sampled_from([each for each in Phase if each is not Phase.NEW]),
            "received_at": INSTANTS,
            "updated_at": INSTANTS,
            "closed_at": st.none() | INSTANTS,
            "confidential_to": st.sampled_from([None, None, None, "greffe"]),
            "erased": st.sampled_from([False, False, False, True]),
        }
    ),
    max_size=12,
)
WANTED = st.builds(
    Wanted,
    references=st.none() | st.lists(st.sampled_from([f"2026-{n:06d}" for n in range(14)]), min_size=1).map(tuple),
    services=st.none() | st.lists(st.sampled_from(SUBJECTS[:-1]), min_size=1).map(tuple),
    statuses=st.none() | st.frozensets(st.sampled_from(["open", "closed"]), min_size=1),
    requested=SPANS,
    updated=SPANS,
    size=st.integers(1, 14),
    skip=st.integers(0, 4),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(made=REQUESTS, wanted=WANTED)
async def test_the_answer_is_what_a_plain_filter_over_every_request_gives(
    stock: Stock, made: list[dict[str, object]], wanted: Wanted
) -> None:
    requests = [listed(number, **each) for number, each in enumerate(made, start=1)]
    public = [
        each
        for each in requests
        if each.kind in {Kind.REPORT, Kind.REQUEST}
        and each.confidential_to is None
        and not each.erased
        and each.phase is not Phase.VOIDED
        and each.subject in {"pothole", "road_danger", "provincial_road"}
    ]
    expected = sorted(
        (each for each in public if wanted.lets_pass(each)), key=lambda each: (each.received_at, each.request_key)
    )[::-1]

    answer = await (await stock.of(*requests)).find(wanted)

    assert answer == expected[wanted.skip :][: wanted.size]
