"""Writes the letters that are owed: reads the log, decides `letter.written.v1`, and keeps the queue as the log says."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import structlog

from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.delivery import Delivery
from clic_chassis.error import RetryableError, UnreadableError
from clic_chassis.log import EventLog, Story, Whole
from clic_chassis.pause import pause
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import (
    RequestAnswered,
    RequestMerged,
    RequestReceived,
)
from clic_contracts.vocabulary import Origin, RequestId, Service
from clic_intake.core.owed import READS, STALE_AFTER, Owed, owed
from clic_intake.core.posting import write
from clic_intake.seal import SealError

from .composer import Composer
from .queue import NOTED, LetterQueue
from .story import Addressee, Opener, whole_story

log = structlog.get_logger()

DURABLE = "letters"
ACTOR = "rule:letters"
WAKE_EVERY_S = 1.0
WAKES_AT_ONCE = 50
"""Requests looked at again before the next ones are."""
WAKES_SIDE_BY_SIDE_MAX = 8
BACKLOG_REMEMBERED_MAX = 20_000
"""Requests of an older system of which a writer remembers that no letter is owed; of others it reads so again."""


def nothing_to_write(delivery: Delivery) -> bool:
    """Whether a commit neither owes a letter nor says what became of one, and need not be decoded."""
    return not delivery.may_hold((*READS, *NOTED))


class Writer:
    """Handles commits of every service, in any order and any number of times: a letter's id follows from its cause."""

    def __init__(
        self,
        *,
        event_log: EventLog,
        decisions: Decisions,
        queue: LetterQueue,
        composer: Composer,
        opener: Opener,
        clock: Clock,
    ) -> None:
        self._log = event_log
        self._decisions = decisions
        self._queue = queue
        self._composer = composer
        self._opener = opener
        self._clock = clock
        self._backlog: OrderedDict[RequestId, None] = OrderedDict()

    def skips(self, delivery: Delivery) -> bool:
        """Whether a commit owes no letter and need not be decoded: by its types, or as one of an older system's."""
        return nothing_to_write(delivery) or delivery.subject.rpartition(".")[2] in self._backlog

    async def handle(self, commit: Commit) -> None:
        """Take note of letters, and write those that are owed since.

        Raises:
            RetryableError: a server is away, or a replica lags.
        """
        if any(_is_backlog(each) for each in commit.events):
            self._is_of_backlog(commit.request_id)
            return
        if self._owes_nothing(commit) or await self._only_waits(commit):
            return
        whole = await whole_story(self._log, commit.request_id, including=commit)
        received = whole.received
        if received is None:
            return
        if received.origin is Origin.BACKLOG:
            self._is_of_backlog(commit.request_id)
            return
        await self._queue.fold([commit], received)
        for each in commit.events:
            match each.data:
                case RequestMerged(into=into):
                    await self._tell_of_merge(commit, whole, each, into)
                case RequestAnswered():
                    for joined in await self._queue.joined(commit.request_id):
                        await self._tell_joined(joined, whole, [each])
                case _:
                    pass
        if any(isinstance(each.data, READS) for each in commit.events):
            await self.write(commit.request_id, whole)

    def _is_of_backlog(self, request_id: RequestId) -> None:
        self._backlog[request_id] = None
        if len(self._backlog) > BACKLOG_REMEMBERED_MAX:
            self._backlog.popitem(last=False)

    async def _only_waits(self, commit: Commit) -> bool:
        """Whether a reception owes nothing yet but to be looked at again: no story need be loaded to know that.

        What came after it has a commit of its own, and is written on then.
        """
        if commit.service is not Service.INTAKE or not isinstance(commit.events[0].data, RequestReceived):
            return False
        if any(isinstance(each.data, (*NOTED, RequestAnswered)) for each in commit.events):
            return False
        waits = [each.not_before for each in owed(commit.request_id, commit.events, self._clock.now())]
        until = [each for each in waits if each is not None]
        if len(until) < len(waits):
            return False
        for each in until:
            await self._queue.wake(commit.request_id, each)
        return True

    def _owes_nothing(self, commit: Commit) -> bool:
        """Whether all of it happened too long ago to owe a letter: what is imported costs no look at three stories."""
        latest = max(each.occurred_at for each in commit.events)
        noted = any(isinstance(each.data, NOTED) for each in commit.events)
        return not noted and self._clock.now() - latest > STALE_AFTER

    async def _tell_of_merge(self, commit: Commit, whole: Whole, merged: Recorded, into: RequestId) -> None:
        """Who asked first is told, too; and who was joined, where the other was answered meanwhile."""
        other = await whole_story(self._log, into)
        await self.write(into, other, [merged])
        answers = [
            event
            for each in other.commits
            for event in each.events
            if each.sequence > commit.sequence and isinstance(event.data, RequestAnswered)
        ]
        if answers:
            await self.write(commit.request_id, whole, answers, other)

    async def _tell_joined(self, request_id: RequestId, other: Whole, answers: Sequence[Recorded]) -> None:
        await self.write(request_id, await whole_story(self._log, request_id), answers, other)

    async def write(
        self, request_id: RequestId, whole: Whole, others: Sequence[Recorded] = (), other: Whole | None = None
    ) -> None:
        """Write what is owed on a request now, and have it looked at again for what waits.

        `others` are facts of the request `other` that concern this one.

        Raises:
            RetryableError: a server is away.
        """
        now = self._clock.now()
        letters = owed(request_id, whole.events, now, others)
        for each in letters:
            if each.not_before is not None:
                await self._queue.wake(request_id, each.not_before)
        ready = [each for each in letters if each.not_before is None]
        if not ready:
            return
        to = await self._opener.addressee(request_id, whole, f"letter {ready[0].letter.value} (POL-18)")
        if to is None:
            return  # A person tells them: by telephone, at the counter; until then the obligations stay open.
        for each in ready:
            await self._decide(request_id, each, whole, to, others, other)

    async def _decide(
        self,
        request_id: RequestId,
        letter: Owed,
        whole: Whole,
        to: Addressee,
        others: Sequence[Recorded],
        other: Whole | None,
    ) -> None:
        written = await self._composer.owed(request_id, letter, whole, to, other)
        theirs = tuple(each for each in whole.commits if each.service is not Service.INTAKE)

        def decide(story: Story) -> tuple[Fact, ...]:
            now = self._clock.now()
            events = Whole(tuple(sorted((*story.commits, *theirs), key=lambda each: each.sequence))).events
            still = {each.letter_id for each in owed(request_id, events, now, others)}
            return write(story.events, written, now) if letter.letter_id in still else ()

        await self._decisions.decide(request_id, decide, cause_id=f"letter/{letter.letter_id}", actor=ACTOR)


