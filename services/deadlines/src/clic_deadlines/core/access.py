"""The law's limits of an access request: decision, extension, third parties, silence and review (A-2.1, POL-20 to 26).

While a third party has its say, the limit of the decision is fifteen days after the end of the time that it has; once
it has spoken, fifteen days after that. Neither is ever before the limit that stands without it (art. 47, 49).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from clic_contracts.vocabulary import AccessOutcome, LiftReason, RequestId

from .happened import Happened
from .limit import count, last_instant
from .outcome import Kept
from .owed import Owed
from .standard import (
    ACCESS_THIRD_PARTY,
    EXTENDED_RULE,
    NOTIFY_THIRD_PARTY,
    REVIEW_AFTER_DECISION,
    REVIEW_AFTER_DECISION_RULE,
    REVIEW_AFTER_EXPIRY,
    THIRD_PARTY_RESPONSE,
    Standard,
)


@dataclass
class _Party:
    """One third party: what is owed to it, the time that it has, and when it spoke."""

    notice: str
    window: str | None = None
    spoke_at: dt.datetime | None = None


class AccessPath:
    """The limits of one access request since its reception, or since it was reopened."""

    def __init__(self, owed: Owed, since: Happened) -> None:
        self._owed = owed
        self._base = owed.rules.access
        self._since = since.occurred_at
        self._parties: dict[RequestId, _Party] = {}
        self.decision = owed.set_answer(self._base, since)
        """The obligation to decide whose limit stands."""

    @property
    def _is_open(self) -> bool:
        return self._owed.duties[self.decision].outcome is None

    # -- the limit ----------------------------------------------------------------------------------------------------

    def extend(self, days: int, recorded: Happened) -> None:
        """The one extension, before the limit has passed; a late or second one changes nothing (POL-23)."""
        if self._base.rule != EXTENDED_RULE and recorded.occurred_at < self._due_at(self._base, self._since):
            self._base = self._owed.rules.extended_access(days)
            self._settle(recorded)

    def identified(self, third_party_id: RequestId, recorded: Happened) -> None:
        """A third party is to be told, within twenty days of the reception (A-2.1 art. 49)."""
        if third_party_id not in self._parties and self._is_open:
            notice = self._owed.set_standard(NOTIFY_THIRD_PARTY, recorded, self._since)
            self._parties[third_party_id] = _Party(notice)

    def notified(self, third_party_id: RequestId, recorded: Happened) -> None:
        """It was told, and has twenty days (A-2.1 art. 49)."""
        party = self._parties.get(third_party_id)
        if party is not None and party.window is None and self._is_open:
            self._owed.keep([party.notice], recorded)
            party.window = self._owed.set_standard(THIRD_PARTY_RESPONSE, recorded)
            self._settle(recorded)

    def answered(self, third_party_id: RequestId, recorded: Happened) -> None:
        """It spoke. Once its time is over it has consented, whatever it says then (A-2.1 art. 49)."""
        party = self._parties.get(third_party_id)
        if party is None or party.window is None or party.spoke_at is not None:
            return
        self._owed.keep([party.window], recorded)
        if isinstance(self._owed.duties[party.window].outcome, Kept):
            party.spoke_at = recorded.occurred_at
            self._settle(recorded)

    def _settle(self, recorded: Happened) -> None:
        """Replace the obligation to decide where another limit stands now; a limit that has passed is not undone."""
        standard, starts_at = self._standing()
        duty = self._owed.duties[self.decision]
        is_same = (duty.terms.rule.code, duty.terms.starts_at) == (standard.rule, starts_at)
        if is_same or not self._is_open or not self._owed.is_in_time(self.decision, recorded.occurred_at):
            return
        self._owed.release([self.decision], recorded, LiftReason.REPLACED)
        # A refusal that silence was taken for before this was known did not happen (A-2.1 art. 52).
        self._owed.release(self._owed.reviews, recorded, LiftReason.REPLACED)
        self.decision = self._owed.set_answer(standard, recorded, starts_at)

    def _standing(self) -> tuple[Standard, dt.datetime]:
        """By which rule the limit stands, and from when on it is counted: the latest of all."""
        found = [(self._base, self._since)]
        for party in self._parties.values():
            if party.window is not None:
                spoke_at = party.spoke_at or last_instant(self._owed.due_at(party.window))
                found.append((ACCESS_THIRD_PARTY, spoke_at))
        return max(found, key=lambda each: self._due_at(*each))

    def _due_at(self, standard: Standard, starts_at: dt.datetime) -> dt.datetime:
        rules = self._owed.rules
        calendar = rules.calendar_at(starts_at)
        return count(standard.obligation, starts_at, standard.within, calendar, rules.town.deadlines).due_at

    # -- silence, decision and review ---------------------------------------------------------------------------------

    def will_end(self, obligation_id: str, recorded: Happened) -> None:
        """What ends the obligation to decide after its limit finds it refused by silence (A-2.1 art. 52, POL-24)."""
        if obligation_id != self.decision:
            return
        if self._is_known_refused or not self._owed.is_in_time(obligation_id, recorded.occurred_at):
            self._deem()

    def will_be_contested(self, recorded: Happened) -> None:
        """Review is asked for: once the limit has passed, of the refusal by silence (A-2.1 art. 52, 135)."""
        if not self._owed.is_in_time(self.decision, recorded.occurred_at):
            self._deem()

    def end(self) -> None:
        """The story so far is told: what was recorded as refused by silence is."""
        if self._is_known_refused:
            self._deem()

    @property
    def _is_known_refused(self) -> bool:
        known = self._owed.settled.get(self.decision)
        return known is not None and known.deemed_refused

    def _deem(self) -> None:
        duty = self._owed.duties[self.decision]
        if not self._is_open or duty.deemed_refused or self._was_decided_before_windows:
            return
        self._owed.duties[self.decision] = replace(duty, deemed_refused=True)
        due_at = self._owed.due_at(self.decision)
        self._open_review(REVIEW_AFTER_EXPIRY, due_at, last_instant(due_at), assumed=False)

    def decided(self, outcome: AccessOutcome | None, recorded: Happened) -> None:
        """A decision opens a time for review, unless all was granted; that replaces what silence opened (POL-24)."""
        self._hear_no_more(recorded, LiftReason.REPLACED)
        self._told(recorded, is_contestable=outcome is not AccessOutcome.GRANTED)

    def refused(self, recorded: Happened, *, is_sent: bool) -> None:
        """The request itself is not admissible: nobody else has to be heard; once it is told, it can be contested.

        Until then the law's clock runs: what the requester does not know of decides nothing (A-2.1 art. 47, 52).
        """
        self._hear_no_more(recorded, LiftReason.REFUSED)
        if is_sent:
            self._told(recorded, is_contestable=True)

    def reopened(self, recorded: Happened) -> None:
        """A refusal that was judged and never told is taken back: another decision is owed from now on."""
        self._owed.release([self.decision], recorded, LiftReason.REPLACED)

    def _told(self, recorded: Happened, *, is_contestable: bool) -> None:
        owed, at = self._owed, recorded.occurred_at
        terms = [owed.duties[each].terms for each in owed.reviews]
        if any(each.rule.code == REVIEW_AFTER_DECISION_RULE and each.starts_at >= at for each in terms):
            return  # A later decision is known already.
        if self._was_decided_before_windows:
            return
        owed.release(owed.reviews, recorded, LiftReason.REPLACED)
        if is_contestable:
            self._open_review(REVIEW_AFTER_DECISION, at, at, assumed=recorded.time_assumed)

    def _hear_no_more(self, recorded: Happened, reason: LiftReason) -> None:
        for party in self._parties.values():
            self._owed.release([party.notice, *filter(None, [party.window])], recorded, reason)

    def _open_review(self, standard: Standard, set_at: dt.datetime, starts_at: dt.datetime, *, assumed: bool) -> None:
        received = self._owed.received
        if received is None or received.written is False:
            return  # Only a written request can be reviewed (POL-20, A-2.1 art. 45).
        self._owed.reviews.append(self._owed.set(standard, set_at, starts_at, assumed=assumed))

    @property
    def _was_decided_before_windows(self) -> bool:
        """Whether the decision was recorded by a release that knew of no windows: it gets none after the fact."""
        known = self._owed.settled.get(self.decision)
        return self._owed.is_older and known is not None and known.decided


def review_requested(owed: Owed, requested_on: dt.date, recorded: Happened) -> None:
    """The Commission was asked on a day, which the town may know of only later (POL-24, A-2.1 art. 135).

    What the town knew of before a time for review began was not asked in that time.
    """
    at = min(recorded.occurred_at, last_instant(owed.rules.calendar.end_of(requested_on)))
    for window in owed.reviews:
        starts_at = owed.duties[window].terms.starts_at
        if starts_at <= recorded.occurred_at:
            owed.keep([window], recorded, max(at, starts_at))
