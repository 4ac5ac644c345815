"""One invented request from its first contact to its end, as the submissions that publishers would send of it."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from clic.outbox import Outgoing
from clic_contracts.event import RequestReceived, RequestRouted
from clic_contracts.submission import (
    AcknowledgementSubmission,
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    Place,
    ProgressSubmission,
    Requester,
    RequestPointer,
    RequestSubmission,
    Submission,
    Told,
)
from clic_contracts.vocabulary import (
    Channel,
    Criterion,
    Kind,
    ReopeningReason,
    VoidingReason,
)
from clic_intake.core.admission import is_urgent
from clic_routing.core.assignment import route

from .setting import Setting, received_as, source_of
from .situation import AccessDecision, Situation, Situations, WayIn

ANSWERED_IN_TIME = 0.84
ANSWERED_LATE = 0.12  # The rest is forgotten.
ACKNOWLEDGED_IN_TIME = 0.88
ACKNOWLEDGED_LATE = 0.08  # The rest is never acknowledged but by its answer.
LACKING = 0.12
"""Of voice mails, letters and messages, so many leave no name or no way to answer (POL-06)."""
COMPLETED = 0.75
WITHDRAWN = 0.02
VOIDED = 0.015
PROMISED = 0.1
NOTED = 0.15
FOLLOWED_UP = 0.16
AGAIN_BY_ANOTHER_WAY = 0.03
REOPENED = 0.05

GIVEN_UP_AFTER_DAYS = 28
"""A request that stays incomplete is refused after twenty business days."""
PEOPLE_PHONES = 100
"""450 555-0100 to 450 555-0199 are reserved for invented people."""

_BY_VOICE = (Channel.PHONE, Channel.VOICEMAIL, Channel.COUNTER, Channel.COUNCIL, Channel.ELECTED_OFFICIAL)
_ASKED_FOR_MORE = (Channel.VOICEMAIL, Channel.LETTER, Channel.EMAIL, Channel.MESSENGER)
_MINUTE = dt.timedelta(minutes=1)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Opener:
    """What a story begins with."""

    situation: Situation
    way: WayIn
    at: dt.datetime
    event_id: str
    access: AccessDecision | None = None
    """Of an access request: how it ends."""


class Story:
    """Gathers the submissions of one request."""

    def __init__(self, setting: Setting, opener: Opener, rng: Random) -> None:
        self._setting = setting
        self._opener = opener
        self._rng = rng
        self._way = opener.way
        self._about = RequestPointer(source=source_of(opener.way.publisher), id=opener.event_id)
        self._parts: list[Outgoing] = []

    def tell(self) -> list[Outgoing]:
        """All of it, in order of time."""
        opener, rng = self._opener, self._rng
        said = self._request()
        self._add("", said, opener.at)
        received = received_as(said, self._setting)
        if self._outside is not None:
            self._refuse(Criterion.OUT_OF_COMPETENCE, self._after(opener.at, 1), self._texts.outside)
            return self._parts
        self._acknowledge(said)
        ready_at = opener.at
        if (missing := _missing(said)) is not None:
            completed = rng.random() < COMPLETED
            if not (completed or is_urgent(said, self._setting.town)):  # POL-06: a safety report waits for nothing.
                given_up_at = self._setting.opening.next(opener.at + GIVEN_UP_AFTER_DAYS * _DAY, rng)
                self._refuse(Criterion.INCOMPLETE, given_up_at, self._texts.incomplete)
                return self._sorted()
            if completed:
                ready_at = opener.at + _DAY * rng.triangular(0.3, 6, 1.2)
                self._add("completion", CompletionSubmission(about=self._about, requester=missing), ready_at)
        if (fate := rng.random()) < WITHDRAWN + VOIDED and opener.access is None:
            self._end_otherwise(ready_at, withdrawn=fate < WITHDRAWN)
        else:
            self._treat(received, route(received, self._setting.town), ready_at)
        return self._sorted()

    # -- the first contact ----------------------------------------------------------------------------------------

    def _request(self) -> RequestSubmission:
        situation, way, rng = self._opener.situation, self._way, self._rng
        street_index = rng.randrange(len(self._texts.streets))
        number, park, span = rng.randrange(1, 240), rng.choice(self._texts.parks), rng.choice(self._texts.spans)
        told_at = self._opener.at + _MINUTE * (
            rng.uniform(3, 9) if way.channel in _BY_VOICE else rng.uniform(0.05, 0.4)
        )
        return RequestSubmission(
            kind=situation.kind,
            channel=way.channel,
            language=situation.language,
            subject=situation.subject,
            text=self._setting.marked(
                (raw := rng.choice(situation.texts)).format(
                    rue=self._texts.streets[street_index], parc=park, no=number, temps=span
                ),
                situation.language,
            ),
            requester=self._person(),
            place=self._place(raw, street_index, number, park),
            also_by=self._also_by(),
            complaint_criteria=self._criteria(),
            acknowledged=Told(channel=way.channel, at=told_at) if way.told == "at_once" else None,
        )

    def _person(self) -> Requester:
        rng, channel = self._rng, self._way.channel
        first, last = rng.choice(self._texts.first_names), rng.choice(self._texts.last_names)
        phone = f"450 555-{100 + rng.randrange(PEOPLE_PHONES):04d}"
        email = f"{_ascii(first)}.{_ascii(last)}@exemple.invalid"
        by_voice = channel in _BY_VOICE
        person = Requester(
            name=f"{first} {last}",
            email=None if by_voice and rng.random() < 0.7 else email,  # noqa: PLR2004 - most callers leave a number alone
            phone=phone if by_voice or rng.random() < 0.3 else None,  # noqa: PLR2004 - few writers leave a number
        )
        if self._opener.access is not None or channel not in _ASKED_FOR_MORE or rng.random() >= LACKING:
            return person
        if channel in (Channel.VOICEMAIL, Channel.EMAIL):
            return person.model_copy(update={"name": None})
        return person.model_copy(update={"email": None, "phone": None})

    def _place(self, raw: str, street: int, number: int, park: str) -> Place | None:
        if "{rue}" in raw:
            name = self._texts.streets[street]
            address = f"{number}, {name}" if "{no}" in raw else name
        elif "{parc}" in raw:
            address = park
        else:
            return None
        sectors = self._setting.town.sectors
        return Place(sector=sectors[street % len(sectors)] if sectors else None, address=address)

    def _also_by(self) -> tuple[Channel, ...]:
        others = [way.channel for way in self._texts.ways_in if way.contacts and way.channel is not self._way.channel]
        return (self._rng.choice(others),) if others and self._rng.random() < AGAIN_BY_ANOTHER_WAY else ()

    def _criteria(self) -> tuple[str, ...]:
        """What the Direction générale's form asks, as a person would declare it. Source: POL-12."""
        criteria = self._setting.town.complaint_criteria
        subject = self._setting.town.subject_by_code.get(self._opener.situation.subject or "")
        official = subject is not None and subject.department == "direction_generale"
        if self._opener.situation.kind is not Kind.COMPLAINT or not official or not criteria:
            return ()
        chosen = set(self._rng.sample(range(len(criteria)), self._rng.randint((len(criteria) + 1) // 2, len(criteria))))
        return tuple(criterion for n, criterion in enumerate(criteria) if n in chosen)

    def _acknowledge(self, said: RequestSubmission) -> None:
        if said.acknowledged is not None and _missing(said) is None:
            return
        opening, rng = self._setting.opening, self._rng
        due_at = self._setting.rules.calendar.term(self._opener.at, self._setting.rules.acknowledge.within).due_at
        fate = rng.random()
        if fate < ACKNOWLEDGED_IN_TIME:
            at = self._before(self._opener.at, due_at)
        elif fate < ACKNOWLEDGED_IN_TIME + ACKNOWLEDGED_LATE:
            at = opening.next(due_at + _DAY * rng.triangular(0.4, 4, 0.6), rng)
        else:
            return
        self._add("ack", AcknowledgementSubmission(about=self._about, channel=self._way.reply), at)

    # -- the treatment --------------------------------------------------------------------------------------------

    def _treat(self, received: RequestReceived, routed: RequestRouted, ready_at: dt.datetime) -> None:
        rng, rules = self._rng, self._setting.rules
        within = rules.answer(received).within
        due_at = rules.calendar.term(self._opener.at, within).due_at
        publisher = self._way.publisher if routed.first_line else self._texts.treated_by
        long_enough = due_at - self._opener.at > 3 * _DAY and self._opener.access is None
        if long_enough and rng.random() < PROMISED:
            due_at = self._promise(publisher, due_at)
        answered_at = self._answered_at(due_at, by_the_hour=within.hours is not None)
        self._meanwhile(publisher, answered_at or due_at + 20 * _DAY, noted=long_enough)
        if answered_at is None or (self._opener.access is not None and self._opener.access.outcome is None):
            return
        answered_at = max(answered_at, ready_at + 30 * _MINUTE)
        self._close("outcome", publisher, routed, answered_at)
        if self._opener.access is None and rng.random() < REOPENED:
            self._reopen(publisher, routed, received, answered_at)

    def _promise(self, publisher: str, due_at: dt.datetime) -> dt.datetime:
        """Agree on a date (POL-19); gives when it ends."""
        rng, calendar, opening = self._rng, self._setting.rules.calendar, self._setting.opening
        at = self._before(self._opener.at, self._opener.at + (due_at - self._opener.at) * 0.5)
        promised_on = calendar.day_of(opening.next(due_at + _DAY * rng.randrange(-1, 8), rng))
        promised_on = max(promised_on, calendar.day_of(opening.next(at + _DAY, rng)))
        text = self._setting.marked(rng.choice(self._texts.promises))
        self._add("promise", ProgressSubmission(about=self._about, text=text, promised_on=promised_on), at, publisher)
        return calendar.end_of(promised_on)

    def _answered_at(self, due_at: dt.datetime, *, by_the_hour: bool) -> dt.datetime | None:
        rng, start = self._rng, self._opener.at
        fate = rng.random()
        if fate < ANSWERED_IN_TIME:
            if by_the_hour:  # Crews go out at night too.
                return start + (due_at - start) * rng.triangular(0.1, 0.97, 0.5)
            return self._before(start, due_at)
        if fate < ANSWERED_IN_TIME + ANSWERED_LATE:
            if by_the_hour:
                return due_at + dt.timedelta(hours=rng.triangular(0.2, 30, 2))
            return self._setting.opening.next(due_at + _DAY * rng.triangular(0.2, 16, 2), rng)
        return None

    def _meanwhile(self, publisher: str, end_at: dt.datetime, *, noted: bool) -> None:
        rng, opening, start = self._rng, self._setting.opening, self._opener.at
        if noted and rng.random() < NOTED:
            text = self._setting.marked(rng.choice(self._texts.progress))
            self._add("note", ProgressSubmission(about=self._about, text=text), self._before(start, end_at), publisher)
        if end_at - start > _DAY and rng.random() < FOLLOWED_UP:
            contacts = [way for way in self._texts.ways_in if way.contacts]
            way = rng.choices(contacts, [each.contacts for each in contacts])[0]
            at = opening.next(start + (end_at - start) * rng.uniform(0.3, 0.9), rng)
            follow_up = InteractionSubmission(
                channel=way.channel,
                subject=self._opener.situation.subject,
                text=self._setting.marked(rng.choice(self._texts.follow_ups)),
                about=self._about,
                answered=rng.random() < 0.8,  # noqa: PLR2004 - the desk mostly sees in the file where it stands
            )
            self._add("follow-up", follow_up, at, way.publisher)

    def _close(self, suffix: str, publisher: str, routed: RequestRouted, at: dt.datetime) -> None:
        situation, access = self._opener.situation, self._opener.access
        text = access.text if access else situation.answer or self._rng.choice(self._texts.answers[situation.kind])
        outcome = OutcomeSubmission(
            about=self._about,
            outcome="closed",
            channel=self._way.reply,
            text=self._setting.marked(text, situation.language),
            answered_by=routed.department,
            access_outcome=access.outcome if access else None,
            provisions=access.provisions if access else (),
            turn_to=access.turn_to if access else None,
        )
        self._add(suffix, outcome, at, publisher)

    def _reopen(self, publisher: str, routed: RequestRouted, received: RequestReceived, closed_at: dt.datetime) -> None:
        """The citizen was not satisfied, or it happened again. Source: POL-39."""
        rng, rules = self._rng, self._setting.rules
        at = self._setting.opening.next(closed_at + _DAY * rng.triangular(0.5, 20, 3), rng)
        index = rng.randrange(len(self._texts.reopenings))
        reopening = OutcomeSubmission(
            about=self._about,
            outcome="reopened",
            text=self._setting.marked(self._texts.reopenings[index]),
            reopening=ReopeningReason.NOT_SATISFIED if index else ReopeningReason.NEW_FACTS,
        )
        self._add("reopening", reopening, at)
        due_at = rules.calendar.term(at, rules.answer(received).within).due_at
        if rng.random() < ANSWERED_IN_TIME:
            self._close("second-outcome", publisher, routed, self._before(at, due_at))

    def _refuse(self, criterion: Criterion, at: dt.datetime, text: str) -> None:
        """Judged inadmissible, and told so. Source: POL-06 to POL-09."""
        refusal = OutcomeSubmission(
            about=self._about,
            outcome="refused",
            channel=self._way.reply,
            text=self._setting.marked(text),
            criterion=criterion,
            turn_to=self._outside if criterion is Criterion.OUT_OF_COMPETENCE else None,
        )
        self._add("outcome", refusal, at)

    def _end_otherwise(self, ready_at: dt.datetime, *, withdrawn: bool) -> None:
        at = self._after(ready_at, 3)
        if withdrawn:
            self._add("outcome", OutcomeSubmission(about=self._about, outcome="withdrawn", channel=Channel.PHONE), at)
        else:
            reason = self._rng.choice((VoidingReason.ENTERED_TWICE, VoidingReason.ENTERED_IN_ERROR))
            self._add("outcome", OutcomeSubmission(about=self._about, outcome="voided", voiding=reason), at)

    # -- small things ---------------------------------------------------------------------------------------------

    @property
    def _texts(self) -> Situations:
        return self._setting.situations

    @property
    def _outside(self) -> str | None:
        """Whom to turn to, where the subject is not the town's. Source: POL-07."""
        subject = self._setting.town.subject_by_code.get(self._opener.situation.subject or "")
        return subject.turn_to if subject is not None else None

    def _before(self, start: dt.datetime, due_at: dt.datetime) -> dt.datetime:
        """An instant between two, while the desk is open where that can be."""
        opening, rng = self._setting.opening, self._rng
        at = opening.next(start + (due_at - start) * rng.triangular(0.05, 0.97, 0.5), rng)
        if at >= due_at:
            at = opening.last_before(due_at, rng)
        return at if start < at < due_at else start + (due_at - start) * rng.uniform(0.1, 0.9)

    def _after(self, start: dt.datetime, days: int) -> dt.datetime:
        """Some time while the desk is open, within so many days or a little more."""
        return self._setting.opening.next(start + _DAY * self._rng.uniform(0.05, days), self._rng)

    def _add(self, suffix: str, submission: Submission, at: dt.datetime, publisher: str | None = None) -> None:
        publisher = publisher or self._way.publisher
        event_id = f"{self._opener.event_id}#{suffix}" if suffix else self._opener.event_id
        at = self._setting.rules.calendar.local(at).replace(microsecond=0)
        self._parts.append(Outgoing(publisher, submission, source_of(publisher), event_id, at))

    def _sorted(self) -> list[Outgoing]:
        """In order of time, without what an end has overtaken: an acknowledgement after the answer, for one."""
        told: list[Outgoing] = []
        ended = False
        for each in sorted(self._parts, key=lambda part: part.occurred_at):
            match each.submission:
                case OutcomeSubmission(outcome=outcome):
                    ended = outcome != "reopened"
                case AcknowledgementSubmission() | CompletionSubmission() | ProgressSubmission() if ended:
                    continue
                case _:
                    pass
            told.append(each)
        return told


def _missing(said: RequestSubmission) -> Requester | None:
    """What a requester would add to be complete (POL-06); None where nothing is missing."""
    who = said.requester
    assert who is not None
    given: Mapping[str, Any] = {
        **({"name": "Camille Exemple"} if who.name is None else {}),
        **({"phone": "450 555-0100"} if who.email is None and who.phone is None else {}),
    }
    return Requester(**given) if given else None


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if c.isascii())
