"""What a report holds: its sections and their tables, of a period's figures and those that it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import BaseModel, ConfigDict

from .count_table import Series, code_table, counted_rows, series_of, share_cell, value_cell
from .delay_table import delay_tables
from .figure import Comparison
from .label import Labels, label
from .language import Words
from .period import Period, Quarter, parse_period
from .table import Cell, ChartForm, Column, Row, Table, Unit

TREND_QUARTERS = 8
"""Quarters in the trend: two years show a season twice."""
INDICATORS = (
    ("requests.first_line", "requests.received", "Demandes dont le CLIC se charge lui-même",
     "Requests that CLIC takes care of itself"),
    ("interactions.follow_ups_first_line", "interactions.follow_ups", "Suivis auxquels le CLIC a répondu sur-le-champ",
     "Follow-ups that CLIC answered on the spot"),
    ("interactions.follow_ups", "interactions.total", "Suivis et renseignements, sans nouvelle demande",
     "Follow-ups and information given, without a new request"),
    ("requests.to_direction_generale", "requests.by_kind.complaint", "Plaintes dirigées vers la Direction générale",
     "Complaints directed to the Direction générale"),
    ("requests.transfers", None, "Transferts d’un service à un autre", "Transfers from one department to another"),
    ("requests.reopenings", None, "Réouvertures", "Reopenings"),
    ("requests.unusual", "requests.received", "Demandes inusitées", "Unusual requests"),
    ("requests.confidential", "requests.received", "Demandes confidentielles, présentes ici par leur seul nombre",
     "Confidential requests, here as a count alone"),
)  # fmt: skip
"""Figure, of what it is a share, and its name in French and English. Source: POL-26, POL-33, POL-34, POL-36."""


class Section(BaseModel):
    """A part of the report under one heading."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    title: str
    lead: str | None = None
    tables: tuple[Table, ...] = ()
    texts: tuple[str, ...] = ()


def sections(comparison: Comparison, labels: Labels, words: Words) -> tuple[Section, ...]:
    """The report in its order. Source: POL-29, POL-31 to POL-37, POL-39."""
    build = _Content(comparison, labels, words)
    return tuple(each for each in build.sections() if each.tables or each.texts)


