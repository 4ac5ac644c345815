"""How long personal data is kept: until when, from the facts of a request and the town's delays (A-2.1 art. 73)."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clic_contracts.envelope import Recorded
from clic_contracts.event import RequestClosed, RequestReceived, RequestRefused, RequestVoided
from clic_contracts.lifecycle import PENDING
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind

from .state import state_of

NOTICE_DAYS = 7
"""How long what is due is announced before it goes: whoever sees a mistake in the delays has a week to stop it."""
GROUND = "retention"

_OUTCOMES = (RequestClosed, RequestRefused, RequestVoided)
_CONTACT = Kind.REQUEST
"""A contact that opened no request is kept as long as a request (requête): the town's delays know kinds alone."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long the data of one request is kept."""

    kind: Kind
    pending: bool
    """It goes on: nothing of it goes, however old it is."""
    since: dt.date
    """The day of its last outcome, in the town; of what is pending or was only a contact, of its last fact."""
    until: dt.date
    """The first day on which it is no longer to be kept; of what is pending, if it ended today."""

    def is_due(self, today: dt.date) -> bool:
        """Whether its data may no longer be kept."""
        return not self.pending and self.until <= today


def months_by_kind(town: Town) -> dict[Kind, int]:
    """The town's delays."""
    return {each.kind: each.months for each in town.retention}


def keeping(events: Sequence[Recorded], months: Mapping[Kind, int], today: dt.date, timezone: ZoneInfo) -> Keeping:
    """How long the data of the request of these events (one at least) is kept."""
    received = next((each.data for each in events if isinstance(each.data, RequestReceived)), None)
    kind = _CONTACT if received is None else received.kind
    pending = received is not None and state_of(events).phase in PENDING
    outcomes = [each for each in events if isinstance(each.data, _OUTCOMES)]
    last = max(each.occurred_at for each in outcomes or events)
    since = today if pending else last.astimezone(timezone).date()
    return Keeping(kind, pending, since, _after(since, months[kind]))


def _after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        return dt.date.max
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
