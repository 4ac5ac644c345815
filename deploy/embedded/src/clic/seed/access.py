"""What an invented greffe does on the path of the seeded access requests: said through the desk's API (POL-20 to 24).

Pure. Everything but the newest request is told what it is for; the first that fits is extended, has a third party, or
is brought before the Commission. Said again on a later day it adds what happened since, and nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from clic.outbox import Outgoing
from clic_contracts.envelope import derive_id, request_id_for
from clic_contracts.submission import OutcomeSubmission, RequestSubmission
from clic_contracts.vocabulary import AccessNature, AccessOutcome, Channel, Kind, ReviewOutcome, ThirdPartyPosition
from clic_intake.core.access import DECISION_DAYS, EXTENSION_DAYS_MAX, limit_on
from clic_intake.core.admission import is_written

from .setting import Setting

_DAY = dt.timedelta(days=1)
EXTENDED_AFTER = 16 * _DAY
REVIEW_ASKED_AFTER = 9 * _DAY
REVIEW_KNOWN_AFTER = 12 * _DAY
REVIEW_DECIDED_AFTER = 40 * _DAY

WHY_EXTENDED = "Les documents demandés sont nombreux et se trouvent en partie aux archives."
WHY_OBJECTED = "Le document contient nos prix unitaires, que nous traitons comme confidentiels."
ASKED_OF_COMMISSION = "Demande de révision reçue de la Commission d’accès à l’information, dossier inventé."
DECIDED_BY_COMMISSION = "Décision inventée de la Commission d’accès à l’information."


Story = tuple[str, str]
"""Of a request: its submission's source and id (`Outgoing.story`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that an agent says of a request."""

    request_id: str
    command: str
    body: Mapping[str, Any]
    key: str
    """By which the desk knows it again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is said."""

    held: Mapping[Story, Sequence[Step]] = field(default_factory=dict)
    """By story: to be said before its decision is."""
    after: Sequence[Step] = ()
    """To be said once the stories are told."""


@dataclass(frozen=True, slots=True)
class _Request:
    """An access request as the stories tell it, up to the day."""

    story: Story
    said: RequestSubmission
    at: dt.datetime
    decided_at: dt.datetime | None
    outcome: AccessOutcome | None

    @property
    def event_id(self) -> str:
        """Of its submission."""
        return self.story[1]


def access_plan(setting: Setting, submissions: Sequence[Outgoing], until: dt.datetime) -> Plan:
    """What is said of the access requests among these, before an instant."""
    requests = sorted(_requests(submissions), key=lambda each: each.at)
    if not requests:
        return Plan()
    teller = _Teller(setting, until)
    extended = _first((each, teller.extension(each)) for each in requests)
    others = [each for each in requests if each.story not in extended]
    heard = _first((each, teller.third_party(each)) for each in others)
    reviewed = _first((each, teller.review(each)) for each in others)
    natures = [step for each in requests[:-1] for step in teller.nature(each)]
    return Plan(extended | heard, [*natures, *(step for steps in reviewed.values() for step in steps)])


def _requests(submissions: Sequence[Outgoing]) -> Iterator[_Request]:
    decided = {
        each.story: (each.occurred_at, each.submission.access_outcome)
        for each in submissions
        if isinstance(each.submission, OutcomeSubmission) and each.submission.access_outcome is not None
    }
    for each in submissions:
        said = each.submission
        if isinstance(said, RequestSubmission) and said.kind is Kind.ACCESS_TO_INFORMATION:
            decided_at, outcome = decided.get(each.story, (None, None))
            yield _Request(each.story, said, each.occurred_at, decided_at, outcome)


def _first(found: Iterable[tuple[_Request, list[Step]]]) -> dict[Story, list[Step]]:
    return next(({request.story: steps} for request, steps in found if steps), {})