def _is_backlog(recorded: Recorded) -> bool:
    return isinstance(recorded.data, RequestReceived) and recorded.data.origin is Origin.BACKLOG


class Wakes:
    """Looks again at requests whose acknowledgement waited to hear more (`owed.ACKNOWLEDGE_WITHOUT_AFTER`)."""

    name = "letter-wakes"

    def __init__(self, queue: LetterQueue, writer: Writer, event_log: EventLog, clock: Clock) -> None:
        self._queue = queue
        self._writer = writer
        self._log = event_log
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second until told to stop."""
        while not stop.is_set():
            try:
                await self.look()
            except RetryableError as error:
                log.warning("letter_wakes_wait", error=type(error).__name__)
            await pause(stop, WAKE_EVERY_S)

    async def look(self) -> int:
        """Look at the requests that are due; how many there were. What two instances look at is written once.

        Raises:
            RetryableError: a server is away; those that were not looked at stay.
        """
        now = self._clock.now()
        due = await self._queue.due_wakes(now, WAKES_AT_ONCE)
        slots = asyncio.Semaphore(WAKES_SIDE_BY_SIDE_MAX)

        async def look_at(request_id: RequestId) -> None:
            async with slots:
                try:
                    await self._writer.write(request_id, await whole_story(self._log, request_id))
                except (SealError, UnreadableError) as error:
                    # Trying again mends neither; the request's obligation to acknowledge stays open and is missed.
                    log.error("letter_not_written", request_id=request_id, error=type(error).__name__)  # noqa: TRY400 - no traceback: it may hold what was sealed

        await asyncio.gather(*(look_at(each) for each in due))
        if due:
            await self._queue.woken(due, now)
        return len(due)

    def not_ready(self) -> str | None:
        """Always ready: what is late is written late."""
        return None
