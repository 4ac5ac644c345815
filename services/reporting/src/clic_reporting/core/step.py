"""What one fact adds and no later one changes: who was told of a limit that was not kept, an access request's steps.

Pure. Counts as of any position of the log are made of the steps up to it. Which third party it was, and the
words of a provision, are not told (POL-26, POL-38).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clic_contracts.vocabulary import Kind

from .access_fact import (
    Classified,
    DeemedRefused,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from .fact import Answered, Escalated, Extended, Fact
from .obligation import obligation_of
from .row import Changes, RequestRows

_Told = tuple[str, str | None, int | None]
_TOLD: Final[dict[type[Fact], Callable[[Any], _Told]]] = {
    Classified: lambda data: ("classified", data.nature, None),
    Extended: lambda data: ("extended", None, data.days),
    ThirdPartyIdentified: lambda _: ("third_party_identified", None, None),
    ThirdPartyNotified: lambda _: ("third_party_notified", None, None),
    ThirdPartyAnswered: lambda data: ("third_party_answered", data.position, None),
    DeemedRefused: lambda data: ("deemed_refused", data.obligation_id, None),
    Answered: lambda data: ("decided", data.access_outcome, len(data.provisions)),
    ReviewRequested: lambda _: ("review_requested", None, None),
    ReviewDecided: lambda data: ("review_decided", data.outcome, None),
}
"""Type of fact → the step that it is, what it says, and how much of it."""


def _access(changes: Changes, rows: RequestRows, fact: Any, sequence: int, ordinal: int) -> None:
    """Only of access requests: anything else is answered as well, and a complaint is extended."""
    if rows.kind == Kind.ACCESS_TO_INFORMATION:
        if type(fact) is DeemedRefused:
            obligation_of(rows, fact, sequence)
        step, told, amount = _TOLD[type(fact)](getattr(fact, "data", None))
        changes.access.append((sequence, ordinal, rows.request_key, step, told, amount, fact.occurred_at))


def _escalated(changes: Changes, rows: RequestRows, fact: Any, sequence: int, ordinal: int) -> None:
    obligation_of(rows, fact, sequence)
    data = fact.data
    changes.escalations.append(
        (
            sequence, ordinal, rows.request_key, data.obligation_id, data.due_at, data.step, data.to,
            fact.occurred_at,
        )
    )  # fmt: skip


STEPS: Final[dict[type[Fact], Callable[[Changes, RequestRows, Any, int, int], None]]] = {
    **dict.fromkeys(_TOLD, _access),
    Escalated: _escalated,
}
"""Facts that add a row of their own, whatever else they change."""
