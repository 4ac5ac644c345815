"""`clic due`: what each department owes, soonest limit first, and any limit explained in words (POL-29, POL-32)."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language

from .desk_api import DeskApi
from .due_words import WORDS, Words
from .told import told
from .town import town_dir

SERVICE = "deadlines"
AGENT = "agent"
SOON_DAYS = 7
PAGE_ROWS = 200
SHOWN_MAX = 1_000
"""Rows of one section; where there are more, it says so."""
WIDTH_PIPED = 80
WIDE = 110
TO_DO_WIDTH = 17
"""« Accuser réception »: what is longer takes a second line where the terminal is not `WIDE`."""
INDENT = 2
_OPEN = ("running", "at_risk", "paused", "missed")
_DAY = dt.timedelta(days=1)
_FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
_REFERENCE = re.compile(r"[0-9]{4}-[0-9]{6,}")
_STYLES = {"missed": "red", "at_risk": "yellow", "running": ""}


def due(
    *,
    department: Annotated[str | None, typer.Option(help="Of this department alone.", show_default=False)] = None,
    subject: Annotated[str | None, typer.Option(help="About this subject alone.", show_default=False)] = None,
    late: Annotated[bool, typer.Option("--late", help="Only what is late.")] = False,
    at_risk: Annotated[bool, typer.Option("--at-risk", help="Only what is at risk.")] = False,
    before: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help=f"Limits before this day; else within {SOON_DAYS} days."),
    ] = None,
    explain: Annotated[
        str | None, typer.Option(help="Explain what is owed on a request: its reference or id.", show_default=False)
    ] = None,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.FR,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    agent: Annotated[str, typer.Option("--as", help="As whom: agent or reviewer.")] = AGENT,
) -> None:
    """List what is late, at risk and due; or explain a request's limits in words that a citizen understands.

    What is late and at risk is listed whatever its limit; `--before` bounds the rest. What is paused is due at no date.
    """
    with told():
        api = DeskApi.of_folder(agent, SERVICE)
        town = read_town(town_dir())
        if explain is not None:
            _explain(api, explain, language, as_json=as_json)
            return
        _check(town, department, subject)
        zone = ZoneInfo(town.calendar.timezone)
        now = dt.datetime.now(zone)
        until = before.replace(tzinfo=zone) if before else now + SOON_DAYS * _DAY
        asked = {"department": department, "subject": subject}
        sections = {
            state: _rows(api, {**asked, "state": state, "before": (until if state == "running" else _FAR).isoformat()})
            for state in _wanted(late=late, at_risk=at_risk)
        }
        if as_json:
            for section in sections.values():
                for row in section.rows:
                    typer.echo(json.dumps(row, ensure_ascii=False))
            return
        _show(sections, _Look(WORDS[language], town, zone, now, until))


def _wanted(*, late: bool, at_risk: bool) -> tuple[str, ...]:
    some = tuple(state for state, wanted in (("missed", late), ("at_risk", at_risk)) if wanted)
    return some or ("missed", "at_risk", "running")


def _check(town: Town, department: str | None, subject: str | None) -> None:
    """An unknown code would look like nothing being due."""
    if department is not None and department not in town.department_by_code:
        raise ClicError(f"no department {department}; there are: {', '.join(sorted(town.department_by_code))}")
    if subject is not None and subject not in town.subject_by_code:
        raise ClicError(f"no subject {subject}; `clic town check` says where they stand")


@dataclass(frozen=True, slots=True)
class _Section:
    """What is in one state."""

    rows: list[dict[str, Any]]
    has_more: bool


def _rows(api: DeskApi, asked: dict[str, str | None]) -> _Section:
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        said = {**asked, "limit": str(PAGE_ROWS), "after": after}
        page = api.ask("/due?" + urlencode({name: value for name, value in said.items() if value is not None}))
        rows += page["obligations"]
        after = page["after"]
        if after is None or len(rows) >= SHOWN_MAX:
            return _Section(rows[:SHOWN_MAX], after is not None or len(rows) > SHOWN_MAX)


# -- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """What a table is written with."""

    words: Words
    town: Town
    zone: ZoneInfo
    now: dt.datetime
    until: dt.datetime


def _show(sections: dict[str, _Section], look: _Look) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=shutil.get_terminal_size((WIDTH_PIPED, 24)).columns)
    words = look.words
    if not any(section.rows for section in sections.values()):
        console.print(words.nothing, highlight=False)
    for state, section in sections.items():
        if not section.rows:
            continue
        title = words.section(state, look.until.date(), len(section.rows), has_more=section.has_more)
        console.print(Text(title, style=f"bold {_STYLES[state]}".strip()))
        console.print(*_section(section, state, look, is_wide=console.width >= WIDE))
        console.print()
    if any(section.rows for section in sections.values()):
        console.print(words.hint, highlight=False, style="dim")


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row says."""

    department: str
    cells: tuple[str, str, str, str, str]
    """Limit, reference, to do, subject, and how late it is or what is left."""


