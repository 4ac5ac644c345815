"""The report as it is read: everything that any of its formats shows, in one language and one edition.

Its formats are made of this alone, and this of its tables: what they withhold stands nowhere else (POL-38).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from clic_contracts.vocabulary import Language

from .content import Section, sections
from .difference import difference_section
from .figure import Comparison, Report
from .highlight import highlights
from .label import Labels
from .language import Words
from .period import Period, parse_period
from .public_table import Protection, public, told_left_out
from .public_table import told as told_hidden
from .table import Cell, Table, Unit, figures

ZONE = ZoneInfo("America/Toronto")
WITHHELD = "–"
DRAWN_ROWS_MIN = 2
"""Rows that a chart of a public edition shows at least."""


class Edition(StrEnum):
    """Whom a report is for. Source: POL-38."""

    INTERNAL = "internal"
    PUBLIC = "public"


class Published(NamedTuple):
    """A report's place among those that were published, see `ledger`."""

    number: int
    checksum: str


class Tile(BaseModel):
    """A figure in large type."""

    model_config = ConfigDict(frozen=True)

    value: str
    label: str


class Origin(BaseModel):
    """A line of what the report was made from."""

    model_config = ConfigDict(frozen=True)

    label: str
    value: str
    code: bool = Field(default=False, description="It is for machines, too.")


class Document(BaseModel):
    """A report, ready to be rendered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    period: str
    language: Language
    locale: str
    edition: Edition
    town: str
    desk: str
    genre: str = Field(description="Which sort of report it is.")
    title: str
    span: str = Field(description="Its first and last day.")
    known: str = Field(description="The state of knowledge that it tells.")
    edition_told: str
    notes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    highlights: tuple[str, ...]
    sections: tuple[Section, ...]
    assumed: tuple[str, ...] = Field(description="What no record tells and had to be assumed.")
    origin_lead: str
    origin: tuple[Origin, ...] = Field(description="Position, versions, checksum, and how to make it again.")
    position: int
    known_at: dt.datetime
    checksum: str = Field(description="SHA-256 over the canonical JSON of its named figures.")

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its tables in their order."""
        return tuple(table for section in self.sections for table in section.tables)


def document(
    comparison: Comparison,
    labels: Labels,
    words: Words,
    *,
    protection: Protection | None = None,
    published: Published | None = None,
) -> Document:
    """The report of a period: its internal edition, or the public one that a `protection` allows.

    `published`: under which number; a public edition without one is a draft, and says so.
    """
    report, period = comparison.report, parse_period(comparison.report.period)
    edition = Edition.INTERNAL if protection is None else Edition.PUBLIC
    parts = list(sections(comparison, labels, words))
    hidden: list[str | None] = []
    if protection is not None:
        exact = [table for part in parts for table in part.tables]
        hidden = [told_hidden(protection, exact, words), told_left_out(protection, exact, words)]
        parts = [
            each.model_copy(update={"tables": tuple(map(_drawn, public(each.tables, protection, words)))})
            for each in parts
        ]
    told = figures(table for part in parts for table in part.tables)
    known_at = known_at_of(report)
    known_on = known_at.astimezone(ZONE).date()
    if comparison.differences is not None and edition is Edition.INTERNAL:
        parts.append(difference_section(comparison.differences, report, labels, words))
    checksum = checksum_of(report, edition, told)
    return Document(
        period=report.period,
        language=words.language,
        locale=words.locale,
        edition=edition,
        town=labels.town,
        desk=labels.desk,
        genre=_genre(period, words),
        title=words.name(period),
        span=words(
            f"Du {words.day(period.first_on)} au {words.day(period.last_on)}",
            f"From {words.day(period.first_on)} to {words.day(period.last_on)}",
        ),
        known=_known(report, words),
        edition_told=_edition(edition, published, words),
        notes=(*_notes(period, known_on, words), *(each for each in hidden if each)),
        tiles=tuple(_tiles(report, told, words)),
        highlights=highlights(comparison, told, labels, complete=known_on >= period.next_on),
        sections=tuple(parts),
        assumed=tuple(_assumed(report, words)) if edition is Edition.INTERNAL else (),
        origin_lead=words(
            "Tout est calculé à partir du journal des demandes et peut être recalculé\u00a0: aux mêmes versions et à "
            "la même position du journal, le même rapport, à l’octet près. Aucun renseignement personnel n’y entre.",
            "Everything is computed from the log of requests and can be computed again: the same versions and the "
            "same position of the log give the same report, byte for byte. It holds no personal information.",
        ),
        origin=tuple(_origin(report, edition, published, checksum, words)),
        position=report.position,
        known_at=known_at,
        checksum=checksum,
    )


