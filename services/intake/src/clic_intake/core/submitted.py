"""What a submission says, as facts and commands of the desk."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

from clic_chassis.decider import Fact
from clic_contracts.envelope import derive_id, request_id_for
from clic_contracts.event import (
    Delivery,
    Event,
    InteractionRecorded,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestIncomplete,
    RequestNoted,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    RuleRef,
    Sealed,
    SubmissionRef,
)
from clic_contracts.permission import confidential_to
from clic_contracts.submission import (
    AcknowledgementSubmission,
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    RequestSubmission,
    SubmissionEvent,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    AccessOutcome,
    ClosingReason,
    Criterion,
    DeliveryProof,
    Missing,
    Origin,
    RequestId,
    TermCode,
)

from .admission import (
    ONLINE,
    Lacking,
    Outside,
    given_by,
    is_urgent,
    is_written,
    judge,
    language_ground,
    presence,
)
from .request import Close, Finish, Record, Refuse, Resume, Statement

About = AcknowledgementSubmission | CompletionSubmission | ProgressSubmission | OutcomeSubmission
"""What publishers say about a request that is there."""

_PERSONAL: Any = {
    "text": True,
    "requester": True,
    "place": {"address", "latitude", "longitude"},
    "attributes": True,
}
"""The fields of a submission that are sealed."""

_LATER = ("language_ground", "attributes", "articles")
"""Fields that submissions got after the first were stored: a digest leaves them out where they say nothing."""


def cause_of(event: SubmissionEvent) -> str:
    """What the log names as the cause of everything that a submission makes."""
    return f"{event.source}\n{event.id}"


def personal(said: Any) -> dict[str, Any]:
    """What must be sealed of a submission: who, where exactly, and what was written; {} where it holds nothing."""
    content: dict[str, Any] = {}
    for name in ("requester", "third_party"):
        if (who := getattr(said, name, None)) is not None:
            content[name] = who.model_dump(exclude_none=True)
    place = getattr(said, "place", None)
    if place is not None and (exact := place.model_dump(exclude_none=True, exclude={"sector"})):
        content["place"] = exact
    if text := getattr(said, "text", ""):
        content["text"] = text
    if attributes := getattr(said, "attributes", None):
        content["attributes"] = dict(attributes)
    return content


# -- the same again? --------------------------------------------------------------------------------------------

Keyed = Callable[[bytes], str]
"""A digest under the request's key; starts with `hmac-sha256:`."""


def digest_of(event: SubmissionEvent, keyed: Keyed | None) -> str:
    """Tells a submission from another with its id; without a key, over what is not personal alone."""
    return keyed(_content(event)) if keyed is not None else _public_digest(event)


def repeats(event: SubmissionEvent, stored: str, keyed: Keyed | None, *, erased: bool) -> bool:
    """Whether a submission says what was said under its id before, by the digest that was stored then.

    The request may have got its key since, or have lost it: once it is erased nobody can tell, and it is taken as said.
    """
    if stored.startswith("hmac-sha256:"):
        return keyed is None or keyed(_content(event)) == stored
    return stored == _public_digest(event) and (erased or not personal(event.data))


def _content(event: SubmissionEvent) -> bytes:
    return _dumped(event, {}).encode()


def _public_digest(event: SubmissionEvent) -> str:
    return "sha256:" + hashlib.sha256(_dumped(event, _PERSONAL).encode()).hexdigest()


def _dumped(event: SubmissionEvent, without: dict[str, Any]) -> str:
    silent = {name: True for name in _LATER if not getattr(event.data, name, None)}
    return event.model_dump_json(
        include={"time", "data"}, exclude={"data": {**without, **silent}}, serialize_as_any=True
    )


def states(recorded: Event, event: Event) -> bool:
    """Whether a recorded fact says what an event would say, what is sealed aside."""
    return type(recorded) is type(event) and _open_part(recorded) == _open_part(event)


def _open_part(event: Event) -> dict[str, Any]:
    return event.model_dump(exclude={"sealed"})


# -- requests and interactions ----------------------------------------------------------------------------------


def registration(
    event: SubmissionEvent,
    said: RequestSubmission,
    town: Town,
    *,
    publisher: str,
    reference: str,
    terms: tuple[TermCode, ...],
    digest: str,
    sealed: Sealed | None,
    now: dt.datetime,
    by_receipt: bool = True,
) -> tuple[Fact, ...]:
    """The facts of a registration: received, by which further channels, told, and what the judgement adds.

    `by_receipt`: the publisher shows our receipt to the citizen, where the channel is one of `ONLINE`.
    """
    submission = SubmissionRef(source=event.source, id=event.id)
    origin = Origin.BACKLOG if said.backlog else Origin.LIVE
    received = RequestReceived(
        reference=reference,
        kind=said.kind,
        channel=said.channel,
        language=said.language,
        subject=said.subject,
        terms=terms,
        sector=said.place.sector if said.place else None,
        requester=presence(said),
        submission=submission,
        publisher=publisher,
        content_digest=digest,
        sealed=sealed,
        written=is_written(said),
        confidential=confidential_to(said.kind, said.subject, town) is not None,
        complaint_criteria=said.complaint_criteria,
        origin=origin,
        language_ground=language_ground(said),
        urgent=is_urgent(said, town),
    )
    further = (
        InteractionRecorded(
            interaction_id=derive_id("interaction", event.source, event.id, str(index)),
            channel=channel,
            language=said.language,
            subject=said.subject,
            about=request_id_for(event.source, event.id),
            submission=submission,
            publisher=publisher,
            content_digest=digest,
            origin=origin,
        )
        for index, channel in enumerate(said.also_by)
    )
    at = event.time
    return (
        Fact(received, at),
        *(Fact(each, at) for each in further),
        *_told(said, town, at, now, by_receipt=by_receipt),
    )


