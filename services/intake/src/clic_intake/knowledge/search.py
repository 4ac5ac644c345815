"""Search in the town's articles by PostgreSQL's own dictionaries; accents are folded here, before and when asking.

The embedded server has neither `unaccent` nor ICU; a folded text in a folded index needs neither (POL-16).
"""

from __future__ import annotations

import asyncpg

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_contracts.town import Town
from clic_contracts.town_text import Article
from clic_contracts.vocabulary import Code, Language, SubjectCode
from clic_intake.core.knowledge import SEARCH_DEFINITION, Hit, asked, indexed, of_subject, worth_showing
from clic_intake.register import connected

_SQL = sql.load("clic_intake", "knowledge/queries.sql")

ARTICLES_MAX = 10
"""Given of a search at most."""
WORDS_MAX = 40
"""Of a question that are looked up at most."""
VERSIONS_KEPT = 3
"""An older instance that still runs during an upgrade searches its own."""

_DICTIONARY = {Language.FR: "french", Language.EN: "english"}


class Knowledge:
    """The town's articles, searchable once `prepare` was awaited."""

    def __init__(self, pool: asyncpg.Pool, town: Town, clock: Clock) -> None:
        self._pool = pool
        self._town = town
        self._clock = clock
        self._version = f"{town.version}.{SEARCH_DEFINITION}"

    async def prepare(self) -> None:
        """Index the articles of this version of the town, unless that was done.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection, connection.transaction():
            if await connection.fetchval(_SQL["begin_index"], self._version, self._clock.now()) is None:
                return
            for language, dictionary in _DICTIONARY.items():
                found = indexed(self._town, language)
                await connection.execute(
                    _SQL["add_documents"],
                    self._version,
                    language.value,
                    dictionary,
                    [each.code for each in found],
                    [each.title for each in found],
                    [each.subjects for each in found],
                    [each.body for each in found],
                )
            await connection.execute(_SQL["drop_older"], VERSIONS_KEPT)

    async def search(
        self, question: str, language: Language, *, subject: SubjectCode | None = None, limit: int = ARTICLES_MAX
    ) -> tuple[Article, ...]:
        """The articles that may answer, the likeliest first; those of `subject` before all.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(
                _SQL["found"],
                self._version,
                language.value,
                _DICTIONARY[language],
                asked(question),
                list(of_subject(self._town, subject)),
                min(limit, ARTICLES_MAX),
                WORDS_MAX,
            )
        hits = [Hit(row["code"], row["words"], row["is_given"]) for row in rows]
        return tuple(self._town.article_by_code[code] for code in worth_showing(hits))

    def articles(self, codes: tuple[Code, ...]) -> tuple[Article, ...]:
        """Articles by their codes; those that the town does not have are left out."""
        return tuple(each for code in codes if (each := self._town.article_by_code.get(code)) is not None)
