"""A small town for the tests of reporting: few facts, and every figure of them counted by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from tests.reporting.history import example, fact, record

from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import (
    InteractionRecorded,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    RequestClosed,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.vocabulary import Service
from clic_reporting.projection import ReportingProjection

TORONTO = ZoneInfo("America/Toronto")


def on(month: int, day: int, *, year: int = 2024) -> dt.datetime:
    """Noon of a day in Toronto."""
    return dt.datetime(year, month, day, 12, tzinfo=TORONTO)


def _request(
    name: str, at: dt.datetime, department: str | None, *, unusual: bool = False, **said: Any
) -> list[Recorded]:
    request_id = derive_id("town", name)
    received = fact(RequestReceived, request_id, at, **{"subject": "pothole", "origin": "live", **said})
    if department is None:
        return [received]
    routed = fact(
        RequestRouted, request_id, at, department=department, first_line=department == "clic", unusual=unusual
    )
    return [received, routed]


def _owed(name: str, at: dt.datetime, due_at: dt.datetime) -> Recorded:
    return fact(
        ObligationSet, derive_id("town", name), at,
        obligation_id="answer-1", obligation="answer", starts_at=at, due_at=due_at, warn_at=at,
    )  # fmt: skip


def _kept(name: str, at: dt.datetime, *, guessed: bool = False) -> Recorded:
    kept = example(ObligationMet, obligation_id="answer-1", obligation="answer", met_at=at, assumed=guessed)
    return record(kept, derive_id("town", name), at)


def _contact(name: str, at: dt.datetime, channel: str, *, answered: bool) -> Recorded:
    contact_id = derive_id("town", "contact", name)
    return fact(
        InteractionRecorded, contact_id, at,
        interaction_id=contact_id, about=None, channel=channel, answered_first_line=answered,
    )  # fmt: skip


A, B, C = (derive_id("town", name) for name in "ABC")

TOWN: tuple[Recorded, ...] = (
    # First quarter of 2024: A, B, C and D come in. A and C are done in it; B is refused in the second.
    *_request("A", on(1, 10), "travaux_publics_voirie", kind="request", channel="phone"),
    _owed("A", on(1, 10), on(1, 20)),
    _kept("A", on(1, 15)),
    fact(RequestClosed, A, on(1, 15)),
    *_request("B", on(2, 1), "direction_generale", kind="complaint", channel="email", subject="employee_conduct"),
    _owed("B", on(2, 1), on(2, 10)),
    fact(ObligationMissed, B, on(2, 10), obligation_id="answer-1", obligation="answer", due_at=on(2, 10)),
    *_request("C", on(3, 1), "clic", kind="request", channel="email", subject=None, unusual=True, origin="backlog"),
    _owed("C", on(3, 1), on(3, 20)),
    _kept("C", on(3, 1), guessed=True),
    fact(RequestClosed, C, on(3, 1), assumed=True),
    *_request("D", on(3, 31), None, kind="suggestion", channel="counter", subject="library"),
    _contact("1", on(2, 14), "phone", answered=True),
    _contact("2", on(2, 15), "phone", answered=False),
    # Second quarter: A comes back and stays; B is refused; E comes in.
    fact(RequestReopened, A, on(4, 2)),
    fact(RequestRefused, B, on(5, 5)),
    *_request("E", on(6, 1), "clic", kind="access_to_information", channel="letter", confidential=True, unusual=True),
    _contact("3", on(6, 2), "email", answered=True),
)


async def settle(connection: Any, *facts: Recorded) -> None:
    """Make reporting's tables of a town's facts, each a commit of its own, over one's own connection or a pool's."""
    projection = ReportingProjection()
    await projection.prepare(connection)
    commits = [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)]
    await projection.apply(connection, commits)
    await connection.execute(
        "INSERT INTO reporting.checkpoint "
        "(projection, sequence, stream, stream_created_at, definition, generation, town) "
        "VALUES ('reporting', $1, 'CLIC_LOG', '2024-01-01T00:00Z', $2, 1, '0123456789ab')",
        len(commits),
        projection.definition,
    )
