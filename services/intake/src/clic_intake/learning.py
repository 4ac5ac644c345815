"""What exchanges with citizens taught: recorded under seal, gathered by quarter for who reviews them (POL-37)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decided, Decisions
from clic_chassis.error import NotFoundError, RefusedError
from clic_chassis.log import EventLog
from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import LearningRecorded, RequestReceived
from clic_contracts.permission import may_see, role_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import RequestId, Service, SubjectCode

from .core.learning import quarter_bounds
from .core.request import Record
from .desk import Desk, OtherContentError
from .register import Register, connected

log = structlog.get_logger()

_SQL = sql.load("clic_intake", "learning.sql")

PAGE_MAX = 100
"""Learnings that are gathered at once at most: each is a load from the log and a recorded opening."""
READINGS_MAX = 1_000

State = Literal["open", "erased"]


class ErasedRequestError(RefusedError):
    """Nothing personal may be kept about an erased request."""

    code = "erased"


@dataclass(frozen=True, slots=True)
class Learning:
    """A learning as who reviews it sees it."""

    learning_id: str
    request_id: RequestId | None
    """The request that it is about; None: about none."""
    reference: str | None
    subject: SubjectCode | None
    occurred_at: dt.datetime
    actor: str
    state: State
    text: str | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """A page of a quarter's learnings."""

    learnings: tuple[Learning, ...]
    after: str | None
    """Where the next page begins; None: this is the last one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Who read what, when and why."""

    read_at: dt.datetime
    agent: str
    what: str
    period: str
    draft_id: str | None
    learnings: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a learning stands in the log, and what stands there."""

    learning_id: str
    request_id: RequestId
    fact: Recorded
    about: RequestReceived | None
    """The request in whose story it stands."""


class Learnings:
    """Records learnings, and opens them for who reviews them."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        decisions: Decisions,
        desk: Desk,
        register: Register,
        event_log: EventLog,
        *,
        town: Town,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._decisions = decisions
        self._desk = desk
        self._register = register
        self._log = event_log
        self._town = town
        self._clock = clock
        self._timezone = ZoneInfo(town.calendar.timezone)

    # -- recording --------------------------------------------------------------------------------------------------

    async def record(
        self,
        text: str,
        subject: SubjectCode | None,
        about: RequestId | None,
        *,
        at: dt.datetime | None,
        cause_id: str,
        actor: str,
    ) -> tuple[str, Decided]:
        """Record a learning, and give its id; about a request, it is sealed with that request's key.

        `at` is when it happened; None: now.

        Raises:
            ErasedRequestError: the request was erased.
            OtherContentError: something else was said with this cause.
            RefusedError: a rule forbids it.
            RetryableError: something is away; try again.
        """
        learning_id = derive_id("learning", cause_id)
        happened_at = at or self._clock.now()
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["add_learning"], learning_id, cause_id, about or learning_id, happened_at)
        if about is None:
            decided = await self._alone(
                learning_id, text, subject, happened_at, timed=at is not None, cause_id=cause_id, actor=actor
            )
            return learning_id, decided
        sealed = await self._desk.seal(about, {"text": text})
        if sealed is None:
            raise ErasedRequestError("the personal data of this request was erased: record what you learned without it")
        statement = Record(LearningRecorded(subject=subject, sealed=sealed), happened_at)
        decided = await self._desk.command(about, statement, cause_id=cause_id, actor=actor, timed=at is not None)
        return learning_id, decided

    async def _alone(
        self,
        learning_id: str,
        text: str,
        subject: SubjectCode | None,
        happened_at: dt.datetime,
        *,
        timed: bool,
        cause_id: str,
        actor: str,
    ) -> Decided:
        """A learning about no request: a story and a key of its own."""
        key = (await self._register.register(learning_id, None, with_key=True)).key
        if key is None:
            raise ErasedRequestError("this learning was erased: give a new one an Idempotency-Key of its own")
        fact = Fact(LearningRecorded(subject=subject, sealed=key.seal({"text": text})), happened_at)
        decided = await self._decisions.decide(
            learning_id, lambda _: (fact,), cause_id=cause_id, actor=actor, expect_new=True
        )
        recorded = decided.events[0]
        said = recorded.data
        assert isinstance(said, LearningRecorded)
        assert said.sealed is not None
        same = key.open(said.sealed) == {"text": text} and said.subject == subject
        if not same or (timed and recorded.occurred_at != happened_at):
            raise OtherContentError("this Idempotency-Key was used for another learning: use a new one for each")
        return decided

    # -- gathering --------------------------------------------------------------------------------------------------

    async def gather(self, period: str, agent: Agent, reason: str, after: str | None = None) -> Gathered:
        """A quarter's learnings, opened; who opens them and why is recorded before anything is opened (POL-30).

        What was learned from a confidential request is not there for who lacks its role (POL-26).

        Raises:
            PeriodError: it is no quarter.
            NotFoundError: `after` is no learning's id.
            RetryableError: something is away; try again.
        """
        begins, ends = quarter_bounds(period, self._timezone)
        async with connected(self._pool) as connection:
            since = begins if after is None else await connection.fetchval(_SQL["learning_at"], after)
            if since is None:
                raise NotFoundError(f"no learning has the id {after}: give the `after` of the page before")
            last = after or str(uuid.UUID(int=0))
            rows = await connection.fetch(_SQL["learnings"], begins, ends, since, last, PAGE_MAX + 1)
        page = rows[:PAGE_MAX]
        places = [place for row in page if (place := await self._place(row)) is not None]
        visible = [place for place in places if self._may_see(place, agent)]
        now = self._clock.now()
        async with connected(self._pool) as connection, connection.transaction():
            stories = list({place.request_id for place in visible})
            await connection.execute(_SQL["record_openings"], now, agent.agent, stories, reason)
            await connection.execute(
                _SQL["record_reading"], now, agent.agent, "gather", period, None, len(visible), reason
            )
        log.info("learnings_read", what="gather", period=period, learnings=len(visible))
        learnings = [await self._opened(place) for place in visible]
        return Gathered(tuple(learnings), str(page[-1]["learning_id"]) if len(rows) > PAGE_MAX else None)

    async def _place(self, row: asyncpg.Record) -> _Place | None:
        """None: it was about to be recorded and never was."""
        request_id = str(row["request_id"])
        story = await self._log.load(Service.INTAKE, request_id)
        facts = [each for each in story.caused_by(row["cause_id"]) if isinstance(each.data, LearningRecorded)]
        if not facts:
            return None
        first = story.events[0].data
        about = first if isinstance(first, RequestReceived) else None
        return _Place(str(row["learning_id"]), request_id, facts[0], about)

    def _may_see(self, place: _Place, agent: Agent) -> bool:
        """POL-26: what is confidential is seen by its own alone."""
        return place.about is None or may_see(agent.roles, role_needed(place.about, self._town))

    async def _opened(self, place: _Place) -> Learning:
        said = place.fact.data
        assert isinstance(said, LearningRecorded)
        key = (await self._register.entry(place.request_id)).key
        text = str(key.open(said.sealed)["text"]) if key is not None and said.sealed is not None else None
        state: State = "erased" if text is None else "open"
        return Learning(
            learning_id=place.learning_id,
            request_id=None if place.about is None else place.request_id,
            reference=None if place.about is None else place.about.reference,
            subject=said.subject,
            occurred_at=place.fact.occurred_at,
            actor=place.fact.actor,
            state=state,
            text=text,
        )

    # -- readings ---------------------------------------------------------------------------------------------------

    async def readings(self, since: dt.datetime, until: dt.datetime) -> Sequence[Reading]:
        """Who read learnings and drafts in a span of time, newest first; `READINGS_MAX` at most.

        Raises:
            RetryableError: the database is away; try again.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["readings"], since, until, READINGS_MAX)
        return [Reading(**dict(row) | {"draft_id": row["draft_id"] and str(row["draft_id"])}) for row in rows]
