"""One contact that is several requests: decided whole in its own story, then registered from there.

What each new request is to hold is sealed into the decision itself. Whoever is killed after it has lost nothing: the
process that hears of the decision registers what is not there yet, under ids that follow from the decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from clic_chassis.clock import Clock
from clic_chassis.decision import Decided
from clic_chassis.error import RefusedError
from clic_chassis.log import EventLog
from clic_contracts.envelope import Commit, Recorded, request_id_for
from clic_contracts.event import RequestNoted, RequestReceived, RequestSplit
from clic_contracts.submission import Place, Requester, RequestSubmission, SubmissionEvent
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, Origin, RequesterPresence, RequestId, Service, SubjectCode
from clic_intake.core import requester
from clic_intake.core.fit import fits_town
from clic_intake.core.request import Split
from clic_intake.desk import Desk
from clic_intake.register import Register
from clic_intake.seal import RequestKey

log = structlog.get_logger()

PARTS_MAX: Final = 5
"""Requests that one contact is split into beside its own; five full texts, sealed, stay below the log's 1 MB."""
OPENER: Final = "service:intake"
"""Who opens seals to register what a split decided, as the record of openings has it."""
_SOURCE: Final = "/clic/split/"
_WORDS: Final = "Demande scindée ; le contenu de chaque nouvelle demande suit."


class SplitError(RefusedError):
    """One contact cannot be split like this."""

    code = "split"


@dataclass(frozen=True, slots=True)
class Part:
    """What an agent says that one of the new requests is about."""

    kind: Kind
    text: str
    subject: SubjectCode | None = None
    place: Place | None = None


class Splits:
    """Splits requests, and registers what was split off."""

    def __init__(self, desk: Desk, register: Register, log: EventLog, town: Town, clock: Clock) -> None:
        self._desk = desk
        self._register = register
        self._log = log
        self._town = town
        self._clock = clock

    async def split(
        self, request_id: RequestId, parts: Sequence[Part], *, cause_id: str, agent: str, at: dt.datetime, timed: bool
    ) -> Decided:
        """Split a request: the new ones are of the same citizen, by the same channel, received when it was.

        That the agent opened the citizen's data for it is recorded first (POL-30).

        Raises:
            SplitError: a part does not fit the town, or the citizen's data was erased.
            RefusedError: a rule forbids it; nothing was recorded.
            RetryableError: something is away; try again: with the same cause it goes on where it was.
        """
        story = (await self._log.load(Service.INTAKE, request_id)).events
        await self._register.record_opening(self._clock.now(), agent, request_id, "split")
        key = (await self._register.entry(request_id, with_key=True)).key
        if key is None:
            raise SplitError("the citizen's data was erased: nothing can be registered in their name any more")
        submissions = [self._submission(each, story, key) for each in parts]
        held = [each.model_dump(mode="json", exclude_defaults=True) for each in submissions]
        ids = [_id_of(key, cause_id, index, each) for index, each in enumerate(held)]
        into = tuple(request_id_for(f"{_SOURCE}{request_id}", each) for each in ids)
        decided = await self._desk.command(
            request_id,
            Split(into, key.seal({"text": _WORDS, "parts": held, "ids": ids}), at),
            cause_id=cause_id,
            actor=f"agent:{agent}",
            timed=timed,
        )
        await self._register_all(decided.events, {"parts": held, "ids": ids}, story[0])
        return decided

    async def handle(self, commit: Commit) -> None:
        """Register what a commit split off and is not there yet.

        Raises:
            RetryableError: something is away; try again.
        """
        if not any(isinstance(each.data, RequestSplit) for each in commit.events):
            return
        noted = next((each.data.sealed for each in commit.events if isinstance(each.data, RequestNoted)), None)
        if noted is None or await self._are_there(commit.events):
            return
        request_id = commit.request_id
        await self._register.record_opening(self._clock.now(), OPENER, request_id, "registering what was split off")
        key = (await self._register.entry(request_id)).key
        if key is None:
            log.warning("split_after_erasure", request_id=request_id)
            return
        first = (await self._log.load(Service.INTAKE, request_id)).events[0]
        await self._register_all(commit.events, key.open(noted), first)

    async def _are_there(self, events: Iterable[Recorded]) -> bool:
        into = [each for event in events if isinstance(event.data, RequestSplit) for each in event.data.into]
        return all([(await self._log.load(Service.INTAKE, each, fresh=True)).commits for each in into])

    async def _register_all(self, events: Sequence[Recorded], held: Mapping[str, Any], first: Recorded) -> None:
        """Register each part; those that are there already are known again by their content."""
        received = first.data
        assert isinstance(received, RequestReceived)
        split = next((each for each in events if isinstance(each.data, RequestSplit)), None)
        if split is None:
            return
        for event_id, part in zip(held["ids"], held["parts"], strict=True):
            said = RequestSubmission.model_validate(part)
            event = SubmissionEvent(
                specversion="1.0",
                id=event_id,
                source=f"{_SOURCE}{split.request_id}",
                type=RequestSubmission.TYPE,
                time=first.occurred_at,
                data=said,
            )
            # No receipt reaches the citizen: a letter tells them.
            await self._desk.register_request(received.publisher, event, said, actor=split.actor, by_receipt=False)

    def _submission(self, part: Part, story: Sequence[Recorded], key: RequestKey) -> RequestSubmission:
        first = story[0]
        received = first.data
        assert isinstance(received, RequestReceived)
        who = requester.current(story, key.open)
        said = RequestSubmission(
            kind=part.kind,
            channel=received.channel,
            language=received.language,
            language_ground=received.language_ground,
            subject=part.subject,
            text=part.text,
            requester=Requester.model_validate(who) if who else None,
            requester_withheld=received.requester is RequesterPresence.WITHHELD,
            place=part.place,
            written=received.written if part.kind is Kind.ACCESS_TO_INFORMATION else None,
            backlog=received.origin is Origin.BACKLOG,
        )
        publisher = self._town.publisher_by_code.get(received.publisher)
        problem = fits_town(said, first.occurred_at, publisher, self._town, self._clock.now())
        if problem is not None:
            raise SplitError(problem.detail)
        return said


def _id_of(key: RequestKey, cause_id: str, index: int, part: Mapping[str, Any]) -> str:
    """Follows from the cause and the content, and tells nothing of either."""
    return key.digest(f"split\n{cause_id}\n{index}\n{sorted(part.items())!r}".encode())
