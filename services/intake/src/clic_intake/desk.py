"""The desk at work: takes a submission or an agent's command from its way in to a fact of the log and an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decided, Decisions
from clic_chassis.error import NotFoundError, RefusedError
from clic_chassis.http import problem_of
from clic_chassis.log import Story
from clic_contracts.envelope import Recorded, derive_id, request_id_for
from clic_contracts.event import InteractionRecorded, RequestMerged, RequestReceived, Sealed
from clic_contracts.problem import Problem
from clic_contracts.submission import (
    InteractionSubmission,
    Receipt,
    ReceiptStatus,
    RequestPointer,
    RequestSubmission,
    SubmissionEvent,
    SubmissionRefusedError,
    parse_submission,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language, RequestId

from .core import letter, submitted
from .core.fit import fits_town
from .core.meanwhile import must_not_have_moved
from .core.request import Command, Record, Refuse, Register, Statement, request_decider, stated
from .core.rule import Rules, UnknownRequestError
from .core.term import term_picker
from .duplicate.index import Duplicates
from .register import Entry
from .register import Register as RegisterStore


class OtherContentError(RefusedError):
    """The same source and id were submitted before, with other content."""

    code = "other_content"


class Desk:
    """Every way in ends here: inbox, HTTP and agents' commands."""

    def __init__(
        self, decisions: Decisions, register: RegisterStore, duplicates: Duplicates, town: Town, clock: Clock
    ) -> None:
        self._decisions = decisions
        self._register = register
        self._duplicates = duplicates
        self._town = town
        self._clock = clock
        self._pick_terms = term_picker(town)
        self._timezone = ZoneInfo(town.calendar.timezone)
        self._request = request_decider(Rules.of(town))

    # -- submissions ------------------------------------------------------------------------------------------------

    async def submit(
        self, publisher: str, body: bytes, *, may_wait: bool = False, language: Language | None = None
    ) -> Receipt:
        """Take a submission; the receipt says what came of it, a problem in the publisher's or another language.

        Raises:
            UnknownRequestError: with `may_wait`, it is about a request that is not there, or not yet.
            RetryableError: something is away; try again.
        """
        who = self._town.publisher_by_code.get(publisher)
        language = language or self.language_of(publisher)
        try:
            event = parse_submission(body, language)
        except SubmissionRefusedError as error:
            return self._receipt("refused", error.source, error.event_id, problem=error.problem)
        problem = fits_town(event.data, event.time, who, self._town, self._clock.now(), language=language)
        if problem is not None:
            return self._receipt("refused", event.source, event.id, problem=problem)
        try:
            match event.data:
                case RequestSubmission() as said:
                    return await self.register_request(publisher, event, said)
                case InteractionSubmission() as said:
                    return await self._record_interaction(publisher, event, said)
                case _:
                    return await self._state_about(publisher, event)
        except RefusedError as error:
            if may_wait and isinstance(error, UnknownRequestError):
                raise
            return self._receipt("refused", event.source, event.id, problem=problem_of(error, language))

    def refused(self, problem: Problem) -> Receipt:
        """The receipt of what is refused unread."""
        return self._receipt("refused", None, None, problem=problem)

    def language_of(self, publisher: str) -> Language:
        """In which language a publisher reads problems, as the town says; French where it says nothing (C-11)."""
        who = self._town.publisher_by_code.get(publisher)
        return who.language if who is not None else Language.FR

    def _receipt(
        self,
        status: ReceiptStatus,
        source: str | None,
        event_id: str | None,
        *,
        request_id: str | None = None,
        reference: str | None = None,
        acknowledgement: str | None = None,
        problem: Problem | None = None,
    ) -> Receipt:
        return Receipt(
            status=status,
            source=source,
            id=event_id,
            request_id=request_id,
            reference=reference,
            acknowledgement=acknowledgement,
            problem=problem,
            at=self._clock.now(),
        )

    async def register_request(
        self,
        publisher: str,
        event: SubmissionEvent,
        said: RequestSubmission,
        *,
        actor: str | None = None,
        by_receipt: bool = True,
    ) -> Receipt:
        """Put a request in the register; `actor` is the publisher, where nobody else is named.

        `by_receipt`: the receipt reaches the citizen, where the channel is one that shows it.

        Raises:
            OtherContentError: something else was submitted with this source and id.
            RetryableError: something is away; try again.
        """
        request_id = request_id_for(event.source, event.id)
        content = submitted.personal(said)
        year = event.time.astimezone(self._timezone).year
        entry = await self._register.register(
            request_id, year, with_key=bool(content), requester=content.get("requester")
        )
        assert entry.reference is not None
        if place := content.get("place"):
            await self._duplicates.add_place(request_id, place)
        facts = submitted.registration(
            event,
            said,
            self._town,
            publisher=publisher,
            reference=entry.reference,
            terms=self._pick_terms(said.text),
            digest=submitted.digest_of(event, entry.digest),
            sealed=entry.key.seal(content) if entry.key and content else None,
            now=self._clock.now(),
            by_receipt=by_receipt,
        )
        decided = await self._decide(
            request_id,
            Register(facts),
            cause_id=submitted.cause_of(event),
            actor=actor or _actor(publisher),
            expect_new=True,
        )
        registration = decided.story.commits[0].events
        received = registration[0].data
        assert isinstance(received, RequestReceived)
        if decided.known:
            _must_repeat(publisher, event, received, entry)
        return self._receipt(
            "known" if decided.known else "accepted",
            event.source,
            event.id,
            request_id=request_id,
            reference=entry.reference,
            acknowledgement=letter.at_once(self._town, (each.data for each in registration)),
        )

    async def _record_interaction(self, publisher: str, event: SubmissionEvent, said: InteractionSubmission) -> Receipt:
        about = await self._pointed(said.about) if said.about else None
        story_id = about or derive_id("interaction", event.source, event.id)
        content = submitted.personal(said)
        entry: Entry | None = None
        if content:  # A contact that opened no request has a key of its own, and uses up no reference.
            entry = await (self._keyed(story_id) if about else self._register.register(story_id, None, with_key=True))
        fact = submitted.interaction(
            event,
            said,
            publisher=publisher,
            about=about,
            digest=submitted.digest_of(event, entry.digest if entry else None),
            sealed=entry.key.seal(content) if entry and entry.key else None,
        )

        def decide(story: Story) -> tuple[Fact, ...]:
            if about is not None and not story.commits:
                raise UnknownRequestError(
                    "the request that this follows up is not there",
                    fr="la demande à laquelle ceci fait suite n’existe pas",
                )
            return (fact,)

        decided = await self._decisions.decide(
            story_id, decide, cause_id=submitted.cause_of(event), actor=_actor(publisher), expect_new=about is None
        )
        recorded = decided.events[0].data
        if not isinstance(recorded, InteractionRecorded):
            raise _other_content(event)
        if decided.known:
            if entry is None and recorded.sealed is not None:
                entry = await self._register.entry(story_id)
            _must_repeat(publisher, event, recorded, entry)
        return self._receipt("known" if decided.known else "accepted", event.source, event.id, request_id=story_id)

    async def _state_about(self, publisher: str, event: SubmissionEvent) -> Receipt:
        """What publishers say about a request that is there."""
        said = event.data
        assert isinstance(said, submitted.About)
        request_id = await self._pointed(said.about)
        content = submitted.personal(said)
        sealed = await self.seal(request_id, content) if content else None
        cause = submitted.cause_of(event)
        status: ReceiptStatus = "known"
        statements = submitted.statements(said, event.time, sealed)
        for index, statement in enumerate(statements):
            decided = await self._decide(
                request_id, statement, cause_id=f"{cause}\n{index}", actor=_actor(publisher), first_cause=cause
            )
            if not decided.known:
                status = "accepted"
            elif decided.events and not await self._says_the_same(request_id, decided.events, statement):
                raise _other_content(event)
        return self._receipt(status, event.source, event.id, request_id=request_id)

    async def _pointed(self, pointer: RequestPointer) -> RequestId:
        if pointer.reference is not None:
            try:
                return await self._register.find(pointer.reference)
            except NotFoundError as error:
                raise UnknownRequestError(str(error), fr=error.fr) from error
        assert pointer.source is not None
        assert pointer.id is not None
        return request_id_for(pointer.source, pointer.id)

    # -- commands ---------------------------------------------------------------------------------------------------

    async def command(
        self,
        request_id: RequestId,
        statement: Statement,
        *,
        cause_id: str,
        actor: str,
        timed: bool,
        seen: int | None = None,
    ) -> Decided:
        """Do what an agent commands; `timed`: the agent said when it happened.

        `seen` is the position up to which the agent knows what happened; None: it is to be done whatever happened.

        Raises:
            MovedError: something happened since that the agent has to know.
            OtherContentError: something else was commanded with this cause.
            RefusedError: a rule forbids it; nothing was recorded.
            RetryableError: something is away; try again.
        """
        if isinstance(statement, Record) and isinstance(statement.event, RequestMerged):
            statement = await self._duplicates.merging(request_id, statement)
        decided = await self._decide(request_id, statement, cause_id=cause_id, actor=actor, seen=seen)
        if (
            decided.known
            and decided.events
            and not await self._says_the_same(request_id, decided.events, statement, timed=timed)
        ):
            raise OtherContentError("this Idempotency-Key was used for another command: use a new one for each")
        return decided

    async def seal(self, request_id: RequestId, content: Mapping[str, Any]) -> Sealed | None:
        """Seal content under the request's key; None where its data was erased and nothing may be kept.

        Raises:
            UnknownRequestError: there is no such request.
            RetryableError: the database is away; try again.
        """
        entry = await self._keyed(request_id)
        if entry.key is None:
            return None
        if requester := content.get("requester"):  # Given later (POL-06).
            await self._register.add_person(request_id, requester)
        return entry.key.seal(content)

    async def _keyed(self, request_id: RequestId) -> Entry:
        try:
            return await self._register.entry(request_id, with_key=True)
        except NotFoundError as error:
            raise UnknownRequestError(str(error), fr=error.fr) from error

    async def _says_the_same(
        self, request_id: RequestId, recorded: Sequence[Recorded], statement: Statement, *, timed: bool = True
    ) -> bool:
        """Whether a statement repeats what was recorded under its cause; what was erased cannot be compared."""
        event, at = stated(statement)
        for each in recorded:
            if not submitted.states(each.data, event) or (timed and each.occurred_at != at):
                continue
            before, now = getattr(each.data, "sealed", None), getattr(event, "sealed", None)
            if before is None and now is None:
                return True
            key = (await self._register.entry(request_id)).key
            if key is None:
                return True
            return before is not None and now is not None and key.open(before) == key.open(now)
        return False

    async def _decide(
        self,
        request_id: RequestId,
        command: Command,
        *,
        cause_id: str,
        actor: str,
        expect_new: bool = False,
        first_cause: str | None = None,
        seen: int | None = None,
    ) -> Decided:
        if isinstance(command, Refuse):  # POL-08, POL-09: who judges is the desk's to say, not the caller's.
            command = replace(command, by=actor)

        def decide(story: Story) -> tuple[Fact, ...]:
            if first_cause is not None and story.caused_by(first_cause):
                raise OtherContentError(
                    "this source and id are those of the request itself: give it a new id",
                    fr="cette source et cet id sont ceux de la demande elle-même : donnez-lui un nouvel id",
                )
            if seen is not None:
                must_not_have_moved(story.commits, seen, actor)
            return self._request.decide(command, self._request.fold(story.events))

        return await self._decisions.decide(request_id, decide, cause_id=cause_id, actor=actor, expect_new=expect_new)


def _actor(publisher: str) -> str:
    return f"publisher:{publisher}"


def _must_repeat(
    publisher: str, event: SubmissionEvent, before: RequestReceived | InteractionRecorded, entry: Entry | None
) -> None:
    """A submission that is known is the same again.

    Raises:
        OtherContentError: it is not.
    """
    keyed, erased = (entry.digest, entry.erased) if entry is not None else (None, False)
    same = submitted.repeats(event, before.content_digest, keyed, erased=erased)
    if not same or before.publisher != publisher:
        raise _other_content(event)


def _other_content(event: SubmissionEvent) -> OtherContentError:
    return OtherContentError(
        f"source {event.source!r} and id {event.id!r} were submitted before with other content: "
        "give a new submission an id of its own",
        fr=f"la source {event.source!r} et l’id {event.id!r} ont déjà été envoyés avec un autre contenu : "
        "donnez un autre id à un nouvel envoi",
    )
