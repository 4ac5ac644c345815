"""The daily digest: what a department has before it, and what its head and the Direction générale are told.

Nothing personal: references, subjects and dates. A confidential request stands in the digest of its own role's
department alone; the Direction générale is told how many there are (POL-26, POL-29).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from clic_contracts.town import Town
from clic_contracts.town_time import EscalationStep
from clic_contracts.vocabulary import WINDOWS, DepartmentCode, Escalation, ObligationKind

from .docket_row import DocketRow
from .french import KINDS, NBSP, TO_DO, TOLD, clock, counted, day, weekday
from .moment import DAY, Moment
from .obligation import State

_BEGINS = frozenset(
    {ObligationKind.ACKNOWLEDGE, ObligationKind.JUDGE, ObligationKind.ANSWER, ObligationKind.DECIDE_ACCESS}
)
"""What begins with a request, or with its reopening."""


Tell = Callable[[DocketRow], tuple[str, ...]]
"""Of a row the limit in words, and notes to it."""


class Notice(StrEnum):
    """To whom a digest goes."""

    DEPARTMENT = "department"
    HEAD = "head"
    GENERAL_MANAGEMENT = "general_management"


class Topic(StrEnum):
    """What a section is about."""

    LATE = "late"
    DUE = "due"
    AT_RISK = "at_risk"
    WAITING = "waiting"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a section, in words."""

    reference: str
    about: str
    to_do: str
    due: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of one topic, most urgent first."""

    topic: Topic
    title: str
    lines: tuple[Line, ...]
    hidden: int = 0
    """Confidential ones, which are counted and not told."""

    @property
    def count(self) -> int:
        """How many there are, told or not."""
        return len(self.lines) + self.hidden


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told to somebody on a day."""

    notice: Notice
    department: DepartmentCode
    name: str
    """Of the department, in French."""
    today: dt.date
    sections: tuple[Section, ...]

    def count(self, topic: Topic) -> int:
        """How many there are of a topic."""
        return sum(each.count for each in self.sections if each.topic is topic)

    @property
    def is_empty(self) -> bool:
        """Nothing to tell: none is sent."""
        return not any(each.count for each in self.sections)


def digest(notice: Notice, code: DepartmentCode, rows: Sequence[DocketRow], town: Town, moment: Moment) -> Digest:
    """A digest out of all that is open in the town. For `general_management`, `code` is the department that is it."""
    sections = _Telling(town, moment).sections(notice, code, rows)
    return Digest(notice, code, town.department_by_code[code].name.fr, moment.today, sections)


def own(rows: Iterable[DocketRow], code: DepartmentCode) -> list[DocketRow]:
    """A department's rows; a confidential request is its role's, whoever it was given to (POL-26)."""
    return [row for row in rows if (row.confidential_to or row.department) == code]


def about(row: DocketRow, town: Town) -> str:
    """What a request is about, in French: its subject, or its kind where it has none."""
    subject = town.subject_by_code.get(row.subject or "")
    return subject.name.fr if subject is not None else KINDS[row.kind]


def reached(step: Escalation, last: Escalation | None, chain: Sequence[EscalationStep]) -> bool:
    """Whether somebody was told by the time that the chain came to `last`."""
    until = [*takewhile(lambda to: to is not last, (each.to for each in chain)), last]
    return last is not None and step in until


