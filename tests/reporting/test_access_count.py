"""Access requests as counts alone (POL-20 to POL-26): what analysts read of them, counted by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.reporting.history import fact
from tests.reporting.town import on, settle

from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import (
    AccessClassified,
    AccessDeemedRefused,
    Event,
    ObligationLifted,
    ObligationMet,
    ObligationSet,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestReceived,
    RequestReopened,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)

DECIDE: dict[str, Any] = {"obligation_id": "decide_access-1", "obligation": "decide_access"}


def said(name: str, event: type[Event], at: dt.datetime, /, *, n: int = 0, **changes: Any) -> Recorded:
    return fact(event, derive_id("access", name), at, n=n, **changes)


def asked(name: str, at: dt.datetime, kind: str = "access_to_information") -> list[Recorded]:
    """A request, and by when it is to be decided."""
    due_at = at + dt.timedelta(days=20)
    return [
        said(name, RequestReceived, at, kind=kind, confidential=True, subject=None),
        said(name, ObligationSet, at, **DECIDE, starts_at=at, due_at=due_at, warn_at=at),
    ]


def silent(name: str, at: dt.datetime) -> Recorded:
    return said(name, AccessDeemedRefused, at, obligation_id="decide_access-1", due_at=at)


_BY_STORY: tuple[Recorded, ...] = (
    # P: extended; of two third parties one objects. Decided in part, on two provisions; the Commission reversed that.
    # Reopened, and granted.
    *asked("P", on(1, 8)),
    said("P", AccessClassified, on(1, 9), nature="administrative_documents"),
    said("P", RequestExtended, on(1, 10), days=10),
    said("P", ThirdPartyIdentified, on(1, 11)),
    said("P", ThirdPartyIdentified, on(1, 11), n=1, third_party_id=derive_id("third", "2")),
    said("P", ThirdPartyNotified, on(1, 12)),
    said("P", ThirdPartyAnswered, on(1, 15), position="objects"),
    said("P", ThirdPartyAnswered, on(1, 15), n=1, position="consents"),
    said("P", RequestAnswered, on(2, 1), access_outcome="partial", provisions=["art. 53", "art. 54"]),
    said("P", RequestClosed, on(2, 1)),
    said("P", ReviewRequested, on(2, 20)),
    said("P", ReviewDecided, on(6, 3), outcome="reversed"),
    said("P", RequestReopened, on(6, 4)),
    said("P", RequestAnswered, on(6, 5), n=1, access_outcome="granted", provisions=[]),
    # S: silence, and still to be decided. T: silence, until it was known that it was decided in time. U: silence, until
    # it was known that another limit had taken the place of that one.
    *asked("S", on(1, 10)),
    silent("S", on(1, 30)),
    *asked("T", on(1, 10)),
    silent("T", on(1, 30)),
    said("T", RequestAnswered, on(2, 5), access_outcome=None),
    said("T", ObligationMet, on(2, 5), **DECIDE, met_at=on(1, 29)),
    *asked("U", on(1, 10)),
    silent("U", on(1, 30)),
    said("U", ObligationLifted, on(2, 6), **DECIDE, reason="replaced"),
    # W: another nature than was said at first; withdrawn after the limit had passed in silence. M: joined to another.
    *asked("W", on(2, 12)),
    said("W", AccessClassified, on(2, 12), nature="administrative_documents"),
    said("W", AccessClassified, on(2, 13), n=1, nature="rectification"),
    silent("W", on(3, 3)),
    said("W", RequestClosed, on(3, 4), reason="withdrawn"),
    said("W", ObligationLifted, on(3, 4), **DECIDE, reason="withdrawn"),
    *asked("M", on(2, 13)),
    said("M", RequestClosed, on(2, 14), reason="merged"),
    # No access request: what is answered or extended otherwise is not counted here.
    *asked("C", on(2, 14), kind="complaint"),
    said("C", RequestExtended, on(2, 15), days=5),
    said("C", RequestAnswered, on(2, 16), access_outcome=None),
)
FACTS = tuple(sorted(_BY_STORY, key=lambda each: each.recorded_at))

Line = tuple[Any, ...]
JANUARY, FEBRUARY = dt.date(2024, 1, 1), dt.date(2024, 2, 1)
DOCUMENTS = "administrative_documents"
NOW: list[Line] = [
    # month, status, nature, outcome, provisions, deemed, extended, third parties, objections, reviews, outcome, n
    (JANUARY, "reopened", DOCUMENTS, "granted", 0, False, True, 2, 1, 1, "reversed", 1),  # P
    (JANUARY, "open", None, None, None, True, False, 0, 0, 0, None, 1),  # S
    (JANUARY, "open", None, "unspecified", 0, False, False, 0, 0, 0, None, 1),  # T
    (JANUARY, "open", None, None, None, False, False, 0, 0, 0, None, 1),  # U
    (FEBRUARY, "withdrawn", "rectification", None, None, True, False, 0, 0, 0, None, 1),  # W
    (FEBRUARY, "merged", None, None, None, False, False, 0, 0, 0, None, 1),  # M
]
AT_THE_END_OF_JANUARY: list[Line] = [
    (JANUARY, "open", DOCUMENTS, None, None, False, True, 2, 1, 0, None, 1),  # P
    (JANUARY, "open", None, None, None, True, False, 0, 0, 0, None, 3),  # S, T, U
]
AFTER_THE_FIRST_DECISION: list[Line] = [
    (JANUARY, "closed", DOCUMENTS, "partial", 2, False, True, 2, 1, 0, None, 1),
    (JANUARY, "open", None, None, None, True, False, 0, 0, 0, None, 3),
]


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database that holds these requests."""
    connection = await asyncpg.connect(postgres_url)
    await settle(connection, *FACTS)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("as_of", "by_hand"),
    [("", NOW), ("2024-01-31", AT_THE_END_OF_JANUARY), ("2024-02-01", AFTER_THE_FIRST_DECISION)],
)
async def test_access_requests_are_counted_as_they_stood_on_any_day(
    connection: asyncpg.Connection, as_of: str, by_hand: list[Line]
) -> None:
    """POL-20 to POL-24: nature, outcome, provisions, silence, extension, third parties, reviews."""
    await connection.execute("SELECT set_config('clic.as_of', $1, false)", as_of)

    rows = await connection.fetch("SELECT * FROM reporting.access_count")

    assert sorted(map(repr, by_hand)) == sorted(repr(tuple(row)) for row in rows)


async def test_no_view_for_analysts_tells_an_access_request_step_by_step(connection: asyncpg.Connection) -> None:
    """POL-26, POL-38: `access_count` tells no single request; the timeline leaves confidential ones out."""
    columns = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'reporting' "
        "AND table_name = 'access_count'"
    )
    views = await connection.fetch(
        "SELECT DISTINCT view_name FROM information_schema.view_table_usage "
        "WHERE view_schema = 'reporting' AND table_name = 'fact_access'"
    )

    assert not {row[0] for row in columns} & {"request_key", "request_id", "reference", "sequence"}
    assert [row[0] for row in views] == ["access_count"]
    assert await connection.fetchval("SELECT count(*) FROM reporting.event") == 0