def _drawn(table: Table) -> Table:
    """A table without its chart where that would show too little: its rows are withheld, all or nearly all of them."""
    drawn = [index for index, column in enumerate(table.columns) if column.drawn]
    shown = [row for row in table.body if all(not row.cells[index].withheld for index in drawn)]
    return (
        table
        if len(shown) >= DRAWN_ROWS_MIN or len(shown) == len(table.body)
        else table.model_copy(update={"chart": None})
    )


def known_at_of(report: Report) -> dt.datetime:
    """The instant as of which a report is told; the beginning of its period where the log is empty."""
    first = parse_period(report.period).first_on
    return report.known_at or dt.datetime(first.year, first.month, first.day, tzinfo=ZONE)


def checksum_of(report: Report, edition: Edition, told: dict[str, int | float | str | None]) -> str:
    """SHA-256 over the canonical JSON of what the report says: the same in every language and format."""
    canonical = {
        "period": report.period,
        "edition": edition,
        "position": report.position,
        "versions": report.versions.model_dump(),
        "learnings": [each.model_dump() for each in report.learnings],
        "figures": told,
    }
    text = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def written(cell: Cell, unit: Unit, words: Words) -> str:
    """A cell as it is printed: « – » where it is withheld, « s. o. » where there is nothing to divide or to measure."""
    if cell.withheld:
        return WITHHELD
    match cell.value, unit:
        case None, _:
            return words("s.\u00a0o.", "n/a") if cell.of else ""
        case str(text), _:
            return text
        case value, Unit.SHARE:
            return words.share(value, 1)
        case value, Unit.MEAN:
            return words.decimal(value)
        case value, _:
            return words.number(int(value))
    return ""


def _genre(period: Period, words: Words) -> str:
    return (
        words("Rapport annuel des demandes citoyennes", "Annual report on citizen requests")
        if period.parts
        else words("Rapport trimestriel des demandes citoyennes", "Quarterly report on citizen requests")
    )


def _edition(edition: Edition, published: Published | None, words: Words) -> str:
    if edition is Edition.INTERNAL:
        return words("Édition interne – chiffres exacts", "Internal edition – exact figures")
    if published is None:
        return words("Projet d’édition publique – ne pas diffuser", "Draft of a public edition – not to be given out")
    return words("Édition publique", "Public edition")


def _known(report: Report, words: Words) -> str:
    if report.known_at is None:
        return words("Le journal est vide.", "The log is empty.")
    told = words.clock(report.known_at.astimezone(ZONE))
    return words(f"Chiffres connus le {told}", f"Figures as known on {told}")


def _notes(period: Period, known_on: dt.date, words: Words) -> Iterator[str]:
    """What has to be known first. Whether the period is over is told by the log, so that it can be told again."""
    of_it = words("Trimestre", "Quarter") if not period.parts else words("Année", "Year")
    if known_on < period.first_on:
        this = words("Ce trimestre", "This quarter") if not period.parts else words("Cette année", "This year")
        yield words(f"{this} n’a pas encore commencé.", f"{this} has not begun yet.")
    elif known_on < period.next_on:
        yield words(
            f"{of_it} en cours\u00a0: les chiffres sont provisoires et vont jusqu’au {words.day(known_on)}.",
            f"{of_it} under way: the figures are provisional and go up to {words.day(known_on)}.",
        )


