"""Which edition of a report somebody gets: exact figures for those who may see them, else what was published."""

from __future__ import annotations

import datetime as dt

from clic_chassis.error import NotFoundError
from clic_reporting import ledger
from clic_reporting.core.content import sections
from clic_reporting.core.document import Document, Published, document
from clic_reporting.core.figure import Comparison
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words
from clic_reporting.core.period import parse_period
from clic_reporting.core.table import Table
from clic_reporting.ledger import Publication
from clic_reporting.publication import figures_of, made_from, preview, protection, publish, published_as
from clic_reporting.report import Connection, period_comparison


class NotPublishedError(NotFoundError):
    """Nothing of a period was published, or not by these definitions."""

    code = "not_published"


Made = tuple[Document, Comparison]
"""A report and the figures that it was made of. These are exact: a public edition shows of them what its tables do."""


async def internal(
    connection: Connection, period: str, labels: Labels, *, as_of: str | None = None, since: str | None = None
) -> Made:
    """The internal edition.

    Raises: as `report.period_comparison`.
    """
    comparison = await period_comparison(connection, period, as_of=as_of, since=since)
    return document(comparison, labels, words(labels.language)), comparison


async def public(connection: Connection, period: str, labels: Labels) -> Made:
    """What was published last of a period, made again as it was: of its position and its definitions.

    Raises:
        NotPublishedError: nothing was, or definitions have changed since.
        PeriodError: the text is not a period.
        LedgerError: what was published is not known any more as it was.
    """
    code = str(parse_period(period))
    found = [each for each in await ledger.publications(connection) if each.period == code]
    if not found:
        raise NotPublishedError(
            f"the report of {code} is not published yet: readers with a token see its exact figures"
        )
    publication = found[-1]
    comparison = await period_comparison(connection, code, as_of=str(publication.position))
    if made_from(comparison.report) != publication.made_from:
        raise NotPublishedError(
            f"publication {publication.number}, the report of {code}, was made by other definitions than are in force "
            f"now: publish it again with `clic report {code} --edition public --publish-by NAME`"
        )
    return _published(comparison, labels, publication), comparison


async def public_or_draft(connection: Connection, period: str, labels: Labels, *, as_of: str | None = None) -> Made:
    """The public edition of any position: as it was published, or as it would be if it were published now.

    Raises: as `internal` and `public`.
    """
    comparison = await period_comparison(connection, period, as_of=as_of)
    earlier = await ledger.publications(connection)
    if (publication := published_as(earlier, comparison.report)) is not None:
        return _published(comparison, labels, publication), comparison
    choice = preview(figures_of(comparison, exact_tables(comparison, labels)), earlier)
    made = document(comparison, labels, words(labels.language), protection=protection(choice))
    return made, comparison


async def publish_now(
    connection: Connection, period: str, labels: Labels, *, as_of: str | None, at: dt.datetime, by: str
) -> Made:
    """Publish the report of a period, and give its public edition. Published already, it is that again.

    Raises:
        WithheldError: nothing of it can be published.
        and as `internal` and `public`.
    """
    comparison = await period_comparison(connection, period, as_of=as_of)
    publication = await publish(connection, comparison, exact_tables(comparison, labels), at=at, by=by)
    return _published(comparison, labels, publication), comparison


def exact_tables(comparison: Comparison, labels: Labels) -> tuple[Table, ...]:
    """The report's tables before anything is taken out of them; their figures are the same in both languages."""
    return tuple(table for section in sections(comparison, labels, words(labels.language)) for table in section.tables)


def _published(comparison: Comparison, labels: Labels, publication: Publication) -> Document:
    return document(
        comparison,
        labels,
        words(labels.language),
        protection=protection(publication),
        published=Published(publication.number, publication.checksum),
    )


def last_published(publications: tuple[Publication, ...]) -> dict[str, Publication]:
    """Of each period the last publication, the newest period first."""
    found = {each.period: each for each in publications}
    return dict(sorted(found.items(), reverse=True))
