"""What the town ought to owe on a request, read from intake's whole story: a pure fold.

Everything is judged by `occurred_at`, never by `recorded_at`: what was kept in time in 2022 was kept in time, whenever
it is imported. While a request waits for the citizen (`request.incomplete.v1` until `request.completed.v1`) what the
town has promised itself stands still, and the law's clock runs on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

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


def _apply(owed: Owed, happened: Happened) -> None:
    """One event's effect on what is owed."""
    effect = _EFFECTS.get(type(happened.data))
    # Without a reception it is no request's story: a contact or a learning owes nothing.
    if effect is not None and (owed.received is not None or effect is _receive):
        effect(owed, happened.data, happened)


# -- how it comes in, and how it goes on ------------------------------------------------------------------------------


def _receive(owed: Owed, received: RequestReceived, happened: Happened) -> None:
    owed.received = received
    owed.set_standard(owed.rules.acknowledge, happened)
    _set_answer(owed, received, happened)
    owed.set_judgement(happened)


def _set_answer(owed: Owed, received: RequestReceived, happened: Happened) -> None:
    if received.kind is Kind.ACCESS_TO_INFORMATION:
        owed.access = AccessPath(owed, happened)
    else:
        owed.set_answer(owed.rules.answer(received), happened)


def _ask(owed: Owed, incomplete: RequestIncomplete, happened: Happened) -> None:
    """Who is asked for more knows that the town has it; where nobody could be asked the citizen knows nothing yet."""
    if incomplete.asked is not None:
        owed.keep(owed.acknowledgements, happened)
        owed.ask(happened)


def _complete(owed: Owed, _: RequestCompleted, happened: Happened) -> None:
    owed.waits.end(happened.occurred_at)
    owed.keep(owed.replies, happened)


def _admit(owed: Owed, _: RequestAdmitted, happened: Happened) -> None:
    owed.keep(owed.judgements, happened)


def _acknowledge(owed: Owed, _: RequestAcknowledged, happened: Happened) -> None:
    owed.keep(owed.acknowledgements, happened)


def _promise(owed: Owed, promised: RequestPromised, happened: Happened) -> None:
    owed.promise(promised.due_on, happened)


def _extend(owed: Owed, extended: RequestExtended, happened: Happened) -> None:
    if owed.access is not None:
        owed.access.extend(extended.days, happened)
    owed.extend_complaint(extended.days, happened)


def _hand_over(owed: Owed, handed_over: RequestHandedOver, happened: Happened) -> None:
    owed.hand_over(handed_over.expected_on, happened)


def _hand_back(owed: Owed, _: RequestHandedBack, happened: Happened) -> None:
    owed.keep(owed.outside, happened)


def _reopen(owed: Owed, _: RequestReopened, happened: Happened) -> None:
    """It is to be answered again (POL-39); what a merge lifted that is undone is owed again, too."""
    assert owed.received is not None
    if owed.access is not None:
        owed.access.reopened(happened)
    owed.answers.clear()
    _set_answer(owed, owed.received, happened)
    if not owed.was_told:
        owed.set_standard(owed.rules.acknowledge, happened)
    if not owed.was_judged:
        owed.set_judgement(happened)


# -- how it ends ------------------------------------------------------------------------------------------------------


def _answer(owed: Owed, answered: RequestAnswered, happened: Happened) -> None:
    owed.waits.end(happened.occurred_at)
    owed.keep(owed.acknowledgements + owed.judgements + owed.answers + owed.outside, happened)
    owed.release(owed.replies, happened, LiftReason.REPLACED)
    if owed.access is not None:
        owed.access.decided(answered.access_outcome, happened)


def _refuse(owed: Owed, refused: RequestRefused, happened: Happened) -> None:
    owed.waits.end(happened.occurred_at)
    owed.keep(owed.judgements, happened)
    owed.release(owed.outside + owed.replies, happened, LiftReason.REFUSED)
    if refused.sent is not None or owed.access is None:
        owed.release(owed.answers, happened, LiftReason.REFUSED)
    if owed.access is not None:
        owed.access.refused(happened, is_sent=refused.sent is not None)
    if refused.sent is not None:
        owed.keep(owed.acknowledgements, happened)


def _merge(owed: Owed, _: RequestMerged, happened: Happened) -> None:
    owed.waits.end(happened.occurred_at)
    owed.release_all(happened, LiftReason.MERGED)


def _void(owed: Owed, _: RequestVoided, happened: Happened) -> None:
    owed.waits.end(happened.occurred_at)
    owed.release_all(happened, LiftReason.VOIDED)


def _close(owed: Owed, closed: RequestClosed, happened: Happened) -> None:
    """Closed as answered or refused: the answer, or the refusal that was sent, ended it (POL-27)."""
    owed.waits.end(happened.occurred_at)
    if closed.reason is ClosingReason.MERGED:
        owed.release_all(happened, LiftReason.MERGED)
    elif closed.reason is ClosingReason.WITHDRAWN:
        owed.release_all(happened, LiftReason.WITHDRAWN)


# -- the access path (A-2.1) ------------------------------------------------------------------------------------------


def _identify(owed: Owed, identified: ThirdPartyIdentified, happened: Happened) -> None:
    if owed.access is not None:
        owed.access.identified(identified.third_party_id, happened)


def _notify(owed: Owed, notified: ThirdPartyNotified, happened: Happened) -> None:
    if owed.access is not None:
        owed.access.notified(notified.third_party_id, happened)


def _hear(owed: Owed, answered: ThirdPartyAnswered, happened: Happened) -> None:
    if owed.access is not None:
        owed.access.answered(answered.third_party_id, happened)


def _review(owed: Owed, requested: ReviewRequested, happened: Happened) -> None:
    if owed.access is not None:
        owed.access.will_be_contested(happened)
        review_requested(owed, requested.requested_on, happened)


_EFFECTS: Mapping[type[Event], Callable[[Owed, Any, Happened], None]] = {
    RequestReceived: _receive,
    RequestIncomplete: _ask,
    RequestCompleted: _complete,
    RequestAdmitted: _admit,
    RequestAcknowledged: _acknowledge,
    RequestPromised: _promise,
    RequestExtended: _extend,
    RequestHandedOver: _hand_over,
    RequestHandedBack: _hand_back,
    RequestRefused: _refuse,
    RequestAnswered: _answer,
    RequestMerged: _merge,
    RequestClosed: _close,
    RequestVoided: _void,
    RequestReopened: _reopen,
    ThirdPartyIdentified: _identify,
    ThirdPartyNotified: _notify,
    ThirdPartyAnswered: _hear,
    ReviewRequested: _review,
}
"""Found by type: `match` asks pydantic's metaclass once for each type that it is not, some 0.3 µs each."""

READS: tuple[type[Event], ...] = tuple(_EFFECTS)
"""The events of intake that change what is owed; a commit without any of them needs no decision."""
