"""The words of `clic due`, French first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from clic_contracts.town_text import Names
from clic_contracts.vocabulary import Escalation, Kind, Language, ObligationKind
from clic_deadlines.core import english, french

_HOURS_MAX = 48
"""A span is told in hours up to so many, then in days."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Words:
    """What a table says, in one language."""

    language: Language
    limit: str
    months: tuple[str, ...]
    request: str
    to_do: str
    subject: str
    late: str
    left: str
    nobody: str
    nothing: str
    hint: str
    sections: Mapping[str, str]
    things: Mapping[ObligationKind, str]
    kinds: Mapping[Kind, str]
    told: Mapping[Escalation, str]

    def section(self, state: str, until: dt.date, count: int, *, has_more: bool) -> str:
        """A section's title with its count."""
        day = french.full_day(until) if self.language is Language.FR else english.full_day(until)
        more = f" {'et plus' if self.language is Language.FR else 'and more'}" if has_more else ""
        return f"{self.sections[state].format(until=day)} ({count}{more})"

    def limit_of(self, due_at: dt.datetime, prudent_on: dt.date, today: dt.date) -> str:
        """The day that the desk works to, with its hour where the limit is one: « 9 juill. 11 h 03 », “Jul 9, 2025”."""
        is_hour = due_at.time() != dt.time()
        on = due_at.date() if is_hour else prudent_on
        year, month = "" if on.year == today.year else str(on.year), self.months[on.month - 1]
        if self.language is Language.FR:
            said = (str(on.day), month, year, french.clock(due_at.time()) if is_hour else "")
            return " ".join(filter(None, said))
        day = f"{month} {on.day}"
        return " ".join(
            filter(None, (f"{day}, {year}" if year else day, english.clock(due_at.time()) if is_hour else ""))
        )

    def what(self, obligation: str) -> str:
        """What somebody has to do."""
        return self.things[ObligationKind(obligation)]

    def kind(self, kind: str) -> str:
        """What a request without a subject is."""
        return self.kinds[Kind(kind)]

    def name(self, names: Names) -> str:
        """A name of the town's configuration."""
        return names.fr if self.language is Language.FR else names.en

    def span(self, span: dt.timedelta, escalated_to: str | None) -> str:
        """`3 h`, `5 j`, `5 j → DG`: whole ones, downwards, and who further up knows of it."""
        hours = int(span.total_seconds() // 3600)
        if hours < _HOURS_MAX:
            said = f"{hours} h" if hours else f"{int(span.total_seconds() // 60)} min"
        else:
            said = f"{span.days} {'j' if self.language is Language.FR else 'd'}"
        return said if escalated_to is None else f"{said} → {self.told[Escalation(escalated_to)]}"


WORDS: Mapping[Language, Words] = {
    Language.FR: Words(
        language=Language.FR,
        limit="échéance",
        months=(
            "janv.",
            "févr.",
            "mars",
            "avr.",
            "mai",
            "juin",
            "juill.",
            "août",
            "sept.",
            "oct.",
            "nov.",
            "déc.",
        ),
        request="demande",
        to_do="à faire",
        subject="objet",
        late="retard",
        left="reste",
        nobody="Sans service",
        nothing="Rien n’est dû.",
        hint="`clic due --explain DEMANDE` explique une échéance.",
        sections={"missed": "En retard", "at_risk": "À risque", "running": "À échéance avant le {until}"},
        things=french.TO_DO,
        kinds=french.KINDS,
        told={
            Escalation.PERSON: "resp.",
            Escalation.HEAD: "dir.",
            Escalation.GENERAL_MANAGEMENT: "DG",
        },
    ),
    Language.EN: Words(
        language=Language.EN,
        limit="due",
        months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        request="request",
        to_do="to do",
        subject="about",
        late="late by",
        left="left",
        nobody="No department",
        nothing="Nothing is due.",
        hint="`clic due --explain REQUEST` explains a limit.",
        sections={"missed": "Late", "at_risk": "At risk", "running": "Due before {until}"},
        things={
            ObligationKind.ACKNOWLEDGE: "Acknowledge",
            ObligationKind.ANSWER: "Answer",
            ObligationKind.PROMISE: "Keep the agreed date",
            ObligationKind.DECIDE_ACCESS: "Decide on access",
            ObligationKind.JUDGE: "Judge whether admissible",
            ObligationKind.OUTSIDE_WORK: "Follow up outside work",
            ObligationKind.NOTIFY_THIRD_PARTY: "Notify a third party",
            ObligationKind.THIRD_PARTY_RESPONSE: "Third party's time",
            ObligationKind.REVIEW_WINDOW: "Time to ask for a review",
            ObligationKind.CITIZEN_REPLY: "Citizen's time to reply",
        },
        kinds={
            Kind.REQUEST: "Request",
            Kind.REPORT: "Report",
            Kind.COMPLAINT: "Complaint",
            Kind.COMMENT: "Comment",
            Kind.SUGGESTION: "Suggestion",
            Kind.ACCESS_TO_INFORMATION: "Access request",
        },
        told={
            Escalation.PERSON: "person",
            Escalation.HEAD: "head",
            Escalation.GENERAL_MANAGEMENT: "mgmt",
        },
    ),
}
