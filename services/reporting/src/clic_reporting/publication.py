"""Publishing a report: what of it may be read, judged by everything published before, and remembered. POL-38."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

from clic_chassis.error import RefusedError

from . import ledger
from .core.earlier import with_all_codes
from .core.equation import published
from .core.figure import Comparison, Report
from .core.public_table import Protection
from .core.suppression import Figures, Link, Reason
from .core.table import Table, counts
from .edition import Choice, choose
from .ledger import FIRST, Publication
from .report import Connection

WITHIN = (
    ("requests.to_direction_generale", "requests.by_department.direction_generale"),
    ("requests.first_line", "requests.by_department.clic"),
    ("requests.confidential", "requests.by_kind.access_to_information"),
    ("requests.confidential", "requests.by_department.greffe"),
)
"""Counts of which everybody knows that they are part of another: what is left of it can be worked out."""
CHANNELS = ("requests.by_first_channel.", "interactions.by_channel.")
"""The same of each channel: a contact that opened a request is one of its contacts (POL-31)."""


class WithheldError(RefusedError):
    """Nothing of a report can be published without telling what was hidden before."""

    code = "report_withheld"


def figures_of(comparison: Comparison, tables: Iterable[Table]) -> Figures:
    """The counts of a report's tables, and every equation that anybody knows of them."""
    exact = tuple(tables)
    figures = published(comparison, exact)
    values, unprinted = dict(figures.values), set(figures.unprinted)
    links = [_with_zeros(link, values) for link in figures.links]
    for report in comparison.reports:
        for part, whole in _within(report, counts(exact)):
            left = values[whole] - values[part]
            if left < 0:
                continue  # One of them counts something else here: then nothing is known of both.
            rest = f"else:{part}:{whole}"
            if left:
                values[rest] = left
                unprinted.add(rest)
            links.append(Link((whole,), (part, rest) if left else (part,)))
    return Figures(values, tuple(dict.fromkeys(links)), frozenset(unprinted), figures.signed)


def _with_zeros(link: Link, values: Mapping[str, int]) -> Link:
    """A group with the codes that only another column of its table has: of this one they are zero."""
    prefixes = {part.rpartition(".")[0] for part in link.right}
    if not link.group or len(prefixes) != 1:
        return link
    prefix = f"{prefixes.pop()}."
    zeros = sorted(
        name
        for name, value in values.items()
        if not value and name.startswith(prefix) and "." not in name.removeprefix(prefix) and name not in link.right
    )
    return link._replace(right=(*link.right, *zeros))


def _within(report: Report, printed: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    before = f"{report.period}/"
    pairs = [(before + part, before + whole) for part, whole in WITHIN]
    first, every = CHANNELS
    pairs += [
        (name, before + every + name.removeprefix(before + first))
        for name in printed
        if name.startswith(before + first)
    ]
    return ((part, whole) for part, whole in pairs if part in printed and whole in printed)


def made_from(report: Report) -> dict[str, str | None]:
    """The versions that a report was made by: at the same position they give the same figures."""
    return dict(report.versions.model_dump())


def preview(figures: Figures, earlier: Sequence[Publication]) -> Choice:
    """What would be hidden of a report if it were published next. Nothing is remembered.

    Raises:
        InconsistentFiguresError: the figures do not add up.
    """
    return choose(*with_all_codes(figures, [each.edition for each in earlier]))


def published_as(earlier: Iterable[Publication], report: Report) -> Publication | None:
    """The publication of a report at this position by these versions: made again, it is what it was."""
    versions = made_from(report)
    return next(
        (
            each
            for each in earlier
            if each.period == report.period and each.position == report.position and each.made_from == versions
        ),
        None,
    )


async def publish(
    connection: Connection, comparison: Comparison, tables: Iterable[Table], *, at: dt.datetime, by: str
) -> Publication:
    """Publish a report: hide what has to be hidden after all that was published, and remember it.

    Published already at this position by the same versions, it is that publication again, and nothing is written.

    Raises:
        WithheldError: nothing of it can be published.
        LedgerError: what was published before is not known any more.
        InconsistentFiguresError: its figures do not add up.
    """
    report = comparison.report
    figures = figures_of(comparison, tables)
    async with connection.transaction():
        await ledger.lock(connection)
        earlier = await ledger.publications(connection)
        if (again := published_as(earlier, report)) is not None:
            return again
        choice = preview(figures, earlier)
        if choice.withheld:
            raise WithheldError(
                f"nothing of the report of {report.period} can be published: with what was published before, every "
                "figure of it would tell a small one. It can be read internally."
            )
        publication = Publication(
            number=len(earlier) + 1,
            period=report.period,
            position=report.position,
            made_from=made_from(report),
            edition=choice.edition,
            reasons=choice.reasons,
            standing=choice.standing,
            published_at=at,
            published_by=by,
            previous=earlier[-1].checksum if earlier else FIRST,
        )
        await ledger.append(connection, publication)
    return publication


def protection(of: Choice | Publication) -> Protection:
    """What `core.public_table.public` takes out of a report's tables."""
    left_out = frozenset(name for name, reason in of.reasons.items() if reason is Reason.LEFT_OUT)
    unread = of.hidden - of.standing.keys()
    whole_groups = {  # Shown as they were published, groups of which nothing was stay so: not even rows tell of them.
        part
        for link in of.edition.figures.links
        if link.group and unread.issuperset((*link.left, *link.right))
        for part in link.right
    }
    return Protection(of.hidden, of.standing, of.edition.whole_groups | whole_groups | left_out, left_out)
