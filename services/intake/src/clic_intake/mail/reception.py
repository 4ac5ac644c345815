"""What becomes of a mail: a request, a contact about one, a letter that came back, or set aside (POL-10, POL-14).

Every step knows what it did before: a mail that is delivered again, because a crash came between the log and the
answer to whoever delivered it, changes nothing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import structlog
from prometheus_client import Counter

from clic_chassis.clock import Clock
from clic_chassis.error import ClicError, NotFoundError, RefusedError
from clic_chassis.log import EventLog, Story
from clic_contracts.envelope import derive_id, request_id_for
from clic_contracts.event import LetterWritten, RequestCompleted
from clic_contracts.lifecycle import may_happen
from clic_contracts.submission import (
    CompletionSubmission,
    InteractionSubmission,
    ProgressSubmission,
    RequestPointer,
    RequestSubmission,
    Submission,
    encode_submission,
)
from clic_contracts.vocabulary import Channel, Kind, Missing, Phase, RequestId, Service
from clic_intake.core.admission import given_by
from clic_intake.core.mail import Mail, Mark, message, parse
from clic_intake.core.mail_nature import Aside, is_digest, nature
from clic_intake.core.mail_words import TEXT_CHARS_MAX, note, requester, text_of
from clic_intake.core.state import Request, state_of
from clic_intake.core.thread import Ours, Thread, thread
from clic_intake.desk import Desk, OtherContentError
from clic_intake.letter.bounce import Bounce, bounce_of
from clic_intake.personal.attachments import Attachments
from clic_intake.register import Register

from .contact import Contacts
from .html import html_text
from .kept import THIRD_PARTY, KeptMails

log = structlog.get_logger()

PUBLISHER = "courriel"
"""Under which code the town's publishers.yaml has to know this way in."""
SOURCE = "urn:clic:mail"
ACTOR = f"publisher:{PUBLISHER}"
AT_ONCE_MAX = 2
"""Mails read at once by one instance: each may take some hundred MB while it is."""
DELAY_DAYS_MAX = 5
"""How long a mail may have been on its way from the server before ours: what is said to be older is taken as new."""

MAILS = Counter("clic_mails", "Mails taken, by way in and by what became of them.", ["way", "outcome"])


class NotTakenError(ClicError):
    """The desk refuses a mail that it was to take: the configuration or the code is wrong, not the mail."""


class Outcome(StrEnum):
    """What became of a mail."""

    REQUEST = "request"
    CONTACT = "contact"
    THIRD_PARTY = "third_party"  # What a third party answered to our notice.
    RETURNED = "returned"  # One of our letters came back.
    ASIDE = "aside"
    DIGEST = "digest"  # One of ours, to a department whose address is the desk's: nothing is kept of it.


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail, and which request it is or is about."""

    outcome: Outcome
    request_id: RequestId | None = None


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A mail on its way to the desk."""

    mail: Mail
    submission_id: str
    at: dt.datetime
    raw: bytes

    @property
    def mail_id(self) -> str:
        """Under which its original is kept, where it is."""
        return derive_id("mail", self.submission_id)


@dataclass(frozen=True, slots=True)
class _Target:
    """The request that a mail is about."""

    request_id: RequestId
    state: Request
    is_requester: bool
    """Whether its sender is known for that request."""
    of_third_party: bool = False
    """Whether it answers a notice to a third party, whoever sends it."""