def _tiles(report: Report, told: dict[str, int | float | str | None], words: Words) -> Iterator[Tile]:
    for path, fr, fr_many, en in (
        ("requests.received", "demande reçue", "demandes reçues", "received"),
        ("requests.treated", "traitée", "traitées", "treated"),
        ("requests.pending_at_end", "en attente à la fin", "en attente à la fin", "pending at the end"),
        ("interactions.total", "interaction", "interactions", "interactions"),
    ):
        value = told.get(f"{report.period}/{path}")
        many = isinstance(value, int) and abs(value) > 1
        yield Tile(
            value=words.number(value) if isinstance(value, int) else WITHHELD,
            label=words(fr_many if many else fr, en),
        )


def _origin(
    report: Report, edition: Edition, published: Published | None, checksum: str, words: Words
) -> Iterator[Origin]:
    versions = report.versions
    none = words("aucune décision encore", "no decision yet")
    yield Origin(label=words("Position dans le journal", "Position in the log"), value=words.number(report.position))
    yield Origin(label=words("Journal", "Log"), value=versions.log, code=True)
    yield Origin(
        label=words("Version des définitions", "Version of the definitions"), value=versions.definition, code=True
    )
    if versions.indicators:
        yield Origin(
            label=words("Version des indicateurs", "Version of the indicators"), value=versions.indicators, code=True
        )
    yield Origin(
        label=words("Version des règles de la Ville", "Version of the town’s rules"),
        value=versions.town or none,
        code=versions.town is not None,
    )
    yield Origin(
        label=words("Somme de contrôle des chiffres (SHA-256)", "Checksum of the figures (SHA-256)"),
        value=checksum,
        code=True,
    )
    if published is not None:
        yield Origin(
            label=words("Publication", "Publication"),
            value=words(
                f"nº\u00a0{published.number}, {published.checksum}", f"no. {published.number}, {published.checksum}"
            ),
            code=True,
        )
    yield Origin(label=words("Refaire les tables", "Make the tables again"), value="clic rebuild", code=True)
    yield Origin(
        label=words("Refaire ce rapport", "Make this report again"),
        value=f"clic report {report.period} --edition {edition} --as-of {report.as_of or report.position}",
        code=True,
    )


def _assumed(report: Report, words: Words) -> Iterator[str]:
    """What nobody recorded and had to be assumed; older systems' records lack many a date."""
    assumed, backlog = report.assumed, report.requests.backlog
    if backlog:
        yield words(
            f"{words.counted(backlog, 'demande a été reprise', 'demandes ont été reprises')} des dossiers d’un "
            "système antérieur.",
            f"{words.counted(backlog, 'request was', 'requests were')} taken over from an older system’s records.",
        )
    if assumed.outcomes:
        yield words(
            f"Pour {words.counted(assumed.outcomes, 'demande reçue', 'demandes reçues')} dans la période, aucun "
            "dossier ne dit de quand date l’état actuel\u00a0: on suppose que c’est l’instant de la création.",
            f"For {words.counted(assumed.outcomes, 'request', 'requests')} received in the period no record tells the "
            "date of the present status: it is assumed to be that of the creation.",
        )
    if assumed.treatments:
        count = words.number(assumed.treatments)
        yield words(
            f"Parmi les traitements et réouvertures comptés dans la période, {count} le sont à une date supposée.",
            f"Of the treatments and reopenings counted in the period, {count} are counted at an assumed date.",
        )
    if assumed.obligations:
        many = assumed.obligations > 1
        count = words.counted(assumed.obligations, "obligation", "obligations")
        yield words(
            f"{count} de ces demandes {'sont comptées comme tenues' if many else 'est comptée comme tenue'} à une date "
            f"supposée; {'elles ne mesurent' if many else 'elle ne mesure'} aucun délai et "
            f"{'n’entrent' if many else 'n’entre'} pas dans la part tenue à temps.",
            f"{count} of these requests counted as kept at an assumed date measure no delay, and are left out of the "
            "share kept in time.",
        )
