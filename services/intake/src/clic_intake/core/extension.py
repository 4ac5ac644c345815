"""When a delay may be extended, and to which day: of an access request by the law, of a complaint by the town, once.

Source: POL-23, A-2.1 art. 47.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from clic_contracts.envelope import Recorded
from clic_contracts.event import RequestExtended
from clic_contracts.town import Town
from clic_contracts.town_time import CalendarConfig
from clic_contracts.vocabulary import Kind, ObligationKind

from .access import DECISION_DAYS, decision_limit_on, extension_limit_on
from .due import Due, dues_of
from .rule import ExtensionError, Rules, must
from .state import Request

SEARCH_DAYS_MAX = 3_660
"""Days that a count may go through: a calendar that is closed for longer is a mistake in the configuration."""
_DAY = dt.timedelta(days=1)


def may_extend(
    rules: Rules, extension: RequestExtended, request: Request, at: dt.datetime, limit_at: dt.datetime | None
) -> None:
    """Once, and in time. `limit_at` is the limit of a complaint, where it is known; the law's is counted here.

    Raises:
        ExtensionError: it may not.
        NotNowError: the phase does not allow it.
    """
    if request.kind not in (Kind.ACCESS_TO_INFORMATION, Kind.COMPLAINT):
        raise ExtensionError("only an access request or a complaint can be extended: agree on a date instead (POL-19)")
    must(request, RequestExtended)
    if request.extended:
        raise ExtensionError("it was extended once already; there is no second extension: answer it")
    if request.kind is Kind.ACCESS_TO_INFORMATION:
        _may_by_law(rules, request, at)
    else:
        _may_by_town(rules, extension, request, at, limit_at)


def _may_by_law(rules: Rules, request: Request, at: dt.datetime) -> None:
    """Before the first delay ends, which a holiday moves (I-16 art. 52). Source: POL-23, A-2.1 art. 47."""
    assert request.received_at is not None
    last_on = extension_limit_on(rules.day_of(request.received_at))
    if rules.day_of(at) > last_on:
        raise ExtensionError(
            f"the first {DECISION_DAYS} days ended on {last_on}; the notice would come too late: decide (A-2.1 art. 52)"
        )


def _may_by_town(
    rules: Rules, extension: RequestExtended, request: Request, at: dt.datetime, limit_at: dt.datetime | None
) -> None:
    """With its reason, and by as many business days as the town allows."""
    most = rules.complaint_extension_days
    if extension.days > most:
        raise ExtensionError(f"a complaint is extended by {most} business days at most: give fewer days")
    if extension.sealed is None and not request.erased:
        raise ExtensionError("a complaint is extended with its reason: give text")
    if limit_at is not None and at >= limit_at:
        raise ExtensionError(
            f"its delay ended on {rules.day_of(limit_at - dt.timedelta(microseconds=1))}: it can no longer be "
            "extended, answer it"
        )


def complaint_limit(story: Iterable[Recorded]) -> dt.datetime | None:
    """By when a complaint is to be answered (exclusive), by deadlines' facts; None: unknown, or it stands still."""
    due = _standard(story)
    return due.due_at if due is not None and not due.is_paused else None


def extended_on(story: Iterable[Recorded], request: Request, days: int, rules: Rules, town: Town) -> dt.date | None:
    """The last day that the desk works to once it is extended, before deadlines have said so; None: unknown."""
    assert request.received_at is not None
    received_on = rules.day_of(request.received_at)
    calendar = calendar_on(town, received_on)
    if request.kind is Kind.ACCESS_TO_INFORMATION:
        limit = decision_limit_on(replace(request.path, extended_days=days), rules.day_of)
        return prudent_on(calendar, received_on, limit)
    due = _standard(story)
    return _business_days_after(calendar, due.due_prudent_on, days) if due is not None and not due.is_paused else None


def _standard(story: Iterable[Recorded]) -> Due | None:
    answers = (each for each in dues_of(story).answers if each.obligation is ObligationKind.ANSWER)
    return next(answers, None)


# -- days -------------------------------------------------------------------------------------------------------


def calendar_on(town: Town, day: dt.date) -> CalendarConfig:
    """The town's calendar that holds for delays that begin on a day."""
    began = [each for each in town.calendars if each.effective_on is None or each.effective_on <= day]
    return began[-1] if began else town.calendars[0]


def prudent_on(calendar: CalendarConfig, start_on: dt.date, last_on: dt.date) -> dt.date:
    """The last business day on or before a limit; the limit itself where there is none since the start."""
    day = last_on
    while day >= start_on:
        if calendar.closed_because(day) is None:
            return day
        day -= _DAY
    return last_on


def _business_days_after(calendar: CalendarConfig, day: dt.date, days: int) -> dt.date | None:
    for _ in range(SEARCH_DAYS_MAX):
        if days == 0:
            return day
        day += _DAY
        days -= calendar.closed_because(day) is None
    return None
