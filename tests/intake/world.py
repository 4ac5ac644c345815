"""A small town's desk at work in two processes on one log, for tests that try arbitrary histories and interleavings."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.embedded.double import MemoryRegister
from tests.intake.core.story import RECEIVED, has_its_ground

from clic_chassis.clock import ManualClock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decided, Decisions
from clic_chassis.error import RefusedError
from clic_chassis.log import EventLog, LogIdentity, Story
from clic_chassis.scenario import NOON
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import RequestAnswered, RequestClosed, RequestMerged
from clic_contracts.town import Town
from clic_contracts.vocabulary import ClosingReason, Phase, RequestId, Service
from clic_intake.core.request import Finish, Record, Refuse, Register, Statement, stated
from clic_intake.core.state import Request, state_of
from clic_intake.desk import Desk
from clic_intake.duplicate.index import Duplicates
from clic_intake.duplicate.orphan import Orphans

YIELDS_MAX = 6
"""Turns that others get before a load or an append, at most."""


class YieldingLog:
    """A log on which others get turns before each answer, as on a network: the seed says how many."""

    def __init__(self, log: EventLog, seed: int) -> None:
        self._log = log
        self._chance = Random(seed)

    async def _others(self) -> None:
        for _ in range(self._chance.randrange(YIELDS_MAX)):
            await asyncio.sleep(0)

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """See `EventLog.append`."""
        await self._others()
        return await self._log.append(service, request_id, events, expected=expected)

    async def load(self, service: Service, request_id: RequestId, *, fresh: bool = False) -> Story:
        """See `EventLog.load`."""
        await self._others()
        return await self._log.load(service, request_id, fresh=fresh)

    def read(self, *, after: int = 0, filters: Sequence[str] = ()) -> AsyncIterator[Commit]:
        """See `EventLog.read`."""
        return self._log.read(after=after, filters=filters)

    async def identity(self) -> LogIdentity:
        """See `EventLog.identity`."""
        return await self._log.identity()


class MemoryDuplicates(Duplicates):
    """The index of duplicates without PostgreSQL; what both processes share stands in `rows`."""

    def __init__(self, log: EventLog, rows: set[tuple[RequestId, RequestId]]) -> None:
        self._log = log
        self._rows = rows

    async def add_place(self, request_id: RequestId, place: Mapping[str, Any]) -> None:
        """No place is looked for here."""

    async def _candidates(self, parent_id: RequestId) -> list[RequestId]:
        return sorted(child for parent, child in self._rows if parent == parent_id)

    async def _remember(self, parent_id: RequestId, child_id: RequestId) -> None:
        self._rows.add((parent_id, child_id))


@dataclass(frozen=True, slots=True)
class Step:
    """One agent commands one thing; `process` is which of the two takes it."""

    request: int
    statement: Statement
    actor: str
    process: int
    into: int = 0
    """Of a merge: into which request."""
    twice: bool = False
    """It is delivered again, to the other process."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a step: a decision, or the refusal."""

    cause_id: str
    request_id: RequestId
    decided: Decided | None


