"""Drafts of articles, made from unusual requests that were answered, until the town's folder has them (POL-40)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_contracts.envelope import derive_id
from clic_contracts.event import Sealed
from clic_contracts.town import Town
from clic_contracts.town_text import Article
from clic_contracts.vocabulary import Code, RequestId
from clic_intake.core.knowledge import NoArticleError
from clic_intake.core.learning import FindingError
from clic_intake.desk import Desk
from clic_intake.register import Register, connected
from clic_intake.scan import Scanner

_SQL = sql.load("clic_intake", "knowledge/queries.sql")

NO_SUCH_DRAFT = "there is no such draft: `clic knowledge drafts` lists them"
DRAFTS_MAX = 500
"""Listed at once at most; what is older comes first, and is to be exported first."""


@dataclass(frozen=True, slots=True)
class DraftHead:
    """A draft without its text."""

    draft_id: str
    request_id: RequestId
    code: Code
    written_by: str
    written_at: dt.datetime
    exported_by: str | None
    exported_at: dt.datetime | None


class ArticleDrafts:
    """Keeps drafts under the key of the request that they were made from: who erases it erases them."""

    def __init__(
        self, pool: asyncpg.Pool, desk: Desk, register: Register, scanner: Scanner, *, town: Town, clock: Clock
    ) -> None:
        self._pool = pool
        self._desk = desk
        self._register = register
        self._scanner = scanner
        self._town = town
        self._clock = clock

    async def write(self, request_id: RequestId, article: Article, harmless: Mapping[str, str], *, agent: str) -> str:
        """Keep a draft, or change the one of this request and code; gives its id.

        `harmless` says of passages that the scan finds why they tell nothing of anybody, where that may be said.

        Raises:
            NoArticleError: the town has an article of this code, the draft was exported, or the request was erased.
            FindingError: the text holds what may tell who somebody is.
            NotFoundError: there is no such request.
            RetryableError: the database is away.
        """
        if article.code in self._town.article_by_code:
            raise NoArticleError(f"the town has an article {article.code}: change its file, or choose another code")
        left = [
            each
            for text in (article.title.fr, article.title.en, article.text.fr, article.text.en, "\n".join(article.words))
            for each in await self._scanner.scan(text)
            if not each.confirmable or each.excerpt not in harmless
        ]
        if left:
            raise FindingError(left)
        content = {"article": article.model_dump(mode="json"), "harmless": dict(harmless)}
        sealed = await self._desk.seal(request_id, content)
        if sealed is None:
            raise NoArticleError("the request was erased: an article made from it may not be kept here")
        draft_id = derive_id("article", request_id, article.code)
        async with connected(self._pool) as connection:
            kept = await connection.fetchval(
                _SQL["put_draft"],
                draft_id,
                request_id,
                article.code,
                sealed.model_dump_json(),
                agent,
                self._clock.now(),
            )
        if kept is None:
            raise NoArticleError("the draft was exported: change the file that was made from it")
        return draft_id

    async def heads(self) -> list[DraftHead]:
        """The drafts, oldest first, without their texts; `DRAFTS_MAX` at most.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["drafts"], DRAFTS_MAX)
        return [
            DraftHead(**{**dict(row), "draft_id": str(row["draft_id"]), "request_id": str(row["request_id"])})
            for row in rows
        ]

    async def request_of(self, draft_id: str) -> RequestId:
        """The request that a draft was made from, so that who may not see the one does not see the other (POL-26).

        Of a draft that is not there, nobody's: what follows is the same for both.

        Raises:
            RetryableError: the database is away.
        """
        row = await self._found(draft_id)
        return derive_id("no draft", draft_id) if row is None else str(row["request_id"])

    async def export(self, draft_id: str, *, agent: str) -> Article:
        """A draft's article, to be put into the town's folder; who opened it is recorded before it is opened (POL-30).

        Raises:
            NotFoundError: there is no such draft, or it was erased with its request.
            RetryableError: the database is away.
        """
        row = await self._found(draft_id)
        if row is None:
            raise NotFoundError(NO_SUCH_DRAFT)
        request_id, now = str(row["request_id"]), self._clock.now()
        await self._register.record_opening(now, agent, request_id, f"article {row['code']}: export")
        key = (await self._register.entry(request_id)).key
        if key is None:
            raise NotFoundError(NO_SUCH_DRAFT)
        article = Article.model_validate(key.open(Sealed.model_validate(json.loads(row["sealed"])))["article"])
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["mark_exported"], draft_id, agent, now)
        return article

    async def _found(self, draft_id: str) -> asyncpg.Record | None:
        async with connected(self._pool) as connection:
            return await connection.fetchrow(_SQL["draft"], draft_id)