class Reception:
    """Takes mails, from whichever way in."""

    def __init__(
        self,
        desk: Desk,
        register: Register,
        attachments: Attachments,
        contacts: Contacts,
        kept: KeptMails,
        *,
        bounced: Callable[[str, RequestId, str | None], Awaitable[object]],
        log: EventLog,
        clock: Clock,
        ours: Ours,
        identity_digest: Callable[[str], bytes],
    ) -> None:
        self._desk = desk
        self._register = register
        self._attachments = attachments
        self._contacts = contacts
        self._kept = kept
        self._bounced = bounced
        self._log = log
        self._clock = clock
        self._ours = ours
        self._identity_digest = identity_digest
        self._reading = asyncio.Semaphore(AT_ONCE_MAX)

    async def take(
        self,
        raw: bytes,
        *,
        way: str,
        returns_to: str | None = None,
        arrived_at: dt.datetime | None = None,
        by_person: bool = False,
    ) -> Taken:
        """Take a mail; once this returns, the log or the kept mails have it.

        `returns_to` is its envelope's sender, where there is one; `arrived_at` when the town had it, where that is
        known better than by the mail's own traces; `by_person` says that an agent looked: it is no automatic one.

        Raises:
            NotTakenError: the desk refuses what it was to take; whoever delivers it must keep it.
            RetryableError: something is away; deliver it again.
        """
        async with self._reading:
            mail = await asyncio.to_thread(parse, raw, html_text)
            arrived = _Arrived(mail, self._identity_digest(mail.identity).hex(), arrived_at or self._arrival(mail), raw)
            aside = None if by_person else nature(mail, self._ours, returns_to=returns_to)
            taken = await self._take(arrived, aside)
        MAILS.labels(way, taken.outcome.value).inc()
        log.info("mail_taken", way=way, outcome=taken.outcome, aside=aside, request_id=taken.request_id)
        return taken

    async def _take(self, arrived: _Arrived, aside: Aside | None) -> Taken:
        if aside is None:
            return await self._take_written(arrived)
        if is_digest(arrived.mail, self._ours):
            return Taken(Outcome.DIGEST)
        return await self._take_automatic(arrived, aside)

    def _arrival(self, mail: Mail) -> dt.datetime:
        """When the town had it (LCCJTI art. 31): as the server before us says, as far as that can be."""
        now = self._clock.now()
        at = mail.arrived_at
        return at if at is not None and now - dt.timedelta(days=DELAY_DAYS_MAX) <= at <= now else now

    # -- what programs wrote ----------------------------------------------------------------------------------------

    async def _take_automatic(self, arrived: _Arrived, aside: Aside) -> Taken:
        bounce = await asyncio.to_thread(_bounce, arrived.raw) if aside is Aside.BOUNCE else None
        if bounce is not None:
            try:
                await self._bounced(bounce.letter_id, bounce.request_id, bounce.status)
            except NotFoundError:
                pass  # Of a letter that we never wrote: forged, or another system's. It is set aside.
            else:
                return Taken(Outcome.RETURNED, bounce.request_id)
        await self._kept.set_aside(arrived.mail_id, arrived.raw, reason=aside, arrived_at=arrived.at)
        return Taken(Outcome.ASIDE)

    # -- what people wrote ------------------------------------------------------------------------------------------

    async def _take_written(self, arrived: _Arrived) -> Taken:
        """Request or contact first, then what hangs on it: each step again when the mail is delivered again."""
        pointed = thread(arrived.mail, self._ours)
        target = None if await self._is_known(arrived) else await self._target(arrived.mail, pointed)
        if target is not None and target.of_third_party:
            return await self._keep_third_partys(arrived, target.request_id)
        text, is_whole = text_of(arrived.mail)
        if target is None:
            about, request_id = await self._open_request(arrived, text)
        else:
            about, request_id = await self._record_contact(arrived, target, text)
        not_attached = await self._attach(arrived, request_id)
        marks = arrived.mail.marks if is_whole else arrived.mail.marks | {Mark.TEXT_CUT}
        remark = note(
            marks,
            not_attached,
            foreign_references=() if target else pointed.references,
            from_stranger=target is not None and not target.is_requester,
        )
        if remark:
            await self._submit(ProgressSubmission(about=about, text=remark), arrived, "-note")
        if marks or not_attached:
            await self._kept.keep_original(arrived.mail_id, request_id, arrived.raw, arrived_at=arrived.at)
        return Taken(Outcome.REQUEST if target is None else Outcome.CONTACT, request_id)

    async def _keep_third_partys(self, arrived: _Arrived, request_id: RequestId) -> Taken:
        """A third party's answer is none of the requester's words: no fact holds it (A-2.1 art. 53).

        Whoever answers for the request reads it, and records what it says.
        """
        await self._kept.keep_original(
            arrived.mail_id, request_id, arrived.raw, arrived_at=arrived.at, reason=THIRD_PARTY
        )
        return Taken(Outcome.THIRD_PARTY, request_id)

    async def _is_known(self, arrived: _Arrived) -> bool:
        """Whether this mail opened a request already: then it is that one, whatever it points to by now."""
        return bool((await self._load(request_id_for(SOURCE, arrived.submission_id))).commits)

    async def _target(self, mail: Mail, pointed: Thread) -> _Target | None:
        """The request that a mail is about; None: it opens one of its own.

        What was erased takes nothing any more, and a reference counts only from whoever is known for it.
        """
        for letter in pointed.letters:
            events = (await self._load(letter.request_id)).events
            written = {e.data.letter_id: e.data for e in events if isinstance(e.data, LetterWritten)}
            answered, state = written.get(letter.letter_id), state_of(events)
            if answered is not None and not state.erased:
                is_requester = await self._contacts.knows(letter.request_id, mail.address)
                of_third_party = answered.third_party_id is not None
                return _Target(letter.request_id, state, is_requester, of_third_party)
        for reference in pointed.references:
            try:
                request_id = await self._register.find(reference)
            except NotFoundError:
                continue  # The same as one that is there and not the sender's: nobody learns which it is.
            if await self._contacts.knows(request_id, mail.address):
                state = state_of((await self._load(request_id)).events)
                if state.phase is not Phase.NEW and not state.erased:
                    return _Target(request_id, state, is_requester=True)
        return None

    async def _load(self, request_id: RequestId) -> Story:
        return await self._log.load(Service.INTAKE, request_id)

    async def _open_request(self, arrived: _Arrived, text: str) -> tuple[RequestPointer, RequestId]:
        """A new request. Its kind is the plainest and its subject none: what it is about, an agent says (POL-36)."""
        submission = RequestSubmission(
            kind=Kind.REQUEST, channel=Channel.EMAIL, text=text, requester=requester(arrived.mail)
        )
        await self._submit(submission, arrived)
        pointer = RequestPointer(source=SOURCE, id=arrived.submission_id)
        return pointer, request_id_for(SOURCE, arrived.submission_id)

    async def _record_contact(self, arrived: _Arrived, target: _Target, text: str) -> tuple[RequestPointer, RequestId]:
        """Another contact about a request (POL-31), which may give what it lacks (POL-06, POL-21)."""
        about = RequestPointer(reference=target.state.reference)
        await self._submit(InteractionSubmission(channel=Channel.EMAIL, text=text, about=about), arrived)
        if (given := _completion(arrived.mail, target, about)) is not None:
            await self._submit(given, arrived, "-completion", may_be_late=True)
        return about, target.request_id

    async def _attach(self, arrived: _Arrived, request_id: RequestId) -> list[str]:
        """Put the attachments into the request; gives the names of those that it does not take."""
        refused: list[str] = []
        for number, file in enumerate(arrived.mail.files):
            cause_id = f"{SOURCE}\n{arrived.submission_id}\nfile {number}"
            try:
                await self._attachments.add(
                    request_id, file.name, file.content, actor=ACTOR, cause_id=cause_id, at=arrived.at
                )
            except RefusedError:
                refused.append(file.name)
        return refused

    async def _submit(
        self, submission: Submission, arrived: _Arrived, suffix: str = "", *, may_be_late: bool = False
    ) -> None:
        """Hand something to the desk under the mail's id; `may_be_late`: the request may have gone on meanwhile.

        Raises:
            NotTakenError: the desk refuses it.
            RetryableError: something is away; try again.
        """
        event_id = arrived.submission_id + suffix
        body = encode_submission(submission, source=SOURCE, event_id=event_id, occurred_at=arrived.at)
        problem = (await self._desk.submit(PUBLISHER, body)).problem
        # The id is that of the content: what differs is when it arrived, since it was delivered twice.
        if problem is None or problem.type == _SAID_BEFORE or (may_be_late and problem.status == HTTPStatus.CONFLICT):
            return
        raise NotTakenError(f"the desk refuses a mail as {submission.TYPE}: {problem.type}: {problem.detail}")


_SAID_BEFORE = f"urn:clic:problem:{OtherContentError.code.replace('_', '-')}"


def _completion(mail: Mail, target: _Target, about: RequestPointer) -> CompletionSubmission | None:
    """What a mail gives of what its request lacks; None: nothing, or its sender is a stranger to it."""
    missing = target.state.missing
    if not target.is_requester or not may_happen(target.state.phase, RequestCompleted):
        return None
    who = requester(mail) if {Missing.NAME, Missing.CONTACT} & set(missing) else None
    text = mail.words.said[:TEXT_CHARS_MAX] if Missing.PRECISION in missing else ""
    if not set(given_by(who, text)) & set(missing):
        return None
    return CompletionSubmission(about=about, requester=who, text=text)


def _bounce(raw: bytes) -> Bounce | None:
    """The letter of ours that a notification says did not arrive."""
    try:
        return bounce_of(message(raw))
    except Exception as error:  # noqa: BLE001 - a notification that cannot be read is set aside as it came
        log.warning("mail_report_unreadable", error=type(error).__name__)
        return None
