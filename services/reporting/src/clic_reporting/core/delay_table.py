"""Tables of delays and due dates: what was kept in time, and how many business days it took. Source: POL-29."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from .count_table import Series, name, value_cell
from .figure import ObligationCounts, Report
from .label import Labels, label
from .language import Words
from .table import Cell, ChartForm, Column, Row, Table, Unit

DUE = (
    ("kept", "Tenues à temps", "Kept in time", True),
    ("kept_late", "Tenues en retard", "Kept late", True),
    ("kept_assumed", "Date supposée", "Date assumed", True),
    ("missed", "Non tenues", "Missed", True),
    ("overdue", "En retard, encore à tenir", "Overdue", True),
    ("waiting", "Encore à tenir", "Not yet due", True),
    ("lifted", "Levées", "Lifted", False),
)
"""What can come of an obligation: field, French, English, and whether it is drawn (lifted ones bind nobody)."""


def _due_table(
    report: Report,
    by: str,
    named: Callable[[str], str],
    words: Words,
    *,
    key: str,
    title: str,
    heading: str,
    chart: ChartForm | None = None,
) -> Table:
    """What came of obligations, by `by_kind` or `by_department`, with the share kept in time. Source: POL-29."""
    groups: Mapping[str, ObligationCounts] = getattr(report.due, by)
    empty = {
        field for field, *_ in DUE if field in ("kept_assumed", "overdue", "waiting") and not getattr(report.due, field)
    }
    shown = [each for each in DUE if each[0] not in empty]

    def row(of: str, counts: ObligationCounts, code: str, told: str, *, whole: bool = False) -> Row:
        cells = [value_cell(report, f"{of}.{field}") for field, *_ in shown]
        measured = tuple(name(report, f"{of}.{field}") for field in ("kept", "kept_late", "missed", "overdue"))
        rate = counts.kept / counts.measured if counts.measured else None
        return Row(key=code, title=told, cells=(*cells, Cell(value=rate, of=measured)), total=whole)

    return Table(
        key=key,
        title=title,
        heading=heading,
        columns=(
            *(Column(key=field, title=words(fr, en), unit=Unit.COUNT, drawn=drawn) for field, fr, en, drawn in shown),
            Column(key="on_time", title=words("Part à temps", "On time"), unit=Unit.SHARE),
        ),
        rows=(
            *(row(f"due.{by}.{code}", counts, code, named(code)) for code, counts in groups.items()),
            row("due", report.due, "total", "Total", whole=True),
        ),
        notes=(
            words(
                "Part à temps\u00a0: tenues à temps, sur toutes celles dont l’issue est mesurée; celles qui sont en "
                "retard et encore à tenir comptent contre elle. Les levées ne lient plus personne.",
                "On time: kept in time, of all whose outcome is measured; those overdue and still open count against "
                "it. Lifted ones bind nobody any more.",
            ),
        ),
        chart=chart,
    )


def delay_tables(report: Report, series: Sequence[Series], labels: Labels, words: Words) -> Iterator[Table]:
    """Due dates by kind and by department, then delays, likewise."""
    yield from _due(report, labels, words)
    yield from _delays(report, series, labels, words)
    yield from _department_delays(report, labels, words)


def _due(report: Report, labels: Labels, say: Words) -> Iterator[Table]:
    """What came of the obligations due in the period. Source: POL-29."""
    if report.due.total:
        yield _due_table(
            report,
            "by_kind",
            lambda code: label(labels.obligations, code),
            say,
            key="due",
            title=say("Les obligations échues dans la période", "Obligations due in the period"),
            heading=say("Obligation", "Obligation"),
            chart=ChartForm.STACKS,
        )
        yield _due_table(
            report,
            "by_department",
            labels.department,
            say,
            key="due_by_department",
            title=say("Obligations échues, par service", "Obligations due, by department"),
            heading=say("Service", "Department"),
        )


def _delays(report: Report, series: Sequence[Series], labels: Labels, say: Words) -> Iterator[Table]:
    """Median and ninetieth percentile, beside those of the other periods. Source: POL-29."""
    if not report.delays.by_measure:
        return
    year = any(each.key == "q1" for each in series)
    columns = [Column(key="requests", title=say("Demandes", "Requests"), unit=Unit.COUNT)]
    for each in series:
        suffix = "" if each.now else f"_{each.key}"
        columns.append(
            Column(key=f"median{suffix}", title=say(f"Médiane {each.title}", f"Median {each.title}"),
                   unit=Unit.BUSINESS_DAYS)
        )  # fmt: skip
        if not year or each.now:
            columns.append(
                Column(
                    key=f"p90{suffix}",
                    title=say(f"90\u00a0% en {each.title}", f"90% in {each.title}"),
                    unit=Unit.BUSINESS_DAYS,
                )
            )
    rows = []
    for measure in report.delays.by_measure:
        cells = [value_cell(report, f"delays.by_measure.{measure}.requests")]
        for each in series:
            cells.append(_days(each.report, f"by_measure.{measure}", "median_days"))
            if not year or each.now:
                cells.append(_days(each.report, f"by_measure.{measure}", "p90_days"))
        rows.append(Row(key=measure, title=label(labels.measures, measure), cells=tuple(cells)))
    yield Table(
        key="delays",
        title=say("Délais en jours ouvrables", "Delays in business days"),
        heading=say("De la réception à", "From reception to"),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            say(
                "Médiane\u00a0: la moitié des demandes a pris au plus ce nombre de jours ouvrables; "
                "«\u00a090\u00a0%\u00a0»\u00a0: neuf sur dix. Le jour même compte pour 0.",
                "Median: half of the requests took at most that many business days; “90%”: nine out of ten. "
                "The same day counts as 0.",
            ),
        ),
    )


def _department_delays(report: Report, labels: Labels, say: Words) -> Iterator[Table]:
    """The same by department. Source: POL-29."""
    delays = report.delays.by_department
    if not delays:
        return
    measures = ("answered", "treated")
    columns = [
        Column(key=f"{measure}_{field}", title=f"{label(labels.measures, measure)}{say.colon} {title}", unit=unit)
        for measure in measures
        for field, title, unit in (
            ("requests", say("nombre", "number"), Unit.COUNT),
            ("median", say("médiane", "median"), Unit.BUSINESS_DAYS),
            ("p90", say("90\u00a0%", "90%"), Unit.BUSINESS_DAYS),
        )
    ]
    rows = tuple(
        Row(
            key=code,
            title=labels.department(code),
            cells=tuple(
                cell
                for measure in measures
                for cell in (
                    value_cell(report, f"delays.by_department.{code}.{measure}.requests"),
                    _days(report, f"by_department.{code}.{measure}", "median_days"),
                    _days(report, f"by_department.{code}.{measure}", "p90_days"),
                )
            ),
        )
        for code in delays
    )
    yield Table(
        key="delays_by_department",
        title=say("Délais par service, en jours ouvrables", "Delays by department, in business days"),
        heading=say("Service", "Department"),
        columns=tuple(columns),
        rows=rows,
    )


def _days(report: Report, place: str, field: str) -> Cell:
    return value_cell(report, f"delays.{place}.{field}", of=(f"delays.{place}.requests",))
