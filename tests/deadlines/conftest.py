"""A small invented town, and stories of its requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio
from tests.deadlines.clockwork import House
from tests.place import LETTERS

from clic_chassis.migration import migrate
from clic_contracts.envelope import RECORDED, Recorded, derive_id, request_id_for
from clic_contracts.event import Event
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind
from clic_deadlines.core.standard import Rules

REQUEST_ID = request_id_for("/telephonie", "appel-imaginaire-1")
TORONTO = ZoneInfo("America/Toronto")


@pytest.fixture(scope="session")
def town() -> Town:
    """Closed 24 December to 2 January; standards in every unit."""
    names = {"fr": "Ville imaginaire", "en": "Imaginary town"}
    return Town.model_validate(
        {
            "code": "imaginaire",
            "name": names,
            "desk": names,
            "departments": [
                {"code": "clic", "name": names, "first_line": True},
                {"code": "greffe", "name": names},
                {"code": "voirie", "name": names},
            ],
            "subjects": [
                {"code": "pothole", "name": names, "department": "voirie", "answer_within": {"business_days": 5}},
                {"code": "water_leak", "name": names, "department": "voirie", "answer_within": {"hours": 4}},
                {"code": "permit", "name": names, "department": "voirie", "answer_within": {"calendar_days": 30}},
                {"code": "claim", "name": names, "department": "greffe", "answer_within": {"business_days": 0}},
                {"code": "other", "name": names, "department": "clic"},
            ],
            "routing": {"rules": [], "unforeseen": "clic"},
            "deadlines": {
                "acknowledge_within": {"business_days": 1},
                "answer_within": {"business_days": 10},
                "decide_access_within": {"calendar_days": 20},
            },
            "standards": [{"kind": "complaint", "answer_within": {"business_days": 20}}],
            "calendar": {
                "version": "2026.1",
                "closings": [
                    {"first_on": "2025-12-24", "last_on": "2026-01-02", "why": names},
                    {"first_on": "2026-12-24", "last_on": "2027-01-02", "why": names},
                ],
            },
            "correspondence": {
                "sender": {"fr": "CLIC imaginaire", "en": "Imaginary CLIC"},
                "address": "clic@exemple.invalid",
                "further": {"fr": "Écrivez à la Direction générale.", "en": "Write to the Direction générale."},
                "claims": {"fr": "Un signalement n’est pas une réclamation.", "en": "A report is not a claim."},
            },
            "letters": LETTERS,
            "retention": [{"kind": kind, "months": 12} for kind in Kind],
            "publishers": [],
            "version": "town-test",
        }
    )


@pytest.fixture(scope="session")
def rules(town: Town) -> Rules:
    """The town's rules, ready for counting."""
    return Rules(town)


@pytest.fixture(scope="session")
def tell() -> Callable[..., tuple[Recorded, ...]]:
    """Makes facts recorded: `tell((event, "2026-05-15T16:20"), …)`, instants in the town's time.

    An instant that ends with `?` is assumed. `recorded_at` is years later, so that a test fails where it is judged by.
    """
    return _told


def _told(*facts: tuple[Event, str], request_id: str = REQUEST_ID) -> tuple[Recorded, ...]:
    return tuple(
        RECORDED[type(event)](
            event_id=derive_id("test", request_id, str(index)),
            source=f"/clic/{event.BY}",
            type=event.TYPE,
            request_id=request_id,
            occurred_at=dt.datetime.fromisoformat(at.removesuffix("?")).replace(tzinfo=TORONTO),
            time_assumed=at.endswith("?"),
            recorded_at=dt.datetime(2031, 1, 1, tzinfo=dt.UTC),
            cause_id=f"cause-{index}",
            actor="publisher:telephonie",
            town="town-test",
            data=event,
        )
        for index, (event, at) in enumerate(facts)
    )


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    """The service's own database, migrated."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=6) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, "clic_deadlines")
        yield pool


@pytest.fixture
def house(rules: Rules, pool: asyncpg.Pool, tell: Callable[..., tuple[Recorded, ...]]) -> House:
    """A house in which nothing has happened yet."""
    return House(rules, pool, tell)
