"""The pages that people read, in French: one for a quarter, and one in front. Each is a file of its own.

Nothing is loaded from elsewhere and nothing runs: the policy in the page says so to the browser.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from clic_contracts.town import Town

from .core.chart import quarter_charts, quarter_stacks, told_stacks, trend
from .core.figure import Comparison, Overview, Report
from .core.french import NBSP, counted, day, number, share, shortened
from .core.highlight import highlights
from .core.label import KINDS, Labels, label
from .core.period import Quarter

TREND_QUARTERS = 8
"""Quarters in the trend: two years show a season twice."""
ZONE = ZoneInfo("America/Toronto")


def _style() -> str:
    return resources.files("clic_reporting").joinpath("templates/style.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


STYLE = _style()
POLICY = _policy(STYLE)
"""Content-Security-Policy of every page: this style and nothing else."""


class Pages:
    """The pages of one town."""

    def __init__(self, town: Town) -> None:
        self._labels = Labels(town)
        self._environment = Environment(
            loader=PackageLoader("clic_reporting"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= {
            "number": number,
            "share": share,
            "day": day,
            "instant": _instant,
            "shortened": shortened,
            "kind": lambda code: label(KINDS, code),
            "quarter": lambda period: Quarter.parse(period).name_fr,
        }
        self._environment.globals |= {
            "style": STYLE,
            "policy": POLICY,
            "town": self._labels.town,
            "desk": self._labels.desk,
        }

    def front(
        self, overview: Overview, *, today: dt.date, links: Mapping[str, str], standing: str | None = None
    ) -> str:
        """The front page: every quarter, and where else to look. `standing` says why the figures stand still."""
        return self._environment.get_template("front.html.j2").render(
            overview=overview,
            links=links.items(),
            current=Quarter.of(today),
            notes=_standing(standing),
        )

    def quarter(
        self, comparison: Comparison, *, today: dt.date, linked: bool = False, standing: str | None = None
    ) -> str:
        """A quarter's page. `linked`: it is served beside the others, and may point to them. Source: POL-31 to POL-36.

        `today` only tells whether the quarter is over.
        """
        report = comparison.report
        quarter = Quarter.parse(report.period)
        *stacks, total = quarter_stacks(report)
        return self._environment.get_template("quarter.html.j2").render(
            comparison=comparison,
            report=report,
            quarter=quarter,
            last_on=quarter.last_on,
            before_name=f"T{quarter.previous.number}{NBSP}{quarter.previous.year}",
            linked=linked,
            notes=(*_standing(standing), *provisional(quarter, today)),
            highlights=highlights(comparison, self._labels, complete=today >= quarter.next_on),
            treated_note=_treated(report),
            trend=trend(_latest(comparison, quarter)),
            charts=quarter_charts(comparison, self._labels),
            stacks_rows=stacks,
            stacks_description=told_stacks(stacks),
            stacks_total=total,
            assumed=tuple(_assumed(report)),
        )


def _instant(value: dt.datetime) -> str:
    """« 1er avril 2022 à 9 h 05 »."""
    local = value.astimezone(ZONE)
    return f"{day(local.date())} à {local.hour}{NBSP}h{NBSP}{local.minute:02d}"


def _latest(comparison: Comparison, quarter: Quarter) -> list[Any]:
    """The quarters up to this one, the oldest first, `TREND_QUARTERS` at most."""
    until = [each for each in comparison.quarters if each.period <= str(quarter)]
    return until[:TREND_QUARTERS][::-1]


class Note(NamedTuple):
    """What a reader has to know first; `detail` is for whoever operates, in English as the logs are."""

    text: str
    detail: str | None = None


def _standing(standing: str | None) -> tuple[Note, ...]:
    told = "Les chiffres ne sont pas mis à jour en ce moment et sont ceux de la position indiquée."
    return () if standing is None else (Note(told, standing),)


def provisional(quarter: Quarter, today: dt.date) -> Iterator[Note]:
    """What has to be known of a quarter that is not over."""
    if today < quarter.first_on:
        yield Note("Ce trimestre n’a pas encore commencé.")
    elif today < quarter.next_on:
        yield Note(f"Trimestre en cours{NBSP}: les chiffres sont provisoires et vont jusqu’au {day(today)}.")


def _treated(report: Report) -> str:
    """What « traitées » means, and how many reopenings it is net of."""
    what = (
        f"Traitées{NBSP}: fermées, refusées, retirées ou annulées dans le trimestre, peu importe quand elles ont été "
        "reçues"
    )
    reopenings = report.requests.reopenings
    return f"{what}, moins {counted(reopenings, 'réouverture', 'réouvertures')}." if reopenings else f"{what}."


def _assumed(report: Report) -> Iterator[str]:
    """What nobody recorded and had to be assumed; older systems' records lack many a date."""
    assumed, backlog = report.assumed, report.requests.backlog
    if backlog:
        taken = "ont été reprises" if backlog > 1 else "a été reprise"
        yield f"{counted(backlog, 'demande', 'demandes')} {taken} des dossiers d’un système antérieur."
    if assumed.outcomes:
        yield (
            f"Pour {counted(assumed.outcomes, 'demande reçue', 'demandes reçues')} dans le trimestre, aucun dossier ne "
            f"dit de quand date l’état actuel{NBSP}: on suppose que c’est l’instant de la création."
        )
    if assumed.treatments:
        yield (
            f"Parmi les traitements et réouvertures comptés dans le trimestre, {number(assumed.treatments)} le sont à "
            "une date supposée."
        )
    if assumed.obligations:
        yield (
            f"{counted(assumed.obligations, 'obligation', 'obligations')} de ces demandes "
            f"{'sont comptées' if assumed.obligations > 1 else 'est comptée'} comme tenues à une date supposée; elles "
            "ne mesurent aucun délai et n’entrent pas dans la part tenue à temps."
        )
