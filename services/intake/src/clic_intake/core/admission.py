"""Whether what was submitted can be taken and treated: the judgement at the desk's door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from clic_contracts.problem import Problem, ProblemError
from clic_contracts.submission import (
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    Requester,
    RequestSubmission,
    Submission,
)
from clic_contracts.town import Publisher, Subject, Town
from clic_contracts.vocabulary import (
    BodyCode,
    Channel,
    Code,
    Kind,
    Language,
    Missing,
    RequesterPresence,
    TermCode,
)

from .rule import CLOCK_SKEW

ONLINE: frozenset[Channel] = frozenset({Channel.WEB_FORM, Channel.MOBILE_APP})
"""Channels on which the publisher shows our receipt to the citizen at once: the receipt tells the citizen."""

WRITTEN: frozenset[Channel] = frozenset(
    {Channel.EMAIL, Channel.LETTER, Channel.FAX, Channel.WEB_FORM, Channel.MOBILE_APP, Channel.MESSENGER}
)
"""Channels by which an access request comes in writing (POL-20)."""

CITIZEN_WISH: Code = "citizen_wish"
"""The ground on which a citizen is written to in English where the submission names no other."""

FORMAL_NOTICE: TermCode = "formal_notice"
"""The term of the town's vocabulary that suggests a formal notice or the courts; it never decides. Source: POL-09."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """It is treated."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something is missing; the citizen is asked. Source: POL-06."""

    missing: tuple[Missing, ...]
    acted_on: bool = False
    """It is a safety report: it is treated all the same, and waits for nothing."""


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
    if submission.backlog:
        return Admitted()
    subject = town.subject_by_code.get(submission.subject or "")
    if subject is not None and subject.turn_to is not None:
        return Outside(subject, subject.turn_to)
    missing = _missing(submission.requester)
    if missing and not submission.requester_withheld:
        return Lacking(missing, acted_on=is_urgent(submission, town))
    return Admitted()


def presence(submission: RequestSubmission) -> RequesterPresence:
    """What is known of the requester. Source: POL-06."""
    if not _missing(submission.requester):
        return RequesterPresence.IDENTIFIED
    return RequesterPresence.WITHHELD if submission.requester_withheld else RequesterPresence.PARTIAL


def _missing(who: Requester | None) -> tuple[Missing, ...]:
    given = given_by(who)
    return tuple(each for each in (Missing.NAME, Missing.CONTACT) if each not in given)


def given_by(who: Requester | None, text: str = "") -> tuple[Missing, ...]:
    """Of what a request may lack, what these give."""
    given = {
        Missing.NAME: who is not None and who.name is not None,
        Missing.CONTACT: who is not None and (who.email is not None or who.phone is not None),
        Missing.PRECISION: bool(text),
    }
    return tuple(each for each, there in given.items() if there)


def is_written(submission: RequestSubmission) -> bool | None:
    """Whether an access request came in writing; None for other kinds. Source: POL-20."""
    if submission.kind is not Kind.ACCESS_TO_INFORMATION:
        return None
    return submission.channel in WRITTEN if submission.written is None else submission.written


def is_urgent(submission: RequestSubmission, town: Town) -> bool:
    """Whether it is a safety report, which is acted on also without a name or contact. Source: POL-06."""
    subject = town.subject_by_code.get(submission.subject or "")
    return subject is not None and subject.urgent and not submission.backlog


def language_ground(submission: RequestSubmission) -> Code | None:
    """Why a request is treated in another language than French, as it is recorded; older records say what they say."""
    if submission.language is Language.FR or submission.backlog:
        return submission.language_ground
    return submission.language_ground or CITIZEN_WISH


def shows_claims(terms: Iterable[TermCode], town: Town) -> bool:
    """Whether a report's words tell of damage, so that its citizen reads the notice about claims.

    A report is no claim: the clerk is given written notice within 15 days. Source: C-19 art. 585.
    """
    return not set(terms).isdisjoint(town.correspondence.claim_terms)


