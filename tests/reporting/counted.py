"""Eleven quarters of an invented town as counts, for tests of documents that need no database."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from random import Random
from typing import Any

from tests.reporting.projected import town

from clic_contracts.vocabulary import Channel, Kind, Language
from clic_reporting.core.counting import Counted, balances, report_of
from clic_reporting.core.document import Document, document
from clic_reporting.core.figure import Comparison, Versions
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words
from clic_reporting.core.period import Quarter, parse_period

QUARTERS = [f"{year}-Q{number}" for year in (2024, 2025, 2026) for number in (1, 2, 3, 4)][:11]
KNOWN_AT = dt.datetime(2026, 10, 15, 13, 5, tzinfo=dt.UTC)
VERSIONS = Versions(
    definition="3b1d0c9e8a7f", indicators="77aa01bc9f3e", town="0123456789ab", log="CLIC_LOG 2024-01-01T00:00:00+00:00"
)
LEARNINGS = [
    {
        "period": "2026-Q2",
        "text": "Les appels sur la collecte des résidus verts augmentent dès la première tonte\u00a0: le calendrier "
        "gagnerait à être rappelé à la fin d’avril.",
    },
    {
        "period": "2026-Q2",
        "text": "Plusieurs personnes croient que la patinoire relève de l’école\u00a0: la page des loisirs le dit "
        "maintenant.",
    },
]


_FEW_OWED = {
    Kind.ACCESS_TO_INFORMATION.value: (("decide_access", "met"), ("notify_third_party", "met")),
    Kind.COMPLAINT.value: (("judge", "met"),),
}
"""What is owed on kinds of which there are few, so that it is few as well."""


class _Rows(dict[str, Counter[tuple[Any, ...]]]):
    def add(self, name: str, *key: Any) -> None:
        self.setdefault(name, Counter())[key] += 1

    def rows(self, name: str, *columns: str, count: str = "requests") -> list[dict[str, Any]]:
        return [dict(zip((*columns, count), (*key, n), strict=True)) for key, n in self.get(name, Counter()).items()]


@cache
def counted(seed: int = 1, *, requests: int = 300) -> Counted:
    """Counts of about so many requests a quarter; the same for the same seed."""
    chance, rows = Random(seed), _Rows()
    for index, quarter in enumerate(QUARTERS):
        for _ in range(requests + chance.randrange(requests // 4) + requests * index // 30):
            _request(chance, rows, index, quarter)
    return Counted(
        received=rows.rows("received", "quarter", "by", "code"),
        movements=rows.rows("moved", "quarter", "received_month", "department", "movement", "assumed"),
        interactions=[
            {
                "quarter": quarter, "channel": channel, "interactions": count, "follow_ups": count * follow_up,
                "follow_ups_first_line": count * answered,
            }
            for (quarter, channel, follow_up, answered), count in rows["contact"].items()
        ],
        obligations=rows.rows(
            "owed", "due_then", "due_quarter", "received_then", "received_quarter", "department", "obligation", "state",
            "met_assumed", count="obligations",
        ),
        delays=rows.rows("delay", "quarter", "department", "measure", "business_days"),
        transfers=[{"quarter": each, "requests": 12 + chance.randrange(9)} for each in QUARTERS],
        ratings=[
            {"quarter": each, "rating": str(rating), "requests": 3 * rating + chance.randrange(4)}
            for each in QUARTERS
            for rating in range(1, 6)
        ],
        learnings=LEARNINGS,
        position=48_213,
        known_at=KNOWN_AT,
        versions=VERSIONS,
    )  # fmt: skip


def _request(chance: Random, rows: _Rows, index: int, quarter: str) -> None:
    subjects = [(each.code, each.department) for each in town().subjects if each.department]
    subject, department = chance.choices(subjects, [1 / (n + 1) for n in range(len(subjects))])[0]
    kind = chance.choices(list(Kind), [60, 25, 8, 3, 3, 2])[0].value
    channel = chance.choices(list(Channel), [30, 5, 25, 6, 3, 8, 2, 1, 12, 6, 1, 3, 1])[0].value
    subject = "(none)" if chance.random() < 0.02 else subject
    if kind == Kind.COMPLAINT and chance.random() < 0.3:
        department = "direction_generale"
    status = chance.choices(["closed", "refused", "withdrawn", "voided", "open", "reopened"], [85, 4, 2, 1, 6, 2])[0]
    of = {"kind": kind, "status": status, "first_channel": channel, "department": department, "subject": subject}
    flags = {
        "first_line": department == "clic",
        "unusual": chance.random() < 0.03,
        "confidential": kind == Kind.ACCESS_TO_INFORMATION,
        "backlog": index < 2,
        "to_direction_generale": kind == Kind.COMPLAINT and department == "direction_generale",
    }
    for by, code in (*of.items(), *(("flag", flag) for flag, on in flags.items() if on)):
        rows.add("received", quarter, by, code)
    if flags["unusual"]:
        for by, code in (("unusual_kind", kind), ("unusual_channel", channel), ("unusual_department", department)):
            rows.add("received", quarter, by, code)
    month = chance.choice(Quarter.parse(quarter).months)
    rows.add("moved", quarter, month, department, "received", 0)
    rows.add("contact", quarter, channel, 0, 0)
    if chance.random() < 0.3:
        rows.add("contact", quarter, channel, 1, int(chance.random() < 0.5))
    if chance.random() < 0.93:
        _treatment(chance, rows, QUARTERS[min(index + (chance.random() < 0.15), len(QUARTERS) - 1)], month, department)
    for obligation in ("acknowledge", "answer"):
        state = chance.choices(["met", "late", "missed", "open", "overdue", "lifted"], [80, 8, 3, 5, 2, 2])[0]
        assumed = state == "met" and chance.random() < 0.05
        rows.add("owed", 1, quarter, 1, quarter, department, obligation, state, assumed)
    for obligation, state in _FEW_OWED.get(kind, ()):
        rows.add("owed", 1, quarter, 1, quarter, department, obligation, state, 0)


def _treatment(chance: Random, rows: _Rows, quarter: str, month: dt.date, department: str) -> None:
    days = int(chance.expovariate(0.12))
    rows.add("moved", quarter, month, department, "treated", 0)
    rows.add("delay", quarter, department, "treated", days)
    rows.add("delay", quarter, department, "answered", max(0, days - 2))
    rows.add("delay", quarter, department, "acknowledged", chance.choices([0, 1, 2, 3], [50, 40, 7, 3])[0])
    if chance.random() < 0.02:
        rows.add("moved", quarter, month, department, "reopened", 0)


def comparison(period: str, of: Counted) -> Comparison:
    """A period's report with those beside it."""
    asked = parse_period(period)
    return Comparison(
        report=report_of(asked, of),
        before=report_of(asked.previous, of),
        year_before=report_of(asked.year_before, of),
        parts=tuple(report_of(each, of) for each in asked.parts),
        quarters=balances(of),
    )


def internal(of: Comparison, language: Language = Language.FR) -> Document:
    """The internal edition of a report."""
    return document(of, Labels(town(), language), words(language))
