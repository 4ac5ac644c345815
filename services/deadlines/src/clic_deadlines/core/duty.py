"""What the town ought to owe on a request, read from intake's whole story: a pure fold.

Everything is judged by `occurred_at`, never by `recorded_at`: what was kept in time in 2022 was kept in time, whenever
it is imported. While a request waits for the citizen (`request.incomplete.v1` until `request.completed.v1`) what the
town has promised itself stands still, and the law's clock runs on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clic_contracts.event import (
    Event,
    RequestAcknowledged,
    RequestAdmitted,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestIncomplete,
    RequestMerged,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.vocabulary import ClosingReason, Kind, LiftReason, Origin

from .access import AccessPath, review_requested
from .happened import Happened
from .outcome import Duty as Duty
from .outcome import Kept as Kept
from .outcome import Lapsed as Lapsed
from .outcome import Released as Released
from .outcome import Settled as Settled
from .owed import Owed
from .standard import Rules

READS: tuple[type[Event], ...] = (
    RequestReceived,
    RequestIncomplete,
    RequestCompleted,
    RequestAdmitted,
    RequestAcknowledged,
    RequestPromised,
    RequestExtended,
    RequestHandedOver,
    RequestHandedBack,
    RequestRefused,
    RequestAnswered,
    RequestMerged,
    RequestClosed,
    RequestVoided,
    RequestReopened,
    ThirdPartyIdentified,
    ThirdPartyNotified,
    ThirdPartyAnswered,
    ReviewRequested,
)
"""The events of intake that change what is owed; a commit without any of them needs no decision."""


def duties(story: Iterable[Happened], rules: Rules, settled: Mapping[str, Settled] | None = None) -> tuple[Duty, ...]:
    """The obligations of a request in the order they came about; () for a story that is no request's.

    `settled` is what was recorded already, by obligation id: its terms stand, whatever the rules say today.
    """
    return fold(Owed(rules, settled or {}), story)


def fold(owed: Owed, story: Iterable[Happened]) -> tuple[Duty, ...]:
    """The same, gathered by one that holds nothing yet."""
    for happened in story:
        _apply(owed, happened)
    if owed.access is not None:
        owed.access.end()
    return owed.with_pauses()


def is_backlog(story: Iterable[Happened]) -> bool:
    """Whether a request came out of an older system's records: nobody is warned of its delays."""
    return any(isinstance(each.data, RequestReceived) and each.data.origin is Origin.BACKLOG for each in story)


def _apply(owed: Owed, recorded: Happened) -> None:
    """One event's effect on what is owed."""
    match recorded.data:
        case RequestReceived() as received:
            owed.received = received
            owed.set_standard(owed.rules.acknowledge, recorded)
            _set_answer(owed, received, recorded)
            owed.set_judgement(recorded)
        case _ if owed.received is None:
            pass  # No request's story: a contact or a learning owes nothing.
        case RequestReopened():
            _reopen(owed, owed.received, recorded)
        case RequestMerged() | RequestVoided() | RequestClosed() | RequestRefused():
            owed.waits.end(recorded.occurred_at)
            _end(owed, recorded)
        case RequestIncomplete(asked=None):
            pass  # Nobody could be asked: the citizen knows nothing yet.
        case RequestIncomplete():  # Who is asked for more knows that the town has it.
            owed.keep(owed.acknowledgements, recorded)
            owed.ask(recorded)
        case RequestCompleted():
            owed.waits.end(recorded.occurred_at)
            owed.keep(owed.replies, recorded)
        case RequestAcknowledged():
            owed.keep(owed.acknowledgements, recorded)
        case RequestAnswered() as answered:
            _answered(owed, answered, recorded)
        case _:
            _treat(owed, recorded)


def _treat(owed: Owed, recorded: Happened) -> None:
    """The effect of an event on the way to an answer."""
    match recorded.data:
        case RequestAdmitted():
            owed.keep(owed.judgements, recorded)
        case RequestPromised(due_on=due_on):
            owed.promise(due_on, recorded)
        case RequestExtended(days=days):
            if owed.access is not None:
                owed.access.extend(days, recorded)
            owed.extend_complaint(days, recorded)
        case RequestHandedOver(expected_on=expected_on):
            owed.hand_over(expected_on, recorded)
        case RequestHandedBack():
            owed.keep(owed.outside, recorded)
        case _:
            _treat_access(owed, recorded)


def _set_answer(owed: Owed, received: RequestReceived, recorded: Happened) -> None:
    if received.kind is Kind.ACCESS_TO_INFORMATION:
        owed.access = AccessPath(owed, recorded)
    else:
        owed.set_answer(owed.rules.answer(received), recorded)


def _reopen(owed: Owed, received: RequestReceived, recorded: Happened) -> None:
    """It is to be answered again (POL-39); what a merge lifted that is undone is owed again, too."""
    owed.answers.clear()
    _set_answer(owed, received, recorded)
    if not owed.was_told:
        owed.set_standard(owed.rules.acknowledge, recorded)
    if not owed.was_judged:
        owed.set_judgement(recorded)


def _answered(owed: Owed, answered: RequestAnswered, recorded: Happened) -> None:
    owed.waits.end(recorded.occurred_at)
    owed.keep(owed.acknowledgements + owed.judgements + owed.answers + owed.outside, recorded)
    owed.release(owed.replies, recorded, LiftReason.REPLACED)
    if owed.access is not None:
        owed.access.decided(answered.access_outcome, recorded)


def _end(owed: Owed, recorded: Happened) -> None:
    """The effect of an event that ends what is owed otherwise than by an answer."""
    match recorded.data:
        case RequestMerged() | RequestClosed(reason=ClosingReason.MERGED):
            owed.release_all(recorded, LiftReason.MERGED)
        case RequestClosed(reason=ClosingReason.WITHDRAWN):
            owed.release_all(recorded, LiftReason.WITHDRAWN)
        case RequestVoided():
            owed.release_all(recorded, LiftReason.VOIDED)
        case RequestRefused(sent=sent):
            owed.keep(owed.judgements, recorded)
            owed.release(owed.answers + owed.outside + owed.replies, recorded, LiftReason.REFUSED)
            if owed.access is not None:
                owed.access.refused(recorded)
            if sent is not None:
                owed.keep(owed.acknowledgements, recorded)
        case _:
            pass  # Closed as answered or refused: the answer, or the refusal that was sent, ended it (POL-27).


def _treat_access(owed: Owed, recorded: Happened) -> None:
    """The effect of an event of the access path (A-2.1)."""
    if (access := owed.access) is None:
        return  # The rest of intake's events change nothing that is owed.
    match recorded.data:
        case ThirdPartyIdentified(third_party_id=third_party_id):
            access.identified(third_party_id, recorded)
        case ThirdPartyNotified(third_party_id=third_party_id):
            access.notified(third_party_id, recorded)
        case ThirdPartyAnswered(third_party_id=third_party_id):
            access.answered(third_party_id, recorded)
        case ReviewRequested(requested_on=requested_on):
            review_requested(owed, requested_on, recorded)
        case _:
            pass