def _lines_of(rows: Iterable[dict[str, Any]], look: _Look) -> Iterator[_Line]:
    words = look.words
    for row in rows:
        due_at = dt.datetime.fromisoformat(row["due_at"]).astimezone(look.zone)
        subject = look.town.subject_by_code.get(row["subject"] or "")
        department = look.town.department_by_code.get(row["department"] or "")
        yield _Line(
            words.name(department.name) if department else words.nobody,
            (
                words.limit_of(due_at, dt.date.fromisoformat(row["due_prudent_on"]), look.now.date()),
                row["reference"],
                words.what(row["obligation"]),
                words.name(subject.name) if subject else words.kind(row["kind"]),
                words.span(abs(due_at - look.now), row["escalated_to"]),
            ),
        )


def _by_department(lines: Iterable[_Line]) -> dict[str, list[_Line]]:
    """The department whose limit is the soonest first."""
    found: dict[str, list[_Line]] = {}
    for line in lines:
        found.setdefault(line.department, []).append(line)
    return found


def _section(section: _Section, state: str, look: _Look, *, is_wide: bool) -> Iterator[RenderableType]:
    """The head of a list, then a list for each department; their columns stand below each other."""
    words = look.words
    heads = (words.limit, words.request, words.to_do, words.subject, words.late if state == "missed" else words.left)
    lines = list(_lines_of(section.rows, look))
    widths = [max(map(len, column)) for column in zip(heads, *(line.cells for line in lines), strict=True)]
    to_do_width = widths[2] if is_wide else min(widths[2], TO_DO_WIDTH)

    def table(rows: Sequence[_Line], *, head: bool) -> Padding:
        made = Table(
            Column(heads[0], no_wrap=True, width=widths[0]),
            Column(heads[1], no_wrap=True, width=widths[1]),
            Column(heads[2], width=to_do_width),
            Column(heads[3], ratio=1),
            Column(heads[4], no_wrap=True, justify="right", width=widths[4]),
            box=None,
            show_header=head,
            padding=(0, 2 if is_wide else 1, 0, 0),
            pad_edge=False,
            expand=True,
        )
        for each in rows:
            made.add_row(*each.cells, style=_STYLES[state])
        return Padding(made, (0, 0, 0, INDENT))

    yield table((), head=True)
    for department, rows in _by_department(lines).items():
        yield Text(f"{department} ({len(rows)})", style="bold")
        yield table(rows, head=False)


# -- explanations -----------------------------------------------------------------------------------------------------


def _explain(api: DeskApi, which: str, language: Language, *, as_json: bool) -> None:
    """What is still owed on a request, or, where nothing is, what was."""
    request_id = which
    if _REFERENCE.fullmatch(which):
        request_id = api.ask(f"/requests?{urlencode({'reference': which})}")["request_id"]
    path = f"/requests/{quote(request_id, safe='')}/obligations"
    known = api.ask(path)["obligations"]
    wanted = [each for each in known if each["state"] in _OPEN] or known
    for number, each in enumerate(wanted):
        said = api.ask(f"{path}/{each['terms']['obligation_id']}/explanation?language={language}")
        if as_json:
            typer.echo(json.dumps(said, ensure_ascii=False))
            continue
        if number:
            typer.echo()
        for line in _lines(said, title=number == 0):
            typer.echo(line)


def _lines(said: dict[str, Any], *, title: bool) -> Iterator[str]:
    """An explanation, wrapped; `textwrap` keeps together what an unbreakable space does, and Rich would not."""
    width = min(100, shutil.get_terminal_size((WIDTH_PIPED, 24)).columns)
    if title:
        yield said["title"]
        yield ""
    for each in (said["promise"], said["rule"], said["start"]):
        yield from textwrap.wrap(each, width)
    for each in said["counting"]:
        yield from textwrap.wrap(each, width, initial_indent="  – ", subsequent_indent="    ")
    for each in (*said["dates"], *said["since"], said["standing"]):
        yield from textwrap.wrap(each, width)
