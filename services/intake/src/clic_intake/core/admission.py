"""Whether what was submitted can be taken and treated: the judgement at the desk's door."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clic_contracts.submission import Requester, RequestSubmission
from clic_contracts.town import Subject, Town
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
