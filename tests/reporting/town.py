"""A small town for the tests of reporting: few facts, and every figure of them counted by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from tests.reporting.history import example, fact, record
from tests.reporting.projected import Projected

from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.vocabulary import Service

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


def _owed(name: str, at: dt.datetime, due_at: dt.datetime, what: str = "answer") -> Recorded:
    return fact(
        ObligationSet, derive_id("town", name), at,
        obligation_id=f"{what}-1", obligation=what, starts_at=at, due_at=due_at, warn_at=at,
    )  # fmt: skip


def _kept(name: str, at: dt.datetime, *, guessed: bool = False) -> Recorded:
    kept = example(ObligationMet, obligation_id="answer-1", obligation="answer", met_at=at, assumed=guessed)
    return record(kept, derive_id("town", name), at)


def _judge(name: str, kind: type[Event], at: dt.datetime, *, n: int = 0, **said: Any) -> Recorded:
    """What became of the obligation to judge."""
    return _said(name, kind, at, n=n, obligation_id="judge-1", obligation="judge", **said)


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


VOIRIE, GREFFE, URBANISME = "travaux_publics_voirie", "greffe", "amenagement"


def _said(name: str, kind: type[Event], at: dt.datetime, *, guessed: bool = False, n: int = 0, **said: Any) -> Recorded:
    return fact(kind, derive_id("town", name), at, assumed=guessed, n=n, **said)


_BY_STORY: tuple[Recorded, ...] = (
    # K came in February 2023 and was never treated; its limit passed and nobody said so.
    *_request("K", on(2, 10, year=2023), GREFFE),
    _owed("K", on(2, 10, year=2023), on(2, 29)),
    # A1, a Monday: acknowledged the same day (0 business days), answered and closed the next (1). It came back, and was
    # closed again on 15 February: 4 days of that first week, four weeks of 5, and 4 days more, which makes 28.
    *_request("A1", on(1, 8), VOIRIE),
    _owed("A1", on(1, 8), on(1, 20)),
    _said("A1", RequestAcknowledged, on(1, 8)),
    _said("A1", RequestAnswered, on(1, 9)),
    _said("A1", RequestClosed, on(1, 9)),
    _kept("A1", on(1, 9)),
    _said("A1", RequestReopened, on(2, 1)),
    _said("A1", RequestClosed, on(2, 15), n=1),
    # A2, a Friday: acknowledged on Monday (1), answered and closed on Wednesday (3), a day late.
    *_request("A2", on(1, 12), VOIRIE),
    _owed("A2", on(1, 12), on(1, 16)),
    _said("A2", RequestAcknowledged, on(1, 15)),
    _said("A2", RequestAnswered, on(1, 17)),
    _said("A2", RequestClosed, on(1, 17)),
    _kept("A2", on(1, 17)),
    # A3, a Saturday: acknowledged on Sunday (0), answered and closed eight business days later (8). It was found missed
    # before it was met, late.
    *_request("A3", on(1, 20), VOIRIE),
    _owed("A3", on(1, 20), on(1, 25)),
    _said("A3", RequestAcknowledged, on(1, 21)),
    _said("A3", ObligationMissed, on(1, 25), obligation_id="answer-1", obligation="answer", due_at=on(1, 25)),
    _said("A3", RequestAnswered, on(1, 31)),
    _said("A3", RequestClosed, on(1, 31)),
    _kept("A3", on(1, 31)),
    # A4, the Thursday before Easter: all on the Tuesday after it, which is the next business day (1), in the second
    # quarter. Its limit, the end of 31 March, is the first instant of April and belongs to the first quarter.
    *_request("A4", on(3, 28), VOIRIE),
    _owed("A4", on(3, 28), dt.datetime(2024, 4, 1, tzinfo=TORONTO)),
    # A5: answered at once (0), closed and kept at assumed instants, which measure nothing. A6: answered at one too.
    *_request("A5", on(2, 6), GREFFE),
    _owed("A5", on(2, 6), on(2, 20)),
    _said("A5", RequestAnswered, on(2, 6)),
    _said("A5", RequestClosed, on(2, 6), guessed=True),
    _kept("A5", on(2, 6), guessed=True),
    *_request("A6", on(2, 7), GREFFE),
    _said("A6", RequestAnswered, on(2, 7), guessed=True),
    _said("A6", RequestClosed, on(2, 7), guessed=True),
    # A7 was withdrawn, which lifts what was owed and measures nothing. A8 was refused the next day (1), never routed.
    *_request("A7", on(2, 12), VOIRIE),
    _owed("A7", on(2, 12), on(2, 20)),
    _said("A7", RequestClosed, on(2, 13), reason="withdrawn"),
    _said("A7", ObligationLifted, on(2, 13), obligation_id="answer-1", obligation="answer", reason="withdrawn"),
    *_request("A8", on(2, 13), None),
    _said("A8", RequestRefused, on(2, 14)),
    # A9 was passed on and is missed; A10 is owed by the end of June. Both are pending.
    *_request("A9", on(3, 25), VOIRIE),
    _owed("A9", on(3, 25), on(3, 27)),
    _said("A9", RequestRouted, on(3, 26), department=URBANISME, first_line=False, n=1),
    _said("A9", ObligationMissed, on(3, 27), obligation_id="answer-1", obligation="answer", due_at=on(3, 27)),
    *_request("A10", on(3, 26), URBANISME),
    _owed("A10", on(3, 26), on(6, 30)),
    _said("A4", RequestAcknowledged, on(4, 2)),
    _said("A4", RequestAnswered, on(4, 2)),
    _said("A4", RequestClosed, on(4, 2)),
    _kept("A4", on(4, 2)),
    # Judged. A1: due in January, it stood still from the 9th to the 20th and is due in the second quarter, and kept in
    # time. A2: missed, until it was known that it stood still, and then that it was kept. A3: warned; a closing moved
    # it to the 23rd, warned of again, missed, escalated. A10 stands still, past the limit that it had.
    _owed("A1", on(1, 8), on(1, 10), "judge"),
    _judge("A1", ObligationPaused, on(1, 9)),
    _judge("A1", ObligationRecounted, on(1, 20), because="resumed", due_at=on(4, 3)),
    _judge("A1", ObligationMet, on(4, 1), met_at=on(4, 1)),
    _owed("A2", on(1, 12), on(1, 18), "judge"),
    _judge("A2", ObligationMissed, on(1, 18), due_at=on(1, 18)),
    _judge("A2", ObligationPaused, on(1, 22)),
    _judge("A2", ObligationRecounted, on(1, 27), because="later_known", due_at=on(1, 25)),
    _judge("A2", ObligationMet, on(1, 27), met_at=on(1, 24)),
    _owed("A3", on(1, 20), on(1, 22), "judge"),
    _judge("A3", ObligationWarned, on(1, 21), due_at=on(1, 22)),
    _judge("A3", ObligationRecounted, on(1, 21), because="calendar", due_at=on(1, 23)),
    _judge("A3", ObligationWarned, on(1, 22), n=1, due_at=on(1, 23)),
    _judge("A3", ObligationMissed, on(1, 23), due_at=on(1, 23)),
    _judge("A3", ObligationEscalated, on(1, 23), due_at=on(1, 23), step=1, to="person"),
    _judge("A3", ObligationEscalated, on(1, 25), n=1, due_at=on(1, 23), step=2, to="head"),
    _owed("A10", on(3, 26), on(3, 28), "judge"),
    _judge("A10", ObligationPaused, on(3, 27)),
    # K: work done elsewhere is overdue, and nobody said so. The time of others is counted nowhere: that of a citizen
    # who did not reply (A1) or still may (A10), that of a third party, over and not said to be (K).
    _owed("K", on(2, 10, year=2023), on(2, 15), "outside_work"),
    _owed("A1", on(1, 9), on(1, 30), "citizen_reply"),
    _said("A1", ObligationLapsed, on(1, 30), obligation_id="citizen_reply-1", obligation="citizen_reply"),
    _owed("A10", on(3, 27), on(4, 20), "citizen_reply"),
    _owed("K", on(2, 11), on(3, 1), "third_party_response"),
)
DESK = tuple(sorted(_BY_STORY, key=lambda each: each.recorded_at))
"""As the log took it, day by day."""


async def settle(connection: Any, *facts: Recorded) -> None:
    """Make reporting's tables of a town's facts, each a commit of its own, over one's own connection or a pool's."""
    projected = Projected(connection)
    await projected.prepare()
    await projected.begin()
    commits = [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)]
    await projected.fold(commits, at_a_time=10)