def _told(
    said: RequestSubmission, town: Town, at: dt.datetime, now: dt.datetime, *, by_receipt: bool
) -> tuple[Fact, ...]:
    """What the citizen was told by the publisher, and is told at once by our receipt."""
    receipt = (
        Delivery(channel=said.channel, proof=DeliveryProof.RECEIPT)
        if by_receipt and said.channel in ONLINE and not said.backlog
        else None
    )
    at_once = now if receipt else at
    by_publisher: tuple[Fact, ...] = ()
    if said.acknowledged is not None:
        told = Delivery(channel=said.acknowledged.channel, proof=DeliveryProof.PUBLISHER)
        by_publisher = (Fact(RequestAcknowledged(delivery=told), said.acknowledged.at),)
    at_last: tuple[Fact, ...] = ()
    if receipt and not by_publisher:
        at_last = (Fact(RequestAcknowledged(delivery=receipt), now),)
    match judge(said, town):
        case Lacking(missing=missing, acted_on=True):
            # POL-06: asked all the same, where the citizen can be.
            can_be_asked = receipt is not None or Missing.CONTACT not in missing
            asked = (Fact(RequestIncomplete(missing=missing, asked=receipt), at_once),) if can_be_asked else ()
            return (*by_publisher, *asked, *at_last)
        case Lacking(missing=missing):
            return (*by_publisher, Fact(RequestIncomplete(missing=missing, asked=receipt), at_once))
        case Outside(subject=subject, turn_to=body):
            refusal = RequestRefused(
                criterion=Criterion.OUT_OF_COMPETENCE, rule=RuleRef(code=subject.code), turn_to=body, sent=receipt
            )
            # POL-27: a refusal that was sent closes the request; one that was not waits for whoever tells the citizen.
            closed = (Fact(RequestClosed(reason=ClosingReason.REFUSED), at_once),) if receipt else ()
            return (*by_publisher, Fact(refusal, at_once), *closed)
        case _:
            return (*by_publisher, *at_last)


def interaction(
    event: SubmissionEvent,
    said: InteractionSubmission,
    *,
    publisher: str,
    about: RequestId | None,
    digest: str,
    sealed: Sealed | None,
) -> Fact:
    """The fact of one contact."""
    recorded = InteractionRecorded(
        interaction_id=derive_id("interaction", event.source, event.id),
        channel=said.channel,
        language=said.language,
        subject=said.subject,
        about=about,
        answered_first_line=said.answered,
        articles=said.articles,
        submission=SubmissionRef(source=event.source, id=event.id),
        publisher=publisher,
        content_digest=digest,
        sealed=sealed,
        origin=Origin.BACKLOG if said.backlog else Origin.LIVE,
    )
    return Fact(recorded, event.time)


# -- about a request --------------------------------------------------------------------------------------------


def statements(said: About, at: dt.datetime, sealed: Sealed | None) -> tuple[Statement, ...]:
    """What a submission about a request commands, one or two things; `sealed` holds what is personal of it.

    The first may be refused; what comes after it is then not tried.
    """
    match said:
        case AcknowledgementSubmission(channel=channel):
            told = Delivery(channel=channel, proof=DeliveryProof.PUBLISHER)
            return (Record(RequestAcknowledged(delivery=told), at),)
        case CompletionSubmission(requester=who, text=text):
            return (Record(RequestCompleted(given=given_by(who, text), sealed=sealed), at),)
        case ProgressSubmission(text=text, promised_on=promised_on):
            noted = (Record(RequestNoted(sealed=sealed), at),) if text else ()
            promised = (Record(RequestPromised(due_on=promised_on), at),) if promised_on is not None else ()
            return (*noted, *promised)
        case OutcomeSubmission(outcome="answered" | "closed" | "refused"):
            return (_outcome(said, at, sealed),)
        case OutcomeSubmission(text=text):
            # Neither a withdrawal nor a reopening has a place for words: they go into the file beside it.
            noted = (Record(RequestNoted(sealed=sealed), at),) if text else ()
            return (_outcome(said, at, None), *noted)


def _outcome(outcome: OutcomeSubmission, at: dt.datetime, sealed: Sealed | None) -> Statement:
    assumed = outcome.time_assumed
    proof = DeliveryProof.ASSUMED if assumed else DeliveryProof.PUBLISHER
    told = Delivery(channel=outcome.channel, proof=proof)
    answer = RequestAnswered(
        delivery=told,
        answered_by=outcome.answered_by,
        access_outcome=outcome.access_outcome,
        provisions=outcome.provisions,
        # art. 48: whoever holds it better is who can help instead.
        body=outcome.turn_to if outcome.access_outcome is AccessOutcome.OTHER_BODY else None,
        sealed=sealed,
    )
    match outcome.outcome:
        case "answered":
            return Record(answer, at, assumed)
        case "closed":
            return Finish(answer, at, assumed)
        case "refused":
            refusal = RequestRefused(
                criterion=outcome.criterion or Criterion.UNSPECIFIED, turn_to=outcome.turn_to, sent=told, sealed=sealed
            )
            return Refuse(refusal, at, assumed)
        case "withdrawn":
            return Close(ClosingReason.WITHDRAWN, at, assumed)
        case "voided":
            return Record(RequestVoided(reason=outcome.voiding), at, assumed)
        case "reopened":
            return Resume(answer, RequestReopened(reason=outcome.reopening), at, assumed)
