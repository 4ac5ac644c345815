"""What a what-if found, on a terminal, as JSON or as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table

from clic_contracts.town import Town
from clic_contracts.town_text import Names
from clic_contracts.vocabulary import Language
from clic_deadlines.core.what_if import CONFIDENTIAL, Question
from clic_deadlines.core.what_if_row import Row, Side, rows_of, together

from .reading import Answer
from .words import WORDS, Words

SIDE = ("met", "late", "missed", "open", "lifted")
COLUMNS = (
    "department",
    "subject",
    "obligation",
    *(f"was_{each}" for each in SIDE),
    *(f"would_{each}" for each in SIDE),
)
VERSIONS_SHOWN_MAX = 3


def as_json(answer: Answer, question: Question) -> dict[str, Any]:
    """Everything that was found; of no request more than that it counts."""
    sums = answer.sums
    count_applied, differ_applied = sums.applied
    return {
        "from": question.first_on.isoformat(),
        "to": question.last_on.isoformat(),
        "as_of": question.now.isoformat(),
        "position": answer.position,
        "rules": question.town.version,
        "calendars": [each.version for each in question.town.calendars],
        "requests": sums.requests,
        "rows": [_flat(row) | {"differ": row.differ} for row in rows_of(sums, question.town)],
        "set_by_other_rules": [
            {"rules": version, "obligations": count, "differ": differ}
            for version, (count, differ) in sorted(sums.earlier.items())
        ],
        "moved_by_applied_calendar": {"obligations": count_applied, "differ": differ_applied},
    }


def as_csv(answer: Answer, question: Question) -> str:
    """A line for each department, subject and obligation."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_flat(row) for row in rows_of(answer.sums, question.town))
    return text.getvalue()


def _flat(row: Row) -> dict[str, Any]:
    obligation = row.obligation.value if row.obligation is not None else None
    sides = {
        f"{name}_{each}": getattr(side, each)
        for name, side in (("was", row.was), ("would", row.would))
        for each in SIDE
    }
    return {"department": row.department, "subject": row.subject, "obligation": obligation, **sides}


def show(console: Console, answer: Answer, question: Question, language: Language, *, every_subject: bool) -> None:
    """A table by department and subject, all obligations together, and what to know of it."""
    words, town = WORDS[language], question.town
    period = {"first": question.first_on, "last": question.last_on}
    rows = rows_of(answer.sums, town)
    if not rows:
        console.print(words.nothing.format(**period), highlight=False)
        return
    console.print(
        words.title.format(**period, requests=_number(answer.sums.requests, language)), style="bold", highlight=False
    )
    table, left_out = _table(rows, town, words, language, every_subject=every_subject)
    console.print(table)
    every = together(rows)
    total = sum(getattr(every.was, each) for each in SIDE)
    for line in (
        words.differ.format(differ=_number(every.differ, language), all=_number(total, language)),
        *_apart(answer, words, language),
        *([words.left_out.format(count=left_out)] if left_out else []),
        words.explained,
    ):
        console.print(line, highlight=False)


def _apart(answer: Answer, words: Words, language: Language) -> Iterator[str]:
    """What may differ for another reason than the rules that are asked about."""
    if earlier := answer.sums.earlier:
        names = sorted(earlier)
        shown = ", ".join(names[:VERSIONS_SHOWN_MAX]) + (", …" if len(names) > VERSIONS_SHOWN_MAX else "")
        count, differ = (sum(each[n] for each in earlier.values()) for n in (0, 1))
        yield words.earlier.format(versions=shown, count=_number(count, language), differ=_number(differ, language))
    count, differ = answer.sums.applied
    if count:
        yield words.applied.format(count=_number(count, language), differ=_number(differ, language))


def _table(
    rows: Iterable[Row], town: Town, words: Words, language: Language, *, every_subject: bool
) -> tuple[Table, int]:
    """The table, and how many subjects it leaves out because nothing of them would differ."""
    sides = [
        Column(f"{side}\n{what}", justify="right", no_wrap=True)
        for side in (words.was, words.would)
        for what in (words.met, words.late, words.missed, words.share)
    ]
    table = Table(
        Column(words.about, no_wrap=True, overflow="ellipsis", ratio=1),
        *sides,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        expand=True,
        show_edge=False,
    )
    every, left_out = list(rows), 0
    for department, group in groupby(every, key=lambda row: row.department):
        of_department = list(group)
        name = _name(town.department_by_code.get(department or ""), language) if department else words.nobody
        _add(table, name or str(department), together(of_department), language, style="bold")
        for subject, of_subject in groupby(of_department, key=lambda row: row.subject):
            row = together(of_subject)
            if row.differ or every_subject:
                _add(table, f"  {_subject(subject, town, words, language)}", row, language)
            else:
                left_out += 1
    table.add_section()
    _add(table, words.all, together(every), language, style="bold")
    return table, left_out


def _add(table: Table, name: str, row: Row, language: Language, style: str = "") -> None:
    table.add_row(name, *_cells(row.was, language), *_cells(row.would, language), style=style)


def _cells(side: Side, language: Language) -> Iterator[str]:
    yield from (_number(each, language) for each in (side.met, side.late, side.missed))
    yield "–" if side.on_time is None else f"{100 * side.on_time:.0f}"


def _subject(subject: str | None, town: Town, words: Words, language: Language) -> str:
    if subject is None:
        return words.unforeseen
    if subject == CONFIDENTIAL:
        return words.confidential
    return _name(town.subject_by_code.get(subject), language) or subject


def _name(configured: Any, language: Language) -> str:
    names: Names | None = getattr(configured, "name", None)
    if names is None:
        return ""
    return names.fr if language is Language.FR else names.en


def _number(number: int, language: Language) -> str:
    grouped = f"{number:,}"
    return grouped.replace(",", "\u202f") if language is Language.FR else grouped