class _Telling:
    """Puts rows into sections and words."""

    def __init__(self, town: Town, moment: Moment) -> None:
        self.town = town
        self.moment = moment

    def sections(self, notice: Notice, code: DepartmentCode, rows: Sequence[DocketRow]) -> tuple[Section, ...]:
        """See `digest`."""
        match notice:
            case Notice.DEPARTMENT:
                return self._department(own(rows, code))
            case Notice.HEAD:
                return self._head(own(rows, code))
            case Notice.GENERAL_MANAGEMENT:
                return self._general_management(rows)

    # -- who is told what -----------------------------------------------------------------------------------------

    def _department(self, rows: Sequence[DocketRow]) -> tuple[Section, ...]:
        owed = [row for row in rows if row.obligation not in WINDOWS and row.state is not State.PAUSED]
        late = [row for row in owed if row.state is State.MISSED]
        running = [row for row in owed if row.state is not State.MISSED]
        soon = [row for row in running if row.due_prudent_on <= self.moment.next_on]
        at_risk = [row for row in running if row.state is State.AT_RISK and row not in soon]
        return (
            Section(Topic.LATE, "En retard", self._lines(late, self._late_and_told)),
            Section(Topic.DUE, f"À échéance {self._soon()}", self._lines(soon, self._due)),
            Section(Topic.AT_RISK, "À risque", self._lines(at_risk, self._at_risk)),
            Section(Topic.WAITING, "En attente du citoyen", self._waiting(rows)),
            Section(Topic.NEW, "Nouvelles ou rouvertes", self._new(rows)),
        )

    def _head(self, rows: Sequence[DocketRow]) -> tuple[Section, ...]:
        told = self._escalated(rows, Escalation.HEAD)
        return (Section(Topic.LATE, "Signalées à votre attention", self._lines(told, self._late_and_told)),)

    def _general_management(self, rows: Sequence[DocketRow]) -> tuple[Section, ...]:
        told = self._escalated(rows, Escalation.GENERAL_MANAGEMENT)
        sections = []
        for each in self.town.departments:
            mine = own(told, each.code)
            shown = [row for row in mine if row.confidential_to is None]
            if mine:
                lines = self._lines(shown, self._late)
                sections.append(Section(Topic.LATE, each.name.fr, lines, hidden=len(mine) - len(shown)))
        return tuple(sections)

    def _escalated(self, rows: Iterable[DocketRow], to: Escalation) -> list[DocketRow]:
        chain = self.town.deadlines.escalation
        return [row for row in rows if row.state is State.MISSED and reached(to, row.escalated_to, chain)]

    def _soon(self) -> str:
        tomorrow = self.moment.next_on == self.moment.today + DAY
        return "aujourd’hui et demain" if tomorrow else f"d’ici {weekday(self.moment.next_on)}"

    # -- lines ----------------------------------------------------------------------------------------------------

    def _lines(self, rows: Iterable[DocketRow], tell: Tell) -> tuple[Line, ...]:
        ordered = sorted(rows, key=lambda row: (row.due_at, row.reference, row.obligation_id))
        return tuple(self._line(row, TO_DO[row.obligation], *tell(row)) for row in ordered)

    def _line(self, row: DocketRow, to_do: str, due: str, *notes: str) -> Line:
        return Line(row.reference, about(row, self.town), to_do, due, tuple(filter(None, notes)))

    def _late(self, row: DocketRow) -> tuple[str, ...]:
        days = self.moment.business_days(row.due_strict_on, self.moment.today)
        by = f"depuis {counted(days, 'jour ouvrable', 'jours ouvrables')}" if days else "aujourd’hui"
        return f"{weekday(row.due_strict_on)}{self._hour(row)}", f"dépassée {by}"

    def _late_and_told(self, row: DocketRow) -> tuple[str, ...]:
        told = f"signalée à {TOLD[row.escalated_to]}" if row.escalated_to is not None else ""
        return (*self._late(row), told)

    def _due(self, row: DocketRow) -> tuple[str, ...]:
        ahead = (row.due_prudent_on - self.moment.today).days
        near = {0: "aujourd’hui", 1: "demain"}.get(ahead, weekday(row.due_prudent_on))
        return f"{near}{self._hour(row)}", self._strictly(row)

    def _at_risk(self, row: DocketRow) -> tuple[str, ...]:
        left = self.moment.business_days(self.moment.today, row.due_prudent_on)
        note = f"dans {counted(left, 'jour ouvrable', 'jours ouvrables')}"
        return f"{weekday(row.due_prudent_on)}{self._hour(row)}", note, self._strictly(row)

    def _waiting(self, rows: Iterable[DocketRow]) -> tuple[Line, ...]:
        """One line a request: what stands still, and until when the citizen may reply."""
        replies = {row.request_id: row for row in rows if row.obligation is ObligationKind.CITIZEN_REPLY}
        still = {row.request_id: row for row in rows if row.state is State.PAUSED}
        lines = []
        for request_id, row in sorted((replies | still).items(), key=lambda each: self._asked_at(each[1])):
            reply = replies.get(request_id)
            until = f"jusqu’au {weekday(reply.due_strict_on)}" if reply is not None else "–"
            asked_on = self.moment.calendar.day_of(self._asked_at(row))
            to_do = TO_DO[row.obligation] if request_id in still else TO_DO[ObligationKind.ANSWER]
            lines.append(self._line(row, to_do, until, f"demandé le {weekday(asked_on)}"))
        return tuple(lines)

    def _asked_at(self, row: DocketRow) -> dt.datetime:
        return row.paused_since or row.starts_at

    def _new(self, rows: Iterable[DocketRow]) -> tuple[Line, ...]:
        """One line a request that came in, or was reopened, since the digest before; by what is due last of it."""
        begun: dict[str, list[DocketRow]] = {}
        for row in rows:
            if row.obligation in _BEGINS:
                begun.setdefault(row.request_id, []).append(row)
        found = []
        for of_request in begun.values():
            first_at = min(row.starts_at for row in of_request)
            if self.moment.since <= first_at:
                found.append((first_at, max(of_request, key=lambda row: row.due_at)))
        return tuple(
            self._line(row, KINDS[row.kind], f"{weekday(row.due_prudent_on)}{self._hour(row)}", self._arrived(first_at))
            for first_at, row in sorted(found, key=lambda each: (each[0], each[1].reference))
        )

    def _arrived(self, instant: dt.datetime) -> str:
        local = self.moment.calendar.local(instant)
        return f"arrivée le {weekday(local.date())}, {clock(local.time())}"

    def _hour(self, row: DocketRow) -> str:
        """Of a limit that is no midnight."""
        local = self.moment.calendar.local(row.due_at)
        return "" if local.time() == dt.time() else f", {clock(local.time())}"

    def _strictly(self, row: DocketRow) -> str:
        """Where the law gives a day more than the desk works to."""
        if row.due_strict_on == row.due_prudent_on:
            return ""
        return f"limite stricte{NBSP}: {day(row.due_strict_on)}"
