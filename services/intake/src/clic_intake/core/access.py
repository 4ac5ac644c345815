"""Where an access request stands on its path, by intake's own facts, and the limits that the law sets it.

Source: POL-20 to POL-24, A-2.1 art. 25, 45, 47, 49, 52, 135. Days are the town's; a limit is moved by I-16 art. 52.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from clic_chassis.decider import Fact
from clic_contracts.event import (
    AccessClassified,
    RequestAnswered,
    RequestExtended,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.holiday import is_legal_holiday
from clic_contracts.vocabulary import AccessNature, AccessOutcome, RequestId, ThirdPartyPosition

DECISION_DAYS = 20
"""Calendar days after the day of reception. Source: POL-22, A-2.1 art. 47."""
EXTENSION_DAYS_MAX = 10
"""Source: POL-23, A-2.1 art. 47."""
THIRD_PARTY_DAYS = 20
"""Calendar days that a third party has after the notice; silence is consent. Source: A-2.1 art. 49."""
DECISION_AFTER_THIRD_PARTY_DAYS = 15
"""Calendar days after what a third party said, or after the end of their delay. Source: A-2.1 art. 49."""
REVIEW_DAYS = 30
"""Calendar days after the decision, or after the end of the delay without one. Source: POL-24, A-2.1 art. 135."""

DayOf = Callable[[dt.datetime], dt.date]
"""The town's day of an instant."""


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Somebody whom a document that is asked for concerns. Source: A-2.1 art. 23 to 25."""

    third_party_id: RequestId
    notified_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    position: ThirdPartyPosition | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided last; a request that was refused as inadmissible has no outcome."""

    at: dt.datetime
    outcome: AccessOutcome | None

    @property
    def is_reviewable(self) -> bool:
        """Whether a requester can contest it: any decision but one that gives all that was asked for."""
        return self.outcome is not AccessOutcome.GRANTED


@dataclass(frozen=True, slots=True)
class Path:
    """What intake knows of an access request's path."""

    since: dt.datetime | None = None
    """When its delay began: at the reception, or at the last reopening."""
    written: bool = True
    """Only a decision on a written request can be reviewed. Source: POL-20, A-2.1 art. 45, 135."""
    nature: AccessNature | None = None
    extended_days: int = 0
    third_parties: tuple[ThirdParty, ...] = ()
    decision: Decision | None = None
    """The newest one, over reopenings."""
    decided_at: dt.datetime | None = None
    """When it was first decided since its delay began."""
    review_asked_on: dt.date | None = None
    """When the Commission was asked last."""
    reviews_open: int = 0
    is_contested: bool = False
    """Whether what stands, a decision or silence, has been brought before the Commission."""

    def third_party(self, third_party_id: RequestId) -> ThirdParty | None:
        """One of the third parties; None: nobody is known by this id."""
        return next((each for each in self.third_parties if each.third_party_id == third_party_id), None)


def walked(path: Path, fact: Fact) -> Path:
    """The path after a fact of intake; the same where the fact is no step on it."""
    event, at = fact.event, fact.occurred_at
    match event:
        case RequestReceived(written=written):
            return replace(path, since=at, written=written is not False)
        case RequestReopened():
            return replace(path, since=at, extended_days=0, decided_at=None)
        case AccessClassified(nature=nature):
            return replace(path, nature=nature)
        case RequestExtended(days=days):
            return replace(path, extended_days=days)
        case ThirdPartyIdentified(third_party_id=which):
            return replace(path, third_parties=(*path.third_parties, ThirdParty(which)))
        case ThirdPartyNotified(third_party_id=which):
            return _heard(path, which, lambda each: replace(each, notified_at=each.notified_at or at))
        case ThirdPartyAnswered(third_party_id=which, position=said):
            return _heard(path, which, lambda each: replace(each, answered_at=at, position=said))
        case RequestAnswered(access_outcome=outcome):
            return _decided(path, Decision(at, outcome))
        case RequestRefused(sent=sent) if sent is not None:
            return _decided(path, Decision(at, None))
        case ReviewRequested(requested_on=day):
            return replace(path, review_asked_on=day, reviews_open=path.reviews_open + 1, is_contested=True)
        case ReviewDecided():
            return replace(path, reviews_open=max(0, path.reviews_open - 1))
        case _:
            return path


def _decided(path: Path, decision: Decision) -> Path:
    first_at = decision.at if path.decided_at is None else min(path.decided_at, decision.at)
    return replace(path, decision=decision, decided_at=first_at, is_contested=False)


def _heard(path: Path, which: RequestId, how: Callable[[ThirdParty], ThirdParty]) -> Path:
    parties = tuple(how(each) if each.third_party_id == which else each for each in path.third_parties)
    return replace(path, third_parties=parties)


# -- limits -----------------------------------------------------------------------------------------------------


def limit_on(since_on: dt.date, days: int) -> dt.date:
    """The last day of a delay of the law: the first day does not count, and a holiday is moved past. Source: I-16."""
    last_on = since_on + dt.timedelta(days=days)
    while is_legal_holiday(last_on):
        last_on += dt.timedelta(days=1)
    return last_on


def extension_limit_on(received_on: dt.date) -> dt.date:
    """The last day on which the notice of an extension may go: that of the delay itself. Source: A-2.1 art. 47."""
    return limit_on(received_on, DECISION_DAYS)


def third_party_limit_on(notified_on: dt.date) -> dt.date:
    """The last day on which a third party is heard. Source: A-2.1 art. 49."""
    return limit_on(notified_on, THIRD_PARTY_DAYS)


def decision_limit_on(path: Path, day_of: DayOf) -> dt.date:
    """The last day for the decision; silence after it is a refusal. Source: A-2.1 art. 47, 49, 52."""
    assert path.since is not None
    heard_on = (
        day_of(each.answered_at) if each.answered_at is not None else third_party_limit_on(day_of(each.notified_at))
        for each in path.third_parties
        if each.notified_at is not None
    )
    after_hearing = (limit_on(day, DECISION_AFTER_THIRD_PARTY_DAYS) for day in heard_on)
    return max((limit_on(day_of(path.since), DECISION_DAYS + path.extended_days), *after_hearing))


def reviewable_since(path: Path, day_of: DayOf, *, ended_at: dt.datetime | None = None) -> dt.date | None:
    """The first day on which the Commission can be asked: of a decision, or after a silent limit; None: never yet.

    `ended_at` is when the request ended without a decision, withdrawn or joined to another: what was not due by then
    never falls due. Source: POL-24, A-2.1 art. 52, 135.
    """
    limit = decision_limit_on(path, day_of)
    ends = [day_of(each) for each in (path.decided_at, ended_at) if each is not None]
    since = [] if ends and min(ends) <= limit else [limit + dt.timedelta(days=1)]
    if path.decision is not None and path.decision.is_reviewable:
        since.append(day_of(path.decision.at))
    return min(since, default=None)
