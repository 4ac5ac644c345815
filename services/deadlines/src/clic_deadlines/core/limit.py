"""By when something is owed now: as it was set, or as pauses or another version of the calendar moved it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clic_contracts.event import ObligationRecounted, ObligationSet, TraceStep, Within
from clic_contracts.town_time import Deadlines, Delay
from clic_contracts.vocabulary import WINDOWS, ObligationKind

from .calendar import Calendar, Pause, Term

_INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """By when, how that was counted, and when a warning is due."""

    due_at: dt.datetime
    """Exclusive."""
    due_strict_on: dt.date
    due_prudent_on: dt.date
    warn_at: dt.datetime
    calendar_version: str
    trace: tuple[TraceStep, ...]


def limit_of(said: ObligationSet | ObligationRecounted) -> Limit:
    """The limit that a fact states."""
    return Limit(said.due_at, said.due_strict_on, said.due_prudent_on, said.warn_at, said.calendar_version, said.trace)


def last_instant(due_at: dt.datetime) -> dt.datetime:
    """The end of a delay as the start of another: its last day is day 0 of what follows, as A-2.1 art. 135 counts."""
    return due_at - _INSTANT


def count(
    obligation: ObligationKind,
    starts_at: dt.datetime,
    delay: Delay | dt.date,
    calendar: Calendar,
    deadlines: Deadlines,
    pauses: Sequence[Pause] = (),
) -> Limit:
    """The limit of a delay, or of an agreed last day. The law's delays of others are counted as their own recourse.

    Raises:
        CalendarError: the town's calendar has too few business days.
    """
    term = term_of(obligation, starts_at, delay, calendar, pauses)
    due_at = term.due_at
    if obligation not in WINDOWS:
        warn_at = calendar.share_of(starts_at, due_at, deadlines.warn_at_share, pauses)
        ended = [pause.until for pause in pauses if pause.until is not None]
        # A limit that begins to run again late is warned of at once, never at an instant before it was known.
        warn_at = min(max([warn_at, *ended]), due_at)
    elif obligation is ObligationKind.CITIZEN_REPLY and deadlines.citizen_reply is not None:
        warn_at = min(calendar.term(starts_at, deadlines.citizen_reply.remind_after).due_at, due_at)
    else:
        warn_at = due_at
    return Limit(due_at, term.due_strict_on, term.due_prudent_on, warn_at, calendar.version, term.trace)


def recounted(
    terms: ObligationSet, calendar: Calendar, deadlines: Deadlines, pauses: Sequence[Pause] = ()
) -> Limit | None:
    """The limit of an obligation by some calendar and with its pauses; None: its delay was not recorded.

    A pause that still lasts is left out: what it takes is known when it ends.
    """
    ended = tuple(pause for pause in pauses if pause.until is not None)
    if not ended and calendar.version == terms.calendar_version:
        return limit_of(terms)
    return counted_anew(terms, calendar, deadlines, ended)


def counted_anew(
    terms: ObligationSet, calendar: Calendar, deadlines: Deadlines, ended: Sequence[Pause]
) -> Limit | None:
    """The same, counted also where a calendar of the same version counted before."""
    delay: Delay | dt.date
    if terms.within is not None:
        delay = _delay(terms.within)
    elif terms.obligation in (ObligationKind.PROMISE, ObligationKind.OUTSIDE_WORK):
        delay = terms.due_strict_on
    else:
        return None
    return count(terms.obligation, terms.starts_at, delay, calendar, deadlines, ended)


def _delay(within: Within) -> Delay:
    return Delay.model_validate({within.unit.value: within.amount})


def term_of(
    obligation: ObligationKind,
    starts_at: dt.datetime,
    delay: Delay | dt.date,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
) -> Term:
    """The days of a limit, without its warning. Raises as `count`."""
    if isinstance(delay, dt.date):
        return calendar.until(starts_at, delay)
    if obligation is ObligationKind.REVIEW_WINDOW:
        return calendar.recourse(starts_at, delay.amount)
    term = calendar.term(starts_at, delay, pauses)
    if obligation is ObligationKind.THIRD_PARTY_RESPONSE:
        return replace(term, due_prudent_on=term.due_strict_on)  # Not the town's time: nobody works to a day before.
    return term
