"""What agents command about letters: an answer by e-mail, and what is to become of one that did not arrive. POL-27."""

from __future__ import annotations

from dataclasses import dataclass

from clic_chassis.clock import Clock
from clic_chassis.decision import Decided, Decisions
from clic_chassis.log import EventLog, Whole
from clic_chassis.mail import AddressError, recipient
from clic_contracts.envelope import derive_id
from clic_contracts.event import LetterWritten
from clic_contracts.vocabulary import (
    AccessOutcome,
    BodyCode,
    Channel,
    DepartmentCode,
    Language,
    LetterKind,
    RequestId,
    Service,
)
from clic_intake.core.access_rule import third_party_of
from clic_intake.core.extension import complaint_limit
from clic_intake.core.posting import (
    Posted,
    Requests,
    letter_of,
    settle_doubt,
    write_again,
    write_answer,
    write_extension,
    write_third_party,
)
from clic_intake.core.rule import UnknownRequestError
from clic_intake.core.state import state_of
from clic_intake.desk import OtherContentError
from clic_intake.seal import RequestKey

from .composer import Composer
from .sender import answer_within
from .story import Addressee, Opener, whole_story


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers."""

    text: str
    answered_by: DepartmentCode | None = None
    access_outcome: AccessOutcome | None = None
    provisions: tuple[str, ...] = ()
    body: BodyCode | None = None
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Extension:
    """By how many days a delay is extended, and why. Source: POL-23, A-2.1 art. 47."""

    days: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class ThirdPartyNotice:
    """Which third party is notified, in which language, and of which document. Source: A-2.1 art. 25, 49."""

    third_party_id: RequestId
    text: str = ""
    language: Language = Language.FR


class LetterCommands:
    """Does what agents command about letters."""

    def __init__(
        self,
        *,
        event_log: EventLog,
        decisions: Decisions,
        composer: Composer,
        opener: Opener,
        requests: Requests,
        clock: Clock,
    ) -> None:
        self._log = event_log
        self._decisions = decisions
        self._composer = composer
        self._opener = opener
        self._requests = requests
        self._clock = clock

    async def answer(self, request_id: RequestId, answer: Answer, *, cause_id: str, actor: str) -> Decided:
        """Have an answer go out by e-mail; the citizen is answered once it has gone out, and not before (POL-27).

        Raises:
            UnknownRequestError: there is no such request.
            AddressError: no e-mail address is known, or none that mail can be sent to.
            LetterUnderWayError: another answer is on its way.
            AccessDecisionError, NotNowError: it may not be answered like this, or not now.
            OtherContentError: something else was commanded with this cause.
            RetryableError: a server is away; try again.
        """
        letter_id = derive_id("letter", request_id, LetterKind.ANSWER, cause_id)
        whole = await whole_story(self._log, request_id)
        to = await self._addressee(request_id, whole, "answer by e-mail (POL-27)")
        draft = LetterWritten(
            letter_id=letter_id,
            letter=LetterKind.ANSWER,
            channel=Channel.EMAIL,
            language=Language.FR,
            answered_by=answer.answered_by,
            access_outcome=answer.access_outcome,
            provisions=answer.provisions,
            body=answer.body,
            closes=answer.closes,
        )
        letter = await self._composer.answer(draft, request_id, whole, to, answer.text)
        decided = await self._decisions.decide(
            request_id,
            lambda story: write_answer(self._requests, story.events, letter, self._clock.now()),
            cause_id=cause_id,
            actor=actor,
        )
        _must_repeat(decided, letter, to.key, answer.text)
        return decided

    async def extend(self, request_id: RequestId, extension: Extension, *, cause_id: str, actor: str) -> Decided:
        """Have a notice of extension go out by e-mail; the delay is extended once it has gone out in time (POL-23).

        Raises:
            UnknownRequestError: there is no such request.
            AddressError: no e-mail address is known, or none that mail can be sent to.
            LetterUnderWayError: another notice is on its way.
            ExtensionError, NotNowError: it may not be extended, or not now.
            OtherContentError: something else was commanded with this cause.
            RetryableError: a server is away; try again.
        """
        whole = await whole_story(self._log, request_id)
        to = await self._addressee(request_id, whole, "notice of extension (POL-23)")
        draft = LetterWritten(
            letter_id=derive_id("letter", request_id, LetterKind.EXTENSION, cause_id),
            letter=LetterKind.EXTENSION,
            channel=Channel.EMAIL,
            language=Language.FR,
            days=extension.days,
        )
        letter = await self._composer.extension(draft, request_id, whole, to, extension.text)
        limit_at = complaint_limit(whole.events)
        decided = await self._decisions.decide(
            request_id,
            lambda story: write_extension(self._requests, story.events, letter, self._clock.now(), limit_at=limit_at),
            cause_id=cause_id,
            actor=actor,
        )
        _must_repeat(decided, letter, to.key, extension.text)
        return decided

    async def notify(self, request_id: RequestId, notice: ThirdPartyNotice, *, cause_id: str, actor: str) -> Decided:
        """Have a notice to a third party go out by e-mail; they are notified once it has gone out (A-2.1 art. 25, 49).

        Raises:
            UnknownRequestError: there is no such request.
            AddressError: no e-mail address of theirs is known, or none that mail can be sent to.
            LetterUnderWayError: a notice to them is on its way.
            ThirdPartyError, NotAccessError, NotNowError: they cannot be notified, or not now.
            OtherContentError: something else was commanded with this cause.
            RetryableError: a server is away; try again.
        """
        whole = await whole_story(self._log, request_id)
        to = await self._third_party(request_id, whole, notice.third_party_id)
        draft = LetterWritten(
            letter_id=derive_id("letter", request_id, LetterKind.THIRD_PARTY, cause_id),
            letter=LetterKind.THIRD_PARTY,
            channel=Channel.EMAIL,
            language=notice.language,
            third_party_id=notice.third_party_id,
        )
        letter = self._composer.third_party(draft, whole, to, notice.text, self._clock.now())
        decided = await self._decisions.decide(
            request_id,
            lambda story: write_third_party(self._requests, story.events, letter, self._clock.now()),
            cause_id=cause_id,
            actor=actor,
        )
        _must_repeat(decided, letter, to.key, notice.text)
        return decided

    async def again(self, request_id: RequestId, letter_id: RequestId, *, cause_id: str, actor: str) -> Decided:
        """Have a letter sent again that did not arrive, or may not have; one that did not goes to today's address.

        Raises:
            UnknownLetterError: the request has no such letter.
            LetterSettledError: it is on its way, or went out.
            AddressError: no e-mail address is known, or none that mail can be sent to.
            RetryableError: a server is away; try again.
        """
        whole = await whole_story(self._log, request_id)
        letter = letter_of(whole.events, letter_id)
        third_party_id = letter.written.third_party_id
        if third_party_id is not None:
            to = await self._third_party(request_id, whole, third_party_id)
        else:
            to = await self._addressee(request_id, whole, "letter sent again (POL-18)")
        sealed = letter.written.sealed
        content = to.key.open(sealed) if sealed is not None else {}
        other = letter.written.model_copy(
            update={
                "letter_id": derive_id("letter", letter_id, "again", letter.event_id),
                "sealed": to.key.seal({**content, "to": to.email}),
            }
        )
        return await self._decisions.decide(
            request_id,
            lambda story: write_again(story.events, letter_id, other, self._clock.now()),
            cause_id=cause_id,
            actor=actor,
        )

    async def went_out(self, request_id: RequestId, letter_id: RequestId, *, cause_id: str, actor: str) -> Decided:
        """A person found out that a letter in doubt went out: what it told the citizen is recorded.

        Raises:
            UnknownLetterError: the request has no such letter.
            LetterSettledError: nobody doubts it.
            RetryableError: a server is away; try again.
        """
        story = await self._log.load(Service.INTAKE, request_id)
        letter = letter_of(story.events, letter_id).written
        answer = await answer_within(self._opener, request_id, letter, "answer that went out (POL-27)", who=actor)
        return await self._decisions.decide(
            request_id,
            lambda story: settle_doubt(self._requests, story.events, letter_id, self._clock.now(), answer=answer),
            cause_id=cause_id,
            actor=actor,
        )

    async def _addressee(self, request_id: RequestId, whole: Whole, reason: str) -> Addressee:
        if whole.received is None:
            raise UnknownRequestError("no such request: send its submission first, or correct the id")
        to = await self._opener.addressee(request_id, whole, reason)
        if to is None:
            raise AddressError("no e-mail address is known: tell the citizen otherwise, and record that they were told")
        recipient(to.email)
        return to

    async def _third_party(self, request_id: RequestId, whole: Whole, third_party_id: RequestId) -> Addressee:
        if whole.received is None:
            raise UnknownRequestError("no such request: send its submission first, or correct the id")
        third_party_of(state_of(whole.events), third_party_id)
        reason = "notice to a third party (A-2.1 art. 25, 49)"
        to = await self._opener.third_party(request_id, whole, third_party_id, reason)
        if to is None:
            raise AddressError("no e-mail address of the third party is known: notify them otherwise, and record it")
        recipient(to.email)
        return to


def _must_repeat(decided: Decided, letter: LetterWritten, key: RequestKey, text: str) -> None:
    """What was commanded with this cause before is the same again.

    Raises:
        OtherContentError: it is not.
    """
    if decided.known and not _repeats(letter_of(decided.story.events, letter.letter_id), letter, key, text):
        raise OtherContentError("this Idempotency-Key was used for another letter: use a new one for each")


def _repeats(before: Posted, letter: LetterWritten, key: RequestKey, text: str) -> bool:
    """Whether an answer says what was said with its cause before."""
    same = before.written.model_dump(exclude={"sealed"}) == letter.model_dump(exclude={"sealed"})
    return same and before.written.sealed is not None and key.open(before.written.sealed).get("answer", "") == text