def fits_town(
    submission: Submission, occurred_at: dt.datetime, publisher: Publisher | None, town: Town, now: dt.datetime
) -> Problem | None:
    """What about a submission does not fit this town or this instant, as a problem; None: nothing."""
    if publisher is None:
        return Problem(
            type="urn:clic:problem:unknown-publisher",
            title="Unknown publisher",
            status=403,
            detail="The town knows no such publisher. Ask its administrator to add it to publishers.yaml.",
        )
    errors = [*future_errors("/time", occurred_at, now), *_subject_errors(submission, town)]
    match submission:
        case RequestSubmission():
            errors += _origin_errors(submission, publisher)
            errors += _request_errors(submission, publisher, town)
            errors += _language_errors(submission, town)
            errors += _acknowledged_errors(submission, occurred_at, now)
        case InteractionSubmission():
            errors += _origin_errors(submission, publisher)
        case OutcomeSubmission():
            errors += _outcome_errors(submission, town)
        case CompletionSubmission(requester=who, text=text) if not given_by(who, text):
            errors.append(
                ProblemError(
                    pointer="/data",
                    detail="the completion gives nothing that a request can lack",
                    mend="Add a name, an e-mail address, a telephone number or a text.",
                )
            )
        case ProgressSubmission(text="", promised_on=None):
            errors.append(
                ProblemError(
                    pointer="/data", detail="the progress says nothing", mend="Add a text or a date, promised_on."
                )
            )
        case _:
            pass
    return problem_with(errors)


def problem_with(errors: list[ProblemError]) -> Problem | None:
    """Errors of one submission as a problem; None where there is none."""
    if not errors:
        return None
    return Problem(
        type="urn:clic:problem:does-not-fit-town",
        title="The submission does not fit the town",
        status=422,
        detail=f"{len(errors)} error(s); the first, at {errors[0].pointer}: {errors[0].detail}",
        errors=tuple(errors),
    )


def future_errors(pointer: str, at: dt.datetime, now: dt.datetime) -> list[ProblemError]:
    """That an instant has not come yet, as far as clocks may differ."""
    if at <= now + CLOCK_SKEW:
        return []
    return [
        ProblemError(
            pointer=pointer,
            detail=f"{at.isoformat()} is in the future (it is {now.isoformat(timespec='seconds')})",
            mend="Give the instant when it happened, and check the clock and the offset from UTC.",
        )
    ]


def _subject_errors(submission: Submission, town: Town) -> list[ProblemError]:
    subject = getattr(submission, "subject", None)
    if subject is None or subject in town.subject_by_code:
        return []
    return [
        ProblemError(
            pointer="/data/subject",
            detail=f"{subject!r} is no subject of this town",
            mend="Use a code of the town's subjects.yaml, or leave it out: the desk then picks one.",
        )
    ]


def _origin_errors(submission: RequestSubmission | InteractionSubmission, publisher: Publisher) -> list[ProblemError]:
    """What comes out of older records may say less, for publishers that the town lets hand such records in."""
    if submission.backlog:
        if publisher.may_backlog:
            return []
        return [
            ProblemError(
                pointer="/data/backlog",
                detail="this publisher may not submit older records",
                mend="Leave backlog out, or ask the administrator for may_backlog in publishers.yaml.",
            )
        ]
    if submission.channel is not Channel.UNKNOWN:
        return []
    return [
        ProblemError(
            pointer="/data/channel",
            detail="only older records may come by an unknown channel (POL-05)",
            mend="Name the channel by which the town was addressed.",
        )
    ]


def _acknowledged_errors(
    submission: RequestSubmission, occurred_at: dt.datetime, now: dt.datetime
) -> list[ProblemError]:
    """The citizen is told of a request after it came in; older records are taken with the dates that they have."""
    if submission.acknowledged is None:
        return []
    at, pointer = submission.acknowledged.at, "/data/acknowledged/at"
    if at < occurred_at - CLOCK_SKEW and not submission.backlog:
        return [
            ProblemError(
                pointer=pointer,
                detail=f"{at.isoformat()} is before the request came in, {occurred_at.isoformat()}",
                mend="Correct it, or `time`: the citizen is told after the request came in.",
            )
        ]
    return future_errors(pointer, at, now)


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


def _language_errors(submission: RequestSubmission, town: Town) -> list[ProblemError]:
    """French, unless on a ground that the town knows (Charter of the French language, C-11)."""
    ground, pointer = language_ground(submission), "/data/language_ground"
    if ground is None or submission.backlog:
        return []
    if submission.language is Language.FR:
        return [
            ProblemError(
                pointer=pointer, detail="French needs no ground", mend="Leave it out, or name the other language."
            )
        ]
    grounds = town.correspondence.language_grounds
    if ground in grounds:
        return []
    return [
        ProblemError(
            pointer=pointer,
            detail=f"{ground!r} is no ground on which this town writes in another language than French",
            mend=f"Use one of: {', '.join(grounds)}.",
        )
    ]


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