class _Teller:
    """Says what happened to a request, as far as it is past; nothing where it does not fit."""

    def __init__(self, setting: Setting, until: dt.datetime) -> None:
        self._setting = setting
        self._until = until

    def nature(self, request: _Request) -> list[Step]:
        """What it is for: the texts ask for documents (A-2.1 art. 9)."""
        said = self._step(request, "classify", request.at + _DAY, nature=AccessNature.ADMINISTRATIVE_DOCUMENTS)
        return [] if said is None else [said]

    def extension(self, request: _Request) -> list[Step]:
        """Of one that is not decided within twenty days, with notice before they end (A-2.1 art. 47)."""
        limit_on = self._limit_on(request)
        due_at = self._setting.rules.calendar.end_of(limit_on)
        at = self._open(request, "extend", request.at + EXTENDED_AFTER)
        is_late = (request.decided_at or self._until) >= due_at
        if not is_late or at >= due_at:
            return []
        text = self._setting.marked(WHY_EXTENDED)
        step = self._step(request, "extend", at, days=EXTENSION_DAYS_MAX, channel=Channel.LETTER, text=text)
        return [] if step is None else [step]

    def third_party(self, request: _Request) -> list[Step]:
        """Of one that is given in part: a third party objected, in time (A-2.1 art. 25, 49)."""
        end = request.decided_at
        if request.outcome is not AccessOutcome.PARTIAL or end is None:
            return []
        found_at = self._open(request, "identify-third-party", request.at + 2 * _DAY)
        told_at = self._open(request, "notify-third-party", found_at + _DAY)
        spoke_at = self._open(request, "third-party-answer", told_at + (end - told_at) * 0.6)
        if not found_at < told_at < spoke_at < end:
            return []
        who = {"name": f"{self._setting.situations.last_names[0]} et associés inc.", "email": "tiers@exemple.invalid"}
        named = {"third_party_id": derive_id("seeded third party", request.event_id)}
        steps = [
            self._step(request, "identify-third-party", found_at, third_party=who, **named),
            self._step(request, "notify-third-party", told_at, channel=Channel.LETTER, **named),
            self._step(
                request,
                "third-party-answer",
                spoke_at,
                position=ThirdPartyPosition.OBJECTS,
                text=self._setting.marked(WHY_OBJECTED),
                **named,
            ),
        ]
        return [each for each in steps if each is not None]

    def review(self, request: _Request) -> list[Step]:
        """Of one in writing that was refused, whole, in part or by silence (A-2.1 art. 52, 135)."""
        silent_at = self._setting.rules.calendar.end_of(self._limit_on(request))
        by_silence = (request.decided_at or self._until) > silent_at + REVIEW_KNOWN_AFTER + 7 * _DAY
        is_refused = request.outcome in (AccessOutcome.REFUSED, AccessOutcome.PARTIAL)
        refused_at = silent_at if by_silence else request.decided_at
        if refused_at is None or not (by_silence or is_refused) or is_written(request.said) is False:
            return []
        calendar, marked = self._setting.rules.calendar, self._setting.marked
        asked_on = calendar.day_of(refused_at + REVIEW_ASKED_AFTER)
        known_at = self._open(request, "review-requested", refused_at + REVIEW_KNOWN_AFTER)
        ended_at = self._open(request, "review-decided", known_at + REVIEW_DECIDED_AFTER)
        outcome = ReviewOutcome.SETTLED if by_silence else ReviewOutcome.UPHELD
        steps = [
            self._step(
                request,
                "review-requested",
                known_at,
                requested_on=asked_on.isoformat(),
                text=marked(ASKED_OF_COMMISSION),
            ),
            self._step(request, "review-decided", ended_at, outcome=outcome, text=marked(DECIDED_BY_COMMISSION)),
        ]
        return [each for each in steps if each is not None]

    def _limit_on(self, request: _Request) -> dt.date:
        return limit_on(self._setting.rules.calendar.day_of(request.at), DECISION_DAYS)

    def _open(self, request: _Request, command: str, at: dt.datetime) -> dt.datetime:
        """The instant, or some minutes after the desk opens next: the same each time."""
        return self._setting.opening.next(at, Random(f"{request.event_id} {command}"))

    def _step(self, request: _Request, command: str, at: dt.datetime, **said: Any) -> Step | None:
        at = self._setting.rules.calendar.local(self._open(request, command, at)).replace(microsecond=0)
        if at >= self._until:
            return None
        body = {**said, "occurred_at": at.isoformat()}
        return Step(request_id_for(*request.story), command, body, f"seed-{request.event_id}-{command}")
