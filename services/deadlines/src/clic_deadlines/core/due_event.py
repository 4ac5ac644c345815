"""An open obligation as an entry of a department's calendar, in words: on the day that the desk works to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from clic_contracts.town import Town
from clic_contracts.vocabulary import WINDOWS, DepartmentCode

from .calendar import Calendar
from .digest import about, own
from .docket_row import DocketRow
from .french import NBSP, TO_DO, TOLD, clock, counted, full_day
from .obligation import State


@dataclass(frozen=True, slots=True)
class DueEvent:
    """One entry."""

    uid: str
    """The same for the same obligation, whatever its limit."""
    summary: str
    description: str
    on: dt.date
    """The day, for an entry of a whole day."""
    at: dt.datetime | None
    """The instant, where the limit is one: in the town's time."""
    is_certain: bool
    """False while the delay stands still: the date is the one before the pause, and will be another."""
    is_late: bool
    is_confidential: bool
    sequence: int
    """How often the limit became another (RFC 5545, 3.8.7.4)."""
    changed_at: dt.datetime


def due_events(
    rows: Sequence[DocketRow], department: DepartmentCode, town: Town, calendar: Calendar
) -> tuple[DueEvent, ...]:
    """A department's entries, soonest first: what the town owes, not the time of somebody else.

    A confidential request stands in the calendar of its own role's department alone (POL-26).
    """
    owed = [row for row in own(rows, department) if row.obligation not in WINDOWS]
    return tuple(
        _event(row, town, calendar)
        for row in sorted(owed, key=lambda row: (row.due_at, row.reference, row.obligation_id))
    )


def _event(row: DocketRow, town: Town, calendar: Calendar) -> DueEvent:
    local = calendar.local(row.due_at)
    return DueEvent(
        uid=f"{row.request_id}.{row.obligation_id}@{town.correspondence.address.rpartition('@')[2]}",
        summary=f"{TO_DO[row.obligation]} – {row.reference} – {about(row, town)}",
        description="\n".join(_told(row, local, calendar)),
        on=row.due_prudent_on,
        at=None if local.time() == dt.time() else local,
        is_certain=row.state is not State.PAUSED,
        is_late=row.state is State.MISSED,
        is_confidential=row.confidential_to is not None,
        sequence=row.recounts,
        changed_at=row.changed_at or row.starts_at,
    )


def _told(row: DocketRow, local: dt.datetime, calendar: Calendar) -> list[str]:
    """The limit, strict and prudent, and how it stands."""
    hour = "" if local.time() == dt.time() else f", {clock(local.time())}"
    told = [f"Limite stricte{NBSP}: {full_day(row.due_strict_on)}{hour}"]
    if row.due_prudent_on != row.due_strict_on:
        told.append(f"Date à laquelle le service travaille{NBSP}: {full_day(row.due_prudent_on)}")
    match row.state:
        case State.MISSED:
            to = f", signalé à {TOLD[row.escalated_to]}" if row.escalated_to is not None else ""
            told.append(f"En retard{to}")
        case State.PAUSED:
            since_on = calendar.day_of(row.paused_since or row.starts_at)
            told.append(f"Délai suspendu depuis le {full_day(since_on)}, en attente du citoyen{NBSP}: la date changera")
        case State.AT_RISK:
            told.append("À risque")
        case _:
            pass
    if row.recounts:
        told.append(f"Date recalculée {counted(row.recounts, 'fois', 'fois')}")
    return told
