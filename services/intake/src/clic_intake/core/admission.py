"""Whether what was submitted can be taken and treated: the judgement at the desk's door."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_contracts.submission import (
    InteractionSubmission,
    OutcomeSubmission,
    Problem,
    ProblemError,
    RequestSubmission,
    Submission,
)
from clic_contracts.town import Publisher, Subject, Town
from clic_contracts.vocabulary import BodyCode, Channel, Kind, Missing, RequesterPresence

CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far in the future a publisher's clock may be."""

ONLINE: frozenset[Channel] = frozenset({Channel.WEB_FORM, Channel.MOBILE_APP})
"""Channels on which the publisher shows our receipt to the citizen at once: the receipt tells the citizen."""

WRITTEN: frozenset[Channel] = frozenset(
    {Channel.EMAIL, Channel.LETTER, Channel.FAX, Channel.WEB_FORM, Channel.MOBILE_APP, Channel.MESSENGER}
)
"""Channels by which an access request comes in writing (POL-20)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """It is treated."""

    presence: RequesterPresence


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something is missing; the citizen is asked. Source: POL-06."""

    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """Outside the town's competence; somebody else can help. Source: POL-07."""

    subject: Subject
    turn_to: BodyCode


Verdict = Admitted | Lacking | Outside


def judge(submission: RequestSubmission, town: Town) -> Verdict:
    """A rule alone asks for what is missing or points outside; the rest is a person's.

    Source: POL-06, POL-07; POL-08 and POL-09 are a person's.
    What comes out of older records was judged in its time, and is taken as it is.
    """
    subject = town.subject_by_code.get(submission.subject or "")
    if subject is not None and subject.turn_to is not None and not submission.backlog:
        return Outside(subject, subject.turn_to)
    if submission.requester_withheld:
        return Admitted(RequesterPresence.WITHHELD)
    who = submission.requester
    missing: list[Missing] = []
    if who is None or who.name is None:
        missing.append(Missing.NAME)
    if who is None or (who.email is None and who.phone is None):
        missing.append(Missing.CONTACT)
    return Lacking(tuple(missing)) if missing else Admitted(RequesterPresence.IDENTIFIED)


def is_written(submission: RequestSubmission) -> bool | None:
    """Whether an access request came in writing; None for other kinds. Source: POL-20."""
    if submission.kind is not Kind.ACCESS_TO_INFORMATION:
        return None
    return submission.channel in WRITTEN if submission.written is None else submission.written


def is_confidential(submission: RequestSubmission, town: Town) -> bool:
    """Visible to its department alone. Source: POL-26."""
    subject = town.subject_by_code.get(submission.subject or "")
    return submission.kind is Kind.ACCESS_TO_INFORMATION or (subject is not None and subject.confidential)


def fits_town(
    submission: Submission, occurred_at: dt.datetime, publisher: Publisher | None, town: Town, now: dt.datetime
) -> Problem | None:
    """What about a submission does not fit this town or this instant, as a problem; None: nothing."""
    errors: list[ProblemError] = []
    if publisher is None:
        return Problem(
            type="urn:clic:problem:unknown-publisher",
            title="Unknown publisher",
            status=403,
            detail="The town knows no such publisher. Ask its administrator to add it to publishers.yaml.",
        )
    if occurred_at > now + CLOCK_SKEW:
        errors.append(
            ProblemError(
                pointer="/time",
                detail=f"{occurred_at.isoformat()} is in the future (it is {now.isoformat(timespec='seconds')})",
                mend="Give the instant when it happened, and check the clock and the offset from UTC.",
            )
        )
    subject = getattr(submission, "subject", None)
    if subject is not None and subject not in town.subject_by_code:
        errors.append(
            ProblemError(
                pointer="/data/subject",
                detail=f"{subject!r} is no subject of this town",
                mend="Use a code of the town's subjects.yaml, or leave it out: the desk then picks one.",
            )
        )
    match submission:
        case RequestSubmission():
            errors += _request_errors(submission, publisher, town)
        case InteractionSubmission() if submission.backlog and not publisher.may_backlog:
            errors.append(_backlog_error())
        case OutcomeSubmission():
            errors += _outcome_errors(submission, town)
        case _:
            pass
    if not errors:
        return None
    return Problem(
        type="urn:clic:problem:does-not-fit-town",
        title="The submission does not fit the town",
        status=422,
        detail=f"{len(errors)} error(s); the first, at {errors[0].pointer}: {errors[0].detail}",
        errors=tuple(errors),
    )


def _backlog_error() -> ProblemError:
    return ProblemError(
        pointer="/data/backlog",
        detail="this publisher may not submit older records",
        mend="Leave backlog out, or ask the administrator for may_backlog in publishers.yaml.",
    )


def _request_errors(submission: RequestSubmission, publisher: Publisher, town: Town) -> list[ProblemError]:
    errors: list[ProblemError] = []
    sector = submission.place.sector if submission.place else None
    if sector is not None and sector not in town.sectors:
        errors.append(
            ProblemError(
                pointer="/data/place/sector",
                detail=f"{sector!r} is no sector of this town",
                mend=f"Use one of: {', '.join(town.sectors)}; or leave it out.",
            )
        )
    if submission.requester_withheld and not publisher.may_withhold_requester:
        errors.append(
            ProblemError(
                pointer="/data/requester_withheld",
                detail="this publisher may not withhold the requester",
                mend="Send name and contact (POL-06), or ask the administrator for may_withhold_requester.",
            )
        )
    if submission.backlog and not publisher.may_backlog:
        errors.append(_backlog_error())
    errors += [
        ProblemError(
            pointer=f"/data/complaint_criteria/{index}",
            detail=f"{criterion!r} is no criterion of the Direction générale's form",
            mend=f"Use some of: {', '.join(town.complaint_criteria)}.",
        )
        for index, criterion in enumerate(submission.complaint_criteria)
        if criterion not in town.complaint_criteria
    ]
    return errors


def _outcome_errors(submission: OutcomeSubmission, town: Town) -> list[ProblemError]:
    errors: list[ProblemError] = []
    if submission.answered_by is not None and submission.answered_by not in town.department_by_code:
        errors.append(
            ProblemError(
                pointer="/data/answered_by",
                detail=f"{submission.answered_by!r} is no department of this town",
                mend=f"Use one of: {', '.join(town.department_by_code)}.",
            )
        )
    if submission.turn_to is not None and submission.turn_to not in town.body_by_code:
        errors.append(
            ProblemError(
                pointer="/data/turn_to",
                detail=f"{submission.turn_to!r} is no body that this town points to",
                mend=f"Use one of: {', '.join(town.body_by_code)}.",
            )
        )
    return errors
