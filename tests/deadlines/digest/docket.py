"""Invented lines of the docket, and a morning on which a digest is written. Nobody is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from clic_chassis import sql
from clic_contracts.envelope import request_id_for
from clic_contracts.town import Town
from clic_contracts.vocabulary import Escalation, Kind, ObligationKind
from clic_deadlines.core.docket import Entry, Open
from clic_deadlines.core.docket_row import DocketRow
from clic_deadlines.core.obligation import State
from clic_deadlines.docket import DocketProjection
from clic_deadlines.docket.projection import values

TORONTO = ZoneInfo("America/Toronto")
HOUR = dt.time(7, 30)
THURSDAY = dt.datetime(2026, 11, 26, 7, 30, tzinfo=TORONTO)


def at(text: str) -> dt.datetime:
    """An instant in the town's time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TORONTO)


def midnight_after(day: dt.date) -> dt.datetime:
    """When a day ends in the town."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), TORONTO)


def row(number: int, due_on: str, **changes: object) -> DocketRow:
    """A pothole to be answered by the end of a day, changed."""
    due = dt.date.fromisoformat(due_on)
    plain = DocketRow(
        request_id=request_id_for("/telephonie", f"appel-imaginaire-{number}"),
        reference=f"2026-{number:06d}",
        kind=Kind.REPORT,
        subject="pothole",
        department="travaux_publics_voirie",
        assignee=None,
        confidential_to=None,
        obligation_id="answer-1",
        obligation=ObligationKind.ANSWER,
        state=State.RUNNING,
        starts_at=at("2026-11-12T10:00"),
        due_at=midnight_after(due),
        due_strict_on=due,
        due_prudent_on=due,
        warn_at=midnight_after(due) - dt.timedelta(days=2),
        changed_at=at("2026-11-12T10:00"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # What a test changes fits its field.


def access(number: int, due_on: str, **changes: object) -> DocketRow:
    """An access request, which is the greffe's alone."""
    changed = {
        "kind": Kind.ACCESS_TO_INFORMATION,
        "subject": None,
        "department": "greffe",
        "confidential_to": "greffe",
        "obligation_id": "decide_access-1",
        "obligation": ObligationKind.DECIDE_ACCESS,
        **changes,
    }
    return row(number, due_on, **changed)


LATE = {"state": State.MISSED, "missed_at": at("2026-11-24T00:00")}
PAUSED = {"state": State.PAUSED, "paused_since": at("2026-11-19T14:00")}
REPLY = {"obligation_id": "citizen_reply-1", "obligation": ObligationKind.CITIZEN_REPLY}
FRESH = {"starts_at": at("2026-11-25T15:10")}

MORNING = (
    row(4217, "2026-11-17", **LATE, escalated_to=Escalation.GENERAL_MANAGEMENT),
    row(4301, "2026-11-23", **LATE, escalated_to=Escalation.HEAD, subject="street_light"),
    row(4399, "2026-11-25", **LATE, escalated_to=Escalation.PERSON),
    row(4402, "2026-11-26", subject="missing_sign", state=State.AT_RISK),
    row(4405, "2026-11-26", due_at=at("2026-11-26T15:20"), subject="icy_surface", kind=Kind.REQUEST),
    row(4410, "2026-11-27", obligation=ObligationKind.PROMISE, obligation_id="promise-1", subject="sidewalk"),
    row(4377, "2026-12-01", state=State.AT_RISK),
    row(4380, "2026-12-02", state=State.AT_RISK, kind=Kind.COMPLAINT, subject=None),
    row(4290, "2026-11-30", **PAUSED),
    row(4290, "2026-12-17", **REPLY),
    row(4420, "2026-12-02", **FRESH),
    row(4420, "2026-11-26", **FRESH, obligation_id="acknowledge-1", obligation=ObligationKind.ACKNOWLEDGE),
    row(4421, "2026-12-09", starts_at=at("2026-11-25T19:42"), subject="street_light"),
    access(4201, "2026-11-20", **LATE, escalated_to=Escalation.GENERAL_MANAGEMENT),
    access(4350, "2026-12-05", due_prudent_on=dt.date(2026, 12, 4), state=State.AT_RISK),
    row(4150, "2026-11-13", **LATE, escalated_to=Escalation.GENERAL_MANAGEMENT, department="ingenierie",
        subject="traffic_study"),
)  # fmt: skip
"""A morning of a town of which every section has something."""


async def fill(connection: Any, town: Town, rows: Sequence[DocketRow] = MORNING) -> None:
    """Make the docket's tables hold these rows."""
    await DocketProjection(town).prepare(connection)
    statement = sql.load("clic_deadlines.docket", "projection.sql")["write_obligation"]
    for each in rows:
        entry = Entry(
            each.request_id, each.reference, each.kind, each.subject, each.confidential_to, each.department
        )  # fmt: skip
        stands = Open(
            each.obligation, each.starts_at, each.due_at, each.due_strict_on, each.due_prudent_on, each.warn_at,
            each.changed_at or each.starts_at, warned=each.state is State.AT_RISK, paused_since=each.paused_since,
            missed_at=each.missed_at, escalated_to=each.escalated_to, recounts=each.recounts,
        )  # fmt: skip
        await connection.execute(statement, *values(entry, each.obligation_id, stands))
