"""The desk at work: takes a submission or an agent's command from its way in to a fact of the log and an answer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decided, Decisions
from clic_chassis.error import NotFoundError, RefusedError
from clic_chassis.http import problem_of
from clic_chassis.log import Story
from clic_contracts.envelope import derive_id, request_id_for
from clic_contracts.event import (
    Delivery,
    Event,
    InteractionRecorded,
    RequestAcknowledged,
    RequestAnswered,
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
from clic_contracts.submission import (
    AcknowledgementSubmission,
    CompletionSubmission,
    InteractionSubmission,
    OutcomeSubmission,
    ProgressSubmission,
    Receipt,
    RequestPointer,
    RequestSubmission,
    SubmissionEvent,
    SubmissionRefusedError,
    parse_submission,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    ClosingReason,
    Criterion,
    DeliveryProof,
    Missing,
    Origin,
    RequesterPresence,
)

from .core import letter
from .core.admission import ONLINE, Admitted, Lacking, Outside, fits_town, is_confidential, is_written, judge
from .core.request import REQUEST, Close, Command, Finish, Record, Refuse, Register, Resume, UnknownRequestError
from .core.term import term_picker
from .register import Entry
from .register import Register as RegisterStore


class OtherContentError(RefusedError):
    """The same source and id were submitted before, with other content."""

    code = "other_content"


class Desk:
    """Every way in ends here: inbox, HTTP and agents' commands."""

    def __init__(self, decisions: Decisions, register: RegisterStore, town: Town, clock: Clock) -> None:
        self._decisions = decisions
        self._register = register
        self._town = town
        self._clock = clock
        self._pick_terms = term_picker(town)
        self._timezone = ZoneInfo(town.calendar.timezone)

    # -- submissions ------------------------------------------------------------------------------------------------

    async def submit(self, publisher: str, body: bytes) -> Receipt:
        """Take a submission; the receipt says what came of it.

        Raises:
            UnknownRequestError: it is about a request that is not there, or not yet.
            RetryableError, asyncpg.PostgresError, OSError: something is away; try again.
        """
        now = self._clock.now()
        try:
            event = parse_submission(body)
        except SubmissionRefusedError as error:
            return Receipt(status="refused", source=error.source, id=error.event_id, problem=error.problem, at=now)
        who = self._town.publisher_by_code.get(publisher)
        problem = fits_town(event.data, event.time, who, self._town, now)
        if problem is not None:
            return Receipt(status="refused", source=event.source, id=event.id, problem=problem, at=now)
        try:
            match event.data:
                case RequestSubmission():
                    return await self._request(publisher, event, event.data)
                case InteractionSubmission():
                    return await self._interaction(publisher, event, event.data)
                case _:
                    return await self._about(publisher, event)
        except UnknownRequestError:
            raise
        except RefusedError as error:
            return Receipt(
                status="refused", source=event.source, id=event.id, problem=problem_of(error), at=self._clock.now()
            )

    async def _request(self, publisher: str, event: SubmissionEvent, said: RequestSubmission) -> Receipt:
        request_id = request_id_for(event.source, event.id)
        personal = _personal(said)
        entry = await self._register.register(
            request_id, event.time.astimezone(self._timezone).year, with_key=bool(personal)
        )
        digest = _digest(event, entry)
        facts, text = self._registration(publisher, event, said, entry, personal, digest)
        decided = await self._decide(
            request_id, Register(facts), cause_id=_cause(event), actor=f"publisher:{publisher}", expect_new=True
        )
        received = decided.story.events[0].data
        assert isinstance(received, RequestReceived)
        if decided.known and not entry.erased and received.content_digest != digest:
            raise OtherContentError(
                f"source {event.source!r} and id {event.id!r} were submitted before with other content: "
                "give a new submission an id of its own"
            )
        return Receipt(
            status="known" if decided.known else "accepted",
            source=event.source,
            id=event.id,
            request_id=request_id,
            reference=entry.reference,
            acknowledgement=text,
            at=self._clock.now(),
        )

    def _registration(
        self,
        publisher: str,
        event: SubmissionEvent,
        said: RequestSubmission,
        entry: Entry,
        personal: Mapping[str, Any],
        digest: str,
    ) -> tuple[tuple[tuple[Event, dt.datetime], ...], str | None]:
        """The facts of a registration, and what the citizen is told at once."""
        at, now = event.time, self._clock.now()
        origin = Origin.BACKLOG if said.backlog else Origin.LIVE
        ref = SubmissionRef(source=event.source, id=event.id)
        verdict = judge(said, self._town)
        presence = verdict.presence if isinstance(verdict, Admitted) else RequesterPresence.PARTIAL
        if isinstance(verdict, Outside):
            presence = RequesterPresence.IDENTIFIED if said.requester else RequesterPresence.PARTIAL
        facts: list[tuple[Event, dt.datetime]] = [
            (
                RequestReceived(
                    reference=entry.reference,
                    kind=said.kind,
                    channel=said.channel,
                    language=said.language,
                    subject=said.subject,
                    terms=self._pick_terms(said.text),
                    sector=said.place.sector if said.place else None,
                    requester=presence,
                    submission=ref,
                    publisher=publisher,
                    content_digest=digest,
                    sealed=entry.key.seal(personal) if entry.key and personal else None,
                    written=is_written(said),
                    confidential=is_confidential(said, self._town),
                    complaint_criteria=said.complaint_criteria,
                    origin=origin,
                ),
                at,
            )
        ]
        facts += [
            (
                InteractionRecorded(
                    interaction_id=derive_id("interaction", event.source, event.id, str(index)),
                    channel=channel,
                    language=said.language,
                    subject=said.subject,
                    about=request_id_for(event.source, event.id),
                    submission=ref,
                    publisher=publisher,
                    content_digest=digest,
                    origin=origin,
                ),
                at,
            )
            for index, channel in enumerate(said.also_by)
        ]
        told = (
            Delivery(channel=said.channel, proof=DeliveryProof.RECEIPT)
            if said.channel in ONLINE and not said.backlog
            else None
        )
        text: str | None = None
        match verdict:
            case Lacking(missing=missing):
                facts.append((RequestIncomplete(missing=missing, asked=told), now if told else at))
                text = letter.incomplete(said.language, entry.reference, missing)
            case Outside(subject=subject, turn_to=body):
                refusal = RequestRefused(
                    criterion=Criterion.OUT_OF_COMPETENCE, rule=RuleRef(code=subject.code), turn_to=body, sent=told
                )
                facts.append((refusal, now if told else at))
                text = letter.outside(said.language, entry.reference, self._town.body_by_code[body])
            case Admitted():
                if said.acknowledged is not None:
                    proof = Delivery(channel=said.acknowledged.channel, proof=DeliveryProof.PUBLISHER)
                    facts.append((RequestAcknowledged(delivery=proof), said.acknowledged.at))
                elif told is not None:
                    facts.append((RequestAcknowledged(delivery=told), now))
                    text = letter.acknowledgement(self._town, said.language, entry.reference)
        return tuple(facts), text if told else None

    async def _interaction(self, publisher: str, event: SubmissionEvent, said: InteractionSubmission) -> Receipt:
        interaction_id = derive_id("interaction", event.source, event.id)
        about = await self._pointed(said.about) if said.about else None
        story_id = about or interaction_id
        sealed: Sealed | None = None
        entry: Entry | None = None
        if said.text:
            entry = (
                await self._register.entry(about)
                if about
                else await self._register.register(
                    interaction_id, event.time.astimezone(self._timezone).year, with_key=True
                )
            )
            sealed = entry.key.seal({"text": said.text}) if entry.key else None
        digest = _digest(event, entry)
        fact = Fact(
            InteractionRecorded(
                interaction_id=interaction_id,
                channel=said.channel,
                language=said.language,
                subject=said.subject,
                about=about,
                answered_first_line=said.answered,
                submission=SubmissionRef(source=event.source, id=event.id),
                publisher=publisher,
                content_digest=digest,
                sealed=sealed,
                origin=Origin.BACKLOG if said.backlog else Origin.LIVE,
            ),
            event.time,
        )

        def decide(story: Story) -> tuple[Fact, ...]:
            if about is not None and not story.commits:
                raise UnknownRequestError("the request that this follows up is not there")
            return (fact,)

        decided = await self._decisions.decide(
            story_id, decide, cause_id=_cause(event), actor=f"publisher:{publisher}", expect_new=about is None
        )
        before = decided.events[0].data
        assert isinstance(before, InteractionRecorded)
        if decided.known and before.content_digest != digest:
            raise OtherContentError("this source and id were submitted before with other content: give it a new id")
        return Receipt(
            status="known" if decided.known else "accepted",
            source=event.source,
            id=event.id,
            request_id=story_id,
            at=self._clock.now(),
        )

    async def _about(self, publisher: str, event: SubmissionEvent) -> Receipt:
        """What publishers say about a request that is there."""
        said = event.data
        assert isinstance(
            said, AcknowledgementSubmission | CompletionSubmission | ProgressSubmission | OutcomeSubmission
        )
        request_id = await self._pointed(said.about)
        actor = f"publisher:{publisher}"
        status = "known"
        for index, command in enumerate(await self._commands(request_id, event)):
            decided = await self._decide(request_id, command, cause_id=f"{_cause(event)}\n{index}", actor=actor)
            if not decided.known:
                status = "accepted"
        return Receipt.model_validate(
            {
                "status": status,
                "source": event.source,
                "id": event.id,
                "request_id": request_id,
                "at": self._clock.now(),
            }
        )

    async def _commands(self, request_id: str, event: SubmissionEvent) -> tuple[Command, ...]:
        """What a submission about a request commands, each said twice and done once."""
        at = event.time
        match event.data:
            case AcknowledgementSubmission(channel=channel):
                told = Delivery(channel=channel, proof=DeliveryProof.PUBLISHER)
                return (Record(RequestAcknowledged(delivery=told), at),)
            case CompletionSubmission(requester=who, text=text):
                given = [Missing.PRECISION] if text else []
                given += [Missing.NAME] if who and who.name else []
                given += [Missing.CONTACT] if who and (who.email or who.phone) else []
                if not given:
                    raise OtherContentError("the completion gives nothing: add a name, a contact or a text")
                sealed = await self.seal(
                    request_id, {"requester": who and who.model_dump(exclude_none=True), "text": text}
                )
                return (Record(RequestCompleted(given=tuple(given), sealed=sealed), at),)
            case ProgressSubmission(text=text, promised_on=promised_on):
                commands: list[Command] = []
                if text:
                    commands.append(Record(RequestNoted(sealed=await self.seal(request_id, {"text": text})), at))
                if promised_on is not None:
                    commands.append(Record(RequestPromised(due_on=promised_on), at))
                return tuple(commands)
            case OutcomeSubmission() as outcome:
                sealed = await self.seal(request_id, {"text": outcome.text}) if outcome.text else None
                return (_outcome(outcome, at, sealed),)
            case _:
                raise AssertionError(f"{event.type} is not about a request")

    async def _pointed(self, pointer: RequestPointer) -> str:
        if pointer.reference is not None:
            try:
                return await self._register.find(pointer.reference)
            except NotFoundError as error:
                raise UnknownRequestError(str(error)) from error
        assert pointer.source is not None
        assert pointer.id is not None
        return request_id_for(pointer.source, pointer.id)

    # -- commands ---------------------------------------------------------------------------------------------------

    async def command(self, request_id: str, command: Command, *, cause_id: str, actor: str) -> Decided:
        """Do what an agent commands.

        Raises:
            RefusedError: a rule forbids it; nothing was recorded.
        """
        return await self._decide(request_id, command, cause_id=cause_id, actor=actor)

    async def seal(self, request_id: str, content: Mapping[str, Any]) -> Sealed | None:
        """Seal content under the request's key; None where its data was erased and nothing may be kept.

        Raises:
            UnknownRequestError: there is no such request.
        """
        try:
            entry = await self._register.entry(request_id)
        except NotFoundError as error:
            raise UnknownRequestError(str(error)) from error
        return entry.key.seal(content) if entry.key else None

    async def _decide(
        self, request_id: str, command: Command, *, cause_id: str, actor: str, expect_new: bool = False
    ) -> Decided:
        return await self._decisions.decide(
            request_id,
            lambda story: REQUEST.decide(command, REQUEST.fold(story.events)),
            cause_id=cause_id,
            actor=actor,
            expect_new=expect_new,
        )


def _outcome(outcome: OutcomeSubmission, at: dt.datetime, sealed: Sealed | None) -> Command:
    assumed = outcome.time_assumed
    proof = DeliveryProof.ASSUMED if assumed else DeliveryProof.PUBLISHER
    told = Delivery(channel=outcome.channel, proof=proof)
    answer = RequestAnswered(
        delivery=told,
        answered_by=outcome.answered_by,
        access_outcome=outcome.access_outcome,
        provisions=outcome.provisions,
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


def _personal(said: RequestSubmission) -> dict[str, Any]:
    """What must be sealed of a submission: who, where exactly, and what was written."""
    content: dict[str, Any] = {}
    if said.requester is not None:
        content["requester"] = said.requester.model_dump(exclude_none=True)
    if said.place is not None and (place := said.place.model_dump(exclude_none=True, exclude={"sector"})):
        content["place"] = place
    if said.text:
        content["text"] = said.text
    return content


def _digest(event: SubmissionEvent, entry: Entry | None) -> str:
    content = event.model_dump_json(include={"time", "data"}, serialize_as_any=True).encode()
    if entry is not None and entry.key is not None:
        return entry.key.digest(content)
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _cause(event: SubmissionEvent) -> str:
    return f"{event.source}\n{event.id}"