class World:
    """A few requests, two processes of the desk, and the process that follows merges."""

    def __init__(self, log: EventLog, town: Town, seed: int, requests: int = 3) -> None:
        self.log = log
        self.clock = ManualClock(NOON)
        self.ids = [str(uuid.UUID(int=Random(f"{seed}/{n}").getrandbits(128))) for n in range(requests)]
        self._register = MemoryRegister()
        self._rows: set[tuple[RequestId, RequestId]] = set()
        self.desks = [self._desk(YieldingLog(log, seed + n), town) for n in range(2)]
        self._followed = 0
        self._steps = 0

    def _desk(self, log: EventLog, town: Town) -> Desk:
        decisions = Decisions(log, Service.INTAKE, self.clock, town.version, jitter=Random(0))
        index = MemoryDuplicates(log, self._rows)
        return Desk(decisions, self._register, index, town, self.clock)  # type: ignore[arg-type]  # A twin of what the desk asks of it.

    async def open(self) -> None:
        """Each request is received."""
        self._followed = (await self.log.identity()).last_sequence
        for number, request_id in enumerate(self.ids):
            await self._register.register(request_id, 2026, with_key=True)
            received = RECEIVED.model_copy(update={"reference": f"2026-{number + 1:06d}"})
            await self.desks[0]._decide(
                request_id, Register((Fact(received, NOON),)), cause_id=f"received {number}", actor="publisher:essai"
            )

    async def at_once(self, steps: Sequence[Step]) -> list[Done]:
        """Everything is commanded at the same time."""
        done = await asyncio.gather(*(self._step(each) for each in steps))
        return [each for pair in done for each in pair]

    async def _step(self, step: Step) -> list[Done]:
        self._steps += 1
        cause_id = f"step {self._steps}"
        processes = [step.process, 1 - step.process] if step.twice else [step.process]
        return list(await asyncio.gather(*(self._command(step, cause_id, each) for each in processes)))

    async def _command(self, step: Step, cause_id: str, process: int) -> Done:
        request_id = self.ids[step.request]
        statement = await self._sealed(request_id, step.statement)
        if isinstance(statement, Record) and isinstance(statement.event, RequestMerged):
            statement = Record(RequestMerged(into=self.ids[step.into]), statement.at)
        try:
            decided = await self.desks[process].command(
                request_id, statement, cause_id=cause_id, actor=step.actor, timed=False
            )
        except RefusedError:
            return Done(cause_id, request_id, None)
        return Done(cause_id, request_id, decided)

    async def _sealed(self, request_id: RequestId, statement: Statement) -> Statement:
        """The statement with words of this request's own seal in the place of the catalogue's."""
        event = stated(statement)[0]
        if getattr(event, "sealed", None) is None:
            return statement
        key = (await self._register.entry(request_id)).key
        assert key is not None
        sealed: Any = event.model_copy(update={"sealed": key.seal({"text": "Des mots inventés."})})
        match statement:
            case Record():
                return replace(statement, event=sealed)
            case Refuse():
                return replace(statement, refusal=sealed)
            case Finish():
                return replace(statement, answer=sealed)
            case _:
                return statement

    async def follow(self) -> None:
        """The process that follows merges hears of everything, in the log's order."""
        orphans = Orphans(self.desks[0], MemoryDuplicates(self.log, self._rows))
        async for commit in self.log.read(after=self._followed):
            self._followed = commit.sequence
            if commit.request_id in self.ids:
                await orphans.handle(commit)

    async def story(self, request_id: RequestId) -> tuple[Recorded, ...]:
        """Everything that happened to a request."""
        return (await self.log.load(Service.INTAKE, request_id, fresh=True)).events

    async def states(self) -> dict[RequestId, Request]:
        """Each request as it is now."""
        return {each: state_of(await self.story(each)) for each in self.ids}

    # -- what holds whatever happened ---------------------------------------------------------------------------------

    async def no_closing_lacks_its_ground(self) -> None:
        """POL-27: looked back for slowly, event by event."""
        for request_id in self.ids:
            told = [each.data for each in await self.story(request_id)]
            for number, event in enumerate(told):
                if isinstance(event, RequestClosed):
                    assert has_its_ground(told[: number + 1], event.reason), f"closed as {event.reason}: {told}"

    async def nobody_waits_for_who_is_gone(self) -> None:
        """POL-27: whoever was joined to another request is answered with it, or goes on."""
        states = await self.states()
        for request_id, child in states.items():
            if child.merged_into is None or child.phase is not Phase.CLOSED or child.erased:
                continue
            parent = states[child.merged_into]
            ended = parent.phase is Phase.VOIDED or (
                parent.phase is Phase.CLOSED and parent.closed_as is not ClosingReason.ANSWERED
            )
            was_answered = any(isinstance(each.data, RequestAnswered) for each in await self.story(child.merged_into))
            assert not ended or was_answered, f"{request_id} waits for {child.merged_into}, {parent}"

    async def what_was_done_is_there_once_and_what_was_refused_is_not(self, done: Sequence[Done]) -> None:
        """No command is lost or doubled; a refused one leaves no event."""
        for each in done:
            made = [event for event in await self.story(each.request_id) if event.cause_id == each.cause_id]
            assert len({event.event_id for event in made}) == len(made)
            if each.decided is not None and not each.decided.known:
                assert [event.event_id for event in each.decided.events] == [event.event_id for event in made]
            if each.decided is None and not any(
                other.decided is not None and other.cause_id == each.cause_id for other in done
            ):
                assert made == []
