"""The pages that people read: one for a period, and one in front. Each is a file of its own.

Nothing is loaded from elsewhere and nothing runs: the policy in the page says so to the browser.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import resources
from typing import NamedTuple
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from clic_contracts.town import Town
from clic_contracts.vocabulary import Language

from .core import french
from .core.chart import bar_chart, column_chart, stack_chart
from .core.document import WITHHELD, ZONE, Document, written
from .core.figure import Comparison, Overview, QuarterBalance
from .core.french import shortened
from .core.label import Labels
from .core.language import FRENCH, Words, words
from .core.period import Quarter, Year, parse_period
from .core.table import Table, Unit
from .ledger import Publication

PAIRED_COLUMNS_MAX = 4
"""Tables of numbers without a chart and of at most so many columns stand two in a row."""
FORMATS = (
    ("pdf", "application/pdf", "PDF"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX"),
    ("csv", "application/zip", "CSV"),
    ("parquet", "application/zip", "Parquet"),
    ("json", "application/json", "JSON"),
)
"""What a report can be downloaded as: ending, media type, name."""


def _style() -> str:
    return resources.files("clic_reporting").joinpath("templates/style.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


STYLE = _style()
POLICY = _policy(STYLE)
"""Content-Security-Policy of every page: this style and nothing else."""


class Standing(NamedTuple):
    """Why the figures stand still; `detail` is for whoever operates, in English as the logs are."""

    text: str
    detail: str


class Link(NamedTuple):
    """A way to another page or format."""

    href: str
    text: str
    rel: str | None = None
    type: str | None = None
    lang: str | None = None


class Balance(NamedTuple):
    """A period's line on the front page; None: not published."""

    period: str
    received: int | None
    treated: int | None
    pending_at_end: int | None


def _exact(balance: QuarterBalance) -> Balance:
    return Balance(balance.period, balance.received, balance.treated, balance.pending_at_end)


def _told(publication: Publication) -> Balance:
    edition = publication.edition

    def value(field: str) -> int | None:
        name = f"{publication.period}/requests.{field}"
        if name in publication.standing:
            return publication.standing[name]
        return edition.figures.values.get(name) if name in edition.shown else None

    return Balance(publication.period, value("received"), value("treated"), value("pending_at_end"))


class Pages:
    """The pages of one town."""

    def __init__(self, town: Town) -> None:
        self.labels = {language: Labels(town, language) for language in Language}
        self._environment = Environment(
            loader=PackageLoader("clic_reporting"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals |= {"style": STYLE, "policy": POLICY}

    def front(
        self,
        overview: Overview,
        *,
        today: dt.date,
        links: Mapping[str, str],
        published: Mapping[str, Publication] | None = None,
        exact: bool = True,
        standing: str | None = None,
    ) -> str:
        """The front page, in French: every period, and where else to look. `standing`: why the figures stand still.

        Not `exact`: of each period in `published` what was published, and nothing else (POL-38).
        """
        labels = self.labels[Language.FR]
        published = published or {}
        rows = [_exact(each) for each in overview.quarters] if exact else [_told(each) for each in published.values()]
        years = {str(Quarter.parse(each.period).year) for each in overview.quarters} if exact else set(published)
        return self._template("front.html.j2", FRENCH).render(
            overview=overview,
            rows=[each for each in rows if len(each.period) > len("2026")],
            years=sorted((each for each in years if len(each) == len("2026")), reverse=True),
            exact=exact,
            links=links.items(),
            current=Quarter.of(today),
            notes=_standing(standing, FRENCH),
            locale=FRENCH.locale,
            town=labels.town,
            desk=labels.desk,
        )

    def missing(self, period: str) -> str:
        """The page of a report that is not published, in French."""
        labels = self.labels[Language.FR]
        return self._template("missing.html.j2", FRENCH).render(
            period=period.partition(".")[0], locale=FRENCH.locale, town=labels.town, desk=labels.desk
        )

    def report(self, document: Document, *, links: Sequence[Link] = (), standing: str | None = None) -> str:
        """The page of a period. `links`: where it is served beside others. Source: POL-31 to POL-37."""
        say = words(document.language)
        return self._template("report.html.j2", say).render(
            document=document,
            links=links,
            standing=_standing(standing, say),
            locale=document.locale,
            words=say,
        )

    def _template(self, name: str, say: Words) -> Template:
        environment = self._environment.overlay()
        environment.filters |= {
            "number": lambda value: WITHHELD if value is None else say.number(value),
            "day": say.day,
            "instant": lambda value: say.clock(value.astimezone(ZONE)),
            "shortened": shortened,
            "period": lambda period: french.name(parse_period(period)),
            "written": lambda cell, unit: written(cell, unit, say),
            "bar_chart": lambda table: bar_chart(table, say),
            "column_chart": lambda table: column_chart(table, say),
            "stack_chart": lambda table: stack_chart(table, say),
            "grouped": lambda tables: list(_grouped(tables)),
        }
        return environment.get_template(name)


def _standing(standing: str | None, say: Words) -> tuple[Standing, ...]:
    told = say(
        "Les chiffres ne sont pas mis à jour en ce moment et sont ceux de la position indiquée.",
        "The figures are not kept up to date at the moment and are those of the position shown.",
    )
    return () if standing is None else (Standing(told, standing),)


def _grouped(tables: Sequence[Table]) -> Iterator[tuple[Table, ...]]:
    """Small tables two by two, the others one by one."""
    waiting: Table | None = None
    for table in tables:
        small = (
            table.chart is None
            and len(table.columns) <= PAIRED_COLUMNS_MAX
            and all(column.unit is not Unit.TEXT for column in table.columns)
        )
        if waiting is not None:
            yield (waiting, table) if small else (waiting,)
            if not small:
                yield (table,)
            waiting = None
        elif small:
            waiting = table
        else:
            yield (table,)
    if waiting is not None:
        yield (waiting,)


def links_of(
    comparison: Comparison, language: Language, asked: Mapping[str, str], *, only: Collection[str] | None = None
) -> tuple[Link, ...]:
    """The pages and formats beside a report's page, as relative addresses.

    `asked`: the query that it was asked by. `only`: the periods that may be read; None: all.
    """
    say = words(language)
    period = parse_period(comparison.report.period)
    known = {each.period for each in comparison.quarters}
    years = {each[:4] for each in known}
    query = f"?{urlencode(asked)}" if asked else ""
    other = Language.EN if language is Language.FR else Language.FR
    switched = urlencode({**asked, "language": other})

    def there(each: Quarter | Year) -> bool:
        return str(each) in (known | years if only is None else only)

    beside = [
        *((each, "prev") for each in (period.previous,) if there(each)),
        *((each, "next") for each in (period.next,) if there(each)),
        *((each, None) for each in period.parts if there(each)),
        *((each, None) for each in ((Year(period.year),) if isinstance(period, Quarter) else ()) if there(each)),
    ]
    return (
        Link("../", say("Tous les rapports", "All reports")),
        *(Link(f"{each}{query}", say.name(each), rel) for each, rel in beside),
        *(Link(f"{period}.{ending}{query}", name, None, kind) for ending, kind, name in FORMATS),
        Link(f"{period}?{switched}", say("In English", "En français"), None, None, other),
    )
