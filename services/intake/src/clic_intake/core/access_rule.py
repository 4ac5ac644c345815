"""What the law lets be done about an access request: one rule a function, which says what is wrong and how to mend it.

Source: POL-20 to POL-24, A-2.1 art. 25, 45, 47 to 52, 135.
"""

from __future__ import annotations

import datetime as dt

from clic_chassis.error import RefusedError
from clic_contracts.event import (
    AccessClassified,
    RequestAnswered,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.vocabulary import AccessOutcome, ClosingReason, DeliveryProof, Kind, Origin, Phase, RequestId

from .access import ThirdParty, reviewable_since, third_party_limit_on
from .rule import AccessDecisionError, NotNowError, Rules, must
from .state import AWAITING_ANSWER, Request

Step = (
    AccessClassified | ThirdPartyIdentified | ThirdPartyNotified | ThirdPartyAnswered | ReviewRequested | ReviewDecided
)
"""A step on an access request's path, beside its phase."""


class NotAccessError(RefusedError):
    """It is no access request: the law of access says nothing about it. Source: POL-04."""

    code = "not_access"


class ThirdPartyError(RefusedError):
    """A third party is heard in the law's order: identified, notified, answered. Source: A-2.1 art. 25, 49."""

    code = "third_party"


class ReviewError(RefusedError):
    """There is nothing that the Commission could review, or no review that could end. Source: POL-24, art. 135."""

    code = "review"


def may_answer(rules: Rules, answer: RequestAnswered, request: Request, at: dt.datetime) -> None:
    """An answer fits the kind of request, and a decision on access says what the law asks for.

    After the limit, too: the town must still answer (art. 52). Source: A-2.1 art. 47 to 51.

    Raises:
        AccessDecisionError: it does not.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestAnswered)
    outcome = answer.access_outcome
    if request.kind is not Kind.ACCESS_TO_INFORMATION:
        if outcome is not None or answer.body is not None:
            raise AccessDecisionError(
                "access_outcome and body are for access requests alone: leave them out",
                fr="access_outcome et body ne valent que pour les demandes d’accès : omettez-les",
            )
        return
    if request.origin is Origin.BACKLOG:
        return  # Decided in its time; older records may not say how.
    if outcome is None:  # art. 47
        raise AccessDecisionError(
            "the answer to an access request is a decision: give access_outcome",
            fr="la réponse à une demande d’accès est une décision : donnez access_outcome",
        )
    refused = outcome in (AccessOutcome.REFUSED, AccessOutcome.PARTIAL)
    if refused and not (answer.provisions and answer.sealed):  # art. 50, 51
        raise AccessDecisionError(
            "a refusal, also in part, cites the provision and explains it: give both",
            fr="un refus, même partiel, cite la disposition et l’explique : donnez les deux",
        )
    if (outcome is AccessOutcome.OTHER_BODY) is not (answer.body is not None):  # art. 48
        raise AccessDecisionError(
            "the citizen is told which other body to apply to: give body (in a submission, turn_to)"
            if answer.body is None
            else "body goes with the outcome other_body alone: leave it out, or correct access_outcome",
            fr="la personne apprend à quel autre organisme s’adresser : donnez body (dans un envoi, turn_to)"
            if answer.body is None
            else "body ne va qu’avec le résultat other_body : omettez-le, ou corrigez access_outcome",
        )
    if outcome is AccessOutcome.GRANTED and answer.delivery.proof is not DeliveryProof.RELAY:
        # What a mail server took cannot be called back: this was looked at when it was written.
        _all_were_heard(rules, request, at)


def _all_were_heard(rules: Rules, request: Request, at: dt.datetime) -> None:
    """Nothing is given while a third party who was notified still has time to object. Source: A-2.1 art. 25, 49."""
    for each in request.path.third_parties:
        if each.notified_at is None or each.answered_at is not None:
            continue
        last_on = third_party_limit_on(rules.day_of(each.notified_at))
        if rules.day_of(at) <= last_on:
            raise AccessDecisionError(
                f"a third party has until {last_on} to be heard (A-2.1 art. 49): wait for what they say, or decide "
                "without their document (partial)",
                fr=f"un tiers a jusqu’au {last_on} pour être entendu (A-2.1 art. 49) : attendez ce qu’il dit, ou "
                "décidez sans son document (partial)",
            )


def may_step(rules: Rules, step: Step, request: Request, at: dt.datetime) -> None:
    """Only on an access request, in the law's order, and where it makes sense.

    Raises:
        NotAccessError: it is another kind of request.
        NotNowError: the phase does not allow it.
        ThirdPartyError, ReviewError: it is out of order.
    """
    if request.kind is not Kind.ACCESS_TO_INFORMATION:
        raise NotAccessError(f"{step.TYPE} is for access requests alone; this is a {request.kind.value}")
    must(request, type(step))
    if request.phase is Phase.VOIDED:
        raise NotNowError(f"{step.TYPE} may not happen: the record was voided, it is no request")
    match step:
        case ThirdPartyIdentified() | ThirdPartyNotified() | ThirdPartyAnswered():
            _may_hear(rules, step, request, at)
        case ReviewRequested():
            _may_request_review(rules, step, request, at)
        case ReviewDecided() if not request.path.reviews_open:
            raise ReviewError("no review is under way: record that it was requested first")
        case _:
            pass


def _may_hear(
    rules: Rules,
    step: ThirdPartyIdentified | ThirdPartyNotified | ThirdPartyAnswered,
    request: Request,
    at: dt.datetime,
) -> None:
    """A third party is heard before the decision: identified, notified, answered within their delay, once."""
    if request.phase not in AWAITING_ANSWER:
        raise NotNowError(
            f"{step.TYPE} may not happen while the request is {request.phase.value}: third parties are heard before "
            "the decision; put what comes later into the file, as a note"
        )
    known = request.path.third_party(step.third_party_id)
    match step:
        case ThirdPartyIdentified(sealed=sealed):
            if known is not None:
                raise ThirdPartyError("this third_party_id is somebody else's already: leave it out, or give a new one")
            if sealed is None and not request.erased:
                raise ThirdPartyError("say who the third party is: give at least a name")
        case ThirdPartyNotified():
            third_party_of(request, step.third_party_id)
        case ThirdPartyAnswered():
            _may_be_said(rules, third_party_of(request, step.third_party_id), at)


def third_party_of(request: Request, third_party_id: RequestId) -> ThirdParty:
    """One of a request's third parties.

    Raises:
        ThirdPartyError: nobody is known by this id.
    """
    known = request.path.third_party(third_party_id)
    if known is None:
        raise ThirdPartyError("the request has no such third party: identify them first, or correct third_party_id")
    return known


def _may_be_said(rules: Rules, known: ThirdParty, at: dt.datetime) -> None:
    """By somebody who was notified, within their delay: afterwards their silence was consent. Source: A-2.1 art. 49."""
    if known.notified_at is None:
        raise ThirdPartyError("the third party was not notified yet (A-2.1 art. 25): record the notice first")
    if known.answered_at is not None:
        raise ThirdPartyError("the third party answered already: put a change of mind into the file as a note")
    if at < known.notified_at:
        raise ThirdPartyError("the third party was notified later than that: correct the instant")
    last_on = third_party_limit_on(rules.day_of(known.notified_at))
    if rules.day_of(at) > last_on:
        raise ThirdPartyError(
            f"their time ended on {last_on}, and silence is consent (A-2.1 art. 49): put it into the file as a note"
        )


def _may_request_review(rules: Rules, step: ReviewRequested, request: Request, at: dt.datetime) -> None:
    """Of a decision on a written request, or of silence after the limit; how late is the Commission's to judge."""
    path = request.path
    if not path.written:
        raise ReviewError("only a decision on a request made in writing can be reviewed (POL-20, A-2.1 art. 45, 135)")
    if step.requested_on > rules.day_of(at):
        raise ReviewError(f"{step.requested_on} is still to come: correct requested_on")
    if path.is_contested:
        raise ReviewError(
            f"what stands was brought before the Commission on {path.review_asked_on}: record how that review ends"
        )
    if request.origin is Origin.BACKLOG:
        return  # Older records may not say when it was decided.
    ended = request.closed_at if request.closed_as in (ClosingReason.WITHDRAWN, ClosingReason.MERGED) else None
    since = reviewable_since(path, rules.day_of, ended_at=ended)
    if since is None:
        raise ReviewError("nothing was refused, and nothing is due any more: there is nothing to review")
    if step.requested_on < since:
        raise ReviewError(
            f"there is nothing to review before {since}: neither a decision that refuses, nor a delay that ended "
            "without one (A-2.1 art. 52, 135)"
        )