class _Content:
    def __init__(self, comparison: Comparison, labels: Labels, words: Words) -> None:
        self.comparison = comparison
        self.report = comparison.report
        self.labels = labels
        self.words = words
        self.period: Period = parse_period(self.report.period)
        self.series: tuple[Series, ...] = series_of(comparison, words)

    def sections(self) -> Iterator[Section]:
        """Each of them, those without anything to tell included."""
        say = self.words
        yield Section(
            key="bilan",
            title=say("Reçues, traitées, en attente", "Received, treated, pending"),
            tables=(self.balance(), *self.trend(), *self.ages()),
        )
        yield Section(
            key="recues",
            title=say("Les demandes reçues", "Requests received"),
            tables=(self.by_kind(), self.by_status(), self.by_channel()),
        )
        yield Section(
            key="interactions",
            title=say("Les interactions", "Interactions"),
            lead=say(
                "Chaque contact compte\u00a0: celui qui ouvre une demande, les relances, les renseignements donnés "
                "sans qu’une demande soit ouverte.",
                "Every contact counts: the one that opens a request, follow-ups, and information given without one.",
            ),
            tables=(self.interactions(),),
        )
        yield Section(
            key="services",
            title=say("Les services et les sujets", "Departments and subjects"),
            tables=(self.by_department(), *self.workload(), self.by_subject()),
        )
        yield Section(
            key="delais",
            title=say("Les délais", "Delays"),
            lead=say(
                "La Ville accuse réception avant la fin du jour ouvrable suivant, répond selon la norme du sujet et "
                "respecte la date convenue. Les délais se comptent en jours ouvrables depuis la réception.",
                "The town acknowledges receipt by the end of the next business day, answers by the subject’s standard "
                "and keeps an agreed date. Delays are counted in business days from reception.",
            ),
            tables=tuple(delay_tables(self.report, self.series, self.labels, self.words)),
        )
        yield Section(
            key="indicateurs",
            title=say("Première ligne, plaintes, transferts et réouvertures",
                      "First line, complaints, transfers and reopenings"),
            tables=(self.indicators(),),
        )  # fmt: skip
        yield Section(
            key="inusitees",
            title=say("Portrait des demandes inusitées", "Portrait of unusual requests"),
            lead=say(
                "Celles qu’aucune règle ni aucun sujet n’avait prévues.", "Those that no rule and no subject foresaw."
            ),
            tables=tuple(self.unusual()),
        )
        yield Section(
            key="satisfaction", title=say("La satisfaction", "Satisfaction"), tables=tuple(self.satisfaction())
        )
        yield Section(
            key="apprentissages",
            title=say("Ce que les échanges nous ont appris", "What the exchanges taught us"),
            texts=tuple(each.text for each in self.report.learnings),
        )

    def balance(self) -> Table:
        """Pending, received, treated, pending. Source: POL-32."""
        say = self.words
        rows = (
            ("requests.pending_at_start", say("En attente au début", "Pending at the start"), False),
            ("requests.received", say("Reçues", "Received"), False),
            ("requests.treated", say("Traitées", "Treated"), False),
            ("requests.pending_at_end", say("En attente à la fin", "Pending at the end"), True),
        )
        note = say(
            "Traitées\u00a0: fermées, refusées, retirées ou annulées dans la période, peu importe quand elles ont été "
            "reçues, moins les réouvertures. En attente au début + reçues \u2212 traitées = en attente à la fin.",
            "Treated: closed, refused, withdrawn or voided in the period, whenever received, less reopenings. "
            "Pending at the start + received \u2212 treated = pending at the end.",
        )
        return Table(
            key="balance",
            title=say("Le bilan", "The balance"),
            heading=say("Demandes", "Requests"),
            columns=counted_rows(self.series),
            rows=tuple(
                Row(
                    key=path.partition(".")[2],
                    title=title,
                    cells=tuple(value_cell(each.report, path) for each in self.series),
                    total=total,
                )
                for path, title, total in rows
            ),
            notes=(note,),
        )

    def trend(self) -> Iterator[Table]:
        """Quarter by quarter. Source: POL-32."""
        say = self.words
        last = str(self.period.parts[-1] if self.period.parts else self.period)
        shown = [each for each in self.comparison.quarters if each.period <= last][:TREND_QUARTERS][::-1]
        if len(shown) < 2:  # noqa: PLR2004 - one is no trend
            return
        fields = ("received", "treated", "pending_at_end")
        titles = (
            say("Reçues", "Received"),
            say("Traitées", "Treated"),
            say("En attente à la fin", "Pending at the end"),
        )
        yield Table(
            key="quarters",
            title=say("D’un trimestre à l’autre", "From quarter to quarter"),
            heading=say("Trimestre", "Quarter"),
            columns=tuple(
                Column(key=field, title=title, unit=Unit.COUNT, drawn=field != "pending_at_end")
                for field, title in zip(fields, titles, strict=True)
            ),
            rows=tuple(
                Row(
                    key=each.period,
                    title=say.short(Quarter.parse(each.period)),
                    cells=tuple(
                        Cell(value=getattr(each, field), name=f"{each.period}/requests.{field}") for field in fields
                    ),
                )
                for each in shown
            ),
            chart=ChartForm.COLUMNS,
        )

    def ages(self) -> Iterator[Table]:
        """What is pending at the end, by its month of reception. Source: POL-29."""
        say = self.words
        if self.report.requests.pending_at_end:
            yield code_table(
                "backlog_by_age",
                say("En attente à la fin, par mois de réception", "Pending at the end, by month of reception"),
                say("Reçues", "Received"),
                "requests.pending_by_age",
                "requests.pending_at_end",
                named=self.labels.ages.__getitem__,
                series=self.series,
                words=say,
                ordered=False,
            )

    def by_kind(self) -> Table:
        """Source: POL-01 to POL-04."""
        say = self.words
        return self._received(
            "by_kind", say("Par nature", "By kind"), say("Nature", "Kind"), lambda code: label(self.labels.kinds, code)
        )

    def by_status(self) -> Table:
        """What the requests received in the period became."""
        say = self.words
        return self._received(
            "by_status",
            say("Par état actuel", "By present status"),
            say("État", "Status"),
            lambda code: label(self.labels.statuses, code),
        )

    def by_channel(self) -> Table:
        """By the first contact."""
        say = self.words
        return self._received(
            "by_first_channel",
            say("Par canal du premier contact", "By channel of the first contact"),
            say("Canal", "Channel"),
            self._channel,
        )

    def by_department(self) -> Table:
        """Source: POL-35."""
        say = self.words
        return self._received(
            "by_department",
            say("Services vers lesquels les demandes sont dirigées", "Departments to which requests are directed"),
            say("Service", "Department"),
            self.labels.department,
        )

    def by_subject(self) -> Table:
        """Source: POL-35."""
        say = self.words
        return self._received(
            "by_subject", say("Principaux sujets", "Main subjects"), say("Sujet", "Subject"), self.labels.subject
        )

    def _received(self, field: str, title: str, heading: str, named: Callable[[str], str]) -> Table:
        return code_table(
            field, title, heading, f"requests.{field}", "requests.received",
            named=named, series=self.series, words=self.words,
        )  # fmt: skip

    def _channel(self, code: str) -> str:
        return label(self.labels.channels, code)

    def interactions(self) -> Table:
        """Contacts by channel. Source: POL-31."""
        say = self.words
        return code_table(
            "interactions",
            say("Interactions par canal", "Interactions by channel"),
            say("Canal", "Channel"),
            "interactions.by_channel",
            "interactions.total",
            named=self._channel,
            series=self.series,
            words=say,
        )

    def workload(self) -> Iterator[Table]:
        """What each department treated and has still to treat. Source: POL-29."""
        say, requests = self.words, self.report.requests
        codes = list(
            dict.fromkeys((*requests.by_department, *requests.treated_by_department, *requests.pending_by_department))
        )
        if not codes:
            return
        fields = ("by_department", "treated_by_department", "pending_by_department")
        totals = ("received", "treated", "pending_at_end")
        titles = (
            say("Reçues", "Received"),
            say("Traitées", "Treated"),
            say("En attente à la fin", "Pending at the end"),
        )
        yield Table(
            key="workload",
            title=say("Reçues, traitées et en attente par service", "Received, treated and pending by department"),
            heading=say("Service", "Department"),
            columns=tuple(
                Column(key=total, title=title, unit=Unit.COUNT) for total, title in zip(totals, titles, strict=True)
            ),
            rows=(
                *(
                    Row(
                        key=code,
                        title=self.labels.department(code),
                        cells=tuple(value_cell(self.report, f"requests.{field}.{code}") for field in fields),
                    )
                    for code in codes
                ),
                Row(
                    key="total",
                    title="Total",
                    cells=tuple(value_cell(self.report, f"requests.{total}") for total in totals),
                    total=True,
                ),
            ),
        )

    def indicators(self) -> Table:
        """First line, complaints, transfers, reopenings. Source: POL-26, POL-33 to POL-36."""
        say = self.words
        columns = [*counted_rows(self.series)]
        place = next(index for index, each in enumerate(self.series) if each.now) + 1
        columns.insert(place, Column(key="share", title=say("Part", "Share"), unit=Unit.SHARE))
        rows = []
        for path, whole, fr, en in INDICATORS:
            cells = [value_cell(each.report, path) for each in self.series]
            cells.insert(place, share_cell(self.report, path, whole) if whole else Cell(value=None))
            rows.append(Row(key=path.partition(".")[2], title=say(fr, en), cells=tuple(cells)))
        note = say(
            "Part des demandes reçues; des suivis pour ceux qui ont eu réponse sur-le-champ, de toutes les "
            "interactions pour les suivis, de toutes les plaintes pour les plaintes.",
            "Share of the requests received; of all follow-ups for those answered on the spot, of all interactions for "
            "follow-ups, of all complaints for complaints.",
        )
        return Table(
            key="indicators",
            title=say("Indicateurs", "Indicators"),
            heading=say("Indicateur", "Indicator"),
            columns=tuple(columns),
            rows=tuple(rows),
            notes=(note,),
        )  # fmt: skip

    def unusual(self) -> Iterator[Table]:
        """The unusual requests without anything personal. Source: POL-36."""
        if not self.report.requests.unusual:
            return
        say = self.words
        for field, title, heading, name in (
            ("by_kind", say("Inusitées, par nature", "Unusual, by kind"), say("Nature", "Kind"),
             lambda code: label(self.labels.kinds, code)),
            ("by_channel", say("Inusitées, par canal", "Unusual, by channel"), say("Canal", "Channel"), self._channel),
            ("by_department", say("Inusitées, par service", "Unusual, by department"), say("Service", "Department"),
             self.labels.department),
        ):  # fmt: skip
            yield code_table(
                f"unusual_{field}", title, heading, f"requests.unusual_{field}", "requests.unusual",
                named=name, series=self.series, words=say, chart=None,
            )  # fmt: skip

    def satisfaction(self) -> Iterator[Table]:
        """Ratings given after closing. Source: POL-39."""
        say = self.words
        if self.report.satisfaction.total:
            yield code_table(
                "satisfaction",
                say("Satisfaction, de 1 à 5", "Satisfaction, from 1 to 5"),
                say("Note", "Rating"),
                "satisfaction.by_rating",
                "satisfaction.total",
                named=str,
                series=self.series,
                words=say,
                ordered=False,
            )
