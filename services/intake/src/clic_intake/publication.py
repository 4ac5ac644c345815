"""Drafts on their way to publication: edited, scanned, confirmed, signed off and published. Source: POL-37, POL-38.

A draft may combine several learnings. It is no fact yet: it stands in intake's database, sealed under a key of its
own, and goes when its text is published.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.error import NotFoundError, RefusedError
from clic_chassis.log import EventLog, Story
from clic_contracts.envelope import derive_id
from clic_contracts.event import LearningPublished, LearningWithdrawn, Sealed
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, Service

from .core import learning as rule
from .core.learning import Draft
from .core.scan import Finding
from .desk import OtherContentError
from .register import connected
from .scan import Scanner
from .seal import MasterKey

log = structlog.get_logger()

_SQL = sql.load("clic_intake", "learning.sql")

DRAFTS_MAX = 200
"""Drafts that wait for publication at most; a quarter has some ten."""
PUBLICATIONS_MAX = 500
"""Publications of a quarter that are listed at most."""
READ_TO_REVIEW = "review"
"""Why a draft is read."""


class TooManyDraftsError(RefusedError):
    """Drafts are published or discarded, not kept."""

    code = "too_many_drafts"


class NotConfirmableError(RefusedError):
    """Nobody can confirm such a finding: it leaves the text."""

    code = "not_confirmable"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A draft and what the scan finds in its text now."""

    draft: Draft
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A text that is in the log."""

    publication_id: str
    position: int
    published: LearningPublished
    known: bool
    is_withdrawn: bool = False
    """Its text is shown in no report any more."""


class Publications:
    """The way of a text from a draft into the log."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        master: MasterKey,
        decisions: Decisions,
        event_log: EventLog,
        scanner: Scanner,
        *,
        town: Town,
        clock: Clock,
        reviewers: Collection[str],
    ) -> None:
        self._pool = pool
        self._master = master
        self._decisions = decisions
        self._log = event_log
        self._scanner = scanner
        self._timezone = ZoneInfo(town.calendar.timezone)
        self._clock = clock
        self._reviewers = frozenset(reviewers)

    # -- drafts -----------------------------------------------------------------------------------------------------

    async def begin(
        self, agent: str, period: str, text: str, learnings: Sequence[str], *, key: str | None = None
    ) -> Reviewed:
        """A new draft; the same again with the same `key` is the same draft.

        Raises:
            PeriodError: the period is no quarter.
            NotFoundError: one of the learnings is not there, or was erased.
            TooManyDraftsError: too many wait already.
            OtherContentError: the key was used for another draft.
            RetryableError: the database is away; try again.
        """
        rule.quarter_bounds(period, self._timezone)
        draft_id = derive_id("learning draft", agent, key or str(uuid.uuid4()))
        key_id, wrapped = self._master.key_id, self._master.new_wrapped(draft_id)
        sealed = self._sealed(draft_id, wrapped, text, {})
        await self._must_be_there(learnings)
        async with connected(self._pool) as connection:
            if await connection.fetchval(_SQL["count_drafts"]) >= DRAFTS_MAX:
                raise TooManyDraftsError(f"{DRAFTS_MAX} drafts wait already: publish or discard some")
            await connection.execute(
                *(_SQL["add_draft"], draft_id, period, list(learnings), key_id, wrapped, sealed),
                *(agent, self._clock.now()),
            )
        draft = await self._draft(draft_id)
        if (draft.period, draft.text, draft.learnings) != (period, text, tuple(learnings)):
            raise OtherContentError("this Idempotency-Key was used for another draft, or that draft was changed since")
        return await self._reviewed(draft)

    async def drafts(self, period: str | None) -> Sequence[Mapping[str, object]]:
        """What is known of the drafts of a quarter, or of all, without their texts."""
        async with connected(self._pool) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["drafts"], period)]

    async def read(self, agent: str, draft_id: str) -> Reviewed:
        """A draft with its text; that it was read is recorded first (POL-30).

        Raises:
            NotFoundError: it is not there, or not any more.
            RetryableError: the database is away; try again.
        """
        row = await self._row(draft_id)
        async with connected(self._pool) as connection:
            await connection.execute(
                *(_SQL["record_reading"], self._clock.now(), agent, "draft", row["period"], draft_id),
                *(len(row["learnings"]), READ_TO_REVIEW),
            )
        log.info("learnings_read", what="draft", period=row["period"], learnings=len(row["learnings"]))
        return await self._reviewed(self._opened(row))

    async def edit(
        self, agent: str, draft_id: str, version: int, text: str, learnings: Sequence[str] | None = None
    ) -> Reviewed:
        """A new text in the place of the one that was read; what was confirmed of it stays so while it is found.

        Raises:
            NotFoundError: it is not there, or one of the learnings is not.
            DraftChangedError, DraftLeavingError: it is another one by now.
            RetryableError: the database is away; try again.
        """
        row = await self._row(draft_id)
        draft = self._opened(row)
        rule.must_be_at(draft, version)
        chosen = draft.learnings if learnings is None else tuple(learnings)
        await self._must_be_there(chosen)
        findings = await self._scanner.scan(text)
        found = {each.finding_id for each in findings}
        confirmed = {each: why for each, why in draft.confirmed.items() if each in found}
        changed = replace(draft, text=text, learnings=chosen, confirmed=confirmed)
        return Reviewed(await self._change(row, changed, agent), findings)

    async def confirm(self, agent: str, draft_id: str, version: int, finding_id: str, reason: str) -> Reviewed:
        """Say of a finding why it is harmless; whoever does so has changed the draft.

        Raises:
            NotFoundError: the draft is not there, or has no such finding.
            NotConfirmableError: such a finding cannot be confirmed.
            DraftChangedError, DraftLeavingError: it is another one by now.
            RetryableError: the database is away; try again.
        """
        row = await self._row(draft_id)
        reviewed = await self._reviewed(self._opened(row))
        draft = reviewed.draft
        rule.must_be_at(draft, version)
        found = [each for each in reviewed.findings if each.finding_id == finding_id]
        if not found:
            raise NotFoundError(f"the text has no finding {finding_id}: scan it again")
        if not all(each.confirmable for each in found):
            raise NotConfirmableError(f"a finding of the kind {found[0].kind} cannot be confirmed: change the text")
        changed = replace(draft, confirmed={**draft.confirmed, finding_id: reason})
        return Reviewed(await self._change(row, changed, agent), reviewed.findings)

    async def discard(self, draft_id: str, version: int) -> None:
        """A draft that nobody publishes goes. Raises as `edit`."""
        draft = await self._draft(draft_id)
        rule.must_be_at(draft, version)
        async with connected(self._pool) as connection:
            if await connection.fetchval(_SQL["discard_draft"], draft_id, version) is None:
                raise rule.DraftChangedError("somebody changed this draft meanwhile: read it again")

    # -- sign off and publish -----------------------------------------------------------------------------------------

    async def sign_off(self, agent: str, draft_id: str, version: int) -> Reviewed:
        """This very version may be published, says another person than who changed it last, where there is another.

        Raises:
            OwnTextError: the agent changed it last.
            FindingError: something in it may tell who somebody is.
            NotFoundError, DraftChangedError, DraftLeavingError: it is not there, or another one by now.
            RetryableError: the database is away; try again.
        """
        draft = await self._draft(draft_id)
        rule.must_be_at(draft, version)
        await self._must_know_every_name()
        reviewed = await self._reviewed(draft)
        rule.may_sign_off(draft, reviewed.findings, agent, self._reviewers)
        async with connected(self._pool) as connection:
            signed = await connection.fetchval(_SQL["sign_draft"], draft_id, version, agent, self._clock.now())
        if signed is None:
            raise rule.DraftChangedError("somebody changed this draft meanwhile: read it again")
        log.info("learning_signed_off", draft_id=draft_id, period=draft.period)
        return Reviewed(await self._draft(draft_id), reviewed.findings)

    async def publish(self, actor: str, draft_id: str) -> Published:
        """Put a text into the log as it was signed off, scanned once more in the decision. Said twice, done once.

        Raises:
            NotSignedError: nobody signed this version off.
            FindingError: something in it may tell who somebody is; a name may have become known since.
            NotFoundError: there is no such draft, and never was a publication of it.
            RetryableError: something is away; try again.
        """
        story = await self._log.load(Service.INTAKE, draft_id, fresh=True)
        if (before := _published(draft_id, story, known=True)) is not None:
            await self._remove(draft_id)
            return before
        draft = await self._draft(draft_id)
        await self._must_know_every_name()
        findings = await self._scanner.scan(draft.text)
        try:
            rule.may_publish(draft, findings)
        except RefusedError:
            await self._stay(draft_id)
            raise
        async with connected(self._pool) as connection:
            if await connection.fetchval(_SQL["take_leave"], draft_id, draft.version) is None:
                raise rule.DraftChangedError("somebody changed this draft meanwhile: read it again, and sign it off")
            await connection.execute(_SQL["add_publication"], draft_id, draft.period)
        fact = Fact(
            LearningPublished(text=draft.text, period=draft.period, signed_off_by=f"agent:{draft.signed_by}"),
            self._clock.now(),
        )

        def decide(story: Story) -> tuple[Fact, ...]:
            rule.may_publish(draft, findings)
            return () if story.commits else (fact,)

        decided = await self._decisions.decide(
            draft_id, decide, cause_id=f"{draft_id}\n{draft.version}", actor=actor, expect_new=True
        )
        await self._remove(draft_id)
        log.info("learning_published", draft_id=draft_id, period=draft.period)
        published = _published(draft_id, decided.story, known=decided.known)
        assert published is not None
        return published

    async def published(self, period: str) -> Sequence[Published]:
        """The texts that were published for a quarter, in the log's order, those withdrawn included.

        Raises:
            RetryableError: something is away; try again.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["publications"], period, PUBLICATIONS_MAX)
        ids = [str(row["publication_id"]) for row in rows]
        found = [_published(each, await self._log.load(Service.INTAKE, each), known=True) for each in ids]
        return sorted((each for each in found if each is not None), key=lambda each: each.position)

    async def withdraw(self, actor: str, publication_id: str, ground: Code) -> Published:
        """Take a published text out of every report; the log keeps it. Said twice, done once.

        Raises:
            NotFoundError: nothing was published under this id.
            RetryableError: something is away; try again.
        """

        def decide(story: Story) -> tuple[Fact, ...]:
            before = _published(publication_id, story, known=True)
            if before is None:
                raise NotFoundError("nothing was published under this id: `clic learning published` lists what was")
            if before.is_withdrawn:
                return ()
            return (Fact(LearningWithdrawn(ground=ground, period=before.published.period), self._clock.now()),)

        decided = await self._decisions.decide(
            publication_id, decide, cause_id=f"{publication_id}\nwithdrawn", actor=actor
        )
        if not decided.known:
            log.info("learning_withdrawn", publication_id=publication_id, ground=ground)
        withdrawn = _published(publication_id, decided.story, known=decided.known)
        assert withdrawn is not None
        return withdrawn

    async def _must_know_every_name(self) -> None:
        if not await self._scanner.knows_every_name():
            raise rule.NamesMissingError(
                "the names of requests from before this version are still being indexed: try again in some minutes. "
                "If it stays so, the service's log names requests whose seals do not open"
            )

    # -- rows -------------------------------------------------------------------------------------------------------

    async def _reviewed(self, draft: Draft) -> Reviewed:
        return Reviewed(draft, await self._scanner.scan(draft.text))

    async def _draft(self, draft_id: str) -> Draft:
        return self._opened(await self._row(draft_id))

    async def _row(self, draft_id: str) -> asyncpg.Record:
        async with connected(self._pool) as connection:
            row = await connection.fetchrow(_SQL["draft"], draft_id)
        if row is None:
            raise NotFoundError("no such draft: it was published or discarded, or a request that it told of was erased")
        return row

    async def _change(self, row: asyncpg.Record, draft: Draft, agent: str) -> Draft:
        sealed = self._sealed(draft.draft_id, row["wrapped_key"], draft.text, draft.confirmed)
        now = self._clock.now()
        async with connected(self._pool) as connection:
            version = await connection.fetchval(
                _SQL["change_draft"], draft.draft_id, draft.version, sealed, list(draft.learnings), agent, now
            )
        if version is None:
            raise rule.DraftChangedError("somebody changed this draft meanwhile: read it again")
        return replace(draft, version=version, edited_by=agent, edited_at=now, signed_by=None, signed_at=None)

    def _sealed(self, draft_id: str, wrapped: bytes, text: str, confirmed: Mapping[str, str]) -> str:
        return self._master.unwrap(draft_id, wrapped).seal({"text": text, "confirmed": confirmed}).model_dump_json()

    def _opened(self, row: asyncpg.Record) -> Draft:
        draft_id = str(row["draft_id"])
        key = self._master.unwrap(draft_id, row["wrapped_key"])
        content = key.open(Sealed.model_validate(json.loads(row["sealed"])))
        return Draft(
            draft_id=draft_id,
            period=row["period"],
            learnings=tuple(str(each) for each in row["learnings"]),
            text=content["text"],
            confirmed=content["confirmed"],
            version=row["version"],
            edited_by=row["edited_by"],
            edited_at=row["edited_at"],
            signed_by=row["signed_by"],
            signed_at=row["signed_at"],
            is_leaving=row["is_leaving"],
        )

    async def _must_be_there(self, learnings: Sequence[str]) -> None:
        async with connected(self._pool) as connection:
            found = await connection.fetchval(_SQL["readable_learnings"], learnings)
        if found != len(set(learnings)):
            raise NotFoundError("one of the learnings is not there, or its request was erased: gather them again")

    async def _stay(self, draft_id: str) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["stay"], draft_id)

    async def _remove(self, draft_id: str) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["remove_draft"], draft_id)


def _published(publication_id: str, story: Story, *, known: bool) -> Published | None:
    is_withdrawn = any(isinstance(event.data, LearningWithdrawn) for event in story.events)
    for commit in story.commits:
        for event in commit.events:
            if isinstance(event.data, LearningPublished):
                return Published(publication_id, commit.sequence, event.data, known, is_withdrawn)
    return None
